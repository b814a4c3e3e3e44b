"""Channels → one ranking, by arithmetic that can be read off the trace."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.channels.dense import Dense
from mnemic.agent.channels.lexical import Lexical
from mnemic.agent.view import View

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """The constants of the fusion, chosen on development data; `results/fusion.jsonl` has the runs.

    `dense` weighs meaning against words (1.0). `neighbour` is the share of a neighbour's own
    evidence that an episode gets, `session` that of its session.
    """

    dense: float = 1.0
    neighbour: float = 0.3
    session: float = 0.4
    recent: float = 0.01


@dataclass(frozen=True, slots=True)
class Fused:
    """What each channel adds to each row; the score of a row is the sum over channels."""

    parts: dict[str, Floats]
    relevant_N: NDArray[np.bool_]  # noqa: N815

    @property
    def score_N(self) -> Floats:  # noqa: N802
        """Sum of all parts."""
        return np.sum(list(self.parts.values()), axis=0, dtype=np.float32)


def fuse(
    lexical: Lexical | None, dense: Dense | None, recency_N: Floats, view: View, weights: Weights  # noqa: N803
) -> Fused:
    """Words, meaning, neighbours, session and recency on one scale, added up."""
    count = len(view)
    zero = np.zeros(count, dtype=np.float32)
    words = zero if lexical is None else lexical.episode_N / max(float(lexical.episode_N.max(initial=0)), 1e-9)
    meaning = zero
    if dense is not None and dense.scored:
        raw = np.nan_to_num(dense.cosine_N, nan=dense.centre)
        top = float(raw.max())
        meaning = np.clip((raw - dense.centre) / max(top - dense.centre, 1e-9), 0, None).astype(np.float32)
    parts = {"lexical": words, "dense": weights.dense * meaning}
    own = parts["lexical"] + parts["dense"]
    parts["neighbours"] = weights.neighbour * (_shift(own, view.before) + _shift(own, view.after))
    if lexical is not None:
        parts["session"] = weights.session * lexical.session_N / max(float(lexical.session_N.max(initial=0)), 1e-9)
    parts["recent"] = weights.recent * recency_N
    relevant = (own > 0) | (parts["neighbours"] > 0)
    return Fused(parts, relevant)


def _shift(values_N: Floats, to: NDArray[np.int32]) -> Floats:  # noqa: N803
    return np.where(to >= 0, values_N[to], 0).astype(np.float32)
