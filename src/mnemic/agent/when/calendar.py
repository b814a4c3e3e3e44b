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


@dataclass(frozen=True, slots=True)
class Days:
    """Local days from `first` up to, not including, `end`; hours narrow them to a part."""

    first: date
    end: date
    hours: tuple[int, int] | None = None

    def span(self, zone: tzinfo) -> Span:
        """The span of these days in a zone."""
        if self.hours is None:
            return Span(at(self.first, 0, zone), at(self.end, 0, zone))
        last = shift(self.end, -1)
        return Span(at(self.first, self.hours[0], zone), at(last, self.hours[1], zone))


def at(day: date, hour: int, zone: tzinfo) -> datetime:
    """An hour of a local day; hours beyond 24 reach into the next."""
    local = datetime.combine(shift(day, hour // 24), time(hour % 24), tzinfo=zone)
    try:
        local.astimezone(UTC)
    except OverflowError:
        return local.replace(tzinfo=UTC)
    return local


def shift(day: date, days: int) -> date:
    """A day so many days later, kept within the years 1 to 9999."""
    ordinal = min(max(day.toordinal() + days, 1), date.max.toordinal())
    return date.fromordinal(ordinal)


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
    index = year * 12 + month - 1
    index = min(max(index, 12), 9999 * 12 + 11)
    return date(index // 12, index % 12 + 1, 1)


def years(first: int, count: int = 1) -> Days:
    """So many years from the first of January."""
    return months(first, 1, 12 * count)


def season(name: str, year: int) -> Days:
    """A season by the year in which it begins."""
    return months(year, SEASONS[name], 3)


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar.

    Source:
        The anonymous Gregorian computus (Nature, 1876), as in Meeus, Astronomical Algorithms, ch. 8.
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


def holiday(name: str, year: int) -> date:
    """The day of a holiday in a year; those that differ by country are of the United States."""
    moving = {
        "easter": 0, "good friday": -2, "easter monday": 1, "ash wednesday": -46, "pentecost": 49,
    }  # fmt: skip
    if name in moving:
        return shift(easter(year), moving[name])
    if name == "thanksgiving":
        return _nth(year, 11, 3, 4)
    if name == "labor day":
        return _nth(year, 9, 0, 1)
    if name == "memorial day":
        return shift(_nth(year, 6, 0, 1), -7)
    month, day = FIXED_HOLIDAYS[name]
    return date(year, month, day)


FIXED_HOLIDAYS = {
    "christmas eve": (12, 24), "christmas": (12, 25), "boxing day": (12, 26),
    "new year's eve": (12, 31), "new years eve": (12, 31), "new year's day": (1, 1),
    "new year's": (1, 1), "new year": (1, 1), "valentine's day": (2, 14), "halloween": (10, 31),
    "independence day": (7, 4), "epiphany": (1, 6),
}  # fmt: skip
MOVING_HOLIDAYS = (
    "easter monday", "easter", "good friday", "ash wednesday", "pentecost", "thanksgiving",
    "labor day", "memorial day",
)  # fmt: skip
