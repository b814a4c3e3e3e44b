"""The memories compared, as data; and the control: a state of as many bytes as state and cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch

from mnemic.errors import InvalidInput
from mnemic.nn.models import LanguageModel, ModelConfig

VOCABULARY, WIDTH = 256, 64

HOLA: Mapping[str, Any] = MappingProxyType({"width": 32, "chunk": 16, "gate_init": 0.0})
"""Score `write` by default: what the state really committed."""

DELTA = MappingProxyType({"rule": "delta"})
DELTA_CACHE = MappingProxyType({"rule": "delta", "cache": HOLA})

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
        IER: ({**IMPORTANT, "cache": POOLED}, DELTA),
    }
)
"""Layers of d = 64, two heads, keys of 16, values of 32, no MLP; the short convolution has 4 taps."""

CONTROLS: Mapping[str, str] = MappingProxyType(
    {"delta, same bytes": "delta+cache", "delta, same bytes and gates": IER}
)
"""The delta rule with keys so wide in the lower layer that it has the bytes of that memory."""


def memory_names() -> tuple[str, ...]:
    """All memories that can be compared."""
    return (*MEMORIES, *CONTROLS)


def config_of(memory: str) -> ModelConfig:
    """The model of that name.

    Raises:
        InvalidInput: there is no such memory.
    """
    if memory in CONTROLS:
        return _same_bytes(CONTROLS[memory])
    if memory not in MEMORIES:
        raise InvalidInput(
            f"there is no memory {memory!r}; the memories are: {', '.join(memory_names())}"
        )
    return _config(MEMORIES[memory])


def sizes_of(config: ModelConfig, length: int) -> tuple[int, int]:
    """Bytes of state and of cache for one sequence, counted after `length` tokens were read."""
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        state = LanguageModel(config)(torch.zeros(1, length, dtype=torch.int64)).state
    return state.state_bytes, state.cache_bytes


def _config(layers: Sequence[Mapping[str, Any]]) -> ModelConfig:
    return ModelConfig(VOCABULARY, WIDTH, layers)


def _same_bytes(memory: str) -> ModelConfig:
    """The widest keys in the lower layer that stay within the bytes of that memory.

    All in one layer: measured better than half in each. The gates are those of the memory's lower
    layer. Both sides count all they carry, the cache's block and bookkeeping and the convolutions'
    tails included.
    """
    lower = {name: value for name, value in MEMORIES[memory][0].items() if name != "cache"}
    budget = sum(sizes_of(_config(MEMORIES[memory]), 1))

    def made(key_width: int) -> ModelConfig:
        return _config([{**lower, "key_width": key_width}, DELTA])

    first, second = (sum(sizes_of(made(width), 1)) for width in (16, 17))
    return made(16 + (budget - first) // (second - first))
