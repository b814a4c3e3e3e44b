"""One run of sleep over some scopes: its stages in order, its budget, its report.

Every step is one transaction, so a kill at any point leaves whole steps, and the next sleep goes on
with the same run. The result does not hang on how often one sleeps, nor on where a sleep was cut.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mnemic.agent.protocols import Store
from mnemic.agent.sleep.nrem import read_gist, replay
from mnemic.agent.sleep.rem import fade, place, summarise_rooms
from mnemic.agent.sleep.replay import Extractor, Renewed
from mnemic.agent.sleep.work import Progress, Work
from mnemic.agent.view import Views
from mnemic.agent.write.prepare import to_us
from mnemic.clock import Clock

Phase = Literal["nrem", "rem"]
EVERYWHERE = "*"
"""The reach of a sleep over all scopes."""

PHASES: tuple[Phase, ...] = ("nrem", "rem")


@dataclass(frozen=True, slots=True)
class SleepReport:
    """What a run did: counts only, never content.

    `changed` is how many derived rows it put or deleted; `left` how many episodes the budget left for
    the next sleep; `notes` what an extractor has to say, such as that its budget is spent.
    """

    run: int
    scopes: int
    counts: dict[str, int]
    left: int
    seconds: float
    dry: bool = False
    notes: Sequence[str] = ()

    @property
    def changed(self) -> int:
        """How many derived rows were put or deleted."""
        return self.counts.get("changed", 0)


def sleep(
    store: Store,
    extractor: Extractor,
    clock: Clock,
    *,
    reach: str,
    phases: Sequence[Phase] = PHASES,
    budget_s: float | None = None,
    hot_bytes_max: int | None = None,
    dimension: int = 0,
    progress: Progress | None = None,
) -> SleepReport:
    """Runs the phases over every scope of a reach; the caller holds the right to sleep.

    Raises:
        InvalidScope: nothing was ever remembered there.
        ReadOnlyStore, StoreFull, StoreBusy: the step that failed changed nothing; earlier ones stay.
    """
    began = time.monotonic()
    scope_ids = store.derived.all_scopes() if reach == EVERYWHERE else store.scope_ids(reach)
    run = store.derived.begin(reach, ",".join(phases), to_us(clock.now()))
    work = Work(
        store, Views(store), extractor, clock, run.run,
        None if budget_s is None else began + budget_s, progress, hot_bytes_max, dimension,
    )  # fmt: skip
    work.counts.update({k: v for k, v in json.loads(run.report).items() if isinstance(v, int)})
    paths = store.derived.paths(scope_ids)
    left = 0
    for scope_id in scope_ids:
        if "nrem" in phases:
            read_gist(work, scope_id)
            left += replay(work, scope_id, paths[scope_id])
        if "rem" in phases and not work.over():
            place(work, scope_id)
            summarise_rooms(work, scope_id)
            fade(work, scope_id)
    report = {name: count for name, count in work.counts.items() if count}
    store.derived.finish(run.run, report, to_us(clock.now()))
    notes = tuple(extractor.notes) if isinstance(extractor, Renewed) else ()
    return SleepReport(run.run, len(scope_ids), report, left, time.monotonic() - began, notes=notes)
