"""How good probabilities are: AUROC, calibration error, Brier, with intervals; tables, a diagram."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.table import Table

from mnemic.bench.measure import RESAMPLES, SEED
from mnemic.errors import InvalidInput

BINS = 15
"""Bins of the calibration error and the diagram, each with as many forecasts as the others."""

INK, GREY, LINE = "#1b1b1b", "#8a8a8a", "#d9d9d9"
COLOURS = ("#0072B2", "#D55E00")
"""Told apart by the colour-blind (Okabe & Ito, 2008)."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Probabilities with what came true; those of one `group` are drawn together in resamples."""

    probability: Floats
    happened: Bools
    group: NDArray[np.int64]

    def where(self, chosen: Bools) -> Forecasts:
        """Some of them."""
        return Forecasts(self.probability[chosen], self.happened[chosen], self.group[chosen])


def auroc(probability: Floats, happened: Bools) -> float:
    """The chance that one that came true was given more than one that did not; ties count half.

    NaN where all or none came true.
    """
    positive = int(np.count_nonzero(happened))
    negative = len(happened) - positive
    if not positive or not negative:
        return float("nan")
    _, place, count = np.unique(probability, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    rank = (last - (count - 1) / 2)[place]
    return float((rank[happened].sum() - positive * (positive + 1) / 2) / (positive * negative))


def bins(probability: Floats, happened: Bools) -> list[dict[str, float]]:
    """Equal-mass bins by rising probability: mean forecast, share that came true, and how many."""
    order = np.argsort(probability, kind="stable")
    return [
        {
            "forecast": float(probability[part].mean()),
            "happened": float(happened[part].mean()),
            "n": len(part),
        }
        for part in np.array_split(order, BINS)
        if len(part)
    ]


def calibration_error(probability: Floats, happened: Bools) -> float:
    """Expected calibration error: the mean gap between forecast and share, over equal-mass bins.

    Source:
        Obtaining Well Calibrated Probabilities Using Bayesian Binning (Naeini et al., AAAI 2015);
        bins of equal mass, after Nguyen & O'Connor (EMNLP 2015).
    """
    gaps = [
        one["n"] * abs(one["forecast"] - one["happened"]) for one in bins(probability, happened)
    ]
    return float(sum(gaps) / max(len(probability), 1))


def brier(probability: Floats, happened: Bools) -> float:
    """The mean squared error of the probabilities."""
    return float(np.mean((probability - happened) ** 2))


MEASURES: Mapping[str, Callable[[Floats, Bools], float]] = {
    "auroc": auroc,
    "ece": calibration_error,
    "brier": brier,
}


def measured(forecasts: Forecasts, names: Sequence[str] = tuple(MEASURES)) -> dict[str, Any]:
    """Some of MEASURES, with 95 % intervals under "ci" by bootstrap over groups.

    A resample draws an ECE upwards, as chance gaps count as gaps; its interval lies high.
    """
    p, happened = forecasts.probability, forecasts.happened
    found: dict[str, Any] = {
        "n": len(p),
        "happened": round(float(happened.mean()), 4),
        "forecast": round(float(p.mean()), 4),
    }
    drawn = _resampled(forecasts)
    ci = {}
    for name in names:
        measure = MEASURES[name]
        value = measure(p, happened)
        if np.isnan(value):
            continue
        found[name] = round(value, 4)
        values = [v for chosen in drawn if not np.isnan(v := measure(p[chosen], happened[chosen]))]
        ci[name] = [round(float(v), 4) for v in np.percentile(values, [2.5, 97.5])]
    return {**found, "ci": ci}


def _resampled(forecasts: Forecasts) -> list[NDArray[np.int64]]:
    order = np.argsort(forecasts.group, kind="stable")
    _, starts = np.unique(forecasts.group[order], return_index=True)
    members = np.split(order, starts[1:])
    rng = np.random.default_rng(SEED)
    return [
        np.concatenate([members[one] for one in rng.integers(0, len(members), len(members))])
        for _ in range(RESAMPLES)
    ]


def show(result: Mapping[str, Any], console: Any) -> None:
    """A calibration result as tables: known, relevance, and what abstaining leaves out."""
    for what in ("known", "relevance"):
        table = _table(f"{what}, out of fit", ("set", "n", "came true", "said", *MEASURES))
        for name, found in result[what].items():
            head = (name, f"{found['n']:,}", f"{found['happened']:.3f}", f"{found['forecast']:.3f}")
            table.add_row(*head, *(_cell(found, measure) for measure in MEASURES))
        console.print(table)
    kinds = list(result["kinds"])
    table = _table("left unanswered below a threshold, %", ("abstain below", *kinds))
    for floor, shares in result["abstaining"].items():
        table.add_row(floor, *(f"{100 * shares[kind]:.1f}" for kind in kinds))
    console.print(table)
    for name, key in (("by words alone", "known_by_words"), ("no labels", "known_unlabelled")):
        console.print(f"known, {name}: AUROC {_cell(result[key], 'auroc')}")


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD)
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    return table


