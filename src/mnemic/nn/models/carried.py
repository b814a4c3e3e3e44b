"""What generating, evaluating and chatting ask of a model: any that reads on from a state."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from torch import Tensor


class CarriedState(Protocol):
    """What such a model carries from one call to the next; a value."""

    @property
    def position(self) -> int:
        """Tokens read."""

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors."""

    def save(self, path: str | Path, *, fingerprint: str) -> None:
        """Writes one safetensors file."""


class Carried(Protocol):
    """The logits, over time or of one step, and the state after the tokens."""

    @property
    def logits(self) -> Tensor:
        """[B, T, vocabulary], or [B, vocabulary] at one step."""

    @property
    def state(self) -> Any:
        """A `CarriedState`."""


class CausalModel(Protocol):
    """`LanguageModel` is one; so is whatever else is called like it."""

    @property
    def config(self) -> Any:
        """Has `vocabulary`, how many tokens there are, and `fingerprint`, a short name of it."""

    def init_state(self, batch: int) -> Any:
        """Before the first token."""

    def __call__(self, tokens: Tensor, state: Any = None) -> Carried:
        """T tokens at once: tokens [B, T]."""

    def step(self, tokens: Tensor, state: Any = None) -> Carried:
        """One token a row: tokens [B]."""

    def load_state(self, path: str | Path) -> Any:
        """A state that was saved under the fingerprint of this model's configuration."""
