"""Which windows of the text come when: a function of the seed and of a number, so that a run that
goes on needs no memory of the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from mnemic.errors import InvalidInput


class Batch(NamedTuple):
    """tokens [B, T + 1], each predicting the next; fresh: whether the state begins anew."""

    tokens: Tensor
    fresh: bool


class Order(Protocol):
    """Batches by number, from 0."""

    def batch(self, number: int) -> Batch:
        """The batch of that number."""


@dataclass(frozen=True, slots=True)
class Shuffled:
    """Every window once, in random order, then again in another, cut at other places.

    Args:
        line: [N] tokens.
        context: T.
        size: B.
        seed: of the order.

    Raises:
        InvalidInput: a text shorter than one window.
    """

    line: Tensor
    context: int
    size: int
    seed: int

    def __post_init__(self) -> None:
        _enough(len(self.line), 1, self.context)

    def batch(self, number: int) -> Batch:
        """Windows `number * size` and on, counted over all passes."""
        slack, count = _fit(len(self.line), 1, self.context)
        starts: list[int] = []
        first = number * self.size
        while len(starts) < self.size:
            again, at = divmod(first + len(starts), count)
            chance = _chance(self.seed, again)
            shift = int(torch.randint(slack + 1, (1,), generator=chance))
            order = torch.randperm(count, generator=chance)
            chosen = order[at : at + self.size - len(starts)]
            starts += (shift + chosen * self.context).tolist()
        return Batch(_cut(self.line, starts, self.context), fresh=True)


@dataclass(frozen=True, slots=True)
class Streams:
    """B places far apart, each read on from where it was, until all have met the next; then again.

    Args:
        line: [N] tokens.
        context: T.
        size: B.
        seed: of where a pass begins.
        carry: windows after which the state begins anew; the reading goes on.

    Raises:
        InvalidInput: a text shorter than one window for each stream.
    """

    line: Tensor
    context: int
    size: int
    seed: int
    carry: int

    def __post_init__(self) -> None:
        _enough(len(self.line), self.size, self.context)

    def batch(self, number: int) -> Batch:
        """The next window of every stream."""
        slack, count = _fit(len(self.line), self.size, self.context)
        again, at = divmod(number, count)
        shift = int(torch.randint(slack + 1, (1,), generator=_chance(self.seed, again)))
        apart = (len(self.line) - 1 - slack) // self.size
        starts = [shift + row * apart + at * self.context for row in range(self.size)]
        return Batch(_cut(self.line, starts, self.context), fresh=at % self.carry == 0)


def _fit(length: int, streams: int, context: int) -> tuple[int, int]:
    """How far the first window may be shifted, and how many windows a stream then has."""
    slack = min(context - 1, length - 1 - streams * context)
    return slack, (length - 1 - slack) // streams // context


def _enough(length: int, streams: int, context: int) -> None:
    if length - 1 < streams * context:
        raise InvalidInput(
            f"the text has {length} tokens to learn from; {streams} window(s) of {context} need "
            f"{streams * context + 1}: give more text, or a smaller context or batch"
        )


def _chance(seed: int, again: int) -> torch.Generator:
    return torch.Generator().manual_seed(1_000_003 * (seed + 1) + again)


def _cut(line: Tensor, starts: list[int], context: int) -> Tensor:
    return torch.stack([line[start : start + context + 1] for start in starts])
