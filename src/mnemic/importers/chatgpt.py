"""ChatGPT exports: conversations.json, its folder, or the .zip as downloaded."""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnemic.agent.records import Row
from mnemic.errors import ImportFailed
from mnemic.importers.report import Report
from mnemic.importers.rows import as_dict, as_list, as_text, known, rows_of
from mnemic.importers.source import begin, exported
from mnemic.importers.times import Times

SOURCE = "chatgpt"
_SPEAKERS = ("user", "assistant", "tool")
_TEXT_KINDS = ("text", "multimodal_text", "code", "execution_output", "tether_quote")


def is_conversations(name: str) -> bool:
    """Whether a file of that name holds conversations of an export."""
    last = name.rsplit("/", 1)[-1].lower()
    return last.startswith("conversations") and last.endswith(".json")


def read(path: Path, *, scope: str, report: Report, zone: str | None = None) -> Iterator[Row]:
    """Rows of an export.

    A conversation is a session: the messages on the way to its current end, in order. Messages
    that were edited away or answered anew are kept too, each branch in a session of its own,
    marked `branch: true` in meta.

    Args:
        path: conversations.json, a folder that holds it, or the .zip.
        scope: where the rows belong.
        report: filled while reading.
        zone: where times without an offset are read; None reads them in UTC, as the report states.

    Raises:
        ImportFailed: there is no such path, or it holds no conversations.
    """
    times = begin(path, scope=scope, zone=zone, report=report)
    return _read(path, _Reader(scope, report, times))


@dataclass(slots=True)
class _Reader:
    scope: str
    report: Report
    times: Times
    seen: dict[str, set[bytes]] = field(default_factory=dict)


def _read(path: Path, reader: _Reader) -> Iterator[Row]:
    missing = "conversations*.json of a ChatGPT export"
    for place, value in exported(path, reader.report, is_conversations, missing):
        yield from _conversation(value, place, reader)


@dataclass(frozen=True, slots=True)
class _Talk:
    """A conversation's tree and what its rows share."""

    id: str
    nodes: dict[str, dict[str, Any]]
    place: str
    scope: str
    report: Report
    times: Times
    created: object
    meta: dict[str, Any]


def _conversation(value: object, place: str, reader: _Reader) -> Iterator[Row]:
    report = reader.report
    if not isinstance(value, dict):
        report.skip(place, f"{type(value).__name__} where a conversation was expected")
        return
    mapping = value.get("mapping")
    if mapping is None and "chat_messages" in value and not reader.seen:
        raise ImportFailed(f"{place} is a conversation of Claude.ai; import it as 'claude-ai'")
    if not isinstance(mapping, dict):
        report.skip(place, "the conversation has no mapping of messages")
        return
    nodes: dict[str, dict[str, Any]] = {}
    for key, node in mapping.items():
        if isinstance(node, dict):
            nodes[key] = node
        else:
            report.skip(f"{place}.{key[:80]}", "a node that is not an object")
    if not nodes:
        report.leave_out("conversation without messages")
        return
    name = as_text(value.get("conversation_id")) or as_text(value.get("id")) or place
    held = reader.seen.setdefault(name, set())
    digest = hashlib.blake2b(json.dumps(mapping).encode(), digest_size=16).digest()
    if digest in held:
        report.leave_out("conversation that stands in the export twice")
        return
    held.add(digest)
    if len(held) > 1:
        report.note(place, f"another conversation has the id {name[:80]!r} too")
        name = f"{name}#{len(held)}"
    meta = known(title=as_text(value.get("title")))
    created = value.get("create_time")
    talk = _Talk(name, nodes, place, reader.scope, report, reader.times, created, meta)
    main = _main_path(nodes, value.get("current_node"))
    yield from _messages(talk, main, name, branch=False)
    for chain in _branches(nodes, main):
        yield from _messages(talk, chain, f"{name}:{chain[0]}", branch=True)


