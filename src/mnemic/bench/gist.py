"""What the gist brings, use by use, beside what does the same without it: `mnemic bench gist`.

    familiar   strange questions told from those of the scope, as scopes grow; per byte
    fade       of the evidence, the share that stays hot where half must go
    replay     of facts and evidence, the share that a sleep cut short has replayed, by order
    retold     what was said before in other words, told from what is new

A stranger is a question of another case (see calibration.py). Where scopes are cut to their first n
episodes, their own questions are those whose evidence all lies there. Orders of replay are of whole
sessions, as sleep replays them. "Within tenths of time" every tenth of a scope's time gives up the
same share, so that age cannot help.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.gist import HEARD_MIN, Gist, project
from mnemic.agent.gist.state import WIDTH
from mnemic.agent.knowledge import ClaimRow, ReplayRow
from mnemic.agent.memory import Memory
from mnemic.agent.protocols import Embedder
from mnemic.agent.sleep.fade import SURPRISE_WEIGHT
from mnemic.agent.strength import activation
from mnemic.bench.calibration import strangers
from mnemic.bench.cases import Case
from mnemic.bench.measure import SEED
from mnemic.bench.reliability import auroc
from mnemic.bench.tasks import cases_of, folders_in
from mnemic.errors import InvalidInput

TASKS = ("locomo", "beam", "lifebench")
SIZES = (10, 30, 100, 200, 400, 1_000)
BUDGETS = (0.1, 0.25, 0.5)
WIDTHS = (64, 128, 256)
DRAWS = 100
SCOPE = "gist"
WHOLE = "whole"
"""In place of a size: all that a scope has."""

RETOLD, WORDS_MIN = 100, 8
"""How many episodes of a case are told again, and how many words such an episode has at least."""

DAY_US = 86_400_000_000
Progress = Callable[[str, int, int], None]
Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
Bools = NDArray[np.bool_]
Rows = NDArray[np.int64]
Scores = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Told:
    """A case in memory, n episodes in the order they were written.

    `needs` is for each question the last row of its evidence, −1 for a stranger.
    """

    task: str
    vectors_NK: Vectors  # noqa: N815
    said_us: Rows
    sessions: Sequence[Rows]
    texts: Sequence[str]
    surprise: Floats
    evidence: Bools
    facts: Sequence[frozenset[int]]
    queries_NK: Vectors  # noqa: N815
    needs: Rows
    retold: Mapping[str, tuple[Rows, Vectors]]


def run_gist(
    root: Path,
    *,
    embedder: Embedder | Literal["auto"] | None = "auto",
    limit: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """What each use of the gist brings on public data, beside what does without it.

    Args:
        root: a folder that has some of the folders locomo, beam and lifebench in it.
        embedder: as for `Memory`; one is needed.
        limit: only the first cases of each task.
        progress: called with what is being done, how much is done, and of how much.

    Raises:
        ImportFailed: there is none of the tasks' data.
        InvalidInput: there is no embedder, or no task has two cases.
    """
    began = time.monotonic()
    told = list(_told(root, embedder, limit, progress))
    return {
        "task": "gist",
        "n": len(told),
        "episodes": sum(len(one.texts) for one in told),
        "bytes": {
            "gist": len(Gist.empty().to_bytes()),
            "a vector": 2 * told[0].vectors_NK.shape[1],
        },
        "familiar": familiar(told),
        "fade": {task: fading(some) for task, some in _by_task(told).items()},
        "replay": {task: replaying(some) for task, some in _by_task(told).items()},
        "retold": retelling(told),
        "seconds": round(time.monotonic() - began, 1),
    }


def _by_task(told: Sequence[Told]) -> dict[str, list[Told]]:
    tasks: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        tasks[one.task].append(one)
    return tasks


# -- collect ---------------------------------------------------------------------------------


def _told(
    root: Path,
    embedder: Embedder | Literal["auto"] | None,
    limit: int | None,
    progress: Progress | None,
) -> Iterator[Told]:
    for task, path in folders_in(root, TASKS).items():
        cases = list(cases_of(task, path))
        for done, case in enumerate(cases[:limit]):
            if progress:
                progress(f"{task}: sleeping over {case.name}", done, len(cases[:limit]))
            others = [other for other in cases if other is not case]
            yield _slept(task, case, others, embedder)


def _slept(
    task: str, case: Case, others: Sequence[Case], embedder: Embedder | Literal["auto"] | None
) -> Told:
    with (
        tempfile.TemporaryDirectory(prefix="mnemic-gist-") as folder,
        Memory(Path(folder) / "case.mnemic", embedder=embedder, background=False) as memory,
    ):
        if memory.embedder is None:
            raise InvalidInput("the gist is made of vectors; `mnemic model install` brings a model")
        memory.remember_many({**row, "scope": SCOPE} for row in case.rows)
        memory.ready()
        memory.sleep()
        ids = memory.store.scope_ids(SCOPE)
        view = memory._parts.views.at_present(ids)
        row_of = {seq: row for row, seq in enumerate(view.seq.tolist())}
        episodes = list(memory.episodes(scope=SCOPE))
        keyed = [f"{one.speaker}: {one.text}" if one.speaker else one.text for one in episodes]
        felt = {one.seq: one.surprise for one in memory.store.derived.rows(ReplayRow, ids)}
        facts: dict[tuple[str, str, str], set[int]] = defaultdict(set)
        for claim in memory.store.derived.rows(ClaimRow, ids):
            key = (claim.subject_key, claim.relation, claim.object_key)
            facts[key].add(row_of[claim.seq])
        refs = {one.ref: row for row, one in enumerate(episodes)}
        asked = [
            (one.text, max(refs.get(ref, len(refs)) for ref in one.evidence))
            for one in case.questions
        ]
        asked += [
            (one.text, -1)
            for other in others
            for kind, one in strangers(case, other)
            if kind == "stranger"
        ]
        evidence = {refs[ref] for one in case.questions for ref in one.evidence if ref in refs}
        return Told(
            task=task,
            vectors_NK=_first_vectors(memory, ids, view.seq),
            said_us=view.said_us,
            sessions=[np.flatnonzero(view.session == one) for one in np.unique(view.session)],
            texts=keyed,
            surprise=np.array([felt[seq] for seq in view.seq.tolist()]),
            evidence=np.isin(np.arange(len(view)), sorted(evidence)),
            facts=[frozenset(rows) for rows in facts.values()],
            queries_NK=memory.embedder.embed([text for text, _ in asked]),
            needs=np.array([row for _, row in asked]),
            retold=dict(_retold(keyed, memory.embedder)) if task == "locomo" else {},
        )


def _first_vectors(memory: Memory, scope_ids: Sequence[int], seqs: Rows) -> Vectors:
    space = memory.store.vectors.active()
    assert space is not None
    found = memory.store.vectors.fetch(space, scope_ids, seqs.tolist())
    _, first = np.unique(found.seqs, return_index=True)
    return found.rows_NK[first].astype(np.float32)


# -- familiar --------------------------------------------------------------------------------


def familiar(told: Sequence[Told]) -> dict[str, Any]:
    """AUROC of own questions against strangers': mean over scopes by size, and by one threshold.

    Raises:
        InvalidInput: there are no two cases of a task, or none of their questions can be told apart.
    """
    scores: dict[str, dict[str, list[tuple[Floats, Bools]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for one in told:
        for size in [n for n in SIZES if n < len(one.texts)] + [len(one.texts)]:
            label = str(size) if size < len(one.texts) else WHOLE
            own = (one.needs >= 0) & (one.needs < size)
            asked = own | (one.needs < 0)
            if own.any() and not own[asked].all():
                for name, found in _nearness(one, size, one.queries_NK[asked]).items():
                    scores[name][label].append((found, own[asked]))
                    if label == WHOLE:
                        scores[name][one.task].append((found, own[asked]))
    if not scores:
        raise InvalidInput("a stranger's question is one of another case; two cases are needed")
    sizes = [label for label in (*map(str, SIZES), WHOLE) if label in scores["best cosine"]]
    every = {
        name: _joined([pair for label in sizes for pair in by[label]])
        for name, by in scores.items()
    }
    score, own = every[f"gist {WIDTH}"]
    return {
        "auroc": {
            name: {
                **{label: _mean_auroc(by[label]) for label in sizes},
                **{task: _mean_auroc(by[task]) for task in _by_task(told) if task in by},
                "one threshold": round(auroc(*every[name]), 4),
            }
            for name, by in scores.items()
        },
        "heard_min": HEARD_MIN,
        "own above": round(float((score[own] >= HEARD_MIN).mean()), 4),
        "strangers below": round(float((score[~own] < HEARD_MIN).mean()), 4),
    }


def _mean_auroc(pairs: Sequence[tuple[Floats, Bools]]) -> float:
    return round(float(np.mean([auroc(*pair) for pair in pairs])), 4)


def _joined(pairs: Sequence[tuple[Floats, Bools]]) -> tuple[Floats, Bools]:
    return np.concatenate([score for score, _ in pairs]), np.concatenate([own for _, own in pairs])


def _nearness(one: Told, size: int, queries_NK: Vectors) -> Scores:  # noqa: N803
    seen = one.vectors_NK[:size]
    found: dict[str, Floats] = {"best cosine": (queries_NK @ seen.T).max(axis=1)}
    fit = len(Gist.empty().to_bytes()) // (2 * seen.shape[1])
    some = np.random.default_rng(SEED).permutation(size)[:fit]
    found["vectors of the same bytes"] = (queries_NK @ seen[some].T).max(axis=1)
    for width in WIDTHS:
        gist = Gist.empty(width).with_all(project(seen, width))
        found[f"gist {width}"] = gist.familiarity(project(queries_NK, width))
    for decay in (1.0, 0.999):
        state = delta_rule(project(seen), decay=decay)
        found[f"delta rule, decay {decay}"] = np.linalg.norm(project(queries_NK) @ state.T, axis=1)
    return found


def delta_rule(values_NK: Vectors, *, decay: float, rate: float = 0.3) -> Floats:  # noqa: N803
    """The state that the gist stands in for: S ← αS + β(v − Sv)vᵀ, episode by episode."""
    state = np.zeros((values_NK.shape[1],) * 2)
    for value in values_NK.astype(np.float64):
        error = value - state @ value
        state *= decay
        state += rate * np.outer(error, value)
    return state


# -- fade ------------------------------------------------------------------------------------


def fading(told: Sequence[Told], budget: float = 0.5) -> dict[str, Any]:
    """Of the evidence, the share that stays hot where nothing was ever recalled, %."""
    ages = [_ages(one) for one in told]
    keeping = {
        "latest": ages,
        "latest and surprising": [
            age + SURPRISE_WEIGHT * one.surprise for age, one in zip(ages, told, strict=True)
        ],
    }
    within = {
        "surprising": [one.surprise for one in told],
        "far from all before": [_novelty(one.vectors_NK) for one in told],
        "long": [np.array([float(len(text)) for text in one.texts]) for one in told],
    }
    rng = np.random.default_rng(SEED)
    drawn = [
        _kept(told, [rng.random(len(one.texts)) for one in told], budget, 10) for _ in range(DRAWS)
    ]
    return {
        "evidence": int(sum(one.evidence.sum() for one in told)),
        "by chance": _spread(drawn),
        "kept": {name: _kept(told, by, budget, 1) for name, by in keeping.items()},
        "within tenths of time": {name: _kept(told, by, budget, 10) for name, by in within.items()},
    }


def _ages(one: Told) -> Floats:
    """Activation by age alone, the day after all but the last hundredth was said."""
    now_us = int(np.quantile(one.said_us, 0.99)) + DAY_US
    return np.array([activation(said, [], 0, now_us) for said in one.said_us.tolist()])


def _novelty(vectors_NK: Vectors) -> Floats:  # noqa: N803
    cosines = np.tril(vectors_NK @ vectors_NK.T, -1)
    return np.asarray(1.0 - cosines.max(axis=1), dtype=np.float64)


def _kept(told: Sequence[Told], strength: Sequence[Floats], budget: float, parts: int) -> float:
    """The share of evidence among the strongest of each part of time, %."""
    kept = 0
    for one, strong in zip(told, strength, strict=True):
        for part in np.array_split(np.argsort(one.said_us, kind="stable"), parts):
            best = part[np.argsort(-strong[part], kind="stable")]
            kept += int(one.evidence[best[: round(budget * len(part))]].sum())
    return round(100 * kept / max(sum(int(one.evidence.sum()) for one in told), 1), 1)


def _spread(drawn: Sequence[float]) -> list[float]:
    """Mean, and where 95 % of the draws lie."""
    low, high = np.percentile(drawn, (2.5, 97.5))
    return [round(float(value), 1) for value in (np.mean(drawn), low, high)]


# -- replay ----------------------------------------------------------------------------------


def replaying(told: Sequence[Told]) -> dict[str, Any]:
    """Of the facts of a whole sleep, and of the evidence, the share replayed within budgets, %."""
    orders: dict[str, Callable[[Told, Rows], float]] = {
        "latest": lambda one, rows: float(rows.max()),
        "earliest": lambda one, rows: -float(rows.min()),
        "longest": lambda one, rows: float(len(rows)),
        "most surprising": lambda one, rows: float(one.surprise[rows].max()),
        "surprising on average": lambda one, rows: float(one.surprise[rows].mean()),
    }
    rng = np.random.default_rng(SEED)
    drawn = [_replayed(told, [rng.random(len(one.sessions)) for one in told]) for _ in range(DRAWS)]
    return {
        "facts": sum(len(one.facts) for one in told),
        "evidence": int(sum(one.evidence.sum() for one in told)),
        "sessions": sum(len(one.sessions) for one in told),
        "by chance": {name: _spread([one[name] for one in drawn]) for name in drawn[0]},
        "orders": {
            name: _replayed(
                told, [np.array([of(one, rows) for rows in one.sessions]) for one in told]
            )
            for name, of in orders.items()
        },
    }


def _replayed(told: Sequence[Told], scores: Sequence[Floats]) -> dict[str, float]:
    found = {}
    for budget in BUDGETS:
        facts = evidence = 0
        for one, score in zip(told, scores, strict=True):
            order = np.concatenate([one.sessions[place] for place in np.argsort(-score)])
            done = order[: int(budget * len(order))]
            known = set(done.tolist())
            facts += sum(not known.isdisjoint(rows) for rows in one.facts)
            evidence += int(one.evidence[done].sum())
        of_facts = max(sum(len(one.facts) for one in told), 1)
        of_evidence = max(sum(int(one.evidence.sum()) for one in told), 1)
        found[f"facts at {budget:.0%}"] = round(100 * facts / of_facts, 1)
        found[f"evidence at {budget:.0%}"] = round(100 * evidence / of_evidence, 1)
    return found


# -- retold ----------------------------------------------------------------------------------


def _every_fifth_left_out(text: str) -> str:
    return " ".join(word for place, word in enumerate(text.split()) if place % 5 != 3)


def _sentences_turned(text: str) -> str:
    who, colon, said = text.partition(": ")
    sentences = re.split(r"(?<=[.!?]) ", said)
    return who + colon + " ".join(sentences[::-1])


RULES: Mapping[str, Callable[[str], str]] = {
    "every fifth word left out": _every_fifth_left_out,
    "sentences turned": _sentences_turned,
}


def _retold(texts: Sequence[str], embedder: Embedder) -> Iterator[tuple[str, tuple[Rows, Vectors]]]:
    """By rule, rows of the first half and the vectors of their texts said in other words."""
    half = [
        row for row, text in enumerate(texts[: len(texts) // 2]) if len(text.split()) > WORDS_MIN
    ]
    rng = np.random.default_rng(SEED)
    rows = np.sort(rng.permutation(np.array(half, dtype=np.int64))[:RETOLD])
    for name, rule in RULES.items():
        yield name, (rows, embedder.embed([rule(texts[row]) for row in rows.tolist()]))


def retelling(told: Sequence[Told]) -> dict[str, Any]:
    """AUROC of the first half told again against the second half, after the first was written."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for one in told:
        half = len(one.texts) // 2
        later = [
            row for row in range(half, len(one.texts)) if len(one.texts[row].split()) > WORDS_MIN
        ]
        gist = Gist.empty().with_all(project(one.vectors_NK[:half]))
        for rule, (rows, vectors) in one.retold.items():
            both = np.concatenate((vectors, one.vectors_NK[later]))
            again = np.arange(len(both)) < len(rows)
            for name, score in (
                ("best cosine", (both @ one.vectors_NK[:half].T).max(axis=1)),
                ("gist, unsurprising", -gist.surprises(project(both))),
            ):
                bar = np.quantile(score[~again], 0.99)
                found[rule][name].append((auroc(score, again), float((score[again] > bar).mean())))
    return {
        rule: {
            name: dict(
                zip(
                    ("auroc", "caught at 1% false alarms"),
                    np.mean(pairs, axis=0).round(4).tolist(),
                    strict=True,
                )
            )
            for name, pairs in by.items()
        }
        for rule, by in found.items()
    }


