"""What every request passes before anything else, and every response after: one plain ASGI layer.

It checks the size of what was sent, Host and Origin, numbers the request, sets the headers that keep
browsers honest, and writes one line about it when it is over.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from mnemic.serve.rest.origins import Origins
from mnemic.serve.rest.refusals import Refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from mnemic.serve.rest.settings import Limits

UNANSWERED = 499
"""The status of requests whose caller hung up before there was an answer."""

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}\Z")
_ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
_NO_STORE = (b"cache-control", b"no-store")

Header = tuple[bytes, bytes]
Ended = Callable[["Scope", int, float], None]
"""Told of each request that is over: its scope, the status, and how many milliseconds it took."""


class Gate:
    """The layer around the app.

    Args:
        app: what lies behind.
        limits: sizes and times.
        origins: which Host and Origin are answered.
        ended: told when a request is over.
    """

    def __init__(self, app: ASGIApp, *, limits: Limits, origins: Origins, ended: Ended) -> None:
        self._app, self._limits, self._origins, self._ended = app, limits, origins, ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        state = scope.setdefault("state", {})
        state["headers"] = headers
        state["request_id"] = id_ = _request_id(headers)
        allowed = self._origins.cors(headers)
        status = UNANSWERED
        body = _Body(receive, self._limits)

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _dressed(message.get("headers", ()), scope["path"])
                message["headers"] += [(b"x-request-id", id_.encode()), *allowed]
                if not body.complete:  # what is left of it is not waited for
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        try:
            try:
                self._check(scope, headers)
            except Refusal as refusal:
                body.unread = headers.get("content-length", "0") != "0" or (
                    "transfer-encoding" in headers
                )
                await refusal.answer()(scope, receive, dressed)
                return
            if self._origins.is_preflight(scope["method"], headers):
                await self._origins.preflight()(scope, receive, dressed)
                return
            try:
                await self._app(scope, body.receive, dressed)
            except Refusal as refusal:  # of the body, while an app of another door read it
                if status != UNANSWERED:
                    raise
                await refusal.answer()(scope, receive, dressed)
        finally:
            self._ended(scope, status, 1e3 * (time.perf_counter() - began))

    def _check(self, scope: Scope, headers: dict[str, str]) -> None:
        raw = scope.get("raw_path") or quote(scope["path"]).encode()
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if len(raw) + len(scope["query_string"]) > self._limits.url_bytes_max:
            raise Refusal(
                414, "url-too-long", f"the address has over {self._limits.url_bytes_max} bytes"
            )
        if size > self._limits.headers_bytes_max:
            raise Refusal(
                431,
                "headers-too-large",
                f"the headers have over {self._limits.headers_bytes_max} bytes",
            )
        self._origins.check(scope, headers)
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            raise Refusal(400, "bad-length", "Content-Length is no number")
        if int(length[:20]) > self._limits.body_bytes_max:
            raise too_large(self._limits.body_bytes_max)
        if scope["path"].startswith("/v1/"):
            scope["path"] = raw.decode("ascii", "replace")  # so that a%2Fb stays one segment


class _Body:
    """What is read of a body: bounded in bytes and in time."""

    def __init__(self, receive: Receive, limits: Limits) -> None:
        self._receive, self._limits = receive, limits
        self._ends: float | None = None
        self._read = 0
        self._whole = False
        self.unread = False

    @property
    def complete(self) -> bool:
        return not self.unread

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        loop = asyncio.get_running_loop()
        if self._ends is None:
            self._ends = loop.time() + self._limits.body_s_max
        self.unread = True
        try:
            async with asyncio.timeout_at(self._ends):
                message = await self._receive()
        except TimeoutError:
            raise Refusal(
                408, "too-slow", f"the body took longer than {self._limits.body_s_max:g} s"
            ) from None
        self._read += len(message.get("body", b""))
        if self._read > self._limits.body_bytes_max:
            raise too_large(self._limits.body_bytes_max)
        if not message.get("more_body", False):
            self._whole, self.unread = True, False
        return message


def _dressed(said: Iterable[Header], path: str) -> list[Header]:
    """The headers of an answer, with those that no answer lacks."""
    found = list(said)
    named = {name.lower() for name, _ in found}
    always = (*_ALWAYS, _NO_STORE) if path.startswith("/v1") else _ALWAYS
    return found + [header for header in always if header[0] not in named]


def too_large(bytes_max: int) -> Refusal:
    """What a body of too many bytes is answered."""
    return Refusal(413, "too-large", f"the body has over {bytes_max:,} bytes; send it in parts")


def _request_id(headers: dict[str, str]) -> str:
    given = headers.get("x-request-id", "")
    return given if _ID.match(given) else uuid.uuid4().hex
