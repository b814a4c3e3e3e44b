"""What ranking needs of a scope, held in memory as columns and kept up to date from the store."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.protocols import ITEM_COLUMNS, Store
from mnemic.agent.speakers import is_name
from mnemic.agent.terms import query_terms

VIEWS_MAX = 256

LEAN_TERMS = 240.0
"""An episode of this length leans half as much on its surroundings as a short turn."""

FRESH_MAX = 1_000
"""Up to this many new episodes a view is grown; more make it anew."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class View:
    """The episodes of a scope as columns, N rows by ascending seq.

    `before` and `after` are the row numbers of an episode's neighbours in its session, -1 for none.
    `session` numbers the sessions from 0; an episode without one is a session of its own.
    `terms` is the length of an episode, `passage_terms` that of it and its neighbours,
    `session_terms` that of each session. `lean` is how much an episode leans on what stands around
    it, near 1 for a short turn and near 0 for a long text; `talk`, how conversational the scope is,
    is its mean over the rows, where those without neighbours count 0. `speaker` indexes `speakers`,
    the terms of their names (-1: nobody is named).
    `version` differs whenever an episode came or the keys were derived anew.
    """

    seq: Ints
    said_us: Ints
    happened_from_us: Ints
    happened_to_us: Ints
    ingested_us: Ints
    terms: NDArray[np.float32]
    session: NDArray[np.int32]
    before: NDArray[np.int32]
    after: NDArray[np.int32]
    session_terms: NDArray[np.float32]
    passage_terms: NDArray[np.float32]
    lean: NDArray[np.float32]
    speaker: NDArray[np.int32]
    speakers: Sequence[frozenset[str]]
    talk: float
    terms_mean: float
    passage_terms_mean: float
    session_terms_mean: float
    place: NDArray[np.int64] | None  # row by seq − seq[0], where the seqs lie close together
    columns: dict[str, Ints] = field(repr=False)
    version: tuple[int, int]

    def __len__(self) -> int:
        return len(self.seq)

    def named_in(self, terms: Sequence[str]) -> NDArray[np.bool_]:
        """Which of `speakers` a query with these terms names by any part of the name."""
        asked = set(terms)
        return np.array([not asked.isdisjoint(name) for name in self.speakers], dtype=bool)

    def rows_of(self, seqs: Ints) -> NDArray[np.int64]:
        """Row numbers of seqs that are known here; unknown ones are left out."""
        if self.place is not None:
            near = seqs - self.seq[0]
            rows = self.place[near[(near >= 0) & (near < len(self.place))]]
            return np.asarray(rows[rows >= 0])
        rows = np.searchsorted(self.seq, seqs)
        rows[rows == len(self.seq)] = 0
        return np.asarray(rows[self.seq[rows] == seqs] if len(self.seq) else rows[:0])


def make_view(columns: dict[str, Ints], names: Mapping[int, str], generation: int) -> View:
    """A view of these columns.

    Args:
        columns: of `items`, by seq.
        names: the speakers' by their keys.
        generation: of the store's derived keys.
    """
    return _assemble(columns, _link(columns), names, generation)


def grow(view: View, fresh: Mapping[str, Ints], names: Mapping[int, str], generation: int) -> View:
    """The view with some episodes more, as `make_view` would make it but for session numbers.

    Only the sessions that go on are linked anew, so that a recall after a write stays quick.
    """
    columns = {name: np.concatenate((view.columns[name], fresh[name])) for name in ITEM_COLUMNS}
    if len(fresh["seq"]) > FRESH_MAX:
        return make_view(columns, names, generation)
    count = len(view)
    links = Links(
        *(np.concatenate((old, np.full(len(fresh["seq"]), -1, dtype=np.int32)))
          for old in (view.session, view.before, view.after))
    )  # fmt: skip
    sessions = len(view.session_terms)
    keys = fresh["session_key"]
    for key in dict.fromkeys(keys.tolist()):
        rows = count + np.flatnonzero(keys == key)
        if key == 0:
            links.session[rows] = np.arange(sessions, sessions + len(rows))
            sessions += len(rows)
            continue
        known = np.flatnonzero(view.columns["session_key"] == key)
        links.session[rows] = view.session[known[0]] if len(known) else sessions
        sessions += not len(known)
        _chain(links, columns, np.concatenate((known, rows)))
    return _assemble(columns, links, names, generation)


