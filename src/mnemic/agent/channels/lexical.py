"""BM25 over episodes and over whole sessions, exact within the scope.

Source:
    The Probabilistic Relevance Framework: BM25 and Beyond (Robertson & Zaragoza, 2009), eq. 3.15.
    Differs: idf is ln(1 + (N − n + ½)/(n + ½)), which is never negative.
"""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True)
class Lexical:
    """Scores of the lexical channel.

    `episode_N` BM25 of each episode; `session_N` BM25 of each episode's whole session;
    `best_possible` the score of an episode that held every known term very often: Σ idf · (k1 + 1);
    `terms_read` and `terms_left` name what was used and what was dropped as too common.
    """

    episode_N: Floats  # noqa: N815
    session_N: Floats  # noqa: N815
    best_possible: float
    terms_read: Sequence[str]
    terms_left: Sequence[str]


def score(
    store: SqliteStore, scope_ids: Sequence[int], view: View, terms: Sequence[str]
) -> Lexical:
    """BM25 of every episode and session of the view for these terms."""
    count = len(view)
    episode = np.zeros(count, dtype=np.float32)
    sessions = len(view.session_terms)
    session = np.zeros(sessions, dtype=np.float32)
    known = [
        (documents, term)
        for documents, term in zip(store.document_counts(scope_ids, terms), terms, strict=True)
        if documents
    ]
    known.sort()
    read: list[str] = []
    left: list[str] = []
    budget, best = POSTINGS_MAX, 0.0
    if not known or not count:
        return Lexical(episode, session[view.session], 0.0, (), ())
    episode_norm = K1 * (1 - B + B * view.terms / max(float(view.terms.mean()), 1e-9))
    session_norm = K1 * (1 - B + B * view.session_terms / float(view.session_terms.mean()))
    for documents, term in known:
        if read and documents > budget:
            left.append(term)
            continue
        budget -= documents
        read.append(term)
        rows = view.rows_of(store.postings(scope_ids, term))
        if not len(rows):
            continue
        distinct, frequency = _runs(rows)
        idf = np.log1p((count - len(distinct) + 0.5) / (len(distinct) + 0.5))
        best += idf * (K1 + 1)
        episode[distinct] += idf * (K1 + 1) * frequency / (frequency + episode_norm[distinct])
        in_session = np.bincount(view.session[rows], minlength=sessions)
        holding = np.flatnonzero(in_session)
        frequency = in_session[holding]
        idf = np.log1p((sessions - len(holding) + 0.5) / (len(holding) + 0.5))
        session[holding] += idf * (K1 + 1) * frequency / (frequency + session_norm[holding])
    return Lexical(episode, session[view.session], float(best), tuple(read), tuple(left))


def _runs(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct values of a sorted array, and how often each occurs."""
    starts = np.concatenate(([0], np.flatnonzero(np.diff(rows)) + 1))
    return rows[starts], np.diff(np.concatenate((starts, [len(rows)])))
