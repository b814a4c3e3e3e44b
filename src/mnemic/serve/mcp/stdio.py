"""MCP over standard input and output: the client starts this process and owns it."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from mnemic.serve.access import EVERYWHERE, Access
from mnemic.serve.mcp.caller import Caller
from mnemic.serve.mcp.opening import Opening

if TYPE_CHECKING:
    from mnemic.agent.memory import Memory

LISTED_S_MAX, SENT_S = 1.0, 0.05
"""How long the memory waits with opening for a client to ask for the tools, and for the answer to be
sent.
"""


def run_stdio(make: Callable[[], Memory], reach: str, *, everywhere: bool = False) -> None:
    """Serves one client until it closes the connection.

    Only MCP goes to standard output; logs go to standard error. The client is answered while the
    memory still opens.

    Args:
        make: opens the memory; is called in a thread.
        reach: the scope, or `acme/*`, that is meant where the model names none.
        everywhere: whether it may name any other; else the server is confined to it.
    """
    gc.disable()  # what is loaded at the start stays; looking through it takes a fifth of the time
    import anyio

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="mnemic mcp: %(message)s")
    opening = Opening(make, lambda memory: _warm(memory, reach), _collect_again)
    try:
        anyio.run(_serve, opening, owner(reach, everywhere=everywhere))
    finally:
        opening.close()


async def _serve(opening: Opening, caller: Caller) -> None:
    from mcp.server.stdio import stdio_server

    from mnemic.serve.mcp.server import build_server

    server = build_server(opening.memory, lambda _: caller, partial(_open_soon, opening, SENT_S))
    server.lifespan = _begun(opening)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def _begun(opening: Opening) -> Callable[[Any], Any]:
    """The memory begins to open when the client was told the tools, and soon in any case.

    Some clients offer a model only those tools that they know of when the first prompt goes out, and
    opening beside the answers would hold them up.
    """

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[dict[str, Any]]:
        soon = _open_soon(opening, LISTED_S_MAX)
        yield {}
        soon.cancel()

    return lifespan


def _open_soon(opening: Opening, seconds: float) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(seconds, opening.start)


def owner(reach: str, *, everywhere: bool = False) -> Caller:
    """The caller of a process on one's own machine: reads and writes, but cannot erase."""
    return Caller.of(
        Access("mcp", frozenset(("read", "write")), (reach, EVERYWHERE) if everywhere else (reach,))
    )


def _collect_again() -> None:
    gc.freeze()
    gc.enable()


def _warm(memory: Memory, reach: str) -> None:
    """Loads what the first recall needs: the model, and the scope's columns."""
    from mnemic.errors import UnknownScope

    try:
        memory.evidence("what was decided", scope=reach)
    except UnknownScope:
        if memory.embedder is not None:
            memory.embedder.embed(["what was decided"])
