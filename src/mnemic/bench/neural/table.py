"""Runs as tables: one row for each memory; means over seeds and, below them, their range."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

CAPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "mqar": ("facts@tokens; u: uniform gaps; p64+: filler in front; w8: facts told again"),
        "noise": "noise facts@tokens; trained up to 128 tokens",
        "needle": (
            "S1 repeated sentences, S2 varied, S3 UUID values, MK4 four needles; @tokens; trained "
            "up to 256; an answer counts if all of it is right; digits: every digit counts"
        ),
        "state-tracking": (
            "@elements, x2: tokens an element; share of positions right; last: of final positions "
            "alone; the shortest cell is the longest length in training"
        ),
        "lm": (
            "lower is better; the first cell begins fresh at every context, the others carry the "
            "state"
        ),
        "nn-memory": "facts@tokens; W: slots, changed after training; K: width of keys",
    }
)

COLUMNS = 8
"""Cells side by side; more go into a table of their own."""


def show(result: dict[str, Any], console: Console) -> None:
    """What each memory answers, and what it costs; or speeds and sizes."""
    if result["task"] == "nn-speed":
        show_speed(result, console)
        return
    if result["task"] == "nn-memory":
        show_footprint(result, console)
    if not result["runs"]:
        return
    grouped: dict[str, list[dict[str, Any]]] = {}
    for run in result["runs"]:
        grouped.setdefault(run["memory"], []).append(run)
    cells = list(result["runs"][0]["cells"])
    for start in range(0, len(cells), COLUMNS):
        console.print(_answers(result, grouped, cells[start : start + COLUMNS]))
    console.print(_costs(grouped))


def show_speed(result: dict[str, Any], console: Console) -> None:
    """Tokens a second, milliseconds a step, and ratios."""
    sizes = ", ".join(f"{name} {size}" for name, size in result["sizes"].items())
    for title, key, form in (
        ("one layer, tokens a second", "forward", ",.0f"),
        ("one layer, ms for one step after so many tokens", "decode", ".3f"),
    ):
        table = _table(title, [f"{length:,}" for length in result["lengths"]])
        table.caption = f"{sizes}; {result['threads']} threads"
        for name, found in result[key].items():
            table.add_row(name, *(f"{found[str(n)]:{form}}" for n in result["lengths"]))
        console.print(table)
    for name, ratio in result["ratios"].items():
        console.print(f"{name}: {ratio:.2f}")


def show_footprint(result: dict[str, Any], console: Console) -> None:
    """Bytes, peak memory and time of a step after so many tokens; a dash: not reached in time."""
    for title, key, form in (
        ("bytes of state and cache, one layer", "", ",.0f"),
        ("peak memory above that before the first token, bytes", "rss_bytes", ",.0f"),
        ("ms for one step", "ms", ".3f"),
    ):
        table = _table(title, [f"{mark:,}" for mark in result["marks"]])
        table.caption = f"–: not reached within {result['limit_s']:.0f} s"
        for name, lines in result["decoding"].items():
            cells = [
                f"{line[key] if key else line['state_bytes'] + line['cache_bytes']:{form}}"
                for line in lines
            ]
            table.add_row(name, *cells, *["–"] * (len(result["marks"]) - len(cells)))
        console.print(table)


def _answers(
    result: dict[str, Any], grouped: dict[str, list[dict[str, Any]]], cells: list[str]
) -> Table:
    steps = result["runs"][0]["steps"]
    what = result.get("measure", "share of questions answered")
    about = " ".join(filter(None, (result["task"], result.get("problem"))))
    table = _table(f"{about}: {what}, {steps} steps", cells)
    caption = CAPTIONS.get(result["task"], "")
    table.caption = "; ".join(filter(None, (caption, "several seeds: mean, lowest–highest")))
    for name, runs in grouped.items():
        table.add_row(name, *(_range([run["cells"][cell] for run in runs]) for cell in cells))
    return table


def _costs(grouped: dict[str, list[dict[str, Any]]]) -> Table:
    table = _table("", ["state bytes", "cache bytes", "params", "tok/s in training"])
    table.caption = "bytes of one sequence, of what grows after 128 tokens (needle, lm: 256)"
    for name, runs in grouped.items():
        first = runs[0]
        rates = [run["tokens_per_s"] for run in runs if "tokens_per_s" in run]
        rate = f"{sum(rates) / len(rates):,.0f}" if rates else ""
        counts = (first["state_bytes"], first["cache_bytes"], first["params"])
        table.add_row(name, *(f"{count:,}" for count in counts), rate)
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
