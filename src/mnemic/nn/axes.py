"""The legend of all shapes, and names for tensors that have them.

B  batch            rows that never touch each other
T  time             tokens, oldest first
H  heads            memories side by side
K  key width        of queries and keys
V  value width      of values and outputs
W  width            slots of the exact cache; tokens of a sliding window
C  chunk            tokens handled at once; a block of the exact cache
N  number           of chunks

The aliases below name tensors by their axes; they are for readers, type checkers see tensors.
S in formulas is `matrix` in code, S' is `matrix_next`.
"""

from __future__ import annotations

from typing import TypeAlias

from torch import Tensor

Keys: TypeAlias = Tensor
"""[B, T, H, K] over time, [B, H, K] at one step: queries, keys, decays per key."""

Values: TypeAlias = Tensor
"""[B, T, H, V] over time, [B, H, V] at one step: values, outputs."""

Gates: TypeAlias = Tensor
"""[B, T, H] over time, [B, H] at one step: one number per head."""

Matrix: TypeAlias = Tensor
"""[B, H, K, V]: a state that maps keys to values, float32 or float64."""

Mask: TypeAlias = Tensor
"""[B, T] over time, [B] at one step: True where a token is real, False where it is padding."""

Scores: TypeAlias = Tensor
"""[B, H, T] float32, detached: what a token is worth to the exact cache; -inf for padding."""
