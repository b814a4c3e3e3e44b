"""What a pair is worth to the exact cache. All scores are float32 and carry no gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from mnemic.errors import InvalidTensor
from mnemic.nn.axes import Gates, Keys, Matrix, Scores, Values


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a score may look at.

    Args:
        k: [B, T, H, K].
        v: [B, T, H, V].
        beta: [B, T, H] or None.
        write: [B, T, H] float32, the rule's write magnitude.
        first: real tokens before the first of the T, by row; fewer than 0 where that is padding.
        seed: of the random score.
    """

    k: Keys
    v: Values
    beta: Gates | None
    write: Gates
    first: tuple[int, ...]
    seed: int = 0

    def positions(self) -> Tensor:
        """[B, T, H] int64: real tokens before each in its row."""
        start = torch.tensor(self.first, device=self.write.device).reshape(-1, 1, 1)
        ahead = torch.arange(self.write.shape[1], device=self.write.device).unsqueeze(-1)
        return (start + ahead).expand(self.write.shape)


def write(seen: Evidence) -> Tensor:
    """The size of what the state really committed, ||S_t - D_t S_(t-1)||.

    Source:
        HOLA (Cui, 2026), eq. 6, arXiv:2607.02303. Differs: defined for every rule, not only delta.
    """
    return seen.write.float()


def residual(seen: Evidence) -> Tensor:
    """The size of the error alone: the write without its strength, write / (beta ||k||).

    Where beta or the key is zero nothing was written, the error is unknown, and the score is 0.
    """
    strength = key_norm(seen)
    if seen.beta is not None:
        strength = strength * seen.beta.float()
    nothing = strength <= 0
    return (seen.write.float() / strength.masked_fill(nothing, 1.0)).masked_fill(nothing, 0.0)


def recency(seen: Evidence) -> Tensor:
    """The position: the newest stay. Exact up to 2^24 tokens, where float32 begins to tie."""
    return seen.positions().float()


def random(seen: Evidence) -> Tensor:
    """A number in [0, 1) hashed from seed, head and position: the same in every form and row."""
    heads = torch.arange(seen.write.shape[-1], device=seen.write.device)
    mixed = seen.positions() * 1_000_003 + heads * 7_919 + seen.seed * 104_729
    for multiplier in (0x45D9F3B, 0x119DE1F3):
        mixed = ((mixed ^ (mixed >> 16)) * multiplier) & 0xFFFFFFFF
    hashed: Tensor = ((mixed ^ (mixed >> 16)) >> 8).float() / 2**24
    return hashed


def key_norm(seen: Evidence) -> Tensor:
    """||k||."""
    size: Tensor = torch.linalg.vector_norm(seen.k.float(), dim=-1)
    return size


def pending(seen: Evidence) -> Tensor:
    """Zero: what the token is worth is asked at each selection, by `recall_error`."""
    return torch.zeros_like(seen.write, dtype=torch.float32)


SCORES: Mapping[str, Callable[[Evidence], Tensor]] = MappingProxyType(
    {
        "write": write,
        "residual": residual,
        "recall_error": pending,
        "recency": recency,
        "random": random,
        "key_norm": key_norm,
    }
)
"""Scores by name. All but recall_error are fixed when the token is written."""


def check_score(name: str) -> None:
    """Refuses a name that is no score.

    Raises:
        InvalidTensor: names the scores there are.
    """
    if name not in SCORES:
        raise InvalidTensor(f"there is no score {name!r}; the scores are: {', '.join(SCORES)}")


def score_tokens(name: str, seen: Evidence) -> Tensor:
    """[B, T, H] float32, detached."""
    with torch.no_grad():
        return SCORES[name](seen).detach()


def recall_error(matrix: Matrix, k: Tensor, v: Tensor) -> Scores:
    """||v - S^T k|| under the present state: what it would get wrong now.

    Args:
        matrix: [B, H, K, V].
        k: [B, H, J, K].
        v: [B, H, J, V].

    Returns:
        [B, H, J] float32, detached.
    """
    with torch.no_grad():
        error: Tensor = torch.linalg.vector_norm(v - k @ matrix, dim=-1)
        return error.float()
