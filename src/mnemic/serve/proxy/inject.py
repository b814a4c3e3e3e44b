"""Puts a block of memory into a request. Pure functions; every other character stays as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mnemic.serve.proxy.settings import Placed
from mnemic.serve.proxy.shapes import Asked, Part, elements_of, parts_of
from mnemic.serve.proxy.turns import holds_ours, own_text

QUERY_CHARS_MAX = 4_000
_RESULTS = ("tool", "function")


def query_of(asked: Asked) -> str | None:
    """What to ask memory: the user's last message. None where it asks for nothing.

    Nothing is asked after a tool's result, without a user's text, or if memory stands there already.
    """
    if holds_ours(asked):
        return None
    if not asked.items:
        said = own_text(asked.value("input"))
    else:
        last = last_user(asked)
        if last is None or continues(asked):
            return None
        said = own_text(asked.items[last].value.get("content"))
    text = said.replace("\x00", " ").strip()
    if len(text) > QUERY_CHARS_MAX:  # what is asked of a long text stands at its beginning or end
        text = f"{text[: QUERY_CHARS_MAX // 4]}\n{text[-QUERY_CHARS_MAX * 3 // 4 :]}"
    try:
        text.encode()
    except UnicodeEncodeError:
        return None
    return text or None


def last_user(asked: Asked) -> int | None:
    """The number of the user's last message; results of tools are not the user's.

    Of those that come one after the other it is the last one with words of their own.
    """
    last = None
    for number in range(len(asked.items) - 1, -1, -1):
        item = asked.items[number].value
        if not isinstance(item, Mapping) or item.get("role") != "user" or _is_result(item):
            if last is not None:
                break
            continue
        last = number if last is None else last
        if own_text(item.get("content")).strip():
            return number
    return last


def continues(asked: Asked) -> bool:
    """Whether the model is to go on after a tool's result rather than to answer the user."""
    last = last_user(asked)
    return any(_is_result(part.value) for part in asked.items[0 if last is None else last + 1 :])


def inject(asked: Asked, block: str, place: Placed = "before") -> bytes | None:
    """The request's body with the block in it; None where a message has no plain form.

    Args:
        asked: a request for which `query_of` gave a query.
        block: memory as text.
        place: as in the settings.
    """
    try:
        done = _into_system(asked, block) if place == "system" else None
        return (done or _before_user(asked, block)).encode()
    except ValueError:  # such as a message that names its content twice
        return None


def _before_user(asked: Asked, block: str) -> str:
    text = asked.text
    if not asked.items:  # a single text becomes a list of two messages
        said = asked.parts["input"]
        head = f'[{{"role":"developer","content":{_json(block)}}},{{"role":"user","content":'
        return f"{text[: said.start]}{head}{text[said.start : said.end]}}}]{text[said.end :]}"
    last = last_user(asked)
    user = asked.items[-1 if last is None else last]
    if asked.kind == "messages":  # has no system messages among the others
        return _into_content(text, user, block)
    role = _role(asked)
    return _put(text, user.start, f'{{"role":{_json(role)},"content":{_json(block)}}},')


def _into_content(text: str, message: Part, block: str) -> str:
    """The block as a text of its own before what the message says."""
    content = parts_of(text, message.start)["content"]
    mine = f'{{"type":"text","text":{_json(block)}}}'
    if isinstance(content.value, str):
        said = text[content.start : content.end]
        whole = f'[{mine},{{"type":"text","text":{said}}}]'
        return text[: content.start] + whole + text[content.end :]
    return _put(text, content.start + 1, f"{mine}," if content.value else mine)


def _into_system(asked: Asked, block: str) -> str | None:
    """The block behind the instructions; None where they have no form that could take it."""
    text = asked.text
    if asked.kind != "chat":
        name = "instructions" if asked.kind == "responses" else "system"
        there = asked.parts.get(name)
        if there is None:
            return _put(text, text.index("{") + 1, f'"{name}":{_json(block)},')
        return _behind(text, there, block)
    for part in asked.items:
        if isinstance(part.value, Mapping) and part.value.get("role") in ("system", "developer"):
            content = parts_of(text, part.start).get("content")
            return _behind(text, content, block) if content else None
    return _put(text, asked.items[0].start, f'{{"role":"system","content":{_json(block)}}},')


def _behind(text: str, content: Part, block: str) -> str | None:
    if isinstance(content.value, str):
        return _put(text, content.end - 1, _json("\n\n" + block)[1:-1])
    if isinstance(content.value, list):
        mine = f'{{"type":"text","text":{_json(block)}}}'
        parts = elements_of(text, content.start)
        return _put(text, parts[-1].end, f",{mine}") if parts else None
    return None


def _role(asked: Asked) -> str:
    """How this client names its instructions."""
    roles = [part.value.get("role") for part in asked.items if isinstance(part.value, Mapping)]
    if asked.kind == "responses":
        return "system" if "system" in roles and "developer" not in roles else "developer"
    return "developer" if "developer" in roles and "system" not in roles else "system"


def _is_result(item: Any) -> bool:
    if not isinstance(item, Mapping):
        return False
    kind, content = item.get("type"), item.get("content")
    if item.get("role") in _RESULTS or (isinstance(kind, str) and kind.endswith("_output")):
        return True
    return isinstance(content, list) and any(
        isinstance(block, Mapping) and block.get("type") == "tool_result" for block in content
    )


def _put(text: str, at: int, more: str) -> str:
    return text[:at] + more + text[at:]


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
