"""The recall path: query → window → channels → fuse → second look, walk → fuse → confidence → hits.

window      words of time become a span; explicit ones exclude before ranking   (when/, window.py)
beside      an event that the question names is dated by memory itself          (beside.py)
channels    lexical, dense, recent: each scores the rows of the scope's view    (channels/)
fuse        one weighted sum per row, whose parts are the trace                 (fuse.py)
second      the best hits' own terms find what shares their subject             (second.py)
walk        from them over what they mention, where sleep has kept a graph      (channels/graph.py)
confidence  how sure: that memory knows, and of each hit                        (confidence.py)
current     what holds comes before what it replaced; facts beside hits         (current.py)
order       the earliest or latest, where the question asks for that            (order.py)
hits        the best k rows become episodes
context     hits packed into a budget of tokens                                 (context.py)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.channels.dense import Dense, DenseChannel
from mnemic.agent.channels.graph import GraphChannel
from mnemic.agent.channels.lexical import Lexical, LexicalChannel
from mnemic.agent.facts.answers import Asked, FactHit
from mnemic.agent.facts.index import FactIndex
from mnemic.agent.knowledge import PlaceRow
from mnemic.agent.protocols import Embedder, Store
from mnemic.agent.recall import confidence, second
from mnemic.agent.recall.beside import resolved
from mnemic.agent.recall.current import RANKED_MAX, facts_for, newest_first
from mnemic.agent.recall.fuse import (
    Fused,
    Speaks,
    Weights,
    alone,
    best_first,
    fitted,
    gather,
    strongest,
    weigh,
)
from mnemic.agent.recall.order import coverage, in_order
from mnemic.agent.recall.trusted import Sources, worth
from mnemic.agent.recall.window import inside
from mnemic.agent.records import Evidence, Hit, Recall, Window
from mnemic.agent.sleep.entities import mentions_of
from mnemic.agent.terms import is_text, query_terms
from mnemic.agent.view import View, Views
from mnemic.agent.when import Aim, EventWindow
from mnemic.clock import perf_ms
from mnemic.errors import InvalidQuery, NotThere
from mnemic.vocabulary import Cost

CHANNELS = ("lexical", "dense", "recent")
K_MAX = 10_000
ORDERED_MAX = 50
"""How many of the best are looked at for their order, however few are wanted."""

ALSO_SCORED = 50
"""How many of the best by words are given a cosine even where the scan passed them over."""

QUERY_CHARS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Parts:
    """What a recall works with.

    `graph_weights` are those of a scope that has a graph.
    """

    store: Store
    views: Views
    lexical: LexicalChannel
    dense: DenseChannel
    embedder: Embedder | None
    facts: FactIndex
    weights: Weights = field(default_factory=fitted)
    graph: GraphChannel | None = None
    sources: Sources | None = None
    graph_weights: Weights = field(default_factory=lambda: fitted(graph=True))


@dataclass(frozen=True, slots=True)
class Query:
    """A question as the path takes it: checked, its window resolved."""

    text: str
    scope: str
    k: int
    now: datetime
    window: Window | None
    channels: Sequence[str]
    vector: NDArray[np.float32] | None = None
    abstain_below: float | None = None
    aim: Aim = field(default_factory=Aim)
    beside: EventWindow | None = None
    asked: Asked | None = None
    confidence_min: float = 0.0
    status: str | None = None
    place: str | None = None
    min_trust: str | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Found:
    """Everything a search knows before the k best are chosen.

    `speaks` is what speaks for each candidate before it is weighed, None where one channel was
    asked alone; `wanted` says which candidates may come back.
    """

    view: View
    scope_ids: Sequence[int]
    words: Lexical | None
    meaning: Dense | None
    speaks: Speaks | None
    fused: Fused
    wanted: NDArray[np.bool_]
    notes: Sequence[str]
    laps_ms: dict[str, float]


def recall(parts: Parts, query: Query) -> Recall:
    """The best k episodes of a scope for a query, each with its trace.

    Raises:
        InvalidQuery: k, channels or the text are out of range.
        InvalidScope: nothing was ever remembered in this scope.
    """
    asked_text = query.text
    beside_notes: list[str] = []
    if query.beside is not None:
        query, beside_notes = _dated(parts, query, query.beside)
    found = search(parts, query)
    watch = _Watch(found.laps_ms)
    score = np.where(found.wanted, found.fused.score, -np.inf).astype(np.float32)
    best = best_first(score, max(query.k, ORDERED_MAX))
    best = best[score[best] > -np.inf]
    watch.lap("fuse")
    walked = found.speaks is not None and "graph" in found.speaks.parts
    weights = parts.graph_weights if walked else parts.weights
    signs = confidence.read(
        parts.store, parts.lexical, weights, found, best, query_terms(query.text)
    )
    sure = confidence.judge(signs)
    watch.lap("confidence")
    facts, order = _knowledge(parts, query, found, best, score)
    watch.lap("facts")
    best, likely = best[order][: query.k], sure.relevance[order][: query.k]
    hits = _hits(parts.store, found, best, likely)
    watch.lap("read")
    abstained = query.abstain_below is not None and sure.known < query.abstain_below
    notes = [*beside_notes, *found.notes]
    if abstained:
        notes = [*notes, _not_in_memory(sure.known, query.abstain_below, len(hits))]
    return Recall(
        query=asked_text,
        scope=query.scope,
        window=query.window,
        hits=[] if abstained else hits,
        channels=[name for name in query.channels if name != "dense" or found.meaning is not None],
        notes=notes,
        cost=Cost(watch.laps_ms),
        known=sure.known,
        abstained=abstained,
        misses=hits if abstained else [],
        facts=facts,
    )


def _dated(parts: Parts, query: Query, beside: EventWindow) -> tuple[Query, list[str]]:
    """The query with a window beside the event it names, if memory knows when that was."""

    def find(words: str) -> Hit | None:
        plain = replace(
            query, text=words, k=1, beside=None, aim=Aim(), asked=None, abstain_below=None
        )
        hits = recall(parts, plain).hits
        return hits[0] if hits else None

    window, rest, notes = resolved(query.text, beside, query.zone, find)
    return replace(query, window=window, text=rest, beside=None), notes


def _knowledge(
    parts: Parts, query: Query, found: Found, best: NDArray[np.int64], score: NDArray[np.float32]
) -> tuple[Sequence[FactHit], NDArray[np.int64]]:
    """The facts that bear on the query, and the order in which its best hits are shown."""
    places = np.arange(len(best), dtype=np.int64)
    if not len(best) or len(query.channels) == 1:
        return [], places
    view, rows = found.view, found.fused.rows[best]
    hits: Sequence[FactHit] = []
    if query.asked is not None:
        facts = parts.facts.at_present(found.scope_ids)
        if len(facts):
            top = max(float(score[best[0]]), 1e-9)
            ranked = {
                int(view.seq[row]): float(score[place]) / top
                for place, row in zip(best[:RANKED_MAX], rows[:RANKED_MAX], strict=True)
            }
            text = query.text
            if query.window is not None:  # the time is asked of validity, not of words
                text = text.replace(query.window.phrase, " ")
            hits = facts_for(
                parts.store, facts, text, query.asked, ranked, found.scope_ids,
                confidence_min=query.confidence_min, status=query.status,
                left_out=_too_little_trusted(parts, query, found),
            )  # fmt: skip
            places = newest_first(view.seq[rows], facts, query.asked)
    if query.aim.kind in ("first", "last"):
        places = _by_time(parts.store, query, found, rows, score[best])
    return hits, places


def _too_little_trusted(parts: Parts, query: Query, found: Found) -> frozenset[int]:
    """Episodes on which no fact may rest."""
    if query.min_trust is None:
        return frozenset()
    sources = parts.sources or Sources(parts.store)
    return sources.below(found.scope_ids, found.view, query.min_trust)


def _by_time(
    store: Store, query: Query, found: Found, rows: NDArray[np.int64], score: NDArray[np.float32]
) -> NDArray[np.int64]:
    """The order of the best hits where the question asks for the earliest or the latest."""
    view = found.view
    episodes = store.episodes(found.scope_ids, view.seq[rows].tolist())
    texts = [episodes[seq].text if seq in episodes else "" for seq in view.seq[rows].tolist()]
    named = view.named_in(query_terms(query.text))
    speaker = view.speaker[rows]
    by_named = (speaker >= 0) & (named[speaker] if len(named) else False)
    return in_order(
        score, view.said_us[rows], view.happened_from_us[rows], query.aim,
        covered=coverage(query.text, texts, query.aim), by_named=by_named,
    )  # fmt: skip


def _not_in_memory(known: float, asked: float | None, misses: int) -> str:
    nearest = f"; the nearest {misses} are in misses" if misses else ""
    return f"not in memory: that an answer is there has probability {known:.2f}, below {asked}{nearest}"


def search(parts: Parts, query: Query) -> Found:
    """Everything of a recall but the choice of the k best: what speaks for which row, and how much.

    Raises:
        InvalidQuery, InvalidScope: as for `recall`.
    """
    check(query)
    watch = _Watch()
    notes: list[str] = []
    scope_ids = parts.store.scope_ids(query.scope)
    view = parts.views.at_present(scope_ids)
    allowed = inside(query.window, view) if query.window else None
    hard = query.window is not None and query.window.hard
    only = _only(parts, query, scope_ids, view)
    if only is not None:  # a place or a past belief excludes, whatever a window only prefers
        allowed, hard = (allowed & only if hard and allowed is not None else only), True
    terms = query_terms(query.text)
    watch.lap("view")
    words = None
    if "lexical" in query.channels:
        words = parts.lexical.score(scope_ids, view, terms)
        if words.terms_left:
            notes.append(f"too common to be read: {', '.join(words.terms_left)}")
    watch.lap("lexical")
    meaning = None
    if "dense" in query.channels:
        among = allowed if hard else None
        meaning = _dense(parts, query, scope_ids, view, among, words, notes, watch)
    speaks = None
    if len(query.channels) == 1:
        fused = alone(query.channels[0], words, meaning, query.now, view)
    else:
        named = view.named_in(terms)
        present = query.now if "recent" in query.channels else None
        speaks = gather(
            words, meaning, None, named, allowed, hard=hard, view=view, k=query.k, aim=query.aim
        )
        fused = weigh(speaks, parts.weights, present, view)
        watch.lap("fuse")
        best, score = _first(fused, _wanted(fused, allowed, hard=hard))
        shared = walked = None
        if len(best):
            rows = fused.rows[best]
            if words is not None:
                shared = second.look(
                    parts.store, parts.lexical, scope_ids, view, rows, score, terms
                )
            watch.lap("second look")
            if parts.graph is not None:
                asked = mentions_of(query.text)
                walked = parts.graph.score(scope_ids, view, asked, rows, score)
            watch.lap("graph")
        if shared is not None or walked is not None:
            speaks = gather(
                words, meaning, shared, named, allowed,
                hard=hard, view=view, k=query.k, graph_N=walked, aim=query.aim, first=speaks,
            )  # fmt: skip
            weights = parts.weights if walked is None else parts.graph_weights
            fused = weigh(speaks, weights, present, view)
        watch.lap("second look")
    wanted = _wanted(fused, allowed, hard=hard)
    return Found(view, scope_ids, words, meaning, speaks, fused, wanted, notes, watch.laps_ms)


def _only(
    parts: Parts, query: Query, scope_ids: Sequence[int], view: View
) -> NDArray[np.bool_] | None:
    """The rows stored by the asked moment of belief, trusted enough, and in the asked place."""
    only: NDArray[np.bool_] | None = None
    if query.asked is not None and query.asked.believed_us is not None:
        only = view.ingested_us <= query.asked.believed_us
    if query.min_trust is not None:
        sources = parts.sources or Sources(parts.store)
        trusted = sources.mask(scope_ids, view, query.min_trust)
        only = trusted if only is None else only & trusted
    if query.place is not None:
        wing, _, room = query.place.rpartition("/")
        inside_it = {"wing": wing, "room": room} if wing else {"wing": room}
        lying = (
            parts.store.derived.rows(PlaceRow, scope_ids, **inside_it)
            if is_text(wing + room)
            else ()
        )
        seqs = [row.seq for row in lying]
        if not seqs:
            raise NotThere(f"there is no place {query.place!r}; `mnemic palace` lists them")
        here = np.isin(view.seq, seqs)
        only = here if only is None else only & here
    return only


def _first(
    fused: Fused, wanted: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Places of the first ranking's best candidates, best first, with their scores."""
    score = np.where(wanted, fused.score, -np.inf).astype(np.float32)
    best = best_first(score, second.HITS)
    best = best[score[best] > -np.inf]
    return best, score[best]


