"""The HTTP connection: uvicorn's, with an end to waiting for a request that does not come."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from mnemic.serve.rest.settings import Limits


class Connection(H11Protocol):
    """Closes connections whose first request, or whose next one begun, is not there in time.

    uvicorn bounds only the pause between requests; who sends a header a letter at a time would keep the
    connection for ever.
    """

    header_s_max = 20.0
    _timer: asyncio.TimerHandle | None = None

    @classmethod
    def of(cls, limits: Limits) -> type[Connection]:
        """The class with these limits."""
        return type("LimitedConnection", (cls,), {"header_s_max": limits.header_s_max})

    def connection_made(self, transport: Any) -> None:
        """Begins to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Takes in bytes; a request under way is not interrupted."""
        if self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._wait()
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the timer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.header_s_max, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if not self.transport.is_closing() and (self.cycle is None or self.cycle.response_complete):
            self.transport.close()
