"""BM25 over episodes, over episodes with their neighbours, and over sessions; exact in the scope.

Source:
    The Probabilistic Relevance Framework: BM25 and Beyond (Robertson & Zaragoza, 2009), eq. 3.15.
    Differs: idf is ln(1 + (N − n + ½)/(n + ½)), which is never negative.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.protocols import Store
from mnemic.agent.terms import searchable, terms_of
from mnemic.agent.view import View

K1, B = 1.2, 0.75
"""The usual values (Robertson & Zaragoza, 2009, §3.3); not tuned here."""

POSTINGS_MAX = 20_000
"""How many postings a query may read. The rarest terms are read first, so that in a large scope a
common word costs nothing when rarer ones are there; about 0.1 µs each."""

TERMS_KEPT, POSTINGS_KEPT = 20_000, 2_000_000
"""How many terms, and postings of terms, are kept in memory; a posting takes 12 bytes."""

FRESH_MAX, SCOPES_KEPT = 200, 256
"""Up to how many new episodes kept postings are brought up to date, and for how many scopes."""

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lexical:
    """Scores of the lexical channel.

    `episode_N` BM25 of each episode; `passage_N` of the episode with the one before and the one
    after as one text; `session_S` of each session of the view. `terms_left` names what was
    dropped as too common.
    """

    episode_N: Floats  # noqa: N815
    passage_N: Floats  # noqa: N815
    session_S: Floats  # noqa: N815
    terms_left: Sequence[str]


class LexicalChannel:
    """Search by words over the scopes of a store. One per open memory.

    Postings that were read are kept, and grow with their scope, so that common words are not read
    again for each query, nor after each write.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._kept: OrderedDict[tuple[tuple[int, ...], str], _Known] = OrderedDict()
        self._kept_postings = 0
        self._grown: dict[tuple[int, ...], _Grown] = {}

    def score(self, scope_ids: Sequence[int], view: View, terms: Sequence[str]) -> Lexical:
        """BM25 of every episode, passage and session of the view for these terms."""
        count, sessions = len(view), len(view.session_terms)
        episode, passage = np.zeros(count, dtype=np.float32), np.zeros(count, dtype=np.float32)
        session = np.zeros(sessions, dtype=np.float32)
        scratch = _Scratch(count)
        left: list[str] = []
        for _, rows, frequency in self._read(scope_ids, view, terms, POSTINGS_MAX, left):
            episode[rows] += _bm25(frequency, view.terms[rows], view.terms_mean, count)
            near, in_passage = scratch.spread(rows, frequency, view)
            passage[near] += _bm25(
                in_passage, view.passage_terms[near], view.passage_terms_mean, count
            )
            in_session = np.bincount(view.session[rows], weights=frequency, minlength=sessions)
            holding = np.flatnonzero(in_session)
            session[holding] += _bm25(
                in_session[holding].astype(np.float32),
                view.session_terms[holding],
                view.session_terms_mean,
                sessions,
            )
        return Lexical(episode, passage, session, tuple(left))

    def weighted(
        self,
        scope_ids: Sequence[int],
        view: View,
        weight_of: Mapping[str, float],
        postings_max: int,
    ) -> Floats:
        """BM25 of every episode for terms that matter unequally, as far as the postings allow."""
        total = np.zeros(len(view), dtype=np.float32)
        for term, rows, frequency in self._read(scope_ids, view, list(weight_of), postings_max, []):
            total[rows] += weight_of[term] * _bm25(
                frequency, view.terms[rows], view.terms_mean, len(view)
            )
        return total

    def holding(
        self, scope_ids: Sequence[int], view: View, terms: Sequence[str], rows: Rows
    ) -> dict[str, NDArray[np.bool_]]:
        """Which of these rows hold each term; terms that no episode holds are left out."""
        holds = {}
        for term, one in zip(terms, self._known(scope_ids, view, terms), strict=True):
            held = self._postings(scope_ids, view, term, one)[0] if one.documents else rows[:0]
            if len(held):
                places = np.minimum(np.searchsorted(held, rows), len(held) - 1)
                holds[term] = np.asarray(held[places] == rows)
        return holds

    def counts(self, scope_ids: Sequence[int], view: View, terms: Sequence[str]) -> list[int]:
        """In how many episodes of these scopes each term occurs."""
        return [known.documents for known in self._known(scope_ids, view, terms)]

    def _read(
        self,
        scope_ids: Sequence[int],
        view: View,
        terms: Sequence[str],
        postings_max: int,
        left: list[str],
    ) -> Iterator[tuple[str, Rows, Floats]]:
        """Each term with the rows that hold it and how often, the rarest first, the first always.

        Terms whose postings no longer fit are added to `left`.
        """
        known = zip(self._known(scope_ids, view, terms), terms, strict=True)
        present = sorted(
            ((one.documents, term, one) for one, term in known if one.documents),
            key=lambda three: three[:2],
        )
        budget = postings_max
        for place, (documents, term, one) in enumerate(present):
            if place and documents > budget:
                left.append(term)
                continue
            budget -= documents
            rows, frequency = self._postings(scope_ids, view, term, one)
            if len(rows):
                yield term, rows, frequency

    def _known(self, scope_ids: Sequence[int], view: View, terms: Sequence[str]) -> list[_Known]:
        """What is known of each term, counted now where it was not."""
        ids = tuple(scope_ids)
        with self._guard:
            grown = self._grow(ids, view)
            kept = {term: self._kept.get((ids, term)) for term in terms}
        found = {}
        for term, one in kept.items():
            if one is not None and (present := grown.bring_up(term, one, view)) is not None:
                found[term] = present
        fresh = [term for term in kept if term not in found]
        for term, documents in zip(fresh, self._store.document_counts(ids, fresh), strict=True):
            found[term] = _Known(view.version, documents)
        with self._guard:
            for term, one in found.items():
                if self._kept.get((ids, term)) is not one:
                    self._forget((ids, term))
                    self._kept[ids, term] = one
                    self._kept_postings += one.size
                self._kept.move_to_end((ids, term))
            self._trim()
        return [found[term] for term in terms]

    def _postings(
        self, scope_ids: Sequence[int], view: View, term: str, known: _Known
    ) -> tuple[Rows, Floats]:
        if known.postings is None:
            rows = view.rows_of(self._store.postings(scope_ids, term))
            postings = _runs(rows) if len(rows) else (rows, np.empty(0, dtype=np.float32))
            with self._guard:
                kept = self._kept.get((tuple(scope_ids), term)) is known
                if kept and known.postings is None:
                    known.postings = postings
                    known.documents = len(postings[0])
                    self._kept_postings += known.size
                    self._trim()
            return postings
        return known.postings

    def _grow(self, ids: tuple[int, ...], view: View) -> _Grown:
        """The latest episodes of these scopes with their terms, up to those of the view."""
        generation, last = view.version
        grown = self._grown.get(ids)
        after = 0 if grown is None else int(np.searchsorted(view.seq, grown.upto, side="right"))
        fresh = view.seq[after:]
        if grown is None or grown.generation != generation or len(fresh) > FRESH_MAX:
            grown = _Grown(generation, last, last)
        elif len(fresh):
            episodes = self._store.episodes(ids, fresh.tolist())
            grown = _Grown(generation, grown.since, last, dict(grown.terms))
            for seq, episode in episodes.items():
                grown.terms[seq] = Counter(terms_of(searchable(episode.text, episode.speaker)))
            if len(grown.terms) > 2 * FRESH_MAX:
                grown.forget_older()
        while len(self._grown) >= SCOPES_KEPT and ids not in self._grown:
            del self._grown[next(iter(self._grown))]
        self._grown[ids] = grown
        return grown

    def _trim(self) -> None:
        """Lets go of what was asked for longest ago, down to the bounds."""
        while len(self._kept) > TERMS_KEPT or self._kept_postings > POSTINGS_KEPT:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: tuple[tuple[int, ...], str]) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._kept_postings -= gone.size


