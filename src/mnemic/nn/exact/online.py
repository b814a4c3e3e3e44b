"""The exact cache one token at a time: write into the block, read, and select when it is full.

The block is written in place where nobody can see it (see `Ticket`), so a step copies one pair;
once in C steps W + C pairs are sorted into a new buffer. A step of a state this small costs what its
operations cost to call, not what they compute, so this file counts them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import torch
from torch import Tensor

from mnemic.nn.exact.entries import CacheState, Entries, with_empty_block
from mnemic.nn.exact.read import Part, read, read_one
from mnemic.nn.exact.select import merge, top
from mnemic.nn.state import NOBODY, Ticket

Rescore: TypeAlias = Callable[[Entries], Tensor]
"""Present scores [B, H, J] of candidates, where scores change with the state."""


def write(
    state: CacheState,
    token: tuple[Tensor, Tensor, Tensor | None, Tensor],
    phases: tuple[int, ...],
    *,
    history: bool,
) -> CacheState:
    """The state with one token more in its block, which may now be full.

    Args:
        state: before.
        token: k, v, length (None: not wanted) and score, [B, H, ...].
        phases: of the rows, before.
        history: whether a graph of this step is kept, so that nothing may be overwritten.
    """
    slots, ticket = state.slots, state.ticket
    frozen = history or slots.k.requires_grad or slots.v.requires_grad
    inferred = slots.k.is_inference() and not torch.is_inference_mode_enabled()
    if frozen or inferred or not ticket.take(state.position):
        # The graph keeps this very buffer: nobody may write into it again.
        ticket = Ticket(NOBODY if history else state.position + 1)
        slots = Entries(*(x.clone() for x in slots))
    width = state.width
    if is_even(phases):
        place = width + phases[0]
        for buffer, new in zip(slots, token, strict=False):
            if new is not None:
                buffer.select(2, place).copy_(new)
    else:
        rows = torch.arange(len(phases), device=slots.k.device)
        at = torch.tensor(phases, device=slots.k.device) + width
        for buffer, new in zip(slots, token, strict=False):
            if new is not None:
                buffer[rows, :, at] = new
    return CacheState(
        state.rule, state.position + 1, slots, state.chunk, state.leads, state.held, ticket
    )


def see(state: CacheState, q: Tensor, sink: Tensor, phases: tuple[int, ...]) -> Tensor:
    """[B, H, V]: what the newest token reads.

    Args:
        state: after `write`, before `close`.
        q: [B, H, K] normalised and scaled.
        sink: [H].
        phases: of the rows before the write: where the newest token stands.
    """
    slots, width = state.slots, state.width
    even = is_even(phases)
    if even and state.held == width:
        stop = width + phases[0] + 1
        return read_one(q, slots.k[:, :, :stop], slots.v[:, :, :stop], sink)
    kept, block = state.kept, state.block
    past = Part(kept.k, kept.v, (kept.score > float("-inf")).unsqueeze(-2))
    if even:
        stop = phases[0] + 1
        own = Part(block.k[:, :, :stop], block.v[:, :, :stop], None)
    else:
        slot = torch.arange(state.chunk, device=q.device)
        seen = (slot <= torch.tensor(phases, device=q.device).unsqueeze(1)).unsqueeze(1)
        # Undefined slots may hold NaN, which a weight of zero would not silence.
        own = Part(block.k, block.v.masked_fill(~seen.unsqueeze(-1), 0.0), seen.unsqueeze(-2))
    return read(q.unsqueeze(2), [past, own], sink.reshape(1, -1, 1)).squeeze(2)


def close(state: CacheState, phases: tuple[int, ...], rescore: Rescore | None = None) -> CacheState:
    """The state with full blocks merged into the kept pairs; the same state if none is full.

    Args:
        state: after `write`.
        phases: of the rows, before it.
        rescore: for scores that change with the state.
    """
    last = state.chunk - 1
    if last not in phases:
        return state
    full = tuple(phase == last for phase in phases)
    if all(full) and rescore is None and state.held == state.width:
        slots = _reselected(state)
        return replace(state, slots=slots, ticket=Ticket(state.position))
    merged = _merged(state, rescore)
    if all(full):
        slots = with_empty_block(merged, state.chunk)
        held = min(state.width, state.held + state.chunk)
    else:
        chosen = torch.tensor(full, device=state.slots.k.device)
        kept = (_where(chosen, a, b) for a, b in zip(merged, state.kept, strict=True))
        slots = Entries(*kept).join(state.block)
        held = state.held
    return replace(state, slots=slots, held=held, ticket=Ticket(state.position))


def present(entries: Entries, rescore: Rescore) -> Tensor:
    """Scores of now; empty slots stay empty."""
    empty = entries.score == float("-inf")
    return rescore(entries).masked_fill(empty, float("-inf"))


def _merged(state: CacheState, rescore: Rescore | None) -> Entries:
    """The best of the kept pairs and a full block."""
    device = state.slots.k.device
    starts = torch.tensor(state.counts, device=device).reshape(-1, 1, 1) - state.chunk
    position = starts + torch.arange(state.chunk, device=device)
    kept, block = state.kept, state.block
    block = block._replace(position=position.expand(block.score.shape))
    if rescore is not None:
        kept, block = (x._replace(score=present(x, rescore)) for x in (kept, block))
    return merge(kept, block, state.width)


def _reselected(state: CacheState) -> Entries:
    """The same where all slots are in use: kept and block stand in order in one buffer, so nothing
    need be joined, no empty slot cleared, and what is chosen goes straight into the new buffer.
    """
    slots, width = state.slots, state.width
    batch, heads, room = slots.score.shape
    fresh = Entries(*map(torch.empty_like, slots))
    fresh.length[:, :, width:] = 0.0
    if not width:
        return fresh
    for row, count in enumerate(state.counts):
        # Nobody else minds: positions of a block are never read from here.
        slots.position[row, :, width:] = torch.arange(
            count - state.chunk, count, device=slots.position.device
        )
    chosen = top(slots.score, width)
    lines = torch.arange(batch * heads, device=chosen.device).mul_(room).view(batch, heads, 1)
    flat = (chosen + lines).view(-1)
    for old, new in zip(slots, fresh, strict=True):
        taken = old.view(batch * heads * room, -1).index_select(0, flat)
        new[:, :, :width] = taken.view(batch, heads, width, *old.shape[3:])
    return fresh


def is_even(phases: tuple[int, ...]) -> bool:
    """Whether all rows stand at the same place of their blocks."""
    return phases.count(phases[0]) == len(phases)


def _where(rows: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return torch.where(rows.reshape(-1, *(1,) * (a.ndim - 1)), a, b)
