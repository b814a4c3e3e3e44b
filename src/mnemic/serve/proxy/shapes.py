"""A request's JSON, read together with where each part of it stands, so that the rest stays as it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["chat", "responses", "messages"]

_WHITE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
_LISTS = {"chat": "messages", "responses": "input", "messages": "messages"}


@dataclass(frozen=True, slots=True)
class Part:
    """A value of JSON and where it stands in the text: text[start:end]."""

    value: Any
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its text, the parts of its object by name, and its messages or items."""

    kind: Kind
    text: str
    parts: dict[str, Part]
    items: tuple[Part, ...]

    def value(self, name: str) -> Any:
        """A field's value; None where there is none."""
        part = self.parts.get(name)
        return part.value if part else None


def read(kind: Kind, body: bytes) -> Asked | None:
    """A request's body with its places; None where it is nothing that we would touch.

    Not touched is what is no JSON object in UTF-8, names a field twice, or has no list of messages.
    """
    try:
        text = body.decode("utf-8")
        parts = parts_of(text, 0)
        listed = parts.get(_LISTS[kind])
        if listed is None:
            return None
        if isinstance(listed.value, str) and kind == "responses":
            return Asked(kind, text, parts, ())
        if not isinstance(listed.value, list):
            return None
        items = elements_of(text, listed.start)
    except (ValueError, RecursionError):
        return None
    return Asked(kind, text, parts, items) if items else None


def parts_of(text: str, at: int) -> dict[str, Part]:
    """The fields of the object that begins at a place.

    Raises:
        ValueError: there is no object, or it names a field twice.
        RecursionError: it is nested too deeply.
    """
    at, begun = _open(text, at, "{")
    parts: dict[str, Part] = {}
    while begun or not text.startswith("}", at):
        name, at = _DECODER.raw_decode(text, at if begun else _comma(text, at))
        if not isinstance(name, str) or name in parts:
            raise ValueError
        at = _white(text, at)
        if not text.startswith(":", at):
            raise ValueError
        start = _white(text, at + 1)
        value, end = _DECODER.raw_decode(text, start)
        parts[name] = Part(value, start, end)
        at, begun = _white(text, end), False
    return parts


def elements_of(text: str, at: int) -> tuple[Part, ...]:
    """The elements of the list that begins at a place.

    Raises:
        ValueError: there is no list.
        RecursionError: it is nested too deeply.
    """
    at, begun = _open(text, at, "[")
    parts: list[Part] = []
    while begun or not text.startswith("]", at):
        start = at if begun else _comma(text, at)
        value, end = _DECODER.raw_decode(text, start)
        parts.append(Part(value, start, end))
        at, begun = _white(text, end), False
    return tuple(parts)


def _open(text: str, at: int, bracket: str) -> tuple[int, bool]:
    """Where the first part begins, and whether there is one."""
    at = _white(text, at)
    if not text.startswith(bracket, at):
        raise ValueError
    at = _white(text, at + 1)
    return at, not text.startswith("}" if bracket == "{" else "]", at)


def _comma(text: str, at: int) -> int:
    if not text.startswith(",", at):
        raise ValueError
    return _white(text, at + 1)


def _white(text: str, at: int) -> int:
    found = _WHITE.match(text, at)
    return found.end() if found else at
