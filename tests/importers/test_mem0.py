"""Stores of mem0."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.importers.reading import anything, check_twice, ids, load, told

from mnemic.errors import ImportFailed
from mnemic.importers import detect

HISTORY = """CREATE TABLE history (
    id TEXT PRIMARY KEY, memory_id TEXT, old_memory TEXT, new_memory TEXT, event TEXT,
    created_at DATETIME, updated_at DATETIME, is_deleted INTEGER, actor_id TEXT, role TEXT)"""
MESSAGES = """CREATE TABLE messages (
    id TEXT PRIMARY KEY, session_scope TEXT, role TEXT, content TEXT, name TEXT, created_at DATETIME)"""
EVENTS = [
    ("h1", "m1", None, "Ana likes pears", "ADD", "2025-01-01T10:00:00+00:00", None, 0, "ana", "user"),
    ("h2", "m2", None, "Ana lives in Rome", "ADD", "2025-01-01T10:01:00+00:00", None, 0, None, None),
    ("h3", "m1", "Ana likes pears", "Ana likes quinces", "UPDATE", "2025-01-01T10:00:00+00:00",
     "2025-02-01T10:00:00+00:00", 0, "ana", "user"),
    ("h4", "m2", "Ana lives in Rome", None, "DELETE", None, "2025-03-01T10:00:00+00:00", 1, None, None),
]  # fmt: skip


def history(path: Path, events: list[Any], messages: list[Any] | None = None) -> Path:
    path.unlink(missing_ok=True)
    made = sqlite3.connect(path)
    made.execute(HISTORY)
    made.executemany("INSERT INTO history VALUES (?,?,?,?,?,?,?,?,?,?)", events)
    if messages is not None:
        made.execute(MESSAGES)
        made.executemany("INSERT INTO messages VALUES (?,?,?,?,?,?)", messages)
    made.commit()
    made.close()
    return path


def memory(number: int, text: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"m{number}", "memory": text, "hash": "h", "metadata": {"topic": "fruit"}, "score": None,
        "created_at": "2025-01-01T10:00:00-08:00", "updated_at": None, "user_id": "ana", **more,
    }  # fmt: skip


def test_the_history_gives_each_wording_but_nothing_deleted(tmp_path: Path) -> None:
    said = [("x", "user_id=ana", "user", "Hello", None, "2025-01-01T09:59:00+00:00")]
    path = history(tmp_path / "history.db", EVENTS, said)
    assert detect(path) == "mem0"
    rows = check_twice(None, path)
    assert [(row["session"], row["position"], row["speaker"], row["text"]) for row in rows] == [
        ("m1", 0, "ana", "Ana likes pears"), ("m1", 1, "ana", "Ana likes quinces"),
        ("user_id=ana", 1 << 16, "user", "Hello"),
    ]  # fmt: skip
    assert [row["said_at"].date().isoformat() for row in rows] == [
        "2025-01-01", "2025-02-01", "2025-01-01",
    ]  # fmt: skip
    assert rows[1]["meta"]["mem0_id"] == "m1"
    assert rows[1]["meta"]["history_id"] == "h3"
    _, report = load("mem0", path)
    assert report.left_out == {"wording of a deleted memory": 1, "deleted memory": 1}


def test_an_older_history_without_actors_is_read(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    made = sqlite3.connect(path)
    made.execute(
        "CREATE TABLE history (id TEXT, memory_id TEXT, old_memory TEXT, new_memory TEXT, "
        "new_value TEXT, event TEXT, created_at DATETIME, updated_at DATETIME, is_deleted INTEGER)"
    )
    made.execute(
        "INSERT INTO history VALUES ('h','m',NULL,'Kept',NULL,'ADD','2024-01-01T00:00:00Z',NULL,0)"
    )
    made.commit()
    made.close()
    assert [row["text"] for row in check_twice("mem0", path)] == ["Kept"]


def test_memories_as_json_in_each_form(tmp_path: Path) -> None:
    memories = [
        memory(1, "Likes pears"),
        memory(2, "Likes quinces", run_id="r", categories=["food"]),
    ]
    path = tmp_path / "all.json"
    path.write_text(json.dumps({"results": memories, "relations": [{"source": "ana"}]}))
    assert detect(path) == "mem0"
    rows = check_twice(None, path)
    assert [row["session"] for row in rows] == ["user_id=ana", "run_id=r&user_id=ana"]
    assert rows[0]["meta"] == {
        "mem0_id": "m1", "created_at": "2025-01-01T10:00:00-08:00", "metadata": {"topic": "fruit"},
        "said_at_from": "created_at", "user_id": "ana",
    }  # fmt: skip
    assert rows[0]["said_at"].isoformat() == "2025-01-01T10:00:00-08:00"
    path.write_text(json.dumps(memories))
    assert ids(load(None, path)[0]) == ids(rows)
    lined = tmp_path / "all.jsonl"
    lined.write_text("".join(json.dumps(one) + "\n" for one in memories))
    assert ids(load("mem0", lined)[0]) == ids(rows)
    lined.write_text(json.dumps({"id": "x", "content": "From OpenMemory", "state": "active"}) + "\n"
                     + json.dumps({"id": "y", "content": "Gone", "state": "deleted"}))  # fmt: skip
    assert [row["text"] for row in load("mem0", lined)[0]] == ["From OpenMemory"]


def test_qdrants_pickles_and_other_files_are_refused(tmp_path: Path) -> None:
    points = tmp_path / "storage.sqlite"
    made = sqlite3.connect(points)
    made.execute("CREATE TABLE points (id TEXT PRIMARY KEY, point BLOB)")
    made.commit()
    made.close()
    with pytest.raises(ImportFailed, match=r"pickled.*get_all"):
        load("mem0", points)
    other = tmp_path / "other.db"
    made = sqlite3.connect(other)
    made.execute("CREATE TABLE t (a)")
    made.commit()
    made.close()
    with pytest.raises(ImportFailed, match="not mem0's"):
        load("mem0", other)
    rows, report = load("mem0", tmp_path)
    assert rows == []
    assert report.skipped_total == 2
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps({"results": [3, {}, {"memory": " "}, memory(1, "Kept\x00")]})[:-2])
    rows, report = load("mem0", odd)
    assert rows == []
    assert "ends" in told(report)
    odd.write_text(json.dumps({"results": [3, {}, {"memory": " "}, memory(1, "Kept\x00")]}))
    rows, report = load("mem0", odd)
    assert [row["text"] for row in rows] == ["Kept�"]
    assert report.skipped_total == 3


KEYS = "id memory results metadata created_at updated_at user_id run_id actor_id role state categories relations memories"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=st.lists(anything(KEYS, "ana deleted"), max_size=5))
def test_arbitrary_values_never_raise(tmp_path: Path, values: list[Any]) -> None:
    (tmp_path / "a.json").write_text(json.dumps(values))
    (tmp_path / "b.json").write_text(json.dumps({"results": values}))
    load("mem0", tmp_path)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    events=st.lists(
        st.tuples(*[st.none() | st.text(alphabet="a\x00é", max_size=4) | st.binary(max_size=4) | st.integers(-9, 9)] * 9),
        max_size=4,
    )
)  # fmt: skip
def test_arbitrary_histories_never_raise(tmp_path: Path, events: list[Any]) -> None:
    numbered = [(f"h{number}", *event) for number, event in enumerate(events)]
    load("mem0", history(tmp_path / "history.db", numbered))
