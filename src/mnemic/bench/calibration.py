"""Fits how sure a recall may be on development data, and says how good that is on data held out.

    collect   the signs of every question of every task, and of strangers      (confidence.read)
    fit       the lines that turn signs into probabilities
    hold out  every question is judged by lines fitted without its case

A stranger is a question that was written for another case of the same task: memory never heard of
it, and nobody has to say so. It is asked twice where both cases have speakers with names: as it
stands, and with the names of those who speak here in place of those who spoke there.

A swapped question is an answerable one that names another of the scope's speakers instead: most are
unanswerable, and nobody has to say so either. They are in no fit but one, which has no question
that was labelled unanswerable, and says what such labels are worth.

What `known` means hangs on how often questions have an answer. The population it is fitted on: one
question in twenty is a stranger's (STRANGERS); the others are those of the sets that have questions
without an answer, as they are, and the sets without any weigh OTHERS of that together. For
`relevance` every question counts alike, strangers' apart.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.channels.lexical import LexicalChannel
from mnemic.agent.protocols import Embedder
from mnemic.agent.recall import confidence
from mnemic.agent.recall.confidence import HIT, TOPIC, TOPIC_BY_WORDS, WHOSE, Calibration, Line
from mnemic.agent.recall.fuse import best_first
from mnemic.agent.recall.fuse import fitted as fitted_weights
from mnemic.agent.speakers import is_name
from mnemic.agent.terms import query_terms
from mnemic.bench.cases import Case, Question
from mnemic.bench.opened import opened
from mnemic.bench.reliability import Forecasts, bins, draw, measured
from mnemic.bench.tasks import cases_of, folders_in
from mnemic.errors import InvalidInput

TASKS = ("locomo", "beam", "multihop", "lifebench", "code-history")
"""Tasks to fit on, each in its folder of the data's root."""

STRANGERS = 0.05
"""The share of strangers in the population that `known` is fitted for."""

OTHERS = 0.3
"""What the questions of tasks without unanswerable ones weigh, against those of tasks with them."""

EVERY = 6
"""Of another case every how many-th question is asked as a stranger."""

HITS = 10
"""How many hits of a question are judged."""

SMALL = 1e-3
"""The weight of the sum of squares of the weights: keeps what data do not decide near 0."""

