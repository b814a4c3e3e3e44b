"""What the tests of MCP share: a client of the SDK on a memory, in this process or another."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, MCPError, StdioServerParameters

from mnemic import Memory
from mnemic.serve.access import Access
from mnemic.serve.mcp.caller import Caller
from mnemic.serve.mcp.server import build_server

OLD, NEW = "legacy", "2026-07-28"
RIGHTS = frozenset(("read", "write"))
SRC = Path(__file__).resolve().parents[3] / "src"


def caller(*reach: str) -> Caller:
    return Caller.of(Access("test", RIGHTS, reach or ("acme/ana",)))


def talk(
    memory: Memory, act: Callable[[Client], Awaitable[Any]], *reach: str, mode: str = NEW
) -> Any:
    """What an act gives that talks to a server on this memory, confined to a reach."""
    who = caller(*reach)

    async def run() -> Any:
        async with Client(build_server(lambda: memory, lambda _: who), mode=mode) as client:
            try:
                return await act(client)
            except MCPError as error:  # outside it would come in groups
                return error

    found = anyio.run(run)
    if isinstance(found, MCPError):
        raise found
    return found


def call(
    memory: Memory, tool: str, *reach: str, mode: str = NEW, **arguments: Any
) -> tuple[str, bool, Any]:
    """A tool's text, whether it is an error, and its object."""

    async def act(client: Client) -> Any:
        return await client.call_tool(tool, arguments)

    found = talk(memory, act, *reach, mode=mode)
    return found.content[0].text, bool(found.is_error), found.structured_content


def said(result: Any) -> str:
    return str(result.content[0].text)


def process(db: Path, *options: str, cwd: Path | None = None) -> StdioServerParameters:
    """`mnemic mcp` as a client starts it."""
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "mnemic.serve.cli", "mcp", "--db", str(db), *options],
        env={**os.environ, "PYTHONPATH": str(SRC)},
        cwd=cwd,
    )
