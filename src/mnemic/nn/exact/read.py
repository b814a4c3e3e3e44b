"""Reading kept pairs: softmax with a null sink, on keys and queries of one length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mnemic.errors import InvalidTensor

LENGTH_MIN = 1e-6
"""A vector shorter than this is not stretched to length 1: a key of zeros stays one."""

NORMS = ("rms", "l2")
"""rms: keys and queries of length sqrt(K), as in HOLA. l2: of length 1, its ablation, far flatter."""


class Part(NamedTuple):
    """Pairs to read from.

    Args:
        k: [..., J, K] of length 1.
        v: [..., J, V].
        seen: bool, broadcast to [..., Q, J]; None: all.
    """

    k: Tensor
    v: Tensor
    seen: Tensor | None


def check_norm(norm: str) -> None:
    """Refuses a name that is no norm.

    Raises:
        InvalidTensor: names the norms there are.
    """
    if norm not in NORMS:
        raise InvalidTensor(f"there is no norm {norm!r}; the norms are: {', '.join(NORMS)}")


def length_of(x: Tensor) -> Tensor:
    """[..., 1]: what `unit` divides x [..., K] by."""
    length: Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return length.clamp_min(LENGTH_MIN)


def unit(x: Tensor) -> Tensor:
    """[..., K] of length 1. Both norms differ from it by a number, which the query's gain carries.

    Source:
        RMSNorm (Zhang & Sennrich, 2019), eq. 4, arXiv:1910.07467.
        Differs: nothing is added to the length; it is kept from 0 instead.
    """
    return x / length_of(x)


def gain_of(key_width: int, norm: str) -> float:
    """What q . k of unit vectors is multiplied by: the norms' lengths over sqrt(K)."""
    return float(key_width) ** (0.5 if norm == "rms" else -0.5)


def read(q: Tensor, parts: Sequence[Part], sink: Tensor) -> Tensor:
    """What is read: softmax over all parts and a sink that holds nothing.

    The parts are never concatenated: each contributes a sum and a weight, under a common maximum.

    Args:
        q: [..., Q, K] of length 1, times both gammas and `gain_of`.
        parts: what is seen.
        sink: broadcast to [..., Q], the logit of seeing nothing.

    Returns:
        [..., Q, V].

    Source:
        HOLA (Cui, 2026), eq. 7, arXiv:2607.02303.
        Differs: the null sink is a learned logit per head with the value zero (theirs is not said).
    """
    logits = [_logits(q, part) for part in parts]
    highest = sink.detach()
    for each in logits:
        highest = torch.maximum(highest, each.detach().amax(-1))
    total = (sink - highest).exp()
    out: Tensor | None = None
    for each, part in zip(logits, parts, strict=True):
        weights = (each - highest.unsqueeze(-1)).exp()
        total = total + weights.sum(-1)
        summed = weights @ part.v
        out = summed if out is None else out + summed
    assert out is not None
    return out / total.unsqueeze(-1)


def _logits(q: Tensor, part: Part) -> Tensor:
    logits = q @ part.k.transpose(-1, -2)
    if part.seen is None:
        return logits
    return logits.masked_fill(~part.seen, float("-inf"))


def read_one(q: Tensor, k: Tensor, v: Tensor, sink: Tensor) -> Tensor:
    """The same for one query that sees everything, in as few operations as decoding allows.

    Args:
        q: [B, H, K].
        k: [B, H, J, K].
        v: [B, H, J, V].
        sink: [H].

    Returns:
        [B, H, V].
    """
    logits = q.unsqueeze(2) @ k.transpose(2, 3)
    nothing = sink.reshape(1, -1, 1, 1).expand(logits.shape[0], -1, 1, 1)
    weights = torch.cat([logits, nothing], 3).softmax(3)
    return (weights[..., :-1] @ v).squeeze(2)
