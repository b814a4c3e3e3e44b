"""Stores of MemPalace, as Chroma keeps them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.importers.reading import check_twice, load

from mnemic.errors import ImportFailed
from mnemic.importers import detect

SCHEMA = """
CREATE TABLE collections (id TEXT PRIMARY KEY, name TEXT, dimension INTEGER, database_id TEXT);
CREATE TABLE segments (id TEXT PRIMARY KEY, type TEXT, scope TEXT, collection TEXT);
CREATE TABLE embeddings (id INTEGER PRIMARY KEY, segment_id TEXT, embedding_id TEXT, seq_id BLOB,
                         created_at TIMESTAMP);
CREATE TABLE embedding_metadata (id INTEGER, key TEXT, string_value TEXT, int_value INTEGER,
                                 float_value REAL, bool_value INTEGER, PRIMARY KEY (id, key));
INSERT INTO collections VALUES ('c1', 'mempalace_drawers', 3, 'd'), ('c2', 'mempalace_closets', 3, 'd'),
                               ('c3', 'recipes', 3, 'd');
INSERT INTO segments VALUES ('s1', 'metadata', 'METADATA', 'c1'), ('v1', 'vector', 'VECTOR', 'c1'),
                            ('s2', 'metadata', 'METADATA', 'c2'), ('s3', 'metadata', 'METADATA', 'c3');
"""


def palace(folder: Path, entries: list[tuple[str, str, dict[str, Any]]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "chroma.sqlite3"
    path.unlink(missing_ok=True)
    made = sqlite3.connect(path)
    made.executescript(SCHEMA)
    for number, (segment, id_, facts) in enumerate(entries, 1):
        made.execute("INSERT INTO embeddings VALUES (?, ?, ?, NULL, NULL)", (number, segment, id_))
        for key, value in facts.items():
            kinds: list[Any] = [None, None, None, None]
            kinds[(str, int, float, bool, bytes).index(type(value)) % 4] = value
            made.execute(
                "INSERT INTO embedding_metadata VALUES (?,?,?,?,?,?)", (number, key, *kinds)
            )
    made.commit()
    made.close()
    return folder


def drawer(text: str, **facts: Any) -> dict[str, Any]:
    return {"wing": "orchard", "room": "pears", "chunk_index": 0, "chroma:document": text, **facts}


ENTRIES = [
    ("s1", "drawer_1", drawer("Mined one.", source_file="/n/a.md", filed_at="2026-02-01T10:00:00",
                              source_mtime=1.5)),
    ("s1", "drawer_2", drawer("Mined two.", source_file="/n/a.md", filed_at="2026-02-01T10:00:00",
                              chunk_index=1, content_date="2025-05-04")),
    ("s1", "drawer_3", drawer("An agent's note.", source_file="", filed_at="2026-02-03T09:30:00",
                              added_by="mcp")),
    ("s1", "diary_4", drawer("Today.", room="diary", agent="claude", date="2026-02-04",
                             filed_at="2026-02-04T18:00:00", type="diary_entry")),
    ("s2", "closet_1", drawer("pears|→drawer_1", source_file="/n/a.md")),
    ("s3", "r1", {"chroma:document": "Quince jam."}),
]  # fmt: skip


def test_drawers_keep_their_wing_room_id_and_words(tmp_path: Path) -> None:
    folder = palace(tmp_path / "palace", ENTRIES)
    assert detect(folder) == detect(folder / "chroma.sqlite3") == "mempalace"
    rows = check_twice(None, folder, zone="Europe/Rome")
    assert [(row["session"], row["position"], row["text"]) for row in rows] == [
        ("orchard//n/a.md", 0, "Mined one."), ("orchard//n/a.md", 1000, "Mined two."),
        ("drawer_3", 0, "An agent's note."), ("diary_4", 0, "Today."),
    ]  # fmt: skip
    assert [row["said_at"] and row["said_at"].isoformat() for row in rows] == [
        None, "2025-05-04T00:00:00+02:00", "2026-02-03T09:30:00+01:00", "2026-02-04T18:00:00+01:00",
    ]  # fmt: skip
    assert rows[3]["speaker"] == "claude"
    meta = rows[0]["meta"]
    assert (meta["wing"], meta["room"], meta["drawer"]) == ("orchard", "pears", "drawer_1")
    assert meta["mempalace"]["source_mtime"] == 1.5
    _, report = load("mempalace", folder)
    assert report.left_out == {
        "closet (MemPalace's own index)": 1, "entry of recipes, without wing or room": 1,
    }  # fmt: skip


def test_what_is_no_palace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match=r"no chroma\.sqlite3"):
        load("mempalace", tmp_path)
    made = sqlite3.connect(tmp_path / "chroma.sqlite3")
    made.execute("CREATE TABLE collections (id)")
    made.commit()
    made.close()
    with pytest.raises(ImportFailed, match="not Chroma's"):
        load("mempalace", tmp_path / "chroma.sqlite3")
    rows, report = load("mempalace", tmp_path)
    assert rows == []
    assert report.skipped_total == 1
    folder = palace(tmp_path / "none", ENTRIES[5:])
    _, report = load("mempalace", folder)
    assert "no drawer" in report.remarks[0][1]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    facts=st.dictionaries(
        st.sampled_from(["wing", "room", "chunk_index", "source_file", "filed_at", "date", "chroma:document", "agent"]),
        st.text(alphabet="a\x00é", max_size=4) | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False)
        | st.binary(max_size=4),
    )
)  # fmt: skip
def test_arbitrary_metadata_never_raises(tmp_path: Path, facts: dict[str, Any]) -> None:
    load("mempalace", palace(tmp_path, [("s1", "d", {"wing": "w", **facts})]))
