"""Days, weeks, months, seasons and holidays as pairs of local days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from mnemic.vocabulary import Span

MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
         "august aug", "september sep sept", "october oct", "november nov", "december dec"), 1
    )
    for name in names.split()
}  # fmt: skip
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        ("monday mon", "tuesday tue tues", "wednesday wed", "thursday thu thurs", "friday fri",
         "saturday", "sunday")
    )
    for name in names.split()
}  # fmt: skip
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""First months, of the northern hemisphere; a winter is named by the year of its December."""

DAY_PARTS = {
    "morning": (5, 12), "afternoon": (12, 18), "evening": (17, 24), "night": (18, 30),
}  # fmt: skip
"""Hours from midnight; a night goes on to six the next morning."""

FIRST, LAST = date.min, date.max
"""The first and the last of all days stand for open ends."""
_OPEN_START = datetime(1, 1, 1, tzinfo=UTC)
_OPEN_END = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Days:
    """Local days from `first` up to, not including, `end`.

    `hours` narrow them to a part of the day; `minute` to the hour that begins at a minute of the
    first day; `exact` replaces them by two moments in UTC.
    """

    first: date
    end: date
    hours: tuple[int, int] | None = None
    minute: int | None = None
    exact: tuple[datetime, datetime] | None = None

    @property
    def length(self) -> int:
        """How many days."""
        return (self.end - self.first).days

    def span(self, zone: tzinfo) -> Span:
        """The span of these days in a zone; the first and last of all days are open ends."""
        if self.exact is not None:
            return Span(*self.exact)
        if self.minute is not None:
            begin = at(self.first, self.minute, zone).astimezone(UTC)
            return Span(begin, plus(begin, timedelta(hours=1)))
        from_hour, to_hour = self.hours or (0, 0)
        last = self.end if self.hours is None else shift(self.end, -1)
        start = at(self.first, 60 * from_hour, zone)
        end = at(last, 60 * to_hour, zone)
        if self.first == FIRST:
            start = _OPEN_START
        if self.end == LAST:
            end = _OPEN_END
        if end <= start:  # a zone that skipped the whole day
            start = start.astimezone(UTC)
            end = plus(start, timedelta(microseconds=1))
        return Span(start, end)


def at(day: date, minute: int, zone: tzinfo) -> datetime:
    """A minute of a local day; minutes beyond the day reach into the next.

    A time that a change of clocks skips is moved forward by as much as was skipped.
    """
    local = datetime.combine(
        shift(day, minute // 1440), time(minute % 1440 // 60, minute % 60), tzinfo=zone
    )
    try:
        return local.astimezone(UTC).astimezone(zone)
    except OverflowError:
        return local.replace(tzinfo=UTC)


def plus(moment: datetime, step: timedelta) -> datetime:
    """A moment in UTC moved by a step, kept within the years 1 to 9999."""
    try:
        return moment + step
    except OverflowError:
        return _OPEN_START if step < timedelta(0) else _OPEN_END


def shift(day: date, days: int) -> date:
    """A day so many days later, kept within the years 1 to 9999."""
    ordinal = min(max(day.toordinal() + days, 1), LAST.toordinal())
    return date.fromordinal(ordinal)


def shift_months(day: date, count: int) -> date:
    """The same day of the month so many months later, or that month's last day."""
    month = months(day.year, day.month + count)
    return min(shift(month.first, day.day - 1), shift(month.end, -1))


def one(day: date) -> Days:
    """A single day."""
    return Days(day, shift(day, 1))


def week_of(day: date) -> Days:
    """The week, from Monday, that holds a day."""
    monday = shift(day, -day.weekday())
    return Days(monday, shift(monday, 7))


def weekend_of(day: date) -> Days:
    """Saturday and Sunday of the week that holds a day."""
    monday = shift(day, -day.weekday())
    return Days(shift(monday, 5), shift(monday, 7))


def months(year: int, month: int, count: int = 1) -> Days:
    """So many months from the first of one; `month` may lie outside 1 to 12."""
    return Days(_first_of(year, month), _first_of(year, month + count))


def _first_of(year: int, month: int) -> date:
    index = max(year * 12 + month - 1, 12)
    return LAST if index >= 120_000 else date(index // 12, index % 12 + 1, 1)


def years(first: int, count: int = 1) -> Days:
    """So many years from the first of January."""
    return months(first, 1, 12 * count)


def season(name: str, year: int) -> Days:
    """A season by the year in which it begins."""
    return months(year, SEASONS[name], 3)


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar.

    Source:
        The anonymous Gregorian computus (Nature, 1876); Meeus, Astronomical Algorithms, ch. 8.
    """
    a, b, c = year % 19, year // 100, year % 100
    d, e = b // 4, b % 4
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    ell = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * ell) // 451
    month, day = divmod(h + ell - 7 * m + 114, 31)
    return date(year, month, day + 1)


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return shift(first, (weekday - first.weekday()) % 7 + 7 * (n - 1))


EASTER_HOLIDAYS = {
    "easter": 0, "easter sunday": 0, "good friday": -2, "easter monday": 1, "palm sunday": -7,
    "maundy thursday": -3, "ash wednesday": -46, "ascension day": 39, "pentecost": 49,
    "whit monday": 50,
}  # fmt: skip
WEEKDAY_HOLIDAYS = {
    "thanksgiving": (11, 3, 4), "thanksgiving day": (11, 3, 4), "labor day": (9, 0, 1),
    "mother's day": (5, 6, 2), "father's day": (6, 6, 3),
}  # fmt: skip
FIXED_HOLIDAYS = {
    "christmas eve": (12, 24), "christmas": (12, 25), "christmas day": (12, 25),
    "boxing day": (12, 26), "new year's eve": (12, 31), "new year's day": (1, 1),
    "new year's": (1, 1), "new year": (1, 1), "valentine's day": (2, 14), "valentine's": (2, 14),
    "st. patrick's day": (3, 17), "halloween": (10, 31), "independence day": (7, 4),
    "the fourth of july": (7, 4), "epiphany": (1, 6), "all saints' day": (11, 1),
}  # fmt: skip
HOLIDAYS = (*EASTER_HOLIDAYS, *WEEKDAY_HOLIDAYS, *FIXED_HOLIDAYS, "memorial day")


def holiday(name: str, year: int) -> date:
    """The day of a holiday in a year; those that differ by country are of the United States."""
    if name in EASTER_HOLIDAYS:
        return shift(easter(year), EASTER_HOLIDAYS[name])
    if name in WEEKDAY_HOLIDAYS:
        return _nth(year, *WEEKDAY_HOLIDAYS[name])
    if name == "memorial day":
        return shift(_nth(year, 6, 0, 1), -7)
    month, day = FIXED_HOLIDAYS[name]
    return date(year, month, day)
