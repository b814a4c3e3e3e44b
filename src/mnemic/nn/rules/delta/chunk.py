"""The delta rule, a chunk at a time; derivation in NOTES.md."""

from __future__ import annotations

import torch

from mnemic.nn.axes import Gates, Matrix, Values
from mnemic.nn.inputs import Inputs
from mnemic.nn.rules.scan import Parts, join, scan, split


def chunked(matrix: Matrix, inputs: Inputs, size: int) -> tuple[Matrix, Values, Gates]:
    """T tokens by the WY form.

    Source:
        Yang et al., 2024, section 3, arXiv:2406.06484.
        Differs: the triangular system is solved, its inverse never formed.
    """
    assert inputs.beta is not None
    length = inputs.q.shape[1]
    q, k, v = (split(x, size) for x in (inputs.q, inputs.k, inputs.v))
    beta = split(inputs.beta, size).unsqueeze(-1)
    k_t = k.transpose(-1, -2)
    solved = torch.linalg.solve_triangular(
        ((beta * k) @ k_t).tril(-1),
        torch.cat([beta * v, beta * k], -1),
        upper=False,
        unitriangular=True,
    )
    u, w = solved.split([v.shape[-1], k.shape[-1]], -1)
    matrix_next, out, written = scan(matrix, Parts(u, w, q, (q @ k_t).tril(), k))
    magnitude = written.detach().norm(dim=-1) * k.detach().norm(dim=-1)
    return matrix_next, join(out, length), join(magnitude, length)
