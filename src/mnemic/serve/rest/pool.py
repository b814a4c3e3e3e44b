"""Where the calls of the memory run: a few threads, a short queue that is fair, and an honest no.

All of it is decided on the event loop, so there are no locks. Callers queue in lanes (one a key, or one
a connection where there are no keys), and the lanes take turns: who asks a hundred times waits a
hundred times, and delays nobody else.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Overloaded(Exception):
    """The queue is full; nothing was done. `retry_s` says when to ask again."""

    def __init__(self, retry_s: int) -> None:
        super().__init__(f"the server is busy; nothing was done: ask again in {retry_s} s")
        self.retry_s = retry_s


class TooLong(Exception):
    """The deadline passed. `begun` says whether the work had begun, and so may still take effect;
    `work` is what goes on, where it is known.
    """

    def __init__(
        self, seconds: float, *, begun: bool, work: asyncio.Future[Any] | None = None
    ) -> None:
        what = (
            "it may still take effect: look before you repeat it"
            if begun
            else "it had not begun: nothing was done"
        )
        super().__init__(f"the request took longer than {seconds:g} s; {what}")
        self.begun, self.work = begun, work


class Vanished(Exception):
    """The caller hung up while the work waited; it was not begun."""


Work = Callable[[], Any]
IsGone = Callable[[], Awaitable[bool]]
Turn = asyncio.Future[None]


class Pool:
    """Threads that carry out work, and the lanes in which it waits.

    Args:
        name: of its threads.
        threads: how many pieces of work run at once.
        waiting_max: how many may wait beyond those.
    """

    def __init__(self, name: str, *, threads: int, waiting_max: int) -> None:
        self.threads, self.waiting_max = threads, waiting_max
        self.running = self.waiting = self.refused = 0
        self._lanes: OrderedDict[str, deque[Turn]] = OrderedDict()
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(
        self, work: Work, *, lane: str, deadline_s: float | None, is_gone: IsGone | None = None
    ) -> Any:
        """What the work returns or raises.

        Args:
            work: runs in a thread.
            lane: who asks.
            deadline_s: how long to wait for it, queueing included; None is for ever.
            is_gone: asked before work that had to wait; True drops it.

        Raises:
            Overloaded: the queue is full.
            TooLong: the deadline passed. Work that had begun goes on in its thread.
            Vanished: the caller hung up before it began.
        """
        loop = asyncio.get_running_loop()
        ends = None if deadline_s is None else loop.time() + deadline_s
        if self.running < self.threads:
            self._take()
        else:
            await self._turn(lane, ends, deadline_s)
            try:
                if is_gone is not None and await is_gone():
                    raise Vanished
            except BaseException:
                self._free()
                raise
        future = loop.run_in_executor(self._executor, work)
        future.add_done_callback(lambda _: self._free())
        try:
            async with asyncio.timeout_at(ends) as timer:
                return await asyncio.shield(future)
        except TimeoutError:
            if timer.expired():
                raise TooLong(deadline_s or 0, begun=True, work=future) from None
            raise

    async def close(self, timeout_s: float) -> bool:
        """Waits for what runs, at most so long; whether all of it ended."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            self._executor.shutdown(wait=False, cancel_futures=True)
            return False
        self._executor.shutdown()
        return True

    # -- turns -------------------------------------------------------------------------------

    async def _turn(self, lane: str, ends: float | None, deadline_s: float | None) -> None:
        """Returns when a thread is free for this caller, and taken."""
        turn: Turn = asyncio.get_running_loop().create_future()
        self._enqueue(lane, turn)
        try:
            async with asyncio.timeout_at(ends) as timer:
                await turn
        except BaseException as error:
            if not turn.done() or turn.cancelled():
                self._leave(lane, turn)
            elif turn.exception() is None:  # it came in the very moment of giving up
                self._free()
            if isinstance(error, TimeoutError) and timer.expired():
                raise TooLong(deadline_s or 0, begun=False) from None
            raise

    def _enqueue(self, lane: str, turn: Turn) -> None:
        own = self._lanes.get(lane, ())
        if self.waiting >= self.waiting_max:
            longest = max(self._lanes.values(), key=len, default=deque[Turn]())
            if len(longest) <= len(own) + 1:
                raise self._no()
            # Room is made at the cost of whoever takes most of it.
            longest.pop().set_exception(self._no())
            self.waiting -= 1
        self._lanes.setdefault(lane, deque()).append(turn)
        self.waiting += 1

    def _leave(self, lane: str, turn: Turn) -> None:
        if turn in self._lanes.get(lane, ()):
            self._lanes[lane].remove(turn)
            self.waiting -= 1

    def _no(self) -> Overloaded:
        self.refused += 1
        return Overloaded(1 + self.waiting // (32 * self.threads))

    def _take(self) -> None:
        self.running += 1
        self._idle.clear()

    def _free(self) -> None:
        """Gives a thread to the next lane in turn."""
        self.running -= 1
        while self._lanes and self.running < self.threads:
            name, lane = self._lanes.popitem(last=False)
            if not lane:
                continue
            turn = lane.popleft()
            self.waiting -= 1
            if lane:
                self._lanes[name] = lane  # behind all others
            if not turn.done():
                self._take()
                turn.set_result(None)
        if not self.running:
            self._idle.set()
