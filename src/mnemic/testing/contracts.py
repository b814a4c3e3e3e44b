"""Contracts: what a Store, an Embedder and a VectorIndex must keep. Subclass one to test your own.

    class TestMyStore(StoreContract):
        @pytest.fixture
        def open_store(self, tmp_path):
            return lambda: MyStore(tmp_path / "here")

Every test states its claim in its docstring. Tests that need more than `open_store` (a read-only
opening, a copy, a way to do damage) are skipped until the subclass gives that fixture too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pytest

from mnemic.agent.protocols import (
    ITEM_COLUMNS,
    NO_POSITION,
    Chunker,
    Embedder,
    Store,
    VectorIndex,
)
from mnemic.agent.records import Space
from mnemic.agent.terms import searchable, terms_of
from mnemic.agent.write import Draft, prepare
from mnemic.agent.write.prepare import to_us
from mnemic.errors import EmbedderMismatch, InvalidScope, ReadOnlyStore, StoreError

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

OpenStore = Callable[[], Store]

Damage = Literal["text", "items", "postings", "lost vector", "bent vector"]
"""What of an episode is changed or taken away behind the store's back."""


def draft(text: str, scope: str = "acme", **fields: Any) -> Draft:
    """A checked episode; said at NOW unless `said_at` is given."""
    return prepare({"text": text, "scope": scope, "said_at": NOW, **fields}, zone=None)


