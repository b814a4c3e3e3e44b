"""Root-mean-square normalisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    """x / rms(x) times a learned gain; computed in float32 at least.

    Args:
        width: size of the last axis.
        eps: added to the mean square.

    Source:
        RMSNorm (Zhang & Sennrich, 2019), eq. 4, arXiv:1910.07467.
    """

    def __init__(self, width: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """[..., width] of root mean square 1, times the gain; a vector of zeros stays one."""
        wide = x.float() if x.element_size() < 4 else x
        scale = torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)
        return (wide * scale).to(x.dtype) * self.gain
