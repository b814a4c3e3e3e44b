"""Many vectors times one, on one thread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def times(rows_NK: Floats, query_K: Floats) -> Floats:  # noqa: N803
    """Dot products of the rows, shape (N, K), with one vector: shape (N,).

    A product of a matrix and a vector waits for memory, not for arithmetic. BLAS gives it to all cores
    all the same, and its threads go on spinning when it is done, beside whatever runs then: a recall at
    10,000 episodes took twice as long with them on two cores, and four times the processor (LOG.md).
    """
    if hasattr(np, "vecdot"):
        return np.asarray(np.vecdot(rows_NK, query_K), dtype=np.float32)
    return np.asarray(np.einsum("nk,k->n", rows_NK, query_K), dtype=np.float32)  # numpy < 2
