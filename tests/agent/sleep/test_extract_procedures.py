"""Lessons of coding sessions."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from mnemic.agent.sleep.extract import Turn
from mnemic.agent.sleep.extract.procedures import lessons


def call(command: str, tool: str = "Bash") -> Turn:
    return Turn("tool", f"{tool} {json.dumps({'command': command})}")


MISSING = Turn("tool", "E   ModuleNotFoundError: No module named 'httpx'\n1 error in 0.10s")


@given(
    st.lists(
        st.builds(
            Turn,
            st.sampled_from(["user", "assistant", "tool", None]),
            st.one_of(
                st.text(max_size=80),
                st.sampled_from(
                    ["Bash {}", 'Bash {"command": "make"}', "error: x", "ok", "use uv, not pip"]
                ),
            ),
        ),
        max_size=12,
    )
)
def test_quotes_lie_in_their_episodes(turns: list[Turn]) -> None:
    for lesson in lessons(turns):
        assert lesson.trigger
        assert lesson.action
        assert 0 < lesson.certainty <= 1
        for index, start, end in lesson.quotes:
            assert 0 <= start < end <= len(turns[index].text)


def test_what_was_done_between_failure_and_success_is_the_lesson() -> None:
    """The symptom is the error's line, the action the command that came between."""
    turns = [
        call("pytest -q"), MISSING, Turn("assistant", "I add it."), call("uv add httpx"),
        Turn("tool", "Resolved 3 packages"), call("pytest -q 2>&1 | tail -3"),
        Turn("tool", "3 passed in 0.20s"),
    ]  # fmt: skip
    (lesson,) = lessons(turns)
    assert lesson.trigger == "`pytest -q` fails: ModuleNotFoundError: No module named 'httpx'"
    assert lesson.action == "`uv add httpx`"
    assert [quote[0] for quote in lesson.quotes] == [0, 1, 3, 5]


def test_a_changed_file_is_an_action_too() -> None:
    edit = Turn("tool", "Edit " + json.dumps({"file_path": "src/app.py", "old_string": "a"}))
    turns = [
        call("mypy"), Turn("tool", "app.py:1: error: Missing return\nFound 1 error"),
        edit, Turn("tool", "The file was updated."), call("mypy"), Turn("tool", "Success: no issues"),
    ]  # fmt: skip
    (lesson,) = lessons(turns)
    assert lesson.action == "change src/app.py"


def test_codex_calls_are_understood() -> None:
    """A shell's command as a list, and its exit code as text."""
    shell = Turn("tool", "shell " + json.dumps({"command": ["bash", "-lc", "npm test"]}))
    turns = [
        shell, Turn("tool", "Exit code: 1\nnpm ERR! missing script: test"),
        Turn("tool", "shell " + json.dumps({"command": ["bash", "-lc", "npm install"]})),
        Turn("tool", "Exit code: 0\nadded 12 packages"), shell, Turn("tool", "Exit code: 0\nok"),
    ]  # fmt: skip
    (lesson,) = lessons(turns)
    assert lesson.action == "`npm install`"
    assert "missing script" in lesson.trigger


def test_without_a_success_there_is_no_lesson() -> None:
    turns = [
        call("pytest"),
        MISSING,
        call("uv add httpx"),
        Turn("tool", "done"),
        call("pytest"),
        MISSING,
    ]
    assert lessons(turns) == []


def test_a_mere_second_try_is_no_lesson() -> None:
    """Where nothing was changed between, nobody knows what helped."""
    turns = [
        call("pytest"),
        MISSING,
        call("ls"),
        Turn("tool", "a"),
        call("pytest"),
        Turn("tool", "1 passed"),
    ]
    assert lessons(turns) == []


def test_stated_rules_are_kept_and_only_those_of_a_person() -> None:
    words = "Please use uv, not pip. Always run `make lint` before pushing. The tests need DATABASE_URL set."
    found = [(lesson.trigger, lesson.action) for lesson in lessons([Turn("user", words)])]
    assert found == [
        ("about to use `pip`", "use `uv` instead"),
        ("before `pushing`", "run `make lint`"),
        ("running tests", "set DATABASE_URL"),
    ]
    assert lessons([Turn("assistant", words)]) == []
    assert lessons([Turn("tool", words)]) == []
    assert lessons([Turn("user", "Should we use uv, not pip?")]) == []
