"""How easily a memory comes back: it fades with time, and each use strengthens it.

    m = ln Σ_j (now − t_j)^−d_j        d_j = c · e^(m at t_j) + a

t_j are the moment it was said and the moments it was recalled. A use that comes while the memory is
still strong decays faster, so spaced uses last longer than massed ones.

Source:
    Base-level activation of ACT-R (Anderson & Schooler, 1991); the decay that depends on activation is
    Pavlik & Anderson (Cognitive Science 29, 2005) with their c = 0.217 and a = 0.177, in seconds. Uses
    before the kept ones enter by the approximation of Petrov (ICCM 2006), with the plain decay a.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

SCALE, FLOOR_DECAY = 0.217, 0.177
KEPT_MAX = 24
"""How many latest uses are kept whole."""

_SECOND_MIN = 1.0


def activation(said_us: int, recent_us: Sequence[int], count: int, now_us: int) -> float:
    """The base-level activation of a memory; higher is stronger.

    Args:
        said_us: when it was first laid down.
        recent_us: the latest uses, ascending.
        count: how often it was used in all.
        now_us: the present; moments after it count as just now.
    """
    moments = [said_us, *recent_us]
    decays: list[float] = []
    for place, moment in enumerate(moments):
        earlier = _strength(moments[:place], decays, moment)
        decays.append(SCALE * math.exp(earlier) + FLOOR_DECAY)
    total = math.exp(_strength(moments, decays, now_us))
    missing = count - len(recent_us)
    if missing > 0 and recent_us:
        first = _age_s(said_us, now_us)
        last = _age_s(recent_us[0], now_us)
        if first > last:
            rest = 1 - FLOOR_DECAY
            total += missing * (first**rest - last**rest) / (rest * (first - last))
    return math.log(total)


def _strength(moments: Sequence[int], decays: Sequence[float], at_us: int) -> float:
    if not moments:
        return -math.inf
    return math.log(
        sum(_age_s(moment, at_us) ** -decay for moment, decay in zip(moments, decays, strict=False))
    )


def _age_s(moment_us: int, now_us: int) -> float:
    return max((now_us - moment_us) / 1e6, _SECOND_MIN)
