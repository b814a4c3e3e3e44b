"""The server's log: one JSON line a request. It holds no text, no query, no scope and no key."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

Level = str
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
LEVELS = tuple(_LEVELS)


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

        last = traceback.extract_tb(error.__traceback__)[-6:]
        self.write(
            "error", "failed", request_id=request_id, operation=operation,
            error=type(error).__name__,
            message=str(error) if isinstance(error, MnemicError) else None,
            at=[f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in last],
        )  # fmt: skip
