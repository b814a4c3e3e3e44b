"""Sessions of Gemini CLI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.importers.reading import DEEP, anything, check_twice, ids, load, told

from mnemic.importers import detect

HASH = "ab" * 32
ABOUT = {"sessionId": "s-1", "projectHash": HASH, "startTime": "2026-01-05T10:00:00.000Z"}


def message(name: str, kind: str, content: Any, minute: int = 0, **more: Any) -> dict[str, Any]:
    at = f"2026-01-05T10:{minute:02d}:00.000Z"
    return {"id": name, "timestamp": at, "type": kind, "content": content, **more}


CALL = {
    "id": "call-1", "name": "read_file", "args": {"path": "vents.py"}, "status": "success",
    "timestamp": "2026-01-05T10:01:30.000Z",
    "result": [{"functionResponse": {"id": "call-1", "name": "read_file", "response": {"output": "x = 1"}}}],
}  # fmt: skip
MESSAGES = [
    message("m1", "user", [{"text": "What does vents.py hold?"}], 0),
    message("m2", "gemini", "", 1, model="gemini-x", toolCalls=[CALL],
            thoughts=[{"subject": "s", "description": "d"}]),
    message("m3", "gemini", "One variable.", 2, model="gemini-x"),
    message("m4", "info", "Saved.", 3),
]  # fmt: skip
TEXTS = [
    ("user", "What does vents.py hold?"), ("tool", 'read_file {"path":"vents.py"}'),
    ("tool", "x = 1"), ("assistant", "One variable."),
]  # fmt: skip


def lines(path: Path, *values: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


def project(folder: Path) -> Path:
    return folder / "tmp" / HASH


def whole(path: Path, *messages: Any, **about: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**ABOUT, **about, "messages": [*messages]}, indent=2))
    return path


def test_what_the_client_says_in_the_users_name_is_not_the_users(tmp_path: Path) -> None:
    """Its surroundings, what a hook told it, and a tool's answer, told in the call already."""
    hook = "<hook_context>Last session: &lt;memory 0a1b2c3d&gt;</hook_context>"
    answer = {"functionResponse": CALL["result"][0]["functionResponse"]}
    other = {"functionResponse": {"id": "call-2", "name": "ls", "response": {"output": "a b"}}}
    path = lines(
        project(tmp_path) / "chats" / "session-1.jsonl",
        ABOUT,
        {"$set": {"messages": [message("m0", "user", [{"text": "<session_context>x</session_context>"}])]}},
        message("m1", "user", [{"text": f"{hook}\n\nWhat does vents.py hold?"}]),
        message("m2", "gemini", "", 1, toolCalls=[CALL]),
        message("m3", "user", [answer], 1),
        message("m4", "user", [other, {"text": "Stop."}, {"functionResponse": {"id": "c", "response": {}}}], 2),
        message("m5", "gemini", "One variable.", 3),
    )  # fmt: skip
    rows, report = load("gemini", path)
    said = [(row["speaker"], row["text"]) for row in rows]
    assert said == [*TEXTS[:3], ("tool", "a b"), ("user", "Stop."), TEXTS[3]]
    assert rows[3]["meta"]["tool_use_id"] == "call-2"
    assert report.left_out["instructions or environment"] == 2
    assert report.left_out["answer of a tool that its call has too"] == 1
    assert report.left_out["empty tool result"] == 1


def test_a_resumed_session_gives_its_turns_once(tmp_path: Path) -> None:
    """Gemini CLI tells them again, at the time of the resuming, in another form and without calls."""
    path = project(tmp_path) / "chats" / "session-1.jsonl"
    lines(path, ABOUT, *MESSAGES[:3])
    before = check_twice("gemini", path)
    again = [
        {"id": one["id"], "timestamp": "2026-01-06T09:00:00.000Z", "type": one["type"],
         "content": [{"text": one["content"]}] if isinstance(one["content"], str) else one["content"]}
        for one in MESSAGES[:3]
    ]  # fmt: skip
    more = message("m9", "user", [{"text": "And pumps.py?"}], 9)
    lines(path, ABOUT, *MESSAGES[:3], ABOUT, {"$set": {"messages": again}}, more)
    after = check_twice("gemini", path)
    assert after[: len(before)] == before
    assert len(after) == len(before) + 1


def test_both_forms_of_a_session_give_the_same_rows(tmp_path: Path) -> None:
    """Older versions wrote one JSON document, newer ones a line a message."""
    old = whole(tmp_path / "session-2026-01-05T10-00-s1.json", *MESSAGES)
    new = lines(tmp_path / "n" / "session-2026-01-05T10-00-s1.jsonl", ABOUT, *MESSAGES)
    assert detect(old) == detect(new) == "gemini"
    rows = check_twice(None, old)
    assert [(row["speaker"], row["text"]) for row in rows] == TEXTS
    assert ids(check_twice(None, new)) == ids(rows)
    assert rows[0]["said_at"].isoformat() == "2026-01-05T10:00:00+00:00"
    assert rows[1]["meta"]["tool"] == "read_file"
    _, report = load(None, old)
    assert report.left_out == {"info message": 1}


