"""The way to the upstream and back: headers that belong to one connection stay behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urlsplit

import httpx

from mnemic.serve.proxy.gate import Refused
from mnemic.serve.proxy.settings import ProxySettings

Headers = list[tuple[bytes, bytes]]

_HOP = frozenset((
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection",
    b"te", b"trailer", b"transfer-encoding", b"upgrade",
))  # fmt: skip
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
DECODED_TIMES = 3
_KEYS = frozenset((b"authorization", b"x-api-key", b"api-key"))


@dataclass(frozen=True, slots=True)
class Call:
    """A client's request without its body. Names of `headers` are in small letters."""

    method: str
    path: bytes
    query: bytes
    headers: Headers

    @property
    def names(self) -> dict[str, str]:
        """The headers as texts; of several with one name the first."""
        found: dict[str, str] = {}
        for name, value in self.headers:
            found.setdefault(name.decode("latin-1"), _text(value))
        return found

    def has(self, name: bytes) -> bool:
        """Whether there is such a header."""
        return any(one == name for one, _ in self.headers)


class Upstream:
    """Asks the upstream once, never again; keeps no cookies and follows no redirects."""

    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings
        parts = urlsplit(settings.upstream)
        self._base = parts.path.rstrip("/").encode("ascii") or b"/v1"
        self._origin = f"{parts.scheme}://{parts.netloc}/"
        self._transport = httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64), retries=0
        )
        self._timeouts = {
            "connect": settings.connect_s_max, "read": settings.silence_s_max,
            "write": settings.silence_s_max, "pool": settings.connect_s_max,
        }  # fmt: skip

    async def ask(
        self, call: Call, content: bytes | AsyncIterator[bytes] | None, *, read: bool
    ) -> httpx.Response:
        """The response, its body still to come.

        Args:
            call: the client's request.
            content: its body, whole or in pieces; None where it has none.
            read: whether we read the answer along, for which it must not be packed.

        Raises:
            httpx.TransportError: there was none.
        """
        target = self._base + call.path.removeprefix(b"/v1")
        request = httpx.Request(
            call.method,
            self._origin,
            headers=self._headers(call, content, read),
            content=content,
            extensions={
                "timeout": self._timeouts,
                "target": target + (b"?" + call.query if call.query else b""),
            },
        )
        return await self._transport.handle_async_request(request)

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._transport.aclose()

    def _headers(
        self, call: Call, content: bytes | AsyncIterator[bytes] | None, read: bool
    ) -> Headers:
        key = self._settings.upstream_key
        left = {b"host", b"expect"} | (_KEYS if key else set())
        if read:
            left |= {b"accept-encoding"}
        if isinstance(content, bytes) or call.has(b"transfer-encoding"):
            # A body in chunks has no other length, whatever is said beside them.
            left |= {b"content-length"}
        headers = [
            (name, value)
            for name, value in end_to_end(call.headers)
            if name not in left and not name.startswith(b"x-mnemic")
        ]
        if read:
            headers.append((b"accept-encoding", b"identity"))
        if key and call.path == b"/v1/messages":
            headers.append((b"x-api-key", key.reveal().encode()))
        elif key:
            headers.append((b"authorization", f"Bearer {key.reveal()}".encode()))
        return headers


def end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Headers without those that concern one connection only."""
    headers = [(name.lower(), value) for name, value in headers]
    named = {
        token.strip().lower()
        for name, value in headers
        if name == b"connection"
        for token in value.split(b",")
    }
    return [(n, v) for n, v in headers if n not in _HOP and n not in named]


def check_method(method: str) -> None:
    """Passes for a method that an API has.

    Raises:
        Refused: it is another. TRACE would have the upstream repeat its own key to the client.
    """
    if method not in METHODS:
        raise Refused(405, f"the proxy passes on {', '.join(sorted(METHODS))} only")


def check_path(path: bytes) -> None:
    """Passes for a path below /v1 that stays there.

    Raises:
        Refused: it does not.
    """
    plain = path
    for _ in range(DECODED_TIMES):  # an upstream's gateway may decode it before the upstream does
        plain = unquote_to_bytes(plain)
    plain = plain.replace(b"\\", b"/")
    if path != b"/v1" and not path.startswith(b"/v1/"):
        raise Refused(
            404, "the proxy serves what is below /v1; let the client's base URL end in /v1"
        )
    if any(part.partition(b";")[0] in (b".", b"..") for part in plain.split(b"/")):
        raise Refused(400, "the path holds a '.' or '..'; give the plain path")


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
