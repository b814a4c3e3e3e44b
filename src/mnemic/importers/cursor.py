"""Cursor's chats: state.vscdb, the SQLite file in which the editor keeps its state."""

from __future__ import annotations

import functools
import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mnemic.agent.records import Row
from mnemic.errors import ImportFailed
from mnemic.importers.report import Report
from mnemic.importers.rows import as_dict, as_list, as_text, known, rows_of
from mnemic.importers.source import BROKEN, begin, decoded, files_below, opened, parsed, relative
from mnemic.importers.sqlite import VALUE_BYTES_MAX, Database, opened_database
from mnemic.importers.times import Times

SOURCE = "cursor"
SUFFIXES = (".vscdb",)
TABLES = frozenset(("ItemTable", "cursorDiskKV"))
_CHATS = (
    "workbench.panel.aichat.view.aichat.chatdata",
    "workbench.panel.chat.view.chat.chatdata",
)
_SPEAKERS = {1: "user", 2: "assistant", "user": "user", "ai": "assistant"}
_WORKSPACE_BYTES_MAX = 1 << 20


@dataclass(slots=True)
class _Reader:
    scope: str
    report: Report
    times: Times
    sessions: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _File:
    """One database, its name in reports, and the folder that its window had open."""

    database: Database
    name: str
    workspace: str | None


def read(path: Path, *, scope: str, report: Report, zone: str | None = None) -> Iterator[Row]:
    """Rows of a state.vscdb, or of every one below a folder such as Cursor's `User`.

    A composer (or a tab of the older chat) is a session. What the user and the assistant wrote and
    the calls of tools with their results are kept; thinking is left out. Newer versions keep the
    messages in globalStorage/state.vscdb, older ones in workspaceStorage/*/state.vscdb. Nothing is
    written into Cursor's folders.

    Args:
        path: the file or folder.
        scope: where the rows belong.
        report: filled while reading.
        zone: where times without an offset are read; None reads them in UTC, as the report states.

    Raises:
        ImportFailed: there is no such path, no state.vscdb in it, or a file that is something else.
    """
    times = begin(path, scope=scope, zone=zone, report=report)
    return _read(path, _Reader(scope, report, times))


def _read(path: Path, reader: _Reader) -> Iterator[Row]:
    found = False
    for file in files_below(path, SUFFIXES, reader.report):
        found = True
        name = relative(file, path)
        try:
            yield from _database(file, name, reader)
        except ImportFailed as error:
            if file == path:
                raise
            reader.report.skip(name, str(error))
    if not found:
        raise ImportFailed(f"{os.fspath(path)!r} holds no state.vscdb of Cursor")


def _database(path: Path, name: str, reader: _Reader) -> Iterator[Row]:
    with opened_database(path, reader.report) as database:
        if not database.tables & TABLES:
            raise ImportFailed(
                f"{os.fspath(path)!r} is an SQLite database, but not Cursor's: it has neither of "
                f"the tables {' and '.join(sorted(TABLES))}"
            )
        file = _File(database, name, _workspace(path, reader.report))
        if "cursorDiskKV" in database.tables:
            yield from _composers(file, reader)
        if "ItemTable" in database.tables:
            yield from _chats(file, reader)


def _workspace(path: Path, report: Report) -> str | None:
    """The folder of a workspace's window, from the workspace.json beside its database."""
    beside = path.parent / "workspace.json"
    if not beside.is_file():
        return None
    with opened(beside, report, beside.name) as stream:
        raw = b"" if stream is None else stream.read(_WORKSPACE_BYTES_MAX)
    report.files -= 1
    folder = as_dict(parsed(decoded(raw, report, beside.name), report, beside.name)).get("folder")
    if not isinstance(folder, str):
        return None
    try:
        return unquote(urlsplit(folder).path) or folder
    except ValueError:
        return folder


def _values(file: _File, table: str, where: str, *given: object) -> Iterator[tuple[str, bytes]]:
    # As bytes: what is not UTF-8 is then replaced and told of, instead of ending the reading.
    query = (
        "SELECT CAST(key AS BLOB), CASE WHEN length(value) <= ? THEN CAST(value AS BLOB) END, "  # noqa: S608
        f"value IS NULL FROM {table} WHERE {where} ORDER BY key"
    )
    for key, value, empty in file.database.rows(query, VALUE_BYTES_MAX, *given):
        yield (key or b"").decode(errors="replace"), b"" if empty or value is None else value


def _value(raw: bytes, place: str, report: Report) -> object:
    if not raw.strip():
        return BROKEN
    return parsed(decoded(raw, report, place), report, place)


def _composers(file: _File, reader: _Reader) -> Iterator[Row]:
    report = reader.report
    where = "key >= 'composerData:' AND key < 'composerData;'"
    for key, raw in _values(file, "cursorDiskKV", where):
        place = f"{file.name}:{key}"[:200]
        if not raw:
            report.leave_out("conversation without messages")
            continue
        value = _value(raw, place, report)
        if value is BROKEN:
            continue
        if not isinstance(value, dict):
            report.skip(place, f"{type(value).__name__} where a conversation was expected")
            continue
        session = as_text(value.get("composerId")) or key.partition(":")[2]
        shared = known(
            title=as_text(value.get("name")),
            workspace=file.workspace,
            mode=as_text(value.get("unifiedMode")) or as_text(value.get("forceMode")),
        )
        bubbles = _bubbles(file, value, session, place, reader)
        yield from _messages(bubbles, session, value.get("createdAt"), shared, place, reader)


