"""Short causal convolution, and the few tokens it has to remember."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from mnemic.errors import InvalidTensor, StateMismatch
from mnemic.nn.axes import Mask
from mnemic.nn.exact.packing import left_padding
from mnemic.nn.state import State, check_sizes, check_state_dtype


@dataclass(frozen=True, eq=False)
class ConvState(State, kind="conv"):
    """tail: [B, taps - 1, D], each row's last real tokens, oldest first; zeros before the first."""

    tail: Tensor

    def zeros(self) -> Self:
        """A fresh state of the same shapes."""
        return replace(self, position=0, tail=torch.zeros_like(self.tail))

    def validate(self) -> None:
        """Refuses what is no tail."""
        if self.tail.ndim != 3 or self.tail.dtype not in (torch.float32, torch.float64):
            raise InvalidTensor(
                f"the tail is {tuple(self.tail.shape)} of {self.tail.dtype}; it must be [B, J, D]"
            )


class ConvOutput(NamedTuple):
    """state after the tokens; out [B, T, D], or [B, D] at one step."""

    state: ConvState
    out: Tensor


class ShortConv(nn.Module):
    """Each channel as a weighted sum of its last `taps` tokens; y_t = sum_i w_i x_(t-i).

    Begins with every tap alike at random, as `nn.Conv1d` does: begun as the identity, neighbours are
    found late, and the bare delta rule stands still for hundreds of steps (LOG.md). Padding on the
    left is skipped, at any call: a row's tokens see the row's own last tokens, not the padding
    between.

    Args:
        channels: D.
        taps: tokens seen, the current one included; 1 is a gain per channel.

    Source:
        H3 (Fu et al., 2022), section 3 (shift SSM), arXiv:2212.14052; 4 taps as in Mamba and
        DeltaNet. Differs: no bias, so that nothing before the first token is exactly zero.
    """

    def __init__(self, channels: int, taps: int = 4) -> None:
        super().__init__()
        check_sizes(channels=channels, taps=taps)
        bound = taps**-0.5
        self.weight = nn.Parameter(torch.empty(taps, channels).uniform_(-bound, bound))
        self.channels, self.taps = channels, taps

    @property
    def name(self) -> str:
        """What a state remembers of its convolution."""
        return f"conv({self.taps})"

    def init_state(
        self,
        batch: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> ConvState:
        """Zeros, as if before the first token there were nothing."""
        check_sizes(batch=batch)
        check_state_dtype(dtype)
        shape = (batch, self.taps - 1, self.channels)
        return ConvState(self.name, 0, torch.zeros(shape, dtype=dtype, device=device))

    def forward(self, state: ConvState, x: Tensor, mask: Mask | None = None) -> ConvOutput:
        """T tokens.

        Args:
            state: before them.
            x: [B, T, D].
            mask: [B, T], padding on the left only; outputs there mean nothing.

        Raises:
            InvalidTensor: padding that is not on the left.
            StateMismatch: a state of another convolution, or another number of rows.
        """
        self._check(state, x)
        length = x.shape[1]
        line = torch.cat([state.tail.to(x.dtype), x], 1)
        if mask is not None:
            line = _close_gap(line, left_padding(mask, x.shape[0], length), self.taps - 1)
        out = line[:, :length] * self.weight[0]
        for i in range(1, self.taps):
            # In place: no backward pass asks for the sum so far, and memory is what this costs.
            out.addcmul_(line[:, i : i + length], self.weight[i])
        # A clone: a slice would hold on to the whole run's memory.
        tail = line[:, length:].to(state.tail.dtype).clone()
        return ConvOutput(ConvState(self.name, state.position + length, tail), out)

    def step(self, state: ConvState, x: Tensor, mask: Mask | None = None) -> ConvOutput:
        """One token: x [B, D], mask [B]."""
        done = self(state, x.unsqueeze(1), None if mask is None else mask.unsqueeze(1))
        return ConvOutput(done.state, done.out.squeeze(1))

    def _check(self, state: ConvState, x: Tensor) -> None:
        if not isinstance(state, ConvState) or state.rule != self.name:
            made = getattr(state, "rule", type(state).__name__)
            raise StateMismatch(
                f"{self.name!r} was given a state of {made!r}; begin with its own init_state"
            )
        if x.ndim != 3 or x.shape[1] == 0 or x.shape[2] != self.channels:
            raise InvalidTensor(
                f"x has the shape {tuple(x.shape)}; it must be [B, T >= 1, {self.channels}]"
            )
        wanted = (x.shape[0], self.taps - 1, self.channels)
        if state.tail.shape != wanted:
            raise StateMismatch(
                f"the state's tail is {tuple(state.tail.shape)}, the inputs want {wanted}; "
                "the batch cannot change between calls: begin with init_state"
            )


def _close_gap(line: Tensor, pads: tuple[int, ...], before: int) -> Tensor:
    """The padding moved in front of the tail, as zeros, so that tail and tokens are neighbours.

    Args:
        line: [B, before + T, D]: tail, padding, tokens.
        pads: padding of each row.
        before: length of the tail.
    """
    pads_b1 = torch.tensor(pads, device=line.device).unsqueeze(1)
    slot = torch.arange(line.shape[1], device=line.device)
    source = torch.where(slot < pads_b1 + before, slot - pads_b1, slot)
    moved = line.gather(1, source.clamp(min=0).unsqueeze(-1).expand(line.shape))
    return moved.masked_fill((slot < pads_b1).unsqueeze(-1), 0.0)
