"""An expression of time at a place in a text → days relative to a present.

Each rule is a regular expression without nested repetition, tried at word boundaries only, so that
the time is linear in the length of the text, of which at most 2,000 characters are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo

from mnemic.agent.when import calendar as cal
from mnemic.agent.when.calendar import Days
from mnemic.vocabulary import Span

TEXT_CHARS_MAX = 2_000
FIRST, LAST = date(1, 1, 1), date(9999, 12, 31)

NUMBERS = {
    name: number
    for number, name in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()
    )
} | {"a": 1, "an": 1, "fifteen": 15, "twenty": 20, "thirty": 30}
VAGUE = {"a couple of": (2, 3), "couple of": (2, 3), "a few": (2, 6), "few": (2, 6), "several": (3, 9)}
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}


@dataclass(frozen=True, slots=True)
class Present:
    """What expressions are relative to: a moment in a zone.

    `nearest` reads "May 7" as the nearest one, past or future, as statements mean it; else the
    latest one not in the future, as questions do.
    """

    moment: datetime
    nearest: bool = False
    year: int | None = None

    @property
    def today(self) -> date:
        """The local day."""
        return self.moment.date()


@dataclass(frozen=True, slots=True)
class Found:
    """An expression: the days it means, its place in the text, and how sure its edges are."""

    days: Days
    start: int
    end: int
    vague: bool = False
    bare: bool = False  # needs a preposition before it to count ("March", "2023")
    dated: bool = False  # holds its own year
    relation: str = ""  # before, after, since, until
    recent: bool = False  # "recently": a mood rather than a date


def _any(words: object) -> str:
    return "|".join(sorted((re.escape(word) for word in words), key=len, reverse=True))  # type: ignore[attr-defined]


_MONTH = f"(?P<month>{_any(cal.MONTHS)})\\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:1[5-9]|20|21)\d\d)"
_COUNT = f"(?P<count>\\d{{1,4}}|{_any(NUMBERS)}|{_any(VAGUE)})"
_UNIT = r"(?P<unit>day|week|weekend|month|year|decade|quarter|hour|minute)s?"
_PART = f"(?P<part>{_any(cal.DAY_PARTS)})"
_WEEKDAY = f"(?P<weekday>{_any(cal.WEEKDAYS)})"
_HOLIDAY = f"(?P<holiday>{_any((*cal.FIXED_HOLIDAYS, *cal.MOVING_HOLIDAYS))})"
_SEASON = f"(?P<season>{_any(cal.SEASONS)})"

Build = Callable[[re.Match[str], Present], "Days | Found | None"]
_RULES: list[tuple[re.Pattern[str], Build, dict[str, bool]]] = []


def _rule(pattern: str, **marks: bool) -> Callable[[Build], Build]:
    def keep(build: Build) -> Build:
        _RULES.append((re.compile(pattern + r"(?!\w)", re.IGNORECASE), build, marks))
        return build

    return keep


def _number(text: str) -> tuple[int, int]:
    text = text.lower()
    if text in VAGUE:
        return VAGUE[text]
    value = int(text) if text.isdigit() else NUMBERS[text]
    return value, value


def _day(year: int, month: int, day: int) -> Days | None:
    try:
        return cal.one(date(year, month, day))
    except ValueError:
        return None


def _choose(candidates: Iterator[Days | None], present: Present) -> Days | None:
    """Of the same date in several years, the one that is meant; candidates from late to early."""
    known = [days for days in candidates if days is not None]
    if not known:
        return None
    today = present.today
    if present.nearest:
        return min(known, key=lambda days: abs((days.first - today).days))
    return next((days for days in known if days.first <= today), known[-1])


def _around(present: Present) -> Iterator[int]:
    if present.year is not None:
        yield present.year
        return
    year = present.today.year
    yield from (y for y in (year + 1, year, year - 1, year - 4) if 1 <= y <= 9998)


# -- dates ------------------------------------------------------------------------------------


@_rule(r"(?P<year>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})", dated=True)
def _iso(match: re.Match[str], present: Present) -> Days | None:
    return _day(int(match["year"]), int(match["m"]), int(match["d"]))


@_rule(r"(?P<year>(?:19|20)\d\d)-(?P<m>0[1-9]|1[0-2])", dated=True)
def _iso_month(match: re.Match[str], present: Present) -> Days | None:
    return cal.months(int(match["year"]), int(match["m"]))


@_rule(r"(?P<a>\d{1,2})[/.](?P<b>\d{1,2})[/.](?P<year>\d{4})", dated=True)
def _slashes(match: re.Match[str], present: Present) -> Days | None:
    a, b, year = int(match["a"]), int(match["b"]), int(match["year"])
    dotted = "." in match[0]
    first, second = ((b, a), (a, b)) if dotted else ((a, b), (b, a))
    return _day(year, *first) or _day(year, *second)


@_rule(f"(?P<from>\\d{{1,2}})(?:st|nd|rd|th)?\\s*(?:to|until|and|-|–)\\s*{_DAY}\\s+(?:of\\s+)?{_MONTH}(?:,?\\s+{_YEAR})?")
def _days_of_month(match: re.Match[str], present: Present) -> Days | None:
    return _stretch(match, present)


@_rule(f"{_MONTH}\\s+(?P<from>\\d{{1,2}})(?:st|nd|rd|th)?\\s*(?:to|until|-|–)\\s*{_DAY}(?:,?\\s+{_YEAR})?")
def _month_days(match: re.Match[str], present: Present) -> Days | None:
    return _stretch(match, present)


def _stretch(match: re.Match[str], present: Present) -> Days | None:
    first = _month_day(match, present, int(match["from"]))
    last = _month_day(match, present, int(match["day"]))
    if first is None or last is None or last.first < first.first:
        return None
    return Days(first.first, last.end)


def _month_day(match: re.Match[str], present: Present, day: int) -> Days | None:
    month = cal.MONTHS[match["month"].lower()]
    if match["year"]:
        return _day(int(match["year"]), month, day)
    return _choose((_day(year, month, day) for year in _around(present)), present)


@_rule(f"{_DAY}\\s+(?:of\\s+)?{_MONTH}(?:,?\\s+(?:of\\s+)?{_YEAR})?")
@_rule(f"{_MONTH}\\s+(?:the\\s+)?{_DAY}(?:,?\\s+{_YEAR})?")
def _calendar_day(match: re.Match[str], present: Present) -> Days | None:
    return _month_day(match, present, int(match["day"]))


@_rule(f"{_MONTH},?\\s+(?:of\\s+)?{_YEAR}", dated=True)
def _month_year(match: re.Match[str], present: Present) -> Days | None:
    return cal.months(int(match["year"]), cal.MONTHS[match["month"].lower()])


@_rule(f"(?P<which>last|this|next|past)\\s+{_MONTH}")
def _which_month(match: re.Match[str], present: Present) -> Days | None:
    month, today = cal.MONTHS[match["month"].lower()], present.today
    which = match["which"].lower()
    if which == "next":
        return cal.months(today.year + (month <= today.month), month)
    if which == "this":
        return cal.months(today.year, month)
    return cal.months(today.year - (month >= today.month), month)


@_rule(_MONTH, bare=True)
def _bare_month(match: re.Match[str], present: Present) -> Days | None:
    month = cal.MONTHS[match["month"].lower()]
    return _choose((cal.months(year, month) for year in _around(present)), present)


# -- quarters, seasons, holidays, weeks of the calendar --------------------------------------


@_rule(f"(?:Q(?P<n>[1-4])|(?:the\\s+)?(?P<word>{_any(ORDINALS)})\\s+quarter)(?:\\s+(?:of\\s+)?{_YEAR})?")
def _quarter(match: re.Match[str], present: Present) -> Days | None:
    n = int(match["n"]) if match["n"] else ORDINALS[match["word"].lower()]
    if n == -1 and not match["year"]:  # "last quarter" is the one before this
        today = present.today
        return cal.months(today.year, (today.month - 1) // 3 * 3 + 1 - 3, 3)
    n = 4 if n == -1 else n
    if match["year"]:
        return cal.months(int(match["year"]), 3 * n - 2, 3)
    return _choose((cal.months(year, 3 * n - 2, 3) for year in _around(present)), present)


@_rule(f"(?:iso\\s+)?week\\s+(?P<n>\\d{{1,2}})(?:\\s+(?:of\\s+)?{_YEAR})?")
def _iso_week(match: re.Match[str], present: Present) -> Days | None:
    year = int(match["year"] or present.year or present.today.year)
    try:
        return cal.week_of(date.fromisocalendar(year, int(match["n"]), 1))
    except ValueError:
        return None


@_rule(f"(?:the\\s+)?(?P<which>last|this|next|past)\\s+{_SEASON}")
def _which_season(match: re.Match[str], present: Present) -> Days | None:
    name, today, which = match["season"].lower(), present.today, match["which"].lower()
    ends = [(year, cal.season(name, year)) for year in (today.year - 2, today.year - 1, today.year, today.year + 1) if 1 <= year <= 9998]
    if which == "next":
        return next((days for _, days in ends if days.first > today), None)
    if which == "this":
        return next((days for _, days in ends if days.end > today), None)
    return next((days for _, days in reversed(ends) if days.end <= today), None)


@_rule(f"(?:the\\s+)?{_SEASON}\\s+(?:of\\s+)?{_YEAR}", dated=True)
def _season_year(match: re.Match[str], present: Present) -> Days | None:
    return cal.season(match["season"].lower(), int(match["year"]))


@_rule(f"(?:the\\s+)?{_SEASON}", bare=True)
def _bare_season(match: re.Match[str], present: Present) -> Days | None:
    name = match["season"].lower()
    return _choose((cal.season(name, year) for year in _around(present)), present)


@_rule(f"(?:(?P<which>last|this|next)\\s+)?{_HOLIDAY}(?:\\s+(?:of\\s+)?{_YEAR})?")
def _holiday(match: re.Match[str], present: Present) -> Days | None:
    name = " ".join(match["holiday"].lower().split())
    if match["year"]:
        return cal.one(cal.holiday(name, int(match["year"])))
    which, today = (match["which"] or "").lower(), present.today
    if which == "this":
        return cal.one(cal.holiday(name, today.year))
    if which == "next":
        return next(
            (cal.one(day) for year in (today.year, today.year + 1) if 1 <= year <= 9998 and (day := cal.holiday(name, year)) > today), None
        )
    return _choose((cal.one(cal.holiday(name, year)) for year in _around(present)), present)


@_rule(r"(?:the\s+)?(?P<decade>(?:1[5-9]|20)\d0)s", dated=True)
def _decade(match: re.Match[str], present: Present) -> Days | None:
    return cal.years(int(match["decade"]), 10)


@_rule(_YEAR, bare=True, dated=True)
def _year(match: re.Match[str], present: Present) -> Days | None:
    return cal.years(int(match["year"]))


# -- relative to the present -----------------------------------------------------------------


@_rule(r"(?:the\s+)?day\s+before\s+yesterday")
def _before_yesterday(match: re.Match[str], present: Present) -> Days | None:
    return cal.one(cal.shift(present.today, -2))


@_rule(r"(?:the\s+)?day\s+after\s+tomorrow")
def _after_tomorrow(match: re.Match[str], present: Present) -> Days | None:
    return cal.one(cal.shift(present.today, 2))


@_rule(f"(?P<name>yesterday|today|tomorrow)(?:\\s+{_PART})?")
def _near_day(match: re.Match[str], present: Present) -> Days | None:
    days = cal.one(cal.shift(present.today, {"yesterday": -1, "today": 0, "tomorrow": 1}[match["name"].lower()]))
    return _narrowed(days, match["part"])


@_rule(r"last\s+night")
def _last_night(match: re.Match[str], present: Present) -> Days | None:
    return _narrowed(cal.one(cal.shift(present.today, -1)), "night")


@_rule(r"tonight")
def _tonight(match: re.Match[str], present: Present) -> Days | None:
    return _narrowed(cal.one(present.today), "night")


@_rule(f"this\\s+{_PART}")
def _this_part(match: re.Match[str], present: Present) -> Days | None:
    return _narrowed(cal.one(present.today), match["part"])


def _narrowed(days: Days, part: str | None) -> Days:
    return replace(days, hours=cal.DAY_PARTS[part.lower()]) if part else days


@_rule(r"half\s+a\s+year\s+ago")
def _half_year(match: re.Match[str], present: Present) -> Found | None:
    today = present.today
    return Found(cal.months(today.year, today.month - 7, 3), match.start(), match.end(), vague=True)


@_rule(f"(?:about\\s+|around\\s+|almost\\s+|over\\s+)?{_COUNT}\\s+{_UNIT}\\s+(?:ago|back|earlier)")
def _ago(match: re.Match[str], present: Present) -> Found | None:
    least, most = _number(match["count"])
    unit, today = match["unit"].lower(), present.today
    vague = most != least or match[0].lower().startswith(("about", "around", "almost", "over"))
    days = _units_back(unit, least, most, today)
    return None if days is None else Found(days, match.start(), match.end(), vague=vague)


def _units_back(unit: str, least: int, most: int, today: date) -> Days | None:
    if unit in ("hour", "minute"):
        return cal.one(today)
    if unit == "day":
        return Days(cal.shift(today, -most), cal.shift(today, 1 - least))
    if unit == "week":
        return Days(cal.week_of(cal.shift(today, -7 * most)).first, cal.week_of(cal.shift(today, -7 * least)).end)
    if unit == "weekend":
        return cal.weekend_of(cal.shift(today, -7 * most))
    if unit in ("month", "quarter"):
        step = 3 if unit == "quarter" else 1
        return cal.months(today.year, today.month - step * most, 1 + step * (most - least))
    step = 10 if unit == "decade" else 1
    return cal.years(max(today.year - step * most, 1), 1 + step * (most - least))


@_rule(f"(?:in|over|during|within|for)?\\s*(?:the\\s+)?(?:last|past|previous)\\s+{_COUNT}\\s+{_UNIT}")
def _last_n(match: re.Match[str], present: Present) -> Found | None:
    most = _number(match["count"])[1]
    unit, today = match["unit"].lower(), present.today
    lengths = {"day": 1, "week": 7, "weekend": 7, "hour": 1, "minute": 1}
    if unit in lengths:
        first = cal.shift(today, -most * lengths[unit])
    else:
        step = {"month": 1, "quarter": 3, "year": 12, "decade": 120}[unit]
        start = cal.months(today.year, today.month - step * most).first
        first = cal.shift(start, today.day - 1)
    return Found(Days(first, cal.shift(today, 1)), match.start(), match.end(), vague=_number(match["count"])[0] != most)


@_rule(f"(?:the\\s+)?(?P<which>last|this|next|past|previous|current)\\s+{_UNIT}")
def _which_unit(match: re.Match[str], present: Present) -> Days | None:
    which, unit, today = match["which"].lower(), match["unit"].lower(), present.today
    step = {"next": 1, "this": 0, "current": 0}.get(which, -1)
    if match[0].lower().endswith("s"):
        return None
    if unit == "day":
        return cal.one(cal.shift(today, step))
    if unit == "week":
        return cal.week_of(cal.shift(today, 7 * step))
    if unit == "weekend":
        return cal.weekend_of(cal.shift(today, 7 * step))
    if unit == "month":
        return cal.months(today.year, today.month + step)
    if unit == "quarter":
        return cal.months(today.year, (today.month - 1) // 3 * 3 + 1 + 3 * step, 3)
    if unit == "year":
        return cal.years(min(max(today.year + step, 1), 9998))
    if unit == "decade":
        return cal.years(max(today.year // 10 * 10 + 10 * step, 1), 10)
    return None


@_rule(f"(?:on\\s+)?(?:(?P<which>last|this|next|past)\\s+)?{_WEEKDAY}(?:\\s+{_PART})?")
def _weekday(match: re.Match[str], present: Present) -> Found | None:
    name, which = match["weekday"].lower(), (match["which"] or "").lower()
    on = match[0].lower().startswith("on")
    if not which and not on and not match["part"]:
        return None
    if len(name) <= 4 and name not in ("tues",) and not which:
        return None
    today = present.today
    back = (today.weekday() - cal.WEEKDAYS[name]) % 7
    if which == "next":
        day = cal.shift(today, 7 - back if back else 7)
    elif which == "this":
        day = cal.shift(today, cal.WEEKDAYS[name] - today.weekday())
    else:
        day = cal.shift(today, -(back or 7) if which or not present.nearest else -back)
    return Found(_narrowed(cal.one(day), match["part"]), match.start(), match.end())


@_rule(r"recently|lately|these\s+days|of\s+late")
def _recently(match: re.Match[str], present: Present) -> Found | None:
    today = present.today
    return Found(Days(cal.shift(today, -30), cal.shift(today, 1)), match.start(), match.end(), vague=True, recent=True)


# -- composition -----------------------------------------------------------------------------

_BETWEEN = re.compile(r"between\s+|from\s+", re.IGNORECASE)
_JOINS = re.compile(r"\s*(?:,\s*)?(?:and|to|until|till|through|-|–)\s+", re.IGNORECASE)
_RELATION = re.compile(r"(before|after|since|until|till|by|prior\s+to)\s+(?:the\s+)?", re.IGNORECASE)
_NEXT_TO = re.compile(f"(?:in\\s+|during\\s+)?(?:the\\s+)?{_UNIT}\\s+(?P<side>before|after|of|following)\\s+(?:the\\s+)?", re.IGNORECASE)
_EDGE = re.compile(
    r"(?:in\s+|at\s+|around\s+|towards?\s+)?(?:the\s+)?(?P<edge>early|mid|late|beginning|start|middle|end|first\s+half|second\s+half)(?:\s*-\s*|\s+)(?:of\s+)?(?:the\s+)?",
    re.IGNORECASE,
)
_NTH_UNIT = re.compile(f"(?:in\\s+|during\\s+)?(?:the\\s+)?(?P<nth>{_any(ORDINALS)})\\s+(?P<unit>week|weekend|day)\\s+(?:of|in)\\s+", re.IGNORECASE)
_PART_OF = re.compile(f"(?:on|in)\\s+the\\s+{_PART}\\s+of\\s+", re.IGNORECASE)
_LEAD = re.compile(r"(?:in|during|on|of|throughout|for|around|about|over|at|as\s+of|back\s+in)\s+(?:the\s+(?:month|year)\s+of\s+)?(?:the\s+)?", re.IGNORECASE)
_START = re.compile(r"(?<![\w'’/.-])(?=\w)")


def atom(text: str, at: int, present: Present) -> Found | None:
    """The longest simple expression that begins exactly here."""
    best: Found | None = None
    for pattern, build, marks in _RULES:
        match = pattern.match(text, at)
        if match is None or (best is not None and match.end() <= best.end):
            continue
        made = build(match, present)
        if isinstance(made, Days):
            dated = marks.get("dated", False) or bool(match.groupdict().get("year"))
            made = Found(made, match.start(), match.end(), bare=marks.get("bare", False), dated=dated)
        if made is not None:
            best = made
    return best


def expression(text: str, at: int, present: Present) -> Found | None:
    """The expression that begins exactly here, simple or composed."""
    composed = _composed(text, at, present) or _lead(text, at, present)
    if composed is not None:
        return composed
    simple = atom(text, at, present)
    return None if simple is None or simple.bare else simple


def _composed(text: str, at: int, present: Present) -> Found | None:
    for compose in (_between, _next_to, _nth_unit, _edge, _part_of, _relation):
        made = compose(text, at, present)
        if made is not None:
            return made
    return None


def expressions(text: str, present: Present) -> Iterator[Found]:
    """The expressions of a text from left to right, none inside another."""
    text = text[:TEXT_CHARS_MAX]
    at = 0
    for match in _START.finditer(text):
        if match.start() < at:
            continue
        found = expression(text, match.start(), present)
        if found is not None:
            at = found.end
            yield found


def _between(text: str, at: int, present: Present) -> Found | None:
    match = _BETWEEN.match(text, at)
    if match is None:
        return None
    first = atom(text, match.end(), present)
    join = _JOINS.match(text, first.end) if first else None
    last = atom(text, join.end(), present) if join else None
    if first is None or last is None:
        return None
    if last.dated and not first.dated:  # "between May and July 2024"
        first = atom(text, match.end(), replace(present, year=last.days.first.year)) or first
    if last.days.end <= first.days.first:  # "from November to February"
        first = atom(text, match.end(), replace(present, year=last.days.first.year - 1)) or first
    if last.days.end <= first.days.first:
        return None
    return Found(Days(first.days.first, last.days.end), at, last.end, vague=first.vague or last.vague)


def _relation(text: str, at: int, present: Present) -> Found | None:
    match = _RELATION.match(text, at)
    inner = atom(text, match.end(), present) if match else None
    if match is None or inner is None:
        return None
    word = match[1].lower()
    days = inner.days
    if word in ("before", "prior to") or word.startswith("prior"):
        return Found(Days(FIRST, days.first), at, inner.end, inner.vague, relation="before")
    if word in ("until", "till", "by"):
        return Found(Days(FIRST, days.end), at, inner.end, inner.vague, relation="until")
    begin = days.first if word == "since" else days.end
    return Found(Days(begin, LAST), at, inner.end, inner.vague, relation=word)


def _next_to(text: str, at: int, present: Present) -> Found | None:
    match = _NEXT_TO.match(text, at)
    inner = atom(text, match.end(), present) if match else None
    if match is None or inner is None:
        return None
    length = {"day": 1, "week": 7, "weekend": 2, "month": 30, "quarter": 91, "year": 365, "decade": 3652}.get(match["unit"].lower())
    if length is None:
        return None
    days, side = inner.days, match["side"].lower()
    if side == "before":
        made = Days(cal.shift(days.first, -length), days.first)
    elif side == "of":
        made = cal.week_of(days.first) if match["unit"].lower() == "week" else days
    else:
        made = Days(days.end, cal.shift(days.end, length))
    return Found(made, at, inner.end, inner.vague) if made.end > made.first else None


def _nth_unit(text: str, at: int, present: Present) -> Found | None:
    match = _NTH_UNIT.match(text, at)
    inner = atom(text, match.end(), present) if match else None
    if match is None or inner is None:
        return None
    n, unit, days = ORDINALS[match["nth"].lower()], match["unit"].lower(), inner.days
    length = 1 if unit == "day" else 7
    if n == -1:
        made = Days(max(days.first, cal.shift(days.end, -length)), days.end)
    else:
        first = cal.shift(days.first, length * (n - 1))
        made = Days(first, cal.shift(first, length))
    if unit == "weekend":
        made = cal.weekend_of(made.first)
    return Found(made, at, inner.end, inner.vague)


def _edge(text: str, at: int, present: Present) -> Found | None:
    match = _EDGE.match(text, at)
    inner = atom(text, match.end(), present) if match else None
    if match is None or inner is None:
        return None
    days, edge = inner.days, " ".join(match["edge"].lower().split())
    length = (days.end - days.first).days
    if length < 3:
        return None
    half = edge.endswith("half")
    third = max(length // (2 if half else 3), 1)
    if edge in ("early", "beginning", "start", "first half"):
        made = Days(days.first, cal.shift(days.first, third))
    elif edge in ("late", "end", "second half"):
        made = Days(cal.shift(days.end, -third), days.end)
    else:
        made = Days(cal.shift(days.first, third), cal.shift(days.end, -third))
    return Found(made, at, inner.end, vague=not half)


def _part_of(text: str, at: int, present: Present) -> Found | None:
    match = _PART_OF.match(text, at)
    inner = atom(text, match.end(), present) if match else None
    if match is None or inner is None or (inner.days.end - inner.days.first).days != 1:
        return None
    return Found(_narrowed(inner.days, match["part"]), at, inner.end)


def _lead(text: str, at: int, present: Present) -> Found | None:
    match = _LEAD.match(text, at)
    if match is None:
        return None
    inner = _composed(text, match.end(), present) or atom(text, match.end(), present)
    if inner is None:
        return None
    loose = match[0].lower().startswith(("around", "about"))
    if loose:
        days = Days(cal.shift(inner.days.first, -7), cal.shift(inner.days.end, 7))
        return replace(inner, days=days, start=at, vague=True, bare=False)
    return replace(inner, start=at, bare=False)


def span_of(days: Days, zone: tzinfo) -> Span:
    """The span of these days in a zone; the first and last days of all are open ends."""
    span = days.span(zone)
    start = datetime.min.replace(tzinfo=UTC) if days.first == FIRST else span.start
    end = datetime.max.replace(tzinfo=UTC) if days.end == LAST else span.end
    return Span(start, end)