def _bubbles(
    file: _File, composer: dict[str, Any], session: str, place: str, reader: _Reader
) -> Iterator[tuple[str, object]]:
    """A conversation's messages in order: in the composer itself, or each under its own key."""
    inline = composer.get("conversation")
    if isinstance(inline, list) and inline:
        yield from ((f"{place}[{index}]", bubble) for index, bubble in enumerate(inline))
        return
    mapped = as_dict(composer.get("conversationMap"))
    for header in as_list(composer.get("fullConversationHeadersOnly")):
        name = as_text(as_dict(header).get("bubbleId"))
        if name is None:
            reader.report.skip(place, "a message without a bubbleId")
            continue
        here = f"{place}:{name[:80]}"
        bubble: object = mapped.get(name)
        if bubble is None:
            key = f"bubbleId:{session}:{name}"
            found = next(_values(file, "cursorDiskKV", "key = ?", key), None)
            if found is None or not found[1]:
                reader.report.leave_out("message whose text Cursor did not keep here")
                continue
            bubble = _value(found[1], here, reader.report)
            if bubble is BROKEN:
                continue
        if isinstance(bubble, dict):
            bubble = {"type": as_dict(header).get("type"), "bubbleId": name, **bubble}
        yield here, bubble


def _chats(file: _File, reader: _Reader) -> Iterator[Row]:
    """The older chat: tabs of messages in one value."""
    report = reader.report
    marks = ", ".join("?" * len(_CHATS))
    for key, raw in _values(file, "ItemTable", f"key IN ({marks})", *_CHATS):
        place = f"{file.name}:{key}"
        value = _value(raw, place, report)
        if value is BROKEN:
            continue
        for index, tab in enumerate(as_list(as_dict(value).get("tabs"))):
            here = f"{place}.tabs[{index}]"
            if not isinstance(tab, dict):
                report.skip(here, f"{type(tab).__name__} where a chat was expected")
                continue
            session = as_text(tab.get("tabId")) or as_text(tab.get("id")) or here
            shared = known(title=as_text(tab.get("chatTitle")), workspace=file.workspace)
            bubbles = (
                (f"{here}[{number}]", bubble)
                for number, bubble in enumerate(as_list(tab.get("bubbles")))
            )
            # lastSendTime moves with every message. It would give the earlier ones another
            # identity at each import, so these messages rather have no time than that.
            yield from _messages(bubbles, session, None, shared, here, reader)


def _messages(
    bubbles: Iterator[tuple[str, object]],
    session: str,
    created: object,
    shared: dict[str, Any],
    place: str,
    reader: _Reader,
) -> Iterator[Row]:
    if session in reader.sessions:
        reader.report.leave_out("conversation that another database has too")
        return
    numbers = itertools.count()
    for here, bubble in bubbles:
        reader.sessions.add(session)
        if not isinstance(bubble, dict):
            reader.report.skip(here, f"{type(bubble).__name__} where a message was expected")
            continue
        said_at, origin = _time(bubble, here, reader), None
        if said_at is None:
            said_at = reader.times.read(created, place)
            origin = None if said_at is None else "conversation"
        for speaker, text, extra in _said(bubble, here, reader.report):
            yield from rows_of(
                text,
                report=reader.report,
                scope=reader.scope,
                source=SOURCE,
                session=session,
                position=functools.partial(next, numbers),
                speaker=speaker,
                ref=as_text(bubble.get("bubbleId")) or as_text(bubble.get("id")),
                said_at=said_at,
                meta={**shared, **extra, **known(said_at_from=origin)},
            )


def _time(bubble: dict[str, Any], place: str, reader: _Reader) -> Any:
    for value in (
        bubble.get("createdAt"),
        as_dict(bubble.get("timingInfo")).get("clientStartTime"),
    ):
        # The times of some versions count from the start of the program: those name no moment.
        if isinstance(value, str) or (isinstance(value, (int, float)) and value > 1e11):
            return reader.times.read(value, place)
    return None


def _said(
    bubble: dict[str, Any], place: str, report: Report
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Speaker, text and meta of what a message holds."""
    kind = bubble.get("type")
    speaker = _SPEAKERS.get(kind) if isinstance(kind, (int, str)) else None
    if speaker is None:
        report.skip(place, f"type {kind!r:.80} is neither the user's nor the assistant's")
        return
    model = as_text(as_dict(bubble.get("modelInfo")).get("modelName"))
    text = as_text(bubble.get("text")) or as_text(bubble.get("rawText"))
    if text:
        yield speaker, text, known(kind="text", model=model)
    call = as_dict(bubble.get("toolFormerData"))
    tool = as_text(call.get("name"))
    if tool:
        given = call.get("rawArgs") or call.get("params")
        told = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
        meta = known(tool=tool, status=as_text(call.get("status")))
        yield "tool", f"{tool} {told}", {"kind": "tool_use", **meta}
        result = call.get("result")
        if result is not None and not isinstance(result, str):
            result = json.dumps(result, ensure_ascii=False)
        if result:
            yield "tool", result, {"kind": "tool_result", **meta}
    if not text and not tool:
        report.leave_out("thinking" if bubble.get("thinking") else "blank text")
