"""From the best hits over what they mention to the episodes that mention it too.

A bipartite graph: episodes on one side, what they mention (sleep/entities.py) on the other, as hashed
*nodes*. A walk starts at the first best hits and, with a smaller share, at what the question itself
mentions; from an episode it goes to its mentions by how much they weigh and how rare they are, from
a mention to its episodes in equal parts, so that what many mention leads nowhere in particular.

    mass of episodes = (QUERY_SHARE · nodes of the query + (1 − QUERY_SHARE) · hits · P) · Q

    P[episode, node] ∝ weight · ln(N / df)     Q[node, episode] ∝ weight

Words and parts of names are nodes of a smaller weight beside the whole names, so that "Marie Curie"
and "Curie" are two steps apart; that is what stands in for synonym edges.

Source:
    HippoRAG (Gutiérrez et al., 2024, arXiv:2405.14831) and HippoRAG 2 (2025, arXiv:2502.14802).
    Differs: no language model reads the texts, and these are the first terms of the series of
    personalised PageRank, without what restarts at the seeds; all terms found no more (LOG.md), and
    two steps touch the neighbourhood of the seeds only, however large the scope is.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.protocols import Store
from mnemic.agent.sleep.entities import KINDS, Kind, Mention
from mnemic.agent.view import View

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

WEIGHTS: dict[Kind, float] = {
    "name": 1.0, "title": 1.0, "code": 1.0, "quantity": 1.0, "part": 0.5, "word": 0.3,
    "speaker": 0.0,
}  # fmt: skip
"""How much a mention weighs by its kind. Who speaks is the fusion's own part."""

QUERY_SHARE = 0.1
"""How much of the walk starts at what the question mentions, the rest at the first hits."""

SHARE_MAX, COUNT_MIN = 0.02, 3
"""A node of more of the episodes than this leads nowhere; in a small scope, of more than three."""

EDGES_MAX = 20_000
"""How many edges from nodes to episodes a walk takes, the rarest nodes first."""

GRAPHS_MAX = 64
GROWTH = 4
"""A new segment swallows the last ones that are not this many times as large."""


class Mentioned(NamedTuple):
    """Mentions as columns, by ascending seq: what a store keeps, and gives back.

    `seq` int64 of the episode; `node` int64, `node_of` its key; `kind` uint8, its place in KINDS.
    """

    seq: Ints
    node: Ints
    kind: NDArray[np.uint8]


class Mentions(Protocol):
    """Where mentions are kept."""

    def __call__(self, scope_ids: Sequence[int], after_seq: int) -> Mentioned:
        """The mentions of all episodes of these scopes with seq > `after_seq`."""
        ...


@dataclass(frozen=True, slots=True)
class Segment:
    """Some episodes with their edges, both ways.

    Episode i is `seq[i]` and has the edges `start[i]:start[i + 1]` of `node` (places in `nodes`) and
    `weight`. Node j is `nodes[j]`, ascending, and has the edges `node_start[j]:node_start[j + 1]` of
    `where` (places in `seq`) and `node_weight`.
    """

    seq: Ints
    start: Ints
    node: NDArray[np.int32]
    weight: Floats
    nodes: Ints
    node_start: Ints
    where: NDArray[np.int32]
    node_weight: Floats


@dataclass(frozen=True, slots=True)
class Graph:
    """Episodes up to one and what they mention, in segments by ascending seq, ever smaller ones."""

    segments: tuple[Segment, ...] = ()
    upto_seq: int = 0

    @property
    def edges(self) -> int:
        """How many edges it has."""
        return sum(len(segment.node) for segment in self.segments)


@lru_cache(maxsize=200_000)
def node_of(key: str) -> int:
    """A mention's key as a graph and a store know it: 63 bits."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest()) >> 1


def mentioned(found: Iterable[tuple[int, Sequence[Mention]]]) -> Mentioned:
    """Mentions as columns, from episodes' numbers (ascending) and their mentions."""
    return columns(
        (seq, node_of(mention.key), KINDS.index(mention.kind))
        for seq, mentions in found
        for mention in mentions
    )


def columns(rows: Iterable[tuple[int, int, int]]) -> Mentioned:
    """(seq, node, kind) by ascending seq as columns."""
    table = np.array(list(rows), dtype=np.int64).reshape(-1, 3)
    return Mentioned(table[:, 0], table[:, 1], table[:, 2].astype(np.uint8))


def grow(graph: Graph, fresh: Mentioned) -> Graph:
    """The graph with some later episodes more.

    New edges become a segment of their own, which takes in the last ones where they are not much
    larger: so an edge is sorted a logarithmic number of times however the graph grows.
    """
    seq, node, weight = _edges(fresh)
    upto = int(fresh.seq[-1]) if len(fresh.seq) else graph.upto_seq
    if not len(seq):
        return Graph(graph.segments, upto)
    kept = list(graph.segments)
    while kept and len(kept[-1].node) < GROWTH * len(seq):
        last = kept.pop()
        lengths = np.diff(last.start)
        seq = np.concatenate((np.repeat(last.seq, lengths), seq))
        node = np.concatenate((last.nodes[last.node], node))
        weight = np.concatenate((last.weight, weight))
    return Graph((*kept, _segment(seq, node, weight)), upto)


