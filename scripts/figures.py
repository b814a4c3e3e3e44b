"""Writes the figures of README.md from the newest lines of results/; --check only compares."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- figures: made by scripts/figures.py -->", "<!-- end of figures -->"
TASKS = ("locomo", "beam", "lifebench", "multihop", "code-history", "timeqa")


def newest(task: str) -> dict | None:
    """The last result of a task."""
    path = ROOT / "results" / f"{task}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return json.loads(lines[-1]) if lines else None


def table() -> str:
    """The figures as Markdown."""
    lines = [
        "| set (development part) | n | system | R@1 | R@5 | R@10 | R@20 | MRR |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for task in TASKS:
        result = newest(task)
        for name, found in (result or {"systems": {}})["systems"].items():
            figures = " | ".join(
                f"{100 * found[key]:.1f}"
                for key in ("recall@1", "recall@5", "recall@10", "recall@20", "mrr")
            )
            shown = f"**{name}**" if name == "mnemic" else name
            lines.append(f"| {task} | {result['n']} | {shown} | {figures} |")
    scale = newest("scale")
    if scale:
        lines += ["", f"At {scale['n']:,} episodes in one scope, on 2 shared cores:", ""]
        lines += ["| figure | value |", "|---|---|"]
        for key, value in scale.items():
            if key in ("task", "n", "made_at", "version", "commit", "machine", "seed", "embedder"):
                continue
            if isinstance(value, dict):
                value = ", ".join(f"{inner} {figure}" for inner, figure in value.items())
            lines.append(f"| {key} | {value} |")
    return "\n".join(lines)


def main() -> int:
    """Writes or checks; 1 if the README is out of date."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    made = f"{head}{BEGIN}\n{table()}\n{END}{tail}"
    if "--check" in sys.argv:
        if made != text:
            print("README.md is out of date: run python scripts/figures.py")
            return 1
        return 0
    readme.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
