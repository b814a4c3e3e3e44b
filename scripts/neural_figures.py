"""Tables of the memories inside a model, from the newest lines of results/ for each memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "results"
SHOWN_STEPS = 720


def neural_tables() -> list[str]:
    """All of them as Markdown."""
    made: list[str] = []
    made += accuracy_table(
        "Facts told once in random filler and asked later (`mnemic bench mqar --steps 720 --seeds 3 "
        "--prefix-max 32`), trained at no more than 128 tokens; `64@256` is 64 facts in 256 tokens, "
        "`u` uniform gaps, `p64+` with 64 random tokens in front. Filler is random, so it "
        "holds false facts too: in `32@512u` it contradicts three answers in ten:",
        runs("mqar", prefix_max=32, steps=SHOWN_STEPS),
        ("32@128", "64@256", "p64+64@256", "32@512u", "p64+32@512u"),
    )
    made += accuracy_table(
        "The same without filler in front in training (`mnemic bench mqar --steps 720 --seeds 3`):",
        runs("mqar", prefix_max=0, steps=SHOWN_STEPS),
        ("32@128", "32@256u", "64@256", "32@512u"),
    )
    made += accuracy_table(
        "Facts at random depths in random noise, trained at no more than 128 tokens "
        "(`mnemic bench noise --steps 300`); `8@512` is 8 facts in 512 tokens:",
        runs("noise", steps=300),
        ("noise 1@512", "noise 8@512", "noise 16@512"),
    )
    made += accuracy_table(
        "Needles in words, trained at no more than 256, whole answers right at 1,024 "
        "(`mnemic bench needle --steps 600`):",
        runs("needle", steps=600),
        ("S1@1024", "S2@1024", "S3@1024", "MK4@1024"),
    )
    for problem, cell in (("parity", "parity@128"), ("S3", "S3x2@64")):
        made += accuracy_table(
            f"Running products, trained at a quarter of the length, share of positions right "
            f"(`mnemic bench state-tracking --problems {problem}`):",
            runs("state-tracking", problem=problem),
            (cell, f"{cell} last"),
        )
    made += accuracy_table(
        "Bits per byte of held-out tinyshakespeare after 300 steps at 256 bytes, read at 256 and at "
        "1,024 bytes with the state carried, and all in one (`mnemic bench lm input.txt`; lower is "
        "better):",
        runs("lm", steps=300),
        ("@256", "@1024", "@all"),
    )
    return made + speed_table() + memory_table()


def lines(task: str) -> list[dict[str, Any]]:
    """All results of a task, oldest first."""
    path = RESULTS / f"{task}.jsonl"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def runs(task: str, steps: int | None = None, **wanted: object) -> dict[str, list[dict[str, Any]]]:
    """For each memory the runs of the newest line that has it and what is wanted."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines(task):
        if any(line.get(key) != value for key, value in wanted.items()):
            continue
        here: dict[str, list[dict[str, Any]]] = {}
        for run in line["runs"]:
            if steps is None or run["steps"] == steps:
                here.setdefault(run["memory"], []).append(run)
        found |= here
    return found


def accuracy_table(
    title: str, found: dict[str, list[dict[str, Any]]], cells: Sequence[str]
) -> list[str]:
    """Means over seeds, and their range where there are several."""
    if not found:
        return []
    made = ["", title, "", f"| memory | bytes | parameters | seeds | {' | '.join(cells)} |"]
    made.append("|---|---|---|---|" + "---|" * len(cells))
    for memory, some in found.items():
        first = some[0]
        size = f"{first['state_bytes'] + first['cache_bytes']:,}"
        shown = " | ".join(span([run["cells"].get(cell) for run in some]) for cell in cells)
        made.append(f"| {memory} | {size} | {first['params']:,} | {len(some)} | {shown} |")
    return made


def span(values: Sequence[float | None]) -> str:
    """The mean, with the lowest and the highest of several."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    mean = f"{sum(known) / len(known):.3f}"
    return mean if len(known) == 1 else f"{mean} ({min(known):.3f}–{max(known):.3f})"


def speed_table() -> list[str]:
    """Tokens a second against length, and milliseconds of a step."""
    for line in lines("nn-speed")[-1:]:
        lengths = [str(n) for n in line["lengths"]]
        size = line["sizes"]
        made = [
            "",
            (
                f"One layer (D = {size['width']}, {size['heads']} heads of {size['key_width']}), one "
                "thread: tokens/s of a run by length, and ms of a decoding step after the longest "
                "(`mnemic bench nn-speed --longest 8192`):"
            ),
            "",
            f"| memory | {' | '.join(f'{int(n):,}' for n in lengths)} | step, ms |",
            "|---|" + "---|" * (len(lengths) + 1),
        ]
        for memory, rates in line["forward"].items():
            shown = " | ".join(f"{rates[n]:,}" if n in rates else "" for n in lengths)
            steps = line["decode"].get(memory, {})
            step = f"{list(steps.values())[-1]:.2f}" if steps else ""
            made.append(f"| {memory} | {shown} | {step} |")
        return made
    return []


def memory_table() -> list[str]:
    """Bytes and peak memory at the first and the last mark."""
    decoding: dict[str, list[dict[str, Any]]] = {}
    for line in lines("nn-memory"):
        decoding |= line["decoding"]
    if not decoding:
        return []
    made = [
        "",
        (
            "The same layer while decoding: bytes of state and cache, and growth of the process's "
            "peak memory, at 1,000 tokens and at the last (`mnemic bench nn-memory`):"
        ),
        "",
        "| memory | tokens | bytes | peak, MB | ms a step |",
        "|---|---|---|---|---|",
    ]
    for memory, marks in decoding.items():
        for mark in (marks[0], marks[-1]):
            size, peak = mark["state_bytes"] + mark["cache_bytes"], mark["rss_bytes"] / 1e6
            made.append(
                f"| {memory} | {mark['tokens']:,} | {size:,} | {peak:.1f} | {mark['ms']:.2f} |"
            )
    return made
