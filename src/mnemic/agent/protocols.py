"""What can be replaced, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Embedder(Protocol):
    """Text in, unit vectors out.

    `space` names the embedding space (model, revision, dimension); vectors of different spaces are
    never compared.
    """

    @property
    def space(self) -> str:
        """A stable name of the space, such as 'all-MiniLM-L6-v2/w8-1/384'."""
        ...

    @property
    def dimension(self) -> int:
        """The number of floats in a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension), float32."""
        ...
