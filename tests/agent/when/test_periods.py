"""Numbered weeks, halves, fiscal years, both ends, to the day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnemic.agent.when import parse_window, tells_of
from mnemic.errors import InvalidTime

NOW = datetime(2024, 5, 15, 14, 30, tzinfo=UTC)  # a Wednesday


def edges(query: str, fiscal_year_start_month: int = 1) -> tuple[str, str] | None:
    found = parse_window(query, NOW, "UTC", fiscal_year_start_month=fiscal_year_start_month)
    return found and (f"{found.span.start:%Y-%m-%d}", f"{found.span.end:%Y-%m-%d}")


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ("in week 23 of 2023", "2023-06-05", "2023-06-12"),
        ("in W23 2023", "2023-06-05", "2023-06-12"),
        ("in 2024-W07", "2024-02-12", "2024-02-19"),
        ("KW 23", "2023-06-05", "2023-06-12"),
        ("in week 19", "2024-05-06", "2024-05-13"),
        ("in H1 2023", "2023-01-01", "2023-07-01"),
        ("in the first half of last year", "2023-01-01", "2023-07-01"),
        ("in the second half of 2024", "2024-07-01", "2025-01-01"),
        ("in the first half of April", "2024-04-01", "2024-04-16"),
        ("in the second half of April", "2024-04-16", "2024-05-01"),
        ("since March until May", "2024-03-01", "2024-06-01"),
        ("since November until February", "2023-11-01", "2024-03-01"),
        ("after March 2023 but before June 2023", "2023-04-01", "2023-06-01"),
        ("no earlier than May 5", "2024-05-05", "9999-12-31"),
        ("from March onwards", "2024-03-01", "9999-12-31"),
        ("three months ago to the day", "2024-02-15", "2024-02-16"),
        ("two weeks ago today", "2024-05-01", "2024-05-02"),
        ("on Monday, May 6", "2024-05-06", "2024-05-07"),
        ("in fiscal Q2", "2024-04-01", "2024-07-01"),
        ("in FY24", "2024-01-01", "2025-01-01"),
        ("in Q3 FY2024", "2024-07-01", "2024-10-01"),
        ("last fiscal year", "2023-01-01", "2024-01-01"),
    ],
)
def test_periods(query: str, start: str, end: str) -> None:
    """Each wording asks for its own days."""
    assert edges(query) == (start, end)


@pytest.mark.parametrize(
    "query",
    ["in week 3 of the course", "my W2 form", "the 3 kw motor", "in week 60", "week 5 is hard",
     "the W3 consortium"],
)  # fmt: skip
def test_no_week(query: str) -> None:
    """What only looks like a numbered week is none."""
    assert edges(query) is None


def test_a_week_of_no_year_only_prefers() -> None:
    """ "Week 3" may be one of a course."""
    found = parse_window("what did I say in week 3", NOW, "UTC")
    assert found is not None
    assert not found.hard
    assert tells_of("in week 3 I was ill", NOW) is None


@given(st.integers(1, 12), st.integers(2000, 2099))
def test_fiscal_quarters_make_up_their_year(start_month: int, year: int) -> None:
    """Four quarters follow each other and end in the calendar year that names the fiscal one."""
    found = [edges(f"in Q{n} FY{year}", start_month) for n in (1, 2, 3, 4)]
    whole = edges(f"in FY{year}", start_month)
    assert whole is not None
    assert whole[0] == found[0][0]  # type: ignore[index]
    assert whole[1] == found[3][1]  # type: ignore[index]
    assert all(found[n][1] == found[n + 1][0] for n in range(3))  # type: ignore[index]
    assert (date.fromisoformat(whole[1]) - timedelta(days=1)).year == year


@given(st.dates(date(2000, 1, 1), date(2024, 5, 1)))
def test_a_week_holds_its_days(day: date) -> None:
    """The week that ISO 8601 gives a day begins on its Monday."""
    year, week, weekday = day.isocalendar()
    monday = day - timedelta(days=weekday - 1)
    assert edges(f"in week {week} of {year}") == (str(monday), str(monday + timedelta(days=7)))


def test_a_fiscal_year_begins_in_a_month() -> None:
    """A month out of range is refused."""
    with pytest.raises(InvalidTime, match="13"):
        parse_window("in FY24", NOW, "UTC", fiscal_year_start_month=13)


def test_statements_do_not_know_whose_fiscal_year() -> None:
    """Without the month in which it begins, a fiscal year is no event time."""
    assert tells_of("We shipped it in Q3 FY2023", NOW) is None
