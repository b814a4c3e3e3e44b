"""Answers, read from a copy of what passes: whole JSON, or events while they stream."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mnemic.serve.proxy.shapes import Kind
from mnemic.serve.proxy.turns import Turn, turns_in

LINE_BYTES_MAX = 8 << 20
_ENDS = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said. `whole` is whether it said that it was done; `id` is the response's own."""

    turns: tuple[Turn, ...]
    whole: bool
    id: str | None = None
    read: bool = True


class Reader(Protocol):
    """Told of every piece of an answer; gives at any time what was said so far."""

    def feed(self, piece: bytes) -> None:
        """Takes the next piece."""

    def answer(self) -> Answer:
        """What was said so far."""


def reader_for(
    kind: Kind, status: int, content_type: str, packed: bool, bytes_max: int
) -> Reader | None:
    """Reads an answer of this form; None where there is nothing that could be read."""
    if status != 200 or packed:
        return None
    form = content_type.partition(";")[0].strip().lower()
    if form == "text/event-stream":
        return EventReader(kind, bytes_max)
    if form == "application/json":
        return WholeReader(kind, bytes_max)
    return None


class WholeReader:
    """Reads an answer that comes in one piece of JSON."""

    def __init__(self, kind: Kind, bytes_max: int) -> None:
        self._kind = kind
        self._left = bytes_max
        self._pieces = bytearray()

    def feed(self, piece: bytes) -> None:
        """Takes the next piece."""
        self._left -= len(piece)
        if self._left < 0:
            self._pieces.clear()
        else:
            self._pieces += piece

    def answer(self) -> Answer:
        """What was said; nothing before all of it is there."""
        try:
            value = json.loads(self._pieces) if self._pieces else None
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, Mapping):
            return Answer((), False, read=False)
        return _whole(self._kind, value)


def _whole(kind: Kind, value: Mapping[str, Any]) -> Answer:
    id_ = value.get("id") if isinstance(value.get("id"), str) else None
    if kind == "chat":
        first = next(
            (c for c in _list(value, "choices") if isinstance(c, Mapping) and not c.get("index")),
            {},
        )
        return Answer(_turns(first.get("message")), True, id_)
    if kind == "responses":
        turns = [turn for item in _list(value, "output") for turn in turns_in(item)]
        return Answer(tuple(turns), value.get("status") in (None, "completed"), id_)
    return Answer(_turns(value), True, id_)


class EventReader:
    """Reads an answer from server-sent events, wherever the pieces are cut."""

    def __init__(self, kind: Kind, bytes_max: int) -> None:
        self._events = Events()
        self._left = bytes_max
        self._take: _Taker = _TAKERS[kind]()

    def feed(self, piece: bytes) -> None:
        """Takes the next piece. What lies beyond the bound is not read."""
        if self._left <= 0:
            return
        self._left -= len(piece)
        for data in self._events.feed(piece):
            if data.strip() == b"[DONE]":
                self._take.whole = True
                continue
            try:
                value = json.loads(data)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, Mapping):
                self._take.take(value)

    def answer(self) -> Answer:
        """What was said so far."""
        turns = tuple(turn for item in self._take.items() for turn in turns_in(item))
        return Answer(turns, self._take.whole and self._left > 0, self._take.id)


class Events:
    """Server-sent events' data out of pieces cut anywhere."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of the events that a piece completes."""
        held = self._line.endswith(b"\r")
        self._line += piece
        if not held and b"\n" not in piece and b"\r" not in piece:
            if len(self._line) > LINE_BYTES_MAX:
                self._line.clear()
            return []
        cut = len(self._line) - 1 if self._line.endswith(b"\r") else len(self._line)
        lines = _ENDS.split(bytes(self._line[:cut]))  # a last CR may be half of a CRLF
        self._line = bytearray(lines.pop()) + self._line[cut:]
        return [data for line in lines if (data := self._take(line)) is not None]

    def _take(self, line: bytes) -> bytes | None:
        if not line:
            done, self._data, self._size = self._data, [], 0
            return b"\n".join(done) if done else None
        name, _, value = line.partition(b":")
        if name == b"data" and self._size + len(value) <= LINE_BYTES_MAX:
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
        return None


