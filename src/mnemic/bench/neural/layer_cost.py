"""The layers whose cost is measured, all of one size, and torch's own attention beside them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention, silu

from mnemic.errors import InvalidInput
from mnemic.nn.layers import Layer, LayerConfig, LayerState, RMSNorm, ShortConv
from mnemic.nn.rules.pairs import PairState, extend

WIDTH = 256
SIZES: Mapping[str, Any] = MappingProxyType({"heads": 4, "key_width": 64, "value_width": 64})
CHUNK = 64

LAYERS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "linear": {"rule": "linear"},
        "mamba2": {"rule": "mamba2"},
        "delta": {"rule": "delta"},
        "gated_delta": {"rule": "gated_delta"},
        "rwkv7": {"rule": "rwkv7"},
        "window 512": {"rule": "window", "options": {"width": 512}},
        "delta+cache": {"rule": "delta", "cache": {"width": 64, "chunk": 64}},
        "delta+pooled": {"rule": "delta", "cache": {"kind": "pooled", "width": 64}},
        "softmax": {"rule": "softmax"},
    }
)
"""`softmax` keeps every pair: the growing archive."""

SDPA = "torch SDPA"
"""Causal attention by torch.nn.functional.scaled_dot_product_attention, in the same layer."""


class SdpaLayer(nn.Module):
    """The softmax layer with torch's attention in the middle; it reads, but carries no state."""

    def __init__(self) -> None:
        super().__init__()
        heads, value_width = SIZES["heads"], SIZES["value_width"]
        self.splits = [heads * SIZES["key_width"]] * 2 + [heads * value_width]
        self.norm = RMSNorm(WIDTH)
        self.project = nn.Linear(WIDTH, sum(self.splits), bias=False)
        self.conv = ShortConv(sum(self.splits))
        self.inner_norm = RMSNorm(value_width)
        self.out = nn.Linear(heads * value_width, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, D] to [B, T, D]."""
        mixed = silu(self.conv(self.conv.init_state(x.shape[0]), self.project(self.norm(x))).out)
        q, k, v = (
            part.reshape(*part.shape[:-1], SIZES["heads"], -1).transpose(1, 2)
            for part in torch.split(mixed, self.splits, -1)
        )
        read = scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2)
        done: Tensor = x + self.out(self.inner_norm(read).flatten(-2))
        return done


def make_layer(name: str) -> Layer:
    """The layer of that name, with first weights from a fixed seed.

    Raises:
        InvalidInput: there is no such layer.
    """
    if name not in LAYERS:
        raise InvalidInput(f"there is no layer {name!r}; the layers are: {', '.join(LAYERS)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Layer(WIDTH, LayerConfig.of(LAYERS[name], **SIZES)).eval()


def state_after(layer: Layer, length: int) -> LayerState:
    """A state as large as after `length` tokens.

    What grows is filled with random pairs in place of reading them, which would take the square of
    the length; everything else reads a few hundred tokens, after which its size and speed stand.
    """
    random = torch.Generator().manual_seed(1)
    read = min(length, 512)
    start = torch.randn(1, read, WIDTH, generator=random)
    state: LayerState = layer(start, layer.init_state(1), None, CHUNK).state
    rule = state.rule
    if isinstance(rule, PairState) and rule.width is None and length > read:
        lead = (1, SIZES["heads"], length - read)
        k = torch.randn(*lead, SIZES["key_width"], generator=random)
        v = torch.randn(*lead, SIZES["value_width"], generator=random)
        return LayerState(extend(rule, k, v, None, None), state.conv, state.cache, state.slow)
    return state
