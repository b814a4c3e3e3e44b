"""Mamba-2: linear attention on a state that fades (with a decay per key: GLA)."""

from __future__ import annotations

from mnemic.nn.rules.mamba2.chunk import chunked
from mnemic.nn.rules.mamba2.spec import law
from mnemic.nn.rules.matrix import MatrixRule


def mamba2() -> MatrixRule:
    """Decayed linear attention; needs log_decay and beta (their step size Δ)."""
    return MatrixRule("mamba2", frozenset({"beta", "log_decay"}), law, chunked)
