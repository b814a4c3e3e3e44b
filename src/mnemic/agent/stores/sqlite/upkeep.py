"""Verify, rebuild, backup, statistics."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import apsw
import numpy as np

from mnemic.agent.protocols import Progress
from mnemic.agent.records import FINDINGS_MAX, Verification
from mnemic.agent.stores.sqlite.connection import connect, engine_version, explained
from mnemic.agent.stores.sqlite.deep import SqliteVectors
from mnemic.agent.stores.sqlite.store import (
    NEXT_GENERATION,
    SHALLOW_VERSION,
    SqliteLog,
    add_shallow_keys,
    shallow_row,
)
from mnemic.agent.terms import indexed, searchable, terms_of
from mnemic.agent.write.prepare import Draft, draft_of
from mnemic.errors import StoreError
from mnemic.vocabulary import Span

_PAGE = 1000

_LOG_COLUMNS = (
    "e.seq, e.scope_id, s.path, e.id, e.text, e.speaker, e.session, e.position, e.source, e.ref, "
    "e.meta, e.said_at, e.happened_start, e.happened_end, e.ingested_us, e.digest"
)


def verify(store: SqliteLog, progress: Progress | None = None) -> Verification:
    """Checks everything against everything: pages, hashes, identities, full text, vectors, counts.

    One reading transaction of a fresh connection is used, so that writers at work cannot make it
    see differences (FTS5 checks a used connection's stale view of its segments as damage).
    """
    result = Verification()
    connection = store.fresh_reader()
    with explained(store.path):
        connection.execute("BEGIN")
        try:
            _verify_pages(connection, result)
            _verify_log(connection, result, progress)
            _verify_vectors(connection, result)
            _verify_derived(connection, result)
        finally:
            connection.close()
    return result


def _verify_pages(connection: apsw.Connection, result: Verification) -> None:
    for (line,) in connection.execute(f"PRAGMA integrity_check({FINDINGS_MAX})").fetchall():
        if line != "ok":
            result.found(f"pages: {line}")
    for row in connection.execute("PRAGMA foreign_key_check").fetchall():
        result.found(f"references: {row}")
    result.checks.append("pages, indexes and references")


def _verify_log(
    connection: apsw.Connection, result: Verification, progress: Progress | None
) -> None:
    """Compares every episode with its hash, and with the shallow keys derived from it."""
    total = connection.execute("SELECT count(*) FROM episodes").fetchone()[0]
    by_our_rules = _property(connection, "shallow_version") == SHALLOW_VERSION
    indexed_as = _checksums(connection) if by_our_rules else {}
    after = 0
    for rows in _log_pages(connection):
        items = {
            row[1]: row
            for row in connection.execute(
                "SELECT i.scope_id, i.seq, i.session_key, i.position, i.said_us, "
                "i.happened_from_us, i.happened_to_us, i.ingested_us, i.terms, i.speaker_key "
                "FROM episodes e JOIN items i ON i.scope_id = e.scope_id AND i.seq = e.seq "
                "WHERE e.seq > ? AND e.seq <= ?",
                (after, rows[-1][0]),
            )
        }
        for row in rows:
            draft = _verify_episode(row, result)
            item, checksum = items.get(row[0]), indexed_as.pop(row[0], 0)
            if item is None:
                result.found(f"episode {row[3]}: has no shallow keys; run `mnemic rebuild`")
            elif draft is not None and by_our_rules:
                _verify_keys(row, draft, item, checksum, result)
        after = rows[-1][0]
        result.episodes += len(rows)
        if progress:
            progress(result.episodes, total)
    for seq in indexed_as:
        result.found(f"full text knows number {seq}, which is no episode; run `mnemic rebuild`")
    _verify_counts(connection, result)
    result.checks.append("content hashes and identities of all episodes")
    result.checks.append(
        "times, sessions, speakers, lengths and full text of all episodes"
        if by_our_rules
        else "number of shallow keys; they were derived by older rules: `mnemic rebuild` renews them"
    )


def _verify_episode(row: tuple[Any, ...], result: Verification) -> Draft | None:
    """The draft of an episode of the log; None where it cannot be read."""
    try:
        draft = _draft(row)
        intact = draft.id == row[3] and draft.digest(row[14]) == row[15]
    except ValueError as error:
        result.found(f"episode {row[3]}: unreadable: {error}")
        return None
    if not intact:
        result.found(f"episode {row[3]}: its content does not match its hash")
    return draft


def _verify_keys(
    row: tuple[Any, ...],
    draft: Draft,
    item: tuple[Any, ...],
    checksum: int,
    result: Verification,
) -> None:
    seq, scope_id, ingested_us = row[0], row[1], row[14]
    terms = terms_of(searchable(draft.text, draft.speaker))
    if tuple(item) != shallow_row(scope_id, seq, draft, ingested_us, terms):
        result.found(f"episode {row[3]}: its shallow keys are wrong; run `mnemic rebuild`")
    if checksum != sum(hash(pair) for pair in zip(indexed(scope_id, terms).split(), count())):
        result.found(f"full text of episode number {seq} is wrong; run `mnemic rebuild`")


def _checksums(connection: apsw.Connection) -> dict[int, int]:
    """For each episode in the full-text index a sum over its terms and their places."""
    places: dict[int, int] = {}
    for term, doc, offset in connection.execute("SELECT term, doc, offset FROM term_places"):
        places[doc] = places.get(doc, 0) + hash((term, offset))
    return places


def _verify_counts(connection: apsw.Connection, result: Verification) -> None:
    _verify_owned(connection, result, "items", "run `mnemic rebuild`")
    stored = connection.execute("SELECT count(*) FROM terms_docsize").fetchone()[0]
    items = connection.execute("SELECT count(*) FROM items").fetchone()[0]
    if stored != items:
        result.found(f"full text: {stored} entries for {items} episodes; run `mnemic rebuild`")
    nameless = connection.execute(
        "SELECT count(*) FROM items i WHERE speaker_key <> 0 AND NOT EXISTS (SELECT 1 FROM "
        "speakers s WHERE s.scope_id = i.scope_id AND s.speaker_key = i.speaker_key)"
    ).fetchone()[0]
    if nameless:
        result.found(f"speakers: {nameless} items name an unknown one; run `mnemic rebuild`")


def _verify_vectors(connection: apsw.Connection, result: Verification) -> None:
    for space_id, name, dimension, upto in connection.execute(
        "SELECT space_id, name, dimension, upto_seq FROM spaces"
    ).fetchall():
        missing = connection.execute(
            "SELECT count(*) FROM episodes e WHERE e.seq <= ? AND NOT EXISTS (SELECT 1 FROM "
            "vectors v WHERE v.space_id = ? AND v.scope_id = e.scope_id AND v.seq = e.seq)",
            (upto, space_id),
        ).fetchone()[0]
        if missing:
            result.found(f"vectors of {name}: {missing} missing; run `mnemic rebuild`")
        for seq, blob in connection.execute(
            "SELECT seq, vector FROM vectors WHERE space_id = ?", (space_id,)
        ):
            result.vectors += 1
            if len(blob) != 2 * dimension:
                result.found(f"vector of number {seq} has {len(blob)} bytes, not {2 * dimension}")
                continue
            norm = float(np.linalg.norm(np.frombuffer(blob, dtype=np.float16).astype(np.float32)))
            if not 0.98 < norm < 1.02:
                result.found(f"vector of number {seq} has the norm {norm:.3f}, not 1")
    _verify_owned(connection, result, "vectors", "run `mnemic rebuild`")
    result.checks.append("number, size and norm of all vectors")


def _verify_owned(connection: apsw.Connection, result: Verification, table: str, mend: str) -> None:
    """Every row of a table belongs to an episode of its scope."""
    strays = connection.execute(
        f"SELECT count(*) FROM {table} t WHERE NOT EXISTS (SELECT 1 FROM episodes e "  # noqa: S608
        "WHERE e.seq = t.seq AND e.scope_id = t.scope_id)"
    ).fetchone()[0]
    if strays:
        result.found(f"{table}: {strays} belong to no episode; {mend}")


def _verify_derived(connection: apsw.Connection, result: Verification) -> None:
    """What sleep derived rests on episodes that are there, and on words that they hold."""
    again = "run `mnemic sleep --again`"
    for table in ("claims", "evidence", "mentions", "places", "replays", "cold", "hidden", "uses"):
        _verify_owned(connection, result, table, again)
    outside = connection.execute(
        "SELECT count(*) FROM claims c JOIN episodes e USING (seq) "
        "WHERE c.start < 0 OR c.stop <= c.start OR c.stop > length(e.text)"
    ).fetchone()[0]
    if outside:
        result.found(f"claims: {outside} quote what their episode does not hold; {again}")
    baseless = connection.execute(
        "SELECT count(*) FROM facts f WHERE NOT EXISTS (SELECT 1 FROM evidence v "
        "WHERE v.scope_id = f.scope_id AND v.fact_id = f.fact_id)"
    ).fetchone()[0]
    if baseless:
        result.found(f"facts: {baseless} rest on no evidence; {again}")
    back = connection.execute(
        "SELECT count(*) FROM episodes e JOIN erased x ON x.id = e.id"
    ).fetchone()[0]
    if back:
        result.found(f"episodes: {back} are there although they were erased; erase them again")
    result.checks.append("evidence of all facts, quotes of all claims")


def rebuild(store: SqliteLog, progress: Progress | None = None) -> int:
    """Derives every shallow key again from the log and empties the vectors, which then follow.

    One transaction: a kill leaves the old keys or the new.
    """
    with store.writing() as writer:
        writer.execute("DELETE FROM items")
        writer.execute("DELETE FROM speakers")
        writer.execute("INSERT INTO terms (terms) VALUES ('delete-all')")
        writer.execute("DELETE FROM vectors")
        writer.execute("UPDATE spaces SET upto_seq = 0")
        total = writer.execute("SELECT count(*) FROM episodes").fetchone()[0]
        done = 0
        for rows in _log_pages(writer):
            for row in rows:
                draft = _draft(row)
                add_shallow_keys(
                    writer,
                    row[1],
                    row[0],
                    draft,
                    row[14],
                    terms_of(searchable(draft.text, draft.speaker)),
                )
            done += len(rows)
            if progress:
                progress(done, total)
        writer.execute("INSERT INTO terms (terms) VALUES ('optimize')")
        _set_property(writer, "shallow_version", SHALLOW_VERSION)
        writer.execute(NEXT_GENERATION)
    return int(done)


def backup(store: SqliteLog, target: Path) -> int:
    """A consistent copy made while writers work, checked before it takes its name.

    Returns:
        The number of episodes in the copy.

    Raises:
        StoreError: the target exists, or the copy fails its check.
    """
    store.check_alive()
    if target.exists():
        raise StoreError(f"{str(target)!r} exists; a backup never overwrites: give a new name")
    if not target.parent.is_dir():
        raise StoreError(f"the folder {str(target.parent)!r} does not exist; create it first")
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    source = connect(store.path)  # VACUUM INTO reads the source only, but not with query_only
    try:
        with explained(partial):
            source.execute("VACUUM INTO ?", (str(partial),))
        copy = connect(partial, read_only=True, immutable=True)
        try:
            with explained(partial):
                problems = [row[0] for row in copy.execute("PRAGMA integrity_check(5)")]
                count = copy.execute("SELECT count(*) FROM episodes").fetchone()[0]
        finally:
            copy.close()
        if problems != ["ok"]:
            raise StoreError(f"the copy failed its check: {problems[0]}; run `mnemic verify`")
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        os.link(partial, target)  # unlike a rename, refuses a file that appeared meanwhile
        partial.unlink()
        _fsync_folder(target.parent)
    except FileExistsError as error:
        raise StoreError(f"{str(target)!r} appeared meanwhile; give a new name") from error
    finally:
        source.close()
        partial.unlink(missing_ok=True)
    return int(count)


def statistics(store: SqliteLog, vectors: SqliteVectors) -> dict[str, Any]:
    """Counts and sizes."""
    connection = store.reader()
    with explained(store.path):
        episodes, first, last = connection.execute(
            "SELECT count(*), min(said_us), max(said_us) FROM items"
        ).fetchone()
        sessions = connection.execute(
            "SELECT count(*) FROM (SELECT DISTINCT scope_id, session_key FROM items "
            "WHERE session_key <> 0)"
        ).fetchone()[0]
        stale = _property(connection, "shallow_version") != SHALLOW_VERSION
    size = sum(
        path.stat().st_size
        for path in (store.path, store.path.with_name(store.path.name + "-wal"))
        if path.exists()
    )
    return {
        "path": str(store.path),
        "engine": f"SQLite {engine_version()} (bundled with apsw {apsw.apsw_version()})",
        "episodes": episodes,
        "sessions": sessions,
        "scopes": dict(store.scopes()),
        "first_said_us": first,
        "last_said_us": last,
        "bytes": size,
        "shallow_keys_stale": stale,
        "spaces": [
            {
                "name": space.name,
                "dimension": space.dimension,
                "state": space.state,
                "pending": vectors.pending_count(space.space_id),
            }
            for space in vectors.spaces()
        ],
    }


def _log_pages(connection: apsw.Connection) -> Iterator[list[tuple[Any, ...]]]:
    """The log in the order it was written, a page at a time."""
    after = 0
    while rows := connection.execute(
        f"SELECT {_LOG_COLUMNS} FROM episodes e JOIN scopes s USING (scope_id) "  # noqa: S608
        "WHERE e.seq > ? ORDER BY e.seq LIMIT ?",
        (after, _PAGE),
    ).fetchall():
        yield rows
        after = rows[-1][0]


def _draft(row: tuple[Any, ...]) -> Draft:
    happened = (
        None
        if row[12] is None
        else Span(datetime.fromisoformat(row[12]), datetime.fromisoformat(row[13]))
    )
    return draft_of(
        text=row[4], scope=row[2], speaker=row[5], session=row[6], position=row[7], source=row[8],
        ref=row[9], meta_json=row[10],
        said_at=None if row[11] is None else datetime.fromisoformat(row[11]),
        happened=happened,
    )  # fmt: skip


def _property(connection: apsw.Connection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM properties WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def _set_property(connection: apsw.Connection, name: str, value: str) -> None:
    connection.execute(
        "INSERT INTO properties VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = "
        "excluded.value",
        (name, value),
    )


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