def _cell(found: Mapping[str, Any], measure: str) -> str:
    if measure not in found:
        return ""
    low, high = found["ci"][measure]
    return f"{found[measure]:.3f} [{low:.3f}, {high:.3f}]".replace("[", r"\[")


def draw(curves: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """A reliability diagram as PNG: for each title a curve over its bins, and how many fell where.

    Args:
        curves: title → {"bins": of `bins`, "spread": forecasts counted in 20 equal steps,
            "caption": one line, "meaning": what coming true means}.
        path: the file; its folder is made.

    Raises:
        InvalidInput: matplotlib is not installed.
    """
    try:
        import_module("matplotlib").use("Agg")
        plt = import_module("matplotlib.pyplot")
    except ImportError as error:
        raise InvalidInput("drawing needs matplotlib; pip install 'mnemic[bench]'") from error
    figure, axes = plt.subplots(
        2, len(curves), figsize=(5.6 * len(curves), 6.6), squeeze=False,
        gridspec_kw={"height_ratios": [4, 1.1], "hspace": 0.12, "wspace": 0.24},
        facecolor="white",
    )  # fmt: skip
    for column, (title, curve) in enumerate(curves.items()):
        _curve(axes[0][column], title, curve, COLOURS[column % len(COLOURS)])
        _spread(axes[1][column], curve, COLOURS[column % len(COLOURS)])
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150, bbox_inches="tight", facecolor="white")
    plt.close(figure)


def _curve(axis: Any, title: str, curve: Mapping[str, Any], colour: str) -> None:
    points: Sequence[Mapping[str, float]] = curve["bins"]
    forecast = [one["forecast"] for one in points]
    share = np.array([one["happened"] for one in points])
    low, high = np.array([_wilson(one["happened"], one["n"]) for one in points]).T
    axis.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label="perfectly calibrated")
    axis.errorbar(
        forecast, share, yerr=[np.maximum(share - low, 0), np.maximum(high - share, 0)], fmt="o-",
        color=colour, ecolor=colour, elinewidth=1, capsize=2, markersize=5, linewidth=1.2,
        label=f"{len(points)} bins of {round(float(np.mean([one['n'] for one in points]))):,}, "
        "95 % intervals",
    )  # fmt: skip
    axis.set_title(f"{title}\n{curve['caption']}", fontsize=10.5, color=INK, loc="left")
    axis.set_ylabel(curve["meaning"])
    axis.set_xlim(-0.02, 1.02)
    axis.set_ylim(-0.02, 1.02)
    axis.set_xticklabels([])
    axis.legend(loc="upper left", frameon=False, fontsize=9)
    _plain(axis)


def _spread(axis: Any, curve: Mapping[str, Any], colour: str) -> None:
    counts = np.array(curve["spread"])
    edges = np.linspace(0, 1, len(counts) + 1)
    axis.bar(edges[:-1], counts, width=1 / len(counts), align="edge", color=colour, alpha=0.55,
             edgecolor="white")  # fmt: skip
    for left, count in zip(edges[:-1], counts.tolist(), strict=True):
        if count:
            axis.text(left + 0.5 / len(counts), count, f"{count:,}", ha="center", va="bottom",
                      fontsize=6, color=INK)  # fmt: skip
    axis.set_xlim(-0.02, 1.02)
    axis.set_ylim(0, counts.max() * 1.25)
    axis.set_xlabel("probability given")
    axis.set_ylabel("how many")
    _plain(axis)


def _plain(axis: Any) -> None:
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.grid(color=LINE, linewidth=0.6)
    axis.set_axisbelow(True)


def _wilson(share: float, count: float) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927)."""
    z = 1.96
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = (
        z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    )
    return float(centre - half), float(centre + half)
