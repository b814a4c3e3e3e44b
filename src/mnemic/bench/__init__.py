"""Benchmarks on the product's own public API: `mnemic bench …`.

    tasks/        readers of public data, one a file
    run.py        remember, recall, score, beside BM25, dense and RRF in the same run
    measure.py    share of all evidence, MRR, confidence intervals
    scale.py      latency, rates and sizes at N episodes
    report.py     tables, JSON, lines in results/
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def run(
    task: str,
    path: Path | None,
    *,
    json_output: bool = False,
    results_dir: Path = Path("results"),
    limit: int | None = None,
    n: int = 100_000,
) -> dict[str, Any]:
    """Runs a benchmark, prints its tables or one JSON object, and appends a line to results/."""
    from rich.console import Console

    from mnemic.bench import report

    console = Console(stderr=json_output)
    with _progress(console) as tick:
        if task == "scale":
            from mnemic.bench.scale import run_scale

            result = run_scale(n, progress=tick)
        else:
            from mnemic.bench.run import run_retrieval

            if path is None:
                raise ValueError(f"task {task!r} needs the path of its data")
            result = run_retrieval(task, path, limit=limit, progress=tick)
    kept = report.keep(result, results_dir)
    if json_output:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    else:
        (report.show_scale if task == "scale" else report.show)(result, console)
        console.print(f"appended to {kept}")
    return result


@contextmanager
def _progress(console: Any) -> Iterator[Any]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    ) as bars:  # fmt: skip
        bar = bars.add_task("reading")

        def tick(what: str, done: int, total: int) -> None:
            bars.update(bar, description=what, completed=done, total=total or None)

        yield tick
