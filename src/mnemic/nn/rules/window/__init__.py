"""Sliding-window attention: the last pairs, exactly, and nothing before them."""

from __future__ import annotations

from mnemic.nn.rules.attention import AttentionRule
from mnemic.nn.state import check_sizes


def window(width: int = 64) -> AttentionRule:
    """The last `width` tokens are seen, the current one included.

    Raises:
        InvalidTensor: `width` below 1.
    """
    check_sizes(width=width)
    return AttentionRule(f"window({width})", width)
