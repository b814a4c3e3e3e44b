"""Episodes by exact ref, scopes below a path, and what is shown when some are suppressed."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnemic import Memory
from mnemic.errors import InvalidInput, InvalidScope
from mnemic.testing.fakes import FixedClock


def fill(memory: Memory, count: int, ref: str = "r", scope: str = "a") -> list[str]:
    return [
        memory.remember(f"{ref} {n}", scope=scope, ref=ref, session=ref, position=n)
        for n in range(count)
    ]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sets(st.integers(0, 11)), st.none() | st.integers(0, 14), st.booleans())
def test_the_last_of_a_ref_are_the_last_shown(
    tmp_path_factory: pytest.TempPathFactory, gone: set[int], last: int | None, suppressed: bool
) -> None:
    with Memory(tmp_path_factory.mktemp("m") / "a.mnemic", embedder=None) as memory:
        ids = fill(memory, 12)
        fill(memory, 3, "other")
        for number in gone:
            memory.suppress(ids[number], scope="a")
        expected = [id_ for n, id_ in enumerate(ids) if suppressed or n not in gone]
        expected = expected if last is None else expected[max(0, len(expected) - last) :]
        found = memory.by_ref("r", scope="a", last=last, suppressed=suppressed)
        assert [one.id for one in found] == expected
        shown = [one.id for one in memory.episodes(scope="a", suppressed=False)]
        assert shown[: 12 - len(gone)] == [id_ for n, id_ in enumerate(ids) if n not in gone]
        newest = memory.episodes(scope="a", suppressed=False, newest_first=True, limit=2)
        assert [one.id for one in newest] == shown[:-3:-1]


def test_more_than_a_hundred_of_a_ref_and_ids_that_look_like_refs(memory: Memory) -> None:
    """Unlike `get`, by_ref gives all, and takes an id for no ref."""
    ids = fill(memory, 150)
    assert [one.id for one in memory.by_ref("r", scope="a")] == ids
    assert memory.by_ref(ids[0], scope="a") == memory.by_ref(ids[0][:8], scope="a") == []
    fill(memory, 2, ids[0][:8])
    assert len(memory.by_ref(ids[0][:8], scope="a", last=1)) == 1
    assert len(memory.by_ref(ids[0][:8], scope="a", last=9)) == 2


def test_bad_refs_and_unknown_scopes(memory: Memory) -> None:
    with pytest.raises(InvalidScope):
        memory.by_ref("r", scope="nowhere")
    fill(memory, 1)
    assert memory.by_ref("", scope="a") == memory.by_ref("\x00", scope="a") == []
    for bad in (7, "\ud800"):
        with pytest.raises(InvalidInput, match="ref"):
            memory.by_ref(bad, scope="a")  # type: ignore[arg-type]


def test_scopes_are_those_below_and_nobody_elses(memory: Memory) -> None:
    for scope in ("a", "a/b", "a/b/c", "a2", "z"):
        fill(memory, 1, scope=scope)
    assert memory.paths("a/*") == ["a", "a/b", "a/b/c"]
    assert memory.paths("a/b") == ["a/b"]
    with pytest.raises(InvalidScope):
        memory.paths("b/*")


def test_the_clock_is_the_one_that_was_given(memory: Memory, clock: FixedClock) -> None:
    assert memory.clock is clock


def test_hiding_and_showing_again_where_no_fact_is_touched(memory: Memory) -> None:
    """Acts on episodes that no sleep has read are acts like others: listed, and kept by a sleep."""
    one, other = fill(memory, 2)
    memory.suppress(one, scope="a")
    memory.suppress(other, scope="a")
    assert not list(memory.episodes(scope="a", suppressed=False))
    memory.restore(one, scope="a")
    assert [e.id for e in memory.episodes(scope="a", suppressed=False)] == [one]
    assert [run.phases.split()[0] for run in memory.runs()] == ["restore", "suppress", "suppress"]
    memory.sleep()
    memory.restore(other, scope="a")
    assert len(list(memory.episodes(scope="a", suppressed=False))) == 2
    assert memory.verify().clean


def test_an_act_that_touched_no_fact_can_be_undone(memory: Memory) -> None:
    """There is no journal of it, and none was let go."""
    one = memory.remember("Tea at four.", scope="a")
    memory.suppress(one, scope="a")
    memory.undo(memory.runs()[0].number)
    assert [hit.episode.id for hit in memory.recall("tea", scope="a").hits] == [one]
