"""Cosine of deep keys: exact for small scopes, a quantised scan with exact rescoring for large ones."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.channels.grown import Grown
from mnemic.agent.channels.products import times
from mnemic.agent.channels.scan import FourBitScan
from mnemic.agent.protocols import Store, VectorIndex
from mnemic.agent.records import Space
from mnemic.agent.view import View

EXACT_MAX = 30_000
"""Up to this many vectors the scan is exact (30,000 × 384 float32 = 46 MB, about 2 ms)."""

CANDIDATES = 100
"""How many candidates of the quantised scan are rescored from the exact vectors."""

ALLOWLIST_SHARE_MAX = 0.05
"""Below this share of rows the scan is told which rows count; above, more are fetched and sifted."""

INDEXES_MAX = 64

BACKGROUND_MAX = 2_048
"""How many vectors stand for a scope where it is asked what cosine an unrelated one has."""

BEGINNING = 0.7
"""The share of an episode's first piece in its cosine, the rest being its best piece's."""

Floats = NDArray[np.float32]
MakeScan = Callable[[int], VectorIndex]


@dataclass(frozen=True, slots=True)
class Dense:
    """Scores of the dense channel.

    `rows` were scored, ascending, and have `cosines`; the others were not among the candidates, or
    have no vector yet.
    `centre` is the cosine that an unrelated episode of the scope gets.
    """

    rows: NDArray[np.int64]
    cosines: Floats
    centre: float


@dataclass(frozen=True, slots=True)
class _Exact:
    """The vectors of a small scope as they were at one moment; what comes later changes nothing in it.

    `background` are places of vectors that stand for the scope.
    """

    seqs: NDArray[np.int64]
    rows_NK: Floats  # noqa: N815
    background: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Placed:
    """Which rows of a view the first `count` vectors belong to: `rows` of those that are `known`, each
    row's first vector at one of `starts`; `starts` is None where every row has one vector.
    """

    view: View
    count: int
    rows: NDArray[np.int64]
    known: NDArray[np.bool_] | None
    starts: NDArray[np.int64] | None

    @classmethod
    def of(cls, view: View, seqs: NDArray[np.int64]) -> _Placed:
        rows = np.searchsorted(view.seq, seqs)
        rows[rows == len(view)] = 0
        found = view.seq[rows] == seqs
        known = None if found.all() else found
        if known is not None:
            rows = rows[known]
        if not len(rows):
            return cls(view, len(seqs), rows, known, None)
        starts = np.concatenate(([0], np.flatnonzero(np.diff(rows)) + 1))
        if len(starts) == len(rows):
            return cls(view, len(seqs), rows, known, None)
        return cls(view, len(seqs), rows[starts], known, starts)

    def cosines(self, scores: Floats) -> Floats:
        """Of each row, from the scores of all vectors: 0.7 of the first piece's, 0.3 of the best.

        The best piece alone favours long texts, which have more chances (LOG.md).
        """
        if self.known is not None:
            scores = scores[self.known]
        if self.starts is None:
            return scores
        best = np.maximum.reduceat(scores, self.starts)
        mixed = BEGINNING * scores[self.starts] + (1 - BEGINNING) * best
        return np.asarray(mixed, dtype=np.float32)


class _Index:
    """The vectors of one scope in one space, grown as the store grows."""

    def __init__(
        self, store: Store, space: Space, scope_ids: tuple[int, ...], scan: MakeScan
    ) -> None:
        self._store, self._space, self._scope_ids = store, space, scope_ids
        self._make_scan = scan
        self.upto = 0
        self.scan: VectorIndex | None = None  # once the scope is large
        self._seqs = Grown(np.empty(0, dtype=np.int64))
        self._rows_NK = Grown(np.empty((0, space.dimension), dtype=np.float32))
        self._background = Grown(np.empty(0, dtype=np.int64))
        self._placed: _Placed | None = None
        self.sample_SK: Floats = np.empty((0, space.dimension), dtype=np.float32)

    @property
    def seqs(self) -> NDArray[np.int64]:
        """Of every vector."""
        return self._seqs.values

    def exact(self) -> _Exact:
        """The vectors as they are now, while the scope is small."""
        return _Exact(self._seqs.values, self._rows_NK.values, self._background.values)

    def placed(self, view: View, seqs: NDArray[np.int64]) -> _Placed:
        """Where these vectors, the first of this index, belong in a view; kept for the next query."""
        known = self._placed
        if known is None or known.view is not view or known.count != len(seqs):
            self._placed = known = _Placed.of(view, seqs)
        return known

    def catch_up(self, upto: int) -> None:
        """Takes in what was embedded since."""
        step = 100_000
        while self.upto < upto:
            until = min(self.upto + step, upto)
            fresh = self._store.vectors.load(self._space, self._scope_ids, self.upto, until)
            self.upto = until
            if not len(fresh.seqs):
                continue
            rows = fresh.rows_NK.astype(np.float32)
            before = len(self._seqs)
            self._seqs.extend(fresh.seqs)
            if self.scan is None and len(self._seqs) <= EXACT_MAX:
                self._rows_NK.extend(rows)
            else:
                self._to_scan(rows)
            if len(self._background) < BACKGROUND_MAX:
                some = np.arange(before, before + len(rows), max(1, len(rows) // 512))
                self._background.extend(some)
                if self.scan is not None:
                    self.sample_SK = np.concatenate((self.sample_SK, rows[some - before]))

    def _to_scan(self, rows: Floats) -> None:
        if self.scan is None:
            self.scan = self._make_scan(self._space.dimension)
            if len(self._rows_NK):
                self.scan.add(self._rows_NK.values)
            self.sample_SK = self._rows_NK.values[self._background.values]
            self._rows_NK = Grown(self._rows_NK.values[:0].copy())
        self.scan.add(rows)


class DenseChannel:
    """Dense search over the scopes of a store. One per open memory.

    Args:
        store: has the vectors.
        scan: makes the index that finds candidates in a large scope, from the vectors' dimension.
    """

    def __init__(self, store: Store, scan: MakeScan = FourBitScan) -> None:
        self._store = store
        self._make_scan = scan
        self._guard = threading.Lock()
        self._kept: OrderedDict[tuple[int, str, tuple[int, ...], int], _Index] = OrderedDict()

    def score(
        self,
        space: Space,
        scope_ids: Sequence[int],
        view: View,
        query_K: Floats,  # noqa: N803
        *,
        generation: int,
        allowed: NDArray[np.bool_] | None,
        also: NDArray[np.int64],
    ) -> Dense:
        """Cosines of the best episodes, of those in `also` (rows), or of all in a small scope.

        Args:
            space: the space of `query_K`.
            scope_ids: the scopes of `view`.
            view: rows to score.
            query_K: unit vector, shape (dimension,).
            generation: of the store's derived keys; another one starts afresh.
            allowed: which rows may come back; None for all.
            also: rows that must be scored even if the scan passes them over.
        """
        with self._guard:
            index = self._index(space, tuple(scope_ids), generation)
            index.catch_up(space.upto_seq)
            if not len(index.seqs) or not len(view):
                return Dense(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32), 0.0)
            exact = index.exact() if index.scan is None else None
            if exact is not None:
                placed = index.placed(view, exact.seqs)
            else:
                seqs, scores = self._scan(index, space, scope_ids, view, query_K, allowed, also)
                placed, background = _Placed.of(view, seqs), times(index.sample_SK, query_K)
        if exact is not None:  # outside the guard, so that queries do not wait for one another
            scores = times(exact.rows_NK, query_K)
            background = scores[exact.background]
        rows, cosines = placed.rows, placed.cosines(scores)
        if allowed is not None:
            rows, cosines = rows[allowed[rows]], cosines[allowed[rows]]
        return Dense(rows, cosines, _median(background))

    def _index(self, space: Space, scope_ids: tuple[int, ...], generation: int) -> _Index:
        key = (space.space_id, space.name, scope_ids, generation)
        if key not in self._kept:
            # What an earlier state of this reach left behind is never asked for again.
            for old in list(self._kept):
                if old[3] != generation or (len(old[2]) > 1 and set(old[2]) < set(scope_ids)):
                    del self._kept[old]
            self._kept[key] = _Index(self._store, space, scope_ids, self._make_scan)
        self._kept.move_to_end(key)
        while len(self._kept) > INDEXES_MAX:
            self._kept.popitem(last=False)
        return self._kept[key]

    def _scan(
        self,
        index: _Index,
        space: Space,
        scope_ids: Sequence[int],
        view: View,
        query_K: Floats,  # noqa: N803
        allowed: NDArray[np.bool_] | None,
        also: NDArray[np.int64],
    ) -> tuple[NDArray[np.int64], Floats]:
        """Candidates of the quantised scan and `also`, rescored from the exact vectors."""
        wanted = CANDIDATES
        allowlist = None
        if allowed is not None:
            share = np.count_nonzero(allowed) / len(allowed)
            if share <= ALLOWLIST_SHARE_MAX:
                places = np.flatnonzero(np.isin(index.seqs, view.seq[allowed]))
                if not len(places):
                    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
                allowlist = places
            else:
                wanted = min(int(CANDIDATES / share * 1.5) + 50, len(index.seqs))
        assert index.scan is not None
        found = index.seqs[index.scan.search(query_K, wanted, allowlist)]
        if allowed is not None and allowlist is None:
            rows = view.rows_of(found)
            found = view.seq[rows[allowed[rows]]][:CANDIDATES]
        seqs = np.unique(np.concatenate((found, view.seq[also])))
        exact = self._store.vectors.fetch(space, scope_ids, seqs.tolist())
        return exact.seqs, times(exact.rows_NK.astype(np.float32), query_K)


def _median(values: Floats) -> float:
    """As np.median, in a fifth of its time for a few hundred values."""
    middle = [(len(values) - 1) // 2, len(values) // 2]
    return float(np.partition(values, middle)[middle].mean())
