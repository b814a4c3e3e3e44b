"""Codex CLI sessions: ~/.codex/sessions/YYYY/MM/DD/rollout-….jsonl."""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mnemic.agent.records import Row
from mnemic.agent.surroundings import own_words
from mnemic.importers.report import Report
from mnemic.importers.rows import as_dict, as_list, as_text, known, rows_of
from mnemic.importers.source import begin, files_below, json_lines, relative
from mnemic.importers.times import Times

SOURCE = "codex"
_CALLS = ("function_call", "custom_tool_call", "local_shell_call", "web_search_call")
_OUTPUTS = ("function_call_output", "custom_tool_call_output", "local_shell_call_output")
_ITEMS = frozenset(("message", "reasoning", *_CALLS, *_OUTPUTS))
_EVENT_ROLES = {"user_message": "user", "agent_message": "assistant"}
_RULES = "# AGENTS.md instructions"


def read(path: Path, *, scope: str, report: Report, zone: str | None = None) -> Iterator[Row]:
    """Rows of a rollout file, or of every one below a folder.

    Codex writes most messages twice, as an item and as an event; each is read once. Reasoning,
    instructions and the description of the environment are left out.

    Args:
        path: the file or folder.
        scope: where the rows belong.
        report: filled while reading.
        zone: where times without an offset are read; None reads them in UTC, as the report states.

    Raises:
        ImportFailed: there is no such path.
    """
    times = begin(path, scope=scope, zone=zone, report=report)
    return _read(path, scope, report, times)


def _read(path: Path, scope: str, report: Report, times: Times) -> Iterator[Row]:
    owners: dict[str, str] = {}
    for file in files_below(path, (".jsonl",), report):
        yield from _file(file, relative(file, path), scope, report, times, owners)


def _file(
    file: Path,
    name: str,
    scope: str,
    report: Report,
    times: Times,
    owners: dict[str, str],
) -> Iterator[Row]:
    twice = _message_items(file, name)
    session: str | None = None
    context: dict[str, Any] = {}
    numbers = itertools.count()
    for place, line in json_lines(file, report, name):
        kind, payload = _record(line)
        if kind is None:
            if "record_type" in line:
                report.leave_out("state record")
                continue
            if as_text(line.get("id")) is None:
                report.skip(place, "no record type; not a line of a Codex rollout")
                continue
            kind, payload = "session_meta", line
        if kind == "session_meta":
            session = session or as_text(payload.get("id"))
            git = as_dict(payload.get("git"))
            context |= known(cwd=as_text(payload.get("cwd")), gitBranch=as_text(git.get("branch")))
            continue
        if kind == "turn_context":
            context |= known(cwd=as_text(payload.get("cwd")), model=as_text(payload.get("model")))
            continue
        if not isinstance(payload, dict):
            report.skip(place, f"payload is {type(payload).__name__} where an object was expected")
            continue
        found = _content(kind, payload, place, report, twice)
        if found is None:
            continue
        speaker, text, meta = found
        said_at = times.read(line.get("timestamp"), place)
        if said_at is None:
            report.note(place, "the record has no time")
        reference = as_text(payload.get("call_id")) or as_text(payload.get("id")) or place
        yield from rows_of(
            text,
            report=report,
            scope=scope,
            source=SOURCE,
            session=_owned(session or file.stem, name, owners),
            position=functools.partial(next, numbers),
            speaker=speaker,
            ref=reference,
            said_at=said_at,
            meta={**context, **meta},
        )


def _owned(session: str, name: str, owners: dict[str, str]) -> str:
    """The session's name for this file: its own where another file has the same session."""
    if owners.setdefault(session, name) == name:
        return session
    return f"{session}:{name.removesuffix('.jsonl')}"


def _record(line: dict[str, Any]) -> tuple[str | None, Any]:
    """A line's kind and payload; early versions wrote the items bare."""
    kind = line.get("type")
    if not isinstance(kind, str):
        return None, {}
    if "payload" in line:
        payload = line["payload"]
        if kind in ("session_meta", "turn_context"):
            return kind, as_dict(payload)
        return kind, payload
    if kind in _ITEMS:
        return "response_item", line
    return kind, line


def _message_items(file: Path, name: str) -> Counter[bytes]:
    """How often each message stands as an item, so that its events are recognised as doubles."""
    found: Counter[bytes] = Counter()
    for _, line in json_lines(file, Report(), name):
        kind, payload = _record(line)
        if kind != "response_item" or not isinstance(payload, dict):
            continue
        if payload.get("type") != "message":
            continue
        role = payload.get("role")
        if role not in ("user", "assistant"):
            continue
        texts = _texts(payload.get("content"), Report())
        own = [text for text in map(own_words, texts) if text]
        told = (*texts, "\n".join(texts), *own, "\n".join(own))
        found.update({_digest(role, text) for text in told})
    return found


