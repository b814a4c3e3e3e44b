"""Small groups as multiplication tables, made from their permutations."""

from __future__ import annotations

from functools import cache
from itertools import permutations

import torch
from torch import Tensor

from mnemic.errors import InvalidInput

DEGREES = {"S3": 3, "S5": 5, "A5": 5}
"""Points that are permuted. S: all permutations; A: the even ones."""

GROUPS = ("parity", *DEGREES)
"""parity is the group of two elements: a sequence of bits, and whether there were odd many ones."""


@cache
def multiplication(group: str) -> Tensor:
    """[n, n] int64: entry (a, b) is the element a b, a done first; element 0 is the identity.

    Raises:
        InvalidInput: there is no such group.
    """
    if group == "parity":
        return torch.tensor([[0, 1], [1, 0]])
    if group not in DEGREES:
        raise InvalidInput(f"there is no group {group!r}; the groups are: {', '.join(GROUPS)}")
    elements = [
        p for p in permutations(range(DEGREES[group])) if group.startswith("S") or _is_even(p)
    ]
    place = {p: i for i, p in enumerate(elements)}
    table = [[place[tuple(b[x] for x in a)] for b in elements] for a in elements]
    return torch.tensor(table)


def _is_even(p: tuple[int, ...]) -> bool:
    swapped = sum(p[i] > p[j] for i in range(len(p)) for j in range(i + 1, len(p)))
    return swapped % 2 == 0
