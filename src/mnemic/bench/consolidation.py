"""Which kind of memory answers what, and how each fails (`mnemic bench consolidation`).

The same made conversations are asked of four kinds of memory:

    summaries   sessions and rooms as sleep sums them up, the nearest by meaning, in the asked time
    embeddings  the dense channel alone: the nearest episodes by meaning; it knows no time
    facts       the facts that sleep made, by their words and by the time they held
    all         recall as it is: hits and facts

A kind answers by the first of its best items that names a value in question. A wrong answer has a
mode: what was never extracted or was left out, what is of another time, of the past, of somebody
else, or lies undated. The world is in consolidating.py.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mnemic.agent.facts.answers import Asked, answers
from mnemic.agent.facts.fact import Fact
from mnemic.agent.knowledge import EvidenceRow, FactRow, SummaryRow
from mnemic.agent.memory import Memory
from mnemic.agent.protocols import Embedder
from mnemic.agent.when import parse_window
from mnemic.agent.write.prepare import from_us
from mnemic.bench.consolidating import SEED, Ask, World, worlds
from mnemic.errors import InvalidInput

if TYPE_CHECKING:
    from rich.console import Console

KINDS = ("summaries", "embeddings", "facts", "all")
ITEMS = 3
"""How many of its best items a kind may answer from."""

DEPTH = 10
"""How far down LifeBench's evidence is looked for."""

NEAR = timedelta(days=8)
"""How far from the moment a date may lie: people say "last week"."""

DATED_MAX = timedelta(days=31)
"""An item that spans more has no date."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Item:
    """Something a memory answers with: its words, and from when to when it is."""

    text: str
    start: datetime | None
    end: datetime | None
    of: frozenset[str] = frozenset()
    """The refs of the episodes it rests on."""


def run_consolidation(
    users: int = 8,
    *,
    lifebench: Path | None = None,
    embedder: Embedder | Literal["auto"] | None = "auto",
    seed: int = SEED,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The result object: shares answered and modes of failure, by kind of memory and of question.

    Args:
        users: how many made people, one scope each.
        lifebench: LifeBench's folder, for what summaries and facts cover of its evidence.
        embedder: as for `Memory`; there has to be one.
        seed: of the made world.
        progress: called with what is being done, how much is done, and of how much.

    Raises:
        InvalidInput: `users` is below 1, or there is no embedder.
        ImportFailed: there is no such data.
    """
    if users < 1:
        raise InvalidInput(f"users is {users!r}; make 1 at least")
    began = time.monotonic()
    judged: list[tuple[str, str, str]] = []
    episodes = 0
    for number, world in enumerate(worlds(users, seed)):
        if progress:
            progress("worlds", number, users)
        with _slept(world.rows, embedder) as memory:
            episodes += len(world.rows)
            judged += _asked(memory, world)
    found = {
        "task": "consolidation",
        "n": len(judged) // len(KINDS),
        "episodes": episodes,
        "kinds": {kind: _kind(kind, judged) for kind in KINDS},
        "modes": {
            kind: dict(
                Counter(
                    mode for of, _, mode in judged if of == kind and mode != "right"
                ).most_common()
            )
            for kind in KINDS
        },
        "seed": seed,
    }
    if lifebench is not None:
        found["lifebench"] = _coverage(lifebench, embedder, progress)
    found["seconds"] = round(time.monotonic() - began, 1)
    return found


class _slept:  # noqa: N801
    """A memory of these rows with deep keys, after sleep; its file is gone at the end."""

    def __init__(
        self, rows: Sequence[Any], embedder: Embedder | Literal["auto"] | None, scope: str = ""
    ) -> None:
        self._rows, self._embedder, self._scope = rows, embedder, scope

    def __enter__(self) -> Memory:
        self._folder = tempfile.TemporaryDirectory(prefix="mnemic-consolidation-")
        self._memory = Memory(
            Path(self._folder.name) / "world.mnemic", embedder=self._embedder, background=False,
            strengthen=False,
        )  # fmt: skip
        if self._memory.embedder is None:
            self.__exit__()
            raise InvalidInput("there is no embedder; `mnemic model install` fetches it")
        where = {"scope": self._scope} if self._scope else {}
        self._memory.remember_many({**row, **where} for row in self._rows)
        self._memory.ready()
        self._memory.sleep()
        return self._memory

    def __exit__(self, *_: object) -> None:
        self._memory.close()
        self._folder.cleanup()


