"""The rows that a window of time lets in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.records import Window
from mnemic.agent.view import View
from mnemic.agent.write.prepare import to_us


def inside(window: Window, view: View) -> NDArray[np.bool_]:
    """Which rows lie in the window by its clock; by any of said and happened where it has none."""
    start, end = to_us(window.span.start), to_us(window.span.end)
    said = (view.said_us >= start) & (view.said_us < end)
    if window.clock == "said":
        return said
    if window.clock == "ingested":
        return (view.ingested_us >= start) & (view.ingested_us < end)
    happened = (view.happened_from_us < end) & (view.happened_to_us > start)
    return happened if window.clock == "happened" else happened | said
