"""Draws without replacement, batched and from a generator."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def distinct(logits: Tensor, batch: int, count: int, generator: torch.Generator) -> Tensor:
    """[batch, count] draws without replacement, likely ones first.

    Source:
        Gumbel-top-k (Kool et al., 2019), section 2.3, arXiv:1903.06059.
    """
    uniform = torch.rand(batch, logits.shape[0], generator=generator, dtype=torch.float64)
    tiny = math.ulp(0.0)
    gumbel = -(-(uniform.clamp_min(tiny)).log()).clamp_min(tiny).log()
    return (logits + gumbel).topk(count, dim=1).indices
