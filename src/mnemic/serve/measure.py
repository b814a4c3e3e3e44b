"""`mnemic bench`: the commands that measure the memory of episodes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mnemic.serve.options import AsJson

Results = Annotated[Path, typer.Option(help="Folder that gets a JSON line.")]
Limit = Annotated[
    int | None,
    typer.Option(help="Only the first N questions of each case (conversation, user, corpus)."),
]
Root = Annotated[
    Path,
    typer.Argument(help="A folder that holds locomo, beam, lifebench and so on, each in a folder."),
]
TASKS = ("locomo", "beam", "lifebench", "multihop", "code-history", "timeqa")


def add_to(app: typer.Typer) -> None:
    """Adds these commands to `mnemic bench`."""
    for task in TASKS:
        _retrieval(app, task)
    for command in (
        fusion,
        scale,
        calibration,
        when,
        updates,
        consolidation,
        sleep,
        slept,
        gist,
        serve,
        proxy,
    ):
        app.command()(command)


def _retrieval(app: typer.Typer, task: str) -> None:
    @app.command(
        name=task,
        help=f"Recall on {task}: share of all evidence found, beside BM25, dense and RRF.",
    )
    def command(
        path: Annotated[Path, typer.Argument(help="The data: a file or folder, as published.")],
        limit: Limit = None,
        results: Results = Path("results"),
        as_json: AsJson = False,
    ) -> None:
        from mnemic import bench

        bench.run(task, path, json_output=as_json, results_dir=results, limit=limit)


def fusion(
    path: Root,
    write: Annotated[
        Path | None, typer.Option(help="A file that gets the fitted weights as JSON.")
    ] = None,
    results: Results = Path("results"),
    as_json: AsJson = False,
) -> None:
    """Fit the weights of the fusion, and ask each case with weights fitted without it."""
    from mnemic import bench

    bench.run("fusion", path, json_output=as_json, results_dir=results, write=write)


def scale(
    n: Annotated[int, typer.Option("--n", help="How many episodes.")] = 100_000,
    results: Results = Path("results"),
    as_json: AsJson = False,
) -> None:
    """Latency, rates and sizes at N episodes in one scope."""
    from mnemic import bench

    bench.run("scale", None, json_output=as_json, results_dir=results, n=n)


def calibration(
    path: Root,
    write: Annotated[
        Path | None, typer.Option(help="A file that gets the fitted calibration as JSON.")
    ] = None,
    results: Annotated[
        Path, typer.Option(help="Folder that gets a JSON line, and plots/calibration.png.")
    ] = Path("results"),
    as_json: AsJson = False,
) -> None:
    """Fit how sure recall is, and judge each case by what was fitted without it."""
    from mnemic import bench

    bench.run("calibration", path, json_output=as_json, results_dir=results, write=write)


def when(
    per_zone: Annotated[int, typer.Option(min=1, help="Questions in each of six zones.")] = 200,
    words_only: Annotated[bool, typer.Option("--words-only", help="Without the model.")] = False,
    seed: Annotated[int, typer.Option(help="Of the made world.")] = 23,
    results: Results = Path("results"),
    as_json: AsJson = False,
) -> None:
    """The exam question: windows read exactly, and the episodes they ask for found."""
    from mnemic import bench
    from mnemic.bench.when import run_when, show_when

    bench.publish(
        lambda tick: run_when(
            per_zone, seed=seed, embedder=None if words_only else "auto", progress=tick
        ),
        show_when, json_output=as_json, results_dir=results,
    )  # fmt: skip


def updates(
    n: Annotated[
        int, typer.Option("--n", min=25, help="How many updates, and look-alikes.")
    ] = 1000,
    seed: Annotated[int, typer.Option(help="Of the made conversations.")] = 31,
    results: Results = Path("results"),
    as_json: AsJson = False,
) -> None:
    """What a change retires and what only sounds like one: made talk of known truth, after sleep."""
    from mnemic import bench
    from mnemic.bench.updates import run_updates, show

    bench.publish(
        lambda tick: run_updates(n, seed=seed, progress=tick),
        show, json_output=as_json, results_dir=results,
    )  # fmt: skip


def consolidation(
    lifebench: Annotated[
        Path | None,
        typer.Option(help="LifeBench's folder: also what each kind holds of its evidence."),
    ] = None,
    users: Annotated[int, typer.Option(min=1, help="How many made people.")] = 8,
    seed: Annotated[int, typer.Option(help="Of the made world.")] = 53,
    results: Results = Path("results"),
    as_json: AsJson = False,
) -> None:
    """Summaries, embeddings, facts, and all of them: what each kind answers, and how it fails."""
    from mnemic import bench
    from mnemic.bench.consolidation import run_consolidation, show

    bench.publish(
        lambda tick: run_consolidation(users, lifebench=lifebench, seed=seed, progress=tick),
        show, json_output=as_json, results_dir=results,
    )  # fmt: skip


def sleep(
    data: Annotated[
        Path | None,
        typer.Option(help="A folder that holds locomo and lifebench: sleep on these too."),
    ] = None,
    n: Annotated[
        list[int] | None, typer.Option("--n", min=100, help="How many made episodes; repeatable.")
    ] = None,
    results: Results = Path("results"),
    as_json: AsJson = False,
) -> None:
    """Episodes a second of sleep, what it leaves a memory, and that undoing it is exact."""
    from mnemic import bench
    from mnemic.bench.sleeping import SIZES, run_sleeping, show

    bench.publish(
        lambda tick: run_sleeping(data, sizes=n or SIZES, progress=tick),
        show, json_output=as_json, results_dir=results,
    )  # fmt: skip


def slept(
    path: Root,
    task: Annotated[
        list[str] | None,
        typer.Option(help="locomo, beam, lifebench or multihop; repeatable. All by default."),
    ] = None,
    limit: Limit = None,
    results: Results = Path("results"),
    as_json: AsJson = False,
) -> None:
    """The retrieval benchmarks before and after sleep, and whether what is newer comes first."""
    from mnemic import bench
    from mnemic.bench.slept import TASKS as SETS
    from mnemic.bench.slept import run_slept, show

    bench.publish(
        lambda tick: run_slept(path, tasks=task or SETS, limit=limit, progress=tick),
        show, json_output=as_json, results_dir=results,
    )  # fmt: skip


def gist(path: Root, results: Results = Path("results"), as_json: AsJson = False) -> None:
    """What the gist brings: familiarity, what stays hot, order of replay, re-told content."""
    from mnemic import bench
    from mnemic.bench.gist import run_gist, show_gist

    bench.publish(
        lambda tick: run_gist(path, progress=tick),
        show_gist, json_output=as_json, results_dir=results,
    )  # fmt: skip


def serve(
    n: Annotated[int, typer.Option("--n", min=100, help="How many episodes.")] = 10_000,
    clients: Annotated[int, typer.Option(min=1, max=500, help="Connections.")] = 20,
    seconds: Annotated[float, typer.Option(min=1, help="Of each of the three runs.")] = 15.0,
    rate: Annotated[float, typer.Option(min=1, help="Recalls a second of the paced run.")] = 100.0,
    soak: Annotated[
        float, typer.Option(min=0, help="Seconds of an everyday load, after which growth is told.")
    ] = 0.0,
    results: Results = Path("results"),
    as_json: AsJson = False,
) -> None:
    """A real server under a closed loop, a paced one, and 32 clients that recall and write."""
    from mnemic import bench
    from mnemic.bench.serving import run_serving, show

    bench.publish(
        lambda tick: run_serving(
            n, clients=clients, seconds=seconds, rate_per_s=rate, soak_s=soak, progress=tick
        ),
        show, json_output=as_json, results_dir=results,
    )  # fmt: skip


def proxy(
    n: Annotated[int, typer.Option("--n", min=100, help="How many episodes.")] = 2_000,
    requests: Annotated[
        int, typer.Option(min=1, help="Questions for each form of answer, each asked three ways.")
    ] = 200,
    clients: Annotated[int, typer.Option(min=1, max=100, help="How many ask at once.")] = 4,
    think_ms: Annotated[
        float, typer.Option(min=0, help="How long the scripted model thinks.")
    ] = 100.0,
    results: Results = Path("results"),
    as_json: AsJson = False,
) -> None:
    """What the proxy adds to a request: the same questions asked directly and through it."""
    from mnemic import bench
    from mnemic.bench.proxying import run_proxying, show

    bench.publish(
        lambda tick: run_proxying(
            n, requests=requests, clients=clients, think_ms=think_ms, progress=tick
        ),
        show, json_output=as_json, results_dir=results,
    )  # fmt: skip
