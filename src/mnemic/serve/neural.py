"""`mnemic bench …` for memories inside a model; they need the extra `nn`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def add_to(bench_app: typer.Typer) -> None:
    """Puts the commands beside the other benchmarks."""
    bench_app.command(name="mqar")(mqar)


def mqar(
    steps: Annotated[int, typer.Option(help="Training steps, for each memory and seed.")] = 360,
    seeds: Annotated[int, typer.Option(help="How many seeds, from 0.")] = 1,
    memories: Annotated[
        str, typer.Option(help="Names separated by ';', such as 'delta;delta+cache'. Default: all.")
    ] = "",
    prefix_max: Annotated[
        int, typer.Option(help="In training, up to this much random filler before the facts.")
    ] = 0,
    sequences: Annotated[int, typer.Option(help="Sequences in each cell of the evaluation.")] = 128,
    results: Annotated[Path, typer.Option(help="Folder that gets a JSON line.")] = Path("results"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, for programs.")
    ] = False,
) -> None:
    """Multi-query associative recall: memories of tokens side by side, and one of the same bytes.

    With the defaults some ten minutes on one core.
    """
    from mnemic.bench.neural import run_mqar

    run_mqar(
        [name.strip() for name in memories.split(";") if name.strip()],
        steps=steps,
        seeds=seeds,
        prefix_max=prefix_max,
        sequences=sequences,
        results_dir=results,
        json_output=as_json,
    )
