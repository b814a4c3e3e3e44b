"""The gist: exact in any order and cut, constant in bytes, and what sleep and questions use it for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from mnemic import Memory
from mnemic.agent.gist import GIST_VERSION, HEARD_MIN, Gist, familiarity, project
from mnemic.agent.gist.state import SCALE, WIDTH, Floats
from mnemic.agent.knowledge import GistRow, ReplayRow, StageRow
from mnemic.agent.sleep import nrem
from mnemic.agent.sleep.fade import COLUMNS_BYTES, coldest
from mnemic.agent.sleep.work import Work
from mnemic.bench.gist import run_gist, show_gist
from mnemic.errors import ImportFailed, InvalidInput, StoreDamaged
from mnemic.testing.fakes import HashEmbedder

BEGAN = datetime(2026, 1, 5, 9, tzinfo=UTC)


def drawn(seed: int, count: int, dimension: int = 48) -> Floats:
    """Some unit vectors, projected."""
    rng = np.random.default_rng(seed)
    return project(rng.standard_normal((count, dimension)).astype(np.float32))


few = st.builds(drawn, st.integers(0, 1_000), st.integers(1, 40))


@settings(max_examples=25, deadline=None)
@given(values=few, cut=st.integers(0, 40), order=st.randoms(use_true_random=False))
def test_neither_cut_nor_order_changes_a_bit(values: Floats, cut: int, order: object) -> None:
    """In pieces or whole, one by one or at once, forwards or shuffled: the same bytes."""
    whole, surprises = Gist.empty().write_all(list(values))
    first, early = Gist.empty().write_all(list(values[:cut]))
    second, late = Gist.from_bytes(first.to_bytes()).write_all(list(values[cut:]))
    assert second.to_bytes() == whole.to_bytes() == Gist.empty().with_all(values).to_bytes()
    assert np.array_equal(np.concatenate((early, late)), surprises)
    places = list(range(len(values)))
    order.shuffle(places)  # type: ignore[attr-defined]
    assert Gist.empty().with_all(values[places]).to_bytes() == whole.to_bytes()
    parts = [Gist.empty().with_all(values[:cut]), Gist.empty().with_all(values[cut:])]
    assert Gist.together(parts).to_bytes() == whole.to_bytes()


@settings(max_examples=25, deadline=None)
@given(values=few, which=st.integers(0, 39))
def test_what_comes_again_surprises_less(values: Floats, which: int) -> None:
    """A content that is written surprises less when it comes again, and is more familiar."""
    before = Gist.empty().with_all(values)
    new = drawn(which + 5_000, 1)
    after = before.with_all(new)
    assert after.surprises(new)[0] < before.surprises(new)[0]
    assert after.familiarity(new)[0] > before.familiarity(new)[0]
    again = values[which % len(values)][None]
    assert before.with_all(again).surprises(again)[0] <= before.surprises(again)[0] + 2 / SCALE


@settings(max_examples=25, deadline=None)
@given(values=few, asked=few)
def test_surprise_and_familiarity_are_shares(values: Floats, asked: Floats) -> None:
    """Both lie between 0 and 1, and what the one leaves the other has: S is no more than a projection."""
    gist = Gist.empty().with_all(values)
    surprise, known = gist.surprises(asked), gist.familiarity(asked)
    assert (surprise >= 0).all()
    assert (surprise <= 1 + 1e-6).all()
    assert (known >= 0).all()
    assert (known <= 1).all()
    assert (surprise + known >= 1 - 1e-6).all()


def test_a_gist_that_saw_nothing() -> None:
    """Everything surprises it wholly and nothing is familiar; nothing said leaves it as it is."""
    empty, values = Gist.empty(), drawn(1, 3)
    assert empty.surprises(values) == pytest.approx([1, 1, 1], abs=1e-6)
    assert empty.familiarity(values).tolist() == pytest.approx([0, 0, 0])
    assert empty.with_all(np.zeros((2, WIDTH), dtype=np.float32)).to_bytes() == empty.to_bytes()
    assert empty.with_all(values[:0]).to_bytes() == empty.to_bytes()
    assert empty.write_all([])[0].to_bytes() == empty.to_bytes()


def test_bytes_are_constant_and_come_back() -> None:
    """One episode or five thousand: the same bytes, and the same state from them."""
    sizes = set()
    for count in (0, 1, 300, 5_000):
        gist = Gist.empty().with_all(drawn(2, count))
        sizes.add(len(gist.to_bytes()))
        assert np.array_equal(Gist.from_bytes(gist.to_bytes()).sums, gist.sums)
    assert sizes == {8 * WIDTH * (WIDTH + 1) // 2}


@pytest.mark.parametrize("length", [0, 1, 4 * WIDTH * WIDTH, 8 * WIDTH * (WIDTH + 1) // 2 - 8])
def test_bytes_of_another_length_are_refused(length: int) -> None:
    """A shorter or longer gist is damage, and the error says what to do."""
    with pytest.raises(StoreDamaged, match=f"a gist has {length} bytes.*mnemic rebuild"):
        Gist.from_bytes(bytes(length))


@settings(max_examples=40, deadline=None)
@given(place=st.integers(0, WIDTH * (WIDTH + 1) // 2 - 1))
def test_sums_no_text_can_have_are_refused(place: int) -> None:
    """A flipped high bit anywhere breaks what sums of products must keep."""
    kept = bytearray(Gist.empty().with_all(drawn(3, 50)).to_bytes())
    kept[8 * place + 6] ^= 0x40
    sums = np.frombuffer(bytes(kept), dtype="<i8")
    row, column = (side[place] for side in np.triu_indices(WIDTH))
    if row == column and sums[place] > 0:
        return  # a larger sum of squares is only another state
    with pytest.raises(StoreDamaged, match="sums that no texts can have"):
        Gist.from_bytes(bytes(kept))


def test_a_row_projects_alike_in_any_company() -> None:
    """Alone or among others a vector comes out the same; zero stays zero; few dimensions will do."""
    rows = np.random.default_rng(4).standard_normal((257, 384)).astype(np.float32)
    rows[5] = 0
    whole = project(rows)
    assert np.array_equal(
        np.concatenate([project(rows[i : i + 10]) for i in range(0, 257, 10)]), whole
    )
    assert not whole[5].any()
    norms = np.linalg.norm(np.delete(whole, 5, axis=0), axis=1)
    assert norms == pytest.approx(np.ones(256), abs=1e-6)
    assert project(rows[:, :16]).shape == (257, WIDTH)
    assert project(rows[:0]).shape == (0, WIDTH)


TOPICS = {
    "garden": "We planted {} beside the old pear tree in the garden.",
    "sea": "The sailing boat with the blue sails brought {} to the harbour.",
}
WORDS = ("roses", "leeks", "kale", "mint", "beans", "thyme", "sage", "peas", "dill", "chard")


def filled(path: Path, *, count: int = 40) -> Memory:
    """A memory of two scopes, each of one topic, in sessions of five."""
    memory = Memory(path, embedder=HashEmbedder(), background=False)
    memory.remember_many(
        {
            "text": f"{text.format(WORDS[place % len(WORDS)])} ({place})",
            "scope": f"acme/{name}",
            "session": f"s{place // 5}",
            "position": place,
            "said_at": BEGAN + timedelta(hours=5 * place),
        }
        for name, text in TOPICS.items()
        for place in range(count)
    )
    memory.ready()
    return memory


def asked(memory: Memory, scope: str, question: str) -> float | None:
    assert memory.embedder is not None
    vectors = memory.embedder.embed([question])
    found = familiarity(memory.store, memory.store.scope_ids(scope), vectors)
    return None if found is None else float(found[0])


def test_familiarity_tells_what_a_scope_is_about(tmp_path: Path) -> None:
    """A scope knows its own topic and no other's; two together know both; before sleep nobody says."""
    with filled(tmp_path / "a.mnemic") as memory:
        own = "What did we plant beside the pear tree?"
        assert asked(memory, "acme/garden", own) is None
        memory.sleep()
        near, far = asked(memory, "acme/garden", own), asked(memory, "acme/sea", own)
        assert near is not None
        assert far is not None
        assert near > HEARD_MIN > far
        ids = [id_ for name in TOPICS for id_ in memory.store.scope_ids(f"acme/{name}")]
        for text in TOPICS.values():
            vectors = HashEmbedder().embed([text])
            both = familiarity(memory.store, ids, vectors)
            assert both is not None
            assert both[0] > HEARD_MIN


