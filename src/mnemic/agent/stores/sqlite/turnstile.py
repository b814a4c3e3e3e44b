"""A fair queue of writers, across processes and threads.

SQLite's own waiting is a lottery: with eight processes one committed once while another committed
3,637 times. Two file locks make a turnstile: who holds the write lock and wants it again must pass
the entry lock, where the next one already stands. The kernel drops both when a process dies.
"""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mnemic.errors import ReadOnlyStore, StoreBusy

fcntl: Any
try:
    fcntl = importlib.import_module("fcntl")
except ImportError:  # Windows: threads still queue; processes wait by SQLite's own timeout
    fcntl = None

ENTRY, WRITE, WORKER = "entry", "write", "worker"
SLEEP, DERIVE, ONCE = "sleep", "derive", "once"


class Turnstile:
    """The locks that belong to one store file."""

    def __init__(self, store_path: Path, *, timeout_s: float) -> None:
        self._path = store_path.with_name(store_path.name + "-lock")
        self._timeout_s = timeout_s
        self._threads = threading.Lock()
        self._files: dict[str, int] = {}
        self._guard = threading.Lock()
        self._held: set[str] = set()

    @contextmanager
    def pass_through(self) -> Iterator[None]:
        """Holds the right to write while the body runs.

        Raises:
            StoreBusy: the turn did not come within the timeout.
        """
        if not self._threads.acquire(timeout=self._timeout_s):
            raise StoreBusy(self._too_long())
        try:
            self._lock(ENTRY)
            try:
                self._lock(WRITE)
            finally:
                self._unlock(ENTRY)
            try:
                yield
            finally:
                self._unlock(WRITE)
        finally:
            self._threads.release()

    def try_work(self) -> bool:
        """Takes the background worker's place if no other process has it."""
        return self._try(WORKER)

    def end_work(self) -> None:
        """Leaves the background worker's place."""
        self._unlock(WORKER)

    def try_hold(self, name: str) -> bool:
        """Takes a place of this name if neither a thread nor another process has it."""
        with self._guard:
            if name in self._held or not self._try(name):
                return False
            self._held.add(name)
            return True

    def let_go(self, name: str) -> None:
        """Leaves the place of this name."""
        with self._guard:
            self._unlock(name)
            self._held.discard(name)

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Holds the place of this name while the body runs.

        Raises:
            StoreBusy: another held it for the whole timeout.
        """
        deadline = time.monotonic() + self._timeout_s
        while not self.try_hold(name):
            if time.monotonic() > deadline:
                raise StoreBusy(self._too_long())
            time.sleep(0.002)
        try:
            yield
        finally:
            self.let_go(name)

    def _try(self, name: str) -> bool:
        if fcntl is None:
            return True
        try:
            fcntl.flock(self._file(name), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Gives up the lock files. They stay on disk: removing them would split the queue."""
        for file in self._files.values():
            os.close(file)
        self._files.clear()

    def _file(self, name: str) -> int:
        if name not in self._files:
            path = f"{self._path}-{name}" if name != WRITE else str(self._path)
            try:
                self._files[name] = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise ReadOnlyStore(
                    f"cannot make the lock file {path!r}: {error.strerror}; make its folder "
                    "writable, or open the store with read_only=True"
                ) from error
        return self._files[name]

    def _lock(self, name: str) -> None:
        if fcntl is None:
            return
        file = self._file(name)
        deadline = time.monotonic() + self._timeout_s
        pause_s = 0.0
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StoreBusy(self._too_long()) from None
                # Only the one at the head of the entry waits for the write lock, so it may
                # ask often; the others ask rarely.
                pause_s = min(pause_s + 0.0002, 0.0005 if name == WRITE else 0.004)
                time.sleep(pause_s)
            else:
                return

    def _unlock(self, name: str) -> None:
        if fcntl is not None and name in self._files:
            fcntl.flock(self._files[name], fcntl.LOCK_UN)

    def _too_long(self) -> str:
        return (
            f"waited {self._timeout_s:g} s for a turn to write to {str(self._path)[:-5]!r}; "
            "another process has held it all that time: stop it or raise write_timeout_s"
        )
