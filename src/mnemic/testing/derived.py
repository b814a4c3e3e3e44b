"""The contract of a store's derived tables: what sleep, acts and erasure take for granted.

class TestMyDerivedTables(DerivedContract):
    @pytest.fixture
    def open_store(self, tmp_path):
        return lambda: MyStore(tmp_path / "here")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from mnemic.agent.knowledge import (
    TABLES,
    ClaimRow,
    ColdRow,
    EvidenceRow,
    FactRow,
    GroupRow,
    MentionRow,
    ReplayRow,
    StageRow,
)
from mnemic.agent.protocols import Store
from mnemic.errors import InvalidInput, StoreError
from mnemic.testing.contracts import NOW, draft

OpenStore = Callable[[], Store]


def stage(scope_id: int, name: str, value: str = "1") -> StageRow:
    """A row of the simplest table."""
    return StageRow(scope_id, name, value)


class DerivedContract:
    """What sleep takes for granted of the derived tables of a store."""

    @pytest.fixture
    def open_store(self) -> OpenStore:
        """Opens the same, at first empty, store each time it is called."""
        raise NotImplementedError("give a fixture open_store that opens your store")

    @pytest.fixture
    def store(self, open_store: OpenStore) -> Iterator[Store]:
        """A store with four episodes in two scopes."""
        store = open_store()
        store.append([draft("one"), draft("two"), draft("three", "acme/b"), draft("four")], NOW)
        yield store
        store.close()

    def _run(self, store: Store, *rows: StageRow) -> int:
        run = store.derived.begin("acme", "nrem", 1).run
        with store.derived.step(run) as step:
            step.put(rows)
        store.derived.finish(run, {"changed": len(rows)}, 2)
        return run

    def test_rows_come_back_as_they_were_put_by_scope_and_key(self, store: Store) -> None:
        """Every type of value survives; no scope sees another's rows; keys give the order."""
        a, b = store.scope_ids("acme")[0], store.scope_ids("acme/b")[0]
        claim = ClaimRow(
            a, 1, 0, 0, 3, "Åna", "åna", "lives_in", "Łódź", "łódź", "Åna lives in Łódź.", 0, 0.5,
            "begins", None, -5, 7, 8, "åna", 0.95, 1, "rules/1",
        )  # fmt: skip
        run = store.derived.begin("acme", "nrem", 1).run
        with store.derived.step(run) as step:
            step.put([stage(a, "z"), claim, stage(b, "other"), stage(a, "a")])
        assert store.derived.rows(ClaimRow, [a]) == [claim]
        assert [row.stage for row in store.derived.rows(StageRow, [a])] == ["a", "z"]
        assert store.derived.rows(StageRow, [a], stage="other") == []
        assert store.derived.rows(StageRow, []) == []
        assert store.derived.count(StageRow, [a]) == 2

    def test_conditions_take_values_nothing_and_long_lists(self, store: Store) -> None:
        """A column equals a value or None, or is in a list of any length; an unknown one is named."""
        a = store.scope_ids("acme")[0]
        run = store.derived.begin("acme", "nrem", 1).run
        names = [f"s{n:05}" for n in range(2_345)]
        with store.derived.step(run) as step:
            step.put(stage(a, name) for name in names)
            step.put([FactRow(a, "f", 1, "s", "s", "r", "o", "o", "t", 0, None, None, 1, None, 1, 1, 0.5,
                              "unverified", 1, "", None)])  # fmt: skip
        assert len(store.derived.rows(StageRow, [a], stage=[*names, "none"])) == 2_345
        assert store.derived.rows(StageRow, [a], stage=[]) == []
        assert len(store.derived.rows(FactRow, [a], believed_to_us=None)) == 1
        assert store.derived.rows(FactRow, [a], successor="x") == []
        with pytest.raises(StoreError, match="nonsense"):
            store.derived.rows(StageRow, [a], nonsense=1)

    def test_a_step_is_whole_or_nothing(self, store: Store) -> None:
        """What fails in a step leaves no row behind, and nothing in the journal."""
        a = store.scope_ids("acme")[0]
        run = store.derived.begin("acme", "nrem", 1).run

        def half() -> None:
            with store.derived.step(run) as step:
                step.put([stage(a, "half")])
                step.delete(StageRow, a, nonsense=1)

        with pytest.raises(StoreError, match="no column"):
            half()
        assert store.derived.rows(StageRow, [a]) == []
        assert store.derived.changes(run) == []

    def test_undo_puts_back_inserts_updates_and_deletes(self, store: Store) -> None:
        """After undoing a run every table is as it was before it."""
        a = store.scope_ids("acme")[0]
        self._run(store, stage(a, "kept", "1"), stage(a, "gone", "1"))
        before = store.derived.dump()
        run = store.derived.begin("acme", "nrem", 1).run
        with store.derived.step(run) as step:
            step.put([stage(a, "kept", "2"), stage(a, "new", "1")])
        with store.derived.step(run) as step:
            step.delete(StageRow, a, stage="gone")
            step.put([stage(a, "kept", "3")])
            assert step.changed >= 2
        store.derived.finish(run, {"changed": 4}, 2)
        assert {op for _, op, _, _ in store.derived.changes(run)} == {"insert", "update", "delete"}
        assert store.derived.undo(run) > 0
        assert store.derived.dump() == before
        with pytest.raises(InvalidInput, match="already"):
            store.derived.undo(run)

    def test_undo_refuses_what_later_runs_changed(self, store: Store) -> None:
        """The later run is named, and nothing changes."""
        a = store.scope_ids("acme")[0]
        first = self._run(store, stage(a, "s", "1"))
        second = self._run(store, stage(a, "s", "2"))
        before = store.derived.dump()
        with pytest.raises(InvalidInput, match=f"undo run {second} first"):
            store.derived.undo(first)
        assert store.derived.dump() == before
        store.derived.undo(second)
        store.derived.undo(first)
        assert store.derived.rows(StageRow, [a]) == []

    def test_a_run_that_did_not_end_goes_on(self, store: Store, open_store: OpenStore) -> None:
        """The same reach and phases give the same run until it is finished, in any opening."""
        run = store.derived.begin("acme", "nrem", 1).run
        other = open_store()
        assert other.derived.begin("acme", "nrem", 9).run == run
        assert other.derived.begin("acme", "rem", 9).run != run
        other.derived.finish(run, {}, 10)
        assert store.derived.begin("acme", "nrem", 11).run != run
        assert [row.state for row in store.derived.runs()][-1] == "done"
        other.close()

    def test_the_mark_grows_with_every_change(self, store: Store, open_store: OpenStore) -> None:
        """Another opening sees that something was derived, decided or undone."""
        a = store.scope_ids("acme")[0]
        other = open_store()
        marks = [other.derived.mark()]
        run = self._run(store, stage(a, "s"))
        marks.append(other.derived.mark())
        store.derived.act(a, "confirm", "f", {}, 1)
        marks.append(other.derived.mark())
        store.derived.undo(run)
        marks.append(other.derived.mark())
        assert marks == sorted(set(marks))
        other.close()

    def test_hidden_and_cold_episodes_leave_the_items(self, store: Store) -> None:
        """Neither is ranked; both stay in the log; both come back, and every view is made anew."""
        a = store.scope_ids("acme")[0]
        assert store.items([a], 0)["seq"].tolist() == [1, 2, 4]
        marks = [store.change_mark()]
        store.derived.act(a, "suppress", "id", {"seq": 1}, 1)
        marks.append(store.change_mark())
        run = store.derived.begin("acme", "rem", 1).run
        with store.derived.step(run) as step:
            step.put([ColdRow(a, 2)])
        marks.append(store.change_mark())
        assert store.items([a], 0)["seq"].tolist() == [4]
        assert store.derived.hidden([a]) == [1]
        assert len(list(store.walk([a]))) == 3
        store.derived.act(a, "restore", "id", {"seq": 1}, 2)
        store.derived.undo(run)
        assert store.items([a], 0)["seq"].tolist() == [1, 2, 4]
        assert len({*marks, store.change_mark()}) == 4

    def test_waiting_are_those_no_replay_of_this_version_saw(self, store: Store) -> None:
        """By scope, in order, up to a limit; another version sees all of them waiting."""
        a = store.scope_ids("acme")[0]
        run = store.derived.begin("acme", "nrem", 1).run
        with store.derived.step(run) as step:
            step.put([ReplayRow(a, 2, 0.5, "rules/1")])
        assert store.derived.waiting(a, "rules/1", 10) == [1, 4]
        assert store.derived.waiting(a, "rules/2", 2) == [1, 2]

    def test_mentions_end_before_what_was_not_replayed(self, store: Store) -> None:
        """So that whoever reads on from the last one misses none."""
        a = store.scope_ids("acme")[0]
        run = store.derived.begin("acme", "nrem", 1).run
        with store.derived.step(run) as step:
            step.put(
                [
                    *(ReplayRow(a, seq, 0.5, "v") for seq in (1, 4)),
                    *(MentionRow(a, seq, '[["k", "K", "name"]]') for seq in (1, 4)),
                ]
            )
        assert [seq for seq, _, _ in store.derived.mentions([a], 0)] == [1]
        with store.derived.step(run) as step:
            step.put([ReplayRow(a, 2, 0.5, "v")])
        assert [seq for seq, _, _ in store.derived.mentions([a], 1)] == [4]

    def test_uses_add_up_and_the_latest_are_kept(self, store: Store) -> None:
        """By the episode's id; an unknown id is passed over."""
        a = store.scope_ids("acme")[0]
        id_ = store.episodes([a], [1])[1].id
        store.derived.used({id_: [3, 1], "unknown": [1]}, keep=3)
        store.derived.used({id_: [2, 5]}, keep=3)
        [row] = store.derived.uses([a])
        assert (row.seq, row.times, row.recent) == (1, 4, "[2, 3, 5]")

    def test_erasing_takes_every_row_of_an_episode(self, store: Store) -> None:
        """Its rows in every table, its journals and its place in the log; its id comes in no more."""
        a = store.scope_ids("acme")[0]
        id_ = store.episodes([a], [1])[1].id
        run = store.derived.begin("acme", "nrem", 1).run
        with store.derived.step(run) as step:
            step.put(
                [
                    ReplayRow(a, 1, 0.5, "v"), MentionRow(a, 1, '[["k", "K", "name"]]'),
                    EvidenceRow(a, "f", 1, 0, "supports"), GroupRow(a, "s", "r", 0, 0),
                    ReplayRow(a, 2, 0.5, "v"),
                ]
            )  # fmt: skip
        before = store.change_mark()[1], store.derived.erasures()
        erased = store.erase(
            a, [1], [(GroupRow, a, {"subject_key": "s"}), (EvidenceRow, a, {"fact_id": ["f"]})], []
        )
        assert list(erased.ids) == [id_]
        assert erased.rows["episodes"] == 1
        assert store.derived.erasures() == before[1] + 1
        assert store.change_mark()[1] > before[0], "who looks at the generation alone misses none"
        assert store.scrub()
        left = store.derived.dump()
        assert {name for name in left if left[name]} == {"replays"}
        assert store.derived.changes(run) == []
        appended = store.append([draft("one")], NOW)
        assert (list(appended.new), list(appended.erased)) == ([False], [id_])
        assert 1 not in store.episodes([a], [1])

    def test_everything_can_be_forgotten(self, store: Store) -> None:
        """All derived tables are empty afterwards; the log is not."""
        a = store.scope_ids("acme")[0]
        run = self._run(store, stage(a, "s"))
        store.derived.forget_all()
        assert set(map(len, store.derived.dump().values())) == {0}
        assert len(store.derived.dump()) == len(TABLES)
        with pytest.raises(InvalidInput, match="no longer"):
            store.derived.undo(run)
        assert len(list(store.walk([a]))) == 3

    def test_one_opening_sleeps_and_one_derives_at_a_time(
        self, store: Store, open_store: OpenStore
    ) -> None:
        """The right to sleep is refused at once to others, and free again afterwards."""
        other = open_store()
        with store.sleeping() as mine:
            assert mine
            with other.sleeping() as too:
                assert not too
        with other.sleeping() as then:
            assert then
        with store.deriving():
            pass
        with other.deriving():
            pass
        other.close()
