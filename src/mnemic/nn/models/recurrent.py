"""What every model shares: tokens in, logits and a state that is a value out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn

from mnemic.errors import InvalidTensor, StateMismatch
from mnemic.nn.axes import Mask
from mnemic.nn.exact.packing import left_padding
from mnemic.nn.layers import LayerState
from mnemic.nn.models.model_state import ModelState
from mnemic.nn.rules.rule import chunk_for


class LanguageModelOutput(NamedTuple):
    """logits [B, T, vocabulary], or [B, vocabulary] at one step; state after the tokens."""

    logits: Tensor
    state: ModelState


class Through(NamedTuple):
    """x [B, T, D], or [B, D] at one step, after all layers; the state of each layer after it."""

    x: Tensor
    states: Sequence[LayerState]


class Described(Protocol):
    """A model as data, as far as all models share it."""

    @property
    def vocabulary(self) -> int:
        """How many tokens there are."""

    @property
    def fingerprint(self) -> str:
        """A short name; states are loaded only into a model of the same."""


C = TypeVar("C", bound=Described)


class RecurrentModel(nn.Module, Generic[C]):
    """Calls and their checks. Subclasses embed, go through their layers, and make logits.

    Args:
        config: the model as data.
    """

    def __init__(self, config: C) -> None:
        super().__init__()
        self.config = config

    @property
    def parameter_count(self) -> int:
        """Learned numbers; what is shared is counted once."""
        return sum(parameter.numel() for parameter in self.parameters())

    def init_state(self, batch: int, dtype: torch.dtype | None = None) -> ModelState:
        """Before the first token, on the model's device.

        Args:
            batch: B.
            dtype: float32 or float64; None: float64 for a model in float64, else float32.
        """
        if dtype is None:
            dtype = torch.float64 if self._weight.dtype == torch.float64 else torch.float32
        return ModelState(self._init_layers(batch, dtype, self._weight.device))

    def forward(
        self,
        tokens: Tensor,
        state: ModelState | None = None,
        mask: Mask | None = None,
        chunk: int | None = None,
    ) -> LanguageModelOutput:
        """T tokens at once.

        Args:
            tokens: [B, T] int64.
            state: before them; None: fresh.
            mask: [B, T] bool, False at padding, which must be on the left; logits there mean
                nothing.
            chunk: tokens handled at once; changes rounding only. 1 is T steps; None is that for a
                model in float64, so that a text cut anywhere gives the same bits.

        Raises:
            InvalidTensor: tokens that are no tokens of the vocabulary.
            StateMismatch: a state of another model, or another number of rows.
        """
        if self._check_length(tokens, chunk) > 1:
            x, state_next = self.read(tokens, state, mask, chunk)
            return LanguageModelOutput(self.logits_of(x), state_next)
        xs, state_next = self._unrolled(tokens, state, mask)
        return LanguageModelOutput(torch.stack([self.logits_of(x) for x in xs], 1), state_next)

    def read(
        self,
        tokens: Tensor,
        state: ModelState | None = None,
        mask: Mask | None = None,
        chunk: int | None = None,
    ) -> tuple[Tensor, ModelState]:
        """What `forward` makes logits of, [B, T, D], and the state after the tokens.

        For those who need logits of a few tokens only, from `logits_of`: those of all of a long
        text are large.
        """
        size = self._check_length(tokens, chunk)
        if size > 1:
            return self._call(tokens, state, mask, size)
        xs, state_next = self._unrolled(tokens, state, mask)
        return torch.stack(xs, 1), state_next

    def step(
        self, tokens: Tensor, state: ModelState | None = None, mask: Mask | None = None
    ) -> LanguageModelOutput:
        """One token a row: tokens [B], mask [B]; equal to `forward` on [B, 1], and faster."""
        if tokens.ndim != 1:
            raise InvalidTensor(f"tokens have the shape {tuple(tokens.shape)}; one step takes [B]")
        x, state_next = self._call(tokens, state, mask, None)
        return LanguageModelOutput(self.logits_of(x), state_next)

    def load_state(self, path: str | Path) -> ModelState:
        """A state that `ModelState.save(path, fingerprint=self.config.fingerprint)` wrote."""
        state = ModelState.load(
            path, fingerprint=self.config.fingerprint, device=self._weight.device
        )
        self._fits(state)
        return state

    # What subclasses say.

    @property
    def _depth(self) -> int:
        """How many layers there are."""
        raise NotImplementedError

    def _init_layers(
        self, batch: int, dtype: torch.dtype, device: torch.device
    ) -> tuple[LayerState, ...]:
        """The state of each layer before the first token."""
        raise NotImplementedError

    def _embed(self, tokens: Tensor) -> Tensor:
        """[..., D] for tokens [...] of the vocabulary."""
        raise NotImplementedError

    def _through(
        self, x: Tensor, states: Sequence[LayerState], mask: Mask | None, size: int | None
    ) -> Through:
        """All layers: x [B, T, D] and `size` tokens at once; or a step, x [B, D] and None."""
        raise NotImplementedError

    def logits_of(self, x: Tensor) -> Tensor:
        """Logits [..., vocabulary] of what `read` gave, [..., D]."""
        raise NotImplementedError

    # What is the same for all.

    @property
    def _weight(self) -> Tensor:
        """The embedding, which says in what precision and where the model is."""
        return next(self.parameters())

    def _call(
        self, tokens: Tensor, state: ModelState | None, mask: Mask | None, size: int | None
    ) -> tuple[Tensor, ModelState]:
        if mask is not None:
            _check_mask(mask, tokens)
        before = self._before(tokens, state)
        self._check_tokens(tokens)
        done = self._through(self._embed(tokens), before.layers, mask, size)
        return done.x, ModelState(tuple(done.states))

    def _unrolled(
        self, tokens: Tensor, state: ModelState | None, mask: Mask | None
    ) -> tuple[list[Tensor], ModelState]:
        """T steps: x [B, D] after each, and the state after all."""
        if mask is not None:
            _check_mask(mask, tokens)
        after, xs = self._before(tokens, state), []
        for t in range(tokens.shape[1]):
            x, after = self._call(tokens[:, t], after, None if mask is None else mask[:, t], None)
            xs.append(x)
        return xs, after

    def _check_length(self, tokens: Tensor, chunk: int | None) -> int:
        """The chunk that is meant, for tokens over time."""
        if tokens.ndim != 2 or tokens.shape[1] == 0:
            raise InvalidTensor(f"tokens have the shape {tuple(tokens.shape)}, not [B, T >= 1]")
        return chunk_for(chunk, self._weight.dtype)

    def _before(self, tokens: Tensor, state: ModelState | None) -> ModelState:
        if not isinstance(tokens, Tensor) or tokens.dtype not in (torch.int64, torch.int32):
            kind = tokens.dtype if isinstance(tokens, Tensor) else type(tokens).__name__
            raise InvalidTensor(f"tokens are {kind}; give a tensor of torch.int64 or torch.int32")
        if state is None:
            return self.init_state(tokens.shape[0])
        self._fits(state)
        return state

    def _fits(self, state: ModelState) -> None:
        if len(state.layers) != self._depth:
            raise StateMismatch(
                f"the state has {len(state.layers)} layers, the model {self._depth}"
            )

    def _check_tokens(self, tokens: Tensor) -> None:
        """On a CPU, where looking is cheap, a token outside the vocabulary is named."""
        if tokens.device.type == "cpu":
            wrong = (tokens < 0) | (tokens >= self.config.vocabulary)
            if bool(wrong.any()):
                raise InvalidTensor(
                    f"token {int(tokens[wrong][0])} is not in a vocabulary of "
                    f"{self.config.vocabulary}"
                )


def _check_mask(mask: Mask, tokens: Tensor) -> None:
    """Refuses a mask of another shape or dtype, and padding that is not on the left."""
    if mask.shape != tokens.shape or mask.dtype != torch.bool:
        raise InvalidTensor(
            f"the mask is {tuple(mask.shape)} of {mask.dtype}; "
            f"it must be {tuple(tokens.shape)} of torch.bool, like the tokens"
        )
    if mask.ndim == 2:
        left_padding(mask, *mask.shape)
