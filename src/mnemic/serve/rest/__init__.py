"""REST, generated from the table of operations.

settings.py   figures and addresses          keys are in serve/keys.py
gate.py       what every request passes      origins.py  Host and Origin
reading.py    HTTP → request                 routes.py   request → pool → answer
pool.py       threads, fair lanes, honest no replay.py   Idempotency-Key
calls.py      a call as a value              readers.py  processes that recall beside this one
refusals.py   errors → application/problem+json
export.py     a scope as a stream            health.py   alive, ready, figures
openapi.py    the document                   sleeper.py  sleep by itself
metrics.py, journal.py, traces.py            what operators see
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from mnemic.agent.memory import Memory
from mnemic.serve.keys import Doorkeeper, Keys
from mnemic.serve.rest.calls import warm_up
from mnemic.serve.rest.export import EXPORT, Exports
from mnemic.serve.rest.gate import Gate
from mnemic.serve.rest.health import Condition, Health
from mnemic.serve.rest.journal import Journal
from mnemic.serve.rest.metrics import Metrics
from mnemic.serve.rest.openapi import openapi
from mnemic.serve.rest.origins import Origins
from mnemic.serve.rest.pool import Pool
from mnemic.serve.rest.readers import Readers
from mnemic.serve.rest.refusals import Refusal
from mnemic.serve.rest.replay import Replay
from mnemic.serve.rest.routes import Works, guarded, routes
from mnemic.serve.rest.settings import Limits, Settings
from mnemic.serve.rest.sleeper import Sleeper
from mnemic.serve.rest.traces import traces

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Scope

CLOSING_S_MAX = 20.0
Lifespan = Callable[[], AbstractAsyncContextManager[object]]


def create_app(
    memory: Memory,
    settings: Settings | None = None,
    *,
    keys: Keys | None = None,
    journal: Journal | None = None,
    readers: Readers | None = None,
    more: Sequence[BaseRoute] = (),
    lifespans: Sequence[Lifespan] = (),
) -> Starlette:
    """The app: REST at /v1, its OpenAPI document, health, readiness, metrics.

    Args:
        memory: what it serves. The caller closes it after the app's end.
        settings: figures and addresses; loopback by default.
        keys: who may come in; None looks for no keys, which only loopback allows.
        journal: the log; None writes JSON lines on standard error.
        readers: processes that recall beside this one; the app ends them.
        more: routes of other doors, such as the page's, which pass the same gate.
        lifespans: calls that give async context managers, which are open while it runs.
    """
    settings = settings or Settings()
    works = _works(memory, settings, keys, journal or Journal(), readers)
    condition = Condition()
    health = Health(works, condition)
    exports = Exports(works)
    document = json.dumps(openapi()).encode()

    async def described(_: Request) -> Response:
        return Response(document, media_type="application/json")

    app = Starlette(
        routes=[
            Route("/v1/openapi.json", described),
            Route("/v1/export", guarded(works, EXPORT.name, exports.answer)),
            *routes(works),
            Route("/healthz", health.lives),
            Route("/readyz", health.ready),
            Route("/metrics", guarded(works, "metrics", health.figures)),
            *more,
        ],
        lifespan=_lifespan(works, condition, lifespans),
        exception_handlers={404: _no_such_address, 405: _no_such_method},
    )
    app.router.redirect_slashes = False
    app.state.condition, app.state.works = condition, works

    def gate(inner: ASGIApp) -> ASGIApp:
        return Gate(inner, limits=settings.limits, origins=Origins(settings), ended=_noting(works))

    app.add_middleware(gate)
    _watch(works, exports)
    return app


def _works(
    memory: Memory, settings: Settings, keys: Keys | None, journal: Journal, readers: Readers | None
) -> Works:
    limits = settings.limits
    pool = Pool("mnemic-call", threads=limits.workers, waiting_max=limits.waiting_max)
    model_pool = pool
    if readers is not None:
        model_pool = Pool(
            "mnemic-recall", threads=max(2, readers.count), waiting_max=limits.waiting_max
        )
    return Works(
        memory, settings, Doorkeeper(keys, open_without_keys=settings.loopback), pool, model_pool,
        Pool("mnemic-long", threads=limits.long_workers, waiting_max=limits.long_waiting_max),
        readers, Replay(limits), Metrics(), journal, traces(),
    )  # fmt: skip


def _lifespan(works: Works, condition: Condition, others: Sequence[Lifespan]) -> Any:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_warm_up(works, condition))]
        if works.settings.sleep_every_s:
            tasks.append(asyncio.create_task(Sleeper(works, condition).go_on()))
        if works.traces.note:
            works.journal.write("warning", "note", note=works.traces.note)
        async with AsyncExitStack() as stack:
            for other in others:
                await stack.enter_async_context(other())
            yield
        condition.closing = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for pool in works.pools.values():
            if not await pool.close(CLOSING_S_MAX):
                works.journal.write("warning", "cut", note="work was still running at the end")
        if works.readers is not None:
            await asyncio.to_thread(works.readers.close)
        works.traces.close()

    return lifespan


async def _warm_up(works: Works, condition: Condition) -> None:
    """Loads the model and the largest scope, so that the first recall is quick."""
    try:
        await works.long_pool.run(
            partial(warm_up, works.memory), lane="the server itself", deadline_s=None
        )
    except Exception as error:  # noqa: BLE001 - nobody awaits this: the log alone can tell of it
        works.journal.failed("", "warming up", error)
    condition.warm = True


def _noting(works: Works) -> Any:
    def ended(scope: Scope, status: int, ms: float) -> None:
        state = scope["state"]
        operation = state.get("operation", "other")
        works.metrics.ended(operation, status, ms)
        level = "error" if status >= 500 and not state.get("expected") else "info"
        works.journal.write(
            level, "request", operation=operation, status=status,
            ms=round(ms, 1), caller=state.get("caller"), request_id=state["request_id"],
        )  # fmt: skip

    return ended


def _watch(works: Works, exports: Exports) -> None:
    for name, pool in works.pools.items():
        works.metrics.watch(
            f"{name}_running", "Calls under way.", partial(getattr, pool, "running")
        )
        works.metrics.watch(
            f"{name}_waiting", "Calls that wait.", partial(getattr, pool, "waiting")
        )
        works.metrics.watch(f"{name}_refused", "Calls refused.", partial(getattr, pool, "refused"))
    works.metrics.watch("mnemic_exports", "Exports under way.", lambda: exports.running)


async def _no_such_address(request: Request, _: Exception) -> Response:
    return Refusal(404, "not-found", "there is nothing at this address").answer()


async def _no_such_method(request: Request, _: Exception) -> Response:
    methods: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    allowed = ", ".join(sorted(methods))
    return Refusal(
        405, "no-such-method", f"this address takes {allowed} only", headers={"Allow": allowed}
    ).answer()


__all__ = ["Limits", "Readers", "Settings", "create_app"]