class StoreContract:
    """What recall, upkeep and doors take for granted of a store."""

    @pytest.fixture
    def open_store(self) -> OpenStore:
        """Opens the same, at first empty, store each time it is called."""
        raise NotImplementedError("give a fixture open_store that opens your store")

    @pytest.fixture
    def open_read_only(self) -> OpenStore:
        """Opens the store of `open_store`, which is there by then, for reading only."""
        pytest.skip("no fixture open_read_only")

    @pytest.fixture
    def open_copy(self) -> Callable[[Path], Store]:
        """Opens what `backup` made."""
        pytest.skip("no fixture open_copy")

    @pytest.fixture
    def do_damage(self) -> Callable[[Damage], None]:
        """Damages any episode of the store of `open_store`, which is closed by then."""
        pytest.skip("no fixture do_damage")

    @pytest.fixture
    def store(self, open_store: OpenStore) -> Iterator[Store]:
        """A store that is closed afterwards."""
        opened = open_store()
        yield opened
        opened.close()

    def test_appending_twice_changes_nothing(self, store: Store) -> None:
        """New and known episodes may come mixed; ids come back in order, each is kept once."""
        first = store.append([draft("one"), draft("two")], NOW)
        again = store.append([draft("two"), draft("three"), draft("three")], NOW)
        assert first.new == [True, True]
        assert again.new == [False, True, False]
        assert again.ids == [draft("two").id, draft("three").id, draft("three").id]
        assert [e.text for _, e in store.walk(store.scope_ids("acme"))] == ["one", "two", "three"]

    def test_an_episode_comes_back_as_it_was(self, store: Store) -> None:
        """Verbatim text, all fields, and three clocks with their offsets."""
        said = datetime.fromisoformat("2026-03-01T23:30:00+05:30")
        row = draft(
            "  Zwei\nZeilen, ‮ bidi  ", speaker="Ana", session="s", position=7, source="user",
            ref="D1:3", said_at=said, meta={"a": [1, None]},
        )  # fmt: skip
        store.append([row], NOW)
        [(_, episode)] = store.walk(store.scope_ids("acme"))
        assert (episode.text, episode.speaker, episode.session) == (row.text, "Ana", "s")
        assert (episode.position, episode.source, episode.ref) == (7, "user", "D1:3")
        assert episode.said_at == said
        assert episode.said_at.utcoffset() == timedelta(hours=5, minutes=30)
        assert episode.ingested_at == NOW
        assert episode.meta == {"a": [1, None]}
        assert episode.happened.start <= said < episode.happened.end

    def test_scopes_are_apart(self, store: Store) -> None:
        """No reading function crosses a scope; names that begin alike or look like SQL are names."""
        names = ["acme", "acme2", "acme/ana", "acme/a_a", "ac"]
        for name in names:
            store.append([draft(f"secret of {name}", name, ref="r", speaker=name)], NOW)
        for name in names:
            ids = store.scope_ids(name)
            [(seq, episode)] = store.walk(ids)
            assert episode.scope == name
            assert store.items(ids, 0)["seq"].tolist() == [seq]
            assert store.postings(ids, "secret").tolist() == [seq]
            assert store.document_counts(ids, ["secret"]) == [1]
            assert [e.scope for e in store.find(ids, "r")] == [name]
            assert list(store.speakers(ids).values()) == [name]
            others = [number for number in range(1, 20) if number != seq]
            assert store.episodes(ids, others) == {}
        below = store.scope_ids("acme/*")
        assert sorted(e.scope for _, e in store.walk(below)) == ["acme", "acme/a_a", "acme/ana"]
        assert dict(store.scopes()) == dict.fromkeys(names, 1)

    def test_an_unknown_scope_is_refused(self, store: Store) -> None:
        """The error names it; what has a meaning in SQL or in a shell is no way to others."""
        store.append([draft("secret", "acme/ana")], NOW)
        with pytest.raises(InvalidScope, match="nowhere"):
            store.scope_ids("nowhere")
        for name in ("acme", "acme%", "acm_/ana", "acme'", 'acme"', "acme' OR '1", "ac*",
                     "*", "/*", "", "acme//ana", "acme/ana/../ana", "ACME/ana", "acme/*/ana"):  # fmt: skip
            with pytest.raises(InvalidScope):
                store.scope_ids(name)

    def test_no_scopes_hold_nothing(self, store: Store) -> None:
        """Reading with no scope numbers gives nothing, of the usual shape."""
        store.append([draft("secret", speaker="Ana")], NOW)
        assert tuple(store.items((), 0)) == ITEM_COLUMNS
        assert len(store.items((), 0)["seq"]) == 0
        assert store.postings((), "secret").tolist() == []
        assert store.document_counts((), ["secret"]) == [0]
        assert (store.episodes((), [1]), list(store.walk(())), store.find((), "r")) == ({}, [], [])
        assert dict(store.speakers(())) == {}
        assert store.sources((), 0) == []
        space = self._filled(store)
        for found in (store.vectors.load(space, (), 0, 99), store.vectors.fetch(space, (), [1])):
            assert (found.seqs.shape, found.rows_NK.shape) == ((0,), (0, space.dimension))

    def test_items_are_columns_by_seq(self, store: Store) -> None:
        """Every column is int64 and aligned; `after_seq` gives what came since."""
        store.append([draft("one", speaker="Ana", session="s", position=4), draft("two")], NOW)
        ids = store.scope_ids("acme")
        items = store.items(ids, 0)
        assert tuple(items) == ITEM_COLUMNS
        assert {column.dtype for column in items.values()} == {np.dtype(np.int64)}
        assert items["seq"].tolist() == sorted(items["seq"].tolist())
        assert items["said_us"].tolist() == [to_us(NOW)] * 2
        assert items["position"].tolist() == [4, NO_POSITION]
        assert (items["session_key"][0] > 0, items["session_key"][1]) == (True, 0)
        assert items["speaker_key"][1] == 0
        assert store.speakers(ids)[int(items["speaker_key"][0])] == "Ana"
        last = int(items["seq"][-1])
        assert len(store.items(ids, last)["seq"]) == 0
        store.append([draft("three")], NOW)
        assert len(store.items(ids, last)["seq"]) == 1

    def test_sources_are_told_by_seq(self, store: Store) -> None:
        """With the speaker and the declared trust; meta may hold anything else under that name."""
        store.append(
            [draft("one", source="web", speaker="Ana"), draft("two", meta={"trust": "web"}),
             draft("three", meta={"trust": None, "a": 1}), draft("other", "acme/ana", source="x")],
            NOW,
        )  # fmt: skip
        ids = store.scope_ids("acme")
        found = store.sources(ids, 0)
        assert [row[1:] for row in found] == [
            ("web", "Ana", None), (None, None, "web"), (None, None, None),
        ]  # fmt: skip
        assert [row[0] for row in found] == store.items(ids, 0)["seq"].tolist()
        assert store.sources(ids, found[1][0]) == found[2:]
        assert [row[1] for row in store.sources(store.scope_ids("acme/*"), 0)][-1] == "x"

    def test_postings_are_the_terms_of_the_texts(self, store: Store) -> None:
        """Each occurrence counts, in text and speaker; a term that nobody used has none."""
        texts = ["the cat saw the cats", "a dog", "Cat! cat? CAT", "東京の猫", "don't stop"]
        store.append([draft(text, speaker="Tomcat") for text in texts], NOW)
        ids = store.scope_ids("acme")
        occurrences: dict[str, Counter[int]] = {}
        for seq, episode in store.walk(ids):
            for term in terms_of(searchable(episode.text, episode.speaker)):
                occurrences.setdefault(term, Counter())[seq] += 1
        for term, found in occurrences.items():
            assert store.postings(ids, term).tolist() == sorted(found.elements()), term
        terms = [*occurrences, "unheard"]
        assert store.document_counts(ids, terms) == [
            len(occurrences.get(term, ())) for term in terms
        ]
        assert store.postings(ids, "unheard").tolist() == []
        assert store.document_counts(ids, ["dog", "unheard", "dog"]) == [1, 0, 1]

    def test_walking_has_an_order_a_start_and_a_limit(self, store: Store) -> None:
        """In the order of writing, or backwards, over more than one page."""
        store.append([draft(f"line {n}") for n in range(1_234)], NOW)
        ids = store.scope_ids("acme")
        forward = [(seq, episode.text) for seq, episode in store.walk(ids)]
        assert [text for _, text in forward] == [f"line {n}" for n in range(1_234)]
        newest = [episode.text for _, episode in store.walk(ids, newest_first=True, limit=3)]
        assert newest == ["line 1233", "line 1232", "line 1231"]
        after = [episode.text for _, episode in store.walk(ids, after_seq=forward[1_230][0])]
        assert after == ["line 1231", "line 1232", "line 1233"]

    def test_finding_by_id_beginning_of_id_and_ref(self, store: Store) -> None:
        """Eight characters of an id are enough; fewer are no id."""
        [id_] = store.append([draft("one", ref="D1")], NOW).ids
        ids = store.scope_ids("acme")
        for asked in (id_, id_[:8], "D1"):
            assert [e.id for e in store.find(ids, asked)] == [id_]
        assert store.find(ids, id_[:7]) == []
        assert store.find(ids, "%") == []

    def test_numbers_of_whole_ids_in_these_scopes_only(self, store: Store) -> None:
        """No beginning of an id, no ref, nothing of another scope; as many as are asked."""
        drafts = [draft(f"line {n}", ref=f"r{n}") for n in range(1_200)]
        ids = list(store.append(drafts, NOW).ids)
        [other] = store.append([draft("elsewhere", "other")], NOW).ids
        mine = store.scope_ids("acme")
        found = store.numbers(mine, [*ids, other, ids[0][:8], "r1", "%"])
        assert sorted(found) == sorted(ids)
        assert {
            seq: store.episodes(mine, [seq])[seq].id for seq in list(found.values())[::400]
        } == {found[id_]: id_ for id_ in list(found)[::400]}
        assert (store.numbers(mine, []), store.numbers((), ids)) == ({}, {})

    def test_the_change_mark_grows(self, store: Store) -> None:
        """With every episode, and with every rebuild of the keys or change of the active space."""
        before = store.change_mark()
        assert before[0] == 0
        store.append([draft("one")], NOW)
        after = store.change_mark()
        assert (before[0] < after[0], before[1] == after[1]) == (True, True)
        store.rebuild()
        rebuilt = store.change_mark()
        assert after[1] < rebuilt[1]
        store.vectors.activate(store.vectors.open("made", 2).space_id, forget_others=False)
        assert rebuilt[1] < store.change_mark()[1]

    def test_rebuilding_gives_the_same_keys(self, store: Store) -> None:
        """Items, postings and speakers are the same before and after; vectors are to be made."""
        store.append(
            [draft(f"boat {n}", speaker="Ana", session=f"{n % 3}") for n in range(50)], NOW
        )
        ids = store.scope_ids("acme")
        items, postings = store.items(ids, 0), store.postings(ids, "boat")
        speakers = dict(store.speakers(ids))
        space = self._filled(store)
        assert store.rebuild() == 50
        for name, column in store.items(ids, 0).items():
            np.testing.assert_array_equal(column, items[name])
        np.testing.assert_array_equal(store.postings(ids, "boat"), postings)
        assert dict(store.speakers(ids)) == speakers
        assert store.vectors.pending_count(space.space_id) == 50

    def test_verify_is_clean_after_honest_work(self, store: Store) -> None:
        """Writes, vectors and a rebuild leave nothing to find."""
        store.append([draft(f"line {n}", f"acme/{n % 3}") for n in range(30)], NOW)
        self._filled(store)
        assert store.verify().findings == []
        store.rebuild()
        checked = store.verify()
        assert (checked.findings, checked.episodes) == ([], 30)

    def test_vectors_come_back_by_episode(self, store: Store) -> None:
        """Pieces in order, of the asked scopes and numbers only, to half precision."""
        store.append([draft("long"), draft("short"), draft("other", "else")], NOW)
        space = store.vectors.open("made", 3)
        waiting = store.vectors.pending(space.space_id, 10)
        assert [one.text for one in waiting] == ["long", "short", "other"]
        vectors = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.8, 0]], dtype=np.float32)
        store.vectors.put(space.space_id, waiting, [(0, 0), (0, 1), (1, 0), (2, 0)], vectors)
        space = next(one for one in store.vectors.spaces() if one.name == "made")
        found = store.vectors.load(space, store.scope_ids("acme"), 0, space.upto_seq)
        assert found.seqs.tolist() == [waiting[0].seq, waiting[0].seq, waiting[1].seq]
        np.testing.assert_allclose(found.rows_NK, vectors[:3], atol=1e-3)
        one = store.vectors.fetch(space, store.scope_ids("acme"), [waiting[1].seq, waiting[2].seq])
        assert one.seqs.tolist() == [waiting[1].seq]

    def test_deep_keys_go_on_where_they_stopped(self, store: Store) -> None:
        """A batch that was put is never asked for again; what came since is."""
        store.append([draft(f"line {n}") for n in range(5)], NOW)
        space = store.vectors.open("made", 2)
        first = store.vectors.pending(space.space_id, 2)
        self._put(store, space, first)
        assert store.vectors.pending_count(space.space_id) == 3
        store.append([draft("later")], NOW)
        rest = [one.text for one in store.vectors.pending(space.space_id, 10)]
        assert rest == ["line 2", "line 3", "line 4", "later"]

    def test_a_batch_that_comes_late_is_dropped(self, store: Store) -> None:
        """After another put it, or a rebuild asked for all again; the space is filled as it says."""
        store.append([draft(f"line {n}") for n in range(4)], NOW)
        space = store.vectors.open("made", 2)
        first = store.vectors.pending(space.space_id, 2)
        self._put(store, space, first)
        self._put(store, space, first)
        second = store.vectors.pending(space.space_id, 2)
        store.rebuild()
        self._put(store, space, second)
        assert store.vectors.pending_count(space.space_id) == 4
        found = store.vectors.load(space, store.scope_ids("acme"), 0, 99)
        assert found.seqs.tolist() == []
        assert store.verify().clean

    def test_two_spaces_are_alive_and_one_is_active(self, store: Store) -> None:
        """The first is active; another fills beside it; activating retires or forgets the first."""
        assert store.vectors.active() is None
        store.append([draft("one")], NOW)
        old = store.vectors.open("old", 2)
        new = store.vectors.open("new", 4)
        assert (old.state, new.state) == ("active", "filling")
        with pytest.raises(EmbedderMismatch, match="old"):
            store.vectors.open("old", 5)
        for space in (old, new):
            self._put(store, space, store.vectors.pending(space.space_id, 10))
        store.vectors.activate(new.space_id, forget_others=False)
        states = {space.name: space.state for space in store.vectors.spaces()}
        assert states == {"old": "retired", "new": "active"}
        store.vectors.activate(new.space_id, forget_others=True)
        assert [space.name for space in store.vectors.spaces()] == ["new"]
        active = store.vectors.active()
        assert active is not None
        assert active.name == "new"

    def test_threads_append_at_once(self, store: Store) -> None:
        """Nothing is lost, nothing is doubled, nobody sees a lock."""

        def write(which: int) -> int:
            return sum(
                sum(store.append([draft(f"{which} {n}"), draft("shared")], NOW).new)
                for n in range(20)
            )

        with ThreadPoolExecutor(4) as pool:
            new = sum(pool.map(write, range(4)))
        assert new == 81
        assert len(list(store.walk(store.scope_ids("acme")))) == 81
        assert store.verify().findings == []

    def test_numbers_come_in_the_order_of_commits(self, store: Store) -> None:
        """Who reads on from the last number misses nothing, though threads write all the while."""
        store.append([draft("first")], NOW)
        ids = store.scope_ids("acme")
        seen: list[int] = []

        def write(which: int) -> None:
            for n in range(15):
                store.append([draft(f"{which} {n} {part}") for part in range(3)], NOW)

        with ThreadPoolExecutor(3) as pool:
            writing = [pool.submit(write, which) for which in range(3)]
            while not all(one.done() for one in writing):
                seen += store.items(ids, seen[-1] if seen else 0)["seq"].tolist()
            for one in writing:
                one.result()
        seen += store.items(ids, seen[-1] if seen else 0)["seq"].tolist()
        assert len(seen) == 1 + 3 * 15 * 3
        assert seen == store.items(ids, 0)["seq"].tolist()

    def test_two_openings_see_each_other(self, open_store: OpenStore) -> None:
        """What one has written the other reads at its next call."""
        one, other = open_store(), open_store()
        try:
            one.append([draft("from one")], NOW)
            assert other.postings(other.scope_ids("acme"), "one").tolist() == [1]
            other.append([draft("from the other")], NOW)
            assert len(one.items(one.scope_ids("acme"), 0)["seq"]) == 2
        finally:
            one.close()
            other.close()

    def test_only_one_works_in_the_background(self, open_store: OpenStore) -> None:
        """While one opening holds the work another is refused it, and gets it afterwards."""
        one, other = open_store(), open_store()
        try:
            with one.working() as mine:
                assert mine
                with other.working() as too:
                    assert not too
            with other.working() as now:
                assert now
        finally:
            one.close()
            other.close()

    def test_a_backup_is_a_store(self, store: Store, tmp_path: Path) -> None:
        """It holds what there was, and never overwrites."""
        store.append([draft("one"), draft("two")], NOW)
        assert store.backup(tmp_path / "copy") == 2
        assert (tmp_path / "copy").exists()
        with pytest.raises(StoreError, match="copy"):
            store.backup(tmp_path / "copy")

    def test_a_backup_opens_and_verifies(
        self, store: Store, open_copy: Callable[[Path], Store], tmp_path: Path
    ) -> None:
        """The copy has the same episodes, keys and vectors, and goes its own way afterwards."""
        store.append([draft("one boat", speaker="Ana"), draft("two boats")], NOW)
        ids, space = store.scope_ids("acme"), self._filled(store)
        store.backup(tmp_path / "copy")
        copy = open_copy(tmp_path / "copy")
        try:
            assert copy.verify().findings == []
            assert list(copy.walk(ids)) == list(store.walk(ids))
            assert copy.postings(ids, "boat").tolist() == store.postings(ids, "boat").tolist()
            assert copy.vectors.pending_count(space.space_id) == 0
            store.append([draft("three")], NOW)
            assert len(list(copy.walk(ids))) == 2
        finally:
            copy.close()

    def test_a_read_only_store_reads_and_never_writes(
        self, open_store: OpenStore, open_read_only: OpenStore
    ) -> None:
        """Everything that would write is ReadOnlyStore, and it never gets the background work."""
        store = open_store()
        store.append([draft("one boat")], NOW)
        space = self._filled(store)
        assert not store.read_only
        store.close()
        reading = open_read_only()
        try:
            assert reading.read_only
            ids = reading.scope_ids("acme")
            assert reading.postings(ids, "boat").tolist() == [1]
            assert reading.vectors.open(space.name, space.dimension).space_id == space.space_id
            assert reading.verify().findings == []
            waiting = reading.vectors.pending(space.space_id, 1)
            for write in (
                lambda: reading.append([draft("two")], NOW),
                lambda: reading.rebuild(),
                lambda: reading.vectors.open("another", 2),
                lambda: reading.vectors.activate(space.space_id, forget_others=False),
                lambda: self._put(reading, space, waiting),
            ):
                with pytest.raises(ReadOnlyStore):
                    write()
            with reading.working() as mine:
                assert not mine
        finally:
            reading.close()

    @pytest.mark.parametrize("kind", get_args(Damage))
    def test_damage_is_found(
        self, open_store: OpenStore, do_damage: Callable[[Damage], None], kind: Damage
    ) -> None:
        """Whatever was changed or lost behind the store's back, verify has a finding."""
        store = open_store()
        store.append([draft(f"line {n}", speaker="Ana") for n in range(5)], NOW)
        self._filled(store)
        assert store.verify().clean
        store.close()
        do_damage(kind)
        store = open_store()
        try:
            assert not store.verify().clean
        finally:
            store.close()

    def test_a_closed_store_says_so(self, open_store: OpenStore, tmp_path: Path) -> None:
        """Whatever is asked after close is an error that says why; closing again is none."""
        store = open_store()
        store.append([draft("one")], NOW)
        ids, space = store.scope_ids("acme"), self._filled(store)
        store.close()
        store.close()
        for ask in (
            lambda: store.append([draft("two")], NOW),
            lambda: store.scope_ids("acme"),
            lambda: store.items(ids, 0),
            lambda: store.postings(ids, "one"),
            lambda: store.document_counts(ids, ["one"]),
            lambda: store.episodes(ids, [1]),
            lambda: list(store.walk(ids)),
            lambda: store.find(ids, "r"),
            lambda: store.speakers(ids),
            store.scopes,
            store.change_mark,
            store.verify,
            store.rebuild,
            lambda: store.backup(tmp_path / "copy"),
            store.statistics,
            store.vectors.spaces,
            lambda: store.vectors.pending(space.space_id, 1),
            lambda: store.vectors.load(space, ids, 0, 1),
            lambda: store.vectors.fetch(space, ids, [1]),
            lambda: store.working().__enter__(),
        ):
            with pytest.raises(StoreError, match="closed"):
                ask()

    def test_statistics_count(self, store: Store) -> None:
        """Episodes, sessions, scopes and spaces, as `mnemic stats` shows them."""
        assert store.statistics()["first_said_us"] is None
        store.append([draft("one", session="s"), draft("two", "b", session="s")], NOW)
        store.vectors.open("made", 2)
        facts = store.statistics()
        assert (facts["episodes"], facts["sessions"]) == (2, 2)
        assert facts["scopes"] == {"acme": 1, "b": 1}
        assert facts["first_said_us"] == facts["last_said_us"] == to_us(NOW)
        assert facts["spaces"] == [
            {"name": "made", "dimension": 2, "state": "active", "pending": 2}
        ]
        assert facts["shallow_keys_stale"] is False
        assert facts["bytes"] > 0
        assert facts["path"]
        assert facts["engine"]

    def _filled(self, store: Store) -> Space:
        space = store.vectors.open("made", 2)
        while waiting := store.vectors.pending(space.space_id, 100):
            self._put(store, space, waiting)
        return space

    @staticmethod
    def _put(store: Store, space: Space, waiting: Sequence[Any]) -> None:
        vectors = np.zeros((len(waiting), space.dimension), dtype=np.float32)
        vectors[:, 0] = 1
        parts = [(which, 0) for which in range(len(waiting))]
        store.vectors.put(space.space_id, waiting, parts, vectors)


