"""When a clause says that it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from mnemic.agent.when import parse_window, tells_of
from mnemic.vocabulary import Span

_HINT = re.compile(
    r"\b(?:today|tonight|yesterday|tomorrow|morning|afternoon|evening|night|ago|last|next|this|since|"
    r"until|till|from|weekend|week|month|year|(?:1[89]|20)\d\d|\d{4}-\d\d|\d{1,2}/\d{1,2}|"
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|"
    r"fri(?:day)?|sat(?:urday)?|sun(?:day)?|christmas|easter|summer|winter|spring|autumn|fall)\b",
    re.IGNORECASE,
)
_TODAY = re.compile(r"\b(?:today|tonight|this\s+(?:morning|afternoon|evening))\b", re.IGNORECASE)
_SINCE = re.compile(r"(?:ever\s+)?since\b|starting\b|as\s+of\b", re.IGNORECASE)
_UNTIL = re.compile(r"(?:un)?till?\b|up\s+to\b", re.IGNORECASE)
_HABITUAL = re.compile(
    r"\b(?:every|each|(?:mon|tues|wednes|thurs|fri|satur|sun)days|mornings|evenings|afternoons|nights|weekends)\b",
    re.IGNORECASE,
)
_LONGEST = timedelta(days=800)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a clause says of time: a span it names, or only a beginning or an end; its words."""

    span: Span | None = None
    since: datetime | None = None
    until: datetime | None = None
    phrase: str = ""

    @property
    def said(self) -> bool:
        """Whether any time is named."""
        return bool(self.span or self.since or self.until)


_NONE = Bounds()


def bounds(text: str, said_at: datetime) -> Bounds:
    """The time that a clause names, as of when it was said."""
    if _HINT.search(text) is None or _HABITUAL.search(text):
        return _NONE
    window = parse_window(text, said_at, said_at.tzinfo or "UTC")
    phrase = window.phrase if window else ""
    if window is not None and _SINCE.match(phrase):
        return Bounds(since=window.span.start, phrase=phrase)
    if window is not None and _UNTIL.match(phrase):
        return Bounds(until=window.span.end, phrase=phrase)
    if window is not None and (window.span.start.year < 2 or window.span.end.year > 9000):
        return _NONE
    span = tells_of(text, said_at)
    if span is None and window is not None and _TODAY.search(phrase):
        span = window.span
    if span is None:
        return _NONE
    return Bounds(span=span, phrase=phrase)


def day_words(span: Span) -> str:
    """A span as dates: one day, or the first and the last one."""
    first = span.start.date()
    last = (span.end - timedelta(microseconds=1)).date()
    return first.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"


def short(span: Span) -> bool:
    """Whether a span is a time that an event can be dated by."""
    return span.end - span.start <= _LONGEST