def _wanted(fused: Fused, allowed: NDArray[np.bool_] | None, *, hard: bool) -> NDArray[np.bool_]:
    """Which candidates may come back."""
    if hard and allowed is not None:
        # Everything in an explicit window is an answer to "what was said then".
        return np.asarray(allowed[fused.rows])
    return fused.found


def check(query: Query) -> None:
    """Raises InvalidQuery if a field of the query is out of range."""
    if not isinstance(query.text, str) or not query.text.strip():
        raise InvalidQuery(f"query {query.text!r:.60} is empty; ask something")
    if not is_text(query.text):
        raise InvalidQuery(f"query {query.text!r:.60} holds a lone surrogate; decode it rightly")
    if len(query.text) > QUERY_CHARS_MAX:
        raise InvalidQuery(
            f"the query has {len(query.text):,} characters, at most {QUERY_CHARS_MAX:,}; shorten it"
        )
    if not isinstance(query.k, int) or isinstance(query.k, bool) or not 1 <= query.k <= K_MAX:
        raise InvalidQuery(f"k is {query.k!r}; pass a whole number from 1 to {K_MAX:,}")
    unknown = [name for name in query.channels if name not in CHANNELS]
    if unknown or not query.channels:
        raise InvalidQuery(f"channels are {list(query.channels)!r}; choose from {list(CHANNELS)}")
    if query.min_trust is not None:
        worth(query.min_trust)
    floor = query.abstain_below
    if floor is not None and not (isinstance(floor, int | float) and 0 <= floor <= 1):
        raise InvalidQuery(f"abstain_below is {floor!r}; pass a probability from 0 to 1, or None")


