"""Approximate scans over vectors: the 4-bit one that large scopes use, and the exact law.

Source:
    TurboQuant (Zandieh et al., 2025, arXiv:2504.19874), by the turbovec library.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Places = NDArray[np.int64]


class FourBitScan:
    """A `VectorIndex` of 4 bits a number: an eighth of the memory, the best found but not in order.

    Args:
        dimension: how many floats a vector has.
    """

    def __init__(self, dimension: int) -> None:
        from turbovec import IdMapIndex

        self._missing = -dimension % 8  # the library takes multiples of 8; zeros change no product
        self._index = IdMapIndex(dim=dimension + self._missing, bit_width=4)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, rows_NK: Floats) -> None:  # noqa: N803
        """Takes in vectors (n, dimension), numbered on from those that are there."""
        ids = np.arange(self._count, self._count + len(rows_NK), dtype=np.uint64)
        self._index.add_with_ids(self._padded(rows_NK), ids)
        self._count += len(rows_NK)

    def search(self, query_K: Floats, k: int, allowed: Places | None = None) -> Places:  # noqa: N803
        """About the k places with the largest inner products; of `allowed` ones if given."""
        k = min(k, self._count if allowed is None else len(allowed))
        if k == 0:
            return np.empty(0, dtype=np.int64)
        only = {} if allowed is None else {"allowlist": allowed.astype(np.uint64)}
        _, ids = self._index.search(self._padded(query_K.reshape(1, -1)), k=k, **only)
        return np.asarray(ids[0].astype(np.int64))

    def _padded(self, rows_NK: Floats) -> Floats:  # noqa: N803
        wide = np.pad(rows_NK, ((0, 0), (0, self._missing))) if self._missing else rows_NK
        return np.ascontiguousarray(wide, dtype=np.float32)


class ExactScan:
    """A `VectorIndex` that computes every inner product: what the others are measured against.

    Args:
        dimension: how many floats a vector has.
    """

    def __init__(self, dimension: int) -> None:
        self._rows_NK = np.empty((0, dimension), dtype=np.float32)

    def __len__(self) -> int:
        return len(self._rows_NK)

    def add(self, rows_NK: Floats) -> None:  # noqa: N803
        """Takes in vectors (n, dimension), numbered on from those that are there."""
        self._rows_NK = np.concatenate((self._rows_NK, rows_NK))

    def search(self, query_K: Floats, k: int, allowed: Places | None = None) -> Places:  # noqa: N803
        """The k places with the largest inner products, best first; of `allowed` ones if given."""
        places = np.arange(len(self)) if allowed is None else allowed
        scores = self._rows_NK[places] @ query_K
        return np.asarray(places[np.argsort(-scores, kind="stable")[:k]])