def _main_path(nodes: dict[str, dict[str, Any]], current: object) -> list[str]:
    """The way from the root to the current node; without one, along the latest children."""
    if not isinstance(current, str) or current not in nodes:
        current = next((key for key, node in nodes.items() if not _parent(nodes, node)), None)
        if current is None:
            current = next(iter(nodes))
        walked = {current}
        while following := [
            key
            for key in as_list(nodes[current].get("children"))
            if isinstance(key, str) and key in nodes and key not in walked
        ]:
            current = following[-1]
            walked.add(current)
    path: dict[str, None] = {}
    step: str | None = current
    while step is not None and step not in path:
        path[step] = None
        step = _parent(nodes, nodes[step])
    return list(reversed(path))


def _parent(nodes: dict[str, dict[str, Any]], node: dict[str, Any]) -> str | None:
    parent = node.get("parent")
    return parent if isinstance(parent, str) and parent in nodes else None


def _branches(nodes: dict[str, dict[str, Any]], main: list[str]) -> Iterator[list[str]]:
    """What hangs off the main path, one list for each place where it leaves it, depth first."""
    below: dict[str, list[str]] = {}
    on_path = set(main)
    starts: list[str] = []
    for key, node in nodes.items():
        if key in on_path:
            continue
        parent = _parent(nodes, node)
        if parent is None or parent in on_path:
            starts.append(key)
        else:
            below.setdefault(parent, []).append(key)
    done = set(on_path)
    # Nodes left over after the starts form rings; they are read as well.
    for start in itertools.chain(starts, nodes):
        chain: list[str] = []
        waiting = [start]
        while waiting:
            key = waiting.pop()
            if key not in done:
                done.add(key)
                chain.append(key)
                waiting.extend(reversed(below.get(key, [])))
        if chain:
            yield chain


def _messages(talk: _Talk, keys: list[str], session: str, *, branch: bool) -> Iterator[Row]:
    numbers = itertools.count()
    for key in keys:
        message = talk.nodes[key].get("message")
        if message is None:
            continue
        place = f"{talk.place}.{key[:80]}"
        if not isinstance(message, dict):
            talk.report.skip(place, "a message that is not an object")
            continue
        found = _content(message, place, talk.report)
        if found is None:
            continue
        speaker, text, extra = found
        said_at, origin = talk.times.read(message.get("create_time"), place), None
        if said_at is None:
            said_at = talk.times.read(talk.created, talk.place)
            origin = None if said_at is None else "conversation"
        yield from rows_of(
            text,
            report=talk.report,
            scope=talk.scope,
            source=SOURCE,
            session=session,
            position=functools.partial(next, numbers),
            speaker=speaker,
            ref=as_text(message.get("id")) or key,
            said_at=said_at,
            meta={
                **talk.meta,
                **extra,
                **known(branch=True if branch else None, said_at_from=origin),
            },
        )


def _content(
    message: dict[str, Any], place: str, report: Report
) -> tuple[str, str, dict[str, Any]] | None:
    """Speaker, text and meta of a message; None where there is nothing to keep."""
    author = as_dict(message.get("author"))
    role, content = author.get("role"), message.get("content")
    if not isinstance(role, str) or not isinstance(content, dict):
        report.skip(place, "a message without a role or a content that can be read")
        return None
    about = as_dict(message.get("metadata"))
    if role not in _SPEAKERS or about.get("is_visually_hidden_from_conversation") is True:
        report.leave_out(f"{role[:40]} message" if role not in _SPEAKERS else "hidden message")
        return None
    kind = content.get("content_type")
    if not isinstance(kind, str):
        report.skip(place, "a content without a type")
        return None
    if kind not in _TEXT_KINDS:
        report.leave_out(f"{kind[:40]} content")
        return None
    if "parts" in content and not isinstance(content["parts"], list):
        report.skip(place, f"parts is {type(content['parts']).__name__} where a list was expected")
        return None
    texts: list[str] = []
    attached: list[str] = []
    for part in [*as_list(content.get("parts")), content.get("text")]:
        text = part if isinstance(part, str) else as_dict(part).get("text")
        if isinstance(text, str):
            if text.strip():
                texts.append(text)
        elif part is not None:
            attached.append(str(as_dict(part).get("content_type", "other"))[:80])
    if not texts:
        report.leave_out("attachment without text" if attached else "blank text")
        return None
    return (
        role,
        "\n".join(texts),
        known(
            kind=kind,
            model=as_text(about.get("model_slug")),
            tool=as_text(author.get("name")),
            attached=attached[:100] or None,
        ),
    )
