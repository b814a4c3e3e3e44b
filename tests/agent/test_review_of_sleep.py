"""What a hostile reading of facts, sleep and erasure broke, so that it stays mended."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mnemic import Memory
from mnemic.agent.trust import TRUST, source_class
from mnemic.errors import SleepBusy
from mnemic.testing.fakes import HashEmbedder

SCOPE = "acme/ana"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class Ticking:
    def __init__(self) -> None:
        self.moment = BEGAN

    def now(self) -> datetime:
        self.moment += timedelta(hours=1)
        return self.moment


def opened(path: Path, **options: Any) -> Memory:
    options.setdefault("embedder", HashEmbedder())
    return Memory(path, background=False, clock=Ticking(), **options)


@pytest.fixture
def memory(tmp_path: Path) -> Any:
    with opened(tmp_path / "a.mnemic") as found:
        yield found


def said(memory: Memory, text: str, **more: Any) -> str:
    return memory.remember(text, scope=SCOPE, speaker="Ana", **more)


def test_an_erased_fact_is_gone_from_every_opening(memory: Memory, tmp_path: Path) -> None:
    """Another opening that had the facts in memory shows none of what was erased since."""
    id_ = said(memory, "I am allergic to hazelnuts.")
    said(memory, "Hello there.")
    memory.ready()
    memory.sleep()
    with opened(tmp_path / "a.mnemic") as other:
        assert other.recall("What is Ana allergic to?", scope=SCOPE).facts
        memory.erase(id_, scope=SCOPE)
        assert not other.recall("What is Ana allergic to?", scope=SCOPE).facts


def test_all_episodes_of_a_ref_are_erased(memory: Memory) -> None:
    """However many share the ref."""
    memory.remember_many(
        {"text": f"turn {n}", "scope": SCOPE, "ref": "thread", "said_at": BEGAN} for n in range(130)
    )
    assert len(memory.erase("thread", scope=SCOPE).ids) == 130
    assert not list(memory.episodes(scope=SCOPE))


def test_no_vector_comes_for_what_was_erased_meanwhile(memory: Memory) -> None:
    """A worker that read an episode before its erasure stores no vector of it after."""
    ids = [said(memory, f"turn {n}") for n in range(3)]
    assert memory.embedder is not None
    vectors = memory.store.vectors
    space = vectors.open(memory.embedder.space, memory.embedder.dimension)
    batch = vectors.pending(space.space_id, 10)
    memory.erase(ids[1], scope=SCOPE)
    made = memory.embedder.embed([one.text for one in batch])
    vectors.put(space.space_id, batch, [(n, 0) for n in range(3)], made)
    assert memory.verify().findings == []


def test_a_correction_beside_busy_writers_finds_its_words(tmp_path: Path) -> None:
    """Hundreds of episodes may come between the correction's words and its act."""
    with opened(tmp_path / "a.mnemic", embedder=None) as memory:
        said(memory, "I live in Porto.")
        memory.sleep()
        append = memory.store.append

        def crowded(*given: Any) -> Any:
            done = append(*given)
            with opened(tmp_path / "a.mnemic", embedder=None) as other:
                other.remember_many({"text": f"line {n}", "scope": SCOPE} for n in range(120))
            return done

        memory.store.append = crowded  # type: ignore[method-assign,assignment]
        [fact] = memory.facts(scope=SCOPE)
        assert memory.correct(fact.id, "Lagos", scope=SCOPE).object == "Lagos"


def test_a_correction_gives_back_the_fact_it_made(memory: Memory) -> None:
    """Also where another fact has the same value already."""
    for food in ("olives", "walnuts", "figs", "rice", "bread"):
        said(memory, f"I love {food}.")
    memory.sleep()
    for fact in memory.facts(scope=SCOPE):
        known = {one.id for one in memory.facts(scope=SCOPE)}
        assert memory.correct(fact.id, "corn", scope=SCOPE).id not in known


@pytest.mark.parametrize("role", ["tool", "assistant", "system", "function", " AI ", "Ana", None])
def test_who_speaks_lifts_no_source(role: str | None) -> None:
    """A web page stays a web page whoever it says is speaking."""
    assert TRUST[source_class("web", role)] <= TRUST["web"]
    assert TRUST[source_class("https://example.org/a", role)] <= TRUST["web"]


def test_what_is_hidden_is_quoted_nowhere(memory: Memory) -> None:
    """Neither as evidence of a fact that others support, nor in summaries, lessons and places."""
    hidden = [
        said(memory, "I live in Xyzzyville.", session="s"),
        said(memory, "I moved to Porto because of the plugh.", session="s"),
        said(memory, "Always run the xyzzy before you commit.", session="s"),
    ]
    said(memory, "I live in Porto.", session="t")
    for turn in range(4):
        said(memory, f"We talked about the harbour again, {turn} times.", session="s")
    memory.ready()
    memory.sleep()
    assert "xyzzy" in repr((memory.summaries(scope=SCOPE), memory.lessons(scope=SCOPE))).lower()
    for id_ in hidden:
        memory.suppress(id_, scope=SCOPE)
    quotes = [fact.quotes for fact in memory.facts(scope=SCOPE, history=True)]
    found = memory.recall("Where does Ana live?", scope=SCOPE)
    rooms = [room.summary for rooms in memory.palace(SCOPE).values() for room in rooms]
    shown = repr(
        (memory.summaries(scope=SCOPE), memory.lessons(scope=SCOPE), quotes, found.facts, rooms)
    ).lower()
    assert "xyzzy" not in shown
    assert all(quote.episode_id not in hidden for some in quotes for quote in some)
    for id_ in hidden:
        memory.restore(id_, scope=SCOPE)
    assert "xyzzy" in repr(memory.lessons(scope=SCOPE)).lower()


def test_nothing_is_undone_while_a_sleep_goes_on(memory: Memory, tmp_path: Path) -> None:
    """A sleep keeps rooms and gist in mind; their rows must not be taken from under it."""
    said(memory, "I live in Porto.")
    memory.ready()
    tried = []

    def undo(stage: str, done: int, total: int) -> None:
        with opened(tmp_path / "a.mnemic") as other, pytest.raises(SleepBusy):
            other.undo(1)
        tried.append(stage)

    memory.sleep(progress=undo)
    assert tried
    assert memory.undo(1) > 0


@pytest.mark.parametrize("seed", range(3))
def test_what_arrives_late_in_any_order_comes_to_the_same(tmp_path: Path, seed: int) -> None:
    """Turns of a session arrive shuffled, with sleeps between, or all before one sleep."""
    draw = random.Random(seed)
    turns = [
        {
            "text": draw.choice(("I live in Porto.", "I love figs.", "We saw a fox.")) + f" ({n})",
            "scope": SCOPE, "speaker": ("Ana", "Ravi")[n % 2], "session": f"s{n // 12}",
            "position": n, "said_at": BEGAN + timedelta(hours=n),
        }
        for n in range(48)
    ]  # fmt: skip
    draw.shuffle(turns)
    with opened(tmp_path / "a.mnemic") as memory:
        for start in range(0, len(turns), 7):
            memory.remember_many(turns[start : start + 7])
            memory.ready()
            memory.sleep()
        often = memory.store.derived.dump()
        memory.forget_derived()
        memory.sleep()
        assert memory.store.derived.dump() == often
