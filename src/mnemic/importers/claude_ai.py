"""Claude.ai exports: conversations.json with its projects and memories, the folder, or the .zip."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mnemic.agent.records import Row
from mnemic.errors import ImportFailed
from mnemic.importers.claude_code import result_text
from mnemic.importers.pieces import pieces
from mnemic.importers.report import Report
from mnemic.importers.rows import as_dict, as_list, as_text, known, rows_of
from mnemic.importers.source import begin, exported
from mnemic.importers.text import SECTION_CHARS_MAX
from mnemic.importers.times import Times

SOURCE = "claude-ai"
_SPEAKERS = {"human": "user", "assistant": "assistant"}


@dataclass(slots=True)
class _Reader:
    scope: str
    report: Report
    times: Times
    begun: bool = False
    sessions: set[str] = field(default_factory=set)


def read(path: Path, *, scope: str, report: Report, zone: str | None = None) -> Iterator[Row]:
    """Rows of an export.

    A conversation is a session. What was said, tool calls and their results, and the text of
    attached files are kept; thinking is left out. Messages that are not on the way to the last one
    (edited away, or answered anew) keep their places and are marked `branch: true` in meta: an
    export made after such an edit then changes no place, and importing it stores nothing twice. The
    documents and instructions of projects, and what Claude noted of the user, are read as well.

    Args:
        path: conversations.json, a folder that holds it, or the .zip.
        scope: where the rows belong.
        report: filled while reading.
        zone: where times without an offset are read; None reads them in UTC, as the report states.

    Raises:
        ImportFailed: there is no such path, or it holds no conversations of Claude.ai.
    """
    times = begin(path, scope=scope, zone=zone, report=report)
    return _read(path, _Reader(scope, report, times))


def _read(path: Path, reader: _Reader) -> Iterator[Row]:
    missing = "conversations.json or projects.json of a Claude.ai export"
    for place, value in exported(path, reader.report, _is_wanted, missing):
        yield from _item(value, place, reader)


def _is_wanted(name: str) -> bool:
    *folders, last = name.lower().split("/")
    if last.startswith(("conversations", "projects", "memories")):
        return True
    return bool(folders) and folders[-1] in ("conversations", "projects")


def _item(value: object, place: str, reader: _Reader) -> Iterator[Row]:
    if not isinstance(value, dict):
        reader.report.skip(place, f"{type(value).__name__} where an object was expected")
        return
    if "chat_messages" in value:
        reader.begun = True
        yield from _conversation(value, place, reader)
    elif "docs" in value or "prompt_template" in value:
        yield from _project(value, place, reader)
    elif "conversations_memory" in value or "memory_files" in value:
        yield from _memories(value, place, reader)
    elif "mapping" in value and not reader.begun:
        raise ImportFailed(f"{place} is a conversation of ChatGPT; import this export as 'chatgpt'")
    else:
        reader.report.skip(place, "neither a conversation nor a project of Claude.ai")


def _session(name: str, place: str, reader: _Reader) -> str:
    """The name, made another where the export has it twice."""
    nth = 1
    unique = name
    while unique in reader.sessions:
        nth += 1
        unique = f"{name}#{nth}"
    if nth > 1:
        reader.report.note(place, f"another item has the id {name[:80]!r} too")
    reader.sessions.add(unique)
    return unique


def _conversation(value: dict[str, Any], place: str, reader: _Reader) -> Iterator[Row]:
    report = reader.report
    messages = value["chat_messages"]
    if not isinstance(messages, list):
        report.skip(place, f"chat_messages is {type(messages).__name__}, not a list")
        return
    if not messages:
        report.leave_out("conversation without messages")
        return
    session = _session(as_text(value.get("uuid")) or place, place, reader)
    project = as_dict(value.get("project"))
    shared = known(
        title=as_text(value.get("name")),
        project=as_text(project.get("name")) or as_text(value.get("project_uuid")),
        model=as_text(value.get("model")),
    )
    main = _main_path(messages, value.get("current_leaf_message_uuid"))
    numbers = itertools.count()
    for index, message in enumerate(messages):
        here = f"{place}.chat_messages[{index}]"
        if not isinstance(message, dict):
            report.skip(here, "a message that is not an object")
            continue
        speaker = _SPEAKERS.get(str(message.get("sender")))
        if speaker is None:
            report.skip(
                here, f"sender {message.get('sender')!r:.80} is neither human nor assistant"
            )
            continue
        said_at, origin = reader.times.read(message.get("created_at"), here), None
        if said_at is None:
            said_at = reader.times.read(value.get("created_at"), place)
            origin = None if said_at is None else "conversation"
        uuid = as_text(message.get("uuid"))
        branch = True if main and uuid is not None and uuid not in main else None
        for who, text, extra in _blocks(message, speaker, here, report):
            yield from rows_of(
                text,
                report=report,
                scope=reader.scope,
                source=SOURCE,
                session=session,
                position=functools.partial(next, numbers),
                speaker=who,
                ref=uuid,
                said_at=said_at,
                meta={**shared, **extra, **known(branch=branch, said_at_from=origin)},
            )


def _main_path(messages: list[Any], leaf: object) -> frozenset[str]:
    """The messages on the way to the current end; empty where the export does not link them."""
    parents: dict[str, object] = {}
    last: str | None = None
    for message in messages:
        if isinstance(message, dict) and isinstance(message.get("uuid"), str):
            parents[message["uuid"]] = message.get("parent_message_uuid")
            last = message["uuid"]
    if not any(isinstance(parent, str) and parent in parents for parent in parents.values()):
        return frozenset()
    step: object = leaf if isinstance(leaf, str) and leaf in parents else last
    path: set[str] = set()
    while isinstance(step, str) and step in parents and step not in path:
        path.add(step)
        step = parents[step]
    return frozenset(path)


def _blocks(
    message: dict[str, Any], speaker: str, place: str, report: Report
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Speaker, text and meta of everything in a message that is kept."""
    files = [
        name
        for file in as_list(message.get("files"))
        if (name := as_text(as_dict(file).get("file_name")))
    ]
    attached = known(files=files[:100] or None)
    spoken = False
    for block in as_list(message.get("content")):
        found = _block(block, speaker, place, report)
        if found is not None:
            spoken = spoken or found[2]["kind"] == "text"
            yield found[0], found[1], {**found[2], **attached}
    text = as_text(message.get("text"))
    # Older exports have the text only here; newer ones repeat it from the blocks.
    if text and not spoken:
        spoken = True
        yield speaker, text, {"kind": "text", **attached}
    for attachment in as_list(message.get("attachments")):
        held = as_dict(attachment)
        content = as_text(held.get("extracted_content"))
        if content is None:
            report.leave_out("attachment without text")
            continue
        meta = known(kind="attachment", file=as_text(held.get("file_name")))
        for part in pieces(content, SECTION_CHARS_MAX):
            if part.strip():
                yield speaker, part.strip("\n"), meta
    if not spoken and not message.get("attachments"):
        report.leave_out("blank text")


