"""Rules of the calendar: dates, months, quarters, seasons, holidays, decades."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from mnemic.agent.when import calendar as cal
from mnemic.agent.when.calendar import Days
from mnemic.agent.when.grammar import (
    ANY_YEAR,
    DAY,
    DAY_WORDS,
    HOLIDAY,
    MONTH,
    ORDINALS,
    SEASON,
    YEAR,
    Found,
    Present,
    any_of,
    rule,
)

# "April's", "June said": a person, not a month.
_PERSON = re.compile(
    r"['’]s?\b|\s+(?:said|says|say|told|tells|asked|asks|called|calls|call|came|comes|come|left|"
    r"leaves|went|goes|did|does|is|has|likes?|loves?|thinks?|wants?|gave|made|met|and\s+(?:I|her|"
    r"his|me)|[A-Z][a-z]+s?\s+(?:said|told|called|came|left|went|did|is|has|was))\b"
)
_NAMES = frozenset(("april", "may", "june", "august", "jan", "mar"))
# "2000 dollars", "may 5 people come": a count, not a year or a day.
_COUNTED = re.compile(
    r"\s*(?:%|°|[$€£]|(?:dollars?|euros?|pounds?|bucks|people|persons|men|women|children|kids|"
    r"users?|customers?|guests?|words?|lines?|pages?|items?|files?|rows?|tokens?|cases?|copies|"
    r"times|steps|calories|points?|percent|rpm|k?m|miles?|met(?:er|re)s?|feet|ft|kg|grams?|lbs?|"
    r"square|hours?|minutes?|seconds?|days?|weeks?|months?|years?|of\s+(?:them|us|my|our|the)|"
    r"different|more|other)\b)",
    re.IGNORECASE,
)
_NOT_SEASON = re.compile(
    r"\s+(?:rolls?|water|cleaning|onions?|squash|mattress|chickens?|asleep|apart|guy|school|camp|"
    r"in\s+love|off|down|out|behind|short|term)\b|['’]s?\b",
    re.IGNORECASE,
)


ARRANGED_DAYS = 92
"""A day at most so long ago may be that on which something was booked, not that which it was booked for."""


def _day(year: int, month: int, day: int) -> Days | None:
    try:
        return cal.one(date(year, month, day))
    except ValueError:
        return None


def choose(candidates: Iterable[Days | None], present: Present) -> Days | None:
    """Of the same date in several years, the one that is meant; candidates from late to early."""
    known = [days for days in candidates if days is not None]
    if not known:
        return None
    today = present.today
    if present.toward == "near":
        return min(known, key=lambda days: abs((days.first - today).days))
    if present.toward == "future":
        return next((days for days in reversed(known) if days.end > today), known[0])
    latest = next((days for days in known if days.first <= today), known[-1])
    if present.toward == "arranged" and (today - latest.first).days > ARRANGED_DAYS:
        return next((days for days in reversed(known) if days.end > today), latest)
    return latest


def around(present: Present, reach: int = 1) -> Iterator[int]:
    """The years near the present, late ones first; only the known one where there is one."""
    if present.year is not None:
        yield present.year
        return
    year = present.today.year
    yield from (y for y in range(year + reach, year - reach - 1, -1) if 1 <= y <= 9999)


def _month_day(match: re.Match[str], present: Present, text: str) -> Days | None:
    month = cal.MONTHS[match["month"].lower()]
    word = text.lower()
    day = DAY_WORDS[word] if word in DAY_WORDS else int(word.rstrip("sthndr"))
    if match["year"]:
        return _day(int(match["year"]), month, day)
    reach = 8 if (month, day) == (2, 29) else 1
    return choose((_day(year, month, day) for year in around(present, reach)), present)


@rule(
    r"(?P<year>\d{4})[-/](?P<m>\d{1,2})[-/](?P<d>\d{1,2})(?:T[\d:.]{2,15}Z?)?",
    "day",
    dated=True,
    begins="0123456789",
)
def _iso(match: re.Match[str], present: Present) -> Days | None:
    return _day(int(match["year"]), int(match["m"]), int(match["d"]))


@rule(r"(?P<year>(?:19|20)\d\d)-(?P<m>0[1-9]|1[0-2])(?!-)", "month", dated=True, begins="12")
def _iso_month(match: re.Match[str], present: Present) -> Days | None:
    return cal.months(int(match["year"]), int(match["m"]))


@rule(
    r"(?P<a>\d{1,2})(?P<s>[/.])(?P<b>\d{1,2})(?P=s)(?P<year>\d{4})",
    "day",
    dated=True,
    begins="0123456789",
)
def _figures(match: re.Match[str], present: Present) -> Days | None:
    """05/07/2024 is May 7 unless the day comes first; 25.07.2024 always has the day first."""
    a, b, year = int(match["a"]), int(match["b"]), int(match["year"])
    if present.day_first or match["s"] == ".":
        a, b = b, a
    return _day(year, a, b) or _day(year, b, a)


_FROM_DAY = r"(?P<from>\d{1,2}(?:st|nd|rd|th)?)\s*(?:to|until|and|through|-|–)\s*(?:the\s+)?"
_OPEN = r"(?:(?:from|between)\s+(?:the\s+)?)?"


@rule(f"{_OPEN}{_FROM_DAY}{DAY}\\s+(?:of\\s+)?{MONTH}(?:,?\\s+{ANY_YEAR})?")
@rule(f"{_OPEN}{MONTH}\\s+{_FROM_DAY}{DAY}(?:,?\\s+{ANY_YEAR})?")
def _stretch(match: re.Match[str], present: Present) -> Days | None:
    first = _month_day(match, present, match["from"])
    last = _month_day(match, present, match["day"])
    if first is None or last is None:
        return None
    if last.first < first.first and not match["year"]:  # the two straddle the present
        first = _day(last.first.year, first.first.month, first.first.day)
    if first is None or last.first < first.first:
        return None
    return Days(first.first, last.end)


@rule(f"{DAY}\\s+(?:of\\s+)?{MONTH}(?:,?\\s+(?:of\\s+)?{ANY_YEAR})?", "day")
@rule(f"{MONTH}\\s+(?:the\\s+)?{DAY}(?:,?\\s+{ANY_YEAR})?", "day")
def _calendar_day(match: re.Match[str], present: Present) -> Days | None:
    if not match["year"]:
        tail = match.string[match.end() : match.end() + 24]
        if match["day"][-1:].isdigit() and (
            (tail[:1] == ":" and tail[1:2].isdigit()) or _COUNTED.match(tail)
        ):
            return None
        if match["month"] in ("may", "march") and match["day"].lower() in ("first", "second"):
            return None
    return _month_day(match, present, match["day"])


@rule(r"on\s+the\s+(?P<day>\d{1,2})(?:st|nd|rd|th)(?=\s*(?:[?.!,;)]|$))", "day", begins="o")
def _day_of_month(match: re.Match[str], present: Present) -> Days | None:
    today, day = present.today, int(match["day"])
    firsts = (cal.months(today.year, today.month + k).first for k in (2, 1, 0, -1, -2))
    return choose((_day(first.year, first.month, day) for first in firsts), present)


@rule(f"{MONTH},?\\s+(?:of\\s+)?{ANY_YEAR}", "month", dated=True, begins="adfjmnos")
def _month_year(match: re.Match[str], present: Present) -> Days | None:
    return cal.months(int(match["year"]), cal.MONTHS[match["month"].lower()])


@rule(f"(?P<which>last|this|next|past)\\s+{MONTH}", "month", begins="lntp")
def _which_month(match: re.Match[str], present: Present) -> Found | None:
    text, start, end = match.string, match.start(), match.end()
    if match["month"] == "may" and text[end : end + 2].strip()[:1].isalpha():
        return None  # "this may be"
    if match["month"].islower() and text[max(0, start - 4) : start].lower() == "the ":
        return None  # "the last march"
    month, today = cal.MONTHS[match["month"].lower()], present.today
    which = match["which"].lower()
    if which == "next":
        days = cal.months(today.year + (month <= today.month), month)
    elif which == "this":
        days = cal.months(today.year, month)
    else:
        days = cal.months(today.year - (month >= today.month), month)
    return Found(days, start, end, dated=True, kind="month")


@rule(MONTH, "month", bare=True, begins="adfjmnos")
def _bare_month(match: re.Match[str], present: Present) -> Days | None:
    name = match["month"].lower()
    if name in _NAMES and _PERSON.match(match.string, match.end()):
        return None
    month = cal.MONTHS[name]
    return choose((cal.months(year, month) for year in around(present)), present)


@rule(
    f"(?:Q(?P<n>[1-4])|(?:the\\s+)?(?P<word>{any_of(ORDINALS)})\\s+quarter)(?:\\s+(?:of\\s+)?{YEAR})?",
    begins="qtfsl12345",
)
def _quarter(match: re.Match[str], present: Present) -> Days | None:
    n = int(match["n"]) if match["n"] else ORDINALS[match["word"].lower()]
    if n > 4 or (n == -1 and not match["year"]):  # "last quarter" is the one before this
        return None
    n = 4 if n == -1 else n
    if match["year"]:
        return cal.months(int(match["year"]), 3 * n - 2, 3)
    return choose((cal.months(year, 3 * n - 2, 3) for year in around(present)), present)


@rule(f"(?:the\\s+)?(?P<which>last|this|next|past)\\s+{SEASON}", "season", begins="lntp")
def _which_season(match: re.Match[str], present: Present) -> Found | None:
    if _NOT_SEASON.match(match.string, match.end()):
        return None
    name, today, which = match["season"].lower(), present.today, match["which"].lower()
    year = today.year
    known = [cal.season(name, y) for y in range(year - 2, year + 2) if 1 <= y <= 9999]
    if which == "next":
        days = next((days for days in known if days.first > today), None)
    elif which == "this":
        days = next((days for days in known if days.end > today), None)
    else:
        days = next((days for days in reversed(known) if days.end <= today), None)
    return None if days is None else _sure(match, days)


def _sure(match: re.Match[str], days: Days) -> Found:
    return Found(days, match.start(), match.end(), dated=True, kind="season")


@rule(f"(?:the\\s+)?{SEASON}\\s+(?:of\\s+)?{YEAR}", "season", dated=True, begins="tsafw")
def _season_year(match: re.Match[str], present: Present) -> Days | None:
    return cal.season(match["season"].lower(), int(match["year"]))


@rule(f"(?:the\\s+)?{SEASON}", "season", bare=True, begins="tsafw")
def _bare_season(match: re.Match[str], present: Present) -> Days | None:
    if _NOT_SEASON.match(match.string, match.end()):
        return None
    name = match["season"].lower()
    return choose((cal.season(name, year) for year in around(present)), present)


_SPELLED = {re.sub(r"[^a-z]", "", name): name for name in cal.HOLIDAYS}


@rule(f"(?:(?P<which>last|this|next)\\s+)?{HOLIDAY}(?:,?\\s+(?:of\\s+)?{YEAR})?", "holiday")
def _holiday(match: re.Match[str], present: Present) -> Found | None:
    name = _SPELLED[re.sub(r"[^a-z]", "", match["holiday"].lower())]
    which, today = (match["which"] or "").lower(), present.today
    if name == "new year" and not match["year"]:  # "the new year", "next new year": no day
        return None
    if match["year"]:
        day: date | None = cal.holiday(name, int(match["year"]))
    elif which == "this":
        day = cal.holiday(name, today.year)
    elif which:
        near = [cal.holiday(name, y) for y in around(Present(present.moment))]
        late = [day for day in near if day > today]
        early = [day for day in near if day < today]
        day = min(late, default=None) if which == "next" else max(early, default=None)
    else:
        days = choose((cal.one(cal.holiday(name, y)) for y in around(present)), present)
        day = days.first if days else None
    if day is None:
        return None
    sure = bool(which or match["year"])
    end = match.end()
    return Found(cal.one(day), match.start(), end, bare=not sure, dated=sure, kind="holiday")


@rule(r"(?:the\s+)?(?P<decade>(?:1[5-9]|20)\d0)['’]?s", dated=True, begins="t12")
def _decade(match: re.Match[str], present: Present) -> Days | None:
    return cal.years(int(match["decade"]), 10)


@rule(r"the\s+['’]?(?P<decade>[2-9]0)['’]?s", dated=True, begins="t")
def _short_decade(match: re.Match[str], present: Present) -> Days | None:
    """The 90s are the latest that have begun."""
    decade = int(match["decade"])
    century = present.today.year // 100 * 100
    year = century + decade if century + decade <= present.today.year else century - 100 + decade
    return cal.years(year, 10) if year > 0 else None


@rule(YEAR, "year", bare=True, dated=True, begins="12")
def _year(match: re.Match[str], present: Present) -> Days | None:
    tail = match.string[match.end() : match.end() + 24]
    if _COUNTED.match(tail) or re.match(r"[-/.,:]\d", tail):
        return None
    return cal.years(int(match["year"]))
