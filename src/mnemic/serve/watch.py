"""Watched files and folders: what is there is imported, then what changes."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnemic.errors import ImportFailed, StoreBusy
from mnemic.importers import Report, detect, named, open_import

# A pass begins when nothing has changed for half a second, or changes have gone on for five.
QUIET_MS, QUIET_MS_MAX = 500, 5_000
TICK_S = 1.0
TRIES_MAX = 4
_BY_FILE = ("text", "documents", "repo")
_HISTORIES = ("git", "repo")
_IGNORED = frozenset(("node_modules", "__pycache__"))
_STORE_SIDES = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass over a path did; `reasons` are (place, reason) of what was skipped."""

    path: Path
    format: str | None
    read: int = 0
    stored: int = 0
    known: int = 0
    reasons: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Watched:
    """A path: its format once that is known, what changed, and when to look at it again."""

    path: Path
    format: str | None
    fixed: bool
    whole: bool = True
    changed: set[Path] = field(default_factory=set)
    due: float | None = 0.0
    tries: int = 0
    told: frozenset[tuple[str, str]] = frozenset()
    stamp: tuple[int, int, int] | None = None


class Watch:
    """Imports paths into a memory, again whenever they change.

    A pass reads what an import reads and stores what the memory does not know yet, so a session
    that grows is never stored twice. Formats whose files are independent of each other are read
    file by file, others as a whole. What could not be read (locked, half written) is tried again,
    and told of only if it stays so.

    Args:
        memory: where rows go.
        paths: files and folders.
        format: a key of FORMATS for all of them, or None to look at each.
        scope: where the rows belong.
        zone: where times without an offset are read.
        tell: called after each pass that stored or skipped something.
        avoid: the memory's own file, whose changes are no news.

    Raises:
        ImportFailed: a path does not exist, or there is no such format.
    """

    def __init__(
        self,
        memory: Any,
        paths: Sequence[Path],
        *,
        format: str | None = None,  # noqa: A002 - the word that the command line uses
        scope: str,
        zone: str | None = None,
        tell: Callable[[Pass], None],
        avoid: Path | None = None,
    ) -> None:
        from mnemic.importers.source import must_exist

        self._memory, self._scope, self._zone, self._tell = memory, scope, zone, tell
        name = named(format)
        self._watched = [
            _Watched(must_exist(absolute(path)), name, fixed=name is not None) for path in paths
        ]
        self._avoid = frozenset(
            f"{absolute(avoid)}{side}" for side in _STORE_SIDES if avoid is not None
        )

    def once(self) -> list[Pass]:
        """One pass over everything."""
        done = [self._pass(watched) for watched in self._watched]
        for one in done:
            self._tell(one)
        return done

    def run(self, ticks: Iterator[set[Path]] | None = None) -> None:
        """Passes without end, until `ticks` ends or the user interrupts.

        Args:
            ticks: sets of changed paths, an empty one where only time has passed; by default what
                the file system tells.
        """
        ticks = self.changes() if ticks is None else ticks
        next(ticks, None)  # the first tick: from here on no change goes unseen
        self._go()
        for changed in ticks:
            self._notice(changed)
            self._go()

    def changes(self) -> Iterator[set[Path]]:
        """What changes in the watched folders; at least a set, perhaps empty, every second.

        Raises:
            ModuleNotFoundError: the extra `watch` is not installed.
        """
        if importlib.util.find_spec("watchfiles") is None:
            raise ModuleNotFoundError(
                "watching needs watchfiles; run pip install 'mnemic[watch]', or pass --once"
            )
        from watchfiles import Change, watch

        folders = [watched.path for watched in self._watched if watched.path.is_dir()]
        if not folders:
            while True:
                yield set()
                time.sleep(TICK_S)
        for found in watch(
            *folders,
            watch_filter=lambda change, path: change != Change.deleted and self.concerns(path),
            debounce=QUIET_MS_MAX,
            step=QUIET_MS,
            rust_timeout=int(TICK_S * 1000),
            yield_on_timeout=True,
            ignore_permission_denied=True,
        ):
            yield {Path(path) for _, path in found}

    def concerns(self, path: str) -> bool:
        """Whether a change there can be news for any of the paths."""
        if path in self._avoid:
            return False
        for watched in self._watched:
            parts = _parts_below(Path(path), watched.path)
            if parts is None:
                continue
            if ".git" in parts:
                # Of git's own files only those that move with a commit.
                if watched.format in _HISTORIES and parts[-1] == "HEAD" and "logs" in parts:
                    return True
            elif not any(part.startswith(".") or part in _IGNORED for part in parts[:-1]):
                return True
        return False

    def _notice(self, changed: set[Path]) -> None:
        now = time.monotonic()
        for watched in self._watched:
            if not watched.path.is_dir():
                stamp = _stamp(watched.path)
                if stamp is not None and stamp != watched.stamp:
                    watched.due, watched.tries = watched.due or now, 0
                continue
            mine = {path for path in changed if _parts_below(path, watched.path) is not None}
            if mine:
                watched.changed |= mine
                # A folder that was moved in tells nothing of its files.
                watched.whole = watched.whole or any(path.is_dir() for path in mine)
                watched.due, watched.tries = watched.due or now, 0

    def _go(self) -> None:
        """A pass over each path whose time has come."""
        for watched in self._watched:
            if watched.due is None or watched.due > time.monotonic():
                continue
            watched.due = None
            begun = time.monotonic()
            done = self._pass(watched)
            took = time.monotonic() - begun
            reasons = frozenset(done.reasons)
            new = reasons - watched.told
            if new and watched.tries < TRIES_MAX:
                watched.tries += 1
                watched.whole = True
                watched.due = time.monotonic() + max(2.0**watched.tries, 2 * took)
                done = _without_reasons(done)
            else:
                watched.tries, watched.told = 0, reasons
                done = done if new else _without_reasons(done)
            if done.stored or done.reasons:
                self._tell(done)

    def _pass(self, watched: _Watched) -> Pass:
        changed, whole = watched.changed, watched.whole
        watched.changed, watched.whole = set(), False
        watched.stamp = _stamp(watched.path)
        report = Report()
        try:
            self._recognise(watched, changed)
            if watched.format is None:
                reason = "its format is not recognised; name one with --format"
                folder = watched.path.is_dir()  # it may be that nothing is in it yet
                return Pass(
                    watched.path, None, reasons=() if folder else ((str(watched.path), reason),)
                )
            only = None if whole or watched.format not in _BY_FILE else frozenset(changed)
            rows = open_import(
                watched.format, watched.path, scope=self._scope, zone=self._zone, report=report,
                only=only,
            )  # fmt: skip
            written = self._memory.remember_many(rows, on_error="skip")
        except (ImportFailed, StoreBusy, OSError) as error:
            place = str(watched.path)
            return Pass(watched.path, watched.format, reasons=((place, str(error)),))
        refused = tuple((f"row {number}", reason) for number, reason in written.refused)
        return Pass(
            watched.path, watched.format, report.read, written.stored, written.known,
            (*report.skipped, *refused), tuple(report.notes),
        )  # fmt: skip

    def _recognise(self, watched: _Watched, changed: set[Path]) -> None:
        from mnemic.importers import documents

        if watched.fixed:
            return
        if watched.format is None:
            watched.format = detect(watched.path)
            watched.whole = False
        elif watched.format == "text" and watched.path.is_dir():
            arrived = any(path.suffix.lower() in documents.SUFFIXES for path in changed)
            # Documents are read beside texts, which keep their names and places.
            if arrived and importlib.util.find_spec("markitdown") is not None:
                watched.format = "documents"


def absolute(path: Path) -> Path:
    """The path from the root, its links left as they are."""
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100


def _parts_below(path: Path, root: Path) -> tuple[str, ...] | None:
    try:
        return path.relative_to(root).parts
    except ValueError:
        return None


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        held = path.stat()
    except OSError:
        return None
    return held.st_mtime_ns, held.st_size, held.st_ino


def _without_reasons(done: Pass) -> Pass:
    return Pass(done.path, done.format, done.read, done.stored, done.known)