def test_without_an_embedder_nobody_says(tmp_path: Path) -> None:
    """A store without vectors has no gist, and sleep does without."""
    with Memory(tmp_path / "a.mnemic", embedder=None, background=False) as memory:
        memory.remember("We planted roses.", scope="acme/ana")
        memory.sleep()
        ids = memory.store.scope_ids("acme/ana")
        assert familiarity(memory.store, ids, np.ones((1, 64), dtype=np.float32)) is None
        assert [row.surprise for row in memory.store.derived.rows(ReplayRow, ids)] == [-1.0]


def test_the_gist_in_the_store_is_rebuilt_alike(tmp_path: Path) -> None:
    """Slept over at once or after every few episodes: the same gist and surprises, of constant bytes."""
    with (
        filled(tmp_path / "once.mnemic") as once,
        filled(tmp_path / "more.mnemic", count=13) as more,
    ):
        once.sleep()
        more.sleep()
        short = [
            len(row.state)
            for row in more.store.derived.rows(GistRow, more.store.derived.all_scopes())
        ]
        said = [
            {
                "text": f"{text.format(WORDS[place % len(WORDS)])} ({place})",
                "scope": f"acme/{name}",
                "session": f"s{place // 5}",
                "position": place,
                "said_at": BEGAN + timedelta(hours=5 * place),
            }
            for name, text in TOPICS.items()
            for place in range(13, 40)
        ]
        for start in range(0, len(said), 9):
            more.remember_many(said[start : start + 9])
            more.ready()
            more.sleep()
        for scope in ("acme/garden", "acme/sea"):
            states, felt = [], []
            for memory in (once, more):
                ids = memory.store.scope_ids(scope)
                (row,) = memory.store.derived.rows(GistRow, ids)
                states.append(row.state)
                felt.append([one.surprise for one in memory.store.derived.rows(ReplayRow, ids)])
            assert states[0] == states[1]
            assert felt[0] == felt[1]
            assert min(felt[0]) >= 0
        assert set(short) == {len(states[0])}


