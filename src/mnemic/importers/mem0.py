"""mem0 stores: its history database, or what `get_all()` and an export give as JSON."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mnemic.agent.records import Row
from mnemic.errors import ImportFailed
from mnemic.importers.report import Report
from mnemic.importers.rows import as_dict, as_text, known, rows_of
from mnemic.importers.source import array_items, begin, files_below, json_lines, opened, relative
from mnemic.importers.sqlite import Database, is_sqlite, opened_database
from mnemic.importers.times import Times

SOURCE = "mem0"
SUFFIXES = (".db", ".sqlite", ".sqlite3", ".json", ".jsonl")
HISTORY = frozenset(("memory_id", "new_memory", "event"))
_WHOSE = ("user_id", "agent_id", "app_id", "run_id")
_WRAPPERS = ("results", "memories")


@dataclass(frozen=True, slots=True)
class _Reader:
    scope: str
    report: Report
    times: Times


def read(path: Path, *, scope: str, report: Report, zone: str | None = None) -> Iterator[Row]:
    """Rows of mem0's history.db, of a JSON file of memories, or of those below a folder.

    The history gives every wording that a memory had, each dated; memories that were deleted in
    mem0 are left out with all their wordings. JSON gives each memory as it stands. Ids, users,
    agents, runs and metadata are kept in meta.

    Args:
        path: the file or folder.
        scope: where the rows belong.
        report: filled while reading.
        zone: where times without an offset are read; None reads them in UTC, as the report states.

    Raises:
        ImportFailed: there is no such path, or nothing of mem0 in it.
    """
    times = begin(path, scope=scope, zone=zone, report=report)
    return _read(path, _Reader(scope, report, times))


def _read(path: Path, reader: _Reader) -> Iterator[Row]:
    found = False
    for file in files_below(path, SUFFIXES, reader.report):
        found = True
        name = relative(file, path)
        try:
            if is_sqlite(file):
                yield from _history_of(file, name, reader)
            elif file.suffix.lower() == ".jsonl":
                for place, value in json_lines(file, reader.report, name):
                    yield from _memory(value, place, reader)
            elif file.suffix.lower() == ".json" or file == path:
                yield from _listed(file, name, reader)
            else:
                reader.report.skip(name, "not an SQLite database")
        except ImportFailed as error:
            if file == path:
                raise
            reader.report.skip(name, str(error))
    if not found:
        raise ImportFailed(f"{os.fspath(path)!r} holds no history.db and no JSON file of mem0")


# --- JSON -----------------------------------------------------------------------------------


def _listed(file: Path, name: str, reader: _Reader) -> Iterator[Row]:
    """The memories of a list, or of an object that holds one under `results`."""
    with opened(file, reader.report, name) as stream:
        if stream is None:
            return
        for place, value in array_items(stream, reader.report, name):
            held = as_dict(value)
            wrapped = next((key for key in _WRAPPERS if isinstance(held.get(key), list)), None)
            if wrapped is None:
                yield from _memory(value, place, reader)
                continue
            for index, item in enumerate(held[wrapped]):
                yield from _memory(item, f"{place}.{wrapped}[{index}]", reader)
            if held.get("relations"):
                reader.report.leave_out("relation of the graph", len(held["relations"]))


def _memory(value: object, place: str, reader: _Reader) -> Iterator[Row]:
    if not isinstance(value, dict):
        reader.report.skip(place, f"{type(value).__name__} where a memory was expected")
        return
    # `memory` is what get_all() calls it, `content` the export of OpenMemory, `data` the payload.
    text = next(
        (
            told
            for key in ("memory", "content", "data", "text")
            if (told := as_text(value.get(key)))
        ),
        None,
    )
    if text is None:
        reader.report.skip(place, "no text under memory; not a memory of mem0")
        return
    if value.get("state") == "deleted":
        reader.report.leave_out("deleted memory")
        return
    about = {**as_dict(value.get("metadata")), **as_dict(value.get("metadata_"))}
    said_at, origin = None, None
    for key in ("updated_at", "created_at"):
        said_at = said_at or reader.times.read(value.get(key), place, key)
        origin = origin or (None if said_at is None else key)
    whose = {
        name: told
        for name in _WHOSE
        if (told := as_text(value.get(name)) or as_text(about.get(name)))
    }
    id_ = as_text(value.get("id"))
    # Memories are single statements: they have no order, so no position that could change.
    yield from rows_of(
        text,
        report=reader.report,
        scope=reader.scope,
        source=SOURCE,
        session="&".join(f"{name}={told}" for name, told in sorted(whose.items())) or None,
        position=lambda: None,
        speaker=as_text(value.get("actor_id")) or as_text(value.get("role")),
        ref=id_,
        said_at=said_at,
        meta=known(
            mem0_id=id_,
            created_at=as_text(value.get("created_at")),
            categories=value.get("categories") or None,
            metadata=about or None,
            said_at_from=origin,
            **whose,
        ),
    )


# --- the history database -------------------------------------------------------------------


def _history_of(file: Path, name: str, reader: _Reader) -> Iterator[Row]:
    with opened_database(file, reader.report) as database:
        if "history" in database.tables and database.columns("history") >= HISTORY:
            yield from _history(database, name, reader)
            yield from _messages(database, name, reader)
        elif "points" in database.tables:
            raise ImportFailed(
                f"{os.fspath(file)!r} is the local store of Qdrant: its points are pickled Python "
                "objects, which can run code when they are read. Save what get_all() gives as JSON "
                "and import that"
            )
        else:
            raise ImportFailed(
                f"{os.fspath(file)!r} is an SQLite database, but not mem0's: it has no table "
                f"history with {', '.join(sorted(HISTORY))}"
            )


def _history(database: Database, name: str, reader: _Reader) -> Iterator[Row]:
    columns = database.columns("history")
    asked = [
        f"CAST({column} AS TEXT)" if column in columns else "NULL"
        for column in (
            "id", "memory_id", "new_memory", "event", "created_at", "updated_at", "actor_id", "role",
        )
    ]  # fmt: skip
    gone = {
        memory
        for (memory,) in database.rows("SELECT memory_id FROM history WHERE event = 'DELETE'")
    }
    numbers: dict[str, itertools.count[int]] = {}
    query = f"SELECT {', '.join(asked)} FROM history ORDER BY rowid"  # noqa: S608 - our own words
    for id_, memory, text, event, created, updated, actor, role in database.rows(query):
        place = f"{name}:{id_}"[:200]
        if memory in gone:
            reader.report.leave_out(
                "deleted memory" if event == "DELETE" else "wording of a deleted memory"
            )
            continue
        if as_text(text) is None:
            reader.report.skip(place, f"the {event} of a memory has no text")
            continue
        said_at = reader.times.read(updated, place) or reader.times.read(created, place)
        yield from rows_of(
            text,
            report=reader.report,
            scope=reader.scope,
            source=SOURCE,
            session=memory,
            position=functools.partial(next, numbers.setdefault(memory, itertools.count())),
            speaker=as_text(actor) or as_text(role),
            ref=memory,
            said_at=said_at,
            meta=known(mem0_id=memory, history_id=id_, event=event, created_at=created),
        )


def _messages(database: Database, name: str, reader: _Reader) -> Iterator[Row]:
    """The last messages of each conversation, which newer versions keep beside the history."""
    if not database.columns("messages") >= {"session_scope", "role", "content", "created_at"}:
        return
    query = "SELECT rowid, id, session_scope, role, content, name, created_at FROM messages ORDER BY rowid"
    for number, id_, session, role, text, speaker, created in database.rows(query):
        place = f"{name}:message {number}"
        if not isinstance(text, str):
            reader.report.skip(place, "a message without a text")
            continue
        yield from rows_of(
            text,
            report=reader.report,
            scope=reader.scope,
            source=SOURCE,
            session=as_text(session),
            # rowid: older messages are thrown away, which must not move those that stay.
            position=itertools.count(number << 16).__next__,
            speaker=as_text(speaker) or as_text(role),
            ref=as_text(id_),
            said_at=reader.times.read(created, place),
            meta={"kind": "message"},
        )
