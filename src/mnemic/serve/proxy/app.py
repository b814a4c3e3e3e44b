"""The proxy as an ASGI application: a request goes up with memory, its turn and its answer are kept."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import httpx

from mnemic.clock import Clock
from mnemic.serve.proxy.counts import Counts
from mnemic.serve.proxy.gate import Refused, Scopes, check_caller, scopes_for
from mnemic.serve.proxy.inject import continues, inject, query_of
from mnemic.serve.proxy.recalling import Block, Held, Recaller, plain
from mnemic.serve.proxy.remember import Keeper, Place
from mnemic.serve.proxy.sessions import Said, said_of
from mnemic.serve.proxy.settings import ProxySettings
from mnemic.serve.proxy.shapes import Asked, Kind, read
from mnemic.serve.proxy.streaming import Reader, reader_for
from mnemic.serve.proxy.turns import Turn, turns_of
from mnemic.serve.proxy.upstream import Call, Upstream, check_method, check_path, end_to_end

if TYPE_CHECKING:
    from mnemic.agent.memory import Memory

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a turn is being kept, and how far what it was given to read is trusted."""

    place: Future[Place | None]
    trust: str | None = None


log = logging.getLogger("mnemic.proxy")

READ: dict[bytes, Kind] = {
    b"/v1/chat/completions": "chat",
    b"/v1/responses": "responses",
    b"/v1/messages": "messages",
}
"""Posts that are read; everything else below /v1 passes as it is."""
_LARGE = 1 << 18  # bodies from here on are read in a thread


class Gone(Exception):
    """The client vanished before it had said all."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A request that was read: its parts, what it says, and what to ask memory."""

    asked: Asked
    turns: tuple[Turn, ...]
    query: str | None
    there: frozenset[str]

    @property
    def turn(self) -> tuple[str, ...]:
        """What is the same for a user's turn and its continuations: all turns up to it."""
        users = [number for number, turn in enumerate(self.turns) if turn.part == "user"]
        return tuple(turn.known_by for turn in self.turns[: users[-1] + 1 if users else 0])


def understand(kind: Kind, body: bytes) -> Understood | None:
    """A request's body, read; None where it has no form that we know."""
    asked = read(kind, body)
    if asked is None:
        return None
    turns = turns_of(asked)
    return Understood(asked, turns, query_of(asked), frozenset(plain(one.text) for one in turns))


