"""Changes to a JSON file as text: one member or element is put in or taken out, the rest stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mnemic.errors import InvalidInput

_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_DEPTH_MAX = 200
_TWICE = "it has a name twice on the way to {}"

Step = str | int


@dataclass(slots=True)
class _Node:
    """A value in the text: where it begins and ends, and what lies in it, each from its own start."""

    start: int
    end: int = 0
    children: dict[Step, tuple[int, _Node]] = field(default_factory=dict)


def value_at(text: str, path: Sequence[Step]) -> Any:
    """The value at a path; None where there is none.

    Raises:
        InvalidInput: the text is no JSON.
    """
    found = _parsed(text)
    for step in path:
        if isinstance(found, dict) and isinstance(step, str):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return None
    return found


def put(text: str, path: Sequence[Step], value: Any) -> str:
    """The text with a value at a path; objects on the way are made, what is there is replaced.

    An integer beyond the end of a list appends to it.

    Raises:
        InvalidInput: the text is no JSON, or something on the way is neither object nor list.
    """
    if not text.strip():
        text = "{}\n"
    _parsed(text)
    node, done = _nearest(text, path)
    if done == len(path):
        changed = text[: node.start] + _rendered(text, node, value) + text[node.end :]
    else:
        held = value
        for step in reversed(path[done + 1 :]):
            held = {step: held} if isinstance(step, str) else [held]
        changed = _inserted(text, node, path[done], held, path[:done])
    if not _is(changed, _with(_parsed(text), path, value)):
        raise InvalidInput(_TWICE.format(".".join(map(str, path))))
    return changed


def take(text: str, path: Sequence[Step]) -> str:
    """The text without the member or element at a path, and without the comma that went with it.

    Raises:
        InvalidInput: the text is no JSON.
    """
    _parsed(text)
    parent, done = _nearest(text, path[:-1])
    if not path or done != len(path) - 1 or path[-1] not in parent.children:
        return text
    changed = _without(text, parent, path[-1])
    wanted = _parsed(text)
    held = wanted
    for step in path[:-1]:
        held = held[step]
    del held[path[-1]]
    if not _is(changed, wanted):
        raise InvalidInput(_TWICE.format(".".join(map(str, path))))
    return changed


def _without(text: str, parent: _Node, step: Step) -> str:
    steps = list(parent.children)
    place = steps.index(step)
    start, node = parent.children[step]
    if len(steps) == 1:
        return text[: parent.start + 1] + text[parent.end - 1 :]
    if place == 0:
        return text[:start] + text[parent.children[steps[1]][0] :]
    return text[: parent.children[steps[place - 1]][1].end] + text[node.end :]


def _is(text: str, wanted: Any) -> bool:
    """Whether a text is JSON that holds just that."""
    try:
        return json.dumps(_parsed(text), sort_keys=True) == json.dumps(wanted, sort_keys=True)
    except InvalidInput:
        return False


def _with(value: Any, path: Sequence[Step], new: Any) -> Any:
    """A JSON value with another at a path."""
    if not path:
        return new
    step, below = path[0], path[1:]
    if isinstance(step, str):
        held = value if isinstance(value, dict) else {}
        return {**held, step: _with(held.get(step), below, new)}
    items = value if isinstance(value, list) else []
    inner = items[step] if step < len(items) else None
    return [*items[:step], _with(inner, below, new), *items[step + 1 :]]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"it is not plain JSON ({str(error)[:120]})") from None


def _nearest(text: str, path: Sequence[Step]) -> tuple[_Node, int]:
    """The deepest value on a path that is there, and how many steps lead to it."""
    node, _ = _scan(text, _after(text, 0), 0)
    for done, step in enumerate(path):
        if step not in node.children:
            return node, done
        node = node.children[step][1]
    return node, len(path)


def _scan(text: str, at: int, depth: int) -> tuple[_Node, int]:
    """The value at a place of a text that is known to be JSON, and where it ends."""
    if depth > _DEPTH_MAX:
        raise InvalidInput(f"it is nested more than {_DEPTH_MAX} deep")
    node = _Node(at)
    if text[at] in "{[":
        node.end = _scan_inside(text, node, depth)
    else:
        node.end = _DECODER.raw_decode(text, at)[1]
    return node, node.end


def _scan_inside(text: str, node: _Node, depth: int) -> int:
    object_ = text[node.start] == "{"
    at = _after(text, node.start + 1)
    while text[at] not in "}]":
        start, step = at, len(node.children)
        name: Step = step
        if object_:
            name, at = _DECODER.raw_decode(text, at)
            at = _after(text, _after(text, at) + 1)  # the colon
        child, at = _scan(text, at, depth + 1)
        node.children[name] = (start, child)
        at = _after(text, at)
        if text[at] == ",":
            at = _after(text, at + 1)
    return at + 1


def _after(text: str, at: int) -> int:
    return _BLANK.match(text, at).end()  # type: ignore[union-attr]


def _inserted(text: str, node: _Node, step: Step, value: Any, path: Sequence[Step]) -> str:
    opens = text[node.start]
    if (opens == "{") != isinstance(step, str) or opens not in "{[":
        where = ".".join(map(str, path)) or "the whole"
        kind = "an object" if isinstance(step, str) else "a list"
        raise InvalidInput(f"{where} is not {kind}")
    newline = "\r\n" if "\r\n" in text else "\n"
    unit = _unit(text)
    outer = _indent(text, node.start)
    if not node.children:
        inner = newline + outer + unit
        member = _member(step, value, unit, outer + unit, newline)
        return f"{text[: node.start + 1]}{inner}{member}{newline}{outer}{text[node.end - 1 :]}"
    first, _ = next(iter(node.children.values()))
    _, last = list(node.children.values())[-1]
    if "\n" in text[node.start : first]:
        inner = text[text.rfind("\n", 0, first) + 1 : first]
        member = _member(step, value, unit, inner, newline)
        return f"{text[: last.end]},{newline}{inner}{member}{text[last.end :]}"
    flat = json.dumps(value, ensure_ascii=False)
    member = f"{json.dumps(step)}: {flat}" if isinstance(step, str) else flat
    return f"{text[: last.end]}, {member}{text[last.end :]}"


def _rendered(text: str, node: _Node, value: Any) -> str:
    if "\n" not in text[node.start : node.end]:
        return json.dumps(value, ensure_ascii=False)
    newline = "\r\n" if "\r\n" in text else "\n"
    return _laid_out(value, _unit(text), _indent(text, node.start), newline)


def _member(step: Step, value: Any, unit: str, indent: str, newline: str) -> str:
    shown = _laid_out(value, unit, indent, newline)
    return f"{json.dumps(step)}: {shown}" if isinstance(step, str) else shown


def _laid_out(value: Any, unit: str, indent: str, newline: str) -> str:
    lines = json.dumps(value, ensure_ascii=False, indent=unit).split("\n")
    return (newline + indent).join(lines)


def _unit(text: str) -> str:
    """How the file indents: the white space before its first member."""
    found = re.search(r"\n([ \t]+)\S", text)
    return found.group(1) if found else "  "


def _indent(text: str, at: int) -> str:
    """The white space at the start of the line on which something stands."""
    begin = text.rfind("\n", 0, at) + 1
    return text[begin : _indent_end(text, begin)]


def _indent_end(text: str, begin: int) -> int:
    at = begin
    while at < len(text) and text[at] in " \t":
        at += 1
    return at
