"""How fast sleep is, what it leaves, and that it can be undone (`mnemic bench sleep`).

Deep keys are ready before each sleep, so that the model is not what is measured: those of made text
are made around a sample of real ones. Each corpus is slept on once by the rules, without a language
model; then undone, slept on again, forgotten and derived anew, and each result compared row by row.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.embed import default_embedder
from mnemic.agent.memory import Memory
from mnemic.agent.protocols import Chunker, Embedder
from mnemic.bench import words
from mnemic.bench.scale import AroundReal
from mnemic.bench.tasks import cases_of
from mnemic.bench.updating import MATTERS, NAMES
from mnemic.errors import InvalidInput

if TYPE_CHECKING:
    from rich.console import Console

SEED = 41
SIZES = (1_000, 10_000)
TASKS = ("locomo", "lifebench")
SCOPE = "bench/sleep"
SAMPLE = 1_000
START = datetime(2024, 1, 1, 8, tzinfo=UTC)
AIM_PER_S = 300
"""How many episodes a second sleep is to read."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is slept on: rows to remember, and what makes their deep keys."""

    name: str
    rows: Sequence[Mapping[str, Any]]
    embedder: Embedder


class Kept:
    """An embedder that embeds each text once, so that a rebuild does not measure the model again."""

    def __init__(self, real: Embedder) -> None:
        self.space, self.dimension, self._real = real.space, real.dimension, real
        self._known: dict[str, NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of these texts, as the embedder made them."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        if fresh:
            self._known.update(zip(fresh, self._real.embed(fresh), strict=True))
        return np.stack([self._known[text] for text in texts])


class KeptChunks(Kept):
    """The same of an embedder that cuts long texts itself."""

    def chunks(self, text: str, *, overlap: int) -> list[str]:
        """The pieces of a text."""
        assert isinstance(self._real, Chunker)
        return self._real.chunks(text, overlap=overlap)


def rows(n: int, seed: int = SEED) -> Iterator[dict[str, Any]]:
    """Made talk: 20 turns a session, a quarter of them about the speaker, the others about anything."""
    rng = random.Random(seed)  # noqa: S311
    matters = list(MATTERS.values())
    for number in range(n):
        session, place = divmod(number, 20)
        text = words.sentence(rng) + "."
        if rng.random() < 0.25:
            matter = rng.choice(matters)
            old, new = rng.sample(matter.values, 2)
            form = rng.choice((*matter.told, *rng.choice(list(matter.changes.values()))))
            text = form.format(old=old, new=new, friend=rng.choice(NAMES), month="March", year=2015)
        yield {
            "text": text,
            "scope": SCOPE,
            "speaker": words.NAMES[(session + place % 2) % len(words.NAMES)],
            "session": f"s{session}",
            "position": place,
            "said_at": START + timedelta(hours=7 * session, minutes=place),
            "source": "chat",
            "ref": str(number),
        }


def run_sleeping(
    path: Path | None = None,
    *,
    sizes: Sequence[int] = SIZES,
    embedder: Embedder | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The result object: for each corpus rates, sizes, and whether undoing and rebuilding are exact.

    Args:
        path: a folder that holds the data of TASKS, each in a folder; None for made text only.
        sizes: how many made episodes, 100 at least.
        embedder: None takes the default one.
        progress: called with what is being done, how much is done, and of how much.

    Raises:
        InvalidInput: a size is below 100.
        EmbedderMissing: the default model is not installed.
        ImportFailed: there is no such data.
    """
    if min(sizes, default=100) < 100:
        raise InvalidInput(f"sizes are {list(sizes)}; sleep on 100 episodes at least")
    found = embedder or default_embedder()
    real = KeptChunks(found) if isinstance(found, Chunker) else Kept(found)
    began = time.monotonic()
    made = {corpus.name: _measure(corpus, progress) for corpus in _corpora(path, sizes, real)}
    return {
        "task": "sleep",
        "corpora": made,
        "aim_per_s": AIM_PER_S,
        "peak_mb": _peak_mb(),
        "seed": SEED,
        "seconds": round(time.monotonic() - began, 1),
    }


def _corpora(path: Path | None, sizes: Sequence[int], real: Embedder) -> Iterator[Corpus]:
    if sizes:
        sample = [row["text"] for row in rows(SAMPLE, SEED + 1)]
        around = AroundReal(real, sample)
        for size in sizes:
            yield Corpus(f"made {size:,}", list(rows(size)), around)
    for task in TASKS if path is not None else ():
        cases = cases_of(task, path / task)  # type: ignore[operator]
        made = [{**row, "scope": f"{SCOPE}/{case.name}"} for case in cases for row in case.rows]
        yield Corpus(task, made, real)


def _measure(corpus: Corpus, progress: Progress | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="mnemic-sleep-") as folder:
        path = Path(folder) / "sleep.mnemic"
        with _opened(path, corpus) as memory:
            stored = memory.remember_many(corpus.rows).stored
            memory.ready()
        before = _bytes(path)
        with _opened(path, corpus) as memory:
            empty = memory.store.derived.dump()
            stages = _Stages(progress, corpus.name)
            slept_s, slept = _timed(lambda: memory.sleep(progress=stages))
            stages.end()
            first = memory.store.derived.dump()
        grown = _bytes(path) - before
        with _opened(path, corpus) as memory:
            again_s, _ = _timed(memory.sleep)
            memory.undo(memory.runs()[0].number)
            undo_s, _ = _timed(lambda: memory.undo(slept.run))
            undone = memory.store.derived.dump() == empty
            memory.sleep()
            repeated = memory.store.derived.dump() == first
            memory.forget_derived()
            memory.rebuild()
            memory.sleep()
            rebuilt = memory.store.derived.dump() == first
    return {
        "n": stored,
        "per_s": round(stored / slept_s),
        "seconds": round(slept_s, 2),
        "stages_s": {name: round(spent, 2) for name, spent in stages.spent_s.items()},
        "nothing_new_s": round(again_s, 3),
        "undo_s": round(undo_s, 2),
        "derived_rows": {name: len(found) for name, found in first.items() if found},
        "derived_bytes_per_episode": round(_size(first) / stored),
        "file_bytes_per_episode": round(grown / stored),
        "undo_is_exact": undone,
        "slept_again_is_equal": repeated,
        "rebuilt_is_equal": rebuilt,
        "peak_mb": _peak_mb(),
    }


def _opened(path: Path, corpus: Corpus) -> Memory:
    return Memory(path, embedder=corpus.embedder, background=False, strengthen=False)


class _Stages:
    """How long each stage took, told by the reports of a sleep."""

    def __init__(self, progress: Progress | None, name: str) -> None:
        self._progress, self._name = progress, name
        self._stage, self._since = "", time.perf_counter()
        self.spent_s: dict[str, float] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Counts the time since the last report to this stage, whose step has just ended."""
        self._stage = stage
        self.end()
        if self._progress:
            self._progress(f"{self._name}: {stage}", done, total)

    def end(self) -> None:
        """Counts what is left to the last stage."""
        now = time.perf_counter()
        self.spent_s[self._stage] = self.spent_s.get(self._stage, 0.0) + now - self._since
        self._since = now


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    made = act()
    return time.perf_counter() - began, made


def _size(tables: Mapping[str, Sequence[Sequence[Any]]]) -> int:
    """About how many bytes the values of these rows take as they are stored."""
    return sum(
        len(value.encode()) if isinstance(value, str)
        else len(value) if isinstance(value, bytes)
        else 8 if isinstance(value, float)
        else 0 if value is None
        else max(1, (int(value).bit_length() + 8) // 8)
        for rows_ in tables.values() for row in rows_ for value in row
    )  # fmt: skip


def _bytes(path: Path) -> int:
    """The size of the store with what lies beside it."""
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))


def _peak_mb() -> float:
    """The most memory this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10))


def show(result: dict[str, Any], console: Console) -> None:
    """The result as a table."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title="sleep, deep keys ready before, no language model", box=SIMPLE_HEAD)
    columns = (
        "corpus", "episodes/s", "s", "nothing new, s", "undo, s", "derived B/episode",
        "file B/episode", "undo exact", "again equal", "rebuilt equal",
    )  # fmt: skip
    for column in columns:
        table.add_column(column, justify="left" if column == "corpus" else "right")
    for name, found in result["corpora"].items():
        equal = ("undo_is_exact", "slept_again_is_equal", "rebuilt_is_equal")
        table.add_row(
            f"{name} ({found['n']:,})", f"{found['per_s']:,}", str(found["seconds"]),
            str(found["nothing_new_s"]), str(found["undo_s"]),
            f"{found['derived_bytes_per_episode']:,}", f"{found['file_bytes_per_episode']:,}",
            *("yes" if found[key] else "NO" for key in equal),
        )  # fmt: skip
    console.print(table)
    for name, found in result["corpora"].items():
        console.print(f"{name}: stages {found['stages_s']}", highlight=False)
    console.print(f"peak {result['peak_mb']} MB; aim {result['aim_per_s']} episodes/s")