def test_a_session_that_was_moved_to_the_newer_form_is_read_once(tmp_path: Path) -> None:
    chats = project(tmp_path) / "chats"
    whole(chats / "session-1.json", *MESSAGES)
    more = message("m5", "user", "And airflow.py?", 9)
    lines(chats / "session-1.jsonl", ABOUT, *MESSAGES, more)
    assert detect(tmp_path) == "gemini"
    rows = check_twice(None, tmp_path)
    assert [row["text"] for row in rows] == [*(text for _, text in TEXTS), "And airflow.py?"]
    (chats / "session-1.json").unlink()
    assert ids(load("gemini", tmp_path)[0]) == ids(rows)


def test_a_session_grows_and_is_rewound_without_moving_what_is_known(tmp_path: Path) -> None:
    path = lines(tmp_path / "session-1.jsonl", ABOUT, *MESSAGES[:2])
    before = check_twice("gemini", path)
    rewind = [
        {"$set": {"summary": "Vents", "lastUpdated": "2026-01-05T11:00:00.000Z"}},
        {"$rewindTo": "m3"},
        message("m6", "gemini", "Two variables.", 8),
    ]
    lines(path, ABOUT, *MESSAGES, *rewind)
    after = check_twice("gemini", path)
    assert ids(after)[: len(before)] == ids(before)
    marked = {row["text"]: row["meta"].get("rewound") for row in after}
    assert marked["One variable."] is True
    assert marked["Two variables."] is marked["x = 1"] is None


def test_the_log_is_read_only_for_sessions_without_a_chat(tmp_path: Path) -> None:
    folder = project(tmp_path)
    whole(folder / "chats" / "session-1.json", *MESSAGES)
    (folder / "logs.json").write_text(
        json.dumps(
            [{"sessionId": name, "messageId": 0, "type": "user", "message": f"Typed in {name}",
              "timestamp": "2025-12-01T08:00:00.000Z"} for name in ("s-1", "s-0")] + [{"messageId": 1}]
        )
    )  # fmt: skip
    rows, report = load("gemini", tmp_path)
    assert [row["text"] for row in rows][-1] == "Typed in s-0"
    assert len(rows) == len(TEXTS) + 1
    assert "logs.json[2]" in told(report)
    assert detect(folder / "logs.json") == "gemini"
    assert len(check_twice(None, folder / "logs.json")) == 2


def test_a_checkpoint_is_a_session_without_times(tmp_path: Path) -> None:
    history = [
        {"role": "user", "parts": [{"text": "Hello"}]},
        {"role": "model", "parts": [{"text": "Hm.", "thought": True}, {"text": "Looking."},
                                    {"functionCall": {"name": "ls", "args": {"dir": "."}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "ls", "response": {"files": 2}}}]},
    ]  # fmt: skip
    path = tmp_path / HASH / "checkpoint-pears.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"history": history}))
    assert detect(path) == "gemini"
    rows = check_twice(None, path)
    assert [(row["speaker"], row["text"]) for row in rows] == [
        ("user", "Hello"), ("assistant", "Looking."), ("tool", 'ls {"dir": "."}'),
        ("tool", '{"files": 2}'),
    ]  # fmt: skip
    path.write_text(json.dumps(history))
    assert ids(load("gemini", path)[0]) == ids(rows)


def test_messages_without_ids_are_kept_in_their_places(tmp_path: Path) -> None:
    bare = [{key: held for key, held in one.items() if key != "id"} for one in MESSAGES]
    rows = check_twice("gemini", whole(tmp_path / "session-1.json", *bare))
    assert [(row["speaker"], row["text"]) for row in rows] == TEXTS


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_half_written_and_foreign_files_are_reported(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"session-1{suffix}"
    if suffix == ".json":
        path.write_text(json.dumps({**ABOUT, "messages": MESSAGES})[:-30])
    else:
        lines(path, ABOUT, *MESSAGES)
        path.write_text(path.read_text()[:-30])
    rows, report = load("gemini", path)
    assert report.skipped_total == 1
    assert len(rows) == (0 if suffix == ".json" else 4)
    path.write_text('{"a": 1}')
    assert load("gemini", path)[1].skipped_total == 1
    path.write_text(DEEP)
    assert load("gemini", path)[1].skipped_total == 1


KEYS = "id type content text toolCalls name args result functionResponse response output timestamp sessionId projectHash messages $rewindTo $set history role parts functionCall message"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=st.lists(anything(KEYS, "user gemini model m1 m2"), max_size=5))
def test_arbitrary_values_never_raise(tmp_path: Path, values: list[Any]) -> None:
    lines(tmp_path / "session-1.jsonl", ABOUT, *values)
    whole(tmp_path / "session-2.json", *values)
    for name in ("checkpoint-a.json", "logs.json"):
        (tmp_path / name).write_text(json.dumps(values))
    load("gemini", tmp_path)