def _dense(
    parts: Parts,
    query: Query,
    scope_ids: Sequence[int],
    view: View,
    hard: NDArray[np.bool_] | None,
    words: Lexical | None,
    notes: list[str],
    watch: _Watch,
) -> Dense | None:
    """The dense channel's scores; None, with a note that says why, where it cannot be asked."""
    if parts.embedder is None:
        notes.append("no embedder: found by words only; `mnemic doctor` says what to do")
        return None
    # Read before the space: a rebuild in between then leaves an index that nobody asks again.
    generation = parts.store.change_mark()[1]
    space = parts.store.vectors.active()
    if space is None:
        notes.append("no deep keys yet: found by words only")
        return None
    if space.name != parts.embedder.space:
        notes.append(
            f"the deep keys are of {space.name!r}, the embedder makes {parts.embedder.space!r}: "
            "found by words only; open the memory again with that model, or `mnemic reembed`"
        )
        return None
    if len(view) and space.upto_seq < int(view.seq[-1]):
        notes.append("some deep keys are still on their way")
    vector = query.vector
    if vector is None:
        vector = parts.embedder.embed([query.text])[0]
    elif vector.shape != (space.dimension,) or not np.isfinite(vector).all():
        raise InvalidQuery(
            f"vector has the shape {vector.shape}; pass {space.dimension} finite floats"
        )
    watch.lap("embed")
    best_words = np.empty(0, dtype=np.int64)
    if words is not None:
        scores = words.episode_N if hard is None else words.episode_N * hard
        best_words = strongest(scores, ALSO_SCORED)
    found = parts.dense.score(
        space,
        scope_ids,
        view,
        vector,
        generation=generation,
        allowed=hard,
        also=best_words,
    )
    watch.lap("dense")
    return found


