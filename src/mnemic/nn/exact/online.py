"""The exact cache one token at a time: write into the block, read, and select when it is full.

The block is written in place where nobody can see it (see `Ticket`), so a step copies one pair;
once in C steps W + C pairs are sorted into a new buffer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import torch
from torch import Tensor

from mnemic.nn.exact.entries import CacheState, Entries, with_empty_block
from mnemic.nn.exact.read import Part, read, read_one
from mnemic.nn.exact.select import merge
from mnemic.nn.state import Ticket

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
        slots, ticket = Entries(*(x.clone() for x in slots)), Ticket(state.position + 1)
    width = state.width
    if all(phase == phases[0] for phase in phases):
        for buffer, new in zip(slots, token, strict=False):
            if new is not None:
                buffer[:, :, width + phases[0]] = new
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
    even = all(phase == phases[0] for phase in phases)
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
    full = tuple(phase == state.chunk - 1 for phase in phases)
    if not any(full):
        return state
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


def _where(rows: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return torch.where(rows.reshape(-1, *(1,) * (a.ndim - 1)), a, b)
