"""The times that statements tell of."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnemic.agent.when import RULES_VERSION, tells_of
from mnemic.errors import InvalidTime
from mnemic.testing.growth import assert_linear, repeated

SAID = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)  # a Monday

WORDS = (
    "I went was last next on the in may 7 yesterday ago two 9999 years Monday March 2023 Christmas "
    "before early of . this week"
)

TOLD = [
    ("I went to the support group yesterday.", "2023-05-07", "2023-05-08"),
    ("Yesterday, I finally ran a marathon!", "2023-05-07", "2023-05-08"),
    ("We moved here three years ago", "2020-01-01", "2021-01-01"),
    ("I saw her last Friday at the gym", "2023-05-05", "2023-05-06"),
    ("On Sunday we went hiking", "2023-05-07", "2023-05-08"),
    ("I have an appointment on Friday", "2023-05-12", "2023-05-13"),
    ("We're going to Spain next month", "2023-06-01", "2023-07-01"),
    ("I graduated in June 2019.", "2019-06-01", "2019-07-01"),
    ("I bought it in March", "2023-03-01", "2023-04-01"),
    ("The trip was on 12 April 2022, and it rained", "2022-04-12", "2022-04-13"),
    ("Released 2021-11-03 to everyone", "2021-11-03", "2021-11-04"),
    ("He was born in 1987", "1987-01-01", "1988-01-01"),
    ("I got a bike for my birthday last week", "2023-05-01", "2023-05-08"),
    ("I will fly to Rome on May 20", "2023-05-20", "2023-05-21"),
    ("We met in the summer of 2022", "2022-06-01", "2022-09-01"),
]


@pytest.mark.parametrize(("text", "start", "end"), TOLD)
def test_told(text: str, start: str, end: str) -> None:
    span = tells_of(text, SAID)
    assert span is not None
    assert (f"{span.start:%Y-%m-%d}", f"{span.end:%Y-%m-%d}") == (start, end)


@pytest.mark.parametrize(
    "text",
    [
        "", "I like tea.", "You may be right", "I may go", "We march on", "Every Monday I swim",
        "I have lived here for the last three years", "It has rained since last Tuesday",
        "I have been tired recently", "Christmas is my favourite holiday", "Summer is nice",
        "April said hi", "I love spring rolls", "It was my last chance", "What's next?",
        "It cost 2000 dollars", "the last time we met", "We will be done before May",
        "Mondays are hard", "He sat in the sun", "This is it", "I was born on the 4th of July",
        "My birthday is on May 20", "I always swam in June", "On Fridays we went out",
    ],
)  # fmt: skip
def test_nothing_told(text: str) -> None:
    assert tells_of(text, SAID) is None


def test_days_are_those_of_the_speaker() -> None:
    said = datetime(2023, 5, 8, 0, 30, tzinfo=ZoneInfo("Asia/Tokyo"))
    span = tells_of("I slept badly yesterday", said)
    assert span is not None
    assert span.start == datetime(2023, 5, 7, tzinfo=ZoneInfo("Asia/Tokyo"))


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert tells_of("word " * 400 + "I went yesterday", SAID) is None


def test_naive_is_refused() -> None:
    with pytest.raises(InvalidTime):
        tells_of("I went yesterday", datetime(2023, 5, 8))  # noqa: DTZ001


def test_rules_have_a_version() -> None:
    assert isinstance(RULES_VERSION, int)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=200),
        st.lists(
            st.sampled_from(WORDS.split()),
            max_size=14,
        ).map(" ".join),
    ),
    st.datetimes(timezones=st.sampled_from([UTC, ZoneInfo("Pacific/Apia")])),
)
def test_any_text_gives_a_span_or_none(text: str, said: datetime) -> None:
    span = tells_of(text, said)
    assert span is None or span.start.astimezone(UTC) < span.end.astimezone(UTC)


@pytest.mark.parametrize("unit", ["last ", "in may ", "this 1 "])
def test_time_is_linear_in_hostile_text(unit: str) -> None:
    for length in (2_000, 100_000):  # as much as is looked at, and much more
        assert_linear(lambda text: tells_of(text, SAID), repeated(unit), length)


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("My sister is getting married in September.", 2026),
        ("I'm flying to Rome in March.", 2026),
        ("I am reading what she wrote in May.", 2025),
        ("I got promoted in May.", 2025),
    ],
)
def test_the_present_progressive_with_a_date_is_a_plan(text: str, year: int) -> None:
    """What somebody is doing in a month without a year lies ahead, unless the sentence looks back."""
    found = tells_of(text, datetime(2026, 1, 18, 19, tzinfo=UTC))
    assert found is not None
    assert found.start.year == year


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("I signed up for a half marathon, on October 11.", "2026-10-11"),
        ("I bought tickets for the concert on May 20.", "2026-05-20"),
        ("We got an invitation to a wedding on July 4.", "2026-07-04"),
        ("I registered for the course on March 5.", "2026-03-05"),
        ("I booked the hotel on March 3.", "2026-03-03"),
        ("I signed up for a half marathon on October 11, 2025.", "2025-10-11"),
        ("I ran a half marathon on October 11.", "2025-10-11"),
        ("I signed up on October 11.", "2025-10-11"),
    ],
)
def test_what_was_arranged_lies_ahead(text: str, day: str) -> None:
    """A day without a year that something is booked for is the coming one, if it is not just past."""
    found = tells_of(text, datetime(2026, 4, 10, 19, tzinfo=UTC))
    assert found is not None
    assert f"{found.start:%Y-%m-%d}" == day
