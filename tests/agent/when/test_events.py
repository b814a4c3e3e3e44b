"""Windows beside events."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnemic.agent.when import parse_window
from mnemic.agent.when.events import EventWindow, parse_event_window, resolve
from mnemic.testing.growth import assert_linear, repeated
from mnemic.vocabulary import Span

NOW = datetime(2024, 5, 15, 14, 30, tzinfo=UTC)
MARCH_5 = Span(datetime(2024, 3, 5, tzinfo=UTC), datetime(2024, 3, 6, tzinfo=UTC))

READ = [
    ("What did I say the week after the move?", "after", "week", "move"),
    ("What did Ana tell me before the wedding about money?", "before", "", "wedding"),
    ("What have I done since I started at Maregrafo?", "since", "", "I started at Maregrafo"),
    ("After the trip to Rome, what did I buy?", "after", "", "trip to Rome"),
    ("What happened during the conference?", "during", "", "conference"),
    ("What did we discuss the week of the launch?", "during", "week", "launch"),
    ("Was habe ich nach dem Umzug über Geld gesagt?", "after", "", "Umzug"),
    ("Was habe ich in der Woche nach dem Umzug gesagt?", "after", "week", "Umzug"),
    ("Bevor ich nach Lissabon zog, was sagte ich?", "before", "", "ich nach Lissabon zog"),
    ("Qu'est-ce que j'ai dit avant le mariage ?", "before", "", "mariage"),
    ("¿Qué dije la semana después de la mudanza?", "after", "week", "mudanza"),
    ("O que eu disse antes do casamento?", "before", "", "casamento"),
    ("Cosa ho detto dopo il trasloco?", "after", "", "trasloco"),
    ("Wat zei ik in de week na de verhuizing?", "after", "week", "verhuizing"),
]


@pytest.mark.parametrize(("query", "relation", "unit", "words"), READ)
def test_read(query: str, relation: str, unit: str, words: str) -> None:
    """The relation, the unit and the event's own words are found, and the place of the whole."""
    found = parse_event_window(query, NOW, "UTC")
    assert found is not None
    assert (found.relation, found.unit, found.words) == (relation, unit, words)
    assert query[found.start : found.end].strip() == found.phrase
    assert found.words in found.phrase


@pytest.mark.parametrize(
    "query",
    ["look after the kids", "Who was named after my father?", "what is after all this", "", "before",
     "What did I say before March?", "the week after Christmas", "since when do I live here",
     "When did I move?", "ever since then", "two days after May 7"],
)  # fmt: skip
def test_no_event(query: str) -> None:
    """Verbs with "after", bare pronouns, and what the grammar can date itself are no events."""
    assert parse_event_window(query, NOW, "UTC") is None


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ("before the move", "0001-01-01", "2024-03-05"),
        ("after the move", "2024-03-06", "9999-12-31"),
        ("since the move", "2024-03-05", "9999-12-31"),
        ("until the move", "0001-01-01", "2024-03-06"),
        ("during the move", "2024-03-05", "2024-03-06"),
        ("the week after the move", "2024-03-06", "2024-03-13"),
        ("the day before the move", "2024-03-04", "2024-03-05"),
        ("the week of the move", "2024-03-04", "2024-03-11"),
        ("two weeks after the move", "2024-03-16", "2024-03-23"),
        ("three days before the move", "2024-03-02", "2024-03-03"),
    ],
)
def test_resolved(query: str, start: str, end: str) -> None:
    """A known event makes a window of it, whole days in the asker's zone."""
    asked = parse_event_window(f"what did I say {query}?", NOW, "UTC")
    assert asked is not None
    window = resolve(asked, MARCH_5, "UTC")
    assert (f"{window.span.start:%Y-%m-%d}".zfill(10), f"{window.span.end:%Y-%m-%d}") == (
        start,
        end,
    )
    assert (window.clock, window.hard) == ("said", False)


