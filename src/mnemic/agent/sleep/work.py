"""What the stages of a run share: the store, the budget, the counts, and one transaction a step."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mnemic.agent.protocols import Store
from mnemic.agent.sleep.replay import Extractor
from mnemic.agent.view import Views
from mnemic.agent.write.prepare import to_us
from mnemic.clock import Clock

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it, and how much there is."""


Deletion = tuple[type[NamedTuple], int, dict[str, Any]]
"""A kind of row, a scope, and what the columns of the rows to be deleted equal."""


@dataclass(slots=True)
class Work:
    """What a run works with, and what it has counted."""

    store: Store
    views: Views
    extractor: Extractor
    clock: Clock
    run: int
    deadline: float | None
    progress: Progress | None
    hot_bytes_max: int | None
    dimension: int
    counts: Counter[str] = field(default_factory=Counter)

    def over(self) -> bool:
        """Whether the budget of time is spent."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    def tell(self, what: str, done: int, total: int) -> None:
        """Tells whoever watches how far a stage has come."""
        if self.progress:
            self.progress(what, done, total)

    def now_us(self) -> int:
        """The present, in microseconds since 1970 UTC."""
        return to_us(self.clock.now())

    def put(self, rows: Sequence[NamedTuple], delete: Sequence[Deletion] = ()) -> None:
        """One step of the run: deletes, then puts."""
        with self.store.derived.step(self.run) as step:
            for kind, scope_id, equal in delete:
                step.delete(kind, scope_id, **equal)
            step.put(rows)
            self.counts["changed"] += step.changed
