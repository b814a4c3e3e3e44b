"""Rules of numbered weeks, halves of years, and fiscal years."""

from __future__ import annotations

import re
from datetime import date

from mnemic.agent.when import calendar as cal
from mnemic.agent.when.absolute import around, choose
from mnemic.agent.when.calendar import Days
from mnemic.agent.when.grammar import ORDINALS, YEAR, Found, Present, any_of, rule

_NTH = f"(?P<n>{any_of(ORDINALS)})"
_FISCAL_YEAR = r"(?:FY\s?['’]?|fiscal\s+(?:year\s+)?['’]?)(?P<fy>(?:19|20)\d\d|\d\d)"


_OF = re.compile(r"\s+of\b", re.IGNORECASE)


def _week(year: int, n: int) -> Days | None:
    try:
        return cal.week_of(date.fromisocalendar(year, n, 1))
    except ValueError:
        return None


@rule(f"(?P<named>iso\\s+|calendar\\s+)?week\\s+(?:no\\.?\\s*|number\\s+)?(?P<n>\\d{{1,2}})"
      f"(?:,?\\s+(?:of\\s+)?{YEAR})?", begins="icwk")  # fmt: skip
@rule(
    f"(?P<named>W|CW\\s?|KW\\s?)(?P<n>\\d{{1,2}})(?:[\\s,/-]{{1,2}}(?:of\\s+)?{YEAR})?",
    begins="icwk",
)
def _iso_week(match: re.Match[str], present: Present) -> Found | None:
    """ISO 8601 weeks; without a year the latest. "Week 3" alone may be one of a course: vague."""
    n, named = int(match["n"]), match["named"]
    if named and named[:1] in "ck" and match[0][:2].islower() and not named.startswith("cal"):
        return None  # "23 kw" is a power
    if match["year"]:
        days = _week(int(match["year"]), n)
    else:
        days = choose((_week(year, n) for year in around(present)), present)
    if days is None:
        return None
    plain = not match["year"] and (named is None or named.lower() == "w")
    if plain and _OF.match(match.string, match.end()):
        return None  # "week 3 of the course"
    return Found(
        days, match.start(), match.end(), vague=plain, bare=plain, dated=bool(match["year"]),
        kind="week",
    )  # fmt: skip


@rule(r"(?P<year>(?:19|20)\d\d)-?W(?P<n>\d\d)", "week", dated=True, begins="12")
def _iso_week_code(match: re.Match[str], present: Present) -> Days | None:
    return _week(int(match["year"]), int(match["n"]))


@rule(f"(?:the\\s+)?H(?P<n>[12])\\s+(?:of\\s+)?{YEAR}", dated=True, begins="th")
def _half(match: re.Match[str], present: Present) -> Days | None:
    return cal.months(int(match["year"]), 6 * int(match["n"]) - 5, 6)


def _fiscal(year: int, present: Present) -> tuple[int, int]:
    """Where a fiscal year begins: named by the year in which it ends, unless it is the calendar's."""
    return year - (present.fiscal_start > 1), present.fiscal_start


def _named_year(match: re.Match[str]) -> int:
    digits = match["fy"]
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _fiscal_quarter(year: int, n: int, present: Present) -> Days | None:
    """The n-th quarter, -1 for the last, of a fiscal year; None for a fifth."""
    n = 4 if n == -1 else n
    begin, month = _fiscal(year, present)
    return cal.months(begin, month + 3 * (n - 1), 3) if n < 5 else None


@rule(_FISCAL_YEAR, "fiscal", dated=True, begins="f")
def _fiscal_year(match: re.Match[str], present: Present) -> Days | None:
    return cal.months(*_fiscal(_named_year(match), present), 12)


@rule(f"(?:the\\s+)?(?:fiscal\\s+)?Q(?P<n>[1-4])\\s+(?:of\\s+)?(?:the\\s+)?{_FISCAL_YEAR}",
      "fiscal", dated=True, begins="tfqsl12345")  # fmt: skip
@rule(f"(?:the\\s+)?{_NTH}\\s+(?:fiscal\\s+)?quarter\\s+of\\s+(?:the\\s+)?{_FISCAL_YEAR}",
      "fiscal", dated=True, begins="tfqsl12345")  # fmt: skip
def _quarter_of_fiscal_year(match: re.Match[str], present: Present) -> Days | None:
    return _fiscal_quarter(_named_year(match), _number(match["n"]), present)


@rule(
    f"(?:the\\s+)?fiscal\\s+Q(?P<n>[1-4])(?:\\s+(?:of\\s+)?{YEAR})?", "fiscal", begins="tfsl12345"
)
@rule(
    f"(?:the\\s+)?{_NTH}\\s+fiscal\\s+quarter(?:\\s+(?:of\\s+)?{YEAR})?",
    "fiscal",
    begins="tfsl12345",
)
def _a_fiscal_quarter(match: re.Match[str], present: Present) -> Days | None:
    n = _number(match["n"])
    if match["year"]:
        return _fiscal_quarter(int(match["year"]), n, present)
    if n == -1:  # "the last fiscal quarter" is the one before this
        return None
    return choose((_fiscal_quarter(year, n, present) for year in around(present)), present)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else ORDINALS[text.lower()]


@rule(r"(?:the\s+)?(?P<which>last|previous|this|current|next)\s+fiscal\s+(?P<unit>year|quarter)",
      "fiscal", begins="tlpcn")  # fmt: skip
def _which_fiscal(match: re.Match[str], present: Present) -> Days | None:
    step = {"last": -1, "previous": -1, "next": 1}.get(match["which"].lower(), 0)
    length = 12 if match["unit"].lower() == "year" else 3
    today = present.today
    since = (today.month - present.fiscal_start) % length
    return cal.months(today.year, today.month - since + step * length, length)
