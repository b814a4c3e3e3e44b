"""Cursor's chats, and reading other programs' SQLite files."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.importers.reading import anything, check_twice, load, told

from mnemic.errors import ImportFailed
from mnemic.importers import detect

CHAT = "workbench.panel.aichat.view.aichat.chatdata"


def state(path: Path, values: dict[str, Any], items: dict[str, Any] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    made = sqlite3.connect(path)
    for table, held in (("cursorDiskKV", values), ("ItemTable", items or {})):
        made.execute(f"CREATE TABLE {table} (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)")
        for key, value in held.items():
            raw = value if isinstance(value, (str, bytes)) or value is None else json.dumps(value)
            made.execute(f"INSERT INTO {table} VALUES (?, ?)", (key, raw))
    made.commit()
    made.close()
    return path


COMPOSERS = {
    "composerData:c1": {
        "composerId": "c1", "name": "Rename vents", "createdAt": 1772442000000,
        "fullConversationHeadersOnly": [
            {"bubbleId": "b1", "type": 1}, {"bubbleId": "b2", "type": 2}, {"bubbleId": "gone", "type": 2},
            {"bubbleId": "b3", "type": 2}],
    },
    "bubbleId:c1:b1": {"type": 1, "text": "Rename vents.py", "createdAt": "2026-03-02T09:00:05.000Z"},
    "bubbleId:c1:b2": {
        "type": 2, "text": "", "timingInfo": {"clientStartTime": 1772442010000.5},
        "toolFormerData": {"name": "run_terminal_cmd", "rawArgs": '{"command":"mv"}',
                           "status": "completed", "result": '{"output":"ok"}'}},
    "bubbleId:c1:b3": {"type": 2, "text": "Done.", "thinking": {"text": "Hm."},
                       "timingInfo": {"clientStartTime": 5123.7}, "modelInfo": {"modelName": "m"}},
    "composerData:c2": {"composerId": "c2", "createdAt": 1772442000000,
                        "conversation": [{"type": 1, "bubbleId": "x", "text": "Inline"}]},
    "composerData:c3": None,
}  # fmt: skip
TABS = {
    CHAT: {"tabs": [{"tabId": "t1", "chatTitle": "Old", "lastSendTime": 1700000000000, "bubbles": [
        {"type": "user", "text": "How to retry?"}, {"type": "ai", "rawText": "Back off."}]}]}
}  # fmt: skip


def test_composers_tools_and_older_chats(tmp_path: Path) -> None:
    path = state(tmp_path / "state.vscdb", COMPOSERS, TABS)
    assert detect(path) == "cursor"
    rows = check_twice(None, path)
    assert [(row["session"], row["position"], row["speaker"], row["text"]) for row in rows] == [
        ("c1", 0, "user", "Rename vents.py"), ("c1", 1, "tool", 'run_terminal_cmd {"command":"mv"}'),
        ("c1", 2, "tool", '{"output":"ok"}'), ("c1", 3, "assistant", "Done."),
        ("c2", 0, "user", "Inline"), ("t1", 0, "user", "How to retry?"),
        ("t1", 1, "assistant", "Back off."),
    ]  # fmt: skip
    assert [row["said_at"] and row["said_at"].isoformat() for row in rows] == [
        "2026-03-02T09:00:05+00:00", "2026-03-02T09:00:10.000500+00:00",
        "2026-03-02T09:00:10.000500+00:00", "2026-03-02T09:00:00+00:00",
        "2026-03-02T09:00:00+00:00", None, None,
    ]  # fmt: skip
    assert rows[3]["meta"]["said_at_from"] == "conversation"
    assert rows[3]["meta"]["model"] == "m"


def test_a_folder_of_windows_names_their_workspaces(tmp_path: Path) -> None:
    user = tmp_path / "User"
    state(user / "globalStorage" / "state.vscdb", COMPOSERS)
    state(user / "workspaceStorage" / "h1" / "state.vscdb", {}, TABS)
    (user / "workspaceStorage" / "h1" / "workspace.json").write_text(
        '{"folder": "file:///home/dev/my%20orchard"}'
    )
    assert detect(user) == "cursor"
    rows = check_twice(None, user)
    assert rows[-1]["meta"] == {"title": "Old", "kind": "text", "workspace": "/home/dev/my orchard"}


def test_nothing_is_written_beside_an_open_database(tmp_path: Path) -> None:
    """What its program has written but not yet moved into the file is read from a copy."""
    path = state(tmp_path / "state.vscdb", COMPOSERS)
    live = sqlite3.connect(path)
    live.execute("PRAGMA journal_mode = WAL")
    live.execute(
        "INSERT INTO cursorDiskKV VALUES ('composerData:c9', ?)",
        (json.dumps({"composerId": "c9", "conversation": [{"type": 1, "text": "Just now"}]}),),
    )
    live.commit()
    before = {file.name: (file.stat().st_size, file.read_bytes()) for file in tmp_path.iterdir()}
    assert "state.vscdb-wal" in before
    rows = check_twice("cursor", path)
    assert "Just now" in {row["text"] for row in rows}
    assert {f.name: (f.stat().st_size, f.read_bytes()) for f in tmp_path.iterdir()} == before
    live.close()
    closed = {file.name for file in tmp_path.iterdir()}
    check_twice("cursor", path)
    assert {file.name for file in tmp_path.iterdir()} == closed


def test_other_files_are_refused_clearly(tmp_path: Path) -> None:
    other = tmp_path / "places.sqlite"
    made = sqlite3.connect(other)
    made.execute("CREATE TABLE moz_places (id)")
    made.execute("CREATE VIEW ItemTable AS SELECT 1 AS key, 2 AS value")
    made.commit()
    made.close()
    with pytest.raises(ImportFailed, match="not Cursor's"):
        load("cursor", other)
    assert detect(other) is None
    text = tmp_path / "state.vscdb"
    text.write_text("not a database")
    with pytest.raises(ImportFailed, match="not an SQLite database"):
        load("cursor", text)
    with pytest.raises(ImportFailed, match="no state"):
        load("cursor", empty(tmp_path))


def empty(folder: Path) -> Path:
    made = folder / "empty"
    made.mkdir()
    return made


@pytest.mark.parametrize("keep", [50, 2_000, 6_000])
def test_a_damaged_database_is_an_error_or_a_reported_skip(tmp_path: Path, keep: int) -> None:
    big = {f"bubbleId:c1:x{n}": {"type": 1, "text": "x" * 500} for n in range(50)}
    path = state(tmp_path / "state.vscdb", {**COMPOSERS, **big})
    path.write_bytes(path.read_bytes()[:keep])
    try:
        _, report = load("cursor", path)
    except ImportFailed as error:
        assert "cannot be read" in str(error)  # noqa: PT017
    else:
        assert "cannot be read on" in told(report)


def test_odd_values_cost_only_themselves(tmp_path: Path) -> None:
    odd = {
        "composerData:a": "{broken", "composerData:b": "[1]", "composerData:c": b"\xff\xfe\x00",
        "composerData:d": {"conversation": [5, {"type": 7}, {"type": {}}, {"type": 1, "text": "a\x00\ud800"}]},
        "composerData:e": {"fullConversationHeadersOnly": [3, {"bubbleId": "b"}], "composerId": "e"},
        "bubbleId:e:b": "nothing",
        "composerData:f": "[" * 9000 + "]" * 9000,
    }  # fmt: skip
    rows, report = load("cursor", state(tmp_path / "state.vscdb", odd, {CHAT: "7"}))
    assert [row["text"] for row in rows] == ["a��"]
    assert report.skipped_total == 9


KEYS = "composerId conversation fullConversationHeadersOnly bubbleId type text createdAt toolFormerData name rawArgs result tabs bubbles tabId timingInfo clientStartTime conversationMap thinking"


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=st.lists(anything(KEYS, "user ai a b"), min_size=1, max_size=3))
def test_arbitrary_values_never_raise(tmp_path: Path, values: list[Any]) -> None:
    held = {f"composerData:{n}": json.dumps(value) for n, value in enumerate(values)}
    held["composerData:w"] = json.dumps({"conversation": values})
    tabs = json.dumps({"tabs": [*values, {"tabId": "t", "bubbles": values}]})
    load("cursor", state(tmp_path / "state.vscdb", held, {CHAT: tabs}))