class _Taker(Protocol):
    """Puts together what events say."""

    whole: bool
    id: str | None

    def take(self, value: Mapping[str, Any]) -> None: ...

    def items(self) -> list[Any]: ...


class _Chat:
    """The first choice of a chat completion."""

    def __init__(self) -> None:
        self.whole = False
        self.id: str | None = None
        self._text: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}

    def take(self, value: Mapping[str, Any]) -> None:
        self.id = self.id or _text(value, "id")
        for choice in _list(value, "choices"):
            if not isinstance(choice, Mapping) or choice.get("index"):
                continue
            if choice.get("finish_reason"):
                self.whole = True
            delta = choice.get("delta")
            if isinstance(delta, Mapping):
                self._text.append(_text(delta, "content") or "")
                for call in _list(delta, "tool_calls"):
                    self._call(call)

    def _call(self, call: Any) -> None:
        named = call.get("function") if isinstance(call, Mapping) else None
        if not isinstance(named, Mapping):
            return
        at = call.get("index", 0)
        kept = self._calls.setdefault(at if isinstance(at, int) else 0, {"name": "", "args": []})
        kept["name"] += _text(named, "name") or ""
        kept["args"].append(_text(named, "arguments") or "")

    def items(self) -> list[Any]:
        calls = [
            {"function": {"name": call["name"], "arguments": "".join(call["args"])}}
            for _, call in sorted(self._calls.items())
        ]
        return [{"role": "assistant", "content": "".join(self._text), "tool_calls": calls}]


class _Responses:
    """The items of a response: as they were ended, or else what was said of them so far."""

    def __init__(self) -> None:
        self.whole = False
        self.id: str | None = None
        self._ended: dict[int, Any] = {}
        self._begun: dict[int, list[str]] = {}

    def take(self, value: Mapping[str, Any]) -> None:
        kind, at = value.get("type"), value.get("output_index")
        response = value.get("response")
        if isinstance(response, Mapping):
            self.id = self.id or _text(response, "id")
        if kind == "response.completed":
            self.whole = True
        if not isinstance(at, int):
            return
        if kind == "response.output_text.delta":
            self._begun.setdefault(at, []).append(_text(value, "delta") or "")
        elif kind == "response.output_item.done":
            self._ended[at] = value.get("item")

    def items(self) -> list[Any]:
        begun = {
            at: {"role": "assistant", "content": "".join(said)} for at, said in self._begun.items()
        }
        return [item for _, item in sorted({**begun, **self._ended}.items())]


class _Messages:
    """The blocks of a message of Anthropic's API."""

    def __init__(self) -> None:
        self.whole = False
        self.id: str | None = None
        self._blocks: dict[int, tuple[dict[str, Any], list[str]]] = {}

    def take(self, value: Mapping[str, Any]) -> None:
        kind, at = value.get("type"), value.get("index")
        message = value.get("message")
        if isinstance(message, Mapping):
            self.id = self.id or _text(message, "id")
        if kind == "message_stop":
            self.whole = True
        if not isinstance(at, int):
            return
        block, delta = value.get("content_block"), value.get("delta")
        if kind == "content_block_start" and isinstance(block, Mapping):
            self._blocks[at] = (dict(block), [_text(block, "text") or ""])
        elif kind == "content_block_delta" and isinstance(delta, Mapping) and at in self._blocks:
            said = _text(delta, "text") or _text(delta, "partial_json") or ""
            self._blocks[at][1].append(said)

    def items(self) -> list[Any]:
        content = [
            {**block, "input" if block.get("type") == "tool_use" else "text": "".join(said)}
            for _, (block, said) in sorted(self._blocks.items())
        ]
        return [{"role": "assistant", "content": content}]


_TAKERS: Mapping[Kind, type[_Taker]] = {
    "chat": _Chat, "responses": _Responses, "messages": _Messages
}  # fmt: skip


def _turns(message: Any) -> tuple[Turn, ...]:
    return tuple(turns_in(message))


def _list(value: Mapping[str, Any], name: str) -> list[Any]:
    found = value.get(name)
    return found if isinstance(found, list) else []


def _text(value: Mapping[str, Any], name: str) -> str | None:
    found = value.get(name)
    return found if isinstance(found, str) else None
