"""Evidence → one ranking, by arithmetic that can be read off the trace.

    score of a row = Σ over PARTS of weight · part

A part says how much one kind of evidence speaks for a row, on a scale where 1 is strong. Its weight
lies between two fitted values: one for a collection of documents, which stand for themselves, and
one for a conversation, whose short turns are known by what stood around them. How conversational a
scope is (`View.talk`) says where between them. One fixed mixture loses to its best channel on some
set; see LOG.md.

Source:
    Encoding specificity (Tulving & Thomson, 1973) for the use of context as part of the key. The
    weights are ours: `mnemic bench fusion` fits them on development data and keeps its account in
    results/fusion.jsonl.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.channels.dense import Dense
from mnemic.agent.channels.lexical import Lexical
from mnemic.agent.channels.recent import recency
from mnemic.agent.recall.order import tells_time
from mnemic.agent.view import View
from mnemic.agent.when import Aim

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

ALL_ROWS_MAX = 20_000
"""Up to this many episodes every row is ranked; above, those that a channel or a neighbour names."""

CANDIDATES = 400

PARTS: Mapping[str, str] = {
    "words": "lexical",  # BM25, 1 for the best
    "meaning": "dense",  # cosine above the scope's usual, 1 for the best
    "passage": "neighbours",  # BM25 of the episode and its two neighbours as one text
    "meaning_after": "neighbours",  # the meaning of what was said next
    "session": "session",  # BM25 of the whole session
    "speaker": "speaker",  # the query names who said it
    "window": "window",  # it lies in a window that prefers
    "dated": "dated",  # it tells of a time, and the question asks when
    "second": "feedback",  # it shares the rare terms of the first best hits
    "graph": "graph",  # a walk from them over what they mention reaches it
}
"""What can speak for a row, and the channel under which a trace shows it."""

RECENT = 0.05
"""The weight of recency, which only breaks near ties; not fitted, as benchmarks have no present."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A weight for each of PARTS: among documents, and in conversation."""

    documents: Mapping[str, float]
    conversation: Mapping[str, float]

    def at(self, talk: float) -> dict[str, float]:
        """The weights of a scope that is conversational to this degree, 0 to 1."""
        return {
            name: (1 - talk) * self.documents[name] + talk * self.conversation[name]
            for name in PARTS
        }


@cache
def fitted(*, graph: bool = False) -> Weights:
    """The weights that ship with this version, from weights.json beside this file.

    Args:
        graph: those for scopes that have one; without one its part has the weight 0.
    """
    table = json.loads(files(__package__).joinpath("weights.json").read_text("utf-8"))
    if graph:
        table = table["with_graph"]
    return Weights(table["documents"], table["conversation"])


@dataclass(frozen=True, slots=True)
class Speaks:
    """What speaks for the candidate rows, before it is weighed.

    `rows` are row numbers of the view; every part of `parts` (see PARTS) has one value a row.
    """

    rows: Rows
    parts: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Fused:
    """What each channel adds to each candidate row; a row's `score` is the sum.

    `found` marks rows that some evidence speaks for, their own or a neighbour's.
    """

    rows: Rows
    parts: Mapping[str, Floats]
    found: NDArray[np.bool_]
    score: Floats

    @classmethod
    def of(cls, rows: Rows, parts: Mapping[str, Floats], found: NDArray[np.bool_]) -> Fused:
        """With the sum of these parts."""
        score = np.zeros(len(rows), dtype=np.float32)
        for part in parts.values():
            score += part
        return cls(rows, parts, found, score)


def gather(
    lexical: Lexical | None,
    dense: Dense | None,
    second_N: Floats | None,  # noqa: N803
    named: NDArray[np.bool_],
    allowed: NDArray[np.bool_] | None,
    *,
    hard: bool,
    view: View,
    k: int,
    graph_N: Floats | None = None,  # noqa: N803
    aim: Aim = Aim(),  # noqa: B008  a frozen value
    first: Speaks | None = None,
) -> Speaks:
    """What speaks for each row that might come back.

    Args:
        lexical: scores of all rows; None if the channel was not asked.
        dense: likewise; rows that were not scored count as unrelated.
        second_N: how much each row has of the terms of a first ranking; None before there is one.
        named: which of the view's speakers the query names.
        allowed: the rows in the query's window; None where it has none.
        hard: whether the window excludes; then only rows inside are measured against each other.
        view: the scope's rows.
        k: how many are wanted.
        graph_N: how strongly a walk over the graph reaches each row; None where there is no graph.
        aim: what the question asks of order and number.
        first: what this gave, for the same query, before there was a ranking; spares the work.
    """
    among = allowed if hard else None
    rows = _candidates(lexical, dense, (second_N, graph_N), among, view, k)
    if first is not None and np.array_equal(first.rows, rows):
        parts = dict(first.parts)
    else:
        parts = _at_first(lexical, dense, named, allowed, hard=hard, view=view, rows=rows, aim=aim)
    for name, later in (("second", second_N), ("graph", graph_N)):
        if later is not None:
            parts[name] = _share(later[rows], _top(later, among))
    return Speaks(rows, parts)


