"""Benchmarks: `mnemic bench …`.

Everything here goes through `Memory`, as a user would.

    tasks/        readers of public data, one a file     opened.py  a case as an open memory
    retrieval.py  remember, recall, score, beside BM25, dense and RRF in the same run
    measure.py    share of all evidence, MRR, confidence intervals, percentiles
    scale.py      latency, rates and sizes at N episodes
    fusion.py     fits the weights of the fusion, and says how they do on data held out
    calibration.py  fits how sure a recall is, and says how good that is on data held out
    reliability.py  AUROC, calibration error, Brier, with intervals; tables, a diagram
    updates.py    what a change retires, and what only sounds like one   (wording in updating.py)
    consolidation.py  what summaries, embeddings, facts and all answer  (world in consolidating.py)
    sleeping.py   rates of sleep, its rows, undo and rebuild
    slept.py      the retrieval benchmarks before and after sleep
    serving.py    how a served memory answers   (its clients in load.py)
    proxying.py   what the proxy adds to a request   (its scripted model in endpoint.py)
    processes.py  servers in processes of their own, their processor time and memory
    neural/       memories inside a model: `mnemic bench mqar`, `needle`, `state-tracking` and on
    report.py     tables, JSON, lines in results/

Questions that nothing in memory answers stay out of the averages and are counted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from mnemic.agent.protocols import Embedder
from mnemic.errors import InvalidInput

TASKS = ("locomo", "beam", "lifebench", "multihop", "code-history", "timeqa")
"""The retrieval tasks; "scale" beside them takes no data."""


def run(
    task: str,
    path: Path | None,
    *,
    json_output: bool = False,
    results_dir: Path = Path("results"),
    limit: int | None = None,
    n: int = 100_000,
    write: Path | None = None,
    embedder: Embedder | Literal["auto"] | None = "auto",
) -> dict[str, Any]:
    """Runs a benchmark, prints its tables or one JSON object, and appends a line to results/.

    Args:
        task: one of TASKS, "scale", "fusion" or "calibration".
        path: the data as published; for "fusion" and "calibration" the folder that holds them; None
            for "scale".
        json_output: one JSON object on stdout in place of tables.
        results_dir: gets the same object as a line of TASK.jsonl.
        limit: only the first questions of each case.
        n: how many episodes "scale" generates.
        write: a file that gets what "fusion" or "calibration" fits.
        embedder: as for `Memory`; "scale" needs one.

    Raises:
        InvalidInput: there is no such task, or it lacks its path.
        ImportFailed: there is no such data at the path.
    """
    from rich.console import Console

    console = Console(stderr=json_output)
    with progress_bar(console) as tick:
        if task == "scale":
            from mnemic.bench.scale import run_scale

            chosen = None if embedder == "auto" else embedder
            result = run_scale(n, embedder=chosen, progress=tick)
        elif path is None:
            raise InvalidInput(f"task {task!r} needs the path of its data")
        elif task == "fusion":
            from mnemic.bench.fusion import run_fusion

            result = run_fusion(path, embedder=embedder, write=write, limit=limit, progress=tick)
        elif task == "calibration":
            from mnemic.bench.calibration import run_calibration

            result = run_calibration(
                path, embedder=embedder, write=write, limit=limit, progress=tick,
                plot=results_dir / "plots" / "calibration.png",
            )  # fmt: skip
        else:
            from mnemic.bench.retrieval import run_retrieval

            result = run_retrieval(task, path, embedder=embedder, limit=limit, progress=tick)
    return _publish(result, _show(task), console, json_output=json_output, results_dir=results_dir)


def publish(
    make: Callable[[Any], dict[str, Any]],
    show: Callable[[dict[str, Any], Any], None],
    *,
    json_output: bool = False,
    results_dir: Path = Path("results"),
) -> dict[str, Any]:
    """Runs a benchmark that needs no reader of its own, shows it, and appends a line to results/.

    Args:
        make: measures; given a callback for progress (what, done, of how much).
        show: prints the result to a console.
        json_output: one JSON object on stdout in place of tables.
        results_dir: gets the same object as a line of TASK.jsonl.
    """
    from rich.console import Console

    console = Console(stderr=json_output)
    with progress_bar(console) as tick:
        result = make(tick)
    return _publish(result, show, console, json_output=json_output, results_dir=results_dir)


def _publish(
    result: dict[str, Any],
    show: Callable[[dict[str, Any], Any], None],
    console: Any,
    *,
    json_output: bool,
    results_dir: Path,
) -> dict[str, Any]:
    from mnemic.bench import report

    result = report.stamped(result)
    kept = report.keep(result, results_dir)
    if json_output:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    else:
        show(result, console)
        console.print(f"appended to {kept}")
    return result


def _show(task: str) -> Callable[[dict[str, Any], Any], None]:
    from mnemic.bench import reliability, report

    shown = {
        "scale": report.show_scale,
        "fusion": report.show_fusion,
        "calibration": reliability.show,
    }
    return shown.get(task, report.show)


@contextmanager
def progress_bar(console: Any) -> Iterator[Any]:
    """A bar that is told what is being done, how much is done, and of how much; gone at the end."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    ) as bars:  # fmt: skip
        bar = bars.add_task("reading")

        def tick(what: str, done: int, total: int) -> None:
            bars.update(bar, description=what, completed=done, total=total or None)

        yield tick
