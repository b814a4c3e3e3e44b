"""The graph channel: a walk from the best hits over what they mention."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnemic.agent.channels.graph import (
    COUNT_MIN,
    QUERY_SHARE,
    SHARE_MAX,
    WEIGHTS,
    Graph,
    GraphChannel,
    Mentioned,
    grow,
    mentioned,
    node_of,
    score,
)
from mnemic.agent.memory import Memory
from mnemic.agent.recall.fuse import PARTS, fitted
from mnemic.agent.sleep.entities import Mention, mentions_of
from mnemic.agent.view import View
from mnemic.bench.graph import run_graph, show, with_graph
from mnemic.errors import InvalidInput
from mnemic.testing.growth import assert_linear

KINDS = ("name", "part", "word", "speaker")
Texts = list[list[tuple[str, str]]]

some_mentions = st.lists(
    st.tuples(st.sampled_from("abcdefghij"), st.sampled_from(KINDS)), max_size=6
)
some_texts = st.lists(some_mentions, min_size=1, max_size=40)


class Rows:
    """As much of a view as a walk looks at: every other number is an episode's."""

    def __init__(self, count: int) -> None:
        self.seq = np.arange(1, count + 1, dtype=np.int64) * 2

    def __len__(self) -> int:
        return len(self.seq)


def seen(count: int) -> View:
    return cast("View", Rows(count))


def mention(key: str, kind: str = "name") -> Mention:
    return Mention(key, key, 0, len(key), kind)  # type: ignore[arg-type]


def columns(texts: Texts, first: int = 0) -> Mentioned:
    return mentioned(
        (2 * (first + place + 1), [mention(key, kind) for key, kind in text])
        for place, text in enumerate(texts)
    )


def by_matrices(texts: Texts, asked: list[str], rows: list[int], scores: list[float]) -> np.ndarray:
    """The law, with whole matrices: (share · query + (1 − share) · hits · P) · Q."""
    keys = sorted({key for text in texts for key, _ in text} | set(asked))
    weight = np.zeros((len(texts), len(keys)))
    for row, text in enumerate(texts):
        for place, key in enumerate(keys):
            own = [WEIGHTS[kind] for other, kind in text if other == key and WEIGHTS[kind] > 0]
            if own:
                weight[row, place] = max(own) * (1 + np.log(len(own)))
    count = (weight > 0).sum(axis=0)
    weight[:, (count < 2) | (count > max(SHARE_MAX * len(texts), COUNT_MIN))] = 0
    rarity = np.log(len(texts) / np.maximum(count, 1))
    to_nodes = weight * rarity
    to_nodes /= np.maximum(to_nodes.sum(axis=1, keepdims=True), 1e-12)
    to_rows = weight.T / np.maximum(weight.sum(axis=0)[:, None], 1e-12)
    query = np.array([key in asked for key in keys]) * weight.any(axis=0)
    query = query * rarity / np.maximum(count, 1)
    query = query / max(query.sum(), 1e-12)
    hits = np.zeros(len(texts))
    hits[rows] = np.exp(np.array(scores) - max(scores, default=0))
    hits /= max(hits.sum(), 1e-12)
    mass = QUERY_SHARE * query + (1 - QUERY_SHARE) * hits @ to_nodes
    return np.sqrt(mass @ to_rows)


@settings(max_examples=200, deadline=None)
@given(some_texts, st.lists(st.sampled_from("abcxyz"), max_size=3), st.data())
def test_the_walk_is_the_matrices(texts: Texts, asked: list[str], data: st.DataObject) -> None:
    """Looking at the seeds' neighbourhood only gives what whole matrices give."""
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1), unique=True, max_size=4))
    scores = sorted(
        data.draw(st.lists(st.floats(0, 9), min_size=len(rows), max_size=len(rows))), reverse=True
    )
    found = score(
        grow(Graph(), columns(texts)), seen(len(texts)), [mention(key) for key in asked],
        np.array(rows, dtype=np.int64), np.array(scores, dtype=np.float32),
    )  # fmt: skip
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_matrices(texts, asked, rows, scores), atol=1e-4)


