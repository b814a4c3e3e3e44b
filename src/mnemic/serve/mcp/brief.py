"""What a session should know when it begins: facts, lessons, the last session, what else may matter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mnemic.agent.recall.context import count_tokens
from mnemic.errors import UnknownScope
from mnemic.serve.mcp.caller import Caller
from mnemic.serve.mcp.shown import UNLIKELY, day, delimited, fact, harmless, line
from mnemic.serve.objects import episode_object
from mnemic.serve.operations import OPERATIONS, carry_out

if TYPE_CHECKING:
    from mnemic.agent.memory import Memory

BUDGET_TOKENS = 1_500
_FRAME_TOKENS = 120
_LAST_MESSAGES = 6
_LOOKED_AT = 60
_NEWEST = 5
_CONFIDENT = 0.5


def brief(
    memory: Memory,
    caller: Caller,
    *,
    about: str | None = None,
    budget_tokens: int = BUDGET_TOKENS,
    but_session: str | None = None,
) -> str | None:
    """What memory holds that a new session should begin with; None where it holds nothing.

    Args:
        memory: the memory.
        caller: whose scope is looked at.
        about: what the session is about; None shows what is newest beside sessions.
        budget_tokens: how long it may be.
        but_session: a session that is going on, whose own words need not be told to it.
    """
    scope = caller.reads
    left = max(budget_tokens - _FRAME_TOKENS, 0)
    try:
        facts = _facts(memory, caller)
        sessions = _sessions(memory, caller, but_session)
        (last, words), earlier = (sessions or [("", [])])[0], sessions[1:]
        if about:
            beside = ("Perhaps relevant", _else(memory, caller, about, but_session))
        else:
            alone = map(episode_object, memory.latest_alone(scope=scope, limit=_NEWEST))
            beside = ("Newest beside sessions", _told(alone))
        parts = (
            (0.25, "What is held to be true", facts),
            (0.2, "Lessons", _lessons(memory, caller)),
            (0.25, f"Last session, {last}", words),
            (0.2, *beside),
            (
                0.1,
                "Sessions before",
                [f"- {when}: {said[0][2:202]}" for when, said in earlier[:20]],
            ),
        )
    except UnknownScope:
        return None
    body = []
    seen: set[str] = set()
    spare = 0
    for share, title, lines in parts:
        room = int(left * share) + spare
        kept, used = _fit(title, lines, room, seen)
        spare = room - used
        body += kept
    if not body:
        return None
    text = "\n".join(body)
    return f"From earlier sessions, scope {scope} (Mnemic).\n{delimited(text)}"


def _fit(title: str, lines: Iterable[str], room: int, seen: set[str]) -> tuple[list[str], int]:
    """The lines that fit, under their title, and the tokens they take."""
    kept, used = [title], count_tokens(title)
    for one in lines:
        cost = count_tokens(one) + 1
        if one in seen or used + cost > room:
            continue
        seen.add(one)
        kept.append(one)
        used += cost
    return (kept, used) if len(kept) > 1 else ([], 0)


def _ask(memory: Memory, caller: Caller, name: str, **asked: Any) -> dict[str, Any]:
    operation = OPERATIONS[name]
    request = operation.request.model_validate({"scope": caller.reads, **asked})
    return carry_out(operation, memory, request, caller.access)


def _facts(memory: Memory, caller: Caller) -> list[str]:
    found = _ask(memory, caller, "profile", min_confidence=_CONFIDENT)["subjects"]
    facts = [one for subject in found for one in (*subject["recent"], *subject["static"])]
    facts.sort(key=lambda one: one["confidence"], reverse=True)
    return list(dict.fromkeys(fact(one) for one in facts[:_LOOKED_AT]))


def _lessons(memory: Memory, caller: Caller) -> list[str]:
    found = _ask(memory, caller, "lessons")["lessons"]
    return [
        f"- when {line(one['trigger'], 200)}: {line(one['action'], 300)} ({day(one['said_at'])})"
        for one in found[:20]
    ]


def _sessions(memory: Memory, caller: Caller, but: str | None) -> list[tuple[str, list[str]]]:
    """What went on in sessions, latest first: when, and its summary or, without one, its last words."""
    summed = [one for one in _ask(memory, caller, "summaries")["summaries"] if one["key"] != but]
    keys = {one["key"] for one in summed}
    found = [(one["end"], [f"- {line(one['text'], 600)}"]) for one in summed]
    turns = memory.latest_turns(scope=caller.reads, limit=_LAST_MESSAGES, but=but)
    if turns and turns[0].session not in keys:
        said = [
            f"- {line(one.speaker or '?', 40)}: {line(one.text, 300)}" for one in reversed(turns)
        ]
        found.append((turns[0].said_at, said))
    found.sort(key=lambda one: one[0], reverse=True)
    return [(day(end), lines) for end, lines in found]


def _else(memory: Memory, caller: Caller, about: str, but: str | None) -> list[str]:
    found = _ask(memory, caller, "recall", query=about[:1_000], k=20)
    return _told(
        one
        for one in found["hits"]
        if (one.get("session") != but or but is None) and one["relevance"] >= UNLIKELY
    )


def _told(episodes: Iterable[dict[str, Any]]) -> list[str]:
    return [
        f"- {day(one.get('said_at'))} {line(one.get('speaker') or '?', 40)}: "
        f"{line(harmless(one['text']), 300)} (id {one['id'][:12]})"
        for one in episodes
    ]
