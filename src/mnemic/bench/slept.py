"""The retrieval benchmarks before and after sleep, in the same run (`mnemic bench slept`).

    awake   recall before any sleep
    facts   after sleep, without the graph
    slept   after sleep, as recall is

Beside the shares it is measured, for questions about what changed, whether the newest evidence stands
before the older.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mnemic.agent.memory import Memory
from mnemic.agent.protocols import Embedder
from mnemic.bench.cases import Case, Question
from mnemic.bench.measure import SEED, Score, score, summary
from mnemic.bench.opened import opened
from mnemic.bench.tasks import cases_of
from mnemic.errors import InvalidInput

if TYPE_CHECKING:
    from rich.console import Console

TASKS = ("locomo", "beam", "lifebench", "multihop")
SYSTEMS = ("awake", "facts", "slept")
SHOWN = ("recall@5", "recall@10", "mrr")
SCOPE = "slept"
DEPTH = 20
TOP = 10
"""How far down the newest evidence is looked for."""

CHANGED = frozenset(("knowledge_update", "contradiction_resolution"))
"""Categories of questions whose evidence says the same thing at several times, differently."""

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Found:
    """Scores by set and system, and how often the newest evidence stood first."""

    scores: dict[str, dict[str, list[Score]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    newest: dict[str, dict[str, Counter[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Counter))
    )
    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    facts: Counter[str] = field(default_factory=Counter)
    episodes: Counter[str] = field(default_factory=Counter)
    sleep_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))


def run_slept(
    path: Path,
    *,
    tasks: Sequence[str] = TASKS,
    embedder: Embedder | Literal["auto"] | None = "auto",
    limit: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The result object: for each set the shares before sleep, with facts, and with the graph too.

    Args:
        path: a folder that holds the data of each task in a folder of the task's name.
        tasks: which of TASKS.
        embedder: as for `Memory`.
        limit: only the first questions of each case.
        progress: called with what is being done, how much is done, and of how much.

    Raises:
        InvalidInput: there is no such task.
        ImportFailed: there is no such data.
    """
    unknown = [task for task in tasks if task not in TASKS]
    if unknown or not tasks:
        raise InvalidInput(f"tasks are {list(tasks)!r}; choose from {', '.join(TASKS)}")
    began = time.monotonic()
    found = Found()
    for task in tasks:
        for case in cases_of(task, path / task):
            _case(case, _set_of(task, case), found, embedder, limit, progress)
    return {
        "task": "slept",
        "sets": {name: _set(name, found) for name in found.scores},
        "changed": {
            name: {system: _newest(counts) for system, counts in systems.items()}
            for name, systems in found.newest.items()
        },
        "recall_ms_p50": {
            name: round(float(np.percentile(times, 50)), 2) for name, times in found.ms.items()
        },
        "seed": SEED,
        "limit": limit,
        "seconds": round(time.monotonic() - began, 1),
    }


def _set_of(task: str, case: Case) -> str:
    """The set a case counts to: a task has several where its cases differ in size."""
    return f"beam {case.name.partition('-')[0]}" if task == "beam" else task


def _set(name: str, found: Found) -> dict[str, Any]:
    systems = found.scores[name]
    return {
        "n": len(systems["awake"]),
        "episodes": found.episodes[name],
        "fact_versions": found.facts[name],
        "sleep_s": round(found.sleep_s[name], 1),
        **{system: summary(scores) for system, scores in systems.items()},
    }


def _case(
    case: Case,
    name: str,
    found: Found,
    embedder: Embedder | Literal["auto"] | None,
    limit: int | None,
    progress: Progress | None,
) -> None:
    with opened(case, SCOPE, embedder, strengthen=False) as (memory, stored):
        found.episodes[name] += stored
        questions = list(islice(case.questions, limit))
        _ask(memory, "awake", case, questions, name, found, progress)
        began = time.monotonic()
        memory.sleep()
        found.sleep_s[name] += time.monotonic() - began
        found.facts[name] += len(memory.facts(scope=SCOPE, history=True, quotes=False))
        whole = memory._parts
        memory._parts = replace(whole, graph=None)
        _ask(memory, "facts", case, questions, name, found, progress)
        memory._parts = whole
        _ask(memory, "slept", case, questions, name, found, progress)


