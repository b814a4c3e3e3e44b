"""The embedded default: one SQLite file, safe under many processes.

connection.py   engine, pragmas, migrations, errors explained
schema.py       the layout, as append-only migrations
turnstile.py    writers queue fairly
store.py        the log, its shallow keys, reading
deep.py         embedding spaces and vectors
derived.py      what sleep derives, its runs and their journals; acts and uses
erasure.py      an episode out of every table, its bytes out of the file
upkeep.py       verify, rebuild, backup, statistics
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from mnemic.agent.protocols import Erased, Progress
from mnemic.agent.records import Verification
from mnemic.agent.stores.sqlite import upkeep
from mnemic.agent.stores.sqlite.deep import SqliteVectors
from mnemic.agent.stores.sqlite.derived import SqliteDerived
from mnemic.agent.stores.sqlite.erasure import is_unclean, remove, scrub
from mnemic.agent.stores.sqlite.store import SqliteLog
from mnemic.agent.stores.sqlite.turnstile import DERIVE, ONCE, SLEEP
from mnemic.errors import ReadOnlyStore


class SqliteStore(SqliteLog):
    """The `Store` of one file.

    Args:
        path: the file; made if it is not there, unless `read_only`.
        read_only: never writes, not even a lock file.
        write_timeout_s: how long a write waits for its turn among other processes.

    Raises:
        NotAStore, NewerStore, ReadOnlyStore, StoreDamaged, EngineTooOld: at opening.
    """

    def __init__(
        self, path: Path, *, read_only: bool = False, write_timeout_s: float = 60.0
    ) -> None:
        super().__init__(path, read_only=read_only, write_timeout_s=write_timeout_s)
        self.vectors = SqliteVectors(self)
        self.derived = SqliteDerived(self)
        if not read_only and is_unclean(self):
            scrub(self)

    @contextmanager
    def working(self) -> Iterator[bool]:
        """Whether this opening may do the background work until the end of the block."""
        self.check_alive()
        mine = not self.read_only and self.turnstile.try_work()
        try:
            yield mine
        finally:
            if mine:
                self.turnstile.end_work()

    @contextmanager
    def sleeping(self) -> Iterator[bool]:
        """Whether this opening may run a sleep until the end of the block; one at a time may."""
        self.check_alive()
        mine = not self.read_only and self.turnstile.try_hold(SLEEP)
        try:
            yield mine
        finally:
            if mine:
                self.turnstile.let_go(SLEEP)

    @contextmanager
    def deriving(self) -> Iterator[None]:
        """Holds off every other change of derived rows, of any process, until the end of the block.

        Raises:
            ReadOnlyStore: the store is opened to be read only.
            StoreBusy: the turn did not come within the timeout.
        """
        with self._holding(DERIVE):
            yield

    @contextmanager
    def once(self) -> Iterator[None]:
        """Holds off every other block of `once`, of any thread and process, until the end of this one.

        Raises:
            ReadOnlyStore: the store is opened to be read only.
            StoreBusy: the turn did not come within the timeout.
        """
        with self._holding(ONCE):
            yield

    @contextmanager
    def _holding(self, what: str) -> Iterator[None]:
        self.check_alive()
        if self.read_only:
            raise ReadOnlyStore(f"{str(self.path)!r} was opened with read_only=True")
        with self.turnstile.hold(what):
            yield

    def erase(
        self,
        scope_id: int,
        seqs: Sequence[int],
        drop: Sequence[tuple[type[NamedTuple], int, dict[str, Any]]],
        rows: Sequence[NamedTuple],
    ) -> Erased:
        """Removes episodes with everything that was derived from them, in one transaction.

        Args:
            scope_id: the scope.
            seqs: the episodes' numbers.
            drop: what else is to go: a kind of row, a scope, what its columns equal.
            rows: what comes in its place.
        """
        return remove(self, scope_id, seqs, drop, rows)

    def scrub(self) -> bool:
        """Cleans free pages, full-text segments and the WAL of what was erased; False if a reader
        of another process kept the WAL from being cleaned.
        """
        return scrub(self)

    def verify(self, progress: Progress | None = None) -> Verification:
        """Checks everything against everything: pages, hashes, full text, vectors, counts."""
        return upkeep.verify(self, progress)

    def rebuild(self, progress: Progress | None = None) -> int:
        """Derives every shallow key again from the log and empties the vectors; how many episodes."""
        return upkeep.rebuild(self, progress)

    def backup(self, target: Path) -> int:
        """A consistent, checked copy made while writers work; how many episodes it holds."""
        return upkeep.backup(self, target)

    def statistics(self) -> dict[str, Any]:
        """Counts and sizes."""
        return upkeep.statistics(self, self.vectors)


__all__ = ["SqliteStore"]
