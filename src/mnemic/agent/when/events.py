"""Windows relative to something that happened: "the week after the move", "since I started".

`parse_event_window` reads which event is meant and how the window lies to it; who knows when the
event was makes a window of it with `resolve`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal

from mnemic.agent.records import ClockName, Window
from mnemic.agent.when import calendar as cal
from mnemic.agent.when.calendar import FIRST, LAST, Days
from mnemic.agent.when.compose import LENGTHS, beside, expression
from mnemic.agent.when.grammar import COUNT, UNIT, atom, number
from mnemic.agent.when.moments import zone_of
from mnemic.agent.when.window import Reading, read
from mnemic.vocabulary import Span

Relation = Literal["before", "after", "since", "until", "during"]

EVENT_CHARS_MAX = 80
_I = re.IGNORECASE
_OPENS = re.compile(
    f"\\b(?:(?:(?:in|during|over|on)\\s+)?(?P<the>the\\s+)?(?:{COUNT}\\s+)?{UNIT}\\s+"
    r"(?P<beside>before|after|following|of)|"
    r"(?P<open>before|after|following|since|until|till|during|prior\s+to|by\s+the\s+time(?:\s+of)?|"
    r"when|while))\s+",
    _I,
)
_RELATIONS: dict[str, Relation] = {
    "before": "before", "prior to": "before", "after": "after", "following": "after",
    "since": "since", "until": "until", "till": "until", "by the time": "until",
    "by the time of": "until", "during": "during", "when": "during", "while": "during",
    "of": "during",
}  # fmt: skip
# "look after the kids", "named after"
_NO_RELATION = re.compile(
    r"\b(?:look(?:s|ed|ing)?|nam(?:e|ed|ing)|ask(?:s|ed)|chas(?:e|ed|ing))\s+$", _I
)
_NO_EVENT = re.compile(
    r"(?:all\s+(?:this|that)|that|this|it|then|now|all|me|you|him|her|us|them|long|work|school|"
    r"lunch|dinner|breakfast|class|dark|bed|sleep|today|which|what|when|is|was|are|do|does|did|will|should|can|could|"
    r"would|I|we|he|she|they|and|or|the)?\W*$",
    _I,
)
_ASKS = re.compile(
    r"(?:did|do|does|was|were|is|are|am|will|would|can|could|shall|should|have|has|had)\b", _I
)
_ARTICLE = re.compile(r"(?:the|a|an|that|this)\s+", _I)
_CLAUSE = re.compile(r"(?:I|we|you|he|she|it|they|my|our|his|her|their)\s+\w+", _I)
_STOP = re.compile(r"[?!;:\n]|,|\.(?=\s|$)")
# Where the name of an event ends and the question goes on.
_GOES_ON = re.compile(
    r"\s+(?:about|regarding|concerning|did|do|does|was|were|is|are|have|has|had|can|could|will|"
    r"would|should|what|who|where|when|why|how|which|and\s+(?:what|who|where|when|why|how|which))\b",
    _I,
)
_ASKS_ON = re.compile(
    r"\s+(?:what|who|where|why|how|which)\s+(?:did|do|was|were|is|are|have|had)\b", _I
)
_ABOUT_ELSEWHERE = frozenset((
    "über", "sur", "sobre", "su", "sul", "sulla", "over", "acerca", "propos",
    "qué", "quoi", "was", "wat", "cosa",
))  # fmt: skip
_CONJUNCTIONS = re.compile(
    r"\b(?:bevor|nachdem|seitdem|als|avant qu|après qu|depuis qu|quand|antes de que|después de que|"
    r"desde que|cuando|antes que|depois que|quando|prima che|dopo che|da quando|voordat|nadat|toen)",
    _I,
)
_VERB_PIECES = frozenset(("spoken", "was", "happened", "imported", "that", "will", "and"))


@dataclass(frozen=True, slots=True)
class EventWindow:
    """A window beside an event that is named but not dated.

    Attributes:
        relation: how the window lies to the event.
        words: the event's words, as the question has them.
        start, end: the place of the whole expression in the question.
        unit: of "the week after"; "" where the window is open or the event itself.
        count: how many units, at least and at most.
        apart: "two weeks after": that day, rather than the weeks between.
        clock: the clock that the wording asks for, None where it leaves it open.
        certain: whether the wording is plain about the clock.
    """

    relation: Relation
    words: str
    start: int
    end: int
    unit: str = ""
    count: tuple[int, int] = (1, 1)
    apart: bool = False
    clock: ClockName | None = None
    certain: bool = False
    phrase: str = ""


def parse_event_window(query: str, now: datetime, zone: str | tzinfo) -> EventWindow | None:
    """The first window of a question that lies beside an event; None where there is none.

    What the grammar can date itself ("the week after Christmas") is left to `parse_window`.

    Args:
        query: the question; its first 2,000 characters are looked at.
        now: the present, aware.
        zone: the asker's zone.

    Raises:
        InvalidTime: as for `parse_window`.
    """
    reading = read(query, now, zone, day_first=False, fiscal_year_start_month=1)
    for match in _openings(reading):
        begin, end = _event(reading, match)
        words = reading.query[begin:end].strip(" ,.'’\"-")
        if _NO_EVENT.match(words) or len(words) < 3:
            continue
        beside_it = match["beside"]
        relation = _RELATIONS[" ".join((beside_it or match["open"]).lower().split())]
        unit = (match["unit"] or "").lower()
        if beside_it and unit not in LENGTHS:
            continue
        start = _place(reading, match.start())
        clock, certain = reading.clock(match.start(), _upto(reading, end))
        return EventWindow(
            relation, words, start, end, unit=unit,
            count=number(match["count"]) if match["count"] else (1, 1),
            apart=bool(match["count"]) and not match["the"], clock=clock, certain=certain,
            phrase=reading.query[start:end].strip(),
        )  # fmt: skip
    return None


def _openings(reading: Reading) -> Iterator[re.Match[str]]:
    """Places where a relation stands before something that the grammar cannot date."""
    text = reading.text
    at = 0
    while (match := _OPENS.search(text, at)) is not None:
        at = match.end()
        before = text[max(0, match.start() - 20) : match.start()]
        word = (match["beside"] or match["open"]).lower()
        if _NO_RELATION.search(before):
            continue
        if word == "of" and (match["count"] or not match["the"]):
            continue
        begin = match.end()
        if word in ("when", "while") and (
            not before.strip() or reading.other is not None or _ASKS.match(text, begin)
        ):
            continue  # "When did I …?", "since when do I …"
        article = _ARTICLE.match(text, begin)
        begin = article.end() if article else begin
        if atom(text, begin, reading.present) or expression(text, begin, reading.present):
            continue
        yield match


def _event(reading: Reading, match: re.Match[str]) -> tuple[int, int]:
    """Where in the question the event's words begin and end."""
    if reading.other is not None:
        return _event_elsewhere(reading, match)
    text, begin = reading.query, match.end()
    article = _ARTICLE.match(text, begin)
    begin = article.end() if article else begin
    stop = _STOP.search(text, begin)
    end = min(stop.start() if stop else len(text), begin + EVENT_CHARS_MAX)
    goes_on = _ASKS_ON if _CLAUSE.match(text, begin) else _GOES_ON
    if (more := goes_on.search(text, begin, end)) is not None:
        end = more.start()
    return begin, end


