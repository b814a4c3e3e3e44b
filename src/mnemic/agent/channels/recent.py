"""How lately an episode was said, in [0, 1]; it only breaks near ties."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.view import View
from mnemic.agent.write.prepare import to_us

if TYPE_CHECKING:
    from datetime import datetime

_DAY_US = 86_400_000_000


def recency(view: View, now: datetime, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """1 / (1 + age in days)^½ of these rows; what lies in the future counts as now.

    Source:
        The power law of retention, with the decay d = 0.5 of ACT-R (Anderson & Schooler, 1991).
    """
    age_days = np.maximum(to_us(now) - view.said_us[rows], 0) / _DAY_US
    return (1.0 / np.sqrt(1.0 + age_days)).astype(np.float32)
