"""Sleep: the same knowledge however it is cut, undone exactly, and nothing lost."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mnemic import Memory
from mnemic.agent.knowledge import ColdRow
from mnemic.errors import InvalidInput, InvalidScope, ReadOnlyStore, SleepBusy
from mnemic.testing.fakes import HashEmbedder

BEGAN = datetime(2026, 1, 5, 9, tzinfo=UTC)
PLACES = ("Porto", "Lisbon", "Faro", "Braga", "Coimbra")
FOODS = ("olives", "walnuts", "sardines", "figs", "rice")
TALK = (
    "Good morning! How are you today?",
    "The weather was terrible again, wasn't it?",
    "I saw a fox behind the library.",
    "We should talk about the budget soon.",
)


def rows(number: int, *, seed: int = 0, scope: str = "acme/ana") -> list[dict[str, Any]]:
    """Made-up turns of two people in sessions of eight, some of which state facts."""
    draw = random.Random(seed)
    made = []
    for place in range(number):
        speaker = ("Ana", "Ravi")[place % 2]
        text = draw.choice(
            (
                f"I live in {draw.choice(PLACES)} now.",
                f"I moved to {draw.choice(PLACES)}!",
                f"I love {draw.choice(FOODS)}.",
                f"I don't like {draw.choice(FOODS)}.",
                f"My sister {draw.choice(('Clara', 'Rita'))} works at the harbour.",
                *TALK,
                *TALK,
            )
        )
        made.append(
            {
                "text": f"{text} ({place})" if text in TALK else text,
                "scope": scope,
                "speaker": speaker,
                "session": f"s{place // 8}",
                "position": place,
                "said_at": BEGAN + timedelta(hours=7 * place),
                "source": "chat",
            }
        )
    return made


class Ticking:
    """A clock that is told the time."""

    def __init__(self, now: datetime = BEGAN) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment


def opened(path: Path, **options: Any) -> Memory:
    options.setdefault("embedder", HashEmbedder())
    return Memory(path, background=False, **options)


def derived(memory: Memory) -> dict[str, list[tuple[Any, ...]]]:
    return memory.store.derived.dump()


@pytest.fixture
def memory(tmp_path: Path) -> Any:
    with opened(tmp_path / "a.mnemic", clock=Ticking(BEGAN + timedelta(days=400))) as found:
        found.remember_many(rows(120))
        found.ready()
        yield found


def test_sleeping_often_or_once_comes_to_the_same(tmp_path: Path) -> None:
    """Every derived table is equal, row by row, whether one sleeps after each day or at the end."""
    said = rows(120)
    tables = []
    for name, cuts in (("often", range(0, 120, 16)), ("once", (0,))):
        clock = Ticking()
        with opened(tmp_path / f"{name}.mnemic", clock=clock) as memory:
            for start in cuts:
                stop = min(start + 16, 120) if name == "often" else 120
                for row in said[start:stop]:
                    clock.moment = row["said_at"]
                    memory.remember(**row)
                memory.ready()
                memory.sleep()
            tables.append(derived(memory))
            facts = memory.facts(scope="acme/ana", history=True)
            assert len(facts) > 10
    assert tables[0].keys() == tables[1].keys()
    for name in tables[0]:
        assert tables[0][name] == tables[1][name], name


def test_undoing_restores_every_table(memory: Memory) -> None:
    """What a run changed is put back exactly, and the next sleep makes it again."""
    memory.sleep()
    first = derived(memory)
    memory.remember_many(rows(40, seed=5, scope="acme/ana"))
    memory.ready()
    run = memory.sleep().run
    second = derived(memory)
    assert second != first
    assert memory.undo(run) > 0
    assert derived(memory) == first
    memory.sleep()
    assert derived(memory) == second


def test_a_run_is_undone_once_and_in_order(memory: Memory) -> None:
    """Undoing twice, out of order, or what never was, changes nothing and says what to do."""
    one = memory.sleep().run
    memory.remember("I moved to Evora!", scope="acme/ana", speaker="Ana", session="s2")
    memory.ready()
    two = memory.sleep().run
    before = derived(memory)
    with pytest.raises(InvalidInput, match=f"undo run {two} first"):
        memory.undo(one)
    with pytest.raises(InvalidInput, match="no run 99"):
        memory.undo(99)
    assert derived(memory) == before
    memory.undo(two)
    with pytest.raises(InvalidInput, match="undone already"):
        memory.undo(two)
    memory.undo(one)
    assert all(not rows for rows in derived(memory).values())


def test_derived_again_from_the_log_is_equal(memory: Memory) -> None:
    """Everything sleep made can be thrown away and made again, table by table."""
    memory.sleep()
    before = derived(memory)
    memory.forget_derived()
    assert all(not rows for rows in derived(memory).values())
    memory.sleep()
    assert derived(memory) == before


def test_a_dry_run_changes_nothing(memory: Memory) -> None:
    """It reports what a sleep would do, and the sleep then does it."""
    before = derived(memory)
    dry = memory.sleep(dry_run=True)
    assert derived(memory) == before
    assert memory.runs() == []
    assert dry.dry
    assert memory.sleep().counts == dry.counts


def test_a_budget_of_zero_does_nothing_and_leaves_all(memory: Memory) -> None:
    """No step begins; a later sleep finds everything waiting."""
    report = memory.sleep(budget_s=0)
    assert (report.left, report.changed) == (120, 0)
    assert memory.sleep().counts["episodes"] == 120
    with pytest.raises(InvalidInput, match="budget_s is -1"):
        memory.sleep(budget_s=-1)
    with pytest.raises(InvalidInput, match="phases are"):
        memory.sleep(phases=["deep"])  # type: ignore[list-item]


def test_sleep_on_nothing_and_where_it_may_not_write(tmp_path: Path) -> None:
    """An empty store has nothing to sleep on; a store opened to be read says so."""
    path = tmp_path / "empty.mnemic"
    with opened(path) as memory:
        assert memory.sleep().counts == {}
        with pytest.raises(InvalidScope):
            memory.sleep("nowhere")
        memory.remember("I live in Porto.", speaker="Ana")
    with opened(path, read_only=True) as memory, pytest.raises(ReadOnlyStore):
        memory.sleep()


def test_one_sleep_at_a_time(memory: Memory, tmp_path: Path) -> None:
    """Another opening of the same store cannot sleep meanwhile, and can afterwards."""
    with opened(tmp_path / "a.mnemic") as other:
        with memory.store.sleeping() as mine:
            assert mine
            with pytest.raises(SleepBusy):
                other.sleep()
            with pytest.raises(SleepBusy):
                memory.sleep()
        assert other.sleep().counts["episodes"] == 120


def test_writers_beside_a_sleep_lose_nothing(memory: Memory) -> None:
    """What is written while a sleep runs is kept, and known after the next one."""
    stop = threading.Event()
    written: list[str] = []

    def write() -> None:
        while not stop.is_set():
            written.append(
                memory.remember(
                    f"I own a boat called Number {len(written)}.", scope="acme/ana", speaker="Ana"
                )
            )

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(3):
            memory.sleep()
    finally:
        stop.set()
        thread.join()
    memory.ready()
    memory.sleep()
    assert {e.id for e in memory.episodes(scope="acme/ana")} >= set(written)
    assert memory.store.derived.waiting(1, "rules/none", 10**6) != []
    report = memory.sleep()
    assert report.counts == {}
    assert memory.verify().findings == []


SLEEPER = """
import sys
from mnemic import Memory
from mnemic.testing.fakes import HashEmbedder
from mnemic.agent.sleep import nrem
nrem.STEP_EPISODES = 8
with Memory(sys.argv[1], embedder=HashEmbedder(), background=False) as memory:
    print("go", flush=True)
    memory.sleep()
    print("done", flush=True)
