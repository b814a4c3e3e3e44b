"""The memories compared, as data; and the control: a state of as many bytes as state and cache."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mnemic.bench.neural.lineup import Lineup, sizes_of
from mnemic.nn.models import ModelConfig

__all__ = ["config_of", "memory_names", "sizes_of"]

VOCABULARY, WIDTH = 256, 64

HOLA: Mapping[str, Any] = MappingProxyType({"width": 32, "chunk": 16, "gate_init": 0.0})
"""Score `write` by default: what the state really committed."""

DELTA = MappingProxyType({"rule": "delta"})
DELTA_CACHE = MappingProxyType({"rule": "delta", "cache": HOLA})
DELTA_CACHE_64 = MappingProxyType({"rule": "delta", "cache": {**HOLA, "width": 64}})

IMPORTANT = MappingProxyType({"rule": "delta", "gates_see_conv": True, "slow": 8})
"""The lower layer of IER without its cache: gates that see the convolution and slow features."""

IER = "delta+importance"
"""Slots pooled over heads, in one layer, kept by learned importance (NEURAL notes, section 6)."""

POOLED: Mapping[str, Any] = MappingProxyType({"kind": "pooled", "width": 124})

MEMORIES: Mapping[str, tuple[Mapping[str, Any], ...]] = MappingProxyType(
    {
        "softmax": ({"rule": "softmax"},) * 2,
        "window": ({"rule": "window", "options": {"width": 48}},) * 2,
        "linear": ({"rule": "linear"},) * 2,
        "delta": (DELTA,) * 2,
        "gated_delta": ({"rule": "gated_delta"},) * 2,
        "delta+cache": (DELTA_CACHE,) * 2,
        "delta+cache, W=64": (DELTA_CACHE_64,) * 2,
        IER: ({**IMPORTANT, "cache": POOLED}, DELTA),
    }
)
"""Layers of d = 64, two heads, keys of 16, values of 32, no MLP; the short convolution has 4 taps."""

CONTROLS: Mapping[str, str] = MappingProxyType(
    {"delta, same bytes": "delta+cache", "delta, same bytes and gates": IER}
)
"""The delta rule with keys so wide in the lower layer that it has the bytes of that memory."""


LINEUP = Lineup(VOCABULARY, WIDTH, MEMORIES, CONTROLS)


def memory_names() -> tuple[str, ...]:
    """All memories that can be compared."""
    return LINEUP.names


def config_of(memory: str) -> ModelConfig:
    """The model of that name.

    Raises:
        InvalidInput: there is no such memory.
    """
    return LINEUP.config_of(memory)
