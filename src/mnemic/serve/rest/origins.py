"""Which Host and which Origin are answered: the guard against pages of elsewhere and rebound names."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from starlette.responses import Response

from mnemic.serve.hosts import hostname, is_address
from mnemic.serve.rest.refusals import Refusal

if TYPE_CHECKING:
    from starlette.types import Scope

    from mnemic.serve.rest.settings import Settings

LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
WILDCARDS = frozenset(("0.0.0.0", "::", ""))  # noqa: S104 - compared with, not bound to
_OWN_SITES = ("same-origin", "none")


class Origins:
    """The names by which the server may be called, and the pages that may call it."""

    def __init__(self, settings: Settings) -> None:
        bound = settings.host.strip("[]").lower()
        self._any_address = bound in WILDCARDS
        names = {*LOOPBACK, *(host.strip("[]").lower() for host in settings.allowed_hosts)}
        if self._any_address:
            names.add(socket.gethostname().lower())
        elif not settings.loopback:
            names.add(bound)
        self.names = frozenset(names)
        self._pages = frozenset(origin.lower().rstrip("/") for origin in settings.allowed_origins)

    def check(self, scope: Scope, headers: dict[str, str]) -> None:
        """Passes if Host names this server and Origin, if there is one, may ask.

        Raises:
            Refusal: 400 without a Host, 403 for a wrong one or a page from elsewhere.
        """
        host = headers.get("host", "")
        if not host:
            raise Refusal(400, "no-host", "the header Host is missing")
        if not self._names_us(host):
            raise Refusal(
                403, "wrong-host",
                f"this server is not called {host!r:.80}; start it with --allowed-host if it is",
            )  # fmt: skip
        origin = headers.get("origin")
        if origin is not None:
            if not self._may_ask(origin, host):
                raise Refusal(
                    403, "wrong-origin",
                    f"pages of {origin!r:.80} may not ask; start with --allow-origin if they may",
                )  # fmt: skip
        elif not self._pages and scope["path"].startswith(("/v1", "/mcp")):
            # A page's plain GET names no Origin, but browsers say where it comes from.
            site = headers.get("sec-fetch-site")
            if site is not None and site not in _OWN_SITES:
                raise Refusal(403, "wrong-origin", "pages of other sites may not ask")

    def cors(self, headers: dict[str, str]) -> tuple[tuple[bytes, bytes], ...]:
        """The headers that let an allowed page of elsewhere read the answer; none by default."""
        origin = headers.get("origin", "")
        if origin.lower() not in self._pages:
            return ()
        return (
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-expose-headers", b"X-Request-Id, Retry-After"),
            (b"vary", b"Origin"),
        )

    def is_preflight(self, method: str, headers: dict[str, str]) -> bool:
        """Whether an allowed page asks what it may send."""
        return (
            method == "OPTIONS"
            and "access-control-request-method" in headers
            and headers.get("origin", "").lower() in self._pages
        )

    def preflight(self) -> Response:
        """What such a page may send."""
        return Response(
            status_code=204,
            headers={
                "Access-Control-Allow-Methods": "GET, POST",
                "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
                "Access-Control-Max-Age": "600",
            },
        )

    def _names_us(self, host: str) -> bool:
        name = hostname(host)
        if name in self.names:
            return True
        # An address cannot be rebound, and one of a wildcard's addresses is ours.
        return self._any_address and is_address(name)

    def _may_ask(self, origin: str, host: str) -> bool:
        if origin.lower() in self._pages:
            return True
        scheme, _, place = origin.lower().partition("://")
        return scheme in ("http", "https") and place == host.lower()
