"""Runs as tables: one row for each memory; means over seeds and, below them, their range."""

from __future__ import annotations

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table


def show(result: dict[str, Any], console: Console) -> None:
    """What each memory answers, and what it costs."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for run in result["runs"]:
        grouped.setdefault(run["memory"], []).append(run)
    console.print(_answers(result, grouped))
    console.print(_costs(grouped))


def _answers(result: dict[str, Any], grouped: dict[str, list[dict[str, Any]]]) -> Table:
    steps, cells = result["runs"][0]["steps"], list(result["runs"][0]["cells"])
    table = _table(f"{result['task']}: share of questions answered, {steps} steps", cells)
    table.caption = (
        "facts@tokens; u: uniform gaps; p64+: filler in front; w8: facts told again; "
        "several seeds: mean, lowest–highest"
    )
    for name, runs in grouped.items():
        table.add_row(name, *(_range([run["cells"][cell] for run in runs]) for cell in cells))
    return table


def _costs(grouped: dict[str, list[dict[str, Any]]]) -> Table:
    table = _table("", ["state bytes", "cache bytes", "params", "tok/s in training"])
    table.caption = "bytes of one sequence after 128 tokens"
    for name, runs in grouped.items():
        first = runs[0]
        rate = sum(run["tokens_per_s"] for run in runs) / len(runs)
        counts = (first["state_bytes"], first["cache_bytes"], first["params"])
        table.add_row(name, *(f"{count:,}" for count in counts), f"{rate:,.0f}")
    return table


def _table(title: str, columns: list[str]) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("memory", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", overflow="fold")
    return table


def _range(shares: list[float]) -> str:
    mean = f"{sum(shares) / len(shares):.3f}"
    if len(shares) == 1:
        return mean
    return f"{mean}\n{min(shares):.2f}–{max(shares):.2f}"
