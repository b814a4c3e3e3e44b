"""Linear attention, a chunk at a time; derivation in NOTES.md."""

from __future__ import annotations

from mnemic.nn.axes import Gates, Matrix, Values
from mnemic.nn.inputs import Inputs
from mnemic.nn.rules.scan import Parts, join, scan, split


def chunked(matrix: Matrix, inputs: Inputs, size: int) -> tuple[Matrix, Values, Gates]:
    """T tokens: attention without softmax inside a chunk, the state between chunks.

    Source:
        Gated Linear Attention (Yang et al., 2023), section 2.2, arXiv:2312.06635.
    """
    length = inputs.q.shape[1]
    q, k, v = (split(x, size) for x in (inputs.q, inputs.k, inputs.v))
    matrix_next, out, _ = scan(matrix, Parts(v, None, q, (q @ k.transpose(-1, -2)).tril(), k))
    magnitude = inputs.v.detach().norm(dim=-1) * inputs.k.detach().norm(dim=-1)
    return matrix_next, join(out, length), magnitude
