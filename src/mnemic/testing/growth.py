"""How the cost of work grows with its input. Seconds differ between machines; growth does not."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeVar

Input = TypeVar("Input")

TIMES = 8
"""How much longer the long input is: linear work takes 8 times as long, quadratic work 64 times."""
MORE_MAX = 24
"""The most that the long input may cost, in costs of the short one: between the two."""
FREE_S = 0.005
"""What takes less than this, in seconds of processor, is not worth a comparison."""
ROUNDS = 6


def repeated(unit: str, before: str = "", after: str = "") -> Callable[[int], str]:
    """Texts of a wanted length: `unit` over and over, between `before` and `after`."""
    return lambda length: before + unit * (length // len(unit)) + after


def assert_linear(
    work: Callable[[Input], object],
    made: Callable[[int], Input],
    length: int = 100_000,
    *,
    more_max: float = MORE_MAX,
) -> None:
    """Nothing, where the processor time of `work` grows about as its input does.

    Both inputs are worked on in turn, up to six times, and the least time of each counts, so that
    a busy machine delays the answer and does not change it.

    Args:
        work: Runs on the calling thread; other threads' time is not seen.
        made: Gives the input of a length, e.g. `repeated("last ")`.
        length: The length of the long input; the short one has an eighth of it.
        more_max: The most that the long input may cost, in costs of the short one.

    Raises:
        AssertionError: It cost more, in every round.
    """
    short, long = made(length // TIMES), made(length)
    short_s = long_s = math.inf
    for _ in range(ROUNDS):
        short_s = min(short_s, _seconds(work, short))
        long_s = min(long_s, _seconds(work, long))
        if long_s <= max(FREE_S, more_max * short_s):
            return
    raise AssertionError(
        f"{TIMES} times the input takes {long_s / short_s:.0f} times the time "
        f"({short_s * 1000:.1f} ms, then {long_s * 1000:.1f} ms) for {str(long)[:60]!r}…"
    )


def _seconds(work: Callable[[Input], object], given: Input) -> float:
    began = time.thread_time()
    work(given)
    return time.thread_time() - began
