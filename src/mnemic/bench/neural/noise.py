"""Noise-robust recall: a few facts at random depths in random noise, asked at the end.

    n n n ! k v n n n n ! k v n … n ? k ? k        labels: the values, at the keys behind the ?

Noise is any token but the two marks, keys and values included, so only the mark in front tells a
fact from noise, and a memory that keeps what surprises it keeps noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mnemic.bench.neural.draw import distinct
from mnemic.bench.neural.task import IGNORED
from mnemic.errors import InvalidTensor

FACT, ASK = 0, 1
"""The marks in front of a fact and of a question."""


@dataclass(frozen=True, slots=True)
class NoiseRecall:
    """One kind of sequence.

    Args:
        pairs: facts told; keys differ.
        length: T.
        asked: how many of them are asked at the end; None: all.
        vocabulary: how many tokens there are: two marks, then as many keys as values.
        whole: whether a sequence counts only if all its questions are answered.

    Raises:
        InvalidTensor: more than fits into the length or the vocabulary.
    """

    pairs: int
    length: int
    asked: int | None = None
    vocabulary: int = 256
    whole: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.questions <= self.pairs <= self.keys:
            raise InvalidTensor(
                f"pairs is {self.pairs!r}, asked {self.asked!r}; at least 1 is asked, no more than "
                f"are told, and a vocabulary of {self.vocabulary} has {self.keys} keys"
            )
        if self.noise < 0:
            raise InvalidTensor(
                f"{self.pairs} facts and {self.questions} questions do not fit into "
                f"{self.length} tokens"
            )

    @property
    def keys(self) -> int:
        """How many keys there are, and values."""
        return (self.vocabulary - 2) // 2

    @property
    def questions(self) -> int:
        """How many facts are asked."""
        return self.pairs if self.asked is None else self.asked

    @property
    def noise(self) -> int:
        """Tokens of noise."""
        return self.length - 3 * self.pairs - 2 * self.questions

    @property
    def tokens(self) -> int:
        """T."""
        return self.length

    @property
    def name(self) -> str:
        """Such as noise 8@512, noise 1of8@512 (one of eight is asked)."""
        some = "" if self.asked is None else f"{self.asked}of"
        return f"noise {some}{self.pairs}@{self.length}"

    def sample(self, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Sequences and labels, both [batch, T] int64."""
        tokens = torch.randint(2, self.vocabulary, (batch, self.length), generator=generator)
        labels = torch.full_like(tokens, IGNORED)
        keys = 2 + distinct(torch.zeros(self.keys), batch, self.pairs, generator)
        values = (
            2
            + self.keys
            + torch.randint(self.vocabulary - 2 - self.keys, keys.shape, generator=generator)
        )
        # Where facts stand if each took one token, then two more for every fact before.
        places = distinct(torch.zeros(self.noise + self.pairs), batch, self.pairs, generator)
        places = places.sort(1).values + 2 * torch.arange(self.pairs)
        tokens.scatter_(1, places, FACT).scatter_(1, places + 1, keys)
        tokens.scatter_(1, places + 2, values)
        chosen = distinct(torch.zeros(self.pairs), batch, self.questions, generator)
        end = self.length - 2 * self.questions
        tokens[:, end::2] = ASK
        tokens[:, end + 1 :: 2] = keys.gather(1, chosen)
        labels[:, end + 1 :: 2] = values.gather(1, chosen)
        return tokens, labels
