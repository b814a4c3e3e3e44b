"""Results as tables, JSON, and lines in results/."""

from __future__ import annotations

import json
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from mnemic import __version__
from mnemic.bench.measure import METRICS


def keep(result: dict[str, Any], folder: Path) -> Path:
    """Appends a result, with where it was made, as one line to results/TASK.jsonl."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result['task']}.jsonl"
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(stamped(result), ensure_ascii=False) + "\n")
    return path


def stamped(result: dict[str, Any]) -> dict[str, Any]:
    """A result with what made it and when; one that has this already stays as it is."""
    if "made_at" in result:
        return result
    return {
        **result,
        "version": __version__,
        "commit": _commit(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _commit() -> str | None:
    """The commit of the source tree, if this runs in one; "+changes" if the tree differs."""
    here = Path(__file__).resolve().parents[1]
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "--no-optional-locks", "-C", str(here), "describe", "--always",  # noqa: S607
             "--abbrev=12", "--exclude=*", "--dirty=+changes"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except OSError:
        return None
    return done.stdout.strip() or None


def show(result: dict[str, Any], console: Console) -> None:
    """A retrieval result as tables: systems, then categories."""
    table = Table(
        title=f"{result['task']}: share of all evidence in the top k, %",
        caption="± half of the 95 % interval",
        box=SIMPLE_HEAD,
    )
    table.add_column("system", no_wrap=True)
    for column in METRICS:
        table.add_column(column.replace("recall", "R"), justify="right", no_wrap=True)
    for name, found in result["systems"].items():
        cells = [
            _cell(found, column) if column.startswith("recall") else f"{100 * found[column]:.1f}"
            for column in METRICS
        ]
        table.add_row(name, *cells)
    console.print(table)
    if len(result["by_category"]) > 1:
        table = Table(title="R@10 by category, %", box=SIMPLE_HEAD)
        table.add_column("category")
        table.add_column("n", justify="right")
        for name in result["systems"]:
            table.add_column(name, justify="right")
        for category, found in result["by_category"].items():
            cells = [_cell(found[name], "recall@10") for name in result["systems"]]
            table.add_row(category, str(found["n"]), *cells)
        console.print(table)
    console.print(
        f"{result['n']} questions, {result['episodes']:,} episodes, model {result['embedder']}, "
        f"recall p50 {result['latency_ms']['p50']} ms, p95 {result['latency_ms']['p95']} ms"
    )
    for note in result["notes"]:
        console.print(note)
    for reason, count in result["excluded"].items():
        console.print(f"left out: {count} questions ({reason})")


def _cell(found: dict[str, Any], column: str) -> str:
    low, high = found["ci"][column]
    return f"{100 * found[column]:.1f} ±{50 * (high - low):.1f}"


def show_scale(result: dict[str, Any], console: Console) -> None:
    """A scale result as one table."""
    title = f"scale: {result['n']:,} episodes in one scope"
    table = Table(title=title, show_header=False, box=SIMPLE_HEAD)
    for name, value in result.items():
        if isinstance(value, dict):
            table.add_row(name, "  ".join(f"{key} {inner}" for key, inner in value.items()))
        elif name not in ("task", "n"):
            table.add_row(name, f"{value:,}" if isinstance(value, (int, float)) else str(value))
    console.print(table)


def show_fusion(result: dict[str, Any], console: Console) -> None:
    """A fusion result as two tables: how well each weighting finds, and the fitted weights."""
    table = Table(title="share of all evidence in the top 5 / 10, %", box=SIMPLE_HEAD)
    for column in ("task", "n", "shipped weights", "fitted", "fitted without the case asked"):
        table.add_column(column, justify="left" if column == "task" else "right")
    for task, found in result["tasks"].items():
        cells = [
            f"{100 * found[name]['recall@5']:.1f} / {100 * found[name]['recall@10']:.1f}"
            for name in ("shipped", "fitted", "held_out")
        ]
        table.add_row(task, str(found["n"]), *cells)
    console.print(table)
    table = Table(title="fitted weights", box=SIMPLE_HEAD)
    for column in ("part", "documents", "conversation"):
        table.add_column(column, justify="left" if column == "part" else "right")
    for name, weight in result["documents"].items():
        table.add_row(name, f"{weight:.3f}", f"{result['conversation'][name]:.3f}")
    console.print(table)
