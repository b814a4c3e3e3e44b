"""LangGraph's store contract, held by a memory."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langgraph.store.base import GetOp, ListNamespacesOp, MatchCondition, PutOp, SearchOp
from langgraph.store.memory import InMemoryStore

from mnemic import Memory
from mnemic.adapters.langgraph import MnemicStore, label, segment
from mnemic.agent.scopes import check_scope
from mnemic.errors import InvalidInput, InvalidScope
from mnemic.testing.fakes import FixedClock, HashEmbedder

NOTES = ("ana", "notes")

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def store(memory: Memory) -> MnemicStore:
    return MnemicStore(memory, scope="acme")


@given(st.text(st.characters(codec=None), max_size=20))
def test_any_label_is_a_segment_and_comes_back(name: str) -> None:
    """Labels of every kind, lone surrogates and slashes too, map to sound segments, one to one."""
    made = segment(name)
    assert "/" not in made
    check_scope(made)
    assert label(made) == name


@given(st.text(max_size=8), st.text(max_size=8))
def test_two_labels_are_two_segments(one: str, other: str) -> None:
    assert (segment(one) == segment(other)) == (one == other)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_a_value_comes_back_as_it_was(store: MnemicStore, value: dict[str, Any]) -> None:
    """Any JSON object comes back equal."""
    store.put(NOTES, "k", value)
    item = store.get(NOTES, "k")
    assert item is not None
    assert item.value == value


def test_hostile_strings_are_plain_data(store: MnemicStore) -> None:
    value = {"a": "\ud800", "b": "\x00", "lc": 1, "type": "constructor", "id": ["os", "system"]}
    store.put(NOTES, "' OR 1=1 --", value)
    found = store.get(NOTES, "' OR 1=1 --")
    assert found is not None
    assert found.value == value
    assert [item.value for item in store.search(NOTES, query="constructor")] == [value]


@pytest.mark.parametrize("value", [{"a": {1, 2}}, {"a": {1: 2}}, {"a": b"x"}])
def test_what_is_no_json_is_refused(store: MnemicStore, value: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="JSON"):
        store.put(NOTES, "k", value)
    assert store.get(NOTES, "k") is None


def test_a_put_over_a_key_is_a_new_version_and_hides_the_old(
    store: MnemicStore, memory: Memory, clock: FixedClock
) -> None:
    """created_at stays, updated_at moves, the old words leave every recall and stay in the log."""
    store.put(NOTES, "city", {"text": "lives in Porto"})
    first = store.get(NOTES, "city")
    clock.advance(timedelta(hours=1))
    store.put(NOTES, "city", {"text": "lives in Lisbon"})
    second = store.get(NOTES, "city")
    assert first is not None
    assert second is not None
    assert second.value == {"text": "lives in Lisbon"}
    assert second.created_at == first.created_at == first.updated_at
    assert second.updated_at - first.updated_at == timedelta(hours=1)
    assert [i.value["text"] for i in store.search(NOTES, query="Porto")] in (
        [],
        ["lives in Lisbon"],
    )
    assert [e.text for e in memory.episodes(scope="acme/ana/notes")] == [
        "lives in Porto",
        "lives in Lisbon",
    ]


def test_delete_suppresses_and_a_later_put_begins_anew(
    store: MnemicStore, memory: Memory, clock: FixedClock
) -> None:
    store.put(NOTES, "k", {"text": "pizza"})
    clock.advance(timedelta(hours=1))
    store.delete(NOTES, "k")
    assert store.get(NOTES, "k") is None
    assert store.search(NOTES) == []
    assert store.search(NOTES, query="pizza") == []
    assert store.list_namespaces() == []
    assert len(list(memory.episodes(scope="acme/ana/notes"))) == 1
    store.delete(NOTES, "k")  # twice is allowed
    store.put(NOTES, "k", {"text": "pizza"})
    again = store.get(NOTES, "k")
    assert again is not None
    assert again.created_at == again.updated_at == clock.now()


def test_the_same_put_at_the_same_moment_is_kept_for_each_key(store: MnemicStore) -> None:
    """Equal values under two keys, or put twice over one, are not taken for one episode."""
    for key in ("a", "b", "a"):
        store.put(NOTES, key, {"text": "same"})
    assert {item.key for item in store.search(NOTES)} == {"a", "b"}
    store.delete(NOTES, "a")
    store.put(NOTES, "a", {"text": "same"})
    assert store.get(NOTES, "a") is not None


def test_a_key_is_never_taken_for_an_id(store: MnemicStore, memory: Memory) -> None:
    store.put(NOTES, "k", {"text": "one"})
    [episode] = memory.episodes(scope="acme/ana/notes")
    for key in (episode.id, episode.id[:8]):
        assert store.get(NOTES, key) is None
        store.put(NOTES, key, {"text": "about it"})
    store.put(NOTES, "k", {"text": "two"})
    assert store.get(NOTES, episode.id) is not None
    assert store.get(NOTES, episode.id[:8]) is not None


def test_many_versions_of_a_key(store: MnemicStore, memory: Memory) -> None:
    for number in range(130):
        store.put(NOTES, "counter", {"n": number})
    item = store.get(NOTES, "counter")
    assert item is not None
    assert item.value == {"n": 129}
    assert [one.value for one in store.search(())] == [{"n": 129}]
    assert memory.verify().clean


def test_indexed_fields_are_what_is_searched(memory: Memory) -> None:
    """Fields named by the store or by the put are searched; index=False is only read by key."""
    store = MnemicStore(memory, scope="acme", fields=["text"])
    store.put(NOTES, "a", {"text": "walnut cake", "secret": "marzipan"})
    store.put(NOTES, "b", {"tags": [{"t": "walnut"}, {"t": "fig"}]}, index=["tags[*].t"])
    store.put(NOTES, "c", {"text": "walnut bread"}, index=False)
    store.put(NOTES, "d", {"other": "walnut"})
    memory.ready()
    assert {item.key for item in store.search(NOTES, query="walnut")} == {"a", "b"}
    assert "a" not in {i.key for i in store.search(NOTES, query="marzipan") if (i.score or 0) > 0.5}
    assert {item.key for item in store.search(NOTES)} == {"a", "b", "c", "d"}
    assert [e.text for e in memory.episodes(scope="acme/ana/notes")][1] == "walnut\nfig"


def test_a_search_may_be_filled_up_with_what_was_not_recalled(memory: Memory) -> None:
    """With `fill`, all that fits the filter comes back: recalled, then scored 0, then not indexed."""
    store = MnemicStore(memory, scope="acme", fill=True)
    for number in range(8):
        value = {"text": "walnut" if number < 3 else "fig", "n": number}
        store.put(NOTES, str(number), value, index=False if number == 7 else ["text"])
    memory.ready()
    found = store.search(NOTES, query="walnut", filter={"n": {"$gte": 1}})
    assert {item.key for item in found[:2]} == {"1", "2"}
    assert [item.key for item in found[2:]] == ["6", "5", "4", "3", "7"]
    assert [item.score for item in found[2:]] == [0.0] * 4 + [None]
    assert len(store.search(NOTES, query="walnut", limit=4, offset=6)) == 2


def test_a_value_is_searched_in_words(store: MnemicStore, memory: Memory) -> None:
    """One thing alone is said as it is; of several each follows its name."""
    store.put(NOTES, "a", {"text": "I moved to Lisbon."})
    store.put(NOTES, "b", {"name": "Ana", "pets": [{"cat": "Mia"}, None], "age": 31})
    assert [e.text for e in memory.episodes(scope="acme/ana/notes")] == [
        "I moved to Lisbon.",
        "name: Ana\npets.cat: Mia\nage: 31",
    ]


def test_scores_are_relevance(store: MnemicStore, memory: Memory) -> None:
    store.put(NOTES, "a", {"text": "Ana moved to Lisbon"})
    store.put(NOTES, "b", {"text": "the cat sleeps"})
    memory.ready()
    [best, *_] = store.search(NOTES, query="Where did Ana move?")
    hit = memory.recall("Where did Ana move?", scope="acme/*").hits[0]
    assert (best.key, best.score) == ("a", hit.relevance)
    assert store.search(NOTES)[0].score is None


OPERATORS = [
    {"n": 2}, {"n": {"$eq": 2}}, {"n": {"$ne": 2}}, {"n": {"$gt": 1}}, {"n": {"$gte": 2}},
    {"n": {"$lt": 2}}, {"n": {"$lte": 2, "$gt": 0}}, {"tags": ["x"]}, {"deep": {"a": {"$gt": 1}}},
    {"deep": {"a": 2}}, {"missing": None}, {"n": 2, "tags": ["x"]},
]  # fmt: skip


@pytest.mark.parametrize("wanted", OPERATORS, ids=str)
def test_filters_choose_as_those_of_the_in_memory_store(
    store: MnemicStore, wanted: dict[str, Any]
) -> None:
    other = InMemoryStore()
    for number in range(4):
        value = {"n": number, "tags": ["x"] * (number % 2), "deep": {"a": number}, "text": "walnut"}
        for one in (store, other):
            one.put(NOTES, str(number), value)
    expected = {item.key for item in other.search(NOTES, filter=wanted)}
    assert {item.key for item in store.search(NOTES, filter=wanted)} == expected
    assert {item.key for item in store.search(NOTES, filter=wanted, query="walnut")} == expected


def test_a_filter_that_makes_no_sense_says_so(store: MnemicStore) -> None:
    store.put(NOTES, "a", {"n": "text"})
    assert store.search(NOTES, filter={"n": {"$gt": 1}}) == []
    with pytest.raises(InvalidInput, match=r"\$in"):
        store.search(NOTES, filter={"n": {"$in": [1]}})
    with pytest.raises(InvalidInput, match="number"):
        store.search(NOTES, filter={"n": {"$gt": "b"}})
    with pytest.raises(InvalidInput, match="offset"):
        store.search(NOTES, offset=-1)


def test_pages_are_disjoint_and_newest_comes_first(store: MnemicStore) -> None:
    for number in range(25):
        store.put(NOTES, str(number), {"text": f"walnut {number}"})
    listed = [item.key for page in range(3) for item in store.search(NOTES, offset=10 * page)]
    assert listed == [str(number) for number in reversed(range(25))]
    asked = [
        item.key
        for page in range(3)
        for item in store.search(NOTES, query="walnut", offset=10 * page)
    ]
    assert sorted(asked) == sorted(listed)
    assert store.search(NOTES, limit=0) == []


labels = st.sampled_from(["a", "b", "a2", "A", "é", "x y", "50%", "*", "_="])
paths = st.lists(labels, min_size=1, max_size=3).map(tuple)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(paths, min_size=1, max_size=6), st.lists(labels | st.just("*"), max_size=2), st.data()
)
def test_namespaces_are_listed_as_the_in_memory_store_lists_them(
    tmp_path_factory: pytest.TempPathFactory,
    put: list[tuple[str, ...]],
    pattern: list[str],
    data: st.DataObject,
) -> None:
    """Prefixes, suffixes, wildcards, depths and pages agree, and a prefix never reaches a sibling."""
    path = tmp_path_factory.mktemp("ns") / "a.mnemic"
    kind = data.draw(st.sampled_from(["prefix", "suffix"]))
    depth = data.draw(st.none() | st.integers(1, 3))
    limit, offset = data.draw(st.integers(0, 4)), data.draw(st.integers(0, 2))
    op = ListNamespacesOp((MatchCondition(kind, tuple(pattern)),), depth, limit, offset)
    with Memory(path, embedder=None, background=False) as memory:
        ours, theirs = MnemicStore(memory, scope="base"), InMemoryStore()
        for one in (ours, theirs):
            one.batch([PutOp(ns, "k", {"v": 1}) for ns in put])
        assert ours.batch([op]) == theirs.batch([op])
        prefix = put[0][:1]
        found = [
            sorted(i.namespace for i in one.search(prefix, limit=99)) for one in (ours, theirs)
        ]
        assert found[0] == found[1]


def test_a_batch_reads_before_it_writes_and_the_last_put_counts(store: MnemicStore) -> None:
    results = store.batch(
        [
            PutOp(NOTES, "a", {"v": 1}),
            GetOp(NOTES, "a"),
            PutOp(NOTES, "a", {"v": 2}),
            SearchOp(NOTES),
            ListNamespacesOp(),
        ]
    )
    assert results == [None, None, None, [], []]
    item = store.get(NOTES, "a")
    assert item is not None
    assert item.value == {"v": 2}


def test_async_calls_do_the_same_and_writers_do_not_lose_each_other(store: MnemicStore) -> None:
    async def work() -> None:
        await asyncio.gather(*(store.aput(NOTES, str(n % 5), {"v": n}) for n in range(30)))
        assert len(await store.asearch(NOTES)) == 5
        await store.adelete(NOTES, "0")
        assert await store.aget(NOTES, "0") is None
        assert await store.alist_namespaces() == [NOTES]

    asyncio.run(work())


def test_other_episodes_of_the_scope_are_no_items(store: MnemicStore, memory: Memory) -> None:
    memory.remember("Ana likes walnut cake.", scope="acme/ana/notes", speaker="Ana", ref="k")
    store.put(NOTES, "k", {"text": "walnut"})
    assert len(store.search((), query="walnut")) == 1
    assert len(store.search(())) == 1


def test_two_stores_of_two_scopes_never_meet(memory: Memory) -> None:
    one, other = (MnemicStore(memory, scope=scope) for scope in ("acme", "acme2"))
    one.put(NOTES, "k", {"text": "walnut"})
    assert other.get(NOTES, "k") is None
    assert other.search(()) == other.search((), query="walnut") == other.list_namespaces() == []


def test_what_is_not_supported_says_so(store: MnemicStore, memory: Memory) -> None:
    with pytest.raises(NotImplementedError, match="TTL"):
        store.put(NOTES, "k", {"v": 1}, ttl=5)
    with pytest.raises(InvalidInput, match="400,000"):
        store.put(NOTES, "k", {"v": "x" * 400_000})
    with pytest.raises(InvalidScope, match="512"):
        store.put(("x" * 600,), "k", {"v": 1})
    with pytest.raises(InvalidInput, match="fields"):
        MnemicStore(memory, scope="a", fields="text")
    with pytest.raises(InvalidScope):
        MnemicStore(memory, scope="../a")
    with pytest.raises(InvalidInput, match="operation"):
        store.batch(["get"])  # type: ignore[list-item]


def test_items_outlive_the_process_and_a_graph_uses_the_store(tmp_path: Path) -> None:
    """A compiled graph's nodes put and search through the runtime's store; a new opening sees it."""
    from langgraph.graph import START, StateGraph
    from langgraph.runtime import Runtime
    from typing_extensions import TypedDict

    class State(TypedDict):
        said: str
        known: list[str]

    def answer(state: State, runtime: Runtime) -> dict[str, Any]:
        assert runtime.store is not None
        found = runtime.store.search(("ana",), query=state["said"])
        runtime.store.put(("ana",), state["said"], {"text": state["said"]})
        return {"known": [item.value["text"] for item in found]}

    def ask(said: str) -> list[str]:
        with Memory(tmp_path / "kept.mnemic", embedder=HashEmbedder(), background=False) as memory:
            graph = StateGraph(State).add_node("answer", answer).add_edge(START, "answer")
            app = graph.compile(store=MnemicStore(memory, scope="acme"))
            return list(app.invoke({"said": said, "known": []})["known"])

    assert ask("I moved to Lisbon.") == []
    assert ask("Who moved to Lisbon?") == ["I moved to Lisbon."]


def test_a_batch_with_a_value_that_cannot_be_kept_puts_nothing(store: MnemicStore) -> None:
    """What is no JSON, and what is nested without end, is refused before anything is put."""
    deep: dict[str, Any] = {"a": 1}
    for _ in range(5_000):
        deep = {"a": deep}
    for bad in ({"v": object()}, deep):
        with pytest.raises(InvalidInput):
            store.batch([PutOp(NOTES, "good", {"v": 1}), PutOp(NOTES, "bad", bad)])
        assert store.get(NOTES, "good") is None


def test_two_stores_over_one_memory_leave_one_version(memory: Memory) -> None:
    """However many put at once, a search gives the item once, and its former values are hidden."""
    stores = [MnemicStore(memory, scope="acme") for _ in range(2)]

    async def all_at_once() -> None:
        await asyncio.gather(
            *(stores[n % 2].aput(NOTES, "k", {"text": f"value {n}"}) for n in range(12))
        )

    asyncio.run(all_at_once())
    shown = list(memory.episodes(scope="acme/*", suppressed=False))
    assert len(shown) == 1