"""


@pytest.mark.slow
def test_killed_anywhere_it_goes_on(tmp_path: Path) -> None:
    """Killed at random points, a sleep loses no episode and comes to what an unbroken one comes to."""
    kills, path = 0, tmp_path / "killed.mnemic"
    said = rows(160, seed=3)
    with opened(path, clock=Ticking(BEGAN)) as memory:
        memory.remember_many(said)
        memory.ready()
        ids = [episode.id for episode in memory.episodes(scope="acme/ana")]
    whole = tmp_path / "whole.mnemic"
    with opened(path) as memory:
        memory.backup(whole)
    draw = random.Random(11)
    for _ in range(60):
        with subprocess.Popen(
            [sys.executable, "-c", SLEEPER, str(path)], stdout=subprocess.PIPE, text=True
        ) as sleeper:
            assert sleeper.stdout is not None
            assert sleeper.stdout.readline() == "go\n"
            time.sleep(draw.uniform(0, 0.12))
            sleeper.send_signal(signal.SIGKILL)
            rest = sleeper.stdout.read()
        if "done" in rest:
            break
        kills += 1
    assert kills >= 2, "every sleep ended before it was killed"
    with opened(path) as memory, opened(whole) as unbroken:
        memory.sleep()
        unbroken.sleep()
        assert [episode.id for episode in memory.episodes(scope="acme/ana")] == ids
        assert derived(memory) == derived(unbroken)
        assert memory.verify().findings == []
        assert {run.state for run in memory.runs()} == {"done"}


def test_weak_memories_leave_the_hot_index_and_come_back(tmp_path: Path) -> None:
    """Within a budget of bytes what was recalled stays; nothing leaves the log; without a budget all return."""
    path = tmp_path / "hot.mnemic"
    clock = Ticking(BEGAN + timedelta(days=60))
    per_episode = 9 * 8 + 2 * HashEmbedder().dimension
    with opened(path, clock=clock, hot_bytes_max=20 * per_episode) as memory:
        memory.remember_many(rows(60))
        memory.remember("The spare key is under the blue pot.", scope="acme/ana", said_at=BEGAN)
        memory.ready()
        for day in range(6):
            clock.moment += timedelta(days=1 + day)
            memory.recall("spare key blue pot", scope="acme/ana", k=1)
        report = memory.sleep()
        assert report.counts["cold"] == 41
        assert (
            memory.recall("spare key", scope="acme/ana", k=1)
            .hits[0]
            .episode.text.startswith("The spare")
        )
        assert len(list(memory.episodes(scope="acme/ana"))) == 61
        cold = memory.store.derived.rows(ColdRow, memory.store.scope_ids("acme/ana"))
        hidden = memory.store.episodes(memory.store.scope_ids("acme/ana"), [cold[0].seq])[
            cold[0].seq
        ]
        hits = memory.recall(hidden.text, scope="acme/ana", k=50).hits
        assert hidden.id not in [hit.episode.id for hit in hits]
    with opened(path, clock=clock) as memory:
        assert memory.sleep().counts["hot again"] == 41
        hits = memory.recall(hidden.text, scope="acme/ana", k=61).hits
        assert hidden.id in [hit.episode.id for hit in hits]
    with pytest.raises(InvalidInput, match="hot_bytes_max"):
        opened(tmp_path / "x.mnemic", hot_bytes_max=-1)