def _event_elsewhere(reading: Reading, match: re.Match[str]) -> tuple[int, int]:
    other = reading.other
    query = reading.query
    after = [place for place in other.places if place[0] >= match.end()] if other else []
    if other is None or not after:
        return len(query), len(query)
    begin = after[0][2]
    opening = query[_place(reading, match.start()) : begin]
    clause = _CONJUNCTIONS.search(opening) is not None
    end = begin
    for at, until, start, stop in after:
        word = other.text[at:until]
        if not word[0].isalnum() and word not in ("¤", "-", "'"):
            break
        if stop - begin > EVENT_CHARS_MAX:
            break
        about = query[start:stop].lower() in _ABOUT_ELSEWHERE
        if not clause and start > begin and (word in _VERB_PIECES or about):
            break
        end = stop
    return begin, end


def _place(reading: Reading, at: int) -> int:
    """Where a place of the text lies in the question."""
    return at if reading.other is None else reading.other.stood(at, len(reading.text))[0]


def _upto(reading: Reading, end: int) -> int:
    """Where a place of the question lies in the text."""
    if reading.other is None:
        return end
    before = [place[1] for place in reading.other.places if place[3] <= end]
    return before[-1] if before else 0


def resolve(
    event_window: EventWindow, event: Span, zone: str | tzinfo, *, certain: bool = False
) -> Window:
    """The window, now that the event is known.

    "Before" ends and "after" begins with the local days on which the event was; "since" and "until"
    take them in. An event that is known only by the moment at which it was told of (a span of a
    microsecond) lies at or before that moment, and what came after it is often told with it: then
    an open "after" takes the day in too.

    Args:
        event_window: what a question asks for.
        event: when the event was.
        zone: the asker's zone, in which days begin and end.
        certain: whether the event is surely the one that was meant; only then may the window be
            hard, and only where the wording asks plainly for a saying or a storing: what happened
            is often known only by when it was told of, and then two such times would be compared.

    Raises:
        InvalidTime: there is no such zone.
    """
    place = zone_of(zone)
    told_only = event.end - event.start <= timedelta(microseconds=1)
    if told_only and event_window.relation == "after" and not event_window.unit:
        event_window = replace(event_window, relation="since")
    days = _beside(event_window, _local_days(event, place))
    vague = event_window.apart and event_window.unit != "day"
    return Window(
        span=days.span(place),
        clock=event_window.clock,
        hard=certain and event_window.certain and event_window.clock != "happened" and not vague,
        phrase=event_window.phrase,
        zone=str(place),
    )


def _beside(asked: EventWindow, days: Days) -> Days:
    if asked.unit and asked.relation in ("before", "after"):
        side: Literal["before", "after"] = "before" if asked.relation == "before" else "after"
        return beside(days, asked.unit, asked.count, side, apart=asked.apart)
    if asked.relation == "before":
        return Days(FIRST, max(days.first, cal.shift(FIRST, 1)))
    if asked.relation == "after":
        return Days(min(days.end, cal.shift(LAST, -1)), LAST)
    if asked.relation == "since":
        return Days(days.first, LAST)
    if asked.relation == "until":
        return Days(FIRST, days.end)
    around = {"week": cal.week_of, "weekend": cal.weekend_of}.get(asked.unit)
    if around is not None:
        return around(days.first)
    if asked.unit == "month":
        return cal.months(days.first.year, days.first.month)
    if asked.unit == "year":
        return cal.years(days.first.year)
    return days


def _local_days(span: Span, zone: tzinfo) -> Days:
    """The local days that a span touches."""
    last = _local(cal.plus(span.end, -timedelta(microseconds=1)), zone)
    return Days(_local(span.start, zone), cal.shift(last, 1))


def _local(moment: datetime, zone: tzinfo) -> date:
    try:
        return moment.astimezone(zone).date()
    except OverflowError:
        return moment.date()
