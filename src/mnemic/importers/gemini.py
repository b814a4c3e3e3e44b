"""Gemini CLI sessions: ~/.gemini/tmp/<project>/chats/session-*, checkpoints and logs.json."""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnemic.agent.records import Row
from mnemic.agent.surroundings import own_words
from mnemic.importers.report import Report
from mnemic.importers.rows import as_dict, as_list, as_text, known, rows_of
from mnemic.importers.source import (
    BROKEN,
    begin,
    decoded,
    files_below,
    json_lines,
    parsed,
    relative,
    whole,
)
from mnemic.importers.times import Times

SOURCE = "gemini"
SUFFIXES = (".json", ".jsonl")
LOGS = "logs.json"
CHECKPOINT = "checkpoint"
_FILE_BYTES_MAX = 256 << 20
_SPEAKERS = {"user": "user", "gemini": "assistant", "model": "assistant"}
_CHAT_KEYS = frozenset(("sessionId", "projectHash"))


@dataclass(slots=True)
class _Reader:
    scope: str
    report: Report
    times: Times
    chats: set[str] = field(default_factory=set)
    seen: set[bytes] = field(default_factory=set)
    owners: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Talk:
    """One recorded session: its messages by id, in the order in which they first came."""

    about: dict[str, Any] = field(default_factory=dict)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    rewound: set[str] = field(default_factory=set)


def read(path: Path, *, scope: str, report: Report, zone: str | None = None) -> Iterator[Row]:
    """Rows of a session file, a checkpoint, logs.json, or of all of them below a folder.

    What the user and the model wrote, calls of tools and their results are kept; thoughts, notices
    and errors of the program are left out. What was rewound stays in its place, marked
    `rewound: true` in meta. logs.json holds what the user typed; of it only sessions without a
    chat are read.

    Args:
        path: the file or folder.
        scope: where the rows belong.
        report: filled while reading.
        zone: where times without an offset are read; None reads them in UTC, as the report states.

    Raises:
        ImportFailed: there is no such path.
    """
    times = begin(path, scope=scope, zone=zone, report=report)
    return _read(path, _Reader(scope, report, times))


def is_session(value: object) -> bool:
    """Whether a JSON value is a recorded session, or the first line of one."""
    return isinstance(value, dict) and value.keys() >= _CHAT_KEYS


def _read(path: Path, reader: _Reader) -> Iterator[Row]:
    later: list[Path] = []
    for file in files_below(path, SUFFIXES, reader.report):
        if file.name == LOGS:
            later.append(file)
            continue
        name = relative(file, path)
        if file.suffix.lower() == ".jsonl":
            yield from _recorded(_talk_of_lines(file, name, reader), file, name, reader)
        else:
            value = _whole(file, name, reader)
            if value is not BROKEN:
                yield from _document(value, file, name, reader, alone=file == path)
    for file in later:
        value = _whole(file, relative(file, path), reader)
        if value is not BROKEN:
            yield from _logs(value, relative(file, path), reader)


def _whole(file: Path, name: str, reader: _Reader) -> object:
    report = reader.report
    raw = whole(file, report, name, _FILE_BYTES_MAX)
    if raw is None or not raw.strip():
        return BROKEN
    return parsed(decoded(raw, report, name), report, name)


def _document(
    value: object, file: Path, name: str, reader: _Reader, *, alone: bool
) -> Iterator[Row]:
    if is_session(value):
        talk = _Talk(about=as_dict(value))
        for index, message in enumerate(as_list(as_dict(value).get("messages"))):
            _keep(talk, message, f"{name}.messages[{index}]", reader.report)
        yield from _recorded(talk, file, name, reader)
    elif file.name.startswith(CHECKPOINT):
        yield from _checkpoint(value, file, name, reader)
    elif alone and isinstance(value, list):
        yield from _logs(value, name, reader)
    elif alone:
        reader.report.skip(name, "neither a session, a checkpoint nor the log of Gemini CLI")
    else:
        reader.report.leave_out("JSON file that is no session")


def _talk_of_lines(file: Path, name: str, reader: _Reader) -> _Talk:
    """A session as its file tells it: each line a message, a change to what is known, a rewind."""
    talk = _Talk()
    for place, line in json_lines(file, reader.report, name):
        back = line.get("$rewindTo")
        change = line.get("$set")
        if isinstance(back, str):
            ids = list(talk.messages)
            talk.rewound.update(ids[ids.index(back) :] if back in talk.messages else ids)
        elif isinstance(change, dict):
            talk.about.update(change)
            for message in as_list(change.get("messages")):
                _keep(talk, message, place, reader.report)
        elif "id" in line:
            _keep(talk, line, place, reader.report)
        elif is_session(line):
            talk.about.update(line)
        else:
            reader.report.skip(place, "not a line of a Gemini CLI session")
    return talk


