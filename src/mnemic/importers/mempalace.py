"""MemPalace stores: the folder of a palace, whose drawers are kept in Chroma's chroma.sqlite3."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from mnemic.agent.records import Row
from mnemic.errors import ImportFailed
from mnemic.importers.report import Report
from mnemic.importers.rows import as_text, known, rows_of
from mnemic.importers.source import begin, files_below, relative
from mnemic.importers.sqlite import Database, opened_database
from mnemic.importers.times import Times

SOURCE = "mempalace"
FILE = "chroma.sqlite3"
TABLES = frozenset(("collections", "segments", "embeddings", "embedding_metadata"))
_DOCUMENT = "chroma:document"
# Pointers to drawers, made by MemPalace for its own search; they say nothing of their own.
_INDEXES = ("mempalace_closets",)
_PART_POSITIONS = 1_000


@dataclass(frozen=True, slots=True)
class _Reader:
    scope: str
    report: Report
    times: Times


def read(path: Path, *, scope: str, report: Report, zone: str | None = None) -> Iterator[Row]:
    """Rows of a palace: each drawer, verbatim, with its wing and room in meta.

    The drawers of one source file are a session in their order. A drawer is dated by the date of its
    content or its diary; one that an agent filed on its own by when it was filed. Drawers mined from
    files without a date have none: when they were mined is not when they were said.

    Args:
        path: the palace's folder, or its chroma.sqlite3.
        scope: where the rows belong.
        report: filled while reading.
        zone: where times without an offset are read; None reads them in UTC, as the report states.

    Raises:
        ImportFailed: there is no such path, or no palace in it.
    """
    times = begin(path, scope=scope, zone=zone, report=report)
    return _read(path, _Reader(scope, report, times))


def _read(path: Path, reader: _Reader) -> Iterator[Row]:
    found = False
    for file in files_below(path, (FILE,), reader.report):
        found = True
        try:
            yield from _palace(file, relative(file, path), reader)
        except ImportFailed as error:
            if file == path:
                raise
            reader.report.skip(relative(file, path), str(error))
    if not found:
        raise ImportFailed(f"{os.fspath(path)!r} holds no {FILE} of a palace")


def _palace(file: Path, name: str, reader: _Reader) -> Iterator[Row]:
    with opened_database(file, reader.report) as database:
        if not database.tables >= TABLES:
            raise ImportFailed(
                f"{os.fspath(file)!r} is an SQLite database, but not Chroma's: it has no table "
                f"{sorted(TABLES - database.tables)[0]}"
            )
        drawers = 0
        for collection, drawer, facts in _entries(database):
            if collection in _INDEXES:
                reader.report.leave_out("closet (MemPalace's own index)")
            elif "wing" not in facts and "room" not in facts:
                reader.report.leave_out(f"entry of {collection[:60]}, without wing or room")
            else:
                drawers += 1
                yield from _drawer(drawer, facts, f"{name}:{drawer}"[:200], reader)
        if not drawers:
            reader.report.note(name, "no drawer (an entry with a wing or a room) is in it")


def _entries(database: Database) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The collection, id and metadata of every entry, in the order in which they were added."""
    columns = database.columns("embedding_metadata")
    flag = "m.bool_value" if "bool_value" in columns else "NULL"
    query = f"""
        SELECT e.id, c.name, e.embedding_id, m.key,
               coalesce(CAST(m.string_value AS BLOB), m.int_value, m.float_value, {flag})
        FROM embeddings e
        JOIN segments s ON s.id = e.segment_id
        JOIN collections c ON c.id = s.collection
        JOIN embedding_metadata m ON m.id = e.id
        ORDER BY e.id, m.key
    """  # noqa: S608 - our own words
    for _, rows in groupby(database.rows(query), key=itemgetter(0)):
        facts: dict[str, Any] = {}
        collection = drawer = ""
        for _, where, id_, key, value in rows:
            collection, drawer = str(where), str(id_)
            told = value.decode(errors="replace") if isinstance(value, bytes) else value
            facts[str(key)] = told
        yield collection, drawer, facts


def _drawer(id_: str, facts: dict[str, Any], place: str, reader: _Reader) -> Iterator[Row]:
    text = as_text(facts.pop(_DOCUMENT, None))
    if text is None:
        reader.report.leave_out("drawer without text")
        return
    wing, room = as_text(facts.get("wing")), as_text(facts.get("room"))
    mined = as_text(facts.get("source_file"))
    whole = as_text(facts.get("parent_drawer_id")) or id_
    said_at, origin = _time(facts, place, reader, mined=mined is not None)
    chunk = facts.get("chunk_index")
    chunk = chunk if isinstance(chunk, int) and 0 <= chunk < 1 << 31 else 0
    numbers = iter(range(chunk * _PART_POSITIONS, (chunk + 1) * _PART_POSITIONS))
    yield from rows_of(
        text,
        report=reader.report,
        scope=reader.scope,
        source=SOURCE,
        session=f"{wing or '?'}/{mined}" if mined else whole,
        position=numbers.__next__,
        speaker=as_text(facts.get("agent")),
        ref=id_,
        said_at=said_at,
        meta={
            **known(wing=wing, room=room, drawer=id_, said_at_from=origin),
            "mempalace": {
                key: value for key, value in facts.items() if key not in ("wing", "room")
            },
        },
    )


def _time(
    facts: dict[str, Any], place: str, reader: _Reader, *, mined: bool
) -> tuple[datetime | None, str | None]:
    # A diary of the day has a date only; when an agent filed an entry is the better time for that.
    keys = ("content_date", "date") if mined else ("filed_at", "content_date", "date")
    for key in keys:
        moment = reader.times.read(as_text(facts.get(key)), place, key)
        if moment is not None:
            return moment, key
    return None, None
