"""The span that a question asks for, on which clock, and how strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo

from mnemic.agent.records import ClockName, Window
from mnemic.agent.when.compose import expressions
from mnemic.agent.when.grammar import TEXT_CHARS_MAX, Found, Present, words_of
from mnemic.agent.when.moments import zone_of
from mnemic.agent.when.tongues import Rewritten, rewrite
from mnemic.errors import InvalidTime

_I = re.IGNORECASE
_SAID = re.compile(
    r"\b(?:(?P<bare>say|tell|mention|ask|write|discuss|talk|chat|speak|message|suggest|recommend|"
    r"promise|explain)|said|saying|says|told|telling|mention(?:ed|s)|ask(?:ed|ing)|wrote|written|"
    r"discuss(?:ed|ing)|talk(?:ed|ing)|chat(?:s|ted|ting)|spoke|spoken|messaged|messages|"
    r"conversations?|discussions?|remarks?|suggested|recommended|promised|explained)\b",
    _I,
)
# A bare form tells of a saying after "did I"; else it is a request ("tell me") or a noun ("the talk
# show").
_DID = re.compile(r"\b(?:did|didn['’]t|does|do|don['’]t)(?:\s+[\w'’]+){1,5}\s+$", _I)
_INGESTED = re.compile(
    r"\bingest(?:ed)?\b|\badded\s+to\s+(?:the\s+|your\s+|my\s+)?memory\b|"
    r"\b(?:what|which|everything|anything)\s+(?:\w+\s+){0,2}import(?:ed)?\b|"
    r"\b(?:episodes?|memories|messages?|chats?|notes?|files?|"
    r"transcripts?|conversations?|documents?|records?)\s+(?:\w+\s+){0,2}(?:imported|stored)\b",
    _I,
)
_EVENT = re.compile(
    r"\b(?:did|do|done|was|were|went|go|going|gone|had|have|happen(?:ed|s)?|visit|met|saw|bought|got|"
    r"made|took|came|left|began|won|lost|read|ate|events?|\w{2,20}ed)\b",
    _I,
)
# Ends right where the window begins: the question literally asks for what happened then.
_HAPPENED_PLAIN = re.compile(
    r"(?:\bwhat(?:\s+\w+){0,2}\s+happen(?:ed|s)?|\bwhat\s+(?:did|have|has)\s+\w+(?:\s+\w+)?\s+"
    r"(?:do|done)|\bevents|\bwhat\s+went\s+on|\banything\s+happen(?:ed)?)"
    r"(?:\s+(?:to|with)(?:\s+(?!(?:I|we|he|she|they|it|that|who|which|when|where|was|were|is)\b)[\w'’]+)"
    r"{1,4})?[\s,]*$",
    _I,
)
# Between "say" and the window: nothing but whom to, so that the window is that of the saying.
_TO_WHOM = re.compile(
    r"(?:\s+(?:to|with|me|us|you|him|her|them|it|this|that|anything|something|about|my|our|your|"
    r"sent|written|I|we|have|had|had\s+with)\b){0,4}[\s,]*$",
    _I,
)
_CLAUSE = re.compile(
    r"\b(?:I|we|he|she|they|it|that|who|which|when|where|was|were|went|\w{2,20}ed|happen)\b", _I
)
# "In March, what did I say": the window opens the question.
_OPENING = re.compile(
    r"[\s,]*(?:what|which|who|whom|where|how|why|did|do|have|has|had|was|were)\b", _I
)
_NOT_OF_SAYING = re.compile(r",|\bthat\b")
_FUTURE = re.compile(
    r"\b(?:will|going\s+to|planned|plans?|upcoming|scheduled|due|shall|won't|\w+['’]ll)\b", _I
)
_LOOKS_BACK = re.compile(
    r"\b(?:did|spoken|was|were|had|have|said|told|mentioned|discussed|wrote|talked|happened)\b", _I
)
# A span after these words measures something, or is a habit.
_NOT_A_DATE = re.compile(
    r"(?:\bhow\s+(?:many(?!\s+times)|long)[^?]{0,12}|\b(?:every|each|per|any|whole|entire|most)\s+)$",
    _I,
)


def parse_window(
    query: str,
    now: datetime,
    zone: str | tzinfo,
    *,
    day_first: bool = False,
    fiscal_year_start_month: int = 1,
) -> Window | None:
    """The window of time that a question asks for, or None where it names none.

    Args:
        query: the question; its first 2,000 characters are looked at.
        now: what "yesterday" is relative to, aware.
        zone: the asker's zone, in which days begin and end.
        day_first: whether 05/07/2024 is July 5 rather than May 7; in other languages it always is.
        fiscal_year_start_month: 1 to 12; where it is not 1, a fiscal year is named by its end.

    Returns:
        A window that is hard where the wording is explicit about both the time and the clock ("what
        did I say in March"), else one that only prefers.

    Raises:
        InvalidTime: `now` is naive, or there is no such zone.
    """
    reading = read(query, now, zone, day_first, fiscal_year_start_month)
    found = _first(reading.text, reading.present)
    if found is None:
        return None
    clock, certain = reading.clock(found.start, found.end)
    return Window(
        span=found.days.span(reading.zone),
        clock=clock,
        hard=certain and not found.vague,
        phrase=reading.original(found.start, found.end),
        zone=str(reading.zone),
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as the grammar reads it: in its words, with the present and the zone."""

    query: str
    text: str
    present: Present
    zone: tzinfo
    other: Rewritten | None

    def original(self, start: int, end: int) -> str:
        """The question's own words for a stretch of the text."""
        if self.other is not None:
            start, end = self.other.stood(start, end)
        return self.query[start:end].strip()

    def clock(self, start: int, end: int) -> tuple[ClockName | None, bool]:
        """The clock that the words beside a stretch ask for, and whether they are plain."""
        before, after = self.text[:start], self.text[end:]
        return _clock(before, after) if self.other is None else _clock_elsewhere(before, after)


def read(
    query: str, now: datetime, zone: str | tzinfo, day_first: bool, fiscal_year_start_month: int
) -> Reading:
    """A question made ready for the grammar; the arguments are those of `parse_window`.

    Raises:
        InvalidTime: `now` is naive, there is no such zone, or no such month.
    """
    place = zone_of(zone)
    if now.tzinfo is None or now.utcoffset() is None:
        raise InvalidTime(f"now {now.isoformat()!r} has no time zone; add one, e.g. '+00:00'")
    if fiscal_year_start_month not in range(1, 13):
        raise InvalidTime(
            f"fiscal_year_start_month is {fiscal_year_start_month!r}; pass a month from 1 to 12"
        )
    try:
        moment = now.astimezone(place)
    except OverflowError:
        moment = now
    query = query[:TEXT_CHARS_MAX]
    other = rewrite(query, words_of(query.lower()))
    text = query if other is None else other.text
    ahead = _FUTURE.search(text) is not None and _LOOKS_BACK.search(text) is None
    present = Present(
        moment,
        "future" if ahead else "past",
        day_first=day_first or other is not None,
        fiscal_start=fiscal_year_start_month,
    )
    return Reading(query, text, present, place, other)


def _first(text: str, present: Present) -> Found | None:
    """The first expression that is not a measure or a habit."""
    for found in expressions(text, present):
        if not _NOT_A_DATE.search(text[max(0, found.start - 40) : found.start]):
            return found
    return None


def _clock_elsewhere(before: str, after: str) -> tuple[ClockName | None, bool]:
    """As `_clock`, of a text that was rewritten, where little but words of time is left."""
    rest = before + " " + after
    said = rest.find("spoken")
    if said < 0:
        if "imported" in rest:
            return "ingested", True
        return ("happened", True) if "happened" in rest else (None, False)
    if not before.strip(" ,¿¡"):
        return "said", True  # "In March, what did she say …"
    between = before[said:] if said < len(before) else after[: said - len(before)]
    # "what did she say that she read in March", "the book, which … in March, …"
    return (None, False) if _NOT_OF_SAYING.search(between) else ("said", True)


def _clock(before: str, after: str) -> tuple[ClockName | None, bool]:
    """The clock that the wording asks for, and whether it is plain enough to exclude."""
    rest = before + " " + after
    if _INGESTED.search(rest):
        return "ingested", True
    said = _last_said(before)
    if said is not None:
        gap = before[said.end() :]
        if _TO_WHOM.match(gap):
            return "said", True
        return (None, False) if _CLAUSE.search(gap) else ("said", True)
    if _HAPPENED_PLAIN.search(before[-80:]):
        return "happened", True
    if _last_said(after, before) is not None:
        opens = not before.strip() and _OPENING.match(after) is not None
        return "said", opens
    return ("happened", False) if _EVENT.search(rest) else (None, False)


def _last_said(text: str, before: str = "") -> re.Match[str] | None:
    """The last words in a text that tell of a saying; `before` is what comes ahead of the text."""
    last = None
    for said in _SAID.finditer(text):
        if said["bare"] is None or _DID.search(before + text[: said.start()]):
            last = said
    return last