def _keep(talk: _Talk, message: object, place: str, report: Report) -> None:
    """Keeps a message; one that came before is replaced by what is now known of it.

    A session that is resumed tells its messages again with the time of that, and less of them: they
    keep the time and the calls that they had.
    """
    if not isinstance(message, dict):
        report.skip(place, f"{type(message).__name__} where a message was expected")
        return
    # Some versions wrote no ids; such messages only ever stand at their place.
    name = as_text(message.get("id")) or f"#{len(talk.messages)}"
    before = talk.messages.get(name, {})
    talk.messages[name] = {**before, **message, **known(timestamp=before.get("timestamp"))}
    talk.rewound.discard(name)


def _recorded(talk: _Talk, file: Path, name: str, reader: _Reader) -> Iterator[Row]:
    if not talk.messages:
        reader.report.leave_out("session without messages")
        return
    session = as_text(talk.about.get("sessionId")) or file.stem
    reader.chats.add(session)
    first = next(iter(talk.messages))
    # A session is written again when it is resumed, or in a newer form; its copies take the same
    # places. Another file that only shares the name gets a session of its own.
    if reader.owners.setdefault(session, first) != first:
        session = f"{session}:{file.stem}"
    numbers = itertools.count()
    shared = known(
        project=as_text(talk.about.get("projectHash")),
        sidechain=True if talk.about.get("kind") == "subagent" else None,
    )
    called = _called(talk)
    for id_, message in talk.messages.items():
        place = f"{name}:{id_[:80]}"
        said_at = reader.times.read(message.get("timestamp"), place)
        rewound = True if id_ in talk.rewound else None
        for speaker, text, extra in _said(message, called, place, reader.report):
            position = next(numbers)
            if _repeated(reader, session, id_, position, text):
                reader.report.leave_out("message that another file of the session has too")
                continue
            yield from rows_of(
                text,
                report=reader.report,
                scope=reader.scope,
                source=SOURCE,
                session=session,
                position=_from(position, numbers),
                speaker=speaker,
                ref=id_,
                said_at=said_at,
                meta={**shared, **extra, **known(rewound=rewound)},
            )


def _called(talk: _Talk) -> set[str]:
    """The ids of the calls whose answers stand with them."""
    calls = [
        as_dict(call)
        for message in talk.messages.values()
        for call in as_list(message.get("toolCalls"))
    ]
    return {id_ for call in calls if call.get("result") and (id_ := as_text(call.get("id")))}


def _from(first: int, numbers: Iterator[int]) -> Any:
    """Positions: the one at hand, then the next ones for the parts of a long text."""
    return functools.partial(next, itertools.chain((first,), numbers))


def _repeated(reader: _Reader, session: str, id_: str, position: int, text: str) -> bool:
    whole = json.dumps([session, id_, position, text])
    digest = hashlib.blake2b(whole.encode(), digest_size=16).digest()
    if digest in reader.seen:
        return True
    reader.seen.add(digest)
    return False


