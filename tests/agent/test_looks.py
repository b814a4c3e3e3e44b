"""Walking through a memory: whole ids win over refs, wrong names are refused, pages take few queries."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mnemic import Memory
from mnemic.errors import InvalidInput, NotThere
from mnemic.testing.fakes import FixedClock


def two_of_one_name(memory: Memory) -> tuple[str, str]:
    """An episode, and an earlier one that has its id as its ref."""
    said = {"scope": "a", "said_at": "2026-01-01T00:00:00Z"}
    id_ = memory.remember("late", **said)  # to know the id, which is a hash of what is said
    with_that_ref = memory.remember("decoy", ref=id_, **said)
    return id_, with_that_ref


def test_an_id_means_its_episode_whoever_has_it_as_a_ref(
    memory: Memory, tmp_path_factory: pytest.TempPathFactory, clock: FixedClock
) -> None:
    """Seen, shown, hidden and erased is the one with the id, also if the other came first."""
    id_, _ = two_of_one_name(memory)
    path = tmp_path_factory.mktemp("other") / "b.mnemic"
    with Memory(path, embedder=None, clock=clock, background=False) as other:
        said = {"scope": "a", "said_at": "2026-01-01T00:00:00Z"}
        decoy = other.remember("decoy", ref=id_, **said)
        assert other.remember("late", **said) == id_
        assert [one.text for one in other.get(id_, scope="a")] == ["late"]
        assert [one.text for one in other.around(id_, scope="a")] == ["late"]
        assert [one.text for one in other.by_ref(id_, scope="a")] == ["decoy"]
        assert other.suppress(id_, scope="a") == [id_]
        shown = {one.episode.text: one.hidden for one in other.seen(other.page(scope="a"))}
        assert shown == {"late": True, "decoy": False}
        assert list(other.erase(id_, scope="a").ids) == [id_]
        assert [one.id for one in other.episodes(scope="a")] == [decoy]


@pytest.mark.parametrize(
    "call", ["around", "one", "get", "told_by", "suppress", "restore", "erase"]
)
def test_what_is_no_text_names_nothing(memory: Memory, call: str) -> None:
    """A lone surrogate, and what is no string, are refused by their value."""
    memory.remember("one", scope="a")
    with pytest.raises(InvalidInput):
        getattr(memory, call)("\ud800", scope="a")
    if call != "erase":  # takes several
        with pytest.raises(InvalidInput):
            getattr(memory, call)(7, scope="a")


def test_places_that_are_no_text_are_nowhere(memory: Memory) -> None:
    memory.remember("one", scope="a")
    assert memory.room("\ud800", "r1", scope="a") == []
    with pytest.raises(NotThere):
        memory.recall("one", scope="a", place="\ud800/r1")
    with pytest.raises(InvalidInput):
        memory.page(scope="a", beyond="\ud800")


def test_what_was_erased_meanwhile_is_not_seen(memory: Memory) -> None:
    """A page is taken, one of it is erased, the rest is seen."""
    ids = [memory.remember(f"line {n}", scope="a") for n in range(3)]
    page = memory.page(scope="a")
    memory.erase(ids[1], scope="a")
    assert [one.episode.id for one in memory.seen(page)] == [ids[2], ids[0]]


def test_a_page_is_seen_in_few_queries(memory: Memory, clock: FixedClock) -> None:
    """As many for a thousand episodes as for one, but for what a statement takes at once."""
    for scope in ("a", "a/b"):
        memory.remember_many(
            [{"text": f"line {n}", "scope": scope, "said_at": clock.now()} for n in range(150)]
        )
    memory.recall("line 7", scope="a")
    memory.sleep()
    clock.advance(timedelta(days=1))
    page = memory.page(scope="a/*", limit=300)
    asked: list[str] = []
    reader = memory.store.reader()  # type: ignore[attr-defined]

    def note(_: object, statement: str, __: object) -> bool:
        asked.append(statement)
        return True

    reader.exec_trace = note
    seen = memory.seen(page)
    reader.exec_trace = None
    assert [one.episode for one in seen] == page
    assert sum(one.times for one in seen) > 0
    assert 0 < len(asked) <= 2 * 6


def test_a_suppressed_episode_is_found_by_id_and_page_and_stands_beside_nothing(
    memory: Memory,
) -> None:
    """It can be restored only by who can find it; nothing else tells of it."""
    ids = [
        memory.remember(text, scope="a", session="s", position=n, speaker="Ana")
        for n, text in enumerate(("Hello.", "I live in Porto.", "Good night."))
    ]
    memory.ready()
    memory.sleep()
    assert memory.told_by(ids[1], scope="a")
    memory.suppress(ids[1], scope="a")
    assert [one.id for one in memory.page(scope="a", newest_first=False)] == ids
    assert memory.one(ids[1], scope="a").id == ids[1]
    assert [one.id for one in memory.around(ids[0], scope="a")] == [ids[0], ids[2]]
    assert [one.id for one in memory.around(ids[1], scope="a")] == [ids[1]]
    assert memory.told_by(ids[1], scope="a") == []
    told = [moment.text for moment in memory.timeline("Ana Porto", scope="a")]
    told += [row.text for row in memory.summaries(scope="a")]
    for wing, rooms in memory.palace("a").items():
        for room in rooms:
            told += [one.text for one, _ in memory.room(wing, room.room, scope="a")]
            told += [room.name, room.summary]
    assert not [text for text in told if "Porto" in text]
    memory.restore(ids[1], scope="a")
    assert [one.id for one in memory.around(ids[0], scope="a")] == ids
    assert memory.told_by(ids[1], scope="a")