@settings(max_examples=100, deadline=None)
@given(some_texts, st.lists(st.integers(0, 40), max_size=8))
def test_grown_bit_by_bit_is_made_at_once(texts: Texts, cuts: list[int]) -> None:
    """However mentions come in, the walk is the same, and segments stay few."""
    ends = sorted({min(cut, len(texts)) for cut in cuts} | {0, len(texts)})
    graph = Graph()
    for begin, end in pairwise(ends):
        graph = grow(graph, columns(texts[begin:end], begin))
    whole = grow(Graph(), columns(texts))
    assert graph.edges == whole.edges
    assert graph.upto_seq == whole.upto_seq
    sizes = [len(segment.node) for segment in graph.segments]
    assert all(one >= 4 * two for one, two in pairwise(sizes))
    asked, rows = [mention("a")], np.arange(min(2, len(texts)))
    scores = np.ones(len(rows), dtype=np.float32)
    view = seen(len(texts))
    np.testing.assert_allclose(
        score(graph, view, asked, rows, scores), score(whole, view, asked, rows, scores), atol=1e-6
    )


def test_rare_mentions_lead_further_than_common_ones() -> None:
    """Of two episodes that share one name with the hit, the one that shares the rarer is ahead."""
    texts: Texts = [
        [("rare", "name"), ("common", "name")],
        [("rare", "name")],
        [("common", "name")],
    ]
    texts += [[("common", "name")], *([[("other", "name")]] * 60)]
    graph = grow(Graph(), columns(texts))
    found = score(graph, seen(len(texts)), [], np.array([0]), np.ones(1, dtype=np.float32))
    assert found[1] > found[2] > 0
    assert found[4:].max() == 0


def test_rows_that_are_not_in_the_graph_are_reached_by_nothing() -> None:
    """Mentions that sleep has kept of other or older episodes neither help nor hurt the rest."""
    graph = grow(Graph(), columns([[("a", "name")], [("a", "name")]]))
    found = score(graph, seen(50), [], np.array([0, 49]), np.ones(2, dtype=np.float32))
    assert np.flatnonzero(found).tolist() == [0, 1]
    assert not score(Graph(), seen(3), [mention("a")], np.array([0]), np.ones(1, np.float32)).any()
    nothing = np.empty(0, dtype=np.int64)
    assert not score(graph, seen(0), [], nothing, nothing.astype(np.float32)).any()


def test_a_node_is_63_bits_that_never_change() -> None:
    """What a store keeps today must be found tomorrow."""
    assert node_of("lake como") == node_of("lake como") != node_of("lake")
    assert 0 <= node_of("lake como") < 2**63
    assert node_of("lake como") == 7912702091031485777


NOW = "2030-01-01T00:00:00Z"
CHAIN = [
    "The Heron Prize of 1987 went to Ilse Marwick.",
    "Ilse Marwick was the daughter of a ferryman of Stavoren.",
    "Another prize of 1987 went to nobody at all.",
    *(f"A letter about the weather in town number{n}, and the harvest." for n in range(60)),
]


def test_without_mentions_nothing_changes(tmp_path) -> None:
    """A channel that has no mentions of a scope leaves scores, traces and order as they were."""
    with Memory(tmp_path / "m.mnemic", embedder=None, background=False) as memory:
        memory.remember_many({"text": text, "scope": "a"} for text in CHAIN)
        asked = {"query": "Whose daughter won the Heron Prize?", "scope": "a", "now": NOW}
        before = memory.recall(**asked).hits
        memory._parts = replace(
            memory._parts, graph=GraphChannel(lambda scope_ids, after_seq: mentioned(()))
        )
        after = memory.recall(**asked).hits
    assert [(hit.episode.id, hit.score, hit.trace) for hit in before] == [
        (hit.episode.id, hit.score, hit.trace) for hit in after
    ]