def score(graph: Graph, view: View, asked: Sequence[Mention], rows: Ints, scores: Floats) -> Floats:
    """How strongly a walk from the best hits and the question reaches each row of the view.

    Args:
        graph: of the view's scope; rows it does not know yet are reached by nothing.
        view: the scope's rows.
        asked: what the question mentions.
        rows: of the best hits, best first.
        scores: theirs.

    Returns:
        The square root of the mass, float32 (N,); mass itself falls off so steeply that a weighted
        sum would hear the first few rows only.
    """
    starts = _from_hits(graph, view, rows, scores)
    query = np.array(sorted({node_of(mention.key) for mention in asked}), dtype=np.int64)
    nodes = np.unique(np.concatenate((starts.nodes, query)))
    count = _counts(graph, nodes)
    kept = (count > 1) & (count <= max(SHARE_MAX * len(view), COUNT_MIN))
    nodes, count = nodes[kept], count[kept]
    rarity = np.log(len(view) / np.maximum(count, 1))
    by_query = np.where(np.isin(nodes, query), rarity / np.maximum(count, 1), 0)
    mass = QUERY_SHARE * _whole(by_query) + (1 - QUERY_SHARE) * starts.mass(nodes, rarity)
    rarest = np.lexsort((nodes, count))
    within = rarest[np.cumsum(count[rarest]) <= EDGES_MAX]
    within = np.sort(within[mass[within] > 0])
    return np.sqrt(_spread(graph, view, nodes[within], mass[within]))


class _Starts(NamedTuple):
    """The edges of the hits: from which hit, to which node, with which weight; and the hits' trust."""

    hit: Ints
    nodes: Ints
    weight: Floats
    trust: NDArray[np.float64]

    def mass(self, nodes: Ints, rarity: NDArray[np.float64]) -> NDArray[np.float64]:
        """What reaches each of these nodes (ascending) from the hits."""
        if not len(nodes) or not len(self.nodes):
            return np.zeros(len(nodes))
        place = np.minimum(np.searchsorted(nodes, self.nodes), len(nodes) - 1)
        there = nodes[place] == self.nodes
        pull = np.where(there, self.weight * rarity[place], 0)
        total = np.bincount(self.hit, weights=pull, minlength=len(self.trust))
        share = self.trust[self.hit] * pull / np.maximum(total[self.hit], 1e-12)
        return np.asarray(np.bincount(place, weights=share, minlength=len(nodes)))


def _from_hits(graph: Graph, view: View, rows: Ints, scores: Floats) -> _Starts:
    trust = _whole(np.exp(scores.astype(np.float64) - (scores.max() if len(scores) else 0)))
    hit, nodes, weight = [], [], []
    for number, seq in enumerate(view.seq[rows].tolist()):
        for segment in graph.segments:
            place = int(np.searchsorted(segment.seq, seq))
            if place < len(segment.seq) and segment.seq[place] == seq:
                edges = slice(segment.start[place], segment.start[place + 1])
                nodes.append(segment.nodes[segment.node[edges]])
                weight.append(segment.weight[edges])
                hit.append(np.full(len(nodes[-1]), number))
    if not nodes:
        none = np.empty(0, dtype=np.int64)
        return _Starts(none, none, np.empty(0, dtype=np.float32), trust)
    return _Starts(np.concatenate(hit), np.concatenate(nodes), np.concatenate(weight), trust)


def _counts(graph: Graph, nodes: Ints) -> Ints:
    """In how many episodes each node is mentioned."""
    count = np.zeros(len(nodes), dtype=np.int64)
    for segment in graph.segments:
        place, there = _places(segment, nodes)
        count[there] += segment.node_start[place + 1] - segment.node_start[place]
    return count


def _spread(graph: Graph, view: View, nodes: Ints, mass: NDArray[np.float64]) -> Floats:
    """The mass of nodes on the episodes that mention them, by the rows of the view."""
    reached = [_edges_of(segment, nodes) for segment in graph.segments]
    total = np.zeros(len(nodes))
    for number, _, weight in reached:
        total += np.bincount(number, weights=weight, minlength=len(nodes))
    each = mass / np.maximum(total, 1e-12)
    found = np.zeros(len(view), dtype=np.float32)
    for segment, (number, where, weight) in zip(graph.segments, reached, strict=True):
        by_episode = np.bincount(where, weights=each[number] * weight)
        some = np.flatnonzero(by_episode)
        seq = segment.seq[some]
        row = np.searchsorted(view.seq, seq)
        row[row == len(view)] = 0
        known = view.seq[row] == seq if len(view) else np.zeros(len(seq), dtype=bool)
        found[row[known]] = by_episode[some[known]]
    return found


