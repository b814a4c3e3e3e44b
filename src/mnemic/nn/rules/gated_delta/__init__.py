"""Gated DeltaNet and, with a decay per key, Kimi Delta Attention."""

from __future__ import annotations

from mnemic.nn.rules.gated_delta.chunk import chunked
from mnemic.nn.rules.gated_delta.spec import law
from mnemic.nn.rules.matrix import MatrixRule


def gated_delta() -> MatrixRule:
    """The delta rule on a state that fades; needs beta and log_decay (per head, or per key)."""
    return MatrixRule("gated_delta", frozenset({"beta", "log_decay"}), law, chunked)