def _block(
    block: object, speaker: str, place: str, report: Report
) -> tuple[str, str, dict[str, Any]] | None:
    held = as_dict(block)
    kind = held.get("type")
    if kind == "text":
        text = as_text(held.get("text"))
        return None if text is None else (speaker, text, {"kind": "text"})
    if kind == "tool_use":
        tool = as_text(held.get("name")) or "tool"
        given = json.dumps(held.get("input"), ensure_ascii=False, separators=(",", ":"))
        return "tool", f"{tool} {given}", {"kind": "tool_use", "tool": tool}
    if kind == "tool_result":
        text = result_text(held.get("content"), report)
        if not text.strip():
            report.leave_out("empty tool result")
            return None
        return "tool", text, known(kind="tool_result", tool=as_text(held.get("name")))
    if isinstance(kind, str):
        report.leave_out(f"{kind[:40]} block")
    else:
        report.skip(place, "a content block has no type")
    return None


def _project(value: dict[str, Any], place: str, reader: _Reader) -> Iterator[Row]:
    """The documents and the instructions of a project.

    Each is a session of its own, so that a document added later moves no place of another.
    """
    title = as_text(value.get("name"))
    uuid = as_text(value.get("uuid")) or place
    session = _session(f"project:{uuid}", place, reader)
    told: list[tuple[str, object, str | None, object, object]] = [
        ("instructions", None, None, value.get("prompt_template"), value.get("created_at")),
        ("description", None, None, value.get("description"), value.get("created_at")),
    ]
    for document in as_list(value.get("docs")):
        held = as_dict(document)
        name = as_text(held.get("filename")) or as_text(held.get("file_name"))
        told.append(
            ("document", held.get("uuid"), name, held.get("content"), held.get("created_at"))
        )
    for kind, ref, name, text, at in told:
        if as_text(text) is None:
            continue
        said_at = reader.times.read(at, f"{place}: {kind}")
        meta = known(kind=kind, project=title, file=name)
        own = (
            f"{session}/{as_text(ref) or name or kind}"
            if kind == "document"
            else f"{session}/{kind}"
        )
        yield from _pieces(str(text), own, as_text(ref) or uuid, said_at, meta, reader)


def _memories(value: dict[str, Any], place: str, reader: _Reader) -> Iterator[Row]:
    """What Claude noted of the user, as a whole, by project, and by file."""
    told: list[tuple[str, object, object]] = [("memory", value.get("conversations_memory"), None)]
    for name, text in as_dict(value.get("project_memories")).items():
        told.append((f"memory/{name}", text, None))
    for file in as_list(value.get("memory_files")):
        held = as_dict(file)
        name = as_text(held.get("path")) or "file"
        told.append((f"memory/{name.lstrip('/')}", held.get("content"), held.get("updated_at")))
    for name, text, at in told:
        if as_text(text) is None:
            continue
        said_at = reader.times.read(at, f"{place}: {name}"[:200])
        session = _session(name, place, reader)
        yield from _pieces(str(text), session, name, said_at, {"kind": "memory"}, reader)


def _pieces(
    text: str,
    session: str,
    ref: str,
    said_at: datetime | None,
    meta: dict[str, Any],
    reader: _Reader,
) -> Iterator[Row]:
    numbers = itertools.count()
    for part in pieces(text, SECTION_CHARS_MAX):
        if part.strip():
            yield from rows_of(
                part.strip("\n"),
                report=reader.report,
                scope=reader.scope,
                source=SOURCE,
                session=session,
                position=functools.partial(next, numbers),
                ref=ref,
                said_at=said_at,
                meta=meta,
            )
