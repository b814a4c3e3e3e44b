"""`mnemic bench consolidation`: a made world of known answers, and how a kind of memory fails."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from tests.bench.test_bench_run import BagOfWords

from mnemic.bench.consolidating import NOW, Ask, worlds
from mnemic.bench.consolidation import KINDS, Item, judge, run_consolidation, show
from mnemic.errors import InvalidInput

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def result() -> dict:
    return run_consolidation(1, embedder=BagOfWords())


def test_all_kinds_are_asked_everything(result: dict) -> None:
    """Every kind of memory has a share for every kind of question; right and wrong add up."""
    for kind in KINDS:
        assert set(result["kinds"][kind]) == set(result["kinds"]["all"])
        wrong = sum(result["modes"][kind].values())
        assert round(result["n"] * (1 - result["kinds"][kind]["all"])) == wrong
    out = io.StringIO()
    show(result, Console(file=out, width=160))
    assert "said then" in out.getvalue()


def test_all_together_answer_most(result: dict) -> None:
    """No kind alone answers more than all of them."""
    shares = {kind: result["kinds"][kind]["all"] for kind in KINDS}
    assert max(shares.values()) == shares["all"]


@given(st.integers(0, 10**6))
def test_the_answer_is_in_its_episode_and_nowhere_else(seed: int) -> None:
    """The right value stands in the episode that tells it, and no tempting one equals it."""
    world = next(worlds(1, seed))
    said = {row["ref"]: row for row in world.rows}
    assert len(said) == len(world.rows)
    for ask in world.asks:
        assert ask.value in said[ask.ref]["text"]
        assert ask.value not in [value for value, _ in ask.wrong]
        assert said[ask.ref]["said_at"] < NOW
        if ask.at is not None:
            assert abs(said[ask.ref]["said_at"] - ask.at) < DAY


def item(text: str, age: int = 0, span: int = 0) -> Item:
    start = NOW - age * DAY
    return Item(text, start, start + span * DAY)


def test_modes_of_failure_are_told_apart() -> None:
    """The first item that names a value decides; time counts where it is asked."""
    ask = Ask("?", "state now", "Lisbon", "e1", (("Porto", "stale"), ("Oslo", "look-alike")))
    assert judge(ask, [item("tea"), item("in Lisbon"), item("in Porto")], "") == "right"
    assert judge(ask, [item("in Porto"), item("in Lisbon")], "") == "stale"
    assert judge(ask, [item("in Oslo")], "") == "look-alike"
    assert judge(ask, [item("in Oslo")], "not extracted") == "not extracted"
    assert judge(ask, [], "") == "not found"
    assert judge(ask, [item("Porto, then Lisbon", span=200)], "") == "lost date"
    dated = Ask("?", "when", "Lisbon", "e1", (), NOW - 90 * DAY)
    assert judge(dated, [item("Lisbon", 91)], "") == "right"
    assert judge(dated, [item("Lisbon", 30)], "") == "wrong time"
    assert judge(dated, [item("Lisbon", 200, span=199)], "") == "lost date"
    assert judge(dated, [Item("Lisbon", None, None)], "") == "lost date"


def test_it_needs_somebody_and_an_embedder() -> None:
    """The errors say what is missing."""
    with pytest.raises(InvalidInput, match="1 at least"):
        run_consolidation(0)
    with pytest.raises(InvalidInput, match="embedder"):
        run_consolidation(1, embedder=None)
