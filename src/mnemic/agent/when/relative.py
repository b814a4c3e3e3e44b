"""Rules relative to the present: yesterday, two weeks ago, last month, on Monday, recently."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, timedelta

from mnemic.agent.when import calendar as cal
from mnemic.agent.when.calendar import Days
from mnemic.agent.when.grammar import COUNT, PART, UNIT, WEEKDAY, Found, Present, number, rule

_NEAR_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}


@rule(r"(?:the\s+)?day\s+before\s+yesterday", "day", dated=True, begins="td")
def _before_yesterday(match: re.Match[str], present: Present) -> Days | None:
    return cal.one(cal.shift(present.today, -2))


@rule(r"(?:the\s+)?day\s+after\s+tomorrow", "day", dated=True, begins="td")
def _after_tomorrow(match: re.Match[str], present: Present) -> Days | None:
    return cal.one(cal.shift(present.today, 2))


@rule(
    f"(?:earlier\\s+)?(?P<name>yesterday|today|tomorrow)(?!['’]s)(?:\\s+{PART})?",
    "day",
    dated=True,
    begins="eyt",
)
def _near_day(match: re.Match[str], present: Present) -> Days | None:
    day = cal.shift(present.today, _NEAR_DAYS[match["name"].lower()])
    return narrowed(cal.one(day), match["part"])


@rule(r"last\s+night", "day", dated=True, begins="l")
def _last_night(match: re.Match[str], present: Present) -> Days | None:
    return narrowed(cal.one(cal.shift(present.today, -1)), "night")


@rule(r"tonight", "day", dated=True, begins="t")
def _tonight(match: re.Match[str], present: Present) -> Days | None:
    return narrowed(cal.one(present.today), "night")


@rule(f"this\\s+{PART}", "day", dated=True, begins="t")
def _this_part(match: re.Match[str], present: Present) -> Days | None:
    return narrowed(cal.one(present.today), match["part"])


def narrowed(days: Days, part: str | None) -> Days:
    """A part of the day of these days; all of them if there is none."""
    return replace(days, hours=cal.DAY_PARTS[part.lower()]) if part else days


# Not "an": "half an hour ago" below.
_LOOSE = r"(?P<loose>about|around|almost|nearly|over|roughly|approximately|more\s+than)\s+"


@rule(f"(?P<just>exactly|precisely)\\s+{COUNT}\\s+{UNIT}\\s+(?:ago|back)", "day", dated=True)
@rule(
    f"(?P<just>){COUNT}\\s+{UNIT}\\s+(?:ago|back),?\\s+(?:today|to\\s+the\\s+day)",
    "day",
    dated=True,
)
def _to_the_day(match: re.Match[str], present: Present) -> Found | None:
    """Three months ago to the day: the day of the same number, or that month's last."""
    least, most = number(match["count"])
    unit, today = match["unit"].lower(), present.today
    if least != most or unit in ("hour", "minute", "weekend"):
        return None
    months = {"month": 1, "quarter": 3, "year": 12, "decade": 120}.get(unit)
    if months:
        day = cal.shift_months(today, -most * months)
    else:
        day = cal.shift(today, -most * (1 if unit == "day" else 7))
    vague = bool(match["just"])
    return Found(cal.one(day), match.start(), match.end(), vague=vague, dated=True, kind="day")


@rule(f"(?:{_LOOSE})?{COUNT}\\s+{UNIT}\\s+(?P<side>ago|back|from\\s+now)")
def _ago(match: re.Match[str], present: Present) -> Found | None:
    least, most = number(match["count"])
    if match["side"].lower().startswith("from"):
        least, most = -most, -least
    days = _units_back(match["unit"].lower(), least, most, present)
    vague = most != least or bool(match["loose"])
    return Found(days, match.start(), match.end(), vague=vague)


def _units_back(unit: str, least: int, most: int, present: Present) -> Days:
    today = present.today
    if unit in ("hour", "minute"):
        return _exact(present, timedelta(**{unit + "s": 1}), least, most)
    if unit == "day":
        return Days(cal.shift(today, -most), cal.shift(today, 1 - least))
    if unit == "week":
        first = cal.week_of(cal.shift(today, -7 * most)).first
        return Days(first, cal.week_of(cal.shift(today, -7 * least)).end)
    if unit == "weekend":
        first = cal.weekend_of(cal.shift(today, -7 * most)).first
        return Days(first, cal.weekend_of(cal.shift(today, -7 * least)).end)
    if unit in ("month", "quarter"):
        step = 3 if unit == "quarter" else 1
        return cal.months(today.year, today.month - step * most, 1 + step * (most - least))
    step = 10 if unit == "decade" else 1
    return cal.years(today.year - step * most, 1 + step * (most - least))


def _exact(present: Present, unit: timedelta, least: int, most: int) -> Days:
    """From half a unit before the most to half a unit after the least; at least five minutes."""
    now = present.moment.astimezone(UTC)
    margin = max(unit / 2, timedelta(minutes=5))
    start, end = cal.plus(now, -most * unit), cal.plus(now, -least * unit)
    ends = cal.plus(start, -margin), cal.plus(end, margin)
    return replace(cal.one(present.today), exact=ends)


@rule(r"half\s+a\s+year\s+ago", begins="h")
def _half_year(match: re.Match[str], present: Present) -> Found | None:
    today = present.today
    days = cal.months(today.year, today.month - 7, 3)
    return Found(days, match.start(), match.end(), vague=True)


