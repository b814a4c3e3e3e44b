"""`mnemic bench …` for memories inside a model; they need the extra `nn`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Steps = Annotated[int, typer.Option(help="Training steps, for each memory and seed.")]
Seeds = Annotated[int, typer.Option(help="How many seeds, from 0.")]
Memories = Annotated[
    str, typer.Option(help="Names separated by ';', such as 'delta;delta+cache'. Default: all.")
]
Sequences = Annotated[int, typer.Option(help="Sequences in each cell of the evaluation.")]
Results = Annotated[Path, typer.Option(help="Folder that gets a JSON line.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
Plot = Annotated[bool, typer.Option("--plot", help="Draw all plots of the results folder after.")]

RESULTS = Path("results")


def add_to(bench_app: typer.Typer) -> None:
    """Puts the commands beside the other benchmarks."""
    for name, command in (
        ("mqar", mqar),
        ("noise", noise),
        ("needle", needle),
        ("state-tracking", state_tracking),
        ("nn-speed", nn_speed),
        ("nn-memory", nn_memory),
        ("lm", lm),
        ("plots", plots),
    ):
        bench_app.command(name=name)(command)


def mqar(
    steps: Steps = 360,
    seeds: Seeds = 1,
    memories: Memories = "",
    prefix_max: Annotated[
        int, typer.Option(help="In training, up to this much random filler before the facts.")
    ] = 0,
    sequences: Sequences = 128,
    results: Results = RESULTS,
    as_json: AsJson = False,
    plot: Plot = False,
) -> None:
    """Multi-query associative recall: memories of tokens side by side, and one of the same bytes.

    With the defaults some ten minutes on one core.
    """
    from mnemic.bench.neural import run_mqar

    run_mqar(
        _names(memories),
        steps=steps,
        seeds=seeds,
        prefix_max=prefix_max,
        sequences=sequences,
        results_dir=results,
        json_output=as_json,
    )
    _draw(results, plot=plot)


def noise(
    steps: Steps = 600,
    seeds: Seeds = 1,
    memories: Memories = "",
    sequences: Sequences = 128,
    results: Results = RESULTS,
    as_json: AsJson = False,
    plot: Plot = False,
) -> None:
    """A few facts at random depths in random noise, asked at the end, up to 4 times as far.

    With the defaults some ten minutes on one core.
    """
    from mnemic.bench.neural import run_noise

    run_noise(
        _names(memories),
        steps=steps,
        seeds=seeds,
        sequences=sequences,
        results_dir=results,
        json_output=as_json,
    )
    _draw(results, plot=plot)


def needle(
    steps: Steps = 600,
    seeds: Seeds = 1,
    memories: Memories = "",
    sequences: Sequences = 64,
    results: Results = RESULTS,
    as_json: AsJson = False,
    plot: Plot = False,
) -> None:
    """Needles in a haystack of words: S-NIAH-1, 2, 3 and several keys, in the form of RULER's.

    A word, digit or mark is a token; there are 153, and lists and grammar are our own.
    With the defaults some half an hour on one core.
    """
    from mnemic.bench.neural import run_needle

    run_needle(
        _names(memories),
        steps=steps,
        seeds=seeds,
        sequences=sequences,
        results_dir=results,
        json_output=as_json,
    )
    _draw(results, plot=plot)


def state_tracking(
    problems: Annotated[
        str, typer.Option(help="Names separated by ';', such as 'parity;S3'. Default: all.")
    ] = "",
    steps: Annotated[
        int | None, typer.Option(help="Training steps. Default: those of each problem.")
    ] = None,
    seeds: Seeds = 1,
    memories: Memories = "",
    sequences: Sequences = 128,
    results: Results = RESULTS,
    as_json: AsJson = False,
    plot: Plot = False,
) -> None:
    """Parity, products of permutations (S3, A5, S5) and copying, up to 4 times as long."""
    from mnemic.bench.neural import run_state_tracking

    run_state_tracking(
        _names(problems),
        _names(memories),
        steps=steps,
        seeds=seeds,
        sequences=sequences,
        results_dir=results,
        json_output=as_json,
    )
    _draw(results, plot=plot)


def nn_speed(
    longest: Annotated[int, typer.Option(help="Of the lengths 512, 1024, 2048, …")] = 32_768,
    steps: Annotated[int, typer.Option(help="Tokens decoded for one figure.")] = 512,
    repetitions: Annotated[int, typer.Option(help="Of each figure; medians are kept.")] = 3,
    results: Results = RESULTS,
    as_json: AsJson = False,
    plot: Plot = False,
) -> None:
    """Tokens a second of one layer against length, beside torch's attention; steps in decoding."""
    from mnemic.bench.neural import run_nn_speed

    run_nn_speed(
        longest=longest,
        steps=steps,
        repetitions=repetitions,
        results_dir=results,
        json_output=as_json,
    )
    _draw(results, plot=plot)


def nn_memory(
    longest: Annotated[int, typer.Option(help="Most tokens decoded.")] = 1_000_000,
    limit: Annotated[float, typer.Option(help="Seconds of decoding for each memory.")] = 600.0,
    steps: Annotated[
        int, typer.Option(help="Training steps of accuracy against bytes; 0: leave that out.")
    ] = 360,
    seeds: Seeds = 1,
    families: Annotated[
        str,
        typer.Option(help="Whose accuracy: 'delta;delta+cache;delta+importance'. Default: all."),
    ] = "",
    layers: Annotated[
        str, typer.Option(help="Which decode, such as 'delta;delta+cache'. Default: six of them.")
    ] = "",
    results: Results = RESULTS,
    as_json: AsJson = False,
    plot: Plot = False,
) -> None:
    """Bytes and peak memory after 1,000 to 1,000,000 decoded tokens; accuracy against bytes.

    With the defaults up to an hour and a half on one core.
    """
    from mnemic.bench.neural import run_nn_memory

    run_nn_memory(
        _names(families),
        layers=_names(layers),
        longest=longest,
        limit_s=limit,
        steps=steps,
        seeds=seeds,
        results_dir=results,
        json_output=as_json,
    )
    _draw(results, plot=plot)


def lm(
    paths: Annotated[list[Path], typer.Argument(help="Text files, read as bytes.")],
    steps: Steps = 300,
    seeds: Seeds = 1,
    memories: Memories = "",
    context: Annotated[int, typer.Option(help="Bytes of a sequence in training.")] = 256,
    results: Results = RESULTS,
    as_json: AsJson = False,
    plot: Plot = False,
) -> None:
    """Bits per byte of small language models, one for each memory, on the tail of your text."""
    from mnemic.bench.neural import run_lm

    run_lm(
        paths,
        _names(memories),
        steps=steps,
        seeds=seeds,
        context=context,
        results_dir=results,
        json_output=as_json,
    )
    _draw(results, plot=plot)


def plots(
    results: Annotated[Path, typer.Option(help="Folder that holds the JSON lines.")] = RESULTS,
    folder: Annotated[
        Path | None, typer.Option(help="Folder that gets the files. Default: RESULTS/plots.")
    ] = None,
) -> None:
    """PNG files of the last result of each of these benchmarks. Needs the extra `bench`."""
    from mnemic.bench.neural import run_plots

    for path in run_plots(results, folder):
        typer.echo(str(path))


def _names(said: str) -> list[str]:
    return [name.strip() for name in said.split(";") if name.strip()]


def _draw(results: Path, *, plot: bool) -> None:
    """The plots, named on stderr, so that --json stays alone on stdout."""
    if not plot:
        return
    from mnemic.bench.neural import run_plots

    for path in run_plots(results):
        typer.echo(str(path), err=True)
