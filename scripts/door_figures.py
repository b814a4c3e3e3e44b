"""The table of how a served memory answers, from the newest line of results/serve.jsonl."""

from __future__ import annotations

from typing import Any

from neural_figures import lines as results

LOOPS = {
    "paced": "{clients} clients, {rate_per_s:.0f} recalls/s due",
    "closed": "{clients} clients, each asks again at once",
    "mixed": "32 clients, one request in six writes",
}


def door_tables() -> list[str]:
    """Rates and times of `mnemic serve`; nothing where it was not measured."""
    lines: list[str] = []
    for found in results("serve")[-1:]:
        lines += [
            "",
            (
                f"`mnemic serve` over {found['n']:,} episodes, with two readers and the model in each, on 2 "
                "shared cores (`mnemic bench serve`):"
            ),
            "",
            "| load | recalls/s | p50 | p95 ms | slowest client to median | answers |",
            "|---|---|---|---|---|---|",
            *(_row(found, name, load) for name, load in LOOPS.items()),
        ]
        if soak := found.get("soak"):
            lines += [
                "",
                (
                    f"{soak['seconds'] / 60:.0f} minutes of 30 requests a second: "
                    f"{soak['rss_mb'][1]:.0f} MB after two minutes, {soak['rss_mb'][-1]:.0f} MB at the "
                    f"end ({100 * soak['growth']:+.1f} %)."
                ),
            ]
    return lines


def _row(found: dict[str, Any], name: str, load: str) -> str:
    one = found[name]
    answers = ", ".join(f"{status}: {count:,}" for status, count in sorted(one["statuses"].items()))
    return (
        f"| {load.format(**found)} | {one['recalls_per_s']:.0f} | {one['recall_ms']['p50']:.1f} | "
        f"{one['recall_ms']['p95']:.1f} | {one['slowest_to_median']:.2f} | {answers} |"
    )