class EmbedderContract:
    """What deep keys take for granted of an embedder."""

    TEXTS = ("A boat.", "", "  ", "boat " * 3_000, "東京の猫", "‮\x07\ud7ff", "A boat.", "x")

    @pytest.fixture
    def embedder(self) -> Embedder:
        """The embedder to be tested."""
        raise NotImplementedError("give a fixture embedder that makes yours")

    def test_vectors_are_unit_and_float32(self, embedder: Embedder) -> None:
        """Whatever the text: empty, very long, not English, control characters."""
        vectors = embedder.embed(self.TEXTS)
        assert vectors.shape == (len(self.TEXTS), embedder.dimension)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)

    def test_no_texts_give_no_vectors(self, embedder: Embedder) -> None:
        """Of the right width."""
        assert embedder.embed([]).shape == (0, embedder.dimension)
        assert embedder.embed([]).dtype == np.float32

    def test_pieces_are_read_whole(self, embedder: Embedder) -> None:
        """Where it cuts texts itself: a piece is not cut again, and nothing is left out or doubled.

        Words, text without white space, and scripts of which a character is many tokens.
        """
        if not isinstance(embedder, Chunker):
            pytest.skip("it cuts no texts")
        assert embedder.chunks("A boat.", overlap=0) == ["A boat."]
        for text in (
            "The harbour was quiet that evening. " * 300,
            "猫在东京的港口看着船。" * 300,
            "저는 어제 서울에서 친구를 만났습니다 " * 150,
            "aGVsbG8+d29ybGQ/" * 300,
            "?!" * 1_500,
        ):
            pieces = embedder.chunks(text, overlap=0)
            assert len(pieces) > 1
            assert all(embedder.chunks(piece, overlap=0) == [piece] for piece in pieces)
            assert "".join("".join(pieces).split()) == "".join(text.split())

    def test_a_text_has_one_vector(self, embedder: Embedder) -> None:
        """The same alone, in company, in any order, and again."""
        together = embedder.embed(self.TEXTS)
        backwards = embedder.embed(self.TEXTS[::-1])[::-1]
        alone = np.concatenate([embedder.embed([text]) for text in self.TEXTS])
        np.testing.assert_allclose(backwards, together, atol=2e-3)
        np.testing.assert_allclose(alone, together, atol=2e-3)
        np.testing.assert_array_equal(embedder.embed(self.TEXTS), together)

    def test_the_space_has_one_name(self, embedder: Embedder) -> None:
        """It does not change, and is not empty."""
        name = embedder.space
        embedder.embed(["one"])
        assert embedder.space == name
        assert name.strip()


