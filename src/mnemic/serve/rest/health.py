"""Whether the process lives, whether it can answer, and its figures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mnemic import __version__
from mnemic.errors import MnemicError
from mnemic.serve.access import Access, Forbidden
from mnemic.serve.rest.metrics import CONTENT_TYPE
from mnemic.serve.rest.pool import Overloaded, Pool, TooLong
from mnemic.serve.rest.routes import Works

READY_S_MAX = 2.0


@dataclass(slots=True)
class Condition:
    """What the server knows of itself."""

    warm: bool = False
    sleeping: bool = False
    closing: bool = False


class Health:
    """The three addresses that watchers ask. None of them waits behind callers of the memory."""

    def __init__(self, works: Works, condition: Condition) -> None:
        self._works, self.condition = works, condition
        self._pool = Pool("mnemic-health", threads=1, waiting_max=16)
        self._looking: asyncio.Task[str] | None = None

    async def lives(self, _: Request) -> Response:
        """The process lives."""
        return JSONResponse({"status": "ok", "version": __version__})

    async def ready(self, request: Request) -> Response:
        """The store answers, caches are warm, and the server is not about to end: 200, else 503."""
        memory, condition = self._works.memory, self.condition
        store = await self._store()
        ready = store == "ok" and condition.warm and not condition.closing
        state = request.scope["state"]
        state["operation"], state["expected"] = "ready", store == "ok"
        said = {
            "status": "ready" if ready else "closing" if condition.closing else "not ready",
            "store": store, "warm": condition.warm, "sleeping": condition.sleeping,
            "embedder": "none: found by words only" if memory.embedder is None
            else memory.embedder.space,
            "waiting": sum(pool.waiting for pool in self._works.pools.values()),
        }  # fmt: skip
        return JSONResponse(said, 200 if ready else 503)

    async def _store(self) -> str:
        """How the store is. All who ask at once share one look: anyone may ask, as often as they like."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
            self._looking.add_done_callback(self._looked)
        return await asyncio.shield(self._looking)

    async def _look(self) -> str:
        try:
            await self._pool.run(self._works.memory.scopes, lane="", deadline_s=READY_S_MAX)
        except (MnemicError, Overloaded, TooLong) as error:
            return type(error).__name__
        return "ok"

    def _looked(self, _: asyncio.Task[str]) -> None:
        self._looking = None

    async def figures(self, _: Request, access: Access) -> Response:
        """The figures, for Prometheus.

        Raises:
            Forbidden: the caller is no admin of the whole store.
        """
        access.require("admin")
        if not access.everywhere:
            raise Forbidden("these figures count every scope; ask with a key made with --scope '*'")
        memory = self._works.memory
        try:
            scopes = await self._pool.run(memory.scopes, lane="", deadline_s=READY_S_MAX)
            episodes = sum(count for _, count in scopes)
        except (MnemicError, Overloaded, TooLong):
            episodes = None
        text = self._works.metrics.text(episodes)
        return Response(text, headers={"Content-Type": CONTENT_TYPE})
