"""Fits the weights of the fusion on development data, and says how they do on data held out.

    collect   what speaks for each episode, of every question of every task     (Memory.evidence)
    fit       the weights that put evidence before the rest
    hold out  the same without one case (a conversation, a history, a corpus), asked of that case

Each is done twice: with the graph among the parts, for scopes that have one, and without it.

The second look's own first ranking uses the weights that ship now; after a fit that changes them,
run it once more.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.protocols import Embedder
from mnemic.agent.recall.fuse import PARTS, Weights, fitted
from mnemic.bench.cases import Case
from mnemic.bench.graph import with_graph
from mnemic.bench.measure import KS
from mnemic.bench.opened import opened
from mnemic.bench.tasks import cases_of, folders_in
from mnemic.errors import InvalidInput

TASKS = ("locomo", "beam", "code-history", "multihop", "lifebench", "timeqa")
"""Tasks to fit on, each in its folder of the data's root."""

ONE_CASE = frozenset(("timeqa",))
"""Tasks whose files ask about the same texts, so that only all of them can be held out together."""

ROWS_MAX = 400
"""How many rows of a question are kept, by the plain sum of parts and again by the weights that
ship, beside its evidence. Rankings are of these rows."""

RIVALS_MAX = 200
"""How many of the rows without evidence a question is fitted against: the strongest."""

SMALL = 1e-3
"""The weight of the sum of squares of the constants: keeps what data do not decide near 0."""

SCOPE = "fusion"
Progress = Callable[[str, int, int], None]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what speaks for each row that may come back.

    `parts_RP` has a column for each of PARTS; `evidence_R` marks the rows of its evidence;
    `evidence_count` also counts what is not in memory.
    """

    task: str
    case: str
    talk: float
    parts_RP: Floats  # noqa: N815
    evidence_R: NDArray[np.bool_]  # noqa: N815
    evidence_count: int


def run_fusion(
    root: Path,
    *,
    embedder: Embedder | Literal["auto"] | None = "auto",
    write: Path | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Shares of all evidence with the weights that ship, fitted, and fitted without the case asked.

    Args:
        root: a folder that has some of TASKS in it.
        embedder: as for `Memory`.
        write: a file that gets the fitted weights as JSON.
        limit: only the first questions of each case.
        progress: called with what is being done, how much is done, and of how much.

    Raises:
        ImportFailed: there is none of the tasks' data.
        InvalidInput: all data are one case, so that nothing can be held out.
    """
    began = time.monotonic()
    asked = list(_collect(root, embedder, limit, progress))
    cases = sorted({(one.task, one.case) for one in asked})
    if len(cases) < 2:
        raise InvalidInput(f"{str(root)!r} has {len(cases)} case; two are needed to hold one out")
    fits: dict[str, Weights] = {}
    tasks: dict[str, dict[str, Any]] = defaultdict(dict)
    for ending, among in (("", [_without_graph(one) for one in asked]), ("_with_graph", asked)):
        fits[ending] = weights = fit(among)
        held_out: dict[str, list[Floats]] = defaultdict(list)
        for done, case in enumerate(cases):
            if progress:
                progress("holding out", done, len(cases))
            rest = fit([one for one in among if (one.task, one.case) != case])
            for one in among:
                if (one.task, one.case) == case:
                    held_out[one.task].append(_shares(one, rest))
        shipped = fitted(graph=bool(ending))
        for task, scores in held_out.items():
            tasks[task] |= {
                "n": len(scores),
                f"shipped{ending}": _mean(_all_shares(among, task, shipped)),
                f"fitted{ending}": _mean(_all_shares(among, task, weights)),
                f"held_out{ending}": _mean(scores),
            }
    if write is not None:
        table = _table(fits[""]) | {"with_graph": _table(fits["_with_graph"])}
        write.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return {
        "task": "fusion",
        "n": len(asked),
        "cases": len(cases),
        "tasks": dict(tasks),
        **_table(fits[""]),
        "with_graph": _table(fits["_with_graph"]),
        "small": SMALL,
        "seconds": round(time.monotonic() - began, 1),
    }


def _table(weights: Weights) -> dict[str, dict[str, float]]:
    return {"documents": dict(weights.documents), "conversation": dict(weights.conversation)}


def _without_graph(one: Asked) -> Asked:
    """The same question where no graph speaks."""
    parts = one.parts_RP.copy()
    parts[:, list(PARTS).index("graph")] = 0
    return replace(one, parts_RP=parts)


