"""Expressions of expressions: between A and B, before A, early A, the week after A, A at 3 pm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Literal

from mnemic.agent.when import absolute, periods, relative  # the rules register themselves
from mnemic.agent.when import calendar as cal
from mnemic.agent.when.calendar import FIRST, LAST, Days
from mnemic.agent.when.grammar import (
    COUNT,
    ORDINALS,
    PART,
    TEXT_CHARS_MAX,
    UNIT,
    WEEKDAY,
    Found,
    Present,
    any_of,
    atom,
    number,
)
from mnemic.agent.when.relative import narrowed, which_unit

_REGISTERED = (absolute, periods, relative)
_I = re.IGNORECASE
_BETWEEN = re.compile(r"(?P<open>between|from)\s+(?:the\s+)?", _I)
_JOINS = re.compile(r"\s*(?:and|to|until|till|through|-|–)\s+(?:the\s+)?", _I)
_RELATION = re.compile(
    r"(?P<word>before|after|since|until|till|by|prior\s+to|up\s+(?:to|until)|"
    r"(?:no|not)\s+(?:later|earlier)\s+than)\s+(?P<the>the\s+)?",
    _I,
)
_ON = re.compile(r"\s+(?:onwards?\b|on\s*(?=[?.!,;]|$))", _I)
_UP_TO = re.compile(r"[\s,]*(?:(?:and|but)\s+)?(?=(?:until|till|before|up|no|not|by)\s)", _I)
_NEXT_TO = re.compile(
    f"(?:(?:in|during|over)\\s+)?(?P<the>the\\s+)?(?:{COUNT}\\s+)?{UNIT}\\s+"
    r"(?P<side>before|after|of|following)\s+(?:the\s+)?",
    _I,
)
_EDGE = re.compile(
    r"(?:(?:in|at|around|towards?|by|during)\s+)?(?:the\s+)?(?:very\s+)?(?P<edge>early|mid|late|"
    r"beginning|start|middle|end|first\s+half|second\s+half)(?:\s*-\s*|\s+)(?:of\s+|in\s+)?",
    _I,
)
_THE_UNIT = re.compile(r"(?:the|this)\s+(?P<unit>week|month|quarter|year|decade)(?!\w)", _I)
_NTH_UNIT = re.compile(
    f"(?:(?:in|during|on|over)\\s+)?(?:the\\s+)?(?P<nth>{any_of(ORDINALS)})\\s+"
    r"(?P<unit>week|weekend|day|month)\s+(?:of|in)\s+",
    _I,
)
_NTH_WEEKDAY = re.compile(
    f"(?:on\\s+)?(?:the\\s+)?(?P<nth>{any_of(ORDINALS)})\\s+{WEEKDAY}\\s+(?:of|in)\\s+", _I
)
_PART_BEFORE = re.compile(
    f"(?:(?:on|in)\\s+)?the\\s+{PART}\\s+(?P<side>before|after)\\s+(?:the\\s+)?", _I
)
_PART_OF = re.compile(f"(?:(?:on|in)\\s+)?(?:the\\s+)?{PART}\\s+of\\s+", _I)
_LEAD = re.compile(
    r"(?P<word>in|during|on|of|from|throughout|for|around|about|over|at|as\s+of|back\s+in|circa)\s+"
    r"(?:the\s+(?:month|year)\s+(?:of\s+)?)?(?P<the>the\s+)?",
    _I,
)
_CLOCK_TIME = re.compile(
    r"[\s,]*(?:at|around|about)\s+(?:(?P<word>noon|midnight)|"
    r"(?P<hour>\d{1,2})(?:[:.](?P<minute>\d\d))?"
    r"\s*(?P<half>[ap]\.?m\b\.?|o['’]?clock)?)(?!\w)\s*(?:on\s+)?",
    _I,
)
_THEN_PART = re.compile(f"\\s+in\\s+the\\s+{PART}(?!\\w)", _I)
_WITHIN = re.compile(
    r"[\s,]*(?:of\s+|in\s+)?(?:the\s+)?(?P<which>last|this|next|previous)\s+"
    r"(?P<unit>week|month|year)(?!\w)",
    _I,
)
_THEN_IN = re.compile(r"[\s,]*(?:in\s+|on\s+|during\s+|at\s+|around\s+)?(?:the\s+)?", _I)
_START = re.compile(r"(?<![\w'’/.:-])(?=\w)")

_DATE = re.compile(r"[\s,]{1,2}(?:the\s+)?(?=\d|[a-z]{3,9}\.?\s+\d)", _I)
_THE = re.compile(r"the\s+", _I)
_DOER = re.compile(r"\b(?:\w+ed|told|written|made|given|sung|taught|led|run)\s+$", _I)
_VERBS = frozenset(("fall", "spring", "may", "march"))

LENGTHS = {
    "day": 1, "week": 7, "weekend": 2, "month": 30, "quarter": 91, "year": 365, "decade": 3652,
}  # fmt: skip
_RELATIONS = {
    "prior to": "before", "till": "until", "up to": "until", "up until": "until",
    "no later than": "until", "not later than": "until", "no earlier than": "since",
    "not earlier than": "since",
}  # fmt: skip
_STEPS = {"last": -1, "previous": -1, "this": 0, "next": 1}


_ABOUT = re.compile(r"about\s", re.IGNORECASE)
_SPEAKING = re.compile(
    r"\b(?:talk|say|said|speak|chat|think|thought|tell|told|ask|hear|write|know|learn)(?:ed|ing|s)?"
    r"(?:\s+\w{1,12})?\s$",
    re.IGNORECASE,
)


def expressions(text: str, present: Present) -> Iterator[Found]:
    """The expressions of a text from left to right, none inside another."""
    text = text[:TEXT_CHARS_MAX]
    at = 0
    for match in _START.finditer(text):
        if match.start() < at:
            continue
        before = text[max(0, match.start() - 30) : match.start()]
        if _ABOUT.match(text, match.start()) and _SPEAKING.search(before):
            continue  # "what did we talk about | two weeks ago"
        found = expression(text, match.start(), present)
        if found is not None:
            at = found.end
            yield found


def expression(text: str, at: int, present: Present) -> Found | None:
    """The expression that begins exactly here, simple or composed; bare ones need a preposition."""
    found = _timed(text, at, present) or _composed(text, at, present) or _lead(text, at, present)
    if found is None:
        found = _inner(text, at, present)
        if found is None or found.bare:
            return None
    if found.relation in ("since", "after"):
        return _bounded(text, found, present)
    return _then(text, found)


def _bounded(text: str, found: Found, present: Present) -> Found:
    """Since March until May: both ends."""
    match = _UP_TO.match(text, found.end)
    if match is None or match.end() == found.end:
        return found
    first = found.days.first
    for year in (present.year, first.year, first.year + 1):
        end = _relation(text, match.end(), replace(present, year=year))
        if end is None or end.relation not in ("before", "until"):
            return found
        if end.days.end > first:
            days, vague = Days(first, end.days.end), found.vague or end.vague
            return replace(found, days=days, end=end.end, vague=vague, relation=end.relation)
    return found


def _composed(text: str, at: int, present: Present) -> Found | None:
    for compose in (
        _between,
        _next_to,
        _nth_unit,
        _nth_weekday,
        _edge,
        _part_of,
        _part_before,
        _relation,
    ):
        made = compose(text, at, present)
        if made is not None and made.days.end > made.days.first:
            return made
    return None


def _inner(text: str, at: int, present: Present) -> Found | None:
    """A simple expression, with the larger one that it lies in: "March of last year"."""
    found = atom(text, at, present)
    if found is None or found.kind not in ("month", "season", "holiday", "weekday", "day", "unit"):
        return found
    if (
        found.kind == "weekday"
        and found.days.hours is None
        and (match := _DATE.match(text, found.end))
    ):
        day = atom(text, match.end(), present)  # "Monday, May 7"
        if day is not None and day.kind == "day":
            return replace(day, start=at)
    if found.kind == "unit":
        match = _THEN_IN.match(text, found.end)
        part = atom(text, match.end(), present) if match and match.end() > found.end else None
        if part is None or match is None:
            return found
        inside = _inside(text, match.end(), part, found.days, present)
        return replace(inside, start=at) if inside else found
    match = _WITHIN.match(text, found.end)
    if match is None or found.dated:
        return found
    holder = which_unit(_STEPS[match["which"].lower()], match["unit"], present)
    inside = _inside(text, at, found, holder, present) if holder else None
    if inside is None:
        return found
    verb = found.bare and text[found.start : found.end] in _VERBS  # "did I fall last year"
    return replace(inside, end=match.end(), bare=verb)


def _inside(text: str, at: int, part: Found, holder: Days, present: Present) -> Found | None:
    if part.dated:
        return None
    if part.kind == "weekday" and holder.length == 7:
        day = cal.one(cal.shift(holder.first, part.days.first.weekday()))
        return replace(part, days=replace(day, hours=part.days.hours), bare=False, dated=True)
    if part.kind in ("month", "season", "holiday", "day") and holder.length > 300:
        known = atom(text, at, replace(present, year=holder.first.year))
        if known and known.end == part.end and holder.first <= known.days.first < holder.end:
            return replace(known, bare=False, dated=True)
    return None


def _between(text: str, at: int, present: Present) -> Found | None:
    match = _BETWEEN.match(text, at)
    if match is None:
        return None
    first = atom(text, match.end(), present)
    join = _JOINS.match(text, first.end) if first else None
    last = atom(text, join.end(), present) if join else None
    if first is None or last is None:
        return None
    if not first.dated and first.kind in ("month", "day", "season", "holiday"):
        year = last.days.first.year
        first = atom(text, match.end(), replace(present, year=year)) or first
        if last.days.first < first.days.first:  # "from November to February"
            first = atom(text, match.end(), replace(present, year=year - 1)) or first
    elif first.kind == last.kind == "weekday" and last.days.first < first.days.first:
        first = replace(first, days=cal.one(cal.shift(first.days.first, -7)))
    days = Days(first.days.first, last.days.end)
    return Found(days, at, last.end, vague=first.vague or last.vague, dated=last.dated)


def _relation(text: str, at: int, present: Present) -> Found | None:
    match = _RELATION.match(text, at)
    if match is None:
        return None
    word = _RELATIONS.get(" ".join(match["word"].lower().split()), match["word"].lower())
    if word == "by":
        present = replace(present, toward="future")
    inner = _edge(text, match.end(), present) or _inner(text, match.end(), present)
    if inner is None or (match["the"] and inner.kind == "month" and inner.bare):
        return None
    days, vague = inner.days, inner.vague or (word == "by" and inner.bare and inner.kind == "month")
    if inner.kind == "rolling":
        return None
    if word == "by" and inner.kind == "month" and _DOER.search(text[max(0, at - 24) : at]):
        return None
    if word == "before":
        made = Days(FIRST, days.first)
    elif word in ("until", "by"):
        made, word = Days(FIRST, days.end), "until"
    else:
        made = Days(days.first if word == "since" else days.end, LAST)
    return Found(made, at, inner.end, vague, relation=word)


def _next_to(text: str, at: int, present: Present) -> Found | None:
    match = _NEXT_TO.match(text, at)
    inner = atom(text, match.end(), present) if match else None
    if match is None or inner is None or inner.kind == "rolling":
        return None
    unit, side, days = match["unit"].lower(), match["side"].lower(), inner.days
    if unit not in LENGTHS or (inner.bare and inner.kind == "year" and side == "of"):
        return None
    if side == "of":
        if match["count"] or unit not in ("week", "weekend", "day") or days.length > 7:
            return None
        around = {"week": cal.week_of, "weekend": cal.weekend_of, "day": cal.one}[unit]
        return Found(around(days.first), at, inner.end, inner.vague)
    count = number(match["count"]) if match["count"] else (1, 1)
    apart = bool(match["count"]) and not match["the"]
    made = beside(days, unit, count, "before" if side == "before" else "after", apart=apart)
    vague = apart and (unit != "day" or count[0] != count[1])
    return Found(made, at, inner.end, inner.vague or vague)


def beside(
    days: Days, unit: str, count: tuple[int, int], side: Literal["before", "after"], *, apart: bool
) -> Days:
    """The time next to some days, or so far apart from them.

    Args:
        days: what is stood next to.
        unit: day, week, weekend, month, quarter, year or decade.
        count: how many units, at least and at most.
        side: on which side.
        apart: "two weeks before": that day, with half a unit to each side; else "the two weeks
            before": all of them.
    """
    length, (least, most) = LENGTHS[unit], count
    if apart:
        margin = 0 if unit == "day" else length // 2
        if side == "before":
            first = cal.shift(days.first, -most * length - margin)
            return Days(first, cal.shift(days.first, -least * length + margin + 1))
        first = cal.shift(days.end, least * length - 1 - margin)
        return Days(first, cal.shift(days.end, most * length + margin))
    if unit == "weekend":
        if side == "after":
            return cal.weekend_of(days.end)
        sunday = days.first.weekday() == 6
        return cal.weekend_of(cal.shift(days.first, -7 if sunday else -1 - days.first.weekday()))
    if side == "before":
        return Days(cal.shift(days.first, -most * length), days.first)
    return Days(days.end, cal.shift(days.end, most * length))


def _nth_unit(text: str, at: int, present: Present) -> Found | None:
    match = _NTH_UNIT.match(text, at)
    inner = _the_unit(text, match.end(), present) if match else None
    if match is None or inner is None:
        return None
    n, unit, days = ORDINALS[match["nth"].lower()], match["unit"].lower(), inner.days
    if days.length < (60 if unit == "month" else 7):
        return None
    if unit == "month":
        offset = -1 if n == -1 else n - 1
        anchor = days.end if n == -1 else days.first
        made = cal.months(anchor.year, anchor.month + offset)
    elif unit == "weekend":
        saturday = cal.shift(days.first, (5 - days.first.weekday()) % 7 + 7 * (n - 1))
        if n == -1:
            last = cal.shift(days.end, -1)
            saturday = cal.shift(last, -((last.weekday() - 5) % 7))
        made = cal.weekend_of(saturday)
    else:
        length = 1 if unit == "day" else 7
        first = cal.shift(days.end, -length) if n == -1 else cal.shift(days.first, length * (n - 1))
        made = Days(first, cal.shift(first, length))
    return Found(made, at, inner.end, inner.vague) if made.first < days.end else None


def _nth_weekday(text: str, at: int, present: Present) -> Found | None:
    match = _NTH_WEEKDAY.match(text, at)
    inner = _the_unit(text, match.end(), present) if match else None
    if match is None or inner is None or not 28 <= inner.days.length <= 31:
        return None
    n, wanted = ORDINALS[match["nth"].lower()], cal.WEEKDAYS[match["weekday"].lower()]
    days = inner.days
    if n == -1:
        last = cal.shift(days.end, -1)
        day = cal.shift(last, -((last.weekday() - wanted) % 7))
    else:
        day = cal.shift(days.first, (wanted - days.first.weekday()) % 7 + 7 * (n - 1))
    return Found(cal.one(day), at, inner.end, dated=True) if day < days.end else None


def _part_before(text: str, at: int, present: Present) -> Found | None:
    match = _PART_BEFORE.match(text, at)
    inner = _inner(text, match.end(), present) if match else None
    if match is None or inner is None or inner.days.length != 1:
        return None
    day = cal.shift(inner.days.first, -1 if match["side"].lower() == "before" else 1)
    return Found(narrowed(cal.one(day), match["part"]), at, inner.end, dated=inner.dated)


def _the_unit(text: str, at: int, present: Present) -> Found | None:
    match = _THE_UNIT.match(text, at)
    days = which_unit(0, match["unit"], present) if match else None
    if match is not None and days is not None:
        return Found(days, at, match.end(), kind="unit")
    lead = _THE.match(text, at)
    return _inner(text, lead.end() if lead else at, present)


def _edge(text: str, at: int, present: Present) -> Found | None:
    match = _EDGE.match(text, at)
    inner = _the_unit(text, match.end(), present) if match else None
    if match is None or inner is None or inner.days.length < 3 or inner.kind == "rolling":
        return None
    days, edge = inner.days, " ".join(match["edge"].lower().split())
    if edge.endswith("half"):
        middle = _middle(days)
        made = Days(days.first, middle) if edge[:1] == "f" else Days(middle, days.end)
        return Found(made, at, inner.end, dated=inner.dated)
    third = max(days.length // 3, 1)
    if edge in ("early", "beginning", "start"):
        made = Days(days.first, cal.shift(days.first, third))
    elif edge in ("late", "end"):
        made = Days(cal.shift(days.end, -third), days.end)
    else:
        made = Days(cal.shift(days.first, third), cal.shift(days.end, -third))
    return Found(made, at, inner.end, vague=True, dated=inner.dated)


def _middle(days: Days) -> date:
    """The day on which the second half begins: of a year July 1, of a month the 16th."""
    if days == cal.years(days.first.year):
        return date(days.first.year, 7, 1)
    return cal.shift(days.first, days.length // 2)


def _part_of(text: str, at: int, present: Present) -> Found | None:
    match = _PART_OF.match(text, at)
    inner = _inner(text, match.end(), present) if match else None
    if match is None or inner is None or inner.days.length != 1:
        return None
    return Found(narrowed(inner.days, match["part"]), at, inner.end, dated=inner.dated)


def _lead(text: str, at: int, present: Present) -> Found | None:
    match = _LEAD.match(text, at)
    if match is None:
        return None
    word = match["word"].lower()
    found = _composed(text, match.end(), present) or _inner(text, match.end(), present)
    if found is None and match["the"]:  # "in the 90s"
        found = _inner(text, match.start("the"), present)
    if found is None or found.relation:
        return None
    if found.bare and not _may_lead(word, found, bool(match["the"])):
        return None
    if word == "from" and (on := _ON.match(text, found.end)):
        days = Days(found.days.first, LAST)
        return replace(found, days=days, start=at, end=on.end(), bare=False, relation="since")
    if word in ("around", "about", "circa"):
        reach = 3 if found.days.length < 3 else 7
        days = Days(cal.shift(found.days.first, -reach), cal.shift(found.days.end, reach))
        return replace(found, days=days, start=at, vague=True, bare=False)
    return replace(found, start=at, bare=False, vague=found.vague or word in ("for", "about"))


def _may_lead(word: str, found: Found, the: bool) -> bool:
    """Whether a preposition makes a time of a word that alone is none."""
    if found.kind == "month":  # not "about April", "for June", "in the march"
        return not the and word not in ("about", "for", "on", "over", "at")
    if found.kind == "year":
        return not the and word in (
            "in", "during", "of", "from", "throughout", "around", "circa", "as of", "back in"
        )  # fmt: skip
    if found.kind == "weekday":
        return not the and word in ("on", "from", "of", "during", "throughout")
    if found.kind == "season":
        return word not in ("about", "at", "on")
    return True


def _timed(text: str, at: int, present: Present) -> Found | None:
    """At 3 pm yesterday: the hour that begins then."""
    match = _CLOCK_TIME.match(text, at)
    inner = _inner(text, match.end(), present) if match else None
    minute = _minute(match) if match else None
    if inner is None or minute is None or inner.days.length != 1:
        return None
    return replace(inner, days=_hour(inner.days, minute), start=at, bare=False, vague=True)


def _then(text: str, found: Found) -> Found:
    """Yesterday at 3 pm, on Friday in the evening."""
    if found.days.length != 1 or found.relation or found.days.exact:
        return found
    part = _THEN_PART.match(text, found.end)
    if part is not None:
        return replace(found, days=narrowed(found.days, part["part"]), end=part.end())
    match = _CLOCK_TIME.match(text, found.end)
    minute = _minute(match) if match else None
    if match is None or minute is None:
        return found
    end = match.start() + len(match[0].removesuffix("on ").rstrip())
    return replace(found, days=_hour(found.days, minute), end=end, vague=True)


def _hour(days: Days, minute: int) -> Days:
    return Days(days.first, days.end, minute=minute)


def _minute(match: re.Match[str]) -> int | None:
    """The minute of the day; None for a number that may be something else ("at 3")."""
    if match["word"]:
        return 720 if match["word"].lower() == "noon" else 0
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half = (match["half"] or "").lower()
    if not (half or match["minute"]) or minute > 59:
        return None
    if half[:1] in ("a", "p"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    return 60 * hour + minute if hour < 24 else None