def test_a_gist_of_an_older_version_is_made_anew(tmp_path: Path) -> None:
    """After an update the old state goes and every episode is read again, replayed ones too."""
    with filled(tmp_path / "a.mnemic") as memory:
        memory.sleep()
        (scope_id,) = memory.store.scope_ids("acme/sea")
        (row,) = memory.store.derived.rows(GistRow, [scope_id])
        space = row.space.rpartition("/")[0]
        old = row._replace(space=f"{space}/{GIST_VERSION - 1}", state=b"of another kind")
        replays = memory.store.derived.rows(ReplayRow, [scope_id])
        run = memory.store.derived.begin("acme/sea", "nrem", 0)
        with memory.store.deriving(), memory.store.derived.step(run.run) as step:
            step.delete(GistRow, scope_id, space=row.space)
            step.put([old, *(one._replace(surprise=0.5) for one in replays)])
        memory.store.derived.finish(run.run, {}, 0)
        memory.sleep()
        assert memory.store.derived.rows(GistRow, [scope_id]) == [row]
        assert memory.store.derived.rows(ReplayRow, [scope_id]) == replays


def test_the_latest_sessions_are_replayed_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sleep cut short has replayed whole sessions from the end; the next one does the rest."""
    monkeypatch.setattr(nrem, "STEP_EPISODES", 10)
    with filled(tmp_path / "a.mnemic") as memory:
        ids = memory.store.scope_ids("acme/sea")
        seqs = [seq for seq, _ in memory.store.walk(ids)]
        with monkeypatch.context() as patched:
            patched.setattr(Work, "over", lambda self: self.counts["episodes"] >= 20)
            memory.sleep("acme/sea")
        assert [row.seq for row in memory.store.derived.rows(ReplayRow, ids)] == seqs[-20:]
        marks = memory.store.derived.rows(StageRow, ids)
        assert sum(row.stage.startswith("surprise/") for row in marks) == 20
        memory.sleep("acme/sea")
        assert [row.seq for row in memory.store.derived.rows(ReplayRow, ids)] == seqs


def test_the_surprising_stay_hot() -> None:
    """Of episodes of one age the least surprising fade first; one nobody could tell of is no surprise."""
    seqs = np.arange(1, 7, dtype=np.int64)
    said = np.full(6, 10**12, dtype=np.int64)
    felt = (0.9, 0.1, 0.5, -1.0, 0.7, 0.3)
    replays = [ReplayRow(1, seq, one, "rules/1") for seq, one in enumerate(felt, 1)]
    cold = coldest(
        seqs, said, [], replays, now_us=2 * 10**12, hot_bytes_max=3 * COLUMNS_BYTES, dimension=0
    )
    assert cold == [2, 4, 6]


def conversation(number: int, text: str) -> dict[str, object]:
    """A made-up conversation in LoCoMo's form, about one thing."""
    made: dict[str, object] = {}
    for session in range(1, 4):
        made[f"session_{session}_date_time"] = f"9:00 am on {session} May, 2023"
        made[f"session_{session}"] = [
            {
                "speaker": ("Ana", "Ravi")[turn % 2],
                "dia_id": f"D{session}:{turn}",
                "text": f"{text.format(WORDS[(turn + session) % 10])} It was day {turn}. I like {WORDS[turn]}.",
            }
            for turn in range(1, 9)
        ]
    questions = [
        {
            "question": text.format(WORDS[turn]),
            "category": 4,
            "evidence": [f"D{1 + turn % 3}:{turn}"],
        }
        for turn in range(1, 8)
    ]
    return {"sample_id": f"c{number}", "conversation": made, "qa": questions}


