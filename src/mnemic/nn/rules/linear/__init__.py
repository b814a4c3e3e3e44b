"""Linear attention: every pair is added, none is corrected."""

from __future__ import annotations

from mnemic.nn.rules.linear.chunk import chunked
from mnemic.nn.rules.linear.spec import law
from mnemic.nn.rules.matrix import MatrixRule


def linear() -> MatrixRule:
    """Linear attention without normaliser; the caller applies the feature map to q and k."""
    return MatrixRule("linear", frozenset(), law, chunked)
