"""Kinds of windows, dated by plain arithmetic on calendar days.

The conventions are those a question is read by: weeks begin on Monday, seasons are three whole
months of the northern hemisphere and named by the year in which they begin, a date without a year
is the latest that is not in the future, "since" takes its day in and "after" does not, and "in the
last five days" goes from the day five days ago through today.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
END = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

SEASONS = ((3, "spring"), (6, "summer"), (9, "autumn"), (12, "winter"))


@dataclass(frozen=True, slots=True)
class Asked:
    """A window that a question asks for: the words' parameters and the local days, [first, end).

    None as an end is an open one.
    """

    words: Mapping[str, int | str]
    first: date | None
    end: date | None
    notes: Mapping[str, int] = field(default_factory=dict)

    def span(self, zone: str) -> tuple[datetime, datetime]:
        """The two moments in UTC."""
        start = BEGINNING if self.first is None else midnight(self.first, zone)
        end = END if self.end is None else midnight(self.end, zone)
        return start, end


def midnight(day: date, zone: str) -> datetime:
    """The first moment of a local day, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def month_of(year: int, month: int, step: int = 0) -> date:
    """The first of a month, so many months from one."""
    index = 12 * year + month - 1 + step
    return date(index // 12, index % 12 + 1, 1)


Make = Callable[[random.Random, date, str], Asked]


def _days(n: int, today: date, words: Mapping[str, int | str]) -> Asked:
    day = today - timedelta(days=n)
    return Asked(words, day, day + timedelta(days=1))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _weeks_ago(n: int, today: date) -> Asked:
    first = _monday(today) - timedelta(weeks=n)
    return Asked({"n": n}, first, first + timedelta(weeks=1))


def _months_ago(n: int, today: date) -> Asked:
    first = month_of(today.year, today.month, -n)
    return Asked({"n": n}, first, month_of(first.year, first.month, 1))


def _past_day(rng: random.Random, today: date) -> date:
    return today - timedelta(days=rng.randrange(40, 1200))


def _date(rng: random.Random, today: date, zone: str) -> Asked:
    day = _past_day(rng, today)
    return _on(day)


def _on(day: date) -> Asked:
    words = {"day": day.day, "month": day.month, "year": day.year}
    return Asked(words, day, day + timedelta(days=1))


def _date_without_year(rng: random.Random, today: date, zone: str) -> Asked:
    day = today - timedelta(days=rng.randrange(1, 360))
    return Asked({"day": day.day, "month": day.month}, day, day + timedelta(days=1))


def _month(rng: random.Random, today: date, zone: str) -> Asked:
    asked = _months_ago(rng.randrange(1, 12), today)
    assert asked.first is not None
    return Asked({"month": asked.first.month}, asked.first, asked.end)


def _month_year(rng: random.Random, today: date, zone: str) -> Asked:
    first = month_of(today.year, today.month, -rng.randrange(2, 40))
    words = {"month": first.month, "year": first.year}
    return Asked(words, first, month_of(first.year, first.month, 1))


def _season(today: date, back: int) -> tuple[str, date]:
    """The season so many before the latest that is over."""
    known = [
        (name, date(year, month, 1))
        for year in range(today.year - 6, today.year + 1)
        for month, name in SEASONS
        if month_of(year, month, 3) <= today
    ]
    return known[-1 - back]


def _last_season(rng: random.Random, today: date, zone: str) -> Asked:
    name, first = _season(today, rng.randrange(3))
    return Asked({"season": name}, first, month_of(first.year, first.month, 3))


def _season_year(rng: random.Random, today: date, zone: str) -> Asked:
    name, first = _season(today, rng.randrange(2, 12))
    return Asked({"season": name, "year": first.year}, first, month_of(first.year, first.month, 3))


def _last_weekday(rng: random.Random, today: date, zone: str) -> Asked:
    back = rng.randrange(1, 8)
    return _days(back, today, {"weekday": (today - timedelta(days=back)).weekday()})


def _quarter(rng: random.Random, today: date, zone: str) -> Asked:
    year, n = today.year - rng.randrange(1, 4), rng.randrange(1, 5)
    first = date(year, 3 * n - 2, 1)
    return Asked({"n": n, "year": year}, first, month_of(year, 3 * n - 2, 3))


def _half_year(rng: random.Random, today: date, zone: str) -> Asked:
    year, n = today.year - rng.randrange(1, 4), rng.randrange(1, 3)
    return Asked(
        {"ordinal": n, "year": year}, date(year, 6 * n - 5, 1), month_of(year, 6 * n - 5, 6)
    )


def _half_month(rng: random.Random, today: date, zone: str) -> Asked:
    asked = _month(rng, today, zone)
    assert asked.first is not None
    assert asked.end is not None
    middle = asked.first.replace(day=1 + (asked.end - asked.first).days // 2)
    n = rng.randrange(1, 3)
    first, end = (asked.first, middle) if n == 1 else (middle, asked.end)
    return Asked({"ordinal": n, "month": asked.first.month}, first, end)


def _week_year(rng: random.Random, today: date, zone: str) -> Asked:
    day = _past_day(rng, today)
    year, week, _ = day.isocalendar()
    return Asked({"week": week, "year": year}, _monday(day), _monday(day) + timedelta(weeks=1))


def _week(rng: random.Random, today: date, zone: str) -> Asked:
    monday = _monday(today) - timedelta(weeks=rng.randrange(1, 40))
    return Asked({"week": monday.isocalendar()[1]}, monday, monday + timedelta(weeks=1))


def _leap_day(rng: random.Random, today: date, zone: str) -> Asked:
    leap = (y for y in range(today.year - 8, today.year + 1) if y % 4 == 0)
    year = max(y for y in leap if date(y, 2, 29) <= today)
    return _on(date(year, 2, 29))


def _to_the_day(rng: random.Random, today: date, zone: str) -> Asked:
    n = rng.randrange(2, 10)
    first = month_of(today.year, today.month, -n)
    last = month_of(first.year, first.month, 1) - timedelta(days=1)
    day = min(first + timedelta(days=today.day - 1), last)
    return Asked({"n": n}, day, day + timedelta(days=1))


def clock_changes(zone: str, today: date) -> list[date]:
    """The local days of the last three years that are not 24 hours long."""
    days = [today - timedelta(days=n) for n in range(2, 1100)]
    return [
        day for day in days
        if midnight(day + timedelta(days=1), zone) - midnight(day, zone) != timedelta(days=1)
    ]  # fmt: skip


def _clock_change(rng: random.Random, today: date, zone: str) -> Asked:
    days = clock_changes(zone, today)
    return _on(rng.choice(days) if days else _past_day(rng, today))


def _before(rng: random.Random, today: date, zone: str) -> Asked:
    asked = _month_year(rng, today, zone)
    return Asked(asked.words, None, asked.first)


def _after(rng: random.Random, today: date, zone: str) -> Asked:
    asked = _month_year(rng, today, zone)
    return Asked(asked.words, asked.end, None)


def _since(rng: random.Random, today: date, zone: str) -> Asked:
    asked = _month_year(rng, today, zone)
    return Asked(asked.words, asked.first, None)


def _until(rng: random.Random, today: date, zone: str) -> Asked:
    asked = _month_year(rng, today, zone)
    return Asked(asked.words, None, asked.end)


def _since_date(rng: random.Random, today: date, zone: str) -> Asked:
    asked = _date(rng, today, zone)
    return Asked(asked.words, asked.first, None)


def _between_months(rng: random.Random, today: date, zone: str) -> Asked:
    year = today.year - rng.randrange(1, 4)
    a = rng.randrange(1, 10)
    b = rng.randrange(a + 1, 13)
    return Asked({"month": a, "month2": b, "year": year}, date(year, a, 1), month_of(year, b, 1))


def _between_days(rng: random.Random, today: date, zone: str) -> Asked:
    asked = _month_year(rng, today, zone)
    assert asked.first is not None
    a = rng.randrange(1, 15)
    b = rng.randrange(a + 1, 29)
    words = {**asked.words, "day": a, "day2": b}
    return Asked(words, asked.first.replace(day=a), asked.first.replace(day=b) + timedelta(days=1))


def _last_n_days(rng: random.Random, today: date, zone: str) -> Asked:
    n = rng.randrange(3, 11)
    return Asked({"n": n}, today - timedelta(days=n), today + timedelta(days=1))


def _next_to_christmas(after: bool) -> Make:
    def make(rng: random.Random, today: date, zone: str) -> Asked:
        year = today.year - rng.randrange(1, 4)
        if after:
            return Asked({"year": year}, date(year, 12, 26), date(year + 1, 1, 2))
        return Asked({"year": year}, date(year, 12, 18), date(year, 12, 25))

    return make


KINDS: Mapping[str, Make] = {
    "yesterday": lambda rng, today, zone: _days(1, today, {}),
    "day before yesterday": lambda rng, today, zone: _days(2, today, {}),
    "days ago": lambda rng, today, zone: (lambda n: _days(n, today, {"n": n}))(rng.randrange(3, 11)),
    "last week": lambda rng, today, zone: _weeks_ago(1, today),
    "weeks ago": lambda rng, today, zone: _weeks_ago(rng.randrange(2, 7), today),
    "last month": lambda rng, today, zone: _months_ago(1, today),
    "months ago": lambda rng, today, zone: _months_ago(rng.randrange(2, 11), today),
    "last year": lambda rng, today, zone: Asked({}, date(today.year - 1, 1, 1), date(today.year, 1, 1)),
    "years ago": lambda rng, today, zone: (
        lambda n: Asked({"n": n}, date(today.year - n, 1, 1), date(today.year - n + 1, 1, 1))
    )(rng.randrange(2, 4)),
    "last season": _last_season,
    "season of year": _season_year,
    "last weekday": _last_weekday,
    "date": _date,
    "date without year": _date_without_year,
    "month": _month,
    "month of year": _month_year,
    "year": lambda rng, today, zone: (
        lambda year: Asked({"year": year}, date(year, 1, 1), date(year + 1, 1, 1))
    )(today.year - rng.randrange(1, 4)),
    "quarter": _quarter,
    "half of year": _half_year,
    "half of month": _half_month,
    "week number of year": _week_year,
    "week number": _week,
    "leap day": _leap_day,
    "to the day": _to_the_day,
    "day of changed clocks": _clock_change,
    "before": _before,
    "after": _after,
    "since": _since,
    "since a date": _since_date,
    "until": _until,
    "between months": _between_months,
    "between days": _between_days,
    "last n days": _last_n_days,
    "week before": _next_to_christmas(after=False),
    "week after": _next_to_christmas(after=True),
    "fiscal quarter": _quarter,
    "no later than": _until,
    "since until": _between_months,
    "iso date": _date,
}  # fmt: skip


def fiscal_quarter(year: int, n: int, start_month: int) -> tuple[date, date]:
    """A quarter of a fiscal year that is named by the calendar year in which it ends."""
    begin = year - 1 if start_month > 1 else year
    first = month_of(begin, start_month, 3 * (n - 1))
    return first, month_of(first.year, first.month, 3)


EVENT_KINDS: Sequence[str] = (
    "before event", "after event", "since event", "until event", "week after event",
    "week before event", "day after event", "weeks after event",
)  # fmt: skip


def beside_event(kind: str, rng: random.Random, day: date) -> Asked:
    """A window beside an event of one day."""
    following = day + timedelta(days=1)
    if kind == "before event":
        return Asked({}, None, day)
    if kind == "after event":
        return Asked({}, following, None)
    if kind == "since event":
        return Asked({}, day, None)
    if kind == "until event":
        return Asked({}, None, following)
    if kind == "week after event":
        return Asked({}, following, following + timedelta(days=7))
    if kind == "week before event":
        return Asked({}, day - timedelta(days=7), day)
    if kind == "day after event":
        return Asked({}, following, following + timedelta(days=1))
    n = rng.randrange(2, 5)  # "two weeks after": that day, with three days to each side
    middle = day + timedelta(days=7 * n)
    return Asked({"n": n}, middle - timedelta(days=3), middle + timedelta(days=4))
