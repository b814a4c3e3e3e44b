"""A route for each operation of the table: read the request, carry it out in the pool, answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mnemic.agent.memory import Memory
from mnemic.errors import MnemicError
from mnemic.serve.access import Access
from mnemic.serve.keys import Doorkeeper
from mnemic.serve.operations import OPERATIONS, Operation
from mnemic.serve.rest.calls import Call, Said, carry_out_call
from mnemic.serve.rest.journal import Journal
from mnemic.serve.rest.metrics import Metrics
from mnemic.serve.rest.pool import Overloaded, Pool, TooLong, Vanished
from mnemic.serve.rest.readers import Readers
from mnemic.serve.rest.refusals import Refusal, refusal_of
from mnemic.serve.rest.replay import Replay, check_key
from mnemic.serve.rest.settings import Settings
from mnemic.serve.rest.traces import Traces

JSON = "application/json"
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Works:
    """What the routes share. Recalls have a pool of their own where `readers` answer them."""

    memory: Memory
    settings: Settings
    doorkeeper: Doorkeeper
    pool: Pool
    model_pool: Pool
    long_pool: Pool
    readers: Readers | None
    replay: Replay
    metrics: Metrics
    journal: Journal
    traces: Traces

    @property
    def pools(self) -> dict[str, Pool]:
        """Each pool once, by the name under which its figures are told."""
        named = {"mnemic": self.pool, "mnemic_long": self.long_pool}
        return named if self.readers is None else {**named, "mnemic_recall": self.model_pool}

    def pool_of(self, operation: Operation) -> Pool:
        """Where an operation waits and runs."""
        return {"quick": self.pool, "model": self.model_pool, "long": self.long_pool}[
            operation.cost
        ]

    def carry_out(self, operation: Operation, call: Call) -> Said:
        """The answer to a call, from a reader where it only reads and takes a model."""
        if operation.cost == "model" and self.readers is not None:
            said = self.readers.carry_out(call)
        else:
            said = carry_out_call(self.memory, call)
        if said.stages_ms is not None:
            self.metrics.recalled(said.stages_ms)
        return said


def routes(works: Works) -> list[Route]:
    """A route for each operation."""
    return [
        Route(
            operation.rest[1], guarded(works, operation.name, _endpoint(works, operation)),
            methods=[operation.rest[0]], name=operation.name,
        )
        for operation in sorted(OPERATIONS.values(), key=lambda one: "{" in one.rest[1])
    ]  # fmt: skip


def guarded(
    works: Works, name: str, answer: Callable[[Request, Access], Awaitable[Response]]
) -> Any:
    """An endpoint that lets in who may come in, and answers every error as a problem."""

    async def endpoint(request: Request) -> Response:
        state = request.scope["state"]
        state["operation"] = name
        try:
            access = works.doorkeeper.access_of(state["headers"])
            state["caller"] = access.name
            with works.traces.span(name, state["headers"]):
                return await answer(request, access)
        except Refusal as refusal:
            return refusal.answer()
        except (MnemicError, Overloaded, TooLong) as error:
            told = refusal_of(error)
            if told.status >= 500 and isinstance(error, MnemicError):
                works.journal.failed(state["request_id"], name, error)
            return told.answer()
        except Vanished:
            return Response(status_code=499)
        except Exception as error:  # noqa: BLE001 - the last door: the caller sees no trace of it
            works.journal.failed(state["request_id"], name, error)
            detail = "something went wrong inside; the server's log has it under this request's id"
            return Refusal(500, "failed", detail).answer()

    return endpoint


def lane_of(request: Request, access: Access) -> str:
    """Who waits in one lane: the bearers of one key; without keys, each connection."""
    if access.key:
        return f"key {access.key}"
    return "{}:{}".format(*(request.scope.get("client") or ("", 0)))


def _endpoint(
    works: Works, operation: Operation
) -> Callable[[Request, Access], Awaitable[Response]]:
    pool = works.pool_of(operation)
    deadline_s = works.settings.limits.deadline_s[operation.cost]

    async def answer(request: Request, access: Access) -> Response:
        headers = request.scope["state"]["headers"]
        body = await _body(request, headers) if operation.rest[0] == "POST" else b""
        key = headers.get("idempotency-key") if operation.writes else None
        more = {}
        if key is not None:
            check_key(key)
            if operation.name == "remember":
                more["idempotency_key"] = key  # kept with the episode: it outlives the server

        call = Call(
            operation.name, dict(request.path_params), request.scope["query_string"], body, more,
            access,
        )  # fmt: skip

        def work() -> bytes:
            return works.carry_out(operation, call).body

        async def done() -> bytes:
            said: bytes = await pool.run(
                work, lane=lane_of(request, access), deadline_s=deadline_s,
                is_gone=request.is_disconnected,
            )  # fmt: skip
            if operation.name == "erase":
                works.replay.let_go()
            return said

        if key is None or operation.name == "remember":
            return Response(await done(), media_type=JSON)
        asked = request.scope["path"].encode() + b"\n" + body
        said, again = await works.replay.once(
            access.key, operation.name, key, asked, done, deadline_s
        )
        again_header = {"Idempotency-Replayed": "true"} if again else {}
        return Response(said, media_type=JSON, headers=again_header)

    return answer


async def _body(request: Request, headers: dict[str, str]) -> bytes:
    body = await request.body()
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if (body or kind) and kind != JSON:
        raise Refusal(415, "no-json", f"Content-Type is {kind!r:.60}; send {JSON}")
    return body
