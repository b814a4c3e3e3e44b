"""What a task is: sequences with labels, made from a seed. Training and accuracy know no more."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

IGNORED = -100
"""The label of a token that asks nothing."""


class Task(Protocol):
    """One kind of sequence."""

    @property
    def name(self) -> str:
        """The cell's name in tables and results."""

    @property
    def tokens(self) -> int:
        """T of its sequences."""

    @property
    def vocabulary(self) -> int:
        """How many tokens there are."""

    @property
    def whole(self) -> bool:
        """Whether a sequence counts only if all it asks is answered; else every answer counts."""

    def sample(self, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Sequences and labels, both [batch, T] int64; labels are IGNORED where nothing is asked."""
