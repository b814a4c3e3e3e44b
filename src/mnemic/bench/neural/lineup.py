"""Who is compared on a task: memories as data, and controls with as many bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from mnemic.errors import InvalidInput
from mnemic.nn.models import LanguageModel, ModelConfig

Layers = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Lineup:
    """Models by name, alike but for their memory.

    Args:
        vocabulary: of all models.
        width: D, of all models.
        memories: the layers of each, from bottom to top.
        controls: by name, the memory whose bytes each of them gets as plain state.
        defaults: what layers have that do not say otherwise.
    """

    vocabulary: int
    width: int
    memories: Mapping[str, Layers]
    controls: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """All that can be compared."""
        return (*self.memories, *self.controls)

    def config_of(self, memory: str) -> ModelConfig:
        """The model of that name.

        Raises:
            InvalidInput: there is no such memory.
        """
        if memory in self.controls:
            return self._same_bytes(self.controls[memory])
        if memory not in self.memories:
            raise InvalidInput(
                f"there is no memory {memory!r}; the memories are: {', '.join(self.names)}"
            )
        return self._config(self.memories[memory])

    def _config(self, layers: Layers) -> ModelConfig:
        return ModelConfig(self.vocabulary, self.width, layers, self.defaults)

    def _same_bytes(self, memory: str) -> ModelConfig:
        """The widest keys in the lower layer that stay within the bytes of that memory.

        All in one layer: measured better than half in each. The gates are those of the memory's
        lower layer; no layer has a cache. Both sides count all they carry, the cache's block and
        bookkeeping and the convolutions' tails included.
        """
        layers = self.memories[memory]
        bare = [{n: v for n, v in layer.items() if n != "cache"} for layer in layers]
        budget = sum(sizes_of(self._config(layers), 1))

        def made(key_width: int) -> ModelConfig:
            return self._config([{**bare[0], "key_width": key_width}, *bare[1:]])

        first, second = (sum(sizes_of(made(key_width), 1)) for key_width in (1, 2))
        return made(1 + max(0, (budget - first) // (second - first)))


def sizes_of(config: ModelConfig, length: int) -> tuple[int, int]:
    """Bytes of state and of cache for one sequence, counted after `length` tokens were read."""
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        state = LanguageModel(config)(torch.zeros(1, length, dtype=torch.int64)).state
    return state.state_bytes, state.cache_bytes
