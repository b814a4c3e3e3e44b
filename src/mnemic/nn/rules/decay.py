"""Products of keys under decay, which may be so strong that dividing by it would overflow."""

from __future__ import annotations

import torch
from torch import Tensor

SPAN = 60.0
"""Summed log decay over a chunk up to which dividing by half of it is safe: e^30 is far from the
largest number, and a factor of any size keeps its relative precision."""

SUB_BLOCK = 16
"""Side of the diagonal blocks done directly: memory C * SUB_BLOCK * K, not C * C * K."""


def decayed_products(x: Tensor, y: Tensor, gx: Tensor, gy: Tensor, *, strict: bool) -> Tensor:
    """P_ij = sum_d x_id y_jd exp(gx_id - gy_jd) for j <= i (j < i if strict), else 0.

    Args:
        x: [..., C, K].
        y: [..., C, K].
        gx: [..., C, K or 1] summed log decay up to the reader; at most gy_j for every j it sees.
        gy: [..., C, K or 1] summed log decay up to and with the writer, falling with time.
        strict: whether a token does not see itself.

    Returns:
        [..., C, C]. Leading axes broadcast, so that several x or y can share one decay, whose
        weights cost most.
    """
    if gy.shape[-1] == 1:
        return (x @ y.transpose(-1, -2)) * _weights(gx, gy, strict)[..., 0]
    size = x.shape[-2]
    top = torch.maximum(gx[..., :1, :], gy[..., :1, :])
    low = torch.minimum(gx[..., -1:, :], gy[..., -1:, :])
    # Looking at a number makes a GPU wait; there the sub-blocks cost less than the look.
    if x.device.type == "cpu" and bool((top - low).amax() <= SPAN):
        middle = (top + low) / 2
        mild = (x * (gx - middle).exp()) @ (y * (middle - gy).exp()).transpose(-1, -2)
        return mild.tril(-1 if strict else 0)
    rows = []
    for start in range(0, size, SUB_BLOCK):
        stop = min(start + SUB_BLOCK, size)
        here = slice(start, stop)
        near = _weights(gx[..., here, :], gy[..., here, :], strict)
        blocks = [torch.einsum("...id,...jd,...ijd->...ij", x[..., here, :], y[..., here, :], near)]
        if start:
            # Both exponents are measured from the last token before the block, so both are <= 0.
            mark = gy[..., start - 1 : start, :]
            reader = x[..., here, :] * (gx[..., here, :] - mark).exp()
            writer = y[..., :start, :] * (mark - gy[..., :start, :]).exp()
            blocks.insert(0, reader @ writer.transpose(-1, -2))
        if stop < size:
            blocks.append(x.new_zeros((*blocks[0].shape[:-1], size - stop)))
        rows.append(torch.cat(blocks, -1))
    return torch.cat(rows, -2)


def _weights(gx: Tensor, gy: Tensor, strict: bool) -> Tensor:
    """exp(gx_i - gy_j) below the diagonal, 0 above: masked before exp, where it could overflow."""
    size = gx.shape[-2]
    seen = torch.ones(size, size, dtype=torch.bool, device=gx.device).tril(-1 if strict else 0)
    gap = gx.unsqueeze(-2) - gy.unsqueeze(-3)
    return gap.masked_fill(~seen.unsqueeze(-1), float("-inf")).exp()
