"""What a proxy did and what it had to leave undone, in numbers."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import Literal, get_args

Event = Literal[
    "requests",  # chat, responses and messages that were read
    "unread_requests",  # too big, packed, or of no form that we know: passed on as they were
    "recalled",  # a block was put in
    "nothing_known",  # memory was asked and had nothing that bears on it
    "recall_late",  # memory did not answer in time; the request went on without it
    "recall_busy",  # too many recalls were under way
    "recall_failed",
    "kept",  # turns that were stored
    "known",  # turns that were stored before
    "refused",  # turns that memory cannot hold
    "lost",  # turns that could not be stored
    "partial",  # answers that ended early
    "unread_answers",  # packed or too long: passed on, not kept
    "upstream_failed",
]
EVENTS: tuple[Event, ...] = get_args(Event)


class Counts:
    """Counts events; threads may share it."""

    def __init__(self) -> None:
        self._counts: Counter[Event] = Counter()
        self._lock = Lock()

    def add(self, event: Event, number: int = 1) -> None:
        """Counts an event."""
        with self._lock:
            self._counts[event] += number

    def __getitem__(self, event: Event) -> int:
        with self._lock:
            return self._counts[event]

    def as_object(self) -> dict[str, int]:
        """Every event and how often it happened."""
        with self._lock:
            return {event: self._counts[event] for event in EVENTS}
