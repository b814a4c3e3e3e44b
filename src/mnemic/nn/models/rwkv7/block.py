"""A block of RWKV-7: time mixing, then channel mixing, each on a normalised copy."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from mnemic.nn.axes import Mask, Values
from mnemic.nn.layers import LayerState
from mnemic.nn.models.rwkv7.channel_mix import ChannelMix
from mnemic.nn.models.rwkv7.config import Rwkv7Config
from mnemic.nn.models.rwkv7.time_mix import TimeMix
from mnemic.nn.models.rwkv7.token_shift import init_shift


class BlockOutput(NamedTuple):
    """state after the tokens; x [B, T, D]; first [B, T, H, V]: layer 0's values."""

    state: LayerState
    x: Tensor
    first: Values


class Block(nn.Module):
    """x + att(ln1(x)), then x + ffn(ln2(x)); block 0 also holds ln0, the embedding's norm."""

    def __init__(self, config: Rwkv7Config, layer: int) -> None:
        super().__init__()
        self.config = config
        self.ln1 = nn.LayerNorm(config.width)
        self.ln2 = nn.LayerNorm(config.width)
        if layer == 0:
            self.ln0 = nn.LayerNorm(config.width)
        self.att = TimeMix(config, layer)
        self.ffn = ChannelMix(config.width, config.hidden, layer / config.layers)

    def init_state(self, batch: int, dtype: torch.dtype, device: torch.device) -> LayerState:
        """Before the first token."""
        c = self.config
        rule = self.att.rule.init_state(batch, c.heads, c.head_size, c.head_size, dtype, device)
        before = init_shift(batch, c.width, dtype, device)
        return LayerState(rule, before, shift=before)

    def forward(
        self,
        x: Tensor,
        state: LayerState,
        first: Values | None,
        mask: Mask | None,
        size: int | None,
    ) -> BlockOutput:
        """T tokens, x [B, T, D]; the rest as in `TimeMix`."""
        mixed = self.att(self.ln1(x), state.rule, state.conv, first, mask, size)
        x = x + mixed.out
        shift_next, out = self.ffn(self.ln2(x), state.shift, mask)
        state_next = LayerState(mixed.rule, mixed.conv, shift=shift_next)
        return BlockOutput(state_next, x + out, mixed.first)
