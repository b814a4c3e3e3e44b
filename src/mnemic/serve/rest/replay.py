"""Answers kept by their Idempotency-Key, so that a retry is answered and not done again."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from mnemic.serve.rest.pool import TooLong
from mnemic.serve.rest.refusals import Refusal
from mnemic.serve.rest.settings import Limits

KEY_CHARS_MAX = 255
Name = tuple[str, str, str]


@dataclass(slots=True)
class _Kept:
    mark: bytes
    until_s: float
    answer: asyncio.Future[bytes]
    size: int = 0


class Replay:
    """The answers of a day, bounded in number and bytes; oldest go first. Lost when the server ends.

    What must survive that is durable in the store: an episode's id is the hash of what it says, and
    `remember` keeps its key with the episode.
    """

    def __init__(self, limits: Limits, now_s: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._now_s = limits, now_s
        self._kept: OrderedDict[Name, _Kept] = OrderedDict()
        self._bytes = 0

    async def once(
        self, who: str, operation: str, key: str, said: bytes, do: Callable[[], Awaitable[bytes]],
        wait_s: float | None = None,
    ) -> tuple[bytes, bool]:  # fmt: skip
        """The answer, and whether it is that of an earlier request.

        Args:
            who: the id of the caller's key; empty without keys.
            operation: what is asked.
            key: the Idempotency-Key.
            said: everything that was asked.
            do: asks. If it fails nothing is kept, and a retry asks again. If it takes too long, what
                it still comes to is kept: a retry must not begin it a second time.
            wait_s: how long a retry waits for the first request; None is for ever.

        Raises:
            Refusal: 409 if the key was used for something else.
            TooLong: the first request is still under way.
        """
        self._forget_old()
        name, mark = (who, operation, key), hashlib.sha256(said).digest()
        known = self._kept.get(name)
        if known is not None:
            if known.mark != mark:
                raise Refusal(
                    409,
                    "conflict",
                    "this idempotency key was used for another request; take a new key",
                )
            return await _waited(known.answer, wait_s), True
        kept = _Kept(mark, self._now_s() + self._limits.kept_answers_s,
                     asyncio.get_running_loop().create_future())  # fmt: skip
        self._kept[name] = kept
        try:
            answer = await do()
        except BaseException as error:
            if isinstance(error, TooLong) and error.work is not None:
                error.work.add_done_callback(partial(self._end_late, name, kept))
            else:
                self._fail(name, kept, error)
            raise
        self._keep(kept, answer)
        return answer, False

    def let_go(self) -> None:
        """Empties the answers, which may tell of what was just erased; the keys stay used."""
        for one in self._kept.values():
            if one.answer.done() and one.size:
                self._bytes -= one.size
                one.size = 0
                one.answer = one.answer.get_loop().create_future()
                one.answer.set_exception(
                    Refusal(
                        409,
                        "conflict",
                        "what came with this idempotency key was done; its answer is no longer kept, "
                        "as something was erased since: look before you ask again with a new key",
                    )
                )
                one.answer.exception()  # seen, should nobody ask again

    def _end_late(self, name: Name, kept: _Kept, work: asyncio.Future[bytes]) -> None:
        if work.cancelled():
            self._fail(name, kept, asyncio.CancelledError())
        elif error := work.exception():
            self._fail(name, kept, error)
        else:
            self._keep(kept, work.result())

    def _keep(self, kept: _Kept, answer: bytes) -> None:
        kept.answer.set_result(answer)
        kept.size = len(answer)
        self._bytes += kept.size
        self._forget_old()

    def _fail(self, name: Name, kept: _Kept, error: BaseException) -> None:
        del self._kept[name]
        kept.answer.set_exception(
            Refusal(409, "conflict", "the first request with this key failed; ask again")
            if isinstance(error, asyncio.CancelledError) else error
        )  # fmt: skip
        kept.answer.exception()  # seen, should nobody wait for it

    def _forget_old(self) -> None:
        now = self._now_s()
        for name, one in list(self._kept.items()):
            small = (
                len(self._kept) <= self._limits.kept_answers_max
                and self._bytes <= self._limits.kept_answers_bytes_max
            )
            if small and one.until_s > now:
                break
            if one.answer.done():
                del self._kept[name]
                self._bytes -= one.size


async def _waited(answer: asyncio.Future[bytes], wait_s: float | None) -> bytes:
    try:
        async with asyncio.timeout(wait_s) as timer:
            return await asyncio.shield(answer)
    except TimeoutError:
        if timer.expired():
            raise TooLong(wait_s or 0, begun=True) from None
        raise


def check_key(key: str) -> str:
    """The Idempotency-Key, if it can be one.

    Raises:
        Refusal: 422, it is empty, too long or not printable ASCII.
    """
    if not 1 <= len(key) <= KEY_CHARS_MAX or not (key.isascii() and key.isprintable()):
        raise Refusal(
            422, "invalid-input",
            f"Idempotency-Key has to be 1 to {KEY_CHARS_MAX} printable ASCII characters",
        )  # fmt: skip
    return key
