"""PNG files from the lines in results/; of each memory the last run counts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mnemic.errors import InvalidInput

COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F",
    "#8C6D1F", "#882255",
)  # fmt: skip
"""Colours that the colour-blind tell apart.

Source:
    Color Universal Design (Okabe & Ito, 2008); grey, brown and wine are ours.
"""

MARKERS = "osD^vPX*<>hd"
DASHES = ("-", "--", ":", "-.")

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "mqar": "Associative recall (facts@tokens)",
        "noise": "Recall in random noise (facts@tokens, trained up to 128)",
        "needle": "Needles in a haystack (kind@tokens, trained up to 256)",
        "state-tracking": "State tracking",
        "lm": "Text, byte by byte",
        "nn-memory": "Associative recall (facts@tokens), slots changed after training",
    }
)


def draw_all(results_dir: Path, folder: Path) -> list[Path]:
    """The files written.

    Args:
        results_dir: holds TASK.jsonl.
        folder: gets the files; made if it is not there.

    Raises:
        InvalidInput: matplotlib is not installed, or no result can be drawn.
    """
    plt = _pyplot()
    drawn: list[tuple[str, Any]] = []
    for result in last_results(results_dir):
        makers = DRAWN.get(result["task"], ())
        drawn += [figure for make in makers for figure in make(plt, result)]
    if not drawn:
        raise InvalidInput(
            f"{str(results_dir)!r} holds no result that can be drawn; run mnemic bench with one of: "
            f"{', '.join(DRAWN)}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in drawn:
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1], dpi=150, bbox_inches="tight")
        plt.close(figure)
    return paths


def last_results(results_dir: Path) -> list[dict[str, Any]]:
    """One result for each task that can be drawn, and for each variant of it.

    The last line counts; memories that it leaves out come from the lines before, as long as these
    asked the same, with the same steps.

    Raises:
        InvalidInput: a line that is no JSON; names the file and the line.
    """
    found: list[dict[str, Any]] = []
    for task in DRAWN:
        path = results_dir / f"{task}.jsonl"
        if not path.exists():
            continue
        last: dict[Any, dict[str, Any]] = {}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                result = json.loads(line)
            except json.JSONDecodeError as wrong:
                raise InvalidInput(f"{path.name}, line {number} is no JSON: {wrong}") from wrong
            variant = _variant(result)
            last[variant] = _merged(last.get(variant), result)
        found += last.values()
    return found


def _variant(result: dict[str, Any]) -> str:
    """What tells apart runs that must not be drawn together: the problem, filler in training."""
    prefix = result.get("prefix_max")
    return result.get("problem") or (f"prefix-{prefix}" if prefix else "")


MADE = {"runs", "decoding", "forward", "decode", "ratios", "marks", "limit_s"} | {
    "version", "commit", "machine", "made_at", "n", "bytes"
}  # fmt: skip
"""What a line says of its result and how it came about; the rest is what was asked."""


def _settings(result: dict[str, Any]) -> dict[str, Any]:
    """What was asked; results of other questions are not drawn together."""
    return {key: value for key, value in result.items() if key not in MADE}


def _merged(older: dict[str, Any] | None, newer: dict[str, Any]) -> dict[str, Any]:
    """The newer result with the older's runs of other memories."""
    if older is None or "runs" not in newer:
        return newer
    if _settings(older) != _settings(newer):
        return newer
    steps = {run["steps"] for run in newer["runs"]}
    older = {**older, "runs": [r for r in older["runs"] if not steps or r["steps"] in steps]}
    if "decoding" in older and "decoding" in newer:
        newer = {**newer, "decoding": {**older["decoding"], **newer["decoding"]}}
    runs, known = newer["runs"], {run["memory"] for run in newer["runs"]}
    asked = {tuple(run["cells"]) for run in runs}
    kept = [
        run
        for run in older["runs"]
        if run["memory"] not in known and (not asked or tuple(run["cells"]) in asked)
    ]
    return {**newer, "runs": kept + runs}


def _pyplot() -> Any:
    try:
        pyplot = import_module("matplotlib.pyplot")
    except ModuleNotFoundError as missing:
        raise InvalidInput(
            "plots need matplotlib, which is not installed; run pip install 'mnemic[bench]'"
        ) from missing
    pyplot.switch_backend("Agg")
    pyplot.rcParams.update(
        {
            "font.size": 11,
            "axes.titlesize": 13,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.3,
        }
    )
    return pyplot


