"""The only source of time. A clock is passed in, so that tests and replays set it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Anything that tells the time."""

    def now(self) -> datetime:
        """The present moment, time-zone aware."""
        ...


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)


def perf_ms() -> float:
    """A monotonic reading in milliseconds, for measuring durations only."""
    return time.perf_counter() * 1000.0
