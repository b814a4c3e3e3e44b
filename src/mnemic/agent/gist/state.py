"""What a scope is made of, in constant bytes: how new a text is to it, how familiar a question.

    C  ← C + v vᵀ                        what was said, summed over the scope
    S  = C (C + λ I)⁻¹,  λ = DOUBT · n   the matrix that best gives every v back from itself
    surprise = ‖v − S v‖                 of what comes, before it is written: 1 wholly new, 0 known
    familiarity = ‖S q‖                  of a question

v are sentence embeddings as unit vectors, projected by one fixed random matrix to WIDTH dimensions
and rounded to whole numbers, so that sums are exact: the state has the same bytes however much it
has seen, in whatever order, and however that was cut. As λ grows with n, one threshold serves small
and large scopes.

Source:
    S is what the delta rule (Widrow & Hoff, 1960; DeltaNet, arXiv:2102.11174) with key = value = v
    approaches; here it is solved for, by ridge regression (Hoerl & Kennard, 1970). Differs: keys and
    values are the same sentence embeddings, nothing decays, and λ grows with what was seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mnemic.errors import StoreDamaged

GIST_VERSION = 2
WIDTH = 128
DOUBT = 0.003
"""What a direction needs of all that was said to count as half known: its share."""

SCALE = 4096
"""Whole numbers in 1: the products of a hundred million unit vectors still sum exactly."""

_SEED = 20261121

Floats = NDArray[np.float32]
Wholes = NDArray[np.int64]


@lru_cache(maxsize=8)
def _projection(dimension: int, width: int) -> Floats:
    """The fixed matrix (dimension, width) with orthonormal columns where it can have them."""
    drawn = np.random.default_rng(_SEED).standard_normal((dimension, max(width, 1)))
    if dimension >= width:
        drawn, _ = np.linalg.qr(drawn)
        drawn *= np.sqrt(dimension / width)
    else:
        drawn /= np.sqrt(width)
    return np.asarray(drawn, dtype=np.float32)


def project(rows_NK: Floats, width: int = WIDTH) -> Floats:  # noqa: N803
    """Embeddings (n, dimension) as unit vectors (n, width); zero stays zero."""
    if not len(rows_NK):
        return np.empty((0, width), dtype=np.float32)
    matrix = _projection(rows_NK.shape[1], width)
    # Row by row: a product of many rows rounds otherwise than one of few, and what is derived must
    # not hang on how much was derived at once.
    made = np.stack([row @ matrix for row in rows_NK.astype(np.float32)])
    norm = np.linalg.norm(made, axis=1, keepdims=True)
    return np.asarray(made / np.maximum(norm, 1e-9), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Gist:
    """The state of a scope, a value: the sums C · SCALE², (width, width), symmetric."""

    sums: Wholes

    @classmethod
    def empty(cls, width: int = WIDTH) -> Gist:
        """A state that has seen nothing: everything surprises it, nothing is familiar."""
        return cls(np.zeros((width, width), dtype=np.int64))

    @classmethod
    def together(cls, gists: Sequence[Gist]) -> Gist:
        """The state that would have seen all that these saw.

        Args:
            gists: one or more, of one width and one embedding space.
        """
        return cls(np.sum([one.sums for one in gists], axis=0))

    def write_all(self, values: Sequence[Floats]) -> tuple[Gist, Floats]:
        """The state after some episodes, and how much each surprised it when it came, (n,).

        Args:
            values: projected contents, each (width,), in the order in which they were said.
        """
        sums = self.sums.copy()
        surprises = np.empty(len(values), dtype=np.float32)
        for place, one in enumerate(values):
            value = np.rint(one * SCALE).astype(np.int64)
            surprises[place] = np.linalg.norm(_left(sums, value[:, None] / SCALE))
            sums += np.outer(value, value)
        return Gist(sums), surprises

    def with_all(self, values_NK: Floats) -> Gist:  # noqa: N803
        """The state after some episodes, whose surprise nobody asks for."""
        values = np.rint(values_NK * SCALE)  # float64 holds these sums exactly, and is fast
        return Gist(self.sums + (values.astype(np.float64).T @ values).astype(np.int64))

    def surprises(self, values_NK: Floats) -> NDArray[np.float64]:  # noqa: N803
        """How much each would surprise if it came next, (n,), 0 to 1.

        Args:
            values_NK: projected contents.
        """
        left = _left(self.sums, values_NK.astype(np.float64).T)
        return np.asarray(np.linalg.norm(left, axis=0))

    def familiarity(self, queries_NK: Floats) -> NDArray[np.float64]:  # noqa: N803
        """How familiar each query is, (n,), 0 to 1; the cost hangs on the width alone.

        Args:
            queries_NK: projected embeddings.
        """
        queries = queries_NK.astype(np.float64)
        found = np.linalg.norm(queries - _left(self.sums, queries.T).T, axis=1)
        return np.asarray(np.minimum(found, 1.0))

    def to_bytes(self) -> bytes:
        """The state as it is kept: the upper triangle row by row, eight bytes a sum, low first."""
        return self.sums[np.triu_indices(len(self.sums))].astype("<i8").tobytes()

    @classmethod
    def from_bytes(cls, kept: bytes) -> Gist:
        """The state again.

        Raises:
            StoreDamaged: these are not the bytes of a state.
        """
        bytes_all = 8 * WIDTH * (WIDTH + 1) // 2
        if len(kept) != bytes_all:
            raise StoreDamaged(
                f"a gist has {len(kept)} bytes, not {bytes_all}; run `mnemic rebuild`"
            )
        sums = np.zeros((WIDTH, WIDTH), dtype=np.int64)
        sums[np.triu_indices(WIDTH)] = np.frombuffer(kept, dtype="<i8")
        sums = np.triu(sums) + np.triu(sums, 1).T
        own = np.diag(sums).astype(np.float64)
        if (own < 0).any() or (sums.astype(np.float64) ** 2 > 1.000001 * np.outer(own, own)).any():
            raise StoreDamaged("a gist holds sums that no texts can have; run `mnemic rebuild`")
        return cls(sums)


def _left(sums: Wholes, columns_KN: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: N803
    """What S leaves unexplained of each column: λ (C + λ I)⁻¹ v."""
    doubt = DOUBT * float(np.trace(sums)) / SCALE**2
    if not doubt:
        return columns_KN
    made = sums / SCALE**2
    made[np.diag_indices(len(made))] += doubt
    return np.asarray(doubt * np.linalg.solve(made, columns_KN))