def _ask(
    memory: Memory,
    system: str,
    case: Case,
    questions: Sequence[Question],
    name: str,
    found: Found,
    progress: Progress | None,
) -> None:
    said = {str(row["ref"]): (row["said_at"], place) for place, row in enumerate(case.rows)}
    for done, question in enumerate(questions):
        if progress:
            progress(f"{case.name}: {system}", done, len(questions))
        recalled = memory.recall(question.text, scope=SCOPE, k=DEPTH, now=question.now)
        refs = [hit.episode.ref for hit in recalled.hits]
        found.ms[system].append(recalled.cost.total_ms)
        found.scores[name][system].append(score(refs, question.evidence))
        if question.category in CHANGED:
            for group in (name, f"{name} {question.category}"):
                found.newest[group][system].update(newest(refs, question.evidence, said))


def newest(
    ranked: Sequence[str | None], evidence: frozenset[str], said: Mapping[str, Any]
) -> Iterator[str]:
    """What to count of a question whose evidence was said at several times; nothing for the others.

    "asked"; "found" where the newest is in the top 10; "both" where older evidence is there too, and
    "ahead" where the newest then stands before all of it.
    """
    known = sorted((one for one in evidence if one in said), key=lambda one: said[one])
    if len(known) < 2:
        return
    yield "asked"
    places = {ref: place for place, ref in enumerate(ranked[:TOP]) if ref in evidence}
    if known[-1] not in places:
        return
    yield "found"
    older = [places[ref] for ref in known[:-1] if ref in places]
    if older:
        yield "both"
        if places[known[-1]] < min(older):
            yield "ahead"


def _newest(counts: Counter[str]) -> dict[str, Any]:
    """The counts, with the share of questions where nothing older stands before the newest found."""
    alone = counts["found"] - counts["both"]
    share = (alone + counts["ahead"]) / counts["found"] if counts["found"] else 0.0
    of_both = counts["ahead"] / counts["both"] if counts["both"] else 0.0
    return {
        **{name: counts[name] for name in ("asked", "found", "both", "ahead")},
        "share_of_found": round(share, 4),
        "share_of_both": round(of_both, 4),
    }


def show(result: dict[str, Any], console: Console) -> None:
    """The result as tables."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title="before and after sleep, %", box=SIMPLE_HEAD)
    for column in ("set", "n", "", *(name.replace("recall", "R") for name in SHOWN)):
        table.add_column(column, justify="left" if column in ("set", "") else "right")
    for name, found in result["sets"].items():
        for system in SYSTEMS:
            first = system == SYSTEMS[0]
            cells = [f"{100 * found[system][column]:.1f}" for column in SHOWN]
            table.add_row(name if first else "", str(found["n"]) if first else "", system, *cells)
    console.print(table)
    table = Table(title="questions about what changed: newest evidence first", box=SIMPLE_HEAD)
    columns = ("asked", "found", "both", "ahead")
    for column in ("set", "", *columns, "of found, %", "of both, %"):
        table.add_column(column, justify="left" if column in ("set", "") else "right")
    for name, systems in result["changed"].items():
        for system, counts in systems.items():
            cells = [str(counts[column]) for column in columns]
            shares = [f"{100 * counts[key]:.1f}" for key in ("share_of_found", "share_of_both")]
            table.add_row(name if system == SYSTEMS[0] else "", system, *cells, *shares)
    console.print(table)
    for name, found in result["sets"].items():
        console.print(
            f"{name}: {found['episodes']:,} episodes slept in {found['sleep_s']} s, "
            f"{found['fact_versions']:,} versions of facts"
        )
    console.print(f"recall p50 {result['recall_ms_p50']} ms")
