"""What the graph adds: recall of a task with and without it, in the same run.

The mentions come from the episodes as they are remembered, as sleep would keep them.

    python -m mnemic.bench.graph multihop DATA
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mnemic.agent.channels.graph import GraphChannel, Mentioned, mentioned
from mnemic.agent.memory import Memory
from mnemic.agent.protocols import Embedder, Store
from mnemic.agent.sleep.entities import mentions_of
from mnemic.bench.cases import Case
from mnemic.bench.measure import KS, SEED, Score, score, summary
from mnemic.bench.opened import opened
from mnemic.bench.tasks import cases_of
from mnemic.errors import InvalidInput

TASKS = ("multihop", "locomo", "lifebench", "code-history", "beam")
SCOPE = "graph"
DEPTH = 20
RESAMPLES = 1_000

Progress = Callable[[str, int, int], None]


class Derived:
    """The mentions of a store's episodes, derived as they are asked for and kept by nobody."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, scope_ids: Sequence[int], after_seq: int) -> Mentioned:
        """The mentions of all episodes of these scopes with seq > `after_seq`."""
        return mentioned(
            (seq, mentions_of(episode.text, episode.speaker))
            for seq, episode in self._store.walk(scope_ids, after_seq=after_seq)
        )


def with_graph(memory: Memory) -> GraphChannel:
    """A graph over all that a memory holds, which its recalls use from now on."""
    channel = GraphChannel(Derived(memory.store))
    memory._parts = replace(memory._parts, graph=channel)
    return channel


def run_graph(
    task: str,
    path: Path,
    *,
    embedder: Embedder | Literal["auto"] | None = "auto",
    limit: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Shares of all evidence with the graph and without it, by case and by category.

    The weights that ship are used, which were fitted on these sets; what weights find that never
    saw a case is said by `mnemic bench fusion`.

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
    began = time.monotonic()
    scores: dict[str, dict[str, list[Score]]] = defaultdict(lambda: defaultdict(list))
    laps: dict[str, list[float]] = defaultdict(list)
    episodes: Counter[str] = Counter()
    for case in cases_of(task, path):
        for question, system, one, ms in _asked(case, embedder, limit, progress, episodes):
            laps[system].append(ms)
            for group in ("all", f"case {case.name}", f"category {question}"):
                scores[group][system].append(one)
    return {
        "task": "graph",
        "of": task,
        "n": len(scores["all"]["with"]),
        "episodes": episodes["episodes"],
        "edges": episodes["edges"],
        "groups": {
            group: {
                "n": len(systems["with"]),
                **{name: summary(found) for name, found in systems.items()},
                "gain": _gain(systems["without"], systems["with"]),
            }
            for group, systems in scores.items()
        },
        "recall_ms_p50": {
            name: round(float(np.median(found)), 2) for name, found in sorted(laps.items())
        },
        "seconds": round(time.monotonic() - began, 1),
    }


def _asked(
    case: Case,
    embedder: Embedder | Literal["auto"] | None,
    limit: int | None,
    progress: Progress | None,
    counts: Counter[str],
) -> Iterator[tuple[str, str, Score, float]]:
    """For each question its category, and the score and time of each system."""
    with opened(case, SCOPE, embedder) as (memory, stored):
        counts["episodes"] += stored
        plain = memory._parts
        with_graph(memory)
        walking = memory._parts
        questions = list(islice(case.questions, limit))
        for done, question in enumerate(questions):
            if progress:
                progress(f"{case.name}: questions", done, len(questions))
            systems = [("without", plain), ("with", walking)]
            for name, parts in systems[:: 1 - 2 * (done % 2)]:  # in turns, as the first reads more
                memory._parts = parts
                found = memory.recall(question.text, scope=SCOPE, k=DEPTH, now=question.now)
                refs = [hit.episode.ref for hit in found.hits]
                yield question.category, name, score(refs, question.evidence), found.cost.total_ms
        if walking.graph is not None:
            ids = memory.store.scope_ids(SCOPE)
            counts["edges"] += walking.graph.graph(ids, memory._parts.views.at_present(ids)).edges


def _gain(without: Sequence[Score], with_it: Sequence[Score]) -> dict[str, list[float]]:
    """For each recall@k the mean gain and its 95 % interval, by bootstrap over questions."""
    gains = np.array([two.recall for two in with_it]) - np.array([one.recall for one in without])
    rng = np.random.default_rng(SEED)
    means = np.stack(
        [gains[rng.integers(0, len(gains), len(gains))].mean(axis=0) for _ in range(RESAMPLES)]
    )
    low, high = np.percentile(means, (2.5, 97.5), axis=0)
    return {
        f"recall@{k}": [round(float(value), 4) for value in (gains[:, i].mean(), low[i], high[i])]
        for i, k in enumerate(KS)
    }


def show(result: dict[str, Any]) -> Iterator[str]:
    """A result as lines of text."""
    yield f"{result['of']}: share of all evidence in the top k, %, without the graph → with it"
    for group, found in result["groups"].items():
        cells = [
            f"R@{k} {100 * found['without'][f'recall@{k}']:.1f} → "
            f"{100 * found['with'][f'recall@{k}']:.1f}"
            for k in KS
        ]
        low, high = (100 * value for value in found["gain"]["recall@5"][1:])
        yield f"  {group} ({found['n']}): {', '.join(cells)}; R@5 gains {low:+.1f} to {high:+.1f}"
    yield f"  recall p50 {result['recall_ms_p50']} ms, {result['edges']:,} edges"


def main(task: str, path: str) -> None:
    """Runs a task, writes its table to stderr and its result as JSON to stdout."""
    result = run_graph(task, Path(path))
    sys.stderr.write("\n".join(show(result)) + "\n")
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
