"""The exact cache one token at a time: write into the block, read, and select when it is full.

The block is written in place where nobody can see it (see `Ticket`), so a step copies one pair;
once in C steps W + C pairs are sorted and a new block begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import torch
from torch import Tensor

from mnemic.nn.exact.entries import Block, CacheState, Entries, empty_block
from mnemic.nn.exact.read import Part, read
from mnemic.nn.exact.select import merge
from mnemic.nn.state import Ticket

Rescore: TypeAlias = Callable[[Entries], Tensor]
"""Present scores [B, H, J] of candidates."""


def write(state: CacheState, token: Block, *, history: bool) -> CacheState:
    """The state with one token more in its block, which may now be full.

    Args:
        state: before.
        token: [B, H, ...], one per row.
        history: whether a graph of this step is kept, so that nothing may be overwritten.
    """
    block, ticket = state.block, state.ticket
    frozen = history or block.k.requires_grad or block.v.requires_grad
    inferred = block.k.is_inference() and not torch.is_inference_mode_enabled()
    if frozen or inferred or not ticket.take(state.position):
        block, ticket = Block(*(x.clone() for x in block)), Ticket(state.position + 1)
    phases = state.phases
    for buffer, new in zip(block, token, strict=True):
        if len(set(phases)) == 1:
            buffer[:, :, phases[0]] = new
        else:
            rows = torch.arange(len(phases), device=new.device)
            buffer[rows, :, torch.tensor(phases, device=new.device)] = new
    return replace(state, position=state.position + 1, block=block, ticket=ticket)


def see(state: CacheState, q: Tensor, sink: Tensor, phases: tuple[int, ...]) -> Tensor:
    """[B, H, V]: what the newest token reads.

    Args:
        state: after `write`, before `close`.
        q: [B, H, K] normalised and scaled.
        sink: [H].
        phases: of the rows before the write: where the newest token stands.
    """
    kept, block = state.kept, state.block
    past = (kept.score > float("-inf")).unsqueeze(-2)
    if len(set(phases)) == 1:
        stop = phases[0] + 1
        own = Part(block.k[:, :, :stop], block.v[:, :, :stop], block.scale[:, :, :stop], None)
    else:
        slot = torch.arange(state.chunk, device=q.device)
        seen = (slot <= torch.tensor(phases, device=q.device).unsqueeze(1)).unsqueeze(1)
        # Undefined slots may hold NaN, which a weight of zero would not silence.
        v = block.v.masked_fill(~seen.unsqueeze(-1), 0.0)
        own = Part(block.k, v, block.scale, seen.unsqueeze(-2))
    parts = [Part(kept.k, kept.v, kept.scale, past), own]
    return read(q.unsqueeze(2), parts, sink.reshape(1, -1, 1)).squeeze(2)


def close(state: CacheState, rescore: Rescore | None = None) -> CacheState:
    """The state with full blocks merged into the kept pairs; the same state if none is full.

    Args:
        state: after `write`.
        rescore: [B, H, J] present scores of candidates, where scores change with the state.
    """
    full = tuple(
        phase == 0 and count > 0 for phase, count in zip(state.phases, state.counts, strict=True)
    )
    if not any(full):
        return state
    kept = merge_block(state, rescore)
    if all(full):
        block = empty_block(state.block.k, state.block.v, state.chunk)
    else:
        chosen = torch.tensor(full, device=state.block.k.device)
        kept = Entries(*(_where(chosen, a, b) for a, b in zip(kept, state.kept, strict=True)))
        block = Block(*(x.clone() for x in state.block))
    return replace(state, kept=kept, block=block, ticket=Ticket(state.position))


def merge_block(state: CacheState, rescore: Rescore | None) -> Entries:
    """The best of the kept pairs and a full block."""
    device = state.block.k.device
    starts = torch.tensor(state.counts, device=device).reshape(-1, 1, 1) - state.chunk
    position = starts + torch.arange(state.chunk, device=device)
    fresh = Entries(*state.block, position.expand(state.block.score.shape))
    kept = state.kept
    if rescore is not None:
        kept, fresh = (x._replace(score=present(x, rescore)) for x in (kept, fresh))
    return merge(kept, fresh, state.width)


def present(entries: Entries, rescore: Rescore) -> Tensor:
    """Scores of now; empty slots stay empty."""
    empty = entries.score == float("-inf")
    return rescore(entries).masked_fill(empty, float("-inf"))


def _where(rows: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return torch.where(rows.reshape(-1, *(1,) * (a.ndim - 1)), a, b)
