"""Requests and answers → turns: who said what, in order, whatever the form of the API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

from mnemic.agent.surroundings import own_words
from mnemic.serve.proxy.ours import holds_block, without_ours
from mnemic.serve.proxy.shapes import Asked

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_KINDS_OF_TEXT = ("text", "input_text", "output_text")
PIECE_CHARS_MAX = 900_000

Part = Literal["user", "assistant", "call", "result"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said: by a person, by a model, to a tool, or by a tool."""

    part: Part
    text: str
    tool: str | None = None

    @property
    def known_by(self) -> str:
        """A digest that does not change with white space, which clients trim and JSON writers add."""
        said = f"{self.part}\n{('' if self.part == 'call' else ' ').join(self.text.split())}"
        return blake2b(said.encode(), digest_size=16).hexdigest()


def turns_of(asked: Asked) -> tuple[Turn, ...]:
    """The turns that a request carries; instructions, and what we or a client put in, are none."""
    if not asked.items:
        return tuple(_said("user", own_text(asked.value("input"))))
    turns: list[Turn] = []
    for item in asked.items:
        turns.extend(turns_in(item.value))
    return tuple(turns)


def turns_in(item: Any) -> Iterator[Turn]:
    """The turns of one message or item."""
    if not isinstance(item, Mapping):
        return
    kind, role = item.get("type"), item.get("role")
    if role in ("user", "assistant"):
        yield from _of_message(role, item)
    elif role in ("tool", "function"):
        yield from _said("result", text_in(item.get("content")), _name(item, "name"))
    elif isinstance(kind, str) and kind.endswith("_call_output"):
        yield from _said("result", text_in(item.get("output")))
    elif kind in ("function_call", "custom_tool_call"):
        yield from _called(item.get("name"), item.get("arguments", item.get("input")))


def _of_message(role: Literal["user", "assistant"], item: Mapping[str, Any]) -> Iterator[Turn]:
    content = item.get("content")
    for block in _maps(content):
        if block.get("type") == "tool_result":
            yield from _said("result", text_in(block.get("content")))
    yield from _said(role, own_text(content) if role == "user" else text_in(content))
    for block in _maps(content):
        if block.get("type") == "tool_use":
            yield from _called(block.get("name"), block.get("input"))
    for call in _maps(item.get("tool_calls")):
        named = call.get("function", call.get("custom"))
        if isinstance(named, Mapping):
            yield from _called(named.get("name"), named.get("arguments", named.get("input")))
    if isinstance(old := item.get("function_call"), Mapping):
        yield from _called(old.get("name"), old.get("arguments"))


def text_in(content: Any) -> str:
    """The text of a message's content, a string or a list of parts, without what we put in."""
    return "\n".join(text for text in map(without_ours, _texts(content)) if text)


def own_text(content: Any) -> str:
    """What a person says in a message: its text without what we, or their client, put in."""
    texts = (own_words(without_ours(text)) for text in _texts(content))
    return "\n".join(text for text in texts if text)


def _texts(content: Any) -> Iterable[str]:
    if isinstance(content, str):
        return (content,)
    return (
        part["text"]
        for part in _maps(content)
        if part.get("type") in _KINDS_OF_TEXT and isinstance(part.get("text"), str)
    )


def holds_ours(asked: Asked) -> bool:
    """Whether a block of memory stands in the request already, as from a proxy before us."""
    said = [part.value.get("content") for part in asked.items if isinstance(part.value, Mapping)]
    return any(map(_has_ours, (*said, asked.value("system"), asked.value("instructions"))))


def _has_ours(content: Any) -> bool:
    texts = [content] if isinstance(content, str) else [p.get("text") for p in _maps(content)]
    return any(isinstance(text, str) and holds_block(text) for text in texts)


def _said(part: Part, text: Any, tool: str | None = None) -> Iterator[Turn]:
    if not isinstance(text, str):
        return
    text = _UNSTORABLE.sub("\ufffd", text)
    for at in range(0, len(text), PIECE_CHARS_MAX):
        piece = text[at : at + PIECE_CHARS_MAX]
        if piece.strip():
            yield Turn(part, piece, tool)


def _called(name: Any, arguments: Any) -> Iterator[Turn]:
    if not isinstance(name, str):
        return
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else json.dumps(arguments, ensure_ascii=False)
    yield from _said("call", f"{name}({arguments})", name)


def _maps(values: Any) -> Iterable[Mapping[str, Any]]:
    if not isinstance(values, Sequence) or isinstance(values, str):
        return ()
    return [value for value in values if isinstance(value, Mapping)]


def _name(item: Mapping[str, Any], field: str) -> str | None:
    value = item.get(field)
    return value if isinstance(value, str) else None
