"""Writes the figures of README.md from the newest lines of results/; --check only compares."""

from __future__ import annotations

import sys
from pathlib import Path

from door_figures import door_tables
from knowledge_figures import knowledge_tables
from neural_figures import lines as results
from neural_figures import neural_tables

ROOT = Path(__file__).resolve().parent.parent
END = "<!-- end of figures -->"
BEGIN = "<!-- figures: made by scripts/figures.py -->"
BEGIN_NEURAL = "<!-- neural figures: made by scripts/figures.py -->"
TASKS = ("locomo", "beam", "lifebench", "multihop", "code-history", "timeqa")


SHOWN = ("recall@1", "recall@5", "recall@10", "recall@20", "mrr")
NOT_SHOWN = ("task", "n", "made_at", "version", "commit", "machine", "seed", "embedder")


def table() -> str:
    """The figures as Markdown."""
    return "\n".join(
        [*recall_table(), *fusion_table(), *scale_tables(), *knowledge_tables(), *door_tables()]
    )


def recall_table() -> list[str]:
    """Every system on every set; the multi-hop sets apart, as they are several."""
    lines = [
        "| set (development part) | n | system | R@1 | R@5 | R@10 | R@20 | MRR |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for task in TASKS:
        for result in results(task)[-1:]:
            sets = {task: (result["n"], result["systems"])}
            if task == "multihop":
                sets = {
                    name: (found["n"], {key: found[key] for key in result["systems"]})
                    for name, found in result["by_category"].items()
                }
            for name, (count, systems) in sets.items():
                for system, found in systems.items():
                    figures = " | ".join(f"{100 * found[key]:.1f}" for key in SHOWN)
                    shown = f"**{system}**" if system == "mnemic" else system
                    lines.append(f"| {name} | {count} | {shown} | {figures} |")
    return lines


def fusion_table() -> list[str]:
    """What the fitted weights find, and what weights find that never saw the case they are asked."""
    lines = []
    for result in results("fusion")[-1:]:
        lines += [
            "",
            f"Weights fitted on all {result['cases']} cases, and on all but the one asked:",
            "",
            "| set | n | fitted: R@5 | R@10 | held out: R@5 | R@10 |",
            "|---|---|---|---|---|---|",
        ]
        for task, found in result["tasks"].items():
            figures = " | ".join(
                f"{100 * found[kind][key]:.1f}"
                for kind in ("fitted", "held_out")
                for key in ("recall@5", "recall@10")
            )
            lines.append(f"| {task} | {found['n']} | {figures} |")
    return lines


def scale_tables() -> list[str]:
    """The newest result at each size, side by side."""
    newest = {result["n"]: result for result in results("scale")}
    if not newest:
        return []
    sizes = sorted(newest)
    keys = [key for key in newest[sizes[0]] if key not in NOT_SHOWN]
    lines = ["", "Episodes in one scope, on 2 shared cores:", ""]
    lines.append("| figure | " + " | ".join(f"{size:,}" for size in sizes) + " |")
    lines.append("|---|" + "---|" * len(sizes))
    for key in keys:
        cells = " | ".join(cell(newest[size].get(key, "")) for size in sizes)
        lines.append(f"| {key} | {cells} |")
    return lines


def cell(value: object) -> str:
    """A figure, or several by name."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {figure}" for name, figure in value.items())
    return str(value)


def main() -> int:
    """Writes or checks; 1 if the README is out of date."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    made = text
    for begin, lines in ((BEGIN, [table()]), (BEGIN_NEURAL, neural_tables())):
        head, rest = made.split(begin, 1)
        tail = rest.split(END, 1)[1]
        made = "\n".join([f"{head}{begin}", *lines, f"{END}{tail}"])
    if "--check" in sys.argv:
        if made != text:
            print("README.md is out of date: run python scripts/figures.py")
            return 1
        return 0
    readme.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