def _cells(plt: Any, result: dict[str, Any]) -> list[tuple[str, Any]]:
    """Every cell a column of points, one for each memory; bars show the range over seeds."""
    grouped = _grouped(result["runs"], "memory")
    cells = list(result["runs"][0]["cells"])
    figure, axes = plt.subplots(figsize=(max(7.0, 0.85 * len(cells) + 2), 4.8))
    for place, (name, runs) in enumerate(grouped.items()):
        shift = 0.62 * (place / max(1, len(grouped) - 1) - 0.5)
        seen = [[run["cells"][cell] for run in runs] for cell in cells]
        means = [sum(shares) / len(shares) for shares in seen]
        # A mean of equals may miss them by a rounding.
        below = [max(0.0, mean - min(shares)) for mean, shares in zip(means, seen, strict=True)]
        above = [max(0.0, max(shares) - mean) for mean, shares in zip(means, seen, strict=True)]
        axes.errorbar(
            [i + shift for i in range(len(cells))],
            means,
            yerr=[below, above],
            fmt=MARKERS[place % len(MARKERS)],
            color=COLOURS[place % len(COLOURS)],
            markersize=7,
            label=name,
        )
    for edge in range(1, len(cells)):
        axes.axvline(edge - 0.5, color="0.8", linewidth=0.8)
    axes.set_xticks(range(len(cells)), [_broken(cell) for cell in cells])
    axes.set_xlim(-0.5, len(cells) - 0.5)
    axes.grid(visible=False, axis="x")
    if "measure" in result:
        axes.set_ylabel(f"{result['measure']} (lower is better)")
    else:
        axes.set_ylim(-0.03, 1.03)
        axes.set_ylabel("share answered")
    steps = "–".join(map(str, sorted({run["steps"] for run in result["runs"]})))
    seeds = "–".join(map(str, sorted(set(map(len, grouped.values())))))
    title = TITLES.get(result["task"], result["task"])
    if "problem" in result:
        title = f"{title}: {result['problem']} (@elements; trained up to the fewest)"
    if result.get("prefix_max"):
        title = f"{title}, up to {result['prefix_max']} random tokens in front in training"
    axes.set_title(
        f"{title}\n{steps} steps, {seeds} seed{'' if seeds == '1' else 's'}", fontsize=12
    )
    _legend(axes)
    name = "-".join(filter(None, (result["task"], _variant(result))))
    return [(f"{name}-cells", figure)]


def _tradeoff(plt: Any, result: dict[str, Any]) -> list[tuple[str, Any]]:
    """Accuracy in the last, hardest cells against bytes; runs of one family are joined."""
    if not result["runs"]:
        return []
    cells = list(result["runs"][0]["cells"])[-3:]
    families = _grouped(result["runs"], "family" if "family" in result["runs"][0] else "memory")
    figure, all_axes = plt.subplots(
        1, len(cells), figsize=(4.4 * len(cells) + 1, 4.4), sharey=True, squeeze=False
    )
    for axes, cell in zip(all_axes[0], cells, strict=True):
        for place, (name, runs) in enumerate(families.items()):
            points = []
            for group in _grouped(runs, "memory").values():
                share = sum(run["cells"][cell] for run in group) / len(group)
                points.append((group[0]["state_bytes"] + group[0]["cache_bytes"], share))
            _line(axes, place, name, sorted(points))
        axes.set_xscale("log", base=2)
        if "measure" not in result:
            axes.set_ylim(-0.03, 1.03)
        axes.set_title(cell, fontsize=11)
        axes.set_xlabel("state and cache of a sequence (KiB)")
        _kib(axes)
    all_axes[0][0].set_ylabel(result.get("measure", "share answered"))
    figure.suptitle(f"{TITLES.get(result['task'], result['task'])}, against bytes", y=1.02)
    _legend(all_axes[0][-1])
    name = "-".join(filter(None, (result["task"], _variant(result))))
    return [(f"{name}-bytes", figure)]


