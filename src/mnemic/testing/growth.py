"""How the cost of work grows with its input. Seconds differ between machines; growth does not."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeVar

Input = TypeVar("Input")

TIMES = 8
"""How much longer the long input is: linear work takes 8 times as long, quadratic work 64 times."""
MORE_MAX = 16
"""The most that the long input may cost, in costs of the short one: between the two."""
FREE_S = 0.005
"""What takes less than this, in seconds of processor, is not worth a comparison."""
LONG_S = 2.0
"""What takes longer than this, in seconds of processor, is slow however it grows."""
ROUNDS = 6


def repeated(unit: str, before: str = "", after: str = "") -> Callable[[int], str]:
    """Texts of a wanted length: `unit` over and over, between `before` and `after`."""
    return lambda length: before + (unit * (length // len(unit) + 1))[:length] + after


def assert_linear(
    work: Callable[[Input], object],
    made: Callable[[int], Input],
    length: int = 100_000,
    *,
    more_max: float = MORE_MAX,
) -> None:
    """Nothing, where the processor time of `work` grows about as its input does.

    Both inputs are worked on in turn, up to six times, each time a little shorter, and the least
    time of each counts, so that a busy machine delays the answer and does not change it, nor does
    what is loaded once or kept from one time to the next. Work that cuts its input is to be given a
    length at the cut too.

    Args:
        work: Runs on the calling thread; other threads' time is not seen.
        made: Gives the input of a length, e.g. `repeated("last ")`.
        length: The length of the long input; the short one has an eighth of it.
        more_max: The most that the long input may cost, in costs of the short one.

    Raises:
        AssertionError: It cost more, or more than two seconds, in every round.
    """
    work(made(length // TIMES - ROUNDS))
    short_s = long_s = math.inf
    for less in range(ROUNDS):
        long = made(length - less)
        short_s = min(short_s, _seconds(work, made(length // TIMES - less)))
        long_s = min(long_s, _seconds(work, long))
        if long_s <= min(LONG_S, max(FREE_S, more_max * short_s)):
            return
    raise AssertionError(
        f"{TIMES} times the input takes {long_s / short_s:.0f} times the time "
        f"({short_s * 1000:.1f} ms, then {long_s * 1000:.1f} ms) for {str(long)[:60]!r}…"
    )


def _seconds(work: Callable[[Input], object], given: Input) -> float:
    began = time.thread_time()
    work(given)
    return time.thread_time() - began
