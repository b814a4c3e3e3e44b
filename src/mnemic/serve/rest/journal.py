"""The server's log: one JSON line a request. It holds no text, no query, no scope and no key."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

Level = str
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
LEVELS = tuple(_LEVELS)


class Elsewhere(Exception):
    """What went wrong in another process: its kind and places, as the log tells of them."""

    def __init__(self, kind: str, places: Sequence[str]) -> None:
        super().__init__(kind, places)
        self.kind, self.places = kind, list(places)

    @classmethod
    def of(cls, error: BaseException) -> Elsewhere:
        """An error of this process, as another is told of it."""
        return cls(type(error).__name__, _places(error))


class ToJournal(logging.Handler):
    """Turns what a library logs into lines of a journal."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """One record; of an exception its kind and place."""
        level = record.levelname.lower()
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self._journal.failed("", record.name, error)
        else:
            note = record.getMessage()
            self._journal.write(level if level in LEVELS else "error", "note", note=note)


class Journal:
    """Lines of JSON on a stream.

    Args:
        level: what is below it is left out; requests are "info", refusals of 500 and up "error".
        stream: None is standard error.
    """

    def __init__(self, level: Level = "info", stream: TextIO | None = None) -> None:
        self._least = _LEVELS[level]
        self._stream = stream
        self._now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def write(self, level: Level, event: str, **fields: Any) -> None:
        """One line, if it is worth its level."""
        if _LEVELS[level] < self._least:
            return
        said = {"time": self._now().isoformat(timespec="milliseconds"), "level": level,
                "event": event, **fields}  # fmt: skip
        stream = self._stream or sys.stderr
        try:
            stream.write(json.dumps(said) + "\n")
            stream.flush()
        except (OSError, ValueError):  # a log that is gone must not stop the server
            return

    def failed(self, request_id: str, operation: str, error: BaseException) -> None:
        """What went wrong inside: kind and place. Its message may hold what a user wrote, so it is
        left out but for our own errors, whose messages are written for the operator.
        """
        from mnemic.errors import MnemicError

        there = error if isinstance(error, Elsewhere) else Elsewhere.of(error)
        self.write(
            "error", "failed", request_id=request_id, operation=operation, error=there.kind,
            message=str(error) if isinstance(error, MnemicError) else None, at=there.places,
        )  # fmt: skip


def _places(error: BaseException) -> list[str]:
    last = traceback.extract_tb(error.__traceback__)[-6:]
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in last]
