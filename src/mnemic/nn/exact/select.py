"""The W best pairs of the past, causally.

Scores do not change once a block is complete, so the best of a whole is among the best of its
parts: merge(A, B) = top W of A and B together is associative and commutative. The same set comes
out of a scan over chunks, of a tree of merges, and of decoding.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mnemic.nn.axes import Scores
from mnemic.nn.exact.entries import Entries


def top(score: Scores, width: int) -> Tensor:
    """Slots of the `width` highest scores, in ascending order; of equals the first wins.

    Args:
        score: [..., J], slots in order of position; J >= width.
        width: how many.

    Returns:
        [..., width] int64.
    """
    # A stable sort: which of several equal scores topk returns is not defined.
    best = score.sort(dim=-1, descending=True, stable=True).indices[..., :width]
    return best.sort(dim=-1).values


def merge(a: Entries, b: Entries, width: int) -> Entries:
    """The `width` best of both, oldest first; ties go to the earlier position.

    Both may come from anywhere in time, in any order: from an earlier chunk, or another machine.
    If together they have fewer slots than `width`, all are returned.
    """
    both = a.join(b)
    both = both.take(both.position.argsort(dim=2, stable=True))
    chosen = both.take(top(both.score, min(width, both.score.shape[2])))
    return chosen.take(chosen.position.argsort(dim=2, stable=True))


def scan_blocks(score: Scores, width: int, chunk: int) -> Tensor:
    """Which slots are selected when each block begins.

    Args:
        score: [B, H, W + N C]: first the slots held before, then N blocks of C tokens; no gradient.
        width: W.
        chunk: C.

    Returns:
        [B, H, N + 1, W] slots into `score`; the last row is the selection after all blocks.
    """
    slots = torch.arange(score.shape[2], device=score.device).expand(score.shape)
    kept_slots, kept_score = slots[:, :, :width], score[:, :, :width]
    selected = [kept_slots]
    for start in range(width, score.shape[2], chunk):
        here = slice(start, start + chunk)
        pool_slots = torch.cat([kept_slots, slots[:, :, here]], 2)
        pool_score = torch.cat([kept_score, score[:, :, here]], 2)
        best = top(pool_score, width)
        kept_slots, kept_score = pool_slots.gather(2, best), pool_score.gather(2, best)
        selected.append(kept_slots)
    return torch.stack(selected, 2)