def _hits(
    store: Store, found: Found, best: NDArray[np.int64], relevance: NDArray[np.float64]
) -> list[Hit]:
    view, fused, words, meaning = found.view, found.fused, found.words, found.meaning
    rows = fused.rows[best]
    episodes = store.episodes(found.scope_ids, view.seq[rows].tolist())
    own: dict[str, _Own] = {}
    if words is not None:
        matched = np.flatnonzero(words.episode_N > 0)
        own["lexical"] = _Own(matched, words.episode_N[matched])
    if meaning is not None:
        own["dense"] = _Own(meaning.rows, meaning.cosines)
    total = fused.score
    hits: list[Hit] = []
    sure = relevance.tolist()
    for place, row, likely in zip(best.tolist(), rows.tolist(), sure, strict=True):
        episode = episodes.get(int(view.seq[row]))
        if episode is None:  # erased by another process since the view was made
            continue
        trace = [
            _evidence(name, float(part[place]), own.get(name), row)
            for name, part in fused.parts.items()
        ]
        hits.append(Hit(episode, float(total[place]), len(hits) + 1, trace, likely))
    return hits


class _Own(NamedTuple):
    """A channel's own scores: rows ascending, and their scores."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]

    def score_and_rank(self, row: int) -> tuple[float, int] | None:
        """Of a row; None where the channel speaks not for it."""
        place = int(np.searchsorted(self.rows, row))
        if place == len(self.rows) or self.rows[place] != row or self.scores[place] <= 0:
            return None
        score = self.scores[place]
        return float(score), 1 + int(np.count_nonzero(self.scores > score))


def _evidence(name: str, contribution: float, own: _Own | None, row: int) -> Evidence:
    """One line of a trace; channels that score rows themselves have a score and a rank of their own."""
    if own is None:
        return Evidence(name, contribution, None, contribution)
    score, rank = own.score_and_rank(row) or (0.0, None)
    return Evidence(name, score, rank, contribution)


class _Watch:
    """Laps of wall time in milliseconds."""

    def __init__(self, laps_ms: Mapping[str, float] | None = None) -> None:
        self.laps_ms = dict(laps_ms or {})
        self._last = perf_ms()

    def lap(self, name: str) -> None:
        now = perf_ms()
        self.laps_ms[name] = self.laps_ms.get(name, 0.0) + now - self._last
        self._last = now


__all__ = ["CHANNELS", "Found", "Parts", "Query", "check", "recall", "search"]