def fit(asked: Sequence[Asked]) -> Weights:
    """The non-negative weights with which evidence most surely comes before the rest.

    Minimises the mean over tasks, questions and evidence of −ln p(evidence | evidence ∪ rivals), a
    softmax of scores, plus SMALL times the sum of squares. The loss is convex, so the fit does not
    hang on where it starts.

    Source:
        ListNet's top-one probability (Cao et al., ICML 2007); each piece of evidence stands against
        the rivals alone, so that pieces do not compete.
    """
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise InvalidInput("fitting needs scipy; pip install 'mnemic[bench]'") from error

    columns = 2 * len(PARTS)
    shares: dict[str, int] = defaultdict(int)
    for one in asked:
        shares[one.task] += 1
    good, rivals, mask, weight = [], [], [], []
    for one in asked:
        table = _both(one)
        strongest = np.argsort(-one.parts_RP.sum(axis=1) * ~one.evidence_R, kind="stable")
        rival = table[[row for row in strongest[:RIVALS_MAX] if not one.evidence_R[row]]]
        padded = np.zeros((RIVALS_MAX, columns), dtype=np.float32)
        padded[: len(rival)] = rival
        hidden = np.where(np.arange(RIVALS_MAX) < len(rival), 0, -np.inf).astype(np.float32)
        found = table[one.evidence_R]
        for row in found:
            good.append(row)
            rivals.append(padded)
            mask.append(hidden)
            weight.append(1 / (len(found) * shares[one.task] * len(shares)))
    good_EC, rivals_ERC = np.stack(good), np.stack(rivals)  # noqa: N806
    mask_ER, weight_E = np.stack(mask), np.array(weight)  # noqa: N806

    def loss(constants: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        narrow = constants.astype(np.float32)
        ahead_ER = (rivals_ERC @ narrow) + mask_ER - (good_EC @ narrow)[:, None]  # noqa: N806
        top_E = np.maximum(ahead_ER.max(axis=1), 0)  # noqa: N806
        odds_ER = np.exp(ahead_ER - top_E[:, None])  # noqa: N806
        total_E = odds_ER.sum(axis=1) + np.exp(-top_E)  # noqa: N806
        share_ER = odds_ER / total_E[:, None]  # noqa: N806
        slope_EC = np.matmul(share_ER[:, None, :], rivals_ERC)[:, 0]  # noqa: N806
        slope_EC -= share_ER.sum(axis=1)[:, None] * good_EC  # noqa: N806
        value = float(weight_E @ (top_E + np.log(total_E))) + SMALL * float(constants @ constants)
        return value, weight_E @ slope_EC + 2 * SMALL * constants

    found = minimize(
        loss, np.ones(columns), jac=True, method="L-BFGS-B", bounds=[(0, None)] * columns
    )
    speaks = good_EC.any(axis=0) | rivals_ERC.any(axis=(0, 1))  # a part that never speaks weighs 0
    values = [round(float(value), 3) for value in found.x * speaks]
    return Weights(
        dict(zip(PARTS, values[: len(PARTS)], strict=True)),
        dict(zip(PARTS, values[len(PARTS) :], strict=True)),
    )


def _both(one: Asked) -> Floats:
    """The parts of each row, once for its share of documents and once for conversation."""
    return np.concatenate(((1 - one.talk) * one.parts_RP, one.talk * one.parts_RP), axis=1)


def _collect(
    root: Path,
    embedder: Embedder | Literal["auto"] | None,
    limit: int | None,
    progress: Progress | None,
) -> Iterator[Asked]:
    for task, path in folders_in(root, TASKS).items():
        for case in cases_of(task, path):
            yield from _ask(task, case, embedder, limit, progress)


def _ask(
    task: str,
    case: Case,
    embedder: Embedder | Literal["auto"] | None,
    limit: int | None,
    progress: Progress | None,
) -> Iterator[Asked]:
    with opened(case, SCOPE, embedder, progress) as (memory, _):
        with_graph(memory)
        refs = np.array([episode.ref for episode in memory.episodes(scope=SCOPE)], dtype=object)
        for done, question in enumerate(case.questions[:limit]):
            if progress:
                progress(f"{case.name}: questions", done, len(case.questions))
            found = memory.evidence(question.text, scope=SCOPE, now=question.now)
            assert found.speaks is not None
            parts: Mapping[str, Floats] = found.speaks.parts
            nothing = np.zeros(len(found.speaks.rows), dtype=np.float32)
            table = np.stack([parts.get(name, nothing) for name in PARTS], axis=1)
            evidence = np.array([ref in question.evidence for ref in refs[found.speaks.rows]])
            strong = _strong(table.sum(axis=1)) | _strong(found.fused.score)
            kept = found.wanted & (evidence | strong)
            yield Asked(
                task, task if task in ONE_CASE else case.name, found.view.talk,
                table[kept], evidence[kept], len(question.evidence),
            )  # fmt: skip


def _strong(scores: Floats) -> NDArray[np.bool_]:
    """Which of the scores are among the ROWS_MAX largest."""
    strong = np.zeros(len(scores), dtype=bool)
    strong[np.argsort(-scores, kind="stable")[:ROWS_MAX]] = True
    return strong


def _shares(one: Asked, weights: Weights) -> Floats:
    """Share of all evidence in the top k, for each of KS."""
    at = weights.at(one.talk)
    score = one.parts_RP @ np.array([at[name] for name in PARTS], dtype=np.float32)
    top = one.evidence_R[np.argsort(-score, kind="stable")[: max(KS)]]
    return np.array([top[:k].sum() / one.evidence_count for k in KS], dtype=np.float32)


def _all_shares(asked: Sequence[Asked], task: str, weights: Weights) -> list[Floats]:
    return [_shares(one, weights) for one in asked if one.task == task]


def _mean(shares: Sequence[Floats]) -> dict[str, float]:
    means = np.mean(shares, axis=0)
    return {f"recall@{k}": round(float(mean), 4) for k, mean in zip(KS, means, strict=True)}
