"""The HTTP connection: uvicorn's, with an end to waiting for a client that neither asks nor reads."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_S_MAX = 20.0
STALLED_S_MAX = 60.0


class Connection(H11Protocol):
    """Closes connections whose first request, or whose next one begun, is not there in time, and those
    whose client takes nothing of what is sent.

    uvicorn bounds only the pause between requests: who sends a header a letter at a time would keep the
    connection for ever, and who never reads would keep the answer in memory too.
    """

    header_s_max = HEADER_S_MAX
    stalled_s_max = STALLED_S_MAX
    _timer: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    @classmethod
    def of(
        cls, header_s_max: float = HEADER_S_MAX, stalled_s_max: float = STALLED_S_MAX
    ) -> type[Connection]:
        """The class with these limits."""
        limits = {"header_s_max": header_s_max, "stalled_s_max": stalled_s_max}
        return type("LimitedConnection", (cls,), limits)

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
        """Forgets the timers."""
        self._stop_waiting()
        self._reads_on()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begins to watch whether the client reads: much is waiting for it."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """It read."""
        self._reads_on()
        super().resume_writing()

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

    def _watch(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._stalled = self.loop.call_later(self.stalled_s_max, self._look, left)

    def _look(self, left: int) -> None:
        if self.transport.get_write_buffer_size() < left:  # slow is no crime
            self._watch()
        else:
            self.transport.abort()

    def _reads_on(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
