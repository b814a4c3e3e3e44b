"""RWKV-7's channel mixing: the MLP, which sees the token before too."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from mnemic.nn.axes import Mask
from mnemic.nn.layers import ConvState
from mnemic.nn.models.rwkv7.token_shift import shift


class ChannelMixed(NamedTuple):
    """state of the shift after the tokens; out [B, T, D]."""

    state: ConvState
    out: Tensor


class ChannelMix(nn.Module):
    """W_v relu(W_k (x + (x_before - x) x_k))^2.

    Args:
        width: D.
        hidden: of the inside.
        height: 0 in the first layer, almost 1 in the last.

    Source:
        RWKV-7 "Goose" (Peng et al., 2025), section 4, arXiv:2503.14456.
    """

    def __init__(self, width: int, hidden: int, height: float) -> None:
        super().__init__()
        line = torch.linspace(0, 1, width)
        self.x_k = nn.Parameter((1 - line.pow((1 - height) ** 4)).reshape(1, 1, width))
        self.key = nn.Linear(width, hidden, bias=False)
        self.value = nn.Linear(hidden, width, bias=False)
        nn.init.zeros_(self.value.weight)

    def forward(self, x: Tensor, state: ConvState | None, mask: Mask | None) -> ChannelMixed:
        """T tokens: x [B, T, D], normalised; mask [B, T], padding on the left only."""
        state_next, before = shift(state, x, mask)
        inside = relu(self.key(x + (before - x) * self.x_k)).square()
        return ChannelMixed(state_next, self.value(inside))
