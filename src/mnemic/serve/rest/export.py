"""A scope as JSON lines, streamed a piece at a time to whoever reads it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from mnemic.agent.memory import Memory
from mnemic.serve import replies, requests
from mnemic.serve.access import Access
from mnemic.serve.objects import episode_object
from mnemic.serve.operations import Object, Operation, carry_out
from mnemic.serve.rest.pool import Overloaded, Pool
from mnemic.serve.rest.reading import read_request
from mnemic.serve.rest.routes import Works, lane_of
from mnemic.serve.terminal import jsonable

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from mnemic.agent.records import Episode

PIECE_BYTES = 256 << 10
STALLED_S_MAX = 60.0
"""How long a reader may take none of it before the stream is cut."""

_UNPLAIN = re.compile(r"[^A-Za-z0-9._-]+")


def _episodes(memory: Memory, asked: requests.OfScope, _: Access) -> Object:
    return {"episodes": memory.episodes(scope=asked.scope)}


EXPORT = Operation(
    "export", "A scope as JSON lines, one episode a line; `import jsonl` reads them back.",
    requests.OfScope, replies.Episode, _episodes,
    "read", "named", "quick", ("GET", "/v1/export"), "export",
)  # fmt: skip
"""The one operation whose answer is a stream; not in the table, but under its rules."""


class Exports:
    """The exports under way: few at a time, each with one page of episodes in memory."""

    def __init__(self, works: Works) -> None:
        self._works = works
        self.running = 0

    async def answer(self, request: Request, access: Access) -> Response:
        """Begins an export.

        Raises:
            Overloaded: as many are under way as may be.
        """
        works = self._works
        asked = read_request(EXPORT, {}, request.scope["query_string"], b"")
        lane, deadline_s = lane_of(request, access), works.settings.limits.deadline_s["quick"]
        if self.running >= works.settings.limits.exports_max:
            raise Overloaded(10)

        def begin() -> tuple[Iterator[Episode], bytes]:
            """With the first piece, so that what is wrong is told before the answer begins."""
            episodes = carry_out(EXPORT, works.memory, asked, access)["episodes"]
            return episodes, next_piece(episodes)

        self.running += 1  # before anything is awaited, or all that come at once would pass
        try:
            episodes, piece = await works.pool.run(begin, lane=lane, deadline_s=deadline_s)
        except BaseException:
            self.running -= 1
            raise
        scope: str = asked.scope  # type: ignore[attr-defined]
        return _Stream(self, works.pool, episodes, piece, request, lane, _file_name(scope))


class _Stream(Response):
    """Sends pieces as fast as they are read, and stops when nobody reads."""

    def __init__(
        self, exports: Exports, pool: Pool, episodes: Iterator[Episode], piece: bytes,
        request: Request, lane: str, name: str,
    ) -> None:  # fmt: skip
        super().__init__(
            media_type="application/x-ndjson",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
        del self.headers["content-length"]
        self._exports, self._pool, self._episodes, self._first = exports, pool, episodes, piece
        self._request, self._lane = request, lane

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            piece = self._first
            while piece and not await self._request.is_disconnected():
                async with asyncio.timeout(STALLED_S_MAX):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await self._pool.run(self._next, lane=self._lane, deadline_s=None)
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._exports.running -= 1
            self._episodes = iter(())

    def _next(self) -> bytes:
        return next_piece(self._episodes)


def next_piece(episodes: Iterator[Episode]) -> bytes:
    """The next lines, about PIECE_BYTES of them; nothing at the end."""
    lines: list[bytes] = []
    size = 0
    for episode in episodes:
        lines.append(_line(episode_object(episode)))
        size += len(lines[-1])
        if size >= PIECE_BYTES:
            break
    return b"".join(lines)


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, default=jsonable).encode() + b"\n"


def _file_name(scope: str) -> str:
    return f"mnemic-{_UNPLAIN.sub('-', scope).strip('-')[:80] or 'export'}.jsonl"