def _digest(role: str, text: str) -> bytes:
    whole = json.dumps([role, text.strip()])
    return hashlib.blake2b(whole.encode(), digest_size=16).digest()


def _texts(content: object, report: Report) -> list[str]:
    if isinstance(content, str):
        return [content]
    texts: list[str] = []
    for block in as_list(content):
        text = block if isinstance(block, str) else as_dict(block).get("text")
        if isinstance(text, str):
            texts.append(text)
        else:
            report.leave_out(f"{str(as_dict(block).get('type', 'other'))[:40]} in a message")
    return texts


def _content(
    kind: str, payload: dict[str, Any], place: str, report: Report, twice: Counter[bytes]
) -> tuple[str, str, dict[str, Any]] | None:
    """Speaker, text and meta of a record; None where there is nothing to keep."""
    inner = payload.get("type")
    inner = inner if isinstance(inner, str) else "untyped"
    if kind == "event_msg":
        return _event(inner, payload, place, report, twice)
    if kind == "compacted":
        text = as_text(payload.get("message"))
        if text is None:
            report.leave_out("compaction without a summary")
            return None
        return "assistant", text, {"kind": "summary"}
    if kind != "response_item":
        report.leave_out(f"{kind[:40]} record")
        return None
    if inner == "message":
        return _message(payload, place, report)
    if inner in _CALLS:
        return _call(inner, payload)
    if inner in _OUTPUTS:
        text = _output(payload.get("output"), report)
        if not text.strip():
            report.leave_out("empty tool result")
            return None
        return "tool", text, known(kind="tool_result", call_id=as_text(payload.get("call_id")))
    report.leave_out(f"{inner[:40]} item")
    return None


def _event(
    inner: str, payload: dict[str, Any], place: str, report: Report, twice: Counter[bytes]
) -> tuple[str, str, dict[str, Any]] | None:
    role = _EVENT_ROLES.get(inner)
    if role is None:
        report.leave_out(f"{inner[:40]} event")
        return None
    text = payload.get("message")
    if not isinstance(text, str):
        report.skip(place, f"message is {type(text).__name__} where a string was expected")
        return None
    digest = _digest(role, text)
    if twice[digest] > 0:
        twice[digest] -= 1
        report.leave_out("event that repeats a message")
        return None
    return _said(role, text, report)


def _message(
    payload: dict[str, Any], place: str, report: Report
) -> tuple[str, str, dict[str, Any]] | None:
    role, content = payload.get("role"), payload.get("content")
    if not isinstance(role, str) or not isinstance(content, (str, list)):
        report.skip(place, "a message without a role or a content that can be read")
        return None
    if role not in ("user", "assistant"):
        report.leave_out(f"{role[:40]} message")
        return None
    texts = _texts(content, report)
    if role == "user":
        own = [own_words(text) for text in texts]
        if own != texts:
            report.leave_out("instructions or environment")
            texts = [text for text in own if text]
            if not texts:
                return None
    return _said(role, "\n".join(texts), report)


def _said(role: str, text: str, report: Report) -> tuple[str, str, dict[str, Any]] | None:
    bare = text.strip()
    if not bare:
        report.leave_out("blank text")
        return None
    if role == "user" and bare.startswith(_RULES):
        report.leave_out("instructions or environment")
        return None
    return role, text, {"kind": "text"}


def _call(inner: str, payload: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    tool = as_text(payload.get("name")) or inner.removesuffix("_call")
    if server := as_text(payload.get("namespace")):  # a tool of an MCP server, as mcp__mnemic
        tool = f"{server}__{tool}"
    given = next(
        (payload[key] for key in ("arguments", "input", "action") if payload.get(key) is not None),
        None,
    )
    if not isinstance(given, str):
        given = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
    meta = known(kind="tool_use", tool=tool, call_id=as_text(payload.get("call_id")))
    return "tool", f"{tool} {given}", meta


def _output(output: object, report: Report) -> str:
    if isinstance(output, str):
        return _unwrapped(output)
    if isinstance(output, dict):
        inner = output.get("content", output.get("output"))
        if isinstance(inner, str):
            return inner
        return "\n".join(_texts(inner, report))
    return "\n".join(_texts(output, report))


def _unwrapped(output: str) -> str:
    """The output itself where it is wrapped as {"output": …, "metadata": …}."""
    if not output.startswith('{"output"'):
        return output
    try:
        inner = as_dict(json.loads(output)).get("output")
    except (ValueError, RecursionError):
        return output
    return inner if isinstance(inner, str) else output
