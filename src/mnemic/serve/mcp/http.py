"""MCP over streamable HTTP: an ASGI app to be mounted, or a server of its own on loopback.

Stateless: every request is answered on its own, with the rights of the key it carries. Host and
Origin are always checked, so that a page from elsewhere cannot reach the memory through a browser.
"""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import Response

from mnemic.errors import InvalidInput, MnemicError
from mnemic.serve.mcp.caller import Caller
from mnemic.serve.mcp.server import Context, build_server
from mnemic.serve.problems import Problem, problem_of

if TYPE_CHECKING:
    from mnemic.agent.memory import Memory
    from mnemic.serve.access import Access

BODY_BYTES_MAX = 5 * 1024 * 1024  # a text of a million characters in UTF-8 and its frame
AT_ONCE_MAX = 128
"""Requests that may be answered or wait for it; who comes beyond is asked to come again."""
SILENCE_S_MAX = 20.0
"""How long a body may say nothing before it is whole."""
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_CALLER = "mnemic.caller"

AccessOf = Callable[[Mapping[str, str]], "Access"]


def _caller(ctx: Context) -> Caller:
    request: Any = ctx.request
    caller: Caller = request.scope[_CALLER]
    return caller


class McpApp:
    """The ASGI app. It serves while `running()` is entered: apps inside others get no lifespan events.

    Example:
        mcp = http_app(memory, access_of)

        @asynccontextmanager
        async def lifespan(_):
            async with mcp.running():
                yield

        Starlette(routes=[Route("/mcp", mcp)], lifespan=lifespan)  # a Mount would redirect /mcp
    """

    def __init__(
        self, memory: Callable[[], Memory], access_of: AccessOf, settings: TransportSecuritySettings
    ) -> None:
        server = build_server(memory, _caller)
        self._access_of = access_of
        self._security = TransportSecurityMiddleware(settings)
        self._under_way = 0
        self._manager = StreamableHTTPSessionManager(
            server, stateless=True, security_settings=settings,
            max_request_body_size=BODY_BYTES_MAX,
        )  # fmt: skip

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While this is entered, requests are served."""
        async with self._manager.run():
            yield

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One event of ASGI."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            refused = await self._refused(scope, receive)
            if refused is not None:
                await refused(scope, receive, send)
                return
            self._under_way += 1
            try:
                await self._manager.handle_request(scope, _patient(receive), send)
            finally:
                self._under_way -= 1

    async def _refused(self, scope: Any, receive: Any) -> Response | None:
        """What is said to a request that is not served: first who it came through, then its key."""
        request = Request(scope, receive)
        wrong = await self._security.validate_request(request)
        if wrong is not None:
            return wrong
        try:
            access = self._access_of(request.headers)
            scope[_CALLER] = Caller.of(access)
        except MnemicError as error:
            problem = problem_of(error)
            if problem.status in (401, 403):
                return _problem(replace(problem, status=401), {"WWW-Authenticate": "Bearer"})
            return _problem(problem)
        scope.setdefault("state", {}).update(
            operation="mcp", caller=access.name
        )  # for a log around
        if scope["method"] != "POST":
            # Nothing is sent unasked: a stream for it would only stay open and empty.
            return Response("POST a message of JSON-RPC", 405, {"Allow": "POST"}, "text/plain")
        if self._under_way >= AT_ONCE_MAX:
            said = "the server is busy; nothing was done: ask again in 1 s"
            return _problem(Problem(429, "overloaded", said), {"Retry-After": "1"})
        return None

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        async with self.running():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def _patient(receive: Any) -> Any:
    """Messages of a request; whose body falls silent has hung up."""
    whole = False

    async def message() -> Any:
        nonlocal whole
        if whole:
            return await receive()
        with anyio.move_on_after(SILENCE_S_MAX):
            came = await receive()
            whole = not came.get("more_body")
            return came
        whole = True
        return {"type": "http.disconnect"}

    return message


def _problem(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps(problem.as_object())
    return Response(body, problem.status, headers, "application/problem+json")


def http_app(
    memory: Memory | Callable[[], Memory],
    access_of: AccessOf,
    *,
    hosts: Sequence[str] | None = LOOPBACK,
    origins: Sequence[str] = (),
) -> McpApp:
    """The MCP server as an ASGI app.

    Args:
        memory: the memory, or what gives it.
        access_of: who a request's headers (names in lower case) say it is from; raises a
            MnemicError where its key is wrong, which is answered with 401.
        hosts: names by which the server may be called, with any port; None where Host and Origin
            have been checked by what it is mounted in.
        origins: pages that may call it, besides those of the same loopback names over http.
    """
    checks = hosts is not None
    hosts = hosts or ()
    settings = TransportSecuritySettings(
        enable_dns_rebinding_protection=checks,
        allowed_hosts=[name for host in hosts for name in (host, f"{host}:*")],
        allowed_origins=[
            *origins,
            *(f"http://{host}{port}" for host in hosts if host in LOOPBACK for port in ("", ":*")),
        ],
    )
    return McpApp(memory if callable(memory) else lambda: memory, access_of, settings)


def run_http(memory: Callable[[], Memory], caller: Caller, port: int) -> None:
    """Serves MCP on loopback at http://127.0.0.1:PORT/mcp until it is stopped.

    Raises:
        InvalidInput: the port is in use.
    """
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Route

    app = http_app(memory, lambda _: caller.access)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with app.running():
            yield

    whole = Starlette(routes=[Route("/mcp", app)], lifespan=lifespan)
    listening = _listen(port)
    config = uvicorn.Config(whole, log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as error:
        listening.close()
        raise InvalidInput(
            f"port {port} cannot be taken ({error.strerror}); pass another --port"
        ) from error
    return listening
