"""The gated delta rule, a chunk at a time; derivation in NOTES.md."""

from __future__ import annotations

import torch

from mnemic.nn.axes import Gates, Matrix, Values
from mnemic.nn.inputs import Inputs
from mnemic.nn.rules.decay import decayed_products
from mnemic.nn.rules.scan import Parts, join, scan, split


def chunked(matrix: Matrix, inputs: Inputs, size: int) -> tuple[Matrix, Values, Gates]:
    """T tokens by the WY form under decay, per head or per key.

    Source:
        Yang et al., 2024, section 3.3, arXiv:2412.06464; Kimi Team, 2025, arXiv:2510.26692.
        Differs: products under strong decay are taken in sub-blocks, see ../decay.py.
    """
    assert inputs.beta is not None
    assert inputs.log_decay is not None
    length = inputs.q.shape[1]
    q, k, v = (split(x, size) for x in (inputs.q, inputs.k, inputs.v))
    beta = split(inputs.beta, size).unsqueeze(-1)
    g = split(inputs.log_decay.reshape(*inputs.k.shape[:3], -1), size).cumsum(-2)
    solved = torch.linalg.solve_triangular(
        decayed_products(beta * k, k, g, g, strict=True),
        torch.cat([beta * v, beta * k * g.exp()], -1),
        upper=False,
        unitriangular=True,
    )
    u, w = solved.split([v.shape[-1], k.shape[-1]], -1)
    end = g[..., -1:, :]
    parts = Parts(
        u,
        w,
        q * g.exp(),
        decayed_products(q, k, g, g, strict=False),
        k * (end - g).exp(),
        end.exp().transpose(-1, -2),
    )
    matrix_next, out, written = scan(matrix, parts)
    magnitude = written.detach().norm(dim=-1) * k.detach().norm(dim=-1)
    return matrix_next, join(out, length), join(magnitude, length)
