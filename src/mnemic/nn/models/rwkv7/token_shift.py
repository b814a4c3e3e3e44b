"""The token before: what RWKV mixes every token with, and the one token it has to remember."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from mnemic.errors import StateMismatch
from mnemic.nn.axes import Mask
from mnemic.nn.layers import ConvState

NAME = "token_shift"
"""What a state remembers of its maker."""


class Shifted(NamedTuple):
    """state after the tokens; before [B, T, D]: of each token the one before it."""

    state: ConvState
    before: Tensor


def init_shift(batch: int, width: int, dtype: torch.dtype, device: torch.device) -> ConvState:
    """Zeros, as if before the first token there were nothing."""
    return ConvState(NAME, 0, torch.zeros((batch, 1, width), dtype=dtype, device=device))


def shift(state: ConvState | None, x: Tensor, mask: Mask | None) -> Shifted:
    """Each token's predecessor; padding on the left is skipped.

    Args:
        state: before the tokens; its tail is the last of them.
        x: [B, T, D].
        mask: [B, T], padding on the left only.

    Raises:
        StateMismatch: a state of something else, or another number of rows.
    """
    if state is None or state.rule != NAME:
        made = None if state is None else state.rule
        raise StateMismatch(
            f"{NAME!r} was given a state of {made!r}; begin with the model's own init_state"
        )
    wanted = (x.shape[0], 1, x.shape[2])
    if state.tail.shape != wanted:
        raise StateMismatch(
            f"the state's tail is {tuple(state.tail.shape)}, the inputs want {wanted}; "
            "the batch cannot change between calls: begin with init_state"
        )
    tail = state.tail.to(x.dtype)
    before = torch.cat([tail, x[:, :-1]], 1)
    # A clone: a slice would hold on to the whole run's memory.
    last = x[:, -1:].to(state.tail.dtype).clone()
    if mask is not None:
        first = mask & ~pad(mask[:, :-1], (1, 0))
        before = torch.where(first.unsqueeze(-1), tail, before)
        last = torch.where(mask[:, -1:].unsqueeze(-1), last, state.tail)
    return Shifted(ConvState(NAME, state.position + x.shape[1], last), before)
