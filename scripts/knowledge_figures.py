"""The table of what a memory knows: times, updates, confidence, sleep, from the newest lines of results/."""

from __future__ import annotations

from typing import Any

from neural_figures import lines as results


def knowledge_tables() -> list[str]:
    """Facts, times and sleep, each with the command that measures it."""
    rows = [row for make in (_when, _updates, _known, _consolidation, _sleep) for row in make()]
    lines = [
        "",
        "Time, facts and sleep:",
        "",
        "| what | figure | command |",
        "|---|---|---|",
        *rows,
    ]
    return [*lines, *_slept()]


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _when() -> list[str]:
    return [
        f"| made questions of time, {found['n']:,} in 7 languages and 6 zones: window exact | "
        f"{_share(found['windows_exact'])}, answers in the top 5 {_share(found['answers@5'])} | "
        "`mnemic bench when` |"
        for found in results("when")[-1:]
    ]


def _updates() -> list[str]:
    rows = []
    for found in results("updates")[-1:]:
        new, same = found["updates"], found["look_alikes"]
        rows += [
            (
                f"| {new['n']:,} made updates: read whole {_share(new['extracted_whole'] / new['n'])}, of those "
                f"superseded rightly | {_share(new['right_of_whole'])} (of all {_share(new['right_of_all'])}) | "
                "`mnemic bench updates` |"
            ),
            (
                f"| {same['n']:,} look-alikes, {_share(1 - same['not_extracted'])} read: nothing true retired | "
                f"{_share(same['nothing_true_retired'])} | |"
            ),
        ]
    return rows


def _known() -> list[str]:
    rows = []
    for found in results("calibration")[-1:]:
        for name in ("all labelled", "locomo", "beam"):
            one: dict[str, Any] = found["known"][name]
            low, high = one["ci"]["auroc"]
            rows.append(
                f"| `known`, {name}, {one['n']} questions, out of fit: AUROC | {one['auroc']:.3f} "
                f"[{low:.3f}, {high:.3f}], ECE {one['ece']:.3f}, Brier {one['brier']:.3f} | "
                + ("`mnemic bench calibration` |" if name == "all labelled" else "|")
            )
    return rows


def _consolidation() -> list[str]:
    return [
        f"| {found['n']} exam questions of made people answered by | "
        + ", ".join(f"{name} {_share(kind['all'])}" for name, kind in found["kinds"].items())
        + " | `mnemic bench consolidation` |"
        for found in results("consolidation")[-1:]
    ]


def _sleep() -> list[str]:
    rows = []
    for found in results("sleep")[-1:]:
        rows = [
            f"| sleep over {name} turns, without an LLM | {one['per_s']} episodes/s, undone in "
            f"{one['undo_s']} s, {one['derived_bytes_per_episode']} bytes an episode | `mnemic bench sleep` |"
            for name, one in found["corpora"].items()
        ]
    return rows


def _slept() -> list[str]:
    lines = []
    for found in results("slept")[-1:]:
        lines = [
            "",
            "Before and after sleep (`mnemic bench slept`), in %:",
            "",
            "| set | n | | R@5 | R@10 | MRR |",
            "|---|---|---|---|---|---|",
        ]
        for name, one in found["sets"].items():
            for system, figures in one.items():
                if isinstance(figures, dict) and "recall@5" in figures:
                    shown = " | ".join(
                        f"{100 * figures[key]:.1f}" for key in ("recall@5", "recall@10", "mrr")
                    )
                    lines.append(f"| {name} | {one['n']} | {system} | {shown} |")
        changed = [
            f"{name} {system}: {_share(counts['share_of_found'])} of {counts['found']}"
            for name, systems in found["changed"].items()
            for system, counts in systems.items()
        ]
        if changed:
            lines += [
                "",
                "Newest evidence first, of questions about what changed: "
                + "; ".join(changed)
                + ".",
            ]
    return lines
