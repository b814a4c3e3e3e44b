"""The earliest or the latest of what strongly bears on a question, where it asks for that.

A row bears *strongly* on the question if its score is at least STRONG of the best one's, counted
from the score that the FLOOR_RANK-th row still has: the fused score is a sum of parts of which some
(recency, a window, a neighbour) say little, and the rows further down show how much that is. Among
the strong rows at the top the order becomes that of time; all others keep their place behind them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.when.aim import Aim

STRONG = 0.5
"""How much of the way from the floor to the best score a strongly relevant row has gone."""

FLOOR_RANK = 50
"""The rank whose score counts as that of a row that merely shares something with the question."""

STRONG_MAX = 20
"""At most so many rows are taken for strongly relevant."""


def in_order(
    score: NDArray[np.float32], said_us: NDArray[np.int64], happened_us: NDArray[np.int64], aim: Aim
) -> NDArray[np.int64]:
    """The places of the rows, best first, with what the aim asks for ahead.

    Args:
        score: (N,) relevance of each row, best first.
        said_us: (N,) when each was said, in microseconds.
        happened_us: (N,) when what it tells of began, in microseconds.
        aim: what the question asks of order; where it asks for a saying, `said_us` is what counts,
            else `happened_us`; the other one breaks ties.

    Returns:
        A permutation of 0 to N - 1; the identity for an aim that asks for no order.
    """
    places = np.arange(len(score), dtype=np.int64)
    if aim.kind not in ("first", "last") or len(score) < 2:
        return places
    strong = places[strong_rows(score)]
    sign = 1 if aim.kind == "first" else -1
    major, minor = (said_us, happened_us) if aim.saying else (happened_us, said_us)
    by_time = np.lexsort((strong, sign * minor[strong], sign * major[strong]))
    rest = np.setdiff1d(places, strong, assume_unique=True)
    return np.concatenate((strong[by_time], rest))


def strong_rows(score: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which rows, given best first, bear strongly on the question; see the module."""
    mask = np.zeros(len(score), dtype=bool)
    if not len(score) or not np.isfinite(score[0]):
        return mask
    finite = score[np.isfinite(score)]
    floor = float(finite[min(FLOOR_RANK, len(finite)) - 1]) if len(finite) > 1 else 0.0
    floor = min(floor, float(finite[0]))
    limit = floor + STRONG * (float(finite[0]) - floor)
    mask[:STRONG_MAX] = score[:STRONG_MAX] >= limit
    return mask
