"""Removing an episode from every table, and its bytes from the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import apsw

from mnemic.agent.knowledge import TABLES
from mnemic.agent.protocols import Erased
from mnemic.agent.stores.sqlite.connection import connect, explained
from mnemic.agent.stores.sqlite.derived import NEXT_MARK
from mnemic.agent.stores.sqlite.store import NEXT_GENERATION, SqliteLog
from mnemic.clock import SystemClock

_BY_SEQ = (
    "claims",
    "evidence",
    "mentions",
    "places",
    "replays",
    "cold",
    "hidden",
    "uses",
    "vectors",
)
"""Tables whose rows of an episode go with it."""


def remove(
    store: SqliteLog,
    scope_id: int,
    seqs: Sequence[int],
    groups: Sequence[tuple[str, str]],
    rows: Sequence[NamedTuple],
    again: Sequence[int] = (),
) -> Erased:
    """Deletes episodes with what was derived from them, and puts what is derived anew.

    Facts of the groups are replaced; summaries, rooms, lessons and gist of the
    scope go whole, as the next sleep makes them anew; so do the journals of all runs, which hold
    copies of rows.
    """
    count: dict[str, int] = {}
    ids: list[str] = []

    def delete(writer: apsw.Connection, table: str, where: str, values: Sequence[object]) -> None:
        writer.execute(f"DELETE FROM {table} WHERE {where}", values)  # noqa: S608
        if writer.changes():
            count[table] = count.get(table, 0) + writer.changes()

    now_us = int(SystemClock().now().timestamp() * 1e6)
    with store.writing() as writer:
        for seq in seqs:
            row = writer.execute(
                "SELECT id FROM episodes WHERE seq = ? AND scope_id = ?", (seq, scope_id)
            ).fetchone()
            if row is None:
                continue
            ids.append(str(row[0]))
            delete(writer, "terms", "rowid = ?", (seq,))
            for table in _BY_SEQ:
                delete(writer, table, "scope_id = ? AND seq = ?", (scope_id, seq))
            delete(writer, "items", "scope_id = ? AND seq = ?", (scope_id, seq))
            delete(writer, "episodes", "seq = ?", (seq,))
            delete(
                writer,
                "acts",
                "scope_id = ? AND (target = ? OR json_extract(content, '$.seq') = ?)",
                (scope_id, str(row[0]), seq),
            )
            writer.execute("INSERT OR IGNORE INTO erased VALUES (?, ?)", (row[0], now_us))
        for seq in again:
            for table in ("claims", "replays"):
                delete(writer, table, "scope_id = ? AND seq = ?", (scope_id, seq))
        for subject_key, relation in groups:
            facts = writer.execute(
                "SELECT DISTINCT fact_id FROM facts WHERE scope_id = ? AND subject_key = ? "
                "AND relation = ?",
                (scope_id, subject_key, relation),
            ).fetchall()
            for (fact_id,) in facts:
                delete(writer, "evidence", "scope_id = ? AND fact_id = ?", (scope_id, fact_id))
            for table in ("facts", "groups"):
                delete(
                    writer,
                    table,
                    "scope_id = ? AND subject_key = ? AND relation = ?",
                    (scope_id, subject_key, relation),
                )
        for table in ("summaries", "rooms", "lessons", "gists", "stages"):
            delete(writer, table, "scope_id = ?", (scope_id,))
        delete(
            writer,
            "speakers",
            "scope_id = ? AND NOT EXISTS (SELECT 1 FROM items i WHERE i.scope_id = "
            "speakers.scope_id AND i.speaker_key = speakers.speaker_key)",
            (scope_id,),
        )
        writer.execute("DELETE FROM run_changes")
        for row in rows:
            table, _ = TABLES[type(row)]
            marks = ",".join("?" * len(row))
            writer.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)  # noqa: S608
        writer.execute(NEXT_MARK)
        writer.execute(NEXT_GENERATION)
    return Erased(ids, count)


def scrub(store: SqliteLog) -> bool:
    """Merges the full text, rewrites the file without free pages, and empties the WAL."""
    with store.writing() as writer:
        writer.execute("INSERT INTO terms (terms) VALUES ('optimize')")
    with store.turnstile.pass_through(), explained(store.path):
        writer = connect(store.path)
        try:
            writer.execute("VACUUM")
            busy, _, _ = writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            writer.close()
    return not busy