def test_what_came_after_is_often_told_with_it() -> None:
    """An event known only by when it was told of lets the day of its telling in."""
    asked = parse_event_window("what did I say after the move?", NOW, "UTC")
    assert asked is not None
    told = datetime(2024, 3, 5, 10, tzinfo=UTC)
    assert resolve(asked, Span.instant(told), "UTC").span.start == MARCH_5.start
    assert resolve(asked, MARCH_5, "UTC").span.start == MARCH_5.end


def test_hard_only_where_the_event_is_certain() -> None:
    """Even then only if the wording is plain about the clock and the edges are exact."""
    for query, hard in (
        ("what did I say before the move?", True),
        ("what did I say two weeks after the move?", False),
        ("which car did I have before the move?", False),
        ("what happened before the move?", False),
    ):
        asked = parse_event_window(query, NOW, "UTC")
        assert asked is not None
        assert resolve(asked, MARCH_5, "UTC", certain=True).hard == hard
        assert not resolve(asked, MARCH_5, "UTC").hard


def test_like_a_holiday() -> None:
    """An event on Christmas gives the windows that the grammar gives Christmas itself."""
    day = Span(datetime(2023, 12, 25, tzinfo=UTC), datetime(2023, 12, 26, tzinfo=UTC))
    for lead in ("before", "after", "since", "until", "the week after", "two weeks before",
                 "the weekend before", "the two weeks after", "three days after"):  # fmt: skip
        dated = parse_window(f"what did I say {lead} Christmas", NOW, "UTC")
        asked = parse_event_window(f"what did I say {lead} the party", NOW, "UTC")
        assert dated is not None
        assert asked is not None
        assert resolve(asked, day, "UTC").span == dated.span


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["before", "after", "since", "until", "during"]),
    st.sampled_from(["", "day", "week", "weekend", "month", "quarter", "year", "decade"]),
    st.integers(1, 9_999),
    st.booleans(),
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(["UTC", "Pacific/Apia", "America/Sao_Paulo"]),
)
def test_any_event_gives_a_window(
    relation: str, unit: str, count: int, apart: bool, moment: datetime, zone: str
) -> None:
    """At any time, in any zone, the span is one."""
    asked = EventWindow(relation, "move", 0, 4, unit, (count, count), apart)  # type: ignore[arg-type]
    window = resolve(asked, Span.instant(moment), zone)
    assert window.span.start.astimezone(UTC) < window.span.end.astimezone(UTC)


def test_days_are_those_of_the_asker() -> None:
    """An event late in the evening in UTC was on the next day in Tokyo."""
    asked = parse_event_window("what did I say the day after the move", NOW, "Asia/Tokyo")
    assert asked is not None
    event = Span.instant(datetime(2024, 3, 5, 20, tzinfo=UTC))
    start = resolve(asked, event, "Asia/Tokyo").span.start
    assert start == datetime(2024, 3, 7, tzinfo=ZoneInfo("Asia/Tokyo"))


WORDS = [
    "what",
    "did",
    "I",
    "say",
    "before",
    "after",
    "since",
    "until",
    "during",
    "the",
    "week",
    "of",
    "two",
    "days",
    "a",
    "party",
    "move",
    "and",
    "about",
    "when",
    "while",
    ",",
    "?",
    ".",
    "was",
    "in",
    "nach",
    "dem",
    "vor",
    "der",
    "Woche",
    "bevor",
    "ich",
    "avant",
    "le",
    "après",
    "depuis",
    "antes",
    "de",
    "la",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join) | st.text(max_size=100))
def test_any_text_gives_an_event_or_none(query: str) -> None:
    """No text raises; what is found lies in the question."""
    found = parse_event_window(query, NOW, "UTC")
    if found is not None:
        assert 0 <= found.start < found.end <= len(query)
        assert found.words in query
        resolve(found, MARCH_5, "UTC")


@pytest.mark.parametrize("unit", ["the week after the ", "since I ", "before ", "nach dem "])
def test_long_text_takes_no_time(unit: str) -> None:
    """The time is bounded by the characters that are looked at."""
    for length in (2_000, 100_000):  # as much as is looked at, and much more
        assert_linear(lambda text: parse_event_window(text, NOW, "UTC"), repeated(unit), length)
