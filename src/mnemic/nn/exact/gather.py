"""The exact cache over many tokens: each block reads its W selected pairs and itself.

Time and memory T (W + C), never T * T. Selection is an index, found without a gradient; keys and
values are gathered by it, and carry theirs.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mnemic.nn.exact.entries import NOWHERE, Entries
from mnemic.nn.exact.packing import Packing
from mnemic.nn.exact.read import Part, read
from mnemic.nn.exact.select import scan_blocks

GROUP = 16
"""Blocks read together: what is between their products and the result then fits into caches."""


def pool_of(kept: Entries, tokens: Entries, packing: Packing, counts: tuple[int, ...]) -> Entries:
    """The kept pairs and, after them, the packed tokens.

    Args:
        kept: W slots.
        tokens: [B, H, N C, ...] packed.
        packing: how.
        counts: real tokens seen before, by row.
    """
    device = tokens.k.device
    starts = [count - phase for count, phase in zip(counts, packing.phases, strict=True)]
    slot = torch.arange(tokens.k.shape[2], device=device)
    position = torch.tensor(starts, device=device).reshape(-1, 1, 1) + slot
    return kept.join(tokens._replace(position=position.expand(tokens.score.shape)))


def select(pool: Entries, packing: Packing, width: int) -> tuple[Tensor, Entries]:
    """What each block sees of the past, and what is kept at the end.

    Returns:
        [B, H, N, W] slots of the pool; the entries kept after each row's last complete block.
    """
    with torch.no_grad():
        selected = scan_blocks(pool.score, width, packing.chunk)
        complete = torch.tensor(packing.complete, device=selected.device)
        rows = complete.reshape(-1, 1, 1, 1).expand(*selected.shape[:2], 1, width)
        last = selected.gather(2, rows).squeeze(2)
        order = pool.position.gather(2, last).masked_fill(
            _empty(pool.score.gather(2, last)), NOWHERE
        )
        last = last.gather(2, order.argsort(dim=2, stable=True))
    return selected[:, :, :-1], pool.take(last)


def gather(q: Tensor, pool: Entries, selected: Tensor, sink: Tensor, chunk: int) -> Tensor:
    """[B, H, N C, V]: what every packed token reads.

    Args:
        q: [B, H, N C, K] packed, normalised and scaled.
        pool: W kept slots, then the packed tokens.
        selected: [B, H, N, W] from `select`.
        sink: [H].
        chunk: C.
    """
    outs = [
        _group(q, pool, selected[:, :, first : first + GROUP], sink, chunk, first)
        for first in range(0, selected.shape[2], GROUP)
    ]
    return torch.cat(outs, 2) if len(outs) > 1 else outs[0]


def _group(
    q: Tensor, pool: Entries, selected: Tensor, sink: Tensor, chunk: int, first: int
) -> Tensor:
    """The same for some blocks, from the block `first` on."""
    batch, heads, blocks, width = selected.shape
    slots = pool.score.shape[2]
    lines = torch.arange(batch * heads, device=q.device).mul(slots).reshape(batch, heads, 1, 1)
    rows = (selected + lines).flatten()

    def past(x: Tensor) -> Tensor:
        # Whole rows: gathering number by number takes ten times as long.
        taken = x.reshape(batch * heads * slots, *x.shape[3:]).index_select(0, rows)
        return taken.reshape(batch, heads, blocks, width, *x.shape[3:])

    def own(x: Tensor, offset: int) -> Tensor:
        begin = offset + first * chunk
        here = x[:, :, begin : begin + blocks * chunk]
        return here.reshape(batch, heads, blocks, chunk, *x.shape[3:])

    causal = torch.ones(chunk, chunk, dtype=torch.bool, device=q.device).tril()
    # Selected slots are views of the pool: an empty one may hold a token of the future, unseen.
    seen = ~_empty(past(pool.score)).unsqueeze(-2)
    out = read(
        own(q, 0),
        [
            Part(past(pool.k), past(pool.v), seen),
            Part(own(pool.k, width), own(pool.v, width), causal),
        ],
        sink.reshape(1, heads, 1, 1),
    )
    return out.flatten(2, 3)


def _empty(score: Tensor) -> Tensor:
    return score == float("-inf")
