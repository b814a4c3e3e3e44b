"""A person's own words, told from what their client puts into their messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnemic.agent.surroundings import own_words, without_tags
from mnemic.testing.growth import assert_linear, repeated

TAGS = ("environment_context", "permissions instructions", "system-reminder", "hook_context")
BLOCKS = st.builds(
    lambda tag, said: f"<{tag}>{said}</{tag}>",
    st.sampled_from(TAGS),
    st.text("ab <>\n", max_size=20).map(lambda said: f"\n{said}"),
)
WORDS = st.text("ab <>&./\n", max_size=30)


@given(st.lists(BLOCKS, max_size=3), WORDS, st.lists(BLOCKS, max_size=3))
def test_blocks_around_words_are_taken_off(before: list[str], words: str, after: list[str]) -> None:
    """All of them, in whatever number; the words stay as they were."""
    whole = "\n".join((*before, words, *after))
    assert own_words(whole) == (words.strip() if before or after else words)


@given(WORDS, st.sampled_from(TAGS), WORDS)
def test_words_with_a_tag_amid_them_stay(before: str, tag: str, after: str) -> None:
    """Whoever writes of such a block says so in a line that begins and ends with their own words."""
    for quoted in (f"<{tag}>", f"</{tag}>", f"<{tag}>x</{tag}>"):
        said = f"a{before}b {quoted}{after}c"
        assert own_words(said) == said


def test_a_block_that_is_never_closed_stays() -> None:
    for said in ("<hook_context> and then", "x\n</hook_context>", "<hook_context>"):
        assert own_words(said) == said


def test_a_block_may_speak_of_its_own_tags() -> None:
    """Within a line; what stands there does not end it."""
    for rule in ("Never keep <system-reminder> blocks.", "Mind </system-reminder> in logs."):
        block = f"<system-reminder>\nRules: {rule} So be it.\n</system-reminder>"
        assert own_words(block) == ""
        assert own_words(f"{block}\n\nPrune the pear.") == "Prune the pear."
        assert own_words(f"Prune the pear.\n{block}") == "Prune the pear."


@given(
    st.text("ab </>\n", max_size=10),
    st.sampled_from(TAGS),
    st.booleans(),
    st.text("ab\n", max_size=9),
)
def test_what_is_shown_ends_no_block(before: str, tag: str, closes: bool, after: str) -> None:
    """Remembered text between the tags of a client does not become the user's words."""
    shown = without_tags(f"{before}<{'/' * closes}{tag}>{after}")
    assert own_words(f"<{tag}>\n{shown}\n</{tag}>\nmine") == "mine"
    assert without_tags(shown) == shown


def test_a_files_rules_are_taken_off_with_their_heading() -> None:
    rules = "# AGENTS.md instructions for /w\n\n<INSTRUCTIONS>\nBe kind.\n</INSTRUCTIONS>"
    assert own_words(rules) == ""
    assert own_words(f"{rules}\nPrune the pear.") == "Prune the pear."
    spoken = rules.replace("Be kind.", "Write <INSTRUCTIONS>x</INSTRUCTIONS> blocks.")
    assert own_words(spoken) == ""


def test_a_tag_that_a_person_writes_takes_no_words_of_theirs() -> None:
    """A block of the client behind it does not close it."""
    reminder = "<system-reminder>\nTodo list is empty.\n</system-reminder>"
    asked = "<system-reminder> blocks fill my log. How do I turn them off?"
    assert own_words(f"{asked}\n{reminder}") == asked
    said = "I saw this:\n<ide_selection> is a tag I do not want; strip up to </ide_selection>"
    assert own_words(said) == said
    doubled = "<system-reminder>\nNo end\n\nWhy?\n<system-reminder>\nx</system-reminder>\nWhat?"
    assert own_words(doubled) == doubled


@pytest.mark.parametrize(
    "unit",
    ["<hook_context>", "</hook_context>", "<hook_context></hook_context>", "\n", "# AGENTS.md instructions ",
     "\n<hook_context>", "</hook_context>\n", "x\n<hook_context></hook_context>"],
)  # fmt: skip
def test_time_is_linear(unit: str) -> None:
    assert_linear(own_words, repeated(unit, after="</hook_context>"), 400_000)
    assert_linear(own_words, repeated(unit, "<hook_context>"), 400_000)
    assert_linear(own_words, repeated(unit, "# AGENTS.md instructions" + " " * 1_000), 400_000)
