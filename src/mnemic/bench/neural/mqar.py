"""Multi-query associative recall: facts, filler, and questions about the facts.

    [filler] k1 v1 k2 v2 … kn vn  | k3 · · k1 · …      a question is a key; its answer, the value,
                                                       is never shown, the label stands at the key

Keys are the lower half of the vocabulary (without 0), values the upper half. Whatever is no fact
and no question is a uniform random token, so filler holds false facts. Everything follows from a
generator's seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mnemic.bench.neural.draw import distinct
from mnemic.bench.neural.task import IGNORED
from mnemic.errors import InvalidTensor

POWER = 0.01
"""Gaps fall off as gap^(POWER - 1)."""


@dataclass(frozen=True, slots=True)
class Mqar:
    """One kind of sequence.

    Args:
        pairs: facts that are asked, each once.
        length: T without the prefix.
        uniform: gaps between facts and questions are uniform; else by a power law, mostly short.
        prefix: filler tokens in front of the facts.
        overwritten: of the facts, how many are told again with a new value; the last one counts.
        vocabulary: how many tokens there are.
        whole: whether a sequence counts only if all its questions are answered.

    Raises:
        InvalidTensor: more than fits into the length or the vocabulary.

    Source:
        Zoology (Arora et al., 2023), section 4 and its `multiquery_ar` generator, arXiv:2312.04927.
        Differs: prefix and overwritten facts are ours.
    """

    pairs: int
    length: int
    uniform: bool = False
    prefix: int = 0
    overwritten: int = 0
    vocabulary: int = 256
    whole: bool = False

    def __post_init__(self) -> None:
        half = self.vocabulary // 2
        if not 1 <= self.pairs < half:
            raise InvalidTensor(
                f"pairs is {self.pairs!r}; a vocabulary of {self.vocabulary} has {half - 1} keys"
            )
        if not 0 <= self.overwritten <= self.pairs or self.prefix < 0:
            raise InvalidTensor(
                f"overwritten is {self.overwritten}, prefix {self.prefix}; they must be at least 0, "
                f"and no more than the {self.pairs} facts can be told again"
            )
        if self.places < self.pairs:
            raise InvalidTensor(
                f"{self.pairs} facts ({self.overwritten} of them twice) and as many questions do "
                f"not fit into {self.length} tokens"
            )

    @property
    def told(self) -> int:
        """Facts told, repetitions included."""
        return self.pairs + self.overwritten

    @property
    def places(self) -> int:
        """Where questions can stand: every other token behind the facts."""
        return (self.length - 2 * self.told) // 2

    @property
    def tokens(self) -> int:
        """T, the prefix included."""
        return self.prefix + self.length

    @property
    def name(self) -> str:
        """Such as 32@128, 32@256u (uniform gaps), p64+32@128 (prefix), 8w2@64 (2 overwritten)."""
        front = f"p{self.prefix}+" if self.prefix else ""
        twice = f"w{self.overwritten}" if self.overwritten else ""
        return f"{front}{self.pairs}{twice}@{self.length}{'u' if self.uniform else ''}"

    def sample(self, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Sequences and labels, both [batch, T] int64; labels are IGNORED where nothing is asked."""
        half = self.vocabulary // 2
        tokens = torch.randint(self.vocabulary, (batch, self.tokens), generator=generator)
        labels = torch.full_like(tokens, IGNORED)
        keys = 1 + distinct(torch.zeros(half - 1), batch, self.pairs, generator)
        values = half + distinct(torch.zeros(self.vocabulary - half), batch, self.told, generator)
        told_keys = torch.cat([keys, keys[:, : self.overwritten]], 1)
        facts = torch.stack([told_keys, values], 2).reshape(batch, -1)
        begin, end = self.prefix, self.prefix + 2 * self.told
        tokens[:, begin:end] = facts
        places = end + 2 * distinct(self._gap_logits(), batch, self.pairs, generator)
        tokens.scatter_(1, places, keys)
        last = torch.cat([values[:, self.pairs :], values[:, self.overwritten : self.pairs]], 1)
        labels.scatter_(1, places, last)
        return tokens, labels

    def _gap_logits(self) -> Tensor:
        gaps = torch.arange(1, self.places + 1).double()
        return torch.zeros(self.places) if self.uniform else (POWER - 1) * gaps.log()
