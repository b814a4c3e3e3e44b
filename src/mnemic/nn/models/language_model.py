"""A small language model over any memories."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mnemic.nn.axes import Mask
from mnemic.nn.layers import Layer, LayerState, RMSNorm
from mnemic.nn.models.config import ModelConfig
from mnemic.nn.models.recurrent import RecurrentModel, Through


class LanguageModel(RecurrentModel[ModelConfig]):
    """Embedding, layers, norm, and the embedding again as head.

    Args:
        config: sizes and layers, as data.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        nn.init.normal_(self.embedding.weight, std=config.width**-0.5)
        self.layers = nn.ModuleList(Layer(config.width, one) for one in config.layer_configs)
        self.norm = RMSNorm(config.width)

    @property
    def _depth(self) -> int:
        return len(self.layers)

    @property
    def _layers(self) -> list[Layer]:
        return [layer for layer in self.layers if isinstance(layer, Layer)]

    def _init_layers(
        self, batch: int, dtype: torch.dtype, device: torch.device
    ) -> tuple[LayerState, ...]:
        return tuple(layer.init_state(batch, dtype, device) for layer in self._layers)

    def _embed(self, tokens: Tensor) -> Tensor:
        return self.embedding(tokens)

    def _through(
        self, x: Tensor, states: Sequence[LayerState], mask: Mask | None, size: int | None
    ) -> Through:
        after: list[LayerState] = []
        for layer, own in zip(self._layers, states, strict=True):
            done = layer.step(x, own, mask) if size is None else layer(x, own, mask, size)
            own_next, x = done
            after.append(own_next)
        return Through(x, after)

    def logits_of(self, x: Tensor) -> Tensor:
        """Logits [..., vocabulary] of what `read` gave, [..., D]."""
        return nn.functional.linear(self.norm(x), self.embedding.weight)
