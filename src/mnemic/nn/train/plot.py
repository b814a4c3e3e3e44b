"""A picture of a run: the loss over the steps, learned from and held out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from mnemic.nn.files import replace_whole
from mnemic.nn.train.journal import read_journal

SMOOTHED = 20
"""Of the loss on the training text the picture also shows the mean of so many steps."""


def plot_losses(journal: Path, picture: Path, title: str = "") -> None:
    """Draws the losses of a journal as PNG; does nothing if there are none.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    figures = _library()
    lines = read_journal(journal)
    if not lines:
        return
    figure = figures.Figure(figsize=(8, 5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    steps = [line["step"] for line in lines]
    bits = [line["loss"] / math.log(2) for line in lines]
    axes.plot(steps, bits, color="#9bb8d3", linewidth=0.7, label="training text, each step")
    if len(lines) > SMOOTHED:
        middles = steps[SMOOTHED // 2 : SMOOTHED // 2 + len(lines) - SMOOTHED + 1]
        axes.plot(
            middles, _means(bits), color="#1f5a94", linewidth=1.6, label=f"mean of {SMOOTHED} steps"
        )
    held = [(line["step"], line["held_out"] / math.log(2)) for line in lines if "held_out" in line]
    if held:
        axes.plot(
            *zip(*held, strict=True), color="#c0501f", marker="o", markersize=3, label="held out"
        )
        at, last = held[-1]
        axes.annotate(
            f"{last:.3f}", (at, last), xytext=(0, 7), textcoords="offset points", ha="right"
        )
    axes.set(xlabel="step", ylabel="bits per token", title=title)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    replace_whole(picture, lambda beside: figure.savefig(beside, format="png"))


def _means(values: list[float]) -> list[float]:
    """Of every `SMOOTHED` values in a row."""
    return [sum(values[n : n + SMOOTHED]) / SMOOTHED for n in range(len(values) - SMOOTHED + 1)]


def _library() -> Any:
    try:
        import matplotlib.figure
    except ModuleNotFoundError as missing:
        if (missing.name or "").split(".")[0] != "matplotlib":
            raise
        raise ModuleNotFoundError(
            "a picture of the losses needs matplotlib, which is not installed; "
            "run pip install 'mnemic[lm]'",
            name="matplotlib",
        ) from missing
    return matplotlib.figure