def _speed(plt: Any, result: dict[str, Any]) -> list[tuple[str, Any]]:
    """Throughput of a forward pass, and the time of a decoding step, against length."""
    sizes = ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in result["sizes"].items())
    drawn = []
    for key, name, label, title in (
        ("forward", "throughput", "tokens a second", "Reading with one layer"),
        ("decode", "latency", "ms for one step", "One decoding step of one layer"),
    ):
        figure, axes = plt.subplots(figsize=(7.5, 4.8))
        for place, (memory, found) in enumerate(result[key].items()):
            _line(axes, place, memory, [(int(n), y) for n, y in found.items()])
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xticks(result["lengths"], [_short(n) for n in result["lengths"]])
        axes.set_xlabel("tokens read" if key == "forward" else "tokens already in memory")
        axes.set_ylabel(label)
        axes.set_title(f"{title}\n{sizes}; {result['threads']} thread(s)", fontsize=11)
        _plain_log(axes.yaxis)
        _legend(axes)
        drawn.append((f"nn-speed-{name}", figure))
    return drawn


def _footprint(plt: Any, result: dict[str, Any]) -> list[tuple[str, Any]]:
    """Bytes carried, peak memory and the time of a step against tokens decoded."""
    figure, all_axes = plt.subplots(1, 3, figsize=(14.5, 4.6))
    for place, (name, lines) in enumerate(result["decoding"].items()):
        tokens = [line["tokens"] for line in lines]
        carried = [(line["state_bytes"] + line["cache_bytes"]) / 1024 for line in lines]
        peaks = [line["rss_bytes"] / 2**20 for line in lines]
        times = [line["ms"] for line in lines]
        for axes, values in zip(all_axes, (carried, peaks, times), strict=True):
            _line(axes, place, name, list(zip(tokens, values, strict=True)))
    labels = ("state and cache (KiB)", "peak memory above the start (MiB)", "ms for one step")
    for axes, label in zip(all_axes, labels, strict=True):
        axes.set_xscale("log")
        if label.startswith("peak"):
            axes.set_yscale("symlog", linthresh=1)
            axes.set_ylim(bottom=0)
        else:
            axes.set_yscale("log")
        _plain_log(axes.yaxis)
        _plain_log(axes.xaxis, subdivisions=(1.0,))
        axes.set_xlabel("tokens decoded")
        axes.set_title(label)
    sizes = ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in result["sizes"].items())
    figure.suptitle(f"Decoding with one layer, one sequence ({sizes})", fontsize=12, y=1.02)
    _legend(all_axes[-1])
    return [("nn-memory-footprint", figure)]


def _line(axes: Any, place: int, name: str, points: Sequence[tuple[float, float]]) -> None:
    axes.plot(
        [x for x, _ in points],
        [y for _, y in points],
        DASHES[place // len(COLOURS) % len(DASHES)],
        marker=MARKERS[place % len(MARKERS)],
        color=COLOURS[place % len(COLOURS)],
        markersize=6,
        label=name,
    )


def _legend(axes: Any) -> None:
    """Beside the data, never over them."""
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)


def _plain_log(axis: Any, subdivisions: Sequence[float] = (1.0, 2.0, 5.0)) -> None:
    """Numbers as one reads them, 1,000 and not 10³, and enough of them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    if axis.get_scale() == "log":
        axis.set_major_locator(LogLocator(subs=subdivisions))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda x, _at: f"{x:,.10g}"))


def _kib(axes: Any) -> None:
    from matplotlib.ticker import FuncFormatter

    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _at: f"{x / 1024:,.4g}"))


def _short(n: int) -> str:
    return f"{n // 1024}k" if n >= 1024 else str(n)


def _broken(cell: str) -> str:
    return re.sub(r" ?(\+|@|last|digits)", r"\n\1", cell).strip()


def _grouped(runs: Sequence[dict[str, Any]], key: str) -> dict[str, list[dict[str, Any]]]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        grouped.setdefault(run[key], []).append(run)
    return grouped


Maker = Callable[[Any, dict[str, Any]], list[tuple[str, Any]]]

DRAWN: Mapping[str, tuple[Maker, ...]] = MappingProxyType(
    {
        "mqar": (_cells, _tradeoff),
        "noise": (_cells, _tradeoff),
        "needle": (_cells,),
        "state-tracking": (_cells,),
        "lm": (_cells, _tradeoff),
        "nn-speed": (_speed,),
        "nn-memory": (_footprint, _tradeoff),
    }
)
"""What is drawn of the results of each task."""
