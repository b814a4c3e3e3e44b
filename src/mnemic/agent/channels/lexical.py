"""BM25 over episodes, over episodes with their neighbours, and over sessions; exact in the scope.

Source:
    The Probabilistic Relevance Framework: BM25 and Beyond (Robertson & Zaragoza, 2009), eq. 3.15.
    Differs: idf is ln(1 + (N − n + ½)/(n + ½)), which is never negative.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.stores.sqlite.store import SqliteStore
from mnemic.agent.view import View

K1, B = 1.2, 0.75
"""The usual values (Robertson & Zaragoza, 2009, §3.3); not tuned here."""

POSTINGS_MAX = 20_000
"""How many postings a query may read. The rarest terms are read first, so that in a large scope a
common word costs nothing when rarer ones are there; about 0.1 µs each."""

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lexical:
    """Scores of the lexical channel, one a row of the view.

    `episode_N` BM25 of each episode; `passage_N` of the episode with the one before and the one
    after as one text; `session_N` of its whole session. `terms_read` and `terms_left` name what was
    used and what was dropped as too common.
    """

    episode_N: Floats  # noqa: N815
    passage_N: Floats  # noqa: N815
    session_N: Floats  # noqa: N815
    terms_read: Sequence[str]
    terms_left: Sequence[str]


def score(
    store: SqliteStore, scope_ids: Sequence[int], view: View, terms: Sequence[str]
) -> Lexical:
    """BM25 of every episode, passage and session of the view for these terms."""
    count, sessions = len(view), len(view.session_terms)
    episode, passage = np.zeros(count, dtype=np.float32), np.zeros(count, dtype=np.float32)
    session = np.zeros(sessions, dtype=np.float32)
    scratch = np.zeros(count, dtype=np.float32)
    left: list[str] = []
    read: list[str] = []
    for term, rows, frequency in _read(store, scope_ids, view, terms, POSTINGS_MAX, left):
        read.append(term)
        episode[rows] += _bm25(frequency, view.terms[rows], view.terms_mean, count)
        near, in_passage = _spread(rows, frequency, view, scratch)
        passage[near] += _bm25(in_passage, view.passage_terms[near], view.passage_terms_mean, count)
        in_session = np.bincount(view.session[rows], weights=frequency, minlength=sessions)
        holding = np.flatnonzero(in_session)
        session[holding] += _bm25(
            in_session[holding].astype(np.float32),
            view.session_terms[holding],
            view.session_terms_mean,
            sessions,
        )
    return Lexical(episode, passage, session[view.session], tuple(read), tuple(left))


def weighted(
    store: SqliteStore,
    scope_ids: Sequence[int],
    view: View,
    weight_of: Mapping[str, float],
    postings_max: int,
) -> Floats:
    """BM25 of every episode for terms that matter unequally, as far as the postings allow."""
    total = np.zeros(len(view), dtype=np.float32)
    for term, rows, frequency in _read(store, scope_ids, view, list(weight_of), postings_max, []):
        total[rows] += weight_of[term] * _bm25(
            frequency, view.terms[rows], view.terms_mean, len(view)
        )
    return total


def scaled(values: Floats, among: NDArray[np.bool_] | None = None) -> Floats:
    """The values with their largest, or the largest among some rows, as 1; never above it."""
    top = float((values if among is None else values[among]).max(initial=0))
    return np.asarray(np.minimum(values / max(top, 1e-9), 1), dtype=np.float32)


def _read(
    store: SqliteStore,
    scope_ids: Sequence[int],
    view: View,
    terms: Sequence[str],
    postings_max: int,
    left: list[str],
) -> Iterator[tuple[str, Rows, Floats]]:
    """Each term with the rows that hold it and how often, the rarest first, the first always.

    Terms whose postings no longer fit are added to `left`.
    """
    if not len(view):
        return
    known = sorted(
        (documents, term)
        for documents, term in zip(store.document_counts(scope_ids, terms), terms, strict=True)
        if documents
    )
    budget = postings_max
    for place, (documents, term) in enumerate(known):
        if place and documents > budget:
            left.append(term)
            continue
        budget -= documents
        rows = view.rows_of(store.postings(scope_ids, term))
        if len(rows):
            yield term, *_runs(rows)


def _bm25(
    frequency: NDArray[np.floating], length: Floats, length_mean: float, count: int
) -> Floats:
    """The part of one term in the BM25 of the texts that hold it, of `count` texts in all."""
    idf = np.log1p((count - len(frequency) + 0.5) / (len(frequency) + 0.5))
    norm = K1 * (1 - B + B * length / max(length_mean, 1e-9))
    return np.asarray(idf * (K1 + 1) * frequency / (frequency + norm), dtype=np.float32)


def _runs(rows: Rows) -> tuple[Rows, Floats]:
    """The distinct values of a sorted array, and how often each occurs."""
    starts = np.concatenate(([0], np.flatnonzero(np.diff(rows)) + 1))
    return rows[starts], np.diff(np.concatenate((starts, [len(rows)]))).astype(np.float32)


def _spread(rows: Rows, frequency: Floats, view: View, scratch: Floats) -> tuple[Rows, Floats]:
    """The rows that hold a term or stand beside one that does, and how often all three hold it.

    Args:
        scratch: zeros (N,); zeros again afterwards.
    """
    before, after = view.before[rows], view.after[rows]
    has_before, has_after = before >= 0, after >= 0
    # The rows of each of the three are distinct, so adding by index adds every one.
    scratch[rows] += frequency
    scratch[before[has_before]] += frequency[has_before]
    scratch[after[has_after]] += frequency[has_after]
    near = np.unique(np.concatenate((rows, before[has_before], after[has_after])))
    found = scratch[near]
    scratch[near] = 0
    return near, found
