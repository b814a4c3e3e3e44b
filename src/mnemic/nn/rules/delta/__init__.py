"""DeltaNet: what a key held is replaced, in part, by what it should hold."""

from __future__ import annotations

from mnemic.nn.rules.delta.chunk import chunked
from mnemic.nn.rules.delta.spec import law
from mnemic.nn.rules.matrix import MatrixRule


def delta() -> MatrixRule:
    """The delta rule; needs beta."""
    return MatrixRule("delta", frozenset({"beta"}), law, chunked)
