"""A small language model over any memories."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mnemic.errors import InvalidTensor, StateMismatch
from mnemic.nn.axes import Mask
from mnemic.nn.layers import Layer, LayerState, RMSNorm
from mnemic.nn.models.config import ModelConfig
from mnemic.nn.models.model_state import ModelState


class LanguageModelOutput(NamedTuple):
    """logits [B, T, vocabulary], or [B, vocabulary] at one step; state after the tokens."""

    logits: Tensor
    state: ModelState


class LanguageModel(nn.Module):
    """Embedding, layers, norm, and the embedding again as head.

    Args:
        config: sizes and layers, as data.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        nn.init.normal_(self.embedding.weight, std=config.width**-0.5)
        self.layers = nn.ModuleList(Layer(config.width, one) for one in config.layer_configs)
        self.norm = RMSNorm(config.width)

    @property
    def parameter_count(self) -> int:
        """Learned numbers; the tied head is counted once."""
        return sum(parameter.numel() for parameter in self.parameters())

    def init_state(self, batch: int, dtype: torch.dtype | None = None) -> ModelState:
        """Before the first token, on the model's device.

        Args:
            batch: B.
            dtype: float32 or float64; None: float64 for a model in float64, else float32.
        """
        weight = self.embedding.weight
        if dtype is None:
            dtype = torch.float64 if weight.dtype == torch.float64 else torch.float32
        return ModelState(
            tuple(layer.init_state(batch, dtype, weight.device) for layer in self._layers)
        )

    def forward(
        self,
        tokens: Tensor,
        state: ModelState | None = None,
        mask: Mask | None = None,
        chunk: int = 64,
    ) -> LanguageModelOutput:
        """T tokens at once.

        Args:
            tokens: [B, T] int64.
            state: before them; None: fresh.
            mask: [B, T] bool, False at padding, which must be on the left; logits there mean
                nothing.
            chunk: tokens the rules handle at once; changes rounding only.

        Raises:
            InvalidTensor: tokens that are no tokens of the vocabulary.
            StateMismatch: a state of another model, or another number of rows.
        """
        x, state_next = self.read(tokens, state, mask, chunk)
        return LanguageModelOutput(self.head(x), state_next)

    def read(
        self,
        tokens: Tensor,
        state: ModelState | None = None,
        mask: Mask | None = None,
        chunk: int = 64,
    ) -> tuple[Tensor, ModelState]:
        """What `forward` makes logits of, [B, T, width], and the state after the tokens.

        For those who need logits of a few tokens only: `head` of all of a long text is large.
        """
        if tokens.ndim != 2 or tokens.shape[1] == 0:
            raise InvalidTensor(f"tokens have the shape {tuple(tokens.shape)}, not [B, T >= 1]")
        before = self._before(tokens, state)
        x = self._embed(tokens)
        after: list[LayerState] = []
        for layer, own in zip(self._layers, before.layers, strict=True):
            own_next, x = layer(x, own, mask, chunk)
            after.append(own_next)
        return x, ModelState(tuple(after))

    def step(
        self, tokens: Tensor, state: ModelState | None = None, mask: Mask | None = None
    ) -> LanguageModelOutput:
        """One token a row: tokens [B], mask [B]; equal to `forward` on [B, 1], and faster."""
        if tokens.ndim != 1:
            raise InvalidTensor(f"tokens have the shape {tuple(tokens.shape)}; one step takes [B]")
        before = self._before(tokens, state)
        x = self._embed(tokens)
        after: list[LayerState] = []
        for layer, own in zip(self._layers, before.layers, strict=True):
            own_next, x = layer.step(x, own, mask)
            after.append(own_next)
        return LanguageModelOutput(self.head(x), ModelState(tuple(after)))

    def load_state(self, path: str | Path) -> ModelState:
        """A state that `ModelState.save(path, fingerprint=self.config.fingerprint)` wrote."""
        device = self.embedding.weight.device
        state = ModelState.load(path, fingerprint=self.config.fingerprint, device=device)
        self._fits(state)
        return state

    @property
    def _layers(self) -> list[Layer]:
        return [layer for layer in self.layers if isinstance(layer, Layer)]

    def _before(self, tokens: Tensor, state: ModelState | None) -> ModelState:
        if tokens.is_floating_point() or tokens.dtype == torch.bool:
            raise InvalidTensor(f"tokens have the dtype {tokens.dtype}; they are whole numbers")
        if state is None:
            return self.init_state(tokens.shape[0])
        self._fits(state)
        return state

    def _fits(self, state: ModelState) -> None:
        if len(state.layers) != len(self.layers):
            raise StateMismatch(
                f"the state has {len(state.layers)} layers, the model {len(self.layers)}"
            )

    def _embed(self, tokens: Tensor) -> Tensor:
        """[..., D]; on a CPU, where looking is cheap, a token outside the vocabulary is named."""
        if tokens.device.type == "cpu":
            wrong = (tokens < 0) | (tokens >= self.config.vocabulary)
            if bool(wrong.any()):
                raise InvalidTensor(
                    f"token {int(tokens[wrong][0])} is not in a vocabulary of "
                    f"{self.config.vocabulary}"
                )
        return self.embedding(tokens)

    def head(self, x: Tensor) -> Tensor:
        """Logits [..., vocabulary] of what `read` gave, [..., width]."""
        return nn.functional.linear(self.norm(x), self.embedding.weight)