def test_the_benchmark_measures_every_use(tmp_path: Path) -> None:
    """On made-up data every table has its numbers, the same ones again, and can be shown."""
    folder = tmp_path / "locomo"
    folder.mkdir()
    samples = [conversation(number, text) for number, text in enumerate(TOPICS.values())]
    (folder / "locomo.json").write_text(json.dumps(samples), encoding="utf-8")
    result = run_gist(tmp_path, embedder=HashEmbedder())
    assert result["n"] == 2
    assert result["bytes"] == {"gist": len(Gist.empty().to_bytes()), "a vector": 128}
    known = result["familiar"]["auroc"]
    assert known["best cosine"]["whole"] == known[f"gist {WIDTH}"]["whole"] == 1.0
    assert result["replay"]["locomo"]["facts"] > 0
    assert 0 <= result["fade"]["locomo"]["kept"]["latest and surprising"] <= 100
    assert all(0 <= by["best cosine"]["auroc"] <= 1 for by in result["retold"].values())
    again = run_gist(tmp_path, embedder=HashEmbedder())
    assert {**again, "seconds": 0} == {**result, "seconds": 0}
    console = Console(record=True, width=160)
    show_gist(result, console)
    assert "best cosine" in console.export_text()


def test_the_benchmark_says_what_it_lacks(tmp_path: Path) -> None:
    """Without data, a second case or an embedder it stops and says so."""
    with pytest.raises(ImportFailed, match="has none of the folders"):
        run_gist(tmp_path, embedder=HashEmbedder())
    folder = tmp_path / "locomo"
    folder.mkdir()
    alone = conversation(0, "We bought {}.")
    (folder / "locomo.json").write_text(json.dumps([alone]), encoding="utf-8")
    with pytest.raises(InvalidInput, match="two cases are needed"):
        run_gist(tmp_path, embedder=HashEmbedder())
    with pytest.raises(InvalidInput, match="made of vectors"):
        run_gist(tmp_path, embedder=None)


def test_memory_says_how_familiar_a_text_is(tmp_path: Path) -> None:
    """More for what a scope speaks of; nothing before the first sleep and without an embedder."""
    with Memory(tmp_path / "a.mnemic", embedder=HashEmbedder(), background=False) as memory:
        for number in range(30):
            memory.remember(f"The ferry to Almada is late again, number {number}.", scope="a")
        memory.ready()
        assert memory.familiar("the ferry is late", scope="a") is None
        memory.sleep()
        own = memory.familiar("The ferry to Almada is late.", scope="a")
        other = memory.familiar("quantum chromodynamics lectures", scope="a")
        assert own is not None
        assert other is not None
        assert own > other
    with Memory(tmp_path / "a.mnemic", embedder=None, background=False) as memory:
        assert memory.familiar("the ferry", scope="a") is None
