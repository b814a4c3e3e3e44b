"""Which rows of a view come from sources that are trusted enough."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.protocols import Store
from mnemic.agent.trust import TRUST, source_class
from mnemic.agent.view import View
from mnemic.errors import InvalidQuery

KEPT_MAX = 64


@dataclass(frozen=True, slots=True)
class _Known:
    """The trust of all episodes of some scopes, by ascending seq."""

    generation: int
    seq: NDArray[np.int64]
    trust: NDArray[np.float32]


class Sources:
    """How far the episodes of scopes are trusted; read once, then only what is new."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._kept: OrderedDict[tuple[int, ...], _Known] = OrderedDict()

    def mask(self, scope_ids: Sequence[int], view: View, least: str) -> NDArray[np.bool_]:
        """Which rows of the scopes' view are trusted at least as much as a class of sources."""
        known = self._at_present(scope_ids, view)
        found = np.searchsorted(known.seq, view.seq)
        found[found == len(known.seq)] = 0
        trust = known.trust[found] if len(known.seq) else np.zeros(len(view), dtype=np.float32)
        sure = known.seq[found] == view.seq if len(known.seq) else np.zeros(len(view), dtype=bool)
        return np.asarray(sure & (trust >= np.float32(worth(least))))

    def below(self, scope_ids: Sequence[int], view: View, least: str) -> frozenset[int]:
        """The numbers of all episodes of the scopes that are trusted less."""
        known = self._at_present(scope_ids, view)
        return frozenset(known.seq[known.trust < np.float32(worth(least))].tolist())

    def _at_present(self, scope_ids: Sequence[int], view: View) -> _Known:
        key, generation = tuple(scope_ids), view.version[0]
        with self._guard:
            known = self._kept.get(key)
            if known is None or known.generation != generation:
                known = _Known(generation, np.empty(0, np.int64), np.empty(0, np.float32))
            last = int(known.seq[-1]) if len(known.seq) else 0
            if len(view) and last < int(view.seq[-1]):
                rows = self._store.sources(key, last)
                known = _Known(
                    generation,
                    np.concatenate((known.seq, np.array([row[0] for row in rows], np.int64))),
                    np.concatenate((known.trust, _trusts(rows))),
                )
            self._kept[key] = known
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
            return known


def worth(name: str) -> float:
    """How far a class of sources is trusted.

    Raises:
        InvalidQuery: there is no such class.
    """
    if name not in TRUST:
        raise InvalidQuery(f"min_trust is {name!r:.40}; choose from {', '.join(TRUST)}")
    return TRUST[name]


def _trusts(rows: Sequence[tuple[int, str | None, str | None, object]]) -> NDArray[np.float32]:
    known: dict[tuple[str | None, str | None, object], float] = {}
    found = []
    for _, source, speaker, declared in rows:
        key = (source, speaker, declared if isinstance(declared, str) else None)
        if key not in known:
            known[key] = TRUST[source_class(*key)]
        found.append(known[key])
    return np.array(found, dtype=np.float32)
