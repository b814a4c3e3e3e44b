"""Channels → one ranking, by arithmetic that can be read off the trace.

    score = words + meaning + neighbours + session + recent

Words and meaning are scaled to 1 at their best row. How much meaning weighs grows slowly with the
length of the scope's episodes: short turns are found by their words, long messages by what they are
about. Neighbours and session are the context of encoding: a short turn is known by what stood around
it, a long text stands for itself. A fixed mixture of the two channels loses to one of them on some
set; see LOG.md.

Source:
    Encoding specificity (Tulving & Thomson, 1973) for the use of context as part of the key; the
    constants are ours, chosen on development data as LOG.md tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.channels.dense import Dense
from mnemic.agent.channels.lexical import Lexical
from mnemic.agent.channels.recent import recency
from mnemic.agent.view import View

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

ALL_ROWS_MAX = 20_000
"""Up to this many episodes every row is ranked; above, those that a channel or a neighbour names."""

CANDIDATES = 400


@dataclass(frozen=True, slots=True)
class Weights:
    """The constants of the fusion, chosen on development data; LOG.md tells how."""

    dense: float = 0.85
    dense_length_terms: float = 25.0
    dense_length_power: float = 0.25
    word_before: float = 0.5
    word_after: float = 0.2
    word_second: float = 0.1
    meaning_after: float = 0.15
    session: float = 0.55
    context_length_terms: float = 240.0
    recent: float = 0.01


@dataclass(frozen=True, slots=True)
class Fused:
    """What each channel adds to each candidate row; a row's score is the sum.

    `rows` are row numbers of the view; every part has one value a row. `found` marks rows that some
    evidence speaks for, their own or a neighbour's.
    """

    rows: Rows
    parts: dict[str, Floats]
    found: NDArray[np.bool_]

    @property
    def score(self) -> Floats:
        """The sum of all parts."""
        return np.asarray(np.sum(list(self.parts.values()), axis=0), dtype=np.float32)


def fuse(
    lexical: Lexical | None, dense: Dense | None, now: datetime, view: View, weights: Weights
) -> Fused:
    """Words, meaning, neighbours, session and recency on one scale, added up.

    Args:
        lexical: scores of all rows; None if the channel was not asked.
        dense: likewise; rows that were not scored count as unrelated.
        now: what recency is measured from.
        view: the scope's rows.
        weights: the constants.
    """
    words = _zeros(view) if lexical is None else _scaled(lexical.episode_N)
    meaning = _meaning(dense, view)
    rows = _candidates(words, meaning, view)
    length = float(view.terms.mean()) if len(view) else 1.0
    trust = (
        weights.dense
        * (max(length, 1.0) / weights.dense_length_terms) ** weights.dense_length_power
    )
    leaning = 1 / (1 + (view.terms[rows] / weights.context_length_terms) ** 2)
    before, after = view.before[rows], view.after[rows]
    second = _at(words, _step(view.before, before)) + _at(words, _step(view.after, after))
    around = (
        weights.word_before * _at(words, before)
        + weights.word_after * _at(words, after)
        + weights.word_second * second
        + weights.meaning_after * trust * _at(meaning, after)
    )
    parts = {
        "lexical": words[rows],
        "dense": (trust * meaning[rows]).astype(np.float32),
        "neighbours": (leaning * around).astype(np.float32),
    }
    if lexical is not None:
        session = weights.session * leaning * _scaled(lexical.session_N)[rows]
        parts["session"] = session.astype(np.float32)
    found = sum(parts.values()) > 0
    parts["recent"] = (weights.recent * recency(view, now, rows)).astype(np.float32)
    return Fused(rows, parts, np.asarray(found))


def alone(lexical: Lexical | None, dense: Dense | None, view: View) -> Fused:
    """One channel's own ranking, untouched by the others: what benchmarks call BM25 and dense."""
    words = _zeros(view) if lexical is None else lexical.episode_N
    meaning = (
        _zeros(view) if dense is None else np.clip(np.nan_to_num(dense.cosine_N, nan=0.0), 0, None)
    )
    name, values = ("lexical", words) if lexical is not None else ("dense", meaning)
    rows = np.flatnonzero(values > 0)
    return Fused(rows, {name: values[rows].astype(np.float32)}, np.ones(len(rows), dtype=bool))


def _zeros(view: View) -> Floats:
    return np.zeros(len(view), dtype=np.float32)


def _scaled(values: Floats) -> Floats:
    """The values with their largest as 1."""
    return values / max(float(values.max(initial=0)), 1e-9)


def _meaning(dense: Dense | None, view: View) -> Floats:
    """Cosines from 0 for what an unrelated episode of the scope has to 1 for the best."""
    if dense is None or not dense.scored:
        return _zeros(view)
    above = np.clip(np.nan_to_num(dense.cosine_N, nan=-1.0) - dense.centre, 0, None)
    return _scaled(above.astype(np.float32))


def _candidates(words: Floats, meaning: Floats, view: View) -> Rows:
    if len(view) <= ALL_ROWS_MAX:
        return np.arange(len(view))
    core = np.concatenate((strongest(words, CANDIDATES), np.flatnonzero(meaning)))
    before, after = view.before[core], view.after[core]
    near = (core, before, after, _step(view.before, before), _step(view.after, after))
    rows: Rows = np.unique(np.concatenate(near)).astype(np.int64)
    return rows[rows >= 0]


def strongest(scores: Floats, k: int) -> Rows:
    """The rows of the k largest positive scores, in no order; ties at the end go to the older."""
    rows = np.flatnonzero(scores > 0)
    if len(rows) > k:
        part = np.argpartition(-scores[rows], k - 1)
        floor = scores[rows[part[k - 1]]]
        above = rows[scores[rows] > floor]
        rows = np.concatenate((above, rows[scores[rows] == floor][: k - len(above)]))
    return rows


def _at(values: Floats, rows: NDArray[np.integer]) -> Floats:
    """The values at these rows, 0 where there is none."""
    return np.where(rows >= 0, values[rows], 0).astype(np.float32)


def _step(links: NDArray[np.int32], rows: NDArray[np.integer]) -> NDArray[np.integer]:
    """Where these rows' links lead, -1 for nowhere."""
    return np.where(rows >= 0, links[rows], -1)
