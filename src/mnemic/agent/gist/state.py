"""A matrix that learns by the delta rule what follows what in a scope.

    e = v − S k        what the state failed to predict
    S ← α S + β e kᵀ   the next state
    surprise = ‖e‖     between 0 and about 1.4 for unit vectors

k is the context (what was said just before), v the content, both unit vectors projected by one fixed
random matrix to WIDTH dimensions, so that a state has the same bytes however much it has seen.

Source:
    The delta rule (Widrow & Hoff, 1960) as in DeltaNet (Schlag et al., 2021, arXiv:2102.11174) with a
    scalar decay (Gated DeltaNet, arXiv:2412.06464). Differs: keys and values are sentence embeddings,
    one step an episode; α and β are constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mnemic.errors import StoreDamaged

GIST_VERSION = 1
WIDTH = 128
DECAY, RATE = 0.999, 0.3
_SEED = 20261121

Floats = NDArray[np.float32]


@lru_cache(maxsize=8)
def _projection(dimension: int) -> Floats:
    """The fixed matrix (dimension, WIDTH) with orthonormal columns where it can have them."""
    drawn = np.random.default_rng(_SEED).standard_normal((dimension, max(WIDTH, 1)))
    if dimension >= WIDTH:
        drawn, _ = np.linalg.qr(drawn)
        drawn *= np.sqrt(dimension / WIDTH)
    else:
        drawn /= np.sqrt(WIDTH)
    return np.asarray(drawn, dtype=np.float32)


def project(rows_NK: Floats) -> Floats:  # noqa: N803
    """Embeddings (n, dimension) as unit vectors (n, WIDTH); zero stays zero."""
    if not len(rows_NK):
        return np.empty((0, WIDTH), dtype=np.float32)
    matrix = _projection(rows_NK.shape[1])
    # Row by row: a product of many rows rounds otherwise than one of few, and what is derived must
    # not hang on how much was derived at once.
    made = np.stack([row @ matrix for row in rows_NK.astype(np.float32)])
    norm = np.linalg.norm(made, axis=1, keepdims=True)
    return np.asarray(made / np.maximum(norm, 1e-9), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Gist:
    """The state of a scope, a value: (WIDTH, WIDTH) float32."""

    matrix: Floats

    @classmethod
    def empty(cls) -> Gist:
        """A state that has seen nothing: everything surprises it."""
        return cls(np.zeros((WIDTH, WIDTH), dtype=np.float32))

    def read(self, key_K: Floats) -> Floats:  # noqa: N803
        """What the state expects after a context; both projected unit vectors (WIDTH,)."""
        return np.asarray(self.matrix @ key_K, dtype=np.float32)

    def write_all(self, keys_NK: Floats, values_NK: Floats) -> tuple[Gist, Floats]:  # noqa: N803
        """The state after some episodes, and how much each surprised it when it came, (n,)."""
        state = self.matrix.copy()
        surprises = np.empty(len(keys_NK), dtype=np.float32)
        for place, (key, value) in enumerate(zip(keys_NK, values_NK, strict=True)):
            error = value - state @ key
            surprises[place] = np.linalg.norm(error)
            state *= DECAY
            state += RATE * np.outer(error, key)
        return Gist(state), surprises

    def to_bytes(self) -> bytes:
        """The state as it is kept: float32, row by row."""
        return self.matrix.tobytes()

    @classmethod
    def from_bytes(cls, kept: bytes) -> Gist:
        """The state again.

        Raises:
            StoreDamaged: these are not the bytes of a state.
        """
        if len(kept) != 4 * WIDTH * WIDTH:
            raise StoreDamaged(
                f"a gist has {len(kept)} bytes, not {4 * WIDTH * WIDTH}; run `mnemic rebuild`"
            )
        matrix = np.frombuffer(kept, dtype=np.float32).reshape(WIDTH, WIDTH)
        if not np.isfinite(matrix).all():
            raise StoreDamaged("a gist holds numbers that are not finite; run `mnemic rebuild`")
        return cls(matrix)


def contexts_of(values_NK: Floats, before: Sequence[Sequence[int]]) -> Floats:  # noqa: N803
    """For each episode the mean of what was said up to two turns before it, as unit vectors.

    Args:
        values_NK: projected contents.
        before: for each episode the rows of `values_NK` before it, nearest first; none for no context.
    """
    keys = np.zeros((len(before), values_NK.shape[1]), dtype=np.float32)
    for row, some in enumerate(before):
        for share, one in zip((1.0, 0.5), some, strict=False):
            keys[row] += share * values_NK[one]
    norm = np.linalg.norm(keys, axis=1, keepdims=True)
    return np.asarray(keys / np.maximum(norm, 1e-9), dtype=np.float32)