def _said(
    message: dict[str, Any], called: Collection[str], place: str, report: Report
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Speaker, text and meta of what a message holds."""
    kind = message.get("type")
    speaker = _SPEAKERS.get(kind) if isinstance(kind, str) else None
    if speaker is None:
        if isinstance(kind, str):
            report.leave_out(f"{kind[:40]} message")
        else:
            report.skip(place, "a message without a type")
        return
    content = message.get("content")
    answers = [part for part in as_list(content) if as_dict(part).get("functionResponse")]
    yield from _answered(answers, called, report)
    if answers:
        content = [part for part in as_list(content) if part not in answers]
    text = _own(content, report) if speaker == "user" else parts_text(content)
    calls = as_list(message.get("toolCalls"))
    if text.strip():
        yield speaker, text, known(kind="text", model=as_text(message.get("model")))
    elif not calls and not answers:
        report.leave_out("blank text")
    for call in calls:
        yield from _call(as_dict(call))


def _own(content: object, report: Report) -> str:
    """The user's text, part by part, without what the client put into it."""
    own = []
    for part in content if isinstance(content, list) else [content]:
        text = parts_text(part)
        own.append(own_words(text))
        if own[-1] != text:
            report.leave_out("instructions or environment")
    return "\n".join(text for text in own if text.strip())


def _answered(
    answers: Iterable[Any], called: Collection[str], report: Report
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What tools answered, where it was sent in a message of its own; calls mostly tell it too."""
    for part in answers:
        answer = as_dict(part["functionResponse"])
        id_ = as_text(answer.get("id"))
        text = parts_text(part)
        if id_ in called:
            report.leave_out("answer of a tool that its call has too")
        elif not text.strip():
            report.leave_out("empty tool result")
        else:
            meta = known(tool=as_text(answer.get("name")), tool_use_id=id_)
            yield "tool", text, {"kind": "tool_result", **meta}


def _call(call: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    tool = as_text(call.get("name")) or "tool"
    given = json.dumps(call.get("args"), ensure_ascii=False, separators=(",", ":"))
    meta = known(tool=tool, tool_use_id=as_text(call.get("id")), status=as_text(call.get("status")))
    yield "tool", f"{tool} {given}", {"kind": "tool_use", **meta}
    result = parts_text(call.get("result")) or as_text(call.get("resultDisplay")) or ""
    if result.strip():
        yield "tool", result, {"kind": "tool_result", **meta}


def parts_text(content: object) -> str:
    """The text of what the API calls a part or a list of parts; pictures and thoughts have none."""
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and not part.get("thought"):
            answer = as_dict(as_dict(part.get("functionResponse")).get("response"))
            told = part.get("text") or answer.get("output") or answer.get("error")
            if told is None and answer:
                told = json.dumps(answer, ensure_ascii=False)
            if isinstance(told, str):
                texts.append(told)
    return "\n".join(text for text in texts if text.strip())


def _checkpoint(value: object, file: Path, name: str, reader: _Reader) -> Iterator[Row]:
    """A conversation that the user saved under a name: turns without times."""
    history = value.get("history") if isinstance(value, dict) else value
    if not isinstance(history, list):
        reader.report.leave_out("checkpoint without a conversation")
        return
    session = f"{file.parent.name}:{file.stem}" if file.parent.name else file.stem
    numbers = itertools.count()
    for index, turn in enumerate(history):
        held = as_dict(turn)
        role = held.get("role")
        speaker = _SPEAKERS.get(role) if isinstance(role, str) else None
        if speaker is None:
            reader.report.skip(
                f"{name}[{index}]", "a turn that is neither the user's nor a model's"
            )
            continue
        parts = as_list(held.get("parts"))
        tools = [
            (as_text(call.get("name")) or "tool", call.get("args"))
            for part in parts
            if (call := as_dict(as_dict(part).get("functionCall")))
        ]
        answers = any(isinstance(part, dict) and "functionResponse" in part for part in parts)
        own = _own(parts, reader.report) if speaker == "user" and not answers else parts_text(parts)
        told = [("tool" if answers else speaker, own)]
        told += [
            ("tool", f"{tool} {json.dumps(given, ensure_ascii=False)}") for tool, given in tools
        ]
        for who, text in told:
            if text.strip():
                yield from rows_of(
                    text,
                    report=reader.report,
                    scope=reader.scope,
                    source=SOURCE,
                    session=session,
                    position=functools.partial(next, numbers),
                    speaker=who,
                    ref=file.name,
                    meta={"kind": "checkpoint"},
                )


def _logs(value: object, name: str, reader: _Reader) -> Iterator[Row]:
    if not isinstance(value, list):
        reader.report.skip(name, f"{type(value).__name__} where a list of messages was expected")
        return
    numbers: dict[str, itertools.count[int]] = {}
    for index, entry in enumerate(value):
        place = f"{name}[{index}]"
        held = as_dict(entry)
        session, text = as_text(held.get("sessionId")), as_text(held.get("message"))
        if session is None or text is None:
            reader.report.skip(place, "an entry without a session or a message")
            continue
        if session in reader.chats:
            reader.report.leave_out("log entry of a session that is read from its chat")
            continue
        yield from rows_of(
            text,
            report=reader.report,
            scope=reader.scope,
            source=SOURCE,
            session=f"{session}:log",
            position=functools.partial(next, numbers.setdefault(session, itertools.count())),
            speaker=_SPEAKERS.get(str(held.get("type"))),
            ref=session,
            said_at=reader.times.read(held.get("timestamp"), place),
            meta={"kind": "log"},
        )
