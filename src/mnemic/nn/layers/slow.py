"""Slow features: what the last few to the last few dozen tokens were like, for gates to see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from mnemic.errors import InvalidTensor, StateMismatch
from mnemic.nn.axes import Mask
from mnemic.nn.precision import full_precision
from mnemic.nn.state import State, check_sizes, check_state_dtype

KEEPS = (0.8, 0.97)
"""What each running mean keeps at a token: memories of about 5 and 33 tokens."""


@dataclass(frozen=True, eq=False)
class SlowState(State, kind="slow"):
    """means: [B, len(KEEPS), R]."""

    means: Tensor

    def zeros(self) -> Self:
        """A fresh state of the same shapes."""
        return replace(self, position=0, means=torch.zeros_like(self.means))

    def validate(self) -> None:
        """Refuses what are no means."""
        if self.means.ndim != 3 or self.means.dtype not in (torch.float32, torch.float64):
            raise InvalidTensor(f"the means are {tuple(self.means.shape)} of {self.means.dtype}")


class SlowOutput(NamedTuple):
    """state after the tokens; out [B, T, len(KEEPS) R]."""

    state: SlowState
    out: Tensor


class SlowFeatures(nn.Module):
    """Running means of a few projections, normalised; padding leaves them as they were.

        r_t = silu(W x_t);  a_t = l a_(t-1) + (1 - l) r_t for l in KEEPS;  out = a / rms(a)

    Args:
        features: of the input.
        width: R, projections.

    Source:
        Ours (shared notes, section 6, "IER").
    """

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        check_sizes(features=features, width=width)
        self.project = nn.Linear(features, width, bias=False)
        self.width = width

    @property
    def name(self) -> str:
        """What a state remembers of its features."""
        return f"slow({self.width})"

    @property
    def out_width(self) -> int:
        """Features that come out."""
        return self.width * len(KEEPS)

    def init_state(
        self,
        batch: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> SlowState:
        """Means of nothing: zeros."""
        check_sizes(batch=batch)
        check_state_dtype(dtype)
        shape = (batch, len(KEEPS), self.width)
        return SlowState(self.name, 0, torch.zeros(shape, dtype=dtype, device=device))

    @full_precision
    def forward(
        self, state: SlowState, x: Tensor, mask: Mask | None = None, chunk: int = 64
    ) -> SlowOutput:
        """T tokens: x [B, T, features]."""
        if not isinstance(state, SlowState) or state.rule != self.name:
            made = getattr(state, "rule", type(state).__name__)
            raise StateMismatch(
                f"{self.name!r} was given a state of {made!r}; begin with its own init_state"
            )
        if state.means.shape[0] != x.shape[0]:
            raise StateMismatch(
                f"the inputs have {x.shape[0]} rows, the state of the slow features "
                f"{state.means.shape[0]}; the batch cannot change between calls: begin with "
                "init_state"
            )
        length = x.shape[1]
        r = silu(self.project(x)).to(state.means.dtype)
        if mask is None:
            mask = torch.ones(1, length, dtype=torch.bool, device=x.device)
        else:
            r = r.masked_fill(~mask.unsqueeze(-1), 0.0)
        means, outs = state.means, []
        for start in range(0, length, chunk):
            here = slice(start, start + chunk)
            line = _means(means, r[:, here], mask[:, here])
            means = line[:, -1]
            outs.append(line)
        every = torch.cat(outs, 1).flatten(2)
        out = every * torch.rsqrt(every.square().mean(-1, keepdim=True) + 1e-6)
        return SlowOutput(SlowState(self.name, state.position + length, means), out.to(x.dtype))


def _means(before: Tensor, r: Tensor, mask: Mask) -> Tensor:
    """[B, C, len(KEEPS), R]: the means after each token, from before [B, len(KEEPS), R]."""
    seen = mask.to(r.dtype).cumsum(1)
    keep = torch.tensor(KEEPS, dtype=r.dtype, device=r.device).log()
    gap = seen.unsqueeze(2) - seen.unsqueeze(1)
    causal = torch.ones(gap.shape[1:], dtype=torch.bool, device=r.device).tril()
    weights = (gap.unsqueeze(-1) * keep).exp() * (1 - keep.exp())
    weights = weights.masked_fill(~causal.unsqueeze(-1), 0.0).expand(r.shape[0], -1, -1, -1)
    faded = (seen.unsqueeze(-1) * keep).exp().unsqueeze(-1) * before.unsqueeze(1)
    return faded + torch.einsum("btsl,bsr->btlr", weights, r)
