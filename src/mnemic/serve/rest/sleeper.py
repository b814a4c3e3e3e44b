"""Sleep by itself, now and then, when there is something new to sleep on."""

from __future__ import annotations

import asyncio

from mnemic.errors import SleepBusy
from mnemic.serve.rest.health import Condition
from mnemic.serve.rest.pool import Overloaded
from mnemic.serve.rest.routes import Works

LANE = "the server itself"


class Sleeper:
    """Runs a sleep every so often, if episodes came since the last one."""

    def __init__(self, works: Works, condition: Condition) -> None:
        self._works, self._condition = works, condition
        self._slept_on: list[tuple[str, int]] = []

    async def go_on(self) -> None:
        """Sleeps for ever, in both senses; ends when it is cancelled."""
        while True:
            await asyncio.sleep(self._works.settings.sleep_every_s)
            await self.once()

    async def once(self) -> str:
        """One sleep, if there is something new: "done", "nothing new", "busy" or "failed"."""
        works = self._works
        self._condition.sleeping = True
        try:
            outcome: str = await works.long_pool.run(self._sleep, lane=LANE, deadline_s=None)
        except (SleepBusy, Overloaded):
            outcome = "busy"  # another process sleeps on this store, which is as good
        except Exception as error:  # noqa: BLE001 - nobody awaits this, and the next one may succeed
            outcome = "failed"
            works.journal.failed("", "sleep by itself", error)
        finally:
            self._condition.sleeping = False
        works.metrics.sleeps.labels(outcome).inc()
        return outcome

    def _sleep(self) -> str:
        memory = self._works.memory
        there = memory.scopes()
        if there == self._slept_on:
            return "nothing new"
        report = memory.sleep(budget_s=self._works.settings.sleep_budget_s)
        self._slept_on = [] if report.left else there
        self._works.journal.write(
            "info", "slept", run=report.run, left=report.left, seconds=round(report.seconds, 1)
        )
        return "done"