STRANGE = ("stranger", "stranger by name")
THRESHOLDS = (0.3, 0.5, 0.7)
SCOPE = "calibration"
Progress = Callable[[str, int, int], None]
Kind = Literal["answerable", "unanswerable", "stranger", "stranger by name", "swapped"]
Questions = Iterator[tuple["Kind", Question]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the signs of its recall; `evidence` marks which of its hits are evidence."""

    task: str
    case: str
    kind: Kind
    signs: confidence.Signs
    evidence: NDArray[np.bool_]

    @property
    def strange(self) -> bool:
        """Whether memory never heard of it."""
        return self.kind in STRANGE

    @property
    def answerable(self) -> bool:
        """Whether memory holds the answer."""
        return self.kind == "answerable"


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of each question, by lines that never saw its case."""

    known: NDArray[np.float64]
    relevance: Sequence[NDArray[np.float64]]


def run_calibration(
    root: Path,
    *,
    embedder: Embedder | Literal["auto"] | None = "auto",
    write: Path | None = None,
    plot: Path | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """How good `known` and `relevance` are out of fit, by set, and the lines fitted on everything.

    Args:
        root: a folder that has some of TASKS in it.
        embedder: as for `Memory`.
        write: a file that gets the fitted lines as JSON.
        plot: a PNG file that gets the reliability diagram.
        limit: only the first questions of each case.
        progress: called with what is being done, how much is done, and of how much.

    Raises:
        ImportFailed: there is none of the tasks' data.
        InvalidInput: there are no two cases with questions without an answer.
    """
    began = time.monotonic()
    everything = list(collect(root, embedder, limit, progress))
    asked = [one for one in everything if one.kind != "swapped"]
    cases = sorted({(one.task, one.case) for one in asked if one.kind == "unanswerable"})
    if len(cases) < 2:
        raise InvalidInput(
            f"{str(root)!r} has {len(cases)} cases with unanswerable questions; two are needed"
        )
    judged = held_out(asked, progress)
    by_words = held_out([_by_words(one) for one in asked], progress)
    unlabelled = held_out(asked, progress, [one for one in map(_swapped, everything) if one])
    lines = fit(asked)
    if write is not None:
        write.write_text(json.dumps(as_table(lines), indent=1) + "\n", encoding="utf-8")
    known, relevance = _known(asked, judged), _relevance(asked, judged)
    labelled = _labelled(asked)
    if plot is not None:
        of_hits = np.repeat(_mix(asked), [len(one.evidence) for one in asked])
        _draw(known.where(labelled), relevance.where(of_hits), plot)
    return {
        "task": "calibration",
        "n": len(asked),
        "cases": len({(one.task, one.case) for one in asked}),
        "kinds": dict(Counter(one.kind for one in asked)),
        "known": _known_by_set(asked, known, labelled),
        "known_by_words": measured(_known(asked, by_words).where(labelled)),
        "known_unlabelled": measured(_known(asked, unlabelled).where(labelled), ("auroc",)),
        "relevance": _relevance_by_set(asked, relevance),
        "abstaining": {str(floor): _abstaining(asked, judged, floor) for floor in THRESHOLDS},
        "lines": as_table(lines),
        "strangers": STRANGERS,
        "others": OTHERS,
        "small": SMALL,
        "seconds": round(time.monotonic() - began, 1),
    }


# -- collect ---------------------------------------------------------------------------------


def collect(
    root: Path,
    embedder: Embedder | Literal["auto"] | None,
    limit: int | None,
    progress: Progress | None,
) -> Iterator[Asked]:
    """Every question of every case, and its strangers.

    Raises:
        ImportFailed: there is none of the tasks' data.
    """
    for task, path in folders_in(root, TASKS).items():
        cases = list(cases_of(task, path))
        for case in cases:
            made = [one for other in cases if other is not case for one in strangers(case, other)]
            made += swapped(case)
            yield from _ask(task, case, made, embedder, limit, progress)


def strangers(case: Case, other: Case) -> Questions:
    """Questions of another case to be asked of this one; the second kind with this one's names."""
    here, there = _names(case), _names(other)
    pattern = _any_of(there)
    for question in other.questions[::EVERY]:
        bare = replace(question, evidence=frozenset(), answerable=False)
        yield "stranger", bare
        if here and pattern.search(question.text):
            renamed = pattern.sub(lambda m: here[there.index(m[0]) % len(here)], question.text)
            yield "stranger by name", replace(bare, text=renamed)


def swapped(case: Case) -> Questions:
    """Questions that name one of the case's speakers, with the name of the next one instead."""
    names = _names(case)
    pattern = _any_of(names)
    for question in case.questions if len(names) > 1 else ():
        named = set(pattern.findall(question.text))
        if len(named) == 1:
            other = names[(names.index(named.pop()) + 1) % len(names)]
            text = other.join(pattern.split(question.text))
            yield "swapped", replace(question, text=text, evidence=frozenset(), answerable=False)


def _any_of(names: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names) or "(?!)")


def _names(case: Case) -> list[str]:
    speakers = {str(row["speaker"]) for row in case.rows if is_name(row.get("speaker"))}
    return sorted(speakers)


def _ask(
    task: str,
    case: Case,
    made: Sequence[tuple[Kind, Question]],
    embedder: Embedder | Literal["auto"] | None,
    limit: int | None,
    progress: Progress | None,
) -> Iterator[Asked]:
    with opened(case, SCOPE, embedder, progress) as (memory, _):
        refs = np.array([episode.ref for episode in memory.episodes(scope=SCOPE)], dtype=object)
        lexical = LexicalChannel(memory.store)
        questions: list[tuple[Kind, Question]] = [
            *(("answerable", one) for one in case.questions[:limit]),
            *(("unanswerable", one) for one in case.unanswerable[:limit]),
            *made[:limit],
        ]
        for done, (kind, question) in enumerate(questions):
            if progress:
                progress(f"{case.name}: questions", done, len(questions))
            found = memory.evidence(question.text, scope=SCOPE, now=question.now)
            score = np.where(found.wanted, found.fused.score, -np.inf).astype(np.float32)
            best = best_first(score, HITS)
            best = best[score[best] > -np.inf]
            signs = confidence.read(
                memory.store, lexical, fitted_weights(), found, best, query_terms(question.text)
            )
            evidence = [ref in question.evidence for ref in refs[found.fused.rows[best]]]
            yield Asked(task, case.name, kind, signs, np.array(evidence, dtype=bool))


def _by_words(one: Asked) -> Asked:
    return replace(one, signs=replace(one.signs, near=False))


def _swapped(one: Asked) -> Asked | None:
    """Swapped questions as the unanswerable ones, in place of those that were labelled so."""
    if one.kind == "unanswerable":
        return None
    return replace(one, kind="unanswerable") if one.kind == "swapped" else one


# -- fit -------------------------------------------------------------------------------------


def fit(asked: Sequence[Asked]) -> Calibration:
    """The lines that make what happened most likely, for the population described above.

    `topic` parts strangers from the rest; `whose` parts the unanswerable from the answerable, among
    the rest; `relevance` parts evidence from other hits, and takes `known` for what these two say.
    """
    asked = [one for one in asked if one.signs.recall]
    weight = _population(asked)
    strange = np.array([one.strange for one in asked])
    recall = {
        name: np.array([one.signs.recall[name] for one in asked]) for name in {**TOPIC, **WHOSE}
    }
    answerable = np.array([one.answerable for one in asked])
    lines = {
        "topic": line(recall, ~strange, weight, TOPIC),
        "topic_by_words": line(recall, ~strange, weight, TOPIC_BY_WORDS),
    }
    ours = {name: sign[~strange] for name, sign in recall.items()}
    lines["whose"] = line(ours, answerable[~strange], weight[~strange], WHOSE)
    nothing = Line(dict.fromkeys(HIT, 0.0), 0.0)
    draft = Calibration(**lines, relevance=nothing)
    of_hits = [_hit_signs(one, draft) for one in asked]
    hits = {name: np.concatenate([one[name] for one in of_hits]) for name in HIT}
    evidence = np.concatenate([one.evidence for one in asked])
    each = np.repeat(~strange, [len(one.evidence) for one in asked]).astype(np.float64)
    return replace(draft, relevance=line(hits, evidence, each, HIT))


def line(
    signs: Mapping[str, NDArray[np.float64]],
    happened: NDArray[np.bool_],
    weight: NDArray[np.float64],
    may_speak: Mapping[str, int],
) -> Line:
    """The likeliest logistic whose weights have the signs they may have; convex, so one answer."""
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise InvalidInput("fitting needs scipy; pip install 'mnemic[bench]'") from error

    names = list(may_speak)
    table = np.stack([signs[name] for name in names], axis=1).astype(np.float64)
    scale = table.std(axis=0)
    scale[scale < 1e-9] = np.inf  # what never varies tells nothing
    table = np.concatenate((table / scale, np.ones((len(table), 1))), axis=1)
    share = weight / weight.sum()

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = table @ at
        gap = share * (1 / (1 + np.exp(-np.clip(odds, -50, 50))) - happened)
        small = np.append(at[:-1], 0)
        value = share @ (np.logaddexp(0, odds) - happened * odds) + SMALL * small @ small
        return float(value), table.T @ gap + 2 * SMALL * small

    reach = {1: (0, None), -1: (None, 0), 0: (None, None)}
    bounds = [*(reach[may_speak[name]] for name in names), (None, None)]
    found = minimize(loss, np.zeros(len(bounds)), jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = found[:-1] / scale
    return Line(
        {name: round(float(value), 4) for name, value in zip(names, weights, strict=True)},
        round(float(found[-1]), 4),
    )


def as_table(lines: Calibration) -> dict[str, Any]:
    """The lines as plain JSON, as calibration.json holds them."""
    return {
        name: {"weight": dict(one.weight), "constant": one.constant}
        for name in ("topic", "topic_by_words", "whose", "relevance")
        for one in [getattr(lines, name)]
    }


def held_out(
    asked: Sequence[Asked],
    progress: Progress | None = None,
    fit_on: Sequence[Asked] | None = None,
) -> Judged:
    """Every question judged by lines fitted without its case, on the same questions or on others."""
    known = np.zeros(len(asked))
    relevance: list[NDArray[np.float64]] = [np.empty(0)] * len(asked)
    cases = sorted({(one.task, one.case) for one in asked})
    for done, case in enumerate(cases):
        if progress:
            progress("holding out", done, len(cases))
        rest = fit([one for one in fit_on or asked if (one.task, one.case) != case])
        for place, one in enumerate(asked):
            if (one.task, one.case) == case:
                sure = confidence.judge(one.signs, rest)
                known[place], relevance[place] = sure.known, sure.relevance
    return Judged(known, relevance)


def _hit_signs(one: Asked, by: Calibration) -> dict[str, NDArray[np.float64]]:
    known = confidence.log_odds(confidence.judge(one.signs, by).known)
    return {**one.signs.hits, "known": np.full(len(one.evidence), known)}


def _population(asked: Sequence[Asked]) -> NDArray[np.float64]:
    """What each question weighs, so that the whole is the population described above."""
    with_unanswerable = {one.task for one in asked if one.kind == "unanswerable"}
    counted = [one.task in with_unanswerable for one in asked if not one.strange]
    labelled = sum(counted)
    other = OTHERS * labelled / max(len(counted) - labelled, 1) if labelled else 1.0
    weight = np.array(
        [0.0 if one.strange else 1.0 if one.task in with_unanswerable else other for one in asked]
    )
    kinds = Counter(one.kind for one in asked if one.strange)
    ours = float(weight.sum())
    for place, one in enumerate(asked):
        if one.strange:
            weight[place] = STRANGERS / (1 - STRANGERS) * ours / len(kinds) / kinds[one.kind]
    return weight


# -- account ---------------------------------------------------------------------------------


def _known(asked: Sequence[Asked], judged: Judged) -> Forecasts:
    happened = np.array([one.answerable for one in asked])
    return Forecasts(judged.known, happened, np.arange(len(asked)))


def _relevance(asked: Sequence[Asked], judged: Judged) -> Forecasts:
    return Forecasts(
        np.concatenate(judged.relevance),
        np.concatenate([one.evidence for one in asked]),
        np.repeat(np.arange(len(asked)), [len(one.evidence) for one in asked]),
    )


def _labelled(asked: Sequence[Asked]) -> NDArray[np.bool_]:
    """Which are questions of tasks that have unanswerable ones, strangers apart."""
    tasks = {one.task for one in asked if one.kind == "unanswerable"}
    return np.array([one.task in tasks and not one.strange for one in asked])


def _mix(asked: Sequence[Asked]) -> NDArray[np.bool_]:
    return np.array([not one.strange for one in asked])


def _known_by_set(
    asked: Sequence[Asked], known: Forecasts, labelled: NDArray[np.bool_]
) -> dict[str, Any]:
    task = np.array([one.task for one in asked])
    kind = np.array([one.kind for one in asked])
    answerable = kind == "answerable"
    sets = {"all labelled": labelled}
    sets |= {name: labelled & (task == name) for name in dict.fromkeys(task[labelled].tolist())}
    found = {name: measured(known.where(chosen)) for name, chosen in sets.items()}
    for name in [name for name in STRANGE if name in kind]:
        # How many strangers there are is our doing, so only the order says something.
        near = np.isin(task, np.unique(task[kind == name]))
        chosen = near & (answerable | (kind == name))
        found[f"answerable against {name}"] = measured(known.where(chosen), ("auroc",))
    p = known.probability
    for name in dict.fromkeys(task[~labelled & answerable].tolist()):
        chosen = answerable & (task == name)
        found[name] = {
            "n": int(chosen.sum()),
            "happened": 1.0,
            "forecast": round(float(p[chosen].mean()), 4),
        }
    return found


def _relevance_by_set(asked: Sequence[Asked], relevance: Forecasts) -> dict[str, Any]:
    mix = _mix(asked)
    task = np.array([one.task for one in asked])
    chosen = {"all": mix, "answerable": np.array([one.answerable for one in asked])}
    chosen |= {name: mix & (task == name) for name in dict.fromkeys(task.tolist())}
    return {name: measured(relevance.where(of[relevance.group])) for name, of in chosen.items()}


def _abstaining(asked: Sequence[Asked], judged: Judged, floor: float) -> dict[str, float]:
    """The share of each kind that falls below a floor."""
    kind = np.array([one.kind for one in asked])
    below = judged.known < floor
    return {
        name: round(float(below[kind == name].mean()), 4) for name in dict.fromkeys(kind.tolist())
    }


def _draw(known: Forecasts, relevance: Forecasts, path: Path) -> None:
    curves = {}
    for title, meaning, one in (
        ("known: memory holds an answer", "share answerable", known),
        ("relevance: this hit is evidence", "share that is evidence", relevance),
    ):
        found = measured(one)
        spread, _ = np.histogram(one.probability, bins=20, range=(0, 1))
        curves[title] = {
            "bins": bins(one.probability, one.happened),
            "spread": spread.tolist(),
            "caption": f"out of fit, n = {found['n']:,} · AUROC {found['auroc']:.2f} · "
            f"ECE {found['ece']:.3f} · Brier {found['brier']:.3f}",
            "meaning": meaning,
        }
    draw(curves, path)