class Links(NamedTuple):
    """Which session each row is in, and its neighbours there; all int32 (N,)."""

    session: NDArray[np.int32]
    before: NDArray[np.int32]
    after: NDArray[np.int32]


def _link(columns: Mapping[str, Ints]) -> Links:
    seq = columns["seq"]
    key = columns["session_key"].copy()
    lone = key == 0
    key[lone] = -seq[lone]
    _, session = np.unique(key, return_inverse=True)
    links = Links(
        session.astype(np.int32),
        np.full(len(seq), -1, dtype=np.int32),
        np.full(len(seq), -1, dtype=np.int32),
    )
    _chain(links, columns, np.arange(len(seq)))
    return links


def _chain(links: Links, columns: Mapping[str, Ints], rows: Ints) -> None:
    """Links these rows, which hold their sessions whole, to their neighbours there."""
    session = links.session[rows]
    seq, said_us, position = (columns[name][rows] for name in ("seq", "said_us", "position"))
    order = np.lexsort((seq, said_us, position, session))
    left, right = rows[order[:-1]], rows[order[1:]]
    same = session[order[:-1]] == session[order[1:]]
    links.after[left] = np.where(same, right, -1)
    links.before[right] = np.where(same, left, -1)


def _assemble(
    columns: dict[str, Ints], links: Links, names: Mapping[int, str], generation: int
) -> View:
    session, before, after = links
    seq = columns["seq"]
    count = len(seq)
    terms = columns["terms"].astype(np.float32)
    passage = terms.copy()
    passage[before >= 0] += terms[before[before >= 0]]
    passage[after >= 0] += terms[after[after >= 0]]
    in_session = np.bincount(session, weights=terms).astype(np.float32)
    lean = (1 / (1 + (terms / LEAN_TERMS) ** 2)).astype(np.float32)
    keys, speaker = np.unique(columns["speaker_key"], return_inverse=True)
    named = [names.get(int(key), "") for key in keys]
    somebody = np.array([is_name(name) for name in named], dtype=bool)
    return View(
        seq=seq,
        said_us=columns["said_us"],
        happened_from_us=columns["happened_from_us"],
        happened_to_us=columns["happened_to_us"],
        ingested_us=columns["ingested_us"],
        terms=terms,
        session=session,
        before=before,
        after=after,
        session_terms=in_session,
        passage_terms=passage,
        lean=lean,
        speaker=np.where(somebody[speaker], speaker, -1).astype(np.int32),
        speakers=[name_terms(name) for name in named],
        talk=float(np.mean(lean * ((before >= 0) | (after >= 0)))) if count else 0.0,
        terms_mean=float(terms.mean()) if count else 0.0,
        passage_terms_mean=float(passage.mean()) if count else 0.0,
        session_terms_mean=float(in_session.mean()) if count else 0.0,
        place=_places(seq),
        columns=columns,
        version=(generation, int(seq[-1]) if count else 0),
    )


@lru_cache(maxsize=50_000)
def name_terms(name: str) -> frozenset[str]:
    """The terms of a speaker's name."""
    return frozenset(query_terms(name))


def _places(seq: Ints) -> Ints | None:
    if not len(seq) or (span := int(seq[-1] - seq[0]) + 1) > 4 * len(seq) + 1000:
        return None
    place = np.full(span, -1, dtype=np.int64)
    place[seq - seq[0]] = np.arange(len(seq))
    return place


class Views:
    """The views in use, each refreshed to what is committed before it is handed out."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._kept: OrderedDict[tuple[int, ...], tuple[int, View]] = OrderedDict()

    def at_present(self, scope_ids: Sequence[int]) -> View:
        """The view of these scopes, with every episode that is committed now."""
        key = tuple(scope_ids)
        with self._guard:
            generation = self._store.change_mark()[1]
            known = self._kept.get(key)
            view = known[1] if known and known[0] == generation else None
            last = int(view.seq[-1]) if view is not None and len(view) else 0
            fresh = self._store.items(key, last)
            if view is None:
                for old in [old for old in self._kept if len(old) > 1 and set(old) < set(key)]:
                    del self._kept[old]  # the same reach before it held a new scope
                view = make_view(fresh, self._store.speakers(key), generation)
            elif len(fresh["seq"]):
                view = grow(view, fresh, self._store.speakers(key), generation)
            self._kept[key] = (generation, view)
            self._kept.move_to_end(key)
            while len(self._kept) > VIEWS_MAX:
                self._kept.popitem(last=False)
            return view
