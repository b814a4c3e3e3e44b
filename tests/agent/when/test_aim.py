"""What questions ask of order and number."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mnemic.agent.recall.order import coverage, in_order, is_meant, strong_rows, tells_time
from mnemic.agent.when.aim import Aim, parse_aim
from mnemic.agent.when.events import parse_event_window
from mnemic.testing.growth import assert_linear, repeated
from mnemic.vocabulary import Span

AIMS = [
    ("When did I first meet Ana?", "first"), ("What was the first time I swam?", "first"),
    ("the earliest mention of the dog", "first"), ("most recent visit to the dentist", "last"),
    ("What is the latest Ana said about rent?", "last"), ("When was the last time we met?", "last"),
    ("How many times did I run?", "count"), ("How often do I run?", "count"),
    ("When did I move?", "when"), ("What year was Ana born?", "when"), ("Which day did we meet?", "when"),
    ("What did I do right after the party?", "after_event"),
    ("What did I say just before the exam?", "before_event"),
    ("Wann war ich zuletzt in Rom?", "last"), ("Wie oft war ich in Rom?", "count"),
    ("Wann bin ich umgezogen?", "when"), ("Quelle est la dernière fois que j'ai nagé ?", "last"),
    ("Combien de fois ai-je nagé ?", "count"), ("¿Cuándo nadé por primera vez?", "first"),
    ("Quantas vezes nadei?", "count"), ("Quando ho nuotato per la prima volta?", "first"),
    ("Hoe vaak heb ik gezwommen?", "count"), ("Wanneer verhuisde ik?", "when"),
    ("What is my last name?", ""), ("my first job", ""), ("the latest version of Python", ""),
    ("Where do I live?", ""), ("at last", ""), ("last but not least", ""), ("", ""),
    ("What did I say last week?", ""), ("the first week of May", ""), ("who knows when", ""),
]  # fmt: skip


@pytest.mark.parametrize(("query", "kind"), AIMS)
def test_aims(query: str, kind: str) -> None:
    """Order is asked for by words about times and sayings, not by every "first" and "last"."""
    aim = parse_aim(query)
    assert aim.kind == kind
    assert aim.phrase in query


def test_long_text_takes_no_time() -> None:
    """The time is bounded by the characters that are looked at."""
    for unit in ("at last latest version ", "the first ", "how many "):
        for length in (2_000, 100_000):  # as much as is looked at, and much more
            assert_linear(parse_aim, repeated(unit), length)


SCORES = arrays(np.float32, st.integers(0, 80), elements=st.floats(0, 10, width=32))
KINDS = st.sampled_from(["", "first", "last", "count", "when", "at", "before_event", "after_event"])


@given(SCORES, KINDS, st.booleans(), st.integers(0, 2**32 - 1))
def test_an_order_is_a_permutation(scores: np.ndarray, kind: str, saying: bool, seed: int) -> None:
    """Nothing is lost or doubled; only what bears strongly moves; a plain question changes nothing."""
    score = np.sort(scores)[::-1].copy()
    rng = np.random.default_rng(seed)
    said, happened = rng.integers(0, 50, (2, len(score)))
    covered = rng.random(len(score)).astype(np.float32)
    named = rng.random(len(score)) < 0.5
    aim = Aim(kind, "", saying)  # type: ignore[arg-type]
    order = in_order(score, said, happened, aim, covered=covered, by_named=named)
    assert sorted(order.tolist()) == list(range(len(score)))
    if kind not in ("first", "last"):
        assert order.tolist() == list(range(len(score)))
    strong = strong_rows(score, covered)
    weak = [place for place in order.tolist() if not strong[place]]
    assert weak == sorted(weak)


@given(SCORES.filter(len), st.sampled_from(["first", "last"]), st.integers(0, 2**32 - 1))
def test_strong_rows_come_in_the_order_of_time(scores: np.ndarray, kind: str, seed: int) -> None:
    """The first of the strong ones is the earliest, or the latest."""
    score = np.sort(scores)[::-1].copy()
    said = np.random.default_rng(seed).integers(0, 1_000, len(score))
    order = in_order(score, said, said, Aim(kind, "", saying=True))  # type: ignore[arg-type]
    times = said[order[: int(strong_rows(score).sum())]]
    steps = np.diff(times)
    assert (steps >= 0).all() if kind == "first" else (steps <= 0).all()


def test_a_weak_hit_is_not_the_first() -> None:
    """The earliest row that only shares a word stays behind those that bear on the question."""
    texts = ["I saw the dentist.", "The dentist again.", "My dog is ill."]
    aim = parse_aim("When did I first mention the dentist?")
    covered = coverage("When did I first mention the dentist?", texts, aim)
    score = np.array([5, 4.5, 4.4], dtype=np.float32)
    said = np.array([20, 10, 1])
    assert in_order(score, said, said, aim, covered=covered).tolist() == [1, 0, 2]


def test_another_persons_saying_is_not_theirs() -> None:
    """Who is asked about said it; where the asker asks of themselves, a name is only a subject."""
    score = np.array([5, 5, 5], dtype=np.float32)
    said = np.array([3, 2, 1])
    named = np.array([True, True, False])
    of_ana = parse_aim("When did Ana first mention the dentist?")
    assert in_order(score, said, said, of_ana, by_named=named).tolist() == [1, 0, 2]
    own = parse_aim("When did I first mention Ana?")
    assert in_order(score, said, said, own, by_named=named).tolist() == [2, 1, 0]


def test_a_question_when_asks_for_what_tells_a_time() -> None:
    """Only "when" does, and only a span tells of one."""
    begins, ends = np.array([0, 5, 9]), np.array([1, 86_400, 10])
    assert tells_time(begins, ends, Aim("when")).tolist() == [0, 1, 0]
    assert tells_time(begins, ends, Aim()).tolist() == [0, 0, 0]


def test_an_event_is_meant_if_it_has_all_its_words_and_a_time() -> None:
    """What is dated only by its telling dates "the week after", but no open window."""
    now = datetime(2024, 5, 15, tzinfo=UTC)
    day = Span(datetime(2024, 3, 5, tzinfo=UTC), datetime(2024, 3, 6, tzinfo=UTC))
    asked = parse_event_window("what did I say after the move to Rome", now, "UTC")
    week = parse_event_window("what did I say the week after the move to Rome", now, "UTC")
    assert asked is not None
    assert week is not None
    assert is_meant(asked, "We moved to Rome.", day)
    assert not is_meant(asked, "We moved to Paris.", day)
    assert not is_meant(asked, "We moved to Rome.", Span.instant(now))
    assert is_meant(week, "We moved to Rome.", Span.instant(now))
