"""Layers: a rule between projections, with its state as a value.

    project → convolve → gate → remember (rule, and the exact cache) → normalise → project

`Mixer` is that line, `Layer` adds it to its input and an MLP after it, `LayerConfig` is the layer
as data. Tokens may come one by one or many at once, cut anywhere, padded on the left.
"""

from __future__ import annotations

from mnemic.nn.layers.config import LayerConfig
from mnemic.nn.layers.conv import ConvState, ShortConv
from mnemic.nn.layers.layer import Layer
from mnemic.nn.layers.layer_state import LayerState
from mnemic.nn.layers.mixer import Mixer, MixerOutput
from mnemic.nn.layers.mlp import GatedMLP
from mnemic.nn.layers.norm import RMSNorm

__all__ = [
    "ConvState",
    "GatedMLP",
    "Layer",
    "LayerConfig",
    "LayerState",
    "Mixer",
    "MixerOutput",
    "RMSNorm",
    "ShortConv",
]
