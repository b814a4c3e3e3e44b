"""Share of all evidence in the top k, reciprocal rank, confidence intervals; percentiles of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnemic.errors import InvalidInput

KS = (1, 5, 10, 20)
METRICS = (*(f"recall@{k}" for k in KS), "mrr", "hit@1")
RESAMPLES, SEED = 1_000, 7


@dataclass(frozen=True, slots=True)
class Score:
    """One question under one system: shares of *all* its evidence by k, and the first one's rank.

    A question with three pieces of evidence of which one is in the top 5 scores ⅓ at 5, not 1.
    """

    recall: tuple[float, ...]
    reciprocal_rank: float
    hit_at_1: float


def score(ranked: Sequence[str | None], evidence: frozenset[str]) -> Score:
    """The score of a ranking of refs; a ref that comes twice counts once, at its best rank.

    Raises:
        InvalidInput: there is no evidence to be found.
    """
    if not evidence:
        raise InvalidInput("a question without evidence has no share of it; leave it out")
    ranks = [rank for rank, ref in enumerate(ranked, 1) if ref in evidence]
    found = {ref: rank for rank, ref in reversed(list(enumerate(ranked, 1))) if ref in evidence}
    return Score(
        recall=tuple(sum(rank <= k for rank in found.values()) / len(evidence) for k in KS),
        reciprocal_rank=1 / ranks[0] if ranks else 0.0,
        hit_at_1=float(bool(ranks) and ranks[0] == 1),
    )


def summary(scores: Sequence[Score]) -> dict[str, float | dict[str, list[float]]]:
    """Means over questions; "ci" has 95 % intervals (low, high) by bootstrap over questions."""
    table = np.array(
        [[*one.recall, one.reciprocal_rank, one.hit_at_1] for one in scores], dtype=np.float64
    ).reshape(len(scores), len(KS) + 2)
    if not len(table):
        return {**dict.fromkeys(METRICS, 0.0), "ci": {name: [0.0, 0.0] for name in METRICS}}
    low, high = _interval(table)
    return {
        **{
            name: round(float(mean), 4)
            for name, mean in zip(METRICS, table.mean(axis=0), strict=True)
        },
        "ci": {
            name: [round(float(low[i]), 4), round(float(high[i]), 4)]
            for i, name in enumerate(METRICS)
        },
    }


def _interval(table: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(SEED)
    means = np.stack(
        [table[rng.integers(0, len(table), len(table))].mean(axis=0) for _ in range(RESAMPLES)]
    )
    return np.percentile(means, 2.5, axis=0), np.percentile(means, 97.5, axis=0)


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[str | None]], offset: int = 60
) -> list[str | None]:
    """Rankings merged by summed reciprocal rank; a ref counts once a ranking, at its best rank.

    Source:
        Reciprocal Rank Fusion (Cormack et al., SIGIR 2009); the offset 60 is theirs.
    """
    total: dict[str | None, float] = {}
    for ranking in rankings:
        for rank, ref in enumerate(dict.fromkeys(ranking), 1):
            total[ref] = total.get(ref, 0.0) + 1 / (offset + rank)
    return sorted(total, key=lambda ref: -total[ref])


def percentiles(
    times_ms: Sequence[float], of: Sequence[int] = (50, 95, 99), *, digits: int = 1
) -> dict[str, float]:
    """Percentiles by name, such as p95; none of no times."""
    if not times_ms:
        return {}
    return {f"p{q}": round(float(np.percentile(times_ms, q)), digits) for q in of}
