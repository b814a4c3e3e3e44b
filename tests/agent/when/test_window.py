"""The windows that questions ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnemic.agent.records import Window
from mnemic.agent.when import parse_window
from mnemic.agent.when.grammar import RULES
from mnemic.errors import InvalidTime
from mnemic.testing.growth import assert_linear, repeated

NOW = datetime(2024, 5, 15, 14, 30, tzinfo=UTC)  # a Wednesday
BERLIN = ZoneInfo("Europe/Berlin")
MIN = datetime.min.replace(tzinfo=UTC)
MAX = datetime.max.replace(tzinfo=UTC)


def window(query: str, now: datetime = NOW, zone: str = "UTC") -> Window:
    found = parse_window(query, now, zone)
    assert found is not None, query
    return found


def edges(query: str, now: datetime = NOW, zone: str = "UTC") -> tuple[str, str]:
    span = window(query, now, zone).span
    return f"{span.start:%Y-%m-%dT%H:%M}", f"{span.end:%Y-%m-%dT%H:%M}"


DAYS = [
    ("today", "2024-05-15", "2024-05-16"),
    ("yesterday", "2024-05-14", "2024-05-15"),
    ("the day before yesterday", "2024-05-13", "2024-05-14"),
    ("tomorrow", "2024-05-16", "2024-05-17"),
    ("this week", "2024-05-13", "2024-05-20"),
    ("last week", "2024-05-06", "2024-05-13"),
    ("next week", "2024-05-20", "2024-05-27"),
    ("last weekend", "2024-05-11", "2024-05-13"),
    ("this weekend", "2024-05-18", "2024-05-20"),
    ("over the weekend", "2024-05-11", "2024-05-13"),
    ("this month", "2024-05-01", "2024-06-01"),
    ("last month", "2024-04-01", "2024-05-01"),
    ("this quarter", "2024-04-01", "2024-07-01"),
    ("last quarter", "2024-01-01", "2024-04-01"),
    ("last year", "2023-01-01", "2024-01-01"),
    ("next year", "2025-01-01", "2026-01-01"),
    ("last spring", "2023-03-01", "2023-06-01"),
    ("this spring", "2024-03-01", "2024-06-01"),
    ("next summer", "2024-06-01", "2024-09-01"),
    ("last winter", "2023-12-01", "2024-03-01"),
    ("last fall", "2023-09-01", "2023-12-01"),
    ("3 days ago", "2024-05-12", "2024-05-13"),
    ("two weeks ago", "2024-04-29", "2024-05-06"),
    ("five months ago", "2023-12-01", "2024-01-01"),
    ("a year ago", "2023-01-01", "2024-01-01"),
    ("a couple of months ago", "2024-02-01", "2024-04-01"),
    ("a few days ago", "2024-05-09", "2024-05-14"),
    ("half a year ago", "2023-10-01", "2024-01-01"),
    ("in the last 5 days", "2024-05-10", "2024-05-16"),
    ("in the past two months", "2024-03-15", "2024-05-16"),
    ("over the past week", "2024-05-08", "2024-05-16"),
    ("last Tuesday", "2024-05-14", "2024-05-15"),
    ("last Wednesday", "2024-05-08", "2024-05-09"),
    ("on Monday", "2024-05-13", "2024-05-14"),
    ("next Friday", "2024-05-17", "2024-05-18"),
    ("on Tuesday last week", "2024-05-07", "2024-05-08"),
    ("last week on Tuesday", "2024-05-07", "2024-05-08"),
    ("last March", "2024-03-01", "2024-04-01"),
    ("in March", "2024-03-01", "2024-04-01"),
    ("in May", "2024-05-01", "2024-06-01"),
    ("in June", "2023-06-01", "2023-07-01"),
    ("next March", "2025-03-01", "2025-04-01"),
    ("in March of last year", "2023-03-01", "2023-04-01"),
    ("last year in March", "2023-03-01", "2023-04-01"),
    ("in March 2022", "2022-03-01", "2022-04-01"),
    ("in 2023", "2023-01-01", "2024-01-01"),
    ("in the year 2023", "2023-01-01", "2024-01-01"),
    ("in early 2023", "2023-01-01", "2023-05-02"),
    ("in mid-2023", "2023-05-02", "2023-09-02"),
    ("in late 2023", "2023-09-02", "2024-01-01"),
    ("at the beginning of March", "2024-03-01", "2024-03-11"),
    ("at the end of March", "2024-03-22", "2024-04-01"),
    ("in Q3 2024", "2024-07-01", "2024-10-01"),
    ("in the third quarter of 2024", "2024-07-01", "2024-10-01"),
    ("in the first week of May 2024", "2024-05-01", "2024-05-08"),
    ("on the last day of February 2024", "2024-02-29", "2024-03-01"),
    ("on May 7", "2024-05-07", "2024-05-08"),
    ("on May 20", "2023-05-20", "2023-05-21"),
    ("on 7 May 2023", "2023-05-07", "2023-05-08"),
    ("on May 7th, 2023", "2023-05-07", "2023-05-08"),
    ("on the 7th of May 2023", "2023-05-07", "2023-05-08"),
    ("on 2024-05-07", "2024-05-07", "2024-05-08"),
    ("on 2024/05/07", "2024-05-07", "2024-05-08"),
    ("in 2024-05", "2024-05-01", "2024-06-01"),
    ("on 05/07/2024", "2024-05-07", "2024-05-08"),
    ("on 25/07/2023", "2023-07-25", "2023-07-26"),
    ("on 12.05.2023", "2023-05-12", "2023-05-13"),
    ("on the 3rd", "2024-05-03", "2024-05-04"),
    ("on February 29", "2024-02-29", "2024-03-01"),
    ("between May and July", "2023-05-01", "2023-08-01"),
    ("between May and July 2022", "2022-05-01", "2022-08-01"),
    ("from November to February", "2023-11-01", "2024-03-01"),
    ("from 3 to 9 June", "2023-06-03", "2023-06-10"),
    ("in the week before Easter 2024", "2024-03-24", "2024-03-31"),
    ("the week after Christmas", "2023-12-26", "2024-01-02"),
    ("three days after May 7", "2024-05-10", "2024-05-11"),
    ("around Thanksgiving", "2023-11-20", "2023-11-27"),
    ("on Good Friday 2024", "2024-03-29", "2024-03-30"),
    ("on New Year’s Eve", "2023-12-31", "2024-01-01"),
    ("on Labor Day", "2023-09-04", "2023-09-05"),
    ("last Christmas", "2023-12-25", "2023-12-26"),
    ("on the Fourth of July", "2023-07-04", "2023-07-05"),
    ("in ISO week 23 of 2024", "2024-06-03", "2024-06-10"),
    ("in ISO week 1 of 2021", "2021-01-04", "2021-01-11"),
    ("in ISO week 53 of 2020", "2020-12-28", "2021-01-04"),
    ("in the 1990s", "1990-01-01", "2000-01-01"),
    ("in the 90s", "1990-01-01", "2000-01-01"),
    ("recently", "2024-04-15", "2024-05-16"),
    ("two or three days ago", "2024-05-12", "2024-05-14"),
    ("on the first Monday of April", "2024-04-01", "2024-04-02"),
    ("on the last Friday of March 2024", "2024-03-29", "2024-03-30"),
]


@pytest.mark.parametrize(("phrase", "start", "end"), DAYS)
def test_days(phrase: str, start: str, end: str) -> None:
    assert edges(f"what happened {phrase}?") == (f"{start}T00:00", f"{end}T00:00")
    assert window(f"what happened {phrase}?").phrase == phrase


@pytest.mark.parametrize(
    ("phrase", "start", "end"),
    [
        ("yesterday evening", "2024-05-14T17:00", "2024-05-15T00:00"),
        ("last night", "2024-05-14T18:00", "2024-05-15T06:00"),
        ("this morning", "2024-05-15T05:00", "2024-05-15T12:00"),
        ("on Friday night", "2024-05-10T18:00", "2024-05-11T06:00"),
        ("on the morning of May 7", "2024-05-07T05:00", "2024-05-07T12:00"),
        ("at 3 pm yesterday", "2024-05-14T15:00", "2024-05-14T16:00"),
        ("yesterday at 15:30", "2024-05-14T15:30", "2024-05-14T16:30"),
        ("the night before Christmas", "2023-12-24T18:00", "2023-12-25T06:00"),
        ("at noon on May 7", "2024-05-07T12:00", "2024-05-07T13:00"),
        ("an hour ago", "2024-05-15T13:00", "2024-05-15T14:00"),
        ("in the last hour", "2024-05-15T13:30", "2024-05-15T14:30"),
    ],
)
def test_parts_of_days(phrase: str, start: str, end: str) -> None:
    assert edges(f"what did I do {phrase}") == (start, end)


def test_open_ends() -> None:
    march, april = datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)
    for word, start, end in (
        ("before", MIN, march),
        ("after", april, MAX),
        ("since", march, MAX),
        ("until", MIN, april),
        ("by", MIN, april),
    ):
        span = window(f"what did I say {word} March 2024").span
        assert (span.start, span.end) == (start, end)


def test_day_first() -> None:
    found = parse_window("what happened on 05/07/2024", NOW, "UTC", day_first=True)
    assert found is not None
    assert found.span.start == datetime(2024, 7, 5, tzinfo=UTC)


def test_questions_about_the_future_look_ahead() -> None:
    assert edges("what will I do on Friday")[0] == "2024-05-17T00:00"
    assert edges("what plans did I mention on Monday")[0] == "2024-05-13T00:00"
    assert edges("what is planned on May 20")[0] == "2024-05-20T00:00"


CLOCKS = [
    ("what did I say yesterday", "said", True),
    ("what did Anna tell me in March", "said", True),
    ("messages from yesterday", "said", True),
    ("In March 2024, what did we discuss about dogs?", "said", True),
    ("what did I say about dogs in March", "said", True),
    ("what did I say a few days ago", "said", False),
    ("what did I say around Christmas", "said", False),
    ("what did I say recently", "said", False),
    ("what happened in March", "happened", True),
    ("what did I do yesterday", "happened", True),
    ("events in the past three weeks", "happened", True),
    ("what happened in early 2023", "happened", False),
    ("where was I last Tuesday", "happened", False),
    ("which museum did I visit in May", "happened", False),
    ("what was imported last week", "ingested", True),
    ("what was added to memory yesterday", "ingested", True),
    ("which book did Anna say she read in March", None, False),
    ("my mood last Tuesday", None, False),
    ("what car did I import in 2023", "happened", False),
    ("which messages were stored last week", "ingested", True),
    ("where was the bike stored last week", "happened", False),
]


@pytest.mark.parametrize(("query", "clock", "hard"), CLOCKS)
def test_clocks(query: str, clock: str | None, hard: bool) -> None:
    found = window(query)
    assert (found.clock, found.hard) == (clock, hard)


NO_TIME = [
    "", "May I have a cookie?", "she may go to the store", "you may have said that",
    "this may be nothing", "may 5 people join?", "how do soldiers march", "march 5 miles",
    "can I have a second opinion", "wait a second", "did the leaves fall", "where did I fall",
    "do I like spring rolls", "what grows in spring water", "Did April call?", "What did June say?",
    "What does August like?", "what about April", "a gift for June", "what is in April's room",
    "what did my sister April tell me", "the letter written by June", "who sat down",
    "is the sun up", "do we wed", "who owns port 8080", "who paid 2000 dollars", "in 2000 cases",
    "over 2000 people", "who won the 2022 world cup", "when did I go to Rome?",
    "when was the last time I went swimming", "what was the first time I swam",
    "how many weeks did I train", "I trained for two weeks", "what do I do every Monday",
    "I run 3 days a week", "what do I do on weekends", "what's next", "at last",
    "last but not least",
    "at 3", "we were 10 and 12", "version 1.2.3", "which apartment is on the 3rd floor",
    "last year of school", "the last minute",
]  # fmt: skip


@pytest.mark.parametrize("query", NO_TIME)
def test_no_time(query: str) -> None:
    assert parse_window(query, NOW, "UTC") is None


def test_a_day_in_the_askers_zone_is_as_long_as_its_clocks_make_it() -> None:
    for now, hours in (
        (datetime(2024, 4, 1, 12, tzinfo=UTC), 23),
        (datetime(2024, 10, 28, 12, tzinfo=UTC), 25),
    ):
        span = window("what did I do yesterday", now, "Europe/Berlin").span
        length = span.end.astimezone(UTC) - span.start.astimezone(UTC)
        assert length == timedelta(hours=hours)


def test_the_askers_zone_decides_what_today_is() -> None:
    late = datetime(2024, 5, 15, 23, 30, tzinfo=UTC)
    assert edges("what did I say today", late, "Asia/Tokyo")[0] == "2024-05-16T00:00"
    assert edges("what did I say today", late, "America/New_York")[0] == "2024-05-15T00:00"
    assert window("what did I say today", late, "Asia/Tokyo").zone == "Asia/Tokyo"


def test_hours_that_the_clocks_repeat_or_skip() -> None:
    repeated = datetime(2024, 10, 27, 1, 20, tzinfo=UTC)  # 02:20 for the second time
    span = window("what did I say an hour ago", repeated, "Europe/Berlin").span
    assert datetime(2024, 10, 27, 0, 20, tzinfo=UTC) in span
    skipped = window("what did I say at 2:30 am on March 31, 2024", NOW, "Europe/Berlin").span
    assert skipped.end - skipped.start == timedelta(hours=1)
    midnight = window("what happened on 2018-11-04", NOW, "America/Sao_Paulo").span
    assert midnight.start.hour == 1  # midnight was skipped
    gone = window("what happened on 2011-12-30", NOW, "Pacific/Apia").span
    assert gone.end > gone.start  # Samoa skipped the day


@pytest.mark.parametrize(
    "now",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=BERLIN),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2024, 2, 29, tzinfo=UTC),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_edges_clip(now: datetime, zone: str) -> None:
    for phrase, _, _ in DAYS:
        for lead in ("what happened", "what happened before", "since", "the week after"):
            found = parse_window(f"{lead} {phrase}", now, zone)
            assert found is None or found.span.end > found.span.start
    parse_window("9999 years ago and 9999 weeks ago or 9999 hours ago", now, zone)


def test_naive_now_is_refused() -> None:
    with pytest.raises(InvalidTime, match="no time zone"):
        parse_window("yesterday", datetime(2024, 5, 15), "UTC")  # noqa: DTZ001
    with pytest.raises(InvalidTime, match="Mars/Base"):
        parse_window("yesterday", NOW, "Mars/Base")


WORDS = (
    "what did I say on in at the of last next this may march second fall before after since by "
    "between and to from early late 3 2023 31 9999 0 week day month years ago past a few Monday "
    "Easter Christmas noon pm 15:30 2024-05-07 yesterday summer quarter Q3 weekend hour first ' , ?"
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=200),
        st.lists(st.sampled_from([*WORDS.split(), "\n"]), max_size=14).map(" ".join),
    ),
    st.datetimes(timezones=st.sampled_from([UTC, BERLIN, ZoneInfo("Pacific/Apia")])),
)
def test_any_text_gives_a_window_or_none(query: str, now: datetime) -> None:
    found = parse_window(query, now, "America/Havana")
    if found is not None:
        assert found.span.start.astimezone(UTC) < found.span.end.astimezone(UTC)
        assert found.phrase in query
        assert not (found.hard and found.clock is None)


ADVERSARIAL = [
    ("last ",), ("the ",), (" ",), (" ", "may 7", "x"), ("1",), ("in the ",), ("between from ",),
    ("a few ",), ("May 7, ",), (" ,", "in"), ("what did I say ",), ("2024-05-",),
    ("in early the ",), ("May 7" + " " * 300,), ("early mid late ",), ("week before ",),
    ("\u0661",), (" ", "May 7 at 3"), ("\n", "what", "x last week"),
]  # fmt: skip


@pytest.mark.parametrize("parts", ADVERSARIAL, ids=repr)
def test_long_text_takes_no_time(parts: tuple[str, ...]) -> None:
    """Up to the characters that are looked at, and beyond; 0.05 s on a quiet machine."""
    for length in (2_000, 100_000):
        assert_linear(lambda text: parse_window(text, NOW, "UTC"), repeated(*parts), length)


def test_rules_are_passed_over_only_where_they_cannot_begin() -> None:
    """A rule that names the characters it can begin with matches nowhere else."""
    texts = [phrase for phrase, _, _ in DAYS] + [
        WORDS,
        WORDS.upper(),
        "H1 2024 Q3 FY24 KW 23 W7 2024",
    ]
    texts += [
        "the first fiscal quarter of 2024",
        "fiscal Q2",
        "half a year ago",
        "2024-W07",
        "1990s",
    ]
    for text in texts:
        for start in range(len(text)):
            for pattern, _, _, _, _, begins in RULES:
                if pattern.match(text, start):
                    assert not begins or text[start].lower() in begins, (text[start:], pattern)


def test_a_topic_leaves_the_clock_to_the_saying() -> None:
    assert window("what did I say about dogs in March").clock == "said"
    assert edges("what did we talk about two weeks ago")[0] == "2024-04-29T00:00"


@pytest.mark.parametrize(
    ("question", "clock", "hard"),
    [
        ("Tell me where Ana worked in March", "happened", False),
        ("Please explain the outage in March", None, False),
        ("Who was on the talk show in March?", "happened", False),
        ("What should we discuss in March?", None, False),
        ("What did the doctor tell me in March?", "said", True),
        ("In March, what did you and Ana talk about?", "said", True),
        ("Can you tell me what I said in March?", "said", True),
    ],
)
def test_a_request_to_say_is_no_saying(question: str, clock: str | None, hard: bool) -> None:
    """Only what somebody said asks for the clock of saying; "tell me" and "talk show" do not."""
    window = parse_window(question, datetime(2026, 11, 20, 12, tzinfo=UTC), "UTC")
    assert window is not None
    assert (window.clock, window.hard) == (clock, hard)