def _edges_of(segment: Segment, nodes: Ints) -> tuple[Ints, NDArray[np.int32], Floats]:
    """The edges of some nodes: the place among them, the place in the segment's seq, the weight."""
    place, there = _places(segment, nodes)
    begin = segment.node_start[place]
    length = segment.node_start[place + 1] - begin
    edges = np.repeat(begin - np.cumsum(length) + length, length) + np.arange(length.sum())
    number = np.repeat(np.flatnonzero(there), length)
    return number, segment.where[edges], segment.node_weight[edges]


def _places(segment: Segment, nodes: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Where those of the nodes that a segment has stand in it, and which those are."""
    place = np.minimum(np.searchsorted(segment.nodes, nodes), len(segment.nodes) - 1)
    there = segment.nodes[place] == nodes
    return place[there], there


def _whole(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values as shares of 1, or 0 where there are none."""
    return values / max(float(values.sum()), 1e-12)


_WEIGHT_OF = np.array([WEIGHTS[kind] for kind in KINDS], dtype=np.float32)


def _edges(fresh: Mentioned) -> tuple[Ints, Ints, Floats]:
    """One edge for each node of each episode, by seq and node; oftener mentioned weighs more."""
    weight = _WEIGHT_OF[fresh.kind]
    some = weight > 0
    seq, node, weight = fresh.seq[some], fresh.node[some], weight[some]
    if not len(seq):
        return seq, node, weight
    order = np.lexsort((node, seq))
    seq, node, weight = seq[order], node[order], weight[order]
    first = np.concatenate(([True], (np.diff(seq) != 0) | (np.diff(node) != 0)))
    starts = np.flatnonzero(first)
    often = np.diff(np.concatenate((starts, [len(seq)])))
    weight = np.maximum.reduceat(weight, starts) * (1 + np.log(often)).astype(np.float32)
    return seq[starts], node[starts], weight


def _segment(seq: Ints, node: Ints, weight: Floats) -> Segment:
    """A segment of edges by ascending seq."""
    first = np.flatnonzero(np.concatenate(([True], np.diff(seq) != 0)))
    row = np.repeat(np.arange(len(first)), np.diff(np.concatenate((first, [len(seq)]))))
    by_node = np.argsort(node, kind="stable")
    ordered = node[by_node]
    new = np.concatenate(([True], np.diff(ordered) != 0))
    node_first = np.flatnonzero(new)
    place = np.empty(len(node), dtype=np.int32)
    place[by_node] = np.cumsum(new) - 1
    return Segment(
        seq=seq[first],
        start=np.concatenate((first, [len(seq)])),
        node=place,
        weight=weight,
        nodes=ordered[node_first],
        node_start=np.concatenate((node_first, [len(node)])),
        where=row[by_node].astype(np.int32),
        node_weight=weight[by_node],
    )


class KeptMentions:
    """The mentions that sleep keeps in a store, asked for only where something was derived since."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[tuple[int, ...], tuple[int, int]] = {}

    def __call__(self, scope_ids: Sequence[int], after_seq: int) -> Mentioned:
        """The mentions of all replayed episodes of these scopes with seq > `after_seq`."""
        key, mark = tuple(scope_ids), self._store.derived.mark()
        if self._seen.get(key) == (mark, after_seq):
            return columns([])
        found = self._store.derived.mentions(scope_ids, after_seq)
        self._seen[key] = (mark, found[-1][0] if found else after_seq)
        return columns((seq, node_of(name), KINDS.index(kind)) for seq, name, kind in found)


class GraphChannel:
    """Walks over the scopes of a store. One per open memory.

    Args:
        mentions: gives what sleep has kept of the scopes; graphs are grown from it as it grows.
    """

    def __init__(self, mentions: Mentions) -> None:
        self._mentions = mentions
        self._guard = threading.Lock()
        self._kept: OrderedDict[tuple[int, ...], tuple[int, Graph]] = OrderedDict()

    def score(
        self,
        scope_ids: Sequence[int],
        view: View,
        asked: Sequence[Mention],
        rows: Ints,
        scores: Floats,
    ) -> Floats | None:
        """As `score` of the scopes' graph; None where sleep has kept no mentions of them."""
        graph = self.graph(scope_ids, view)
        return score(graph, view, asked, rows, scores) if graph.segments else None

    def graph(self, scope_ids: Sequence[int], view: View) -> Graph:
        """The graph of these scopes as far as mentions are kept."""
        key, generation = tuple(scope_ids), view.version[0]
        with self._guard:
            known, graph = self._kept.get(key, (generation, Graph()))
            if known != generation:
                graph = Graph()
            graph = grow(graph, self._mentions(key, graph.upto_seq))
            self._kept[key] = (generation, graph)
            self._kept.move_to_end(key)
            while len(self._kept) > GRAPHS_MAX:
                self._kept.popitem(last=False)
        return graph