class Proxy:
    """An ASGI application; `close` (or the end of its lifespan) keeps what is still under way.

    Args:
        memory: where turns are kept and recalled; it stays open.
        settings: the upstream and bounds.
        scopes: how the scope of a request is found; None takes the settings' own way.
        clock: the source of the present, for what is kept.
    """

    def __init__(
        self,
        memory: Memory,
        settings: ProxySettings,
        *,
        scopes: Scopes | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.counts = Counts()
        self._memory = memory
        self._settings = settings
        self._scopes = scopes or scopes_for(settings)
        self._keeper = Keeper(memory, settings, self.counts, clock)
        self._recaller = Recaller(memory, settings, self.counts)
        self._upstream = Upstream(settings)
        self._held = Held()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """One request, or the lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            headers = [(name.lower(), value) for name, value in scope["headers"]]
            path = scope.get("raw_path") or scope["path"].encode()
            call = Call(scope["method"], path, scope["query_string"], headers)
            await self._serve(call, _Incoming(receive), send)

    def settle(self) -> None:
        """Returns when every turn so far is stored."""
        self._keeper.settle()

    async def close(self) -> None:
        """Stores what waits and lets go of the upstream."""
        await self._upstream.close()
        await asyncio.to_thread(self._keeper.close)
        await asyncio.to_thread(self._recaller.close)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        warm = None
        if self._memory.embedder is not None:  # its first use loads a model
            warm = asyncio.create_task(asyncio.to_thread(self._memory.embedder.embed, ["warm"]))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if warm is not None:
            await asyncio.wait({warm})
            if error := warm.exception():
                log.warning("the model that makes deep keys failed: %s", error)
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    # -- a request ---------------------------------------------------------------------------

    async def _serve(self, call: Call, incoming: _Incoming, send: Send) -> None:
        names = call.names
        kind = READ.get(call.path) if call.method == "POST" else None
        try:
            check_caller(names, self._settings)
            if call.path == b"/health" and call.method == "GET":
                await _say(send, 200, {"status": "ok", "counts": self.counts.as_object()})
                return
            check_method(call.method)
            check_path(call.path)
            scope = self._scopes.scope_of(names)
        except Refused as refused:
            await _say(send, refused.status, _error(kind, str(refused), "refused_by_proxy"))
            return
        try:
            if kind is None:
                content = incoming.pieces() if _has_body(call) else None
                await self._pass(call, None, content, incoming, send, None)
            else:
                await self._with_memory(call, kind, scope, incoming, send)
        except Gone:
            log.info("a client vanished before its request was whole")

    async def _with_memory(
        self, call: Call, kind: Kind, scope: str, incoming: _Incoming, send: Send
    ) -> None:
        begun = time.monotonic()
        try:
            body = await incoming.whole(
                self._settings.body_bytes_max, self._settings.body_silence_s_max
            )
        except TimeoutError:
            said = f"no more of the request came for {self._settings.body_silence_s_max:g} s"
            await _say(send, 408, _error(kind, said, "request_timeout"))
            return
        if body is None:  # more than we read: what came so far goes first
            self.counts.add("unread_requests")
            await self._pass(call, None, incoming.pieces(), incoming, send, None)
            return
        mode = call.names.get("x-mnemic", "").strip().lower()
        kept: Kept | None = None
        if mode != "off" and not call.has(b"content-encoding"):
            got = time.monotonic()
            body, kept = await self._remembered(call, kind, scope, body, got)
            log.debug("read in %.4f s, memory took %.4f s", got - begun, time.monotonic() - got)
        await self._pass(call, kind if kept else None, body, incoming, send, kept)

    async def _remembered(
        self, call: Call, kind: Kind, scope: str, body: bytes, begun: float
    ) -> tuple[bytes, Kept | None]:
        """The body with memory in it, and where its turn is being kept."""
        if len(body) < _LARGE:
            understood = understand(kind, body)
        else:
            understood = await asyncio.to_thread(understand, kind, body)
        if understood is None:
            self.counts.add("unread_requests")
            return body, None
        self.counts.add("requests")
        said = said_of(understood.asked, understood.turns, scope, call.names, self._settings.tools)
        # Begun before the upstream is asked, and waited for by nobody: neither can lose the turn.
        kept = Kept(self._keeper.keep(said))
        block = await self._block(understood, said, begun)
        if block is None:
            return body, kept
        given = inject(understood.asked, block.text, self._settings.place)
        return (body, kept) if given is None else (given, replace(kept, trust=block.trust))

    async def _block(self, understood: Understood, said: Said, begun: float) -> Block | None:
        turn = (said.scope, *understood.turn) if self._settings.hold else ()
        if understood.query is None:
            return self._held.get(turn) if turn and continues(understood.asked) else None
        left = self._settings.recall_s_max - (time.monotonic() - begun)
        block = await self._recaller.block(understood.query, said.scope, understood.there, left)
        if block is not None and turn:
            self._held.put(turn, block)
        return block

    # -- up and down -------------------------------------------------------------------------

    async def _pass(
        self,
        call: Call,
        kind: Kind | None,
        content: bytes | AsyncIterator[bytes] | None,
        incoming: _Incoming,
        send: Send,
        kept: Kept | None,
    ) -> None:
        """The request up and the answer down; ends both as soon as the client is gone."""
        work = asyncio.create_task(self._exchange(call, kind, content, send, kept))
        gone = asyncio.create_task(incoming.gone())
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            work.cancel()  # does nothing to what is done
        await asyncio.wait({work, gone})
        if not work.cancelled():
            work.result()

    async def _exchange(
        self,
        call: Call,
        kind: Kind | None,
        content: bytes | AsyncIterator[bytes] | None,
        send: Send,
        kept: Kept | None,
    ) -> None:
        try:
            response = await self._upstream.ask(call, content, read=kind is not None)
        except httpx.TransportError as error:
            self.counts.add("upstream_failed")
            status, code, said = self._failed(error)
            log.warning("%s", said)
            await _say(send, status, _error(READ.get(call.path), said, code))
            return
        reader = self._reader(kind, response) if kept else None
        whole = False
        try:
            headers = end_to_end(response.headers.raw)
            await send(
                {"type": "http.response.start", "status": response.status_code, "headers": headers}
            )
            async for piece in response.stream:  # type: ignore[union-attr]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                if reader:
                    reader.feed(piece)
            whole = True
        except httpx.TransportError as error:
            self.counts.add("upstream_failed")
            log.warning("the upstream broke off its answer: %s", type(error).__name__)
        finally:
            if kept and reader:
                self._keep_answer(kept, reader)
            await response.aclose()
        if whole:  # else the connection is cut, so that the client sees that something is missing
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _reader(self, kind: Kind | None, response: httpx.Response) -> Reader | None:
        if kind is None:
            return None
        packed = response.headers.get("content-encoding", "identity").lower() != "identity"
        form = response.headers.get("content-type", "")
        reader = reader_for(
            kind, response.status_code, form, packed, self._settings.answer_bytes_max
        )
        if reader is None and response.status_code == 200:
            self.counts.add("unread_answers")
        return reader

    def _keep_answer(self, kept: Kept, reader: Reader) -> None:
        answer = reader.answer()
        if not answer.read:
            self.counts.add("unread_answers")
        self._keeper.answer(kept.place, answer, kept.trust)

    def _failed(self, error: httpx.TransportError) -> tuple[int, str, str]:
        where = httpx.URL(self._settings.upstream).netloc.decode("ascii")
        match error:
            case httpx.LocalProtocolError():
                said = f"this request cannot be passed on: {error}"
                return 400, "request_not_passed_on", said
            case httpx.ConnectTimeout() | httpx.PoolTimeout():
                after = f"no connection within {self._settings.connect_s_max:g} s"
                return 504, "upstream_timeout", f"upstream {where}: {after}"
            case httpx.TimeoutException():
                after = f"no answer within {self._settings.silence_s_max:g} s"
                return 504, "upstream_timeout", f"upstream {where}: {after}"
            case httpx.ConnectError():
                said = (
                    f"upstream {where} cannot be reached; is it running, and is --upstream right?"
                )
                return 502, "upstream_unreachable", said
            case _:
                said = f"upstream {where} broke off before it answered ({type(error).__name__})"
                return 502, "upstream_broke_off", said


class _Incoming:
    """A client's body, whole or in pieces, and word of its vanishing."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._before = b""
        self._ended = asyncio.Event()

    async def whole(self, bytes_max: int, silence_s_max: float) -> bytes | None:
        """All of the body; None where it is longer than this, and `pieces` gives it then.

        Raises:
            Gone: the client vanished.
            TimeoutError: nothing more came for so long.
        """
        body = bytearray()
        while len(body) <= bytes_max:
            async with asyncio.timeout(silence_s_max):
                piece = await self._next()
            if piece is None:
                return bytes(body)
            body += piece
        self._before = bytes(body)
        return None

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, or what is left of it, as it comes.

        Raises:
            Gone: the client vanished.
        """
        if self._before:
            yield self._before
            self._before = b""
        while (piece := await self._next()) is not None:
            if piece:
                yield piece

    async def gone(self) -> None:
        """Returns when the client, after its whole request, has vanished."""
        await self._ended.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _next(self) -> bytes | None:
        if self._ended.is_set():
            return None
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Gone
        if not message.get("more_body", False):
            self._ended.set()
        body: bytes = message.get("body", b"")
        return body


def _has_body(call: Call) -> bool:
    return call.has(b"content-length") or call.has(b"transfer-encoding")


def _error(kind: Kind | None, message: str, code: str) -> dict[str, Any]:
    """An error as clients of this API read it."""
    if kind == "messages":
        return {"type": "error", "error": {"type": code, "message": message}}
    return {"error": {"message": message, "type": "mnemic_proxy", "param": None, "code": code}}


async def _say(send: Send, status: int, value: dict[str, Any]) -> None:
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
