"""What a cache learns to read by, whichever pairs it keeps."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mnemic.errors import InvalidTensor
from mnemic.nn.exact.read import gain_of


class LearnedRead(nn.Module):
    """gamma of queries and of keys, a null sink and a gate for each head that reads.

    Args:
        readers: heads that read.
        key_width: K.
        norm: of queries and keys, a name in `read.NORMS`.
        gate_init: of the gate before the sigmoid.
        sink_init: logit of seeing nothing.

    Raises:
        InvalidTensor: a beginning that is no finite number.
    """

    gamma_q: nn.Parameter
    gamma_k: nn.Parameter
    sink: nn.Parameter
    gate: nn.Parameter

    def __init__(
        self, readers: int, key_width: int, norm: str, *, gate_init: float, sink_init: float
    ) -> None:
        super().__init__()
        for name, value in (("gate_init", gate_init), ("sink_init", sink_init)):
            if not math.isfinite(value):
                raise InvalidTensor(f"{name} is {value!r}; it must be a finite number")
        self.key_width, self.norm = key_width, norm
        self.gamma_q = nn.Parameter(torch.ones(key_width))
        self.gamma_k = nn.Parameter(torch.ones(key_width))
        self.sink = nn.Parameter(torch.full((readers,), float(sink_init)))
        self.gate = nn.Parameter(torch.full((readers,), float(gate_init)))

    def gain(self, dtype: torch.dtype) -> Tensor:
        """[K] both gammas and the norms' lengths; on the query's side, so that keys stay."""
        return (self.gamma_q * self.gamma_k * gain_of(self.key_width, self.norm)).to(dtype)