def _kind(kind: str, judged: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """The share of right answers, of all questions and by what is asked."""
    by: dict[str, list[bool]] = defaultdict(list)
    for of, about, mode in judged:
        if of == kind:
            by["all"].append(mode == "right")
            by[about].append(mode == "right")
    return {about: round(float(np.mean(found)), 4) for about, found in by.items()}


def _asked(memory: Memory, world: World) -> Iterator[tuple[str, str, str]]:
    """For each question and kind of memory: the kind, what was asked, and how it went."""
    levels = _Levels(memory, world)
    for ask in world.asks:
        for kind in KINDS:
            items = levels.items(kind, ask)
            yield kind, ask.about, judge(ask, items, levels.known(kind, ask))


def judge(ask: Ask, items: Sequence[Item], known: str) -> str:
    """How an answer went: "right", or the mode in which it failed.

    Args:
        ask: the question with its right value and the tempting ones.
        items: what the memory answers with, best first; for `all` facts stand before episodes.
        known: what the memory holds of the answer at all: "", "lost detail" or "not extracted".
    """
    for item in items:
        text = item.text.casefold()
        right = ask.value.casefold() in text
        wrong = [mode for value, mode in ask.wrong if value.casefold() in text]
        if right and wrong:
            return "lost date" if _undated(item) else _by_time(ask, item)
        if right:
            return _by_time(ask, item)
        if wrong:
            return known or wrong[0]
    return known or "not found"


def _by_time(ask: Ask, item: Item) -> str:
    """Whether the time of an item that names the right value is right too, where that is asked."""
    if ask.at is None:
        return "right"
    if _undated(item):
        return "lost date"
    assert item.start is not None
    low, high = item.start - NEAR, (item.end or item.start) + NEAR
    return "right" if low <= ask.at <= high else "wrong time"


def _undated(item: Item) -> bool:
    return item.start is None or (item.end or item.start) - item.start > DATED_MAX


class _Levels:
    """One memory seen as four kinds of memory."""

    def __init__(self, memory: Memory, world: World) -> None:
        self._memory, self._world = memory, world
        ids = self._ids = memory.store.scope_ids(world.scope)
        self._refs = {seq: str(one.ref) for seq, one in memory.store.walk(ids)}
        self._summaries = [self._summary(row) for row in memory.store.derived.rows(SummaryRow, ids)]
        assert memory.embedder is not None
        texts = [item.text for item in self._summaries]
        self._vectors = memory.embedder.embed(texts) if texts else np.empty((0, 1), np.float32)
        self._extracted = {
            self._refs.get(row.seq) for row in memory.store.derived.rows(EvidenceRow, ids)
        }

    def _summary(self, row: SummaryRow) -> Item:
        told = frozenset(self._refs.get(seq, "") for seq, _, _ in json.loads(row.sentences))
        return Item(row.text, from_us(row.from_us), from_us(row.to_us), told)

    def known(self, kind: str, ask: Ask) -> str:
        """In which way a kind lost the answer; empty if it holds it at all."""
        if kind == "facts" and ask.ref not in self._extracted:
            return "not extracted"
        if kind == "summaries" and not any(
            ask.value.casefold() in item.text.casefold() and ask.ref in item.of
            for item in self._summaries
        ):
            return "lost detail"
        return ""

    def items(self, kind: str, ask: Ask) -> list[Item]:
        """The best items of a kind for a question."""
        found: Callable[[Ask], list[Item]] = getattr(self, f"_by_{kind}")
        return found(ask)

    def _by_summaries(self, ask: Ask) -> list[Item]:
        if not self._summaries:
            return []
        assert self._memory.embedder is not None
        score = self._vectors @ self._memory.embedder.embed([ask.text])[0]
        window = parse_window(ask.text, self._world.now, "UTC")
        if window is not None:
            for place, item in enumerate(self._summaries):
                if item.end is None or item.start is None or (
                    item.end < window.span.start or item.start >= window.span.end
                ):  # fmt: skip
                    score[place] = -np.inf
        best = np.argsort(-score, kind="stable")[:ITEMS]
        return [self._summaries[place] for place in best if np.isfinite(score[place])]

    def _by_embeddings(self, ask: Ask) -> list[Item]:
        found = self._memory.recall(
            ask.text, scope=self._world.scope, k=ITEMS, now=self._world.now, window=None,
            channels=("dense",),
        )  # fmt: skip
        return [_episode(hit.episode) for hit in found.hits]

    def _by_facts(self, ask: Ask) -> list[Item]:
        facts = self._memory._parts.facts.at_present(self._ids)
        window = parse_window(ask.text, self._world.now, "UTC")
        text = ask.text if window is None else ask.text.replace(window.phrase, " ")
        asked = Asked.of(self._world.now if window is None else window.span, None)
        found = [facts.rows[place] for place, _ in answers(facts, text, asked, {}, frozenset())]
        return [_row(row) for row in found if not row.denied][:ITEMS]

    def _by_all(self, ask: Ask) -> list[Item]:
        found = self._memory.recall(ask.text, scope=self._world.scope, k=ITEMS, now=self._world.now)
        facts = [_fact(hit.fact) for hit in found.facts if not hit.fact.denied]
        return [*facts[:ITEMS], *(_episode(hit.episode) for hit in found.hits)]


def _episode(episode: Any) -> Item:
    return Item(episode.text, episode.said_at, episode.said_at, frozenset((str(episode.ref),)))


def _fact(fact: Fact) -> Item:
    return Item(fact.statement, fact.valid_from, fact.valid_from)


def _row(row: FactRow) -> Item:
    start = None if row.valid_from_us is None else from_us(row.valid_from_us)
    return Item(row.statement, start, start)


def _coverage(
    path: Path, embedder: Embedder | Literal["auto"] | None, progress: Progress | None
) -> dict[str, Any]:
    """What each kind holds of LifeBench's evidence, and what it brings back in the top 10."""
    from mnemic.bench.tasks.lifebench import read

    scope = "bench/consolidation"
    held: dict[str, list[float]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for case in read(path):
        with _slept(case.rows, embedder, scope) as memory:
            ids = memory.store.scope_ids(scope)
            refs = {seq: str(one.ref) for seq, one in memory.store.walk(ids)}
            summaries = memory.store.derived.rows(SummaryRow, ids)
            told = {refs[seq] for row in summaries for seq, _, _ in json.loads(row.sentences)}
            rest = {refs[row.seq] for row in memory.store.derived.rows(EvidenceRow, ids)}
            counts.update(
                episodes=len(refs), summaries=len(summaries), in_summaries=len(told),
                in_facts=len(rest), facts=len(memory.store.derived.rows(FactRow, ids)),
            )  # fmt: skip
            for done, question in enumerate(case.questions):
                if progress:
                    progress(f"{case.name}: questions", done, len(case.questions))
                for name, some in (("summaries", told), ("facts", rest)):
                    held[name].append(len(question.evidence & some) / len(question.evidence))
                nearest = memory.recall(
                    question.text, scope=scope, k=DEPTH, now=question.now, window=None,
                    channels=("dense",),
                )  # fmt: skip
                whole = memory.recall(question.text, scope=scope, k=DEPTH, now=question.now)
                for name, hits in (("embeddings", nearest.hits), ("all", whole.hits)):
                    seen = question.evidence & {str(hit.episode.ref) for hit in hits}
                    held[name].append(len(seen) / len(question.evidence))
    return {
        "n": len(held["all"]),
        "held": {
            name: round(float(np.mean(held[name])), 4) for name in KINDS if name in held
        },
        **counts,
    }  # fmt: skip


def show(result: dict[str, Any], console: Console) -> None:
    """The result as one table of kinds of memory: shares, then modes of failure."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=f"{result['n']} questions: answered, %", box=SIMPLE_HEAD)
    table.add_column("")
    for kind in KINDS:
        table.add_column(kind, justify="right")
    for about in result["kinds"]["all"]:
        cells = [f"{100 * result['kinds'][kind].get(about, 0.0):.1f}" for kind in KINDS]
        table.add_row(about, *cells)
    table.add_section()
    modes = dict.fromkeys(mode for kind in KINDS for mode in result["modes"][kind])
    for mode in sorted(modes):
        cells = [str(result["modes"][kind].get(mode, 0) or "") for kind in KINDS]
        table.add_row(f"failed: {mode}", *cells)
    if "lifebench" in result:
        table.add_section()
        held = result["lifebench"]["held"]
        cells = [f"{100 * held[kind]:.1f}" for kind in KINDS]
        table.add_row("LifeBench: evidence held (or in the top 10)", *cells)
    console.print(table)
    if "lifebench" in result:
        counts = {k: v for k, v in result["lifebench"].items() if k not in ("held", "n")}
        console.print(f"LifeBench: {result['lifebench']['n']} questions; {counts}")
    console.print(f"{result['episodes']:,} episodes, {result['seconds']} s")
