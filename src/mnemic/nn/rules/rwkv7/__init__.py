"""RWKV-7: a decay per key, and a removal that need not be where the write goes."""

from __future__ import annotations

from mnemic.nn.rules.matrix import MatrixRule
from mnemic.nn.rules.rwkv7.chunk import chunked
from mnemic.nn.rules.rwkv7.spec import law


def rwkv7() -> MatrixRule:
    """RWKV-7's time mixing; needs log_decay (per key, log w), a and kk; q is their r."""
    needs = frozenset({"log_decay", "a", "kk"})
    return MatrixRule("rwkv7", needs, law, chunked, decay_per_key=True)
