"""The exact cache by its definition: one mask over all pairs of tokens. Quadratic; the reference.

Nothing here is shared with the other two forms but the scores.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mnemic.nn.axes import Scores
from mnemic.nn.exact.read import LENGTH_MIN


def visible(score: Scores, pads: tuple[int, ...], width: int, chunk: int) -> Tensor:
    """[B, H, T, T] bool: which token (last axis) each token may read.

    Counted from the row's first real token: a token of the reader's own block is visible if it is
    not later; an earlier one if fewer than W tokens before the block are better. Better is a higher
    score, or the same score and an earlier position.

    Args:
        score: [B, H, T].
        pads: padding on the left, by row.
        width: W.
        chunk: C.
    """
    length = score.shape[-1]
    lead = torch.tensor(pads, device=score.device).reshape(-1, 1, 1, 1)
    at = torch.arange(length, device=score.device) - lead
    reader, other = at.transpose(-1, -2), at
    block_start = reader.div(chunk, rounding_mode="floor") * chunk
    past = (other < block_start) & (other >= 0)
    higher = score.unsqueeze(-1) > score.unsqueeze(-2)
    equal = score.unsqueeze(-1) == score.unsqueeze(-2)
    better = higher | (equal & (at.transpose(-1, -2) < at))
    # better[i, j]: i is better than j; past[t, i]: i stands before t's block.
    rank = past.double() @ better.double()
    own_block = (other >= block_start) & (other <= reader)
    return ((past & (rank < width)) | own_block) & (reader >= 0) & (other >= 0)


def dense(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    seen: Tensor,
    gammas: tuple[Tensor, Tensor],
    sink: Tensor,
    norm: str,
) -> Tensor:
    """Softmax attention under a mask, with a sink: [B, H, T, V].

    Args:
        q: [B, H, T, K].
        k: [B, H, T, K].
        v: [B, H, T, V].
        seen: [B, H, T, T] bool.
        gammas: [K] of queries, [K] of keys.
        sink: [H].
        norm: of queries and keys.
    """
    q_read, k_read = (_normalised(x, norm) * gamma for x, gamma in zip((q, k), gammas, strict=True))
    logits = torch.einsum("bhik,bhjk->bhij", q_read, k_read) / q.shape[-1] ** 0.5
    nothing = sink.reshape(1, -1, 1, 1).expand(*logits.shape[:3], 1)
    everything = torch.cat([logits.masked_fill(~seen, float("-inf")), nothing], -1)
    return torch.einsum("bhij,bhjv->bhiv", everything.softmax(-1)[..., :-1], v)


def _normalised(x: Tensor, norm: str) -> Tensor:
    length = (x**2).sum(-1, keepdim=True).sqrt().clamp_min(LENGTH_MIN)
    return x / length * (x.shape[-1] ** 0.5 if norm == "rms" else 1.0)
