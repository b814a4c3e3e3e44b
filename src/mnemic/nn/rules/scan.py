"""What the chunked forms share: cutting time into chunks, and carrying S from one to the next.

Within a chunk every matrix rule reduces to the same three lines (NOTES.md of each rule says how):

    u  = U - W S          what is written, corrected by what the state already says
    o  = Q S + A u        the state's answer, and that of the chunk's own writes
    S' = D S + K^T u
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from mnemic.nn.axes import Matrix


def split(x: Tensor, size: int) -> Tensor:
    """[B, T, H, ...] as [B, H, N, C, ...], the last chunk filled up with zeros."""
    short = -x.shape[1] % size
    if short:
        x = pad(x, (0, 0) * (x.ndim - 2) + (0, short))
    batch, length = x.shape[:2]
    return x.reshape(batch, length // size, size, *x.shape[2:]).movedim(3, 1)


def join(x: Tensor, length: int) -> Tensor:
    """[B, H, N, C, ...] as [B, T, H, ...], without the filling."""
    x = x.movedim(1, 3)
    return x.reshape(x.shape[0], -1, *x.shape[3:])[:, :length]


@dataclass(frozen=True, slots=True)
class Parts:
    """The factors of the three lines above, for all chunks at once.

    Args:
        u: [B, H, N, C, V] writes as they would be into an empty state.
        w: [B, H, N, C, K] how the state corrects them; None: not at all.
        q: [B, H, N, C, K] queries, decayed from the chunk's start.
        a: [B, H, N, C, C] queries against the chunk's own keys, causal.
        k: [B, H, N, C, K] keys, decayed to the chunk's end.
        decay: [B, H, N, K or 1, 1] of the state over the chunk; None: none.
    """

    u: Tensor
    w: Tensor | None
    q: Tensor
    a: Tensor
    k: Tensor
    decay: Tensor | None = None


def scan(state: Matrix, parts: Parts) -> tuple[Matrix, Tensor, Tensor]:
    """Carries S through the chunks.

    Returns:
        S after the last chunk; outputs and corrected writes u, both [B, H, N, C, V].
    """
    keys_t = parts.k.transpose(-1, -2)
    written = []
    before = []
    for n in range(parts.u.shape[2]):
        before.append(state)
        u = parts.u[:, :, n]
        if parts.w is not None:
            u = u - parts.w[:, :, n] @ state
        kept = state if parts.decay is None else parts.decay[:, :, n] * state
        state = kept + keys_t[:, :, n] @ u
        written.append(u)
    u_all = torch.stack(written, 2)
    out = parts.q @ torch.stack(before, 2) + parts.a @ u_all
    return state, out, u_all