# -- show ------------------------------------------------------------------------------------


def show_gist(result: Mapping[str, Any], console: Any) -> None:
    """A result as tables, one for each use."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    def table(title: str, head: Sequence[str], lines: Sequence[Sequence[object]]) -> None:
        made = Table(title=title, box=SIMPLE_HEAD)
        for place, column in enumerate(head):
            made.add_column(column, justify="right" if place else "left")
        for line in lines:
            made.add_row(*map(str, line))
        console.print(made)

    known = result["familiar"]
    labels = list(next(iter(known["auroc"].values())))
    table(
        f"own questions told from strangers', AUROC; the gist has {result['bytes']['gist']:,} bytes",
        ("by episodes in the scope", *labels),
        [(name, *(f"{by[label]:.3f}" for label in labels)) for name, by in known["auroc"].items()],
    )
    console.print(
        f"from a familiarity of {known['heard_min']} on: {known['own above']:.1%} of a scope's own "
        f"questions; below it: {known['strangers below']:.1%} of strangers'"
    )
    for task, found in result["fade"].items():
        table(
            f"{task}: evidence kept hot at half, %; by chance {_range(found['by chance'])}",
            ("kept first", "share"),
            [
                *found["kept"].items(),
                *(
                    (f"{k}, within tenths of time", v)
                    for k, v in found["within tenths of time"].items()
                ),
            ],
        )
    for task, found in result["replay"].items():
        names = list(found["by chance"])
        table(
            f"{task}: replayed within a share of all episodes, %",
            ("sessions first", *names),
            [
                ("by chance", *(_range(found["by chance"][name]) for name in names)),
                *((order, *(by[name] for name in names)) for order, by in found["orders"].items()),
            ],
        )
    table(
        "told again, against what is new",
        ("in other words", "by", "AUROC", "caught at 1 % false alarms"),
        [
            (rule, name, *one.values())
            for rule, by in result["retold"].items()
            for name, one in by.items()
        ],
    )


def _range(spread: Sequence[float]) -> str:
    mean, low, high = spread
    return f"{mean:.1f} ({low:.1f} to {high:.1f})"
