"""Fading: where a budget of bytes is set, the weakest memories leave the hot index, never the log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.knowledge import ReplayRow, UseRow
from mnemic.agent.strength import activation

COLUMNS_BYTES = 9 * 8
"""What an episode's ranking columns take in memory."""

SURPRISE_WEIGHT = 2.0
"""What a surprise of 1 is worth in activation; what it brings is in `mnemic bench gist`."""


def coldest(
    seqs: NDArray[np.int64],
    said_us: NDArray[np.int64],
    uses: Sequence[UseRow],
    replays: Sequence[ReplayRow],
    *,
    now_us: int,
    hot_bytes_max: int,
    dimension: int,
) -> list[int]:
    """The episodes that do not fit the budget: the weakest and least surprising first.

    Args:
        seqs: all episodes of the scope.
        said_us: when each was said.
        uses: how they came back.
        replays: how much each surprised.
        now_us: the present.
        hot_bytes_max: what the scope's columns and vectors may take; 0 leaves nothing hot.
        dimension: of a vector, kept in half precision; 0 without an embedder.
    """
    fit = hot_bytes_max // (COLUMNS_BYTES + 2 * dimension)
    if fit >= len(seqs):
        return []
    used: Mapping[int, UseRow] = {row.seq: row for row in uses}
    surprise = {row.seq: max(row.surprise, 0.0) for row in replays}
    strength = np.array(
        [
            _strength(int(seq), int(said), used.get(int(seq)), now_us)
            + SURPRISE_WEIGHT * surprise.get(int(seq), 0.0)
            for seq, said in zip(seqs, said_us, strict=True)
        ]
    )
    order = np.lexsort((seqs, strength))
    return sorted(int(seq) for seq in seqs[order[: len(seqs) - fit]])


def _strength(seq: int, said_us: int, use: UseRow | None, now_us: int) -> float:
    recent = json.loads(use.recent) if use else []
    return activation(said_us, recent, use.times if use else 0, now_us)
