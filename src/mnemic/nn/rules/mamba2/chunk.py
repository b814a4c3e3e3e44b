"""Mamba-2's recurrence, a chunk at a time; derivation in NOTES.md."""

from __future__ import annotations

from mnemic.nn.axes import Gates, Matrix, Values
from mnemic.nn.inputs import Inputs
from mnemic.nn.rules.decay import decayed_products
from mnemic.nn.rules.scan import Parts, join, scan, split


def chunked(matrix: Matrix, inputs: Inputs, size: int) -> tuple[Matrix, Values, Gates]:
    """T tokens: decayed attention without softmax inside a chunk, the state between chunks.

    Source:
        Dao & Gu, 2024, section 6 (block decomposition), arXiv:2405.21060.
        Differs: products under decay per key are taken in sub-blocks.
    """
    assert inputs.beta is not None
    assert inputs.log_decay is not None
    length = inputs.q.shape[1]
    q, k = (split(x, size) for x in (inputs.q, inputs.k))
    u = split(inputs.beta.unsqueeze(-1) * inputs.v, size)
    g = split(inputs.log_decay.reshape(*inputs.k.shape[:3], -1), size).cumsum(-2)
    end = g[..., -1:, :]
    parts = Parts(
        u,
        None,
        q * g.exp(),
        decayed_products(q, k, g, g, strict=False),
        k * (end - g).exp(),
        end.exp().transpose(-1, -2),
    )
    matrix_next, out, written = scan(matrix, parts)
    magnitude = written.detach().norm(dim=-1) * k.detach().norm(dim=-1)
    return matrix_next, join(out, length), join(magnitude, length)