def test_a_graph_shows_in_the_trace_and_grows_with_the_scope(tmp_path) -> None:
    """The next link of a chain is reached, says so, and a link remembered later is reached too."""
    with Memory(tmp_path / "m.mnemic", embedder=None, background=False) as memory:
        memory.remember_many({"text": text, "scope": "a"} for text in CHAIN)
        with_graph(memory)
        question = "Who was the father of the winner of the Heron Prize?"
        hits = memory.recall(question, scope="a").hits
        link = next(hit for hit in hits if "ferryman" in hit.episode.text)
        assert {e.channel: e.contribution for e in link.trace}["graph"] > 0
        memory.remember("Years later Ilse Marwick moved to Riga.", scope="a")
        hits = memory.recall(question, scope="a").hits
        late = next(hit for hit in hits if "Riga" in hit.episode.text)
        assert {e.channel: e.contribution for e in late.trace}["graph"] > 0
        memory.remember("Ilse Marwick of elsewhere.", scope="b")
        assert all(
            "elsewhere" not in hit.episode.text for hit in memory.recall(question, scope="a").hits
        )


def test_the_graph_has_weights_of_its_own() -> None:
    """Scopes without a graph keep the weights they had; with one every part has two more."""
    assert fitted().documents["graph"] == fitted().conversation["graph"] == 0
    own = fitted(graph=True)
    for table in (own.documents, own.conversation):
        assert set(table) == set(PARTS)
        assert min(table.values()) >= 0
        assert table["graph"] > 0


def test_the_benchmark_asks_with_the_graph_and_without(tmp_path) -> None:
    """Both systems get the same questions; the chain's second link is found with the graph only."""
    commits = [
        {"id": f"c{n}", "date": f"2024-05-{n % 28 + 1:02}T10:00:00+00:00", "subject": text}
        for n, text in enumerate(CHAIN)
    ]
    queries = [{"qid": "q", "query": "the Heron Prize", "gold": ["c0", "c1"]}]
    for kind, lines in (("commits", commits), ("queries", queries)):
        (tmp_path / f"one_{kind}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    result = run_graph("code-history", tmp_path, embedder=None)
    assert result["n"] == 1
    assert result["edges"] > len(CHAIN)
    found = result["groups"]["all"]
    assert found["with"]["recall@5"] == 1.0
    gain = found["with"]["recall@5"] - found["without"]["recall@5"]
    assert found["gain"]["recall@5"][0] == pytest.approx(gain)
    assert any("with it" in line for line in show(result))
    with pytest.raises(InvalidInput, match="choose from"):
        run_graph("chess", tmp_path)


@pytest.mark.slow
def test_a_walk_costs_little_more_in_a_large_scope() -> None:
    """However large the scope, only the seeds' neighbourhood is looked at; 10 ms at 100,000."""
    small, large = walk_over(12_500), walk_over(100_000)
    assert_linear(
        lambda walk: walk(), lambda n: large if n > 50_000 else small, more_max=6
    )  # caches are not large


def walk_over(count: int) -> Callable[[], None]:
    """Fifty walks from four seeds each, in a scope of so many episodes."""
    rng = np.random.default_rng(7)
    vocabulary = 50_000
    often = np.minimum(rng.zipf(1.3, size=15 * count), vocabulary).astype(np.int64)
    fresh = Mentioned(
        np.repeat(np.arange(1, count + 1), 15) * 2, often, np.full(len(often), 5, dtype=np.uint8)
    )
    graph = grow(Graph(), fresh)
    view = seen(count)
    asked = mentions_of("Where did Ana Silva sail?")
    seeds = [rng.choice(count, 4, replace=False) for _ in range(50)]

    def walk() -> None:
        for rows in seeds:
            score(graph, view, asked, rows, np.array([4, 3, 2, 1], dtype=np.float32))

    return walk
