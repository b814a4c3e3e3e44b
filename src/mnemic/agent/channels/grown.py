"""An array that grows at its end without being copied each time."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)
ROOM = 1.25
"""How much longer than needed it is made; what was handed out before keeps its own memory."""


class Grown(Generic[T]):
    """Rows that are only ever added. What `values` gave stays as it was.

    Args:
        rows: the first ones, shape (N, ...).
    """

    def __init__(self, rows: NDArray[T]) -> None:
        self._room, self._count = rows, len(rows)

    def __len__(self) -> int:
        return self._count

    @property
    def values(self) -> NDArray[T]:
        """All rows, without a copy; not to be written to."""
        return self._room[: self._count]

    def extend(self, rows: NDArray[T]) -> None:
        """Adds rows at the end."""
        count = self._count + len(rows)
        if count > len(self._room):
            # The first rows come all at once: room beyond them is made when more do come.
            length = int(count * ROOM) if self._count else count
            room = np.empty((length, *self._room.shape[1:]), dtype=self._room.dtype)
            room[: self._count] = self.values
            self._room = room
        self._room[self._count : count] = rows
        self._count = count
