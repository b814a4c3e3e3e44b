"""Runs a retrieval benchmark on the product's own public API, beside its baselines."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mnemic.agent.memory import Memory
from mnemic.agent.protocols import Embedder
from mnemic.bench import TASKS
from mnemic.bench.cases import Case
from mnemic.bench.measure import RESAMPLES, SEED, Score, reciprocal_rank_fusion, score, summary
from mnemic.bench.opened import opened
from mnemic.bench.tasks import cases_of
from mnemic.errors import InvalidInput

SCOPE = "bench"
DEPTH = 20
POOL = 100
"""How deep the baselines' rankings are taken before reciprocal-rank fusion."""

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Tally:
    """Scores of all systems, by category, and what it took."""

    scores: dict[str, list[Score]] = field(default_factory=lambda: defaultdict(list))
    by_category: dict[str, dict[str, list[Score]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    excluded: Counter[str] = field(default_factory=Counter)
    missing_evidence: int = 0
    recall_ms: list[float] = field(default_factory=list)
    episodes: int = 0
    embedder: str | None = None


def run_retrieval(
    task: str,
    path: Path,
    *,
    embedder: Embedder | Literal["auto"] | None = "auto",
    limit: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The result object of a task: shares of all evidence found, for each system and category.

    Without an embedder there is no "dense" and no "rrf", and "notes" says so.

    Args:
        task: one of TASKS.
        path: the data as published.
        embedder: as for `Memory`.
        limit: only the first questions of each case.
        progress: called with what is being done, how much is done, and of how much.

    Raises:
        InvalidInput: there is no such task.
        ImportFailed: there is no such data at the path.
    """
    if task not in TASKS:
        raise InvalidInput(f"there is no task {task!r}; choose from {', '.join(TASKS)}")
    tally = Tally()
    began = time.monotonic()
    for case in cases_of(task, path):
        _run_case(case, tally, embedder, limit, progress)
    notes = []
    if tally.embedder is None:
        notes.append("no embedder: found by words only; dense and rrf were not run")
    return {
        "task": task,
        "n": len(tally.scores["mnemic"]),
        "systems": {name: summary(scores) for name, scores in tally.scores.items()},
        "by_category": {
            category: {
                "n": len(systems["mnemic"]),
                **{name: summary(scores) for name, scores in systems.items()},
            }
            for category, systems in sorted(tally.by_category.items())
        },
        "excluded": dict(tally.excluded),
        "missing_evidence": tally.missing_evidence,
        "notes": notes,
        "episodes": tally.episodes,
        "embedder": tally.embedder,
        "seed": SEED,
        "resamples": RESAMPLES,
        "limit": limit,
        "latency_ms": {
            "p50": round(float(np.percentile(tally.recall_ms or [0], 50)), 2),
            "p95": round(float(np.percentile(tally.recall_ms or [0], 95)), 2),
        },
        "seconds": round(time.monotonic() - began, 1),
    }


def _run_case(
    case: Case,
    tally: Tally,
    embedder: Embedder | Literal["auto"] | None,
    limit: int | None,
    progress: Progress | None,
) -> None:
    with opened(case, SCOPE, embedder, progress) as (memory, stored):
        tally.episodes += stored
        tally.embedder = memory.embedder.space if memory.embedder else None
        tally.excluded.update(case.excluded)
        tally.missing_evidence += case.missing_evidence
        questions = list(islice(case.questions, limit))
        for done, question in enumerate(questions):
            if progress:
                progress(f"{case.name}: questions", done, len(questions))
            for name, ranking in _rankings(memory, question.text, question.now, tally).items():
                one = score(ranking[:DEPTH], question.evidence)
                tally.scores[name].append(one)
                tally.by_category[question.category][name].append(one)


def _rankings(memory: Memory, text: str, now: Any, tally: Tally) -> dict[str, list[str | None]]:
    """The refs that each system brings back, best first."""
    found = memory.recall(text, scope=SCOPE, k=DEPTH, now=now)
    tally.recall_ms.append(found.cost.total_ms)
    rankings = {"mnemic": [hit.episode.ref for hit in found.hits]}
    for name, channel in (("bm25", "lexical"), ("dense", "dense")):
        if channel == "dense" and memory.embedder is None:
            continue
        plain = memory.recall(text, scope=SCOPE, k=POOL, now=now, window=None, channels=(channel,))
        rankings[name] = [hit.episode.ref for hit in plain.hits]
    if "dense" in rankings:
        rankings["rrf"] = reciprocal_rank_fusion([rankings["bm25"], rankings["dense"]])
    return rankings
