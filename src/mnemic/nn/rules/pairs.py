"""Rules that keep pairs as they are: a list of keys and values in preallocated buffers.

The buffers are shared between a state and its successors and written in place; `Ticket` sees to it
that no older state ever changes. Only filled slots are read, so what was in the memory before does
not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import torch
from torch import Tensor

from mnemic.errors import InvalidTensor
from mnemic.nn.axes import Keys, Mask, Values
from mnemic.nn.state import State, Ticket

CAPACITY_MIN = 64
"""Slots of the first buffer; a full one is replaced by one of twice its size."""


@dataclass(frozen=True, eq=False)
class PairState(State, kind="pairs"):
    """The pairs kept, oldest first.

    Args:
        k: [B, H, capacity, K]; only the first `filled` slots mean anything.
        v: [B, H, capacity, V].
        live: [B, capacity] bool, False at padding.
        filled: slots in use.
        width: of the last pairs that can still be read; None: all.
        padded: whether any padding was ever given; without it `live` need not be read.
        ticket: who may write slot `filled` in place.
    """

    k: Tensor
    v: Tensor
    live: Tensor
    filled: int = 0
    width: int | None = None
    padded: bool = False
    ticket: Ticket = field(default_factory=lambda: Ticket(0), repr=False)

    def zeros(self) -> Self:
        """An empty list of the same sizes."""
        empty = replace(self, position=0, filled=0, padded=False, ticket=Ticket(0))
        return empty.map(torch.empty_like)

    def for_file(self) -> Self:
        """Only the pairs that can still be read."""
        first = 0 if self.width is None else max(0, self.filled - self.width)
        here = slice(first, self.filled)
        return replace(
            self,
            k=self.k[:, :, here],
            v=self.v[:, :, here],
            live=self.live[:, here],
            filled=self.filled - first,
        )

    def equals(self, other: State) -> bool:
        """Whether the pairs that can be read hold the same bits."""
        return super(PairState, self.for_file()).equals(other.for_file())

    def validate(self) -> None:
        """Refuses sizes that contradict each other."""
        if self.k.ndim != 4 or self.v.ndim != 4 or self.live.dtype != torch.bool:
            raise InvalidTensor(f"k {tuple(self.k.shape)}, v {tuple(self.v.shape)} are no pairs")
        lead, slots = self.k.shape[:2], self.k.shape[2]
        fits = self.v.shape[:3] == (*lead, slots) and self.live.shape == (lead[0], slots)
        exact = self.k.dtype == self.v.dtype and self.k.dtype in (torch.float32, torch.float64)
        if not fits or not exact or not 0 <= self.filled <= slots:
            raise InvalidTensor(
                f"k {tuple(self.k.shape)}, v {tuple(self.v.shape)}, live {tuple(self.live.shape)} "
                f"and filled {self.filled} contradict each other"
            )


def empty_pairs(
    rule: str,
    sizes: tuple[int, int, int, int],
    width: int | None,
    slots: int,
    dtype: torch.dtype,
    device: torch.device | str,
) -> PairState:
    """No pairs yet, in buffers for `slots`."""
    batch, heads, key_width, value_width = sizes
    return PairState(
        rule,
        0,
        torch.empty(batch, heads, slots, key_width, dtype=dtype, device=device),
        torch.empty(batch, heads, slots, value_width, dtype=dtype, device=device),
        torch.empty(batch, slots, dtype=torch.bool, device=device),
        width=width,
    )


def append(
    state: PairState, k: Keys, v: Values, mask: Mask | None, keep: int | None, *, history: bool
) -> PairState:
    """The list with one pair more, in place where nobody can see it.

    Args:
        state: the list.
        k: [B, H, K].
        v: [B, H, V].
        mask: [B] or None.
        keep: pairs that must stay readable, None: all.
        history: whether a graph of this step is kept, so that nothing may be overwritten.
    """
    n = state.filled
    if history:
        return extend(state, k.unsqueeze(2), v.unsqueeze(2), _column(mask), keep)
    if n == state.k.shape[2]:
        state = _move(state, keep)
        n = state.filled
    elif _is_frozen(state) or not state.ticket.take(state.position):
        state = state.map(torch.clone)
        state = replace(state, ticket=Ticket(state.position + 1))
    state.k[:, :, n] = k
    state.v[:, :, n] = v
    state.live[:, n] = True if mask is None else mask
    return replace(
        state,
        position=state.position + 1,
        filled=n + 1,
        padded=state.padded or mask is not None,
    )


def extend(
    state: PairState, k: Tensor, v: Tensor, mask: Mask | None, keep: int | None
) -> PairState:
    """The list with T pairs more, in buffers of its own.

    Args:
        state: the list.
        k: [B, H, T, K].
        v: [B, H, T, V].
        mask: [B, T] or None.
        keep: pairs to keep, None: all.
    """
    n, length = state.filled, k.shape[2]
    live = mask if mask is not None else k.new_ones((k.shape[0], length), dtype=torch.bool)
    all_k = torch.cat([state.k[:, :, :n], k], 2)
    all_v = torch.cat([state.v[:, :, :n], v], 2)
    all_live = torch.cat([state.live[:, :n], live], 1)
    first = 0 if keep is None else max(0, n + length - keep)
    return replace(
        state,
        position=state.position + length,
        # A slice would hold on to the whole run's memory.
        k=all_k[:, :, first:].clone() if first else all_k,
        v=all_v[:, :, first:].clone() if first else all_v,
        live=all_live[:, first:].clone() if first else all_live,
        filled=n + length - first,
        padded=state.padded or mask is not None,
        ticket=Ticket(state.position + length),
    )


def attend(q: Tensor, k: Tensor, v: Tensor, seen: Tensor | None) -> Tensor:
    """softmax(q k^T / sqrt(K)) v over the pairs seen.

    Args:
        q: [B, H, Q, K].
        k: [B, H, J, K].
        v: [B, H, J, V].
        seen: bool, broadcast to [B, H, Q, J]; None: all. A query that sees nothing reads a mean,
            which the caller hides.

    Returns:
        [B, H, Q, V].
    """
    logits: Tensor = (q @ k.transpose(-1, -2)) * float(k.shape[-1]) ** -0.5
    if seen is not None:
        logits = logits.masked_fill(~seen, torch.finfo(logits.dtype).min)
    return logits.softmax(-1) @ v


def pair_magnitude(k: Tensor, v: Tensor) -> Tensor:
    """The size of the row (k, v) that the list grows by: sqrt(||k||^2 + ||v||^2)."""
    k, v = k.detach(), v.detach()
    return ((k * k).sum(-1) + (v * v).sum(-1)).sqrt()


def _move(state: PairState, keep: int | None) -> PairState:
    """The list in new buffers with room at the end; only what must stay readable moves."""
    n = state.filled
    first = 0 if keep is None else max(0, n - keep)
    slots = max(2 * state.k.shape[2], CAPACITY_MIN) if keep is None else 2 * keep
    batch, heads, _, key_width = state.k.shape
    sizes = (batch, heads, key_width, state.v.shape[-1])
    fresh = empty_pairs(state.rule, sizes, state.width, slots, state.k.dtype, state.k.device)
    fresh.k[:, :, : n - first] = state.k[:, :, first:n]
    fresh.v[:, :, : n - first] = state.v[:, :, first:n]
    fresh.live[:, : n - first] = state.live[:, first:n]
    return replace(
        fresh,
        position=state.position,
        filled=n - first,
        padded=state.padded,
        ticket=Ticket(state.position + 1),
    )


def _column(mask: Mask | None) -> Mask | None:
    return None if mask is None else mask.unsqueeze(1)


def _is_frozen(state: PairState) -> bool:
    """Whether others hold on to the buffers: an earlier graph, or inference mode."""
    if state.k.requires_grad or state.v.requires_grad:
        return True
    inferred = state.k.is_inference() and not torch.is_inference_mode_enabled()
    return bool(inferred)
