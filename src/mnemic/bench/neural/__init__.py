"""Benchmarks of memories inside a model: `mnemic bench mqar`. They need the extra `nn`.

    mqar          sequences of facts, filler and questions
    memories      the models compared, as data, and the control of the same bytes
    training      the loop
    accuracy      the cells
    comparison    every memory on the same data
    table         the runs, side by side

Tables and lines in results/; no plots: nothing we depend on draws them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mnemic.errors import InvalidInput


def run_mqar(
    memories: Sequence[str] = (),
    *,
    steps: int = 360,
    seeds: int = 1,
    prefix_max: int = 0,
    sequences: int = 128,
    results_dir: Path = Path("results"),
    json_output: bool = False,
) -> dict[str, Any]:
    """Trains and asks, prints a table or one JSON object, and appends it to results/mqar.jsonl.

    Args:
        memories: names; none: all of `memories.memory_names()`.
        steps: of training, for each memory and seed.
        seeds: 0 to this - 1.
        prefix_max: most filler in front of the facts in training.
        sequences: in each cell of the evaluation.
        results_dir: gets the line.
        json_output: the object on stdout in place of the table.

    Raises:
        InvalidInput: PyTorch is not installed; there is no such memory; a count below 1.
    """
    from rich.console import Console

    from mnemic.bench import progress_bar, report

    try:
        import mnemic.nn  # noqa: F401  says what to install, where it must
        from mnemic.bench.neural.comparison import compare
    except ModuleNotFoundError as missing:
        if missing.name not in ("torch", "safetensors"):
            raise
        raise InvalidInput(str(missing)) from missing
    from mnemic.bench.neural.table import show

    console = Console(stderr=json_output)
    with progress_bar(console) as tick:
        runs = compare(
            memories,
            steps=steps,
            seeds=seeds,
            prefix_max=prefix_max,
            sequences=sequences,
            progress=tick,
        )
    result = report.stamped({"task": "mqar", "runs": runs, "prefix_max": prefix_max})
    kept = report.keep(result, results_dir)
    if json_output:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    else:
        show(result, console)
        console.print(f"appended to {kept}")
    return result
