"""Recall strengthens: what came back is noted in memory and written down now and then."""

from __future__ import annotations

import threading
from collections import defaultdict

from mnemic.agent.protocols import Store
from mnemic.agent.records import Recall
from mnemic.agent.strength import KEPT_MAX
from mnemic.errors import StoreError

HITS_MAX = 5
"""How many of the best hits a recall strengthens."""

EPISODES_MAX = 200
"""After so many episodes their uses are written down."""

MOMENTS_MAX = 2_000
"""After so many uses, too: where the same few come back all day, there is never a quiet moment."""


class Uses:
    """The uses not yet written down. A recall never waits for them, and never fails for them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._noted: dict[str, list[int]] = defaultdict(list)
        self._moments = 0
        self._writing = threading.Event()
        self.error: str | None = None
        """Why they could not be written the last time."""

    def note(self, found: Recall, moment_us: int) -> None:
        """Remembers that these episodes came back."""
        with self._guard:
            for hit in found.hits[:HITS_MAX]:
                self._noted[hit.episode.id].append(moment_us)
                self._moments += 1
            full = len(self._noted) >= EPISODES_MAX or self._moments >= MOMENTS_MAX
        if full and not self._writing.is_set():
            self._writing.set()
            threading.Thread(target=self._write_aside, name="mnemic-uses", daemon=True).start()

    def _write_aside(self) -> None:
        try:
            self.write()
        finally:
            self._writing.clear()

    def write(self) -> None:
        """Writes them down. What cannot be written now is kept for the next time, up to a bound."""
        with self._guard:
            noted, self._noted, self._moments = self._noted, defaultdict(list), 0
        if not noted:
            return
        try:
            self._store.derived.used(noted, KEPT_MAX)
            self.error = None
        except StoreError as error:
            self.error = str(error)
            with self._guard:
                for id_, moments in list(noted.items())[:EPISODES_MAX]:
                    self._noted[id_] += moments
