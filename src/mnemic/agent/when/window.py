"""The span that a question asks for, on which clock, and how strictly."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from mnemic.agent.records import ClockName, Window
from mnemic.agent.when.grammar import TEXT_CHARS_MAX, Found, Present, expressions, span_of
from mnemic.agent.when.moments import zone_of

_SAID = re.compile(
    r"\b(?:did|do|does|have|has|had|was|were|are)\b[^?.!]{0,80}?\b(?:say|said|saying|tell|told|mention(?:ed)?|"
    r"ask(?:ed)?|write|wrote|written|discuss(?:ed)?|talk(?:ed|ing)?|chat(?:ted)?|speak|spoken|suggest(?:ed)?|"
    r"recommend(?:ed)?|promise[d]?|report(?:ed)?|explain(?:ed)?)\b"
    r"|\b(?:said|messages?|conversations?|chats?|discussions?|remarks?)\b",
    re.IGNORECASE,
)
_INGESTED = re.compile(r"\b(?:import(?:ed)?|ingest(?:ed)?|stored|added\s+to\s+memory)\b", re.IGNORECASE)
_HAPPENED = re.compile(
    r"\bwhat(?:\s+\w+){0,2}\s+happen(?:ed|s)?\b|\bwhat\s+(?:did|have|has)\s+\w+(?:\s+\w+)?\s+(?:do|done)\s+(?:on|in|last|this|yesterday|during|between|before|after|since)\b"
    r"|\bevents?\s+(?:in|on|of|from|during|between|last)\b|\bwhat\s+went\s+on\b",
    re.IGNORECASE,
)
_EVENT = re.compile(r"\b(?:did|was|were|went|had|happen(?:ed)?)\b", re.IGNORECASE)
# A span inside these words measures something else or is a habit.
_NOT_A_DATE = re.compile(
    r"(?:how\s+(?:many|long)[^?]{0,20}|\b(?:every|each|per|any|whole|entire)\s+|\bfor\s+(?:the\s+)?)$", re.IGNORECASE
)


def parse_window(query: str, now: datetime, zone: str | tzinfo) -> Window | None:
    """The window of time that a question asks for, or None where it names none.

    Args:
        query: the question; its first 2,000 characters are looked at.
        now: what "yesterday" is relative to, aware.
        zone: the asker's zone, in which days begin and end.

    Returns:
        A window that is hard where the wording is explicit about both the time and the clock ("what
        did I say in March"), else one that only prefers.
    """
    place = zone_of(zone)
    present = Present(now.astimezone(place))
    text = query[:TEXT_CHARS_MAX]
    found = _first(text, present)
    if found is None:
        return None
    clock, certain = _clock(text[: found.start] + " " + text[found.end :], text)
    return Window(
        span=span_of(found.days, place),
        clock=clock,
        hard=certain and not found.vague,
        phrase=text[found.start : found.end].strip(),
        zone=str(place),
    )


def _first(text: str, present: Present) -> Found | None:
    """The first expression that is not a measure or a habit."""
    for found in expressions(text, present):
        if found.days.end <= found.days.first:
            continue
        if not _NOT_A_DATE.search(text[max(0, found.start - 40) : found.start]):
            return found
    return None


def _clock(rest: str, text: str) -> tuple[ClockName | None, bool]:
    """The clock that the wording asks for, and whether it is plain enough to exclude."""
    if _INGESTED.search(rest):
        return "ingested", True
    if _HAPPENED.search(text):
        return "happened", True
    if _SAID.search(rest):
        return "said", True
    if _EVENT.search(rest):
        return "happened", False
    return None, False