@rule(r"half\s+an\s+hour\s+ago", begins="h")
def _half_hour(match: re.Match[str], present: Present) -> Found | None:
    days = _exact(present, timedelta(minutes=1), 20, 40)
    return Found(days, match.start(), match.end(), vague=True)


@rule(f"{COUNT}\\s+(?:and\\s+a\\s+half\\s+years|years?\\s+and\\s+a\\s+half)\\s+ago")
def _years_and_half(match: re.Match[str], present: Present) -> Found | None:
    back = 12 * number(match["count"])[0] + 6
    days = cal.months(present.today.year, present.today.month - back - 2, 5)
    return Found(days, match.start(), match.end(), vague=True)


@rule(
    f"(?:(?:in|over|during|within|for)\\s+)?(?:the\\s+)?(?:last|past|previous)\\s+{COUNT}\\s+{UNIT}",
    "rolling",
    begins="iodwftlp",
)
def _last_n(match: re.Match[str], present: Present) -> Found | None:
    least, most = number(match["count"])
    if most == 0:
        return None
    days = _rolling(match["unit"].lower(), most, present)
    return Found(days, match.start(), match.end(), vague=least != most, kind="rolling")


@rule(r"(?:(?:in|over|during|within)\s+)?the\s+(?:past|last)\s+"
      r"(?P<unit>day|week|month|year|quarter|decade|hour)", "rolling", begins="iodwt")  # fmt: skip
@rule(r"(?:in|over|during|within)\s+(?:past|last)\s+(?P<unit>hour)", "rolling", begins="iodwt")
def _past_unit(match: re.Match[str], present: Present) -> Days | None:
    if re.match(r"\s+of\b", match.string[match.end() :]):
        return None
    return _rolling(match["unit"].lower(), 1, present)


def _rolling(unit: str, count: int, present: Present) -> Days:
    today = present.today
    if unit in ("hour", "minute"):
        now = present.moment.astimezone(UTC)
        begin = cal.plus(now, -count * timedelta(**{unit + "s": 1}))
        return replace(cal.one(today), exact=(begin, cal.plus(now, timedelta(microseconds=1))))
    months = {"month": 1, "quarter": 3, "year": 12, "decade": 120}
    if unit in months:
        first = cal.shift_months(today, -count * months[unit])
    else:
        first = cal.shift(today, -count * (1 if unit == "day" else 7))
    return Days(first, cal.shift(today, 1))


@rule(r"(?:earlier\s+)?(?P<which>last|this|next|previous|current)\s+"
      r"(?P<unit>weekend|week|month|quarter|year|decade)", "unit", begins="elntpc")  # fmt: skip
def _which_unit(match: re.Match[str], present: Present) -> Days | None:
    if re.match(r"['’]s\b|\s+of\b", match.string[match.end() :]):
        return None  # "last year of school"
    which = match["which"].lower()
    return which_unit({"next": 1, "this": 0, "current": 0}.get(which, -1), match["unit"], present)


@rule(r"(?:on|at|over|during)\s+the\s+weekend", "unit", begins="oad")
def _the_weekend(match: re.Match[str], present: Present) -> Days | None:
    today = present.today
    back = 0 if today.weekday() >= 5 or present.toward == "future" else -7
    return cal.weekend_of(cal.shift(today, back))


def which_unit(step: int, unit: str, present: Present) -> Days | None:
    """The calendar unit so many steps from the present one."""
    unit, today = unit.lower(), present.today
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
        return cal.years(today.year + step)
    if unit == "decade":
        return cal.years(today.year // 10 * 10 + 10 * step, 10)
    return None


@rule(f"(?:(?P<which>last|this|next|past)\\s+)?{WEEKDAY}(?:\\s+{PART})?", "weekday")
def _weekday(match: re.Match[str], present: Present) -> Found | None:
    name, which = match["weekday"].lower(), (match["which"] or "").lower()
    if not which and name in ("mon", "tue", "wed", "thu", "fri") and match["weekday"].islower():
        return None
    today, wanted = present.today, cal.WEEKDAYS[name]
    back = (today.weekday() - wanted) % 7
    if which == "next" or (not which and present.toward == "future"):
        day = cal.shift(today, 7 - back)
    elif which == "this":
        day = cal.shift(today, wanted - today.weekday())
    else:
        day = cal.shift(today, -(back or 7))
    days = narrowed(cal.one(day), match["part"])
    bare = not which and not match["part"]
    return Found(days, match.start(), match.end(), bare=bare, dated=bool(which), kind="weekday")


@rule(r"recently|lately|these\s+days|of\s+late", "rolling", begins="rlto")
def _recently(match: re.Match[str], present: Present) -> Found | None:
    days = _thirty(present.today)
    return Found(days, match.start(), match.end(), vague=True, kind="rolling")


@rule(r"the\s+other\s+(?P<unit>day|night|week)", begins="t")
def _other_day(match: re.Match[str], present: Present) -> Found | None:
    reach = 21 if match["unit"].lower() == "week" else 10
    days = Days(cal.shift(present.today, -reach), present.today)
    return Found(days, match.start(), match.end(), vague=True, kind="rolling")


def _thirty(today: date) -> Days:
    return Days(cal.shift(today, -30), cal.shift(today, 1))
