"""The time that a statement tells of, resolved against when it was said."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, tzinfo

from mnemic.agent.when.calendar import HOLIDAYS, MONTHS, SEASONS, WEEKDAYS
from mnemic.agent.when.compose import expression
from mnemic.agent.when.grammar import TEXT_CHARS_MAX, Found, Present, Toward, words_of
from mnemic.agent.when.tongues import TRIGGERS, rewrite
from mnemic.errors import InvalidTime
from mnemic.vocabulary import Span

_I = re.IGNORECASE
_TRIGGERS_MAX = 24
_REACH = 48
_WORDS = frozenset(
    (
        *("yesterday", "tomorrow", "tonight", "ago", "last", "this", "next", "previous", "weekend"),
        *MONTHS, *WEEKDAYS, *SEASONS, *(name.split()[0].split("'")[0] for name in HOLIDAYS),
        *("valentine", "valentines"),
        *(str(year) for year in range(1900, 2100)), *(f"{year}s" for year in range(1900, 2100, 10)),
    )
) - {"all", "the", "st.", "new", "palm", "good"} | {"year's", "patrick", "eve"}  # fmt: skip
_ANY = _WORDS | TRIGGERS
_TRIGGER = re.compile(r"\w+")
_START = re.compile(r"(?<![\w'’/.:-])(?=\w)")
_HABIT = re.compile(r"\b(?:every|each|per|any|whole|entire|most|for|until|till)\s+(?:the\s+)?$", _I)
_PAST = re.compile(
    r"\b(?:was|were|had|did|went|got|met|saw|bought|took|made|came|left|gave|ate|ran|won|lost|began|"
    r"found|felt|had|read|told|said|spent|wrote|drove|flew|swam|sang|taught|thought|been|\w{2,20}ed)\b",
    _I,
)
_FUTURE = re.compile(
    r"\b(?:will|going\s+to|gonna|planning|plan|plans|upcoming|scheduled|shall|won't|hope\s+to|"
    r"\w+['’]ll|i['’]m|we['’]re|appointment|deadline|due)\b",
    _I,
)
# "is getting married in September": the present progressive with a date is a plan.
_PLANNED = re.compile(r"\b(?:am|is|are)\s+\w{2,20}ing\b|['’](?:m|re)\s+\w{2,20}ing\b", _I)
_PASSIVE = re.compile(r"\b(?:getting|being)\s+\w{2,20}ed\b", _I)
# "signed up for a race on October 11", "got tickets for a concert": what is arranged lies ahead.
_ARRANGED = re.compile(
    r"\b(?:signed\s+up\s+for|registered\s+for|enrolled\s+(?:in|for)|booked|reserved|(?:invited|invitation)"
    r"\s+to|tickets?\s+(?:to|for))\s+\w",
    _I,
)
_YEARLY = re.compile(
    r"\b(?:born|birthdays?|anniversary|always|usually|often|every|normally|typically)\b", _I
)
_SENTENCE_END = re.compile(r"[.!?\n](?=\s|$)")


def tells_of(text: str, said_at: datetime) -> Span | None:
    """The first definite time in a text, in the zone of `said_at`; None if there is none.

    "I went yesterday" said on 8 May tells of 7 May. Open-ended, lasting and vague expressions
    ("before May", "in the last two years", "recently", "every Monday") are left alone, as are days
    and months without a year whose sentence does not show whether it looks back or ahead: a wrong
    time is worse than none.

    Args:
        text: the statement; its first 2,000 characters are looked at.
        said_at: what "yesterday" is relative to, aware.

    Raises:
        InvalidTime: `said_at` is naive.
    """
    zone = said_at.tzinfo
    if zone is None or said_at.utcoffset() is None:
        raise InvalidTime(f"said_at {said_at.isoformat()!r} has no time zone")
    text = text[:TEXT_CHARS_MAX]
    lowered = text.lower()
    words = words_of(lowered)
    if _ANY.isdisjoint(words):
        return None
    other = rewrite(text, words)
    if other is None:
        return _first(text, lowered, Present(said_at), zone)
    return _first(other.text, other.text.lower(), Present(said_at, day_first=True), zone)


def _first(text: str, lowered: str, at: Present, zone: tzinfo) -> Span | None:
    done = triggers = 0
    for word in _TRIGGER.finditer(lowered):
        if word[0] not in _WORDS:
            continue
        triggers += 1
        if triggers > _TRIGGERS_MAX:
            return None
        begin = max(done, word.start() - _REACH)
        sentence = _sentence(text, word.start())
        present = replace(at, toward=_toward(sentence))
        for start in _START.finditer(text, begin, word.end()):
            if start.start() < done or start.start() > word.start():
                continue
            found = expression(text, start.start(), present)
            if found is None:
                continue
            done = found.end
            if _definite(text, found, sentence):
                return found.days.span(zone)
        done = max(done, word.end())
    return None


def _sentence(text: str, at: int) -> str:
    """The words around a place, up to the ends of its sentence or 120 characters away."""
    head = _SENTENCE_END.split(text[max(0, at - 120) : at])[-1]
    return head + _SENTENCE_END.split(text[at : at + 120], maxsplit=1)[0]


def _toward(sentence: str) -> Toward:
    if _FUTURE.search(sentence):
        return "future"
    if _ARRANGED.search(sentence):
        return "arranged"
    if _PAST.search(_PASSIVE.sub("", sentence)):
        return "past"
    return "future" if _PLANNED.search(sentence) else "near"


def _definite(text: str, found: Found, sentence: str) -> bool:
    if found.relation or found.kind in ("rolling", "fiscal"):  # whose fiscal year is not known
        return False
    if _HABIT.search(text[max(0, found.start - 24) : found.start]):
        return False
    if re.match(r"(?:for|until|over)\b", text[found.start : found.start + 6], _I):
        return False
    if found.kind == "week" and found.vague:
        return False
    if found.dated or found.kind in ("", "unit", "year"):
        return True
    if _YEARLY.search(sentence):
        return False
    return found.kind == "day" or bool(
        _PAST.search(sentence) or _FUTURE.search(sentence) or _PLANNED.search(sentence)
    )
