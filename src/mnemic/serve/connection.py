"""The HTTP connection: uvicorn's, with an end to waiting for a client that neither asks nor reads."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_S_MAX = 20.0
STALLED_S_MAX = 60.0
LINGER_S_MAX = 5.0
"""How long the rest of a refused body is still taken in, and thrown away, so that its sender gets to
read the refusal: a line that is closed on bytes nobody read is reset, and the answer with it."""


class Connection(H11Protocol):
    """Closes connections whose first request, or whose next one begun, is not there in time, and those
    whose client takes nothing of what is sent; lets a client that still sends hear why it is refused.

    uvicorn bounds only the pause between requests: who sends a header a letter at a time would keep the
    connection for ever, and who never reads would keep the answer in memory too.
    """

    header_s_max = HEADER_S_MAX
    stalled_s_max = STALLED_S_MAX
    _timer: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _lingers: asyncio.TimerHandle | None = None

    @classmethod
    def of(
        cls, header_s_max: float = HEADER_S_MAX, stalled_s_max: float = STALLED_S_MAX
    ) -> type[Connection]:
        """The class with these limits."""
        limits = {"header_s_max": header_s_max, "stalled_s_max": stalled_s_max}
        return type("LimitedConnection", (cls,), limits)

    def connection_made(self, transport: Any) -> None:
        """Begins to wait for a request."""
        super().connection_made(_Lingering(transport, self))  # type: ignore[arg-type]
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Takes in bytes; a request under way is not interrupted."""
        if self._lingers is not None:
            return
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
        if self._lingers is not None:
            self._lingers.cancel()
        super().connection_lost(exc)

    def linger(self, transport: asyncio.Transport) -> bool:
        """Whether the line is kept for a moment, as its client has more to send; it is closed then."""
        if self._lingers is not None or transport.is_closing() or not transport.can_write_eof():
            return False
        if self.conn.their_state is not h11.SEND_BODY:
            return False
        transport.write_eof()
        transport.resume_reading()
        self._lingers = self.loop.call_later(LINGER_S_MAX, transport.close)
        return True

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


class _Lingering:
    """A transport whose `close` asks the connection first; all else is the transport's own."""

    def __init__(self, transport: asyncio.Transport, connection: Connection) -> None:
        self._transport, self._connection = transport, connection
        self._closing = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Whether nothing more is sent."""
        return self._closing or self._transport.is_closing()

    def close(self) -> None:
        """Sends what is to be sent, and no more; the second time closes at once."""
        self._closing = True
        if not self._connection.linger(self._transport):
            self._transport.close()
