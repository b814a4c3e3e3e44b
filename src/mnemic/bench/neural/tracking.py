"""State tracking: what is asked is the state after all tokens so far, not a token seen before.

group word    g1 g2 g3 …            label at every position: the product of all elements so far
copy          x1 … xn | · · … ·     label behind the mark: x1 … xn in order
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mnemic.bench.neural.groups import multiplication
from mnemic.bench.neural.task import IGNORED
from mnemic.errors import InvalidTensor


@dataclass(frozen=True, slots=True)
class GroupWord:
    """The running product of random group elements; a token is an element.

    Args:
        group: parity, S3, S5 or A5.
        length: elements in a sequence.
        repeats: tokens of each element: it is said, then repeats - 1 pauses follow, and the label
            stands at the last. A rule that makes one reflection a token makes `repeats` of them.
        last: ask at the last element only, as in "parity@64 last"; else at every one.

    Raises:
        InvalidInput: there is no such group.
        InvalidTensor: fewer than 1 element or token.

    Source:
        The Illusion of State in State-Space Models (Merrill et al., 2024), section 5,
        arXiv:2404.08819. Differs: pauses, which stand in for the several reflections a token of
        DeltaProduct (Siems et al., 2025), arXiv:2502.10297.
    """

    group: str
    length: int
    repeats: int = 1
    last: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        multiplication(self.group)
        if self.length < 1 or self.repeats < 1:
            raise InvalidTensor(
                f"length is {self.length!r}, repeats {self.repeats!r}; they must be at least 1"
            )

    @property
    def elements(self) -> int:
        """How many the group has."""
        return int(multiplication(self.group).shape[0])

    @property
    def vocabulary(self) -> int:
        """The elements, and the pause."""
        return self.elements + 1

    @property
    def tokens(self) -> int:
        """T, pauses included."""
        return self.length * self.repeats

    @property
    def name(self) -> str:
        """Such as S3@64, S5x4@32 (4 tokens an element), parity@128 last."""
        times = f"x{self.repeats}" if self.repeats > 1 else ""
        return f"{self.group}{times}@{self.length}{' last' if self.last else ''}"

    def sample(self, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Sequences and labels, both [batch, T] int64."""
        said = torch.randint(self.elements, (batch, self.length), generator=generator)
        table, product = multiplication(self.group), said.new_zeros(batch)
        products = []
        for element in said.unbind(1):
            product = table[product, element]
            products.append(product)
        tokens = torch.full((batch, self.length, self.repeats), self.elements)
        tokens[:, :, 0] = said
        labels = torch.full_like(tokens, IGNORED)
        labels[:, :, -1] = torch.stack(products, 1)
        if self.last:
            labels[:, :-1] = IGNORED
        return tokens.flatten(1), labels.flatten(1)


@dataclass(frozen=True, slots=True)
class Copy:
    """Random letters, a mark, and the letters again from the first on.

    The letters are not shown a second time: behind the mark stand blanks, so that each answer
    depends on how many went before it.

    Args:
        length: letters in a sequence.
        letters: how many different ones there are.

    Raises:
        InvalidTensor: fewer than 1 letter.
    """

    length: int
    letters: int = 8
    whole: bool = False

    def __post_init__(self) -> None:
        if self.length < 1 or self.letters < 1:
            raise InvalidTensor(
                f"length is {self.length!r}, letters {self.letters!r}; they must be at least 1"
            )

    @property
    def vocabulary(self) -> int:
        """The letters, the mark and the blank."""
        return self.letters + 2

    @property
    def tokens(self) -> int:
        """T: letters, mark, and a blank for every answer but the first, which the mark asks."""
        return 2 * self.length

    @property
    def name(self) -> str:
        """Such as copy@16."""
        return f"copy@{self.length}"

    def sample(self, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Sequences and labels, both [batch, T] int64."""
        said = torch.randint(self.letters, (batch, self.length), generator=generator)
        tokens = torch.full((batch, self.tokens), self.letters + 1)
        tokens[:, : self.length] = said
        tokens[:, self.length] = self.letters
        labels = torch.full_like(tokens, IGNORED)
        labels[:, self.length :] = said
        return tokens, labels