def _at_first(
    lexical: Lexical | None,
    dense: Dense | None,
    named: NDArray[np.bool_],
    allowed: NDArray[np.bool_] | None,
    *,
    hard: bool,
    view: View,
    rows: Rows,
    aim: Aim,
) -> dict[str, Floats]:
    """What speaks for these rows before there is a ranking."""
    among = allowed if hard else None
    above = _above(dense, view)
    lean = view.lean[rows]
    after = view.after[rows]
    meaning_top = _top(above, among)
    parts = {
        "meaning": _share(above[rows], meaning_top),
        "meaning_after": lean * np.where(after >= 0, _share(above[after], meaning_top), 0),
        "speaker": _of_named(named, view, rows),
    }
    if lexical is not None:
        for name, scores, leaning in (
            ("words", lexical.episode_N, 1),
            ("passage", lexical.passage_N, lean),
        ):
            parts[name] = leaning * _share(scores[rows], _top(scores, among))
        session = lexical.session_S
        top = _top(session if among is None else session[view.session[among]], None)
        parts["session"] = lean * _share(session[view.session[rows]], top)
    if aim.kind == "when":
        parts["dated"] = tells_time(view.happened_from_us[rows], view.happened_to_us[rows], aim)
    if allowed is not None and not hard:
        parts["window"] = allowed[rows].astype(np.float32)
    return parts


def weigh(speaks: Speaks, weights: Weights, now: datetime | None, view: View) -> Fused:
    """The weighed sum of what speaks for each row, by channel; without recency if `now` is None."""
    weight = weights.at(view.talk)
    channels: dict[str, Floats] = {}
    found = np.zeros(len(speaks.rows), dtype=bool)
    for name, channel in PARTS.items():
        if name not in speaks.parts:
            continue
        part = speaks.parts[name]
        if name != "dated":  # that it tells of some time is no reason to come back
            found |= part > 0
        added = np.float32(weight[name]) * part
        channels[channel] = channels[channel] + added if channel in channels else added
    if now is not None:
        channels["recent"] = np.float32(RECENT) * recency(view, now, speaks.rows)
    return Fused.of(speaks.rows, channels, found)


def alone(
    channel: str, lexical: Lexical | None, dense: Dense | None, now: datetime, view: View
) -> Fused:
    """One channel's own ranking, untouched by the others: what benchmarks call BM25 and dense."""
    values = np.zeros(len(view), dtype=np.float32)
    if channel == "lexical" and lexical is not None:
        values = lexical.episode_N
    elif channel == "dense" and dense is not None:
        values[dense.rows] = np.clip(dense.cosines, 0, None)
    elif channel == "recent":
        values = recency(view, now, np.arange(len(view)))
    rows = np.flatnonzero(values > 0)
    return Fused.of(
        rows, {channel: values[rows].astype(np.float32)}, np.ones(len(rows), dtype=bool)
    )


def strongest(scores: Floats, k: int) -> Rows:
    """The rows of the k largest positive scores, in no order; ties at the end go to the older."""
    rows = np.flatnonzero(scores > 0)
    if len(rows) > k:
        part = np.argpartition(-scores[rows], k - 1)
        floor = scores[rows[part[k - 1]]]
        above = rows[scores[rows] > floor]
        rows = np.concatenate((above, rows[scores[rows] == floor][: k - len(above)]))
    return np.asarray(rows)


def best_first(scores: Floats, count: int) -> Rows:
    """Places of the `count` largest, best first; equal scores by place."""
    if count < len(scores):
        places = np.argpartition(-scores, count - 1)[:count]
        floor = scores[places].min()
        places = np.flatnonzero(scores >= floor) if np.isfinite(floor) else places
    else:
        places = np.arange(len(scores))
    return np.asarray(places[np.lexsort((places, -scores[places]))][:count])


def _above(dense: Dense | None, view: View) -> Floats:
    """Cosines from 0 for what an unrelated episode of the scope has."""
    above = np.zeros(len(view), dtype=np.float32)
    if dense is not None:
        above[dense.rows] = np.clip(dense.cosines - dense.centre, 0, None)
    return above


def _of_named(named: NDArray[np.bool_], view: View, rows: Rows) -> Floats:
    speaker = view.speaker[rows]
    said = np.zeros(len(rows), dtype=np.float32)
    known = speaker >= 0
    said[known] = named[speaker[known]]
    return said


def _candidates(
    lexical: Lexical | None,
    dense: Dense | None,
    later: Sequence[Floats | None],
    among: NDArray[np.bool_] | None,
    view: View,
    k: int,
) -> Rows:
    if len(view) <= ALL_ROWS_MAX:
        return np.arange(len(view))
    core = np.empty(0, dtype=np.int64) if dense is None else dense.rows
    if among is not None:
        inside = np.flatnonzero(among)
        if len(inside) <= ALL_ROWS_MAX:
            return inside
        core = np.concatenate((core, inside[-k:]))  # the latest, where nothing else speaks
    count = max(CANDIDATES, k)
    for scores, most in (
        (None if lexical is None else lexical.episode_N, count),
        *((scores, count // 4) for scores in later),
    ):
        if scores is not None:
            scores = scores if among is None else scores * among
            core = np.concatenate((core, strongest(scores, most)))
    rows = np.unique(np.concatenate((core, view.before[core], view.after[core])))
    return np.asarray(rows[rows >= 0], dtype=np.int64)


def _top(values: Floats, among: NDArray[np.bool_] | None) -> float:
    """The largest value, or the largest among some rows."""
    return float((values if among is None else values[among]).max(initial=0))


def _share(values: Floats, top: float) -> Floats:
    """The values with `top` as 1; never above it."""
    return np.asarray(np.minimum(values / max(top, 1e-9), 1), dtype=np.float32)
