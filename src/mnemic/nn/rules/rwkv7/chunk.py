"""RWKV-7's recurrence, a chunk at a time; derivation in NOTES.md."""

from __future__ import annotations

import torch

from mnemic.nn.axes import Gates, Matrix, Values
from mnemic.nn.inputs import Inputs
from mnemic.nn.rules.decay import decayed_products
from mnemic.nn.rules.rwkv7.spec import write_magnitude
from mnemic.nn.rules.scan import Parts, join, scan, split


def chunked(matrix: Matrix, inputs: Inputs, size: int) -> tuple[Matrix, Values, Gates]:
    """T tokens: writes and removals as one list of 2C rows per chunk."""
    assert inputs.log_decay is not None
    assert inputs.a is not None
    assert inputs.kk is not None
    length = inputs.q.shape[1]
    q, k, v, kk = (split(x, size) for x in (inputs.q, inputs.k, inputs.v, inputs.kk))
    removal = split(inputs.a * inputs.kk, size)
    log_decay = split(inputs.log_decay, size)
    g = log_decay.cumsum(-2)
    before = g - log_decay
    written = torch.stack([removal, k])
    kk_removal, kk_k = decayed_products(kk[None], written, before[None], g[None], strict=True)
    q_removal, q_k = decayed_products(q[None], written, g[None], g[None], strict=False)
    solved = torch.linalg.solve_triangular(
        kk_removal,
        torch.cat([kk_k @ v, kk * before.exp()], -1),
        upper=False,
        unitriangular=True,
    )
    z, w = solved.split([v.shape[-1], k.shape[-1]], -1)
    end = g[..., -1:, :]
    to_end = (end - g).exp()
    # Rows 0..C-1 are the writes v, which the state does not correct; rows C..2C-1 are -z.
    parts = Parts(
        torch.cat([v, -z], -2),
        torch.cat([torch.zeros_like(w), w], -2),
        q * g.exp(),
        torch.cat([q_k, q_removal], -1),
        torch.cat([k * to_end, removal * to_end], -2),
        end.exp().transpose(-1, -2),
    )
    matrix_next, out, rows = scan(matrix, parts)
    magnitude = write_magnitude(-rows[..., size:, :], removal, k, v)
    return matrix_next, join(out, length), join(magnitude, length)
