"""Whether a client would be served: starts `mnemic mcp` as one does, and says how long it took."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnemic.errors import StoreError

if TYPE_CHECKING:
    from mcp import Client

QUERY = "What did we decide last?"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a client meets: revision, tools, and seconds since the process was started."""

    revision: str
    tools: int
    tools_bytes: int
    handshake_s: float
    first_recall_s: float
    next_recall_s: float
    answer: str


def check(program: Sequence[str], options: Sequence[str], *, old: bool = False) -> Checked:
    """Starts a server, asks it for its tools and twice for a recall, and stops it.

    Args:
        program: the command line of this program.
        options: those of `mnemic mcp`.
        old: whether to speak the revision before the current one.
    """
    import anyio

    return anyio.run(_check, list(program), list(options), old)


async def _check(program: list[str], options: list[str], old: bool) -> Checked:
    from mcp import Client, MCPError, StdioServerParameters

    server = StdioServerParameters(
        command=program[0], args=[*program[1:], "mcp", *options], env=dict(os.environ)
    )
    began = time.monotonic()
    async with Client(server, mode="legacy" if old else "auto") as client:
        try:
            return await _asked(client, began)
        except MCPError as error:
            wrong = str(error)
    raise StoreError(f"the server answered {wrong!r}; what it says of it stands above")


async def _asked(client: Client, began: float) -> Checked:
    handshake_s = time.monotonic() - began
    found = await client.call_tool("recall", {"query": QUERY})
    first_s = time.monotonic() - began
    again = time.monotonic()
    await client.call_tool("recall", {"query": QUERY})
    next_s = time.monotonic() - again
    listed = await client.list_tools()
    return Checked(
        str(client.session.protocol_version),
        len(listed.tools),
        len(listed.model_dump_json(by_alias=True, exclude_none=True)),
        handshake_s,
        first_s,
        next_s,
        str(getattr(found.content[0], "text", "")),
    )
