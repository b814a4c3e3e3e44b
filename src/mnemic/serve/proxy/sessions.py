"""Which conversation a request belongs to, by what the client says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnemic.agent.write.prepare import FIELD_CHARS_MAX
from mnemic.serve.proxy.shapes import Asked
from mnemic.serve.proxy.turns import Turn, turns_in

_NAMES = ("session_id", "conversation_id", "thread_id")
_HEADERS = ("thread-id", "session-id", "session_id", "conversation_id")
"""By which coding agents name a conversation to their own service, the narrowest first."""
_NAME_CHARS_MAX = 200


@dataclass(frozen=True, slots=True)
class Said:
    """A request's turns and what is known of their conversation.

    `session` is its name, if the client gives one; `user` sets conversations without a name apart;
    `before` is the response that this one follows. `upstream_keeps` is whether the upstream keeps the
    conversation, so that only what is new is sent. Turns from number `fresh` on are new in this
    request; those before it are what the client repeats of the conversation.
    """

    scope: str
    turns: tuple[Turn, ...]
    fresh: int
    session: str | None = None
    user: str | None = None
    before: str | None = None
    upstream_keeps: bool = False
    speaker: str = "user"


def said_of(
    asked: Asked, turns: tuple[Turn, ...], scope: str, headers: Mapping[str, str], tools: bool
) -> Said:
    """What a request says, and of which conversation it is.

    Args:
        asked: the request.
        turns: its turns.
        scope: where they are kept.
        headers: names in small letters.
        tools: whether calls of tools and their results count.
    """
    if not tools:
        turns = tuple(turn for turn in turns if turn.part in ("user", "assistant"))
    new = [number for number, turn in enumerate(turns) if turn.part in ("user", "result")]
    end = fresh = new[-1] + 1 if new else 0  # what an assistant is to go on with is no turn yet
    if _ends_without_words(asked, tools):
        end = fresh = len(turns)
    while fresh and turns[fresh - 1].part in ("user", "result"):
        fresh -= 1
    return Said(
        scope,
        turns[:end],
        fresh,
        _field(headers.get("x-mnemic-session")) or _named(asked) or _in_headers(headers, asked),
        _field(asked.value("user")),
        _field(asked.value("previous_response_id")),
        bool(asked.value("previous_response_id") or asked.value("conversation")),
        _field(headers.get("x-mnemic-speaker")) or "user",
    )


def _ends_without_words(asked: Asked, tools: bool) -> bool:
    """Whether the last message is for the model and counts for nothing: a picture, a client's reminder,
    a tool's empty answer, or any where tools do not count.
    """
    last = asked.items[-1].value if asked.items else None
    if not isinstance(last, Mapping) or last.get("role") == "assistant":
        return False
    if last.get("role") not in ("user", "tool", "function"):
        kind = last.get("type")
        if not isinstance(kind, str) or not kind.endswith("_call_output"):
            return False
    return not any(tools or turn.part == "user" for turn in turns_in(last))


def _in_headers(headers: Mapping[str, str], asked: Asked) -> str | None:
    """A name that another service was meant by: set apart from ours, and one user's from another's."""
    for header in _HEADERS:
        if (found := _field(headers.get(header))) and len(found) <= _NAME_CHARS_MAX:
            user = _field(asked.value("user"))
            return f"{header}:{found}" + (f":{user[:_NAME_CHARS_MAX]}" if user else "")
    return None


def _named(asked: Asked) -> str | None:
    metadata = asked.value("metadata")
    if isinstance(metadata, Mapping):
        for name in _NAMES:
            if found := _field(metadata.get(name)):
                return found
    conversation = asked.value("conversation")
    if isinstance(conversation, Mapping):
        conversation = conversation.get("id")
    return _field(conversation)


def _field(value: Any) -> str | None:
    """A text that an episode's field can hold."""
    if not isinstance(value, str) or not value.strip() or len(value) > FIELD_CHARS_MAX // 2:
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        return None
    return None if "\x00" in value else value.strip()