class VectorIndexContract:
    """What dense search takes for granted of an approximate scan."""

    recall_min = 1.0
    """The share of the exact best 10 that must be among the 100 found."""

    @pytest.fixture
    def make_index(self) -> Callable[[int], VectorIndex]:
        """Makes an empty index for vectors of a dimension."""
        raise NotImplementedError("give a fixture make_index that makes yours")

    @pytest.fixture
    def rows(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Unit vectors in clusters, (3000, 64)."""
        rng = np.random.default_rng(5)
        rows = rng.normal(size=(60, 64)).repeat(50, axis=0) + 0.8 * rng.normal(size=(3_000, 64))
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(unit, dtype=np.float32)

    def test_the_best_are_among_the_found(self, make_index: Any, rows: Any) -> None:
        """For queries near the data, added in uneven batches."""
        index = make_index(64)
        for start, end in ((0, 1), (1, 700), (700, 3_000)):
            index.add(rows[start:end])
        assert len(index) == 3_000
        shares = []
        for query in rows[::300]:
            exact = np.argsort(-(rows @ query))[:10]
            found = index.search(query, 100)
            assert len(found) == len(set(found.tolist())) == 100
            shares.append(np.isin(exact, found).mean())
        assert np.mean(shares) >= self.recall_min

    def test_only_allowed_places_come_back(self, make_index: Any, rows: Any) -> None:
        """Few or many, and never more than there are."""
        index = make_index(64)
        index.add(rows)
        for allowed in (np.array([7]), np.arange(0, 3_000, 40), np.arange(2_999)):
            found = index.search(rows[0], 50, allowed.astype(np.int64))
            assert len(found) == min(50, len(allowed))
            assert np.isin(found, allowed).all()

    @pytest.mark.parametrize("dimension", [8, 13, 100])
    def test_any_dimension_will_do(self, make_index: Any, dimension: int) -> None:
        """Embedders have the dimension they have."""
        rows = np.random.default_rng(3).normal(size=(200, dimension)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        index = make_index(dimension)
        index.add(rows)
        assert sorted(index.search(rows[0], 200).tolist()) == list(range(200))
        for place in range(0, 200, 20):
            assert place in index.search(rows[place], 10)

    def test_an_empty_index_finds_nothing(self, make_index: Any) -> None:
        """And none of no places."""
        index = make_index(64)
        assert len(index) == 0
        assert len(index.search(np.ones(64, dtype=np.float32), 10)) == 0