@dataclass(slots=True)
class _Known:
    """A term in a version of a scope: how many episodes hold it, and which, once they were read."""

    version: tuple[int, int]
    documents: int
    postings: tuple[Rows, Floats] | None = None

    @property
    def size(self) -> int:
        """How many postings are held."""
        return 0 if self.postings is None else len(self.postings[0])


@dataclass(slots=True)
class _Grown:
    """What came to some scopes after `since`, up to `upto`: how often each term occurs in whom."""

    generation: int
    since: int
    upto: int
    terms: dict[int, Counter[str]] = field(default_factory=dict)

    def bring_up(self, term: str, known: _Known, view: View) -> _Known | None:
        """What is known of a term, with what came since; None where that is not known here."""
        generation, upto = known.version
        if known.version == view.version:
            return known
        if (generation, self.upto) != view.version or generation != self.generation:
            return None
        if upto < self.since:
            return None
        new = [
            (seq, terms[term]) for seq, terms in sorted(self.terms.items())
            if seq > upto and term in terms
        ]  # fmt: skip
        postings = known.postings
        if new and postings is not None:
            rows = np.searchsorted(view.seq, [seq for seq, _ in new])
            often = np.array([times for _, times in new], dtype=np.float32)
            postings = np.concatenate((postings[0], rows)), np.concatenate((postings[1], often))
        return _Known(view.version, known.documents + len(new), postings)

    def forget_older(self) -> None:
        """Keeps the latest half; what was kept of terms before that must be read again."""
        old = sorted(self.terms)[: len(self.terms) // 2]
        self.since = old[-1]
        for seq in old:
            del self.terms[seq]


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


class _Scratch:
    """Room for one value and one mark a row, empty between uses."""

    def __init__(self, count: int) -> None:
        self._sum = np.zeros(count, dtype=np.float32)
        self._seen = np.zeros(count, dtype=bool)

    def spread(self, rows: Rows, frequency: Floats, view: View) -> tuple[Rows, Floats]:
        """The rows that hold a term or stand beside one that does, and how often all three do."""
        near = [rows]
        self._sum[rows] += frequency
        self._seen[rows] = True
        for beside in (view.before[rows], view.after[rows]):
            there = beside >= 0
            beside = beside[there]
            self._sum[beside] += frequency[there]  # the rows of one side are distinct
            new = beside[~self._seen[beside]]
            self._seen[new] = True
            near.append(new.astype(np.int64))
        found = np.concatenate(near)
        total = self._sum[found]
        self._sum[found] = 0
        self._seen[found] = False
        return found, total
