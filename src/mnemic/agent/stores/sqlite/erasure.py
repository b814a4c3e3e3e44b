"""Removing an episode from every table, and its bytes from the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import apsw

from mnemic.agent.knowledge import TABLES
from mnemic.agent.protocols import Erased
from mnemic.agent.stores.sqlite.connection import connect, explained
from mnemic.agent.stores.sqlite.derived import NEXT_MARK, Step, batches, condition
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
    drop: Sequence[tuple[type[NamedTuple], int, dict[str, Any]]],
    rows: Sequence[NamedTuple],
) -> Erased:
    """Deletes episodes with what was derived from them, and puts what is derived anew.

    What is to be dropped besides is the caller's to say; rooms and gist of the scope go whole, as the
    next sleep makes them anew, and so do the journals of all runs, which hold copies of rows. Until
    `scrub` has run the store is marked as unclean.
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
        for kind, owner, equal in drop:
            for some in batches(equal):
                where, values = condition(kind, [owner], some)
                delete(writer, TABLES[kind][0], where, values)
        for table in ("rooms", "gists", "stages"):
            delete(writer, table, "scope_id = ?", (scope_id,))
        delete(
            writer,
            "speakers",
            "scope_id = ? AND NOT EXISTS (SELECT 1 FROM items i WHERE i.scope_id = "
            "speakers.scope_id AND i.speaker_key = speakers.speaker_key)",
            (scope_id,),
        )
        writer.execute("DELETE FROM run_changes")
        Step(writer).put(rows)
        writer.execute("INSERT OR REPLACE INTO properties VALUES ('unclean', '1')")
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
            busy = writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if not busy:
                writer.execute("DELETE FROM properties WHERE name = 'unclean'")
                writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            writer.close()
    return not busy


def is_unclean(store: SqliteLog) -> bool:
    """Whether an erasure was cut off before every byte of what it removed was gone."""
    with explained(store.path):
        row = store.reader().execute("SELECT 1 FROM properties WHERE name = 'unclean'").fetchone()
    return row is not None
