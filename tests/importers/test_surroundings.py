"""A person's own words, told from what their client puts into their messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnemic.importers.surroundings import own_words
from mnemic.testing.growth import assert_linear, repeated

TAGS = ("environment_context", "permissions instructions", "system-reminder", "hook_context")
BLOCKS = st.builds(
    lambda tag, said: f"<{tag}>{said}</{tag}>",
    st.sampled_from(TAGS),
    st.text("ab <>\n", max_size=20),
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


def test_a_files_rules_are_taken_off_with_their_heading() -> None:
    rules = "# AGENTS.md instructions for /w\n\n<INSTRUCTIONS>\nBe kind.\n</INSTRUCTIONS>"
    assert own_words(rules) == ""
    assert own_words(f"{rules}\nPrune the pear.") == "Prune the pear."


@pytest.mark.parametrize(
    "unit",
    ["<hook_context>", "</hook_context>", "<hook_context></hook_context>", "\n", "# AGENTS.md instructions ",
     "\n<hook_context>", "</hook_context>\n", "x\n<hook_context></hook_context>"],
)  # fmt: skip
def test_time_is_linear(unit: str) -> None:
    assert_linear(own_words, repeated(unit, after="</hook_context>"), 400_000)
    assert_linear(own_words, repeated(unit, "<hook_context>"), 400_000)
