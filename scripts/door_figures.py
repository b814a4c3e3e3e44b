"""Tables of how a served memory answers and what the proxy adds, from the newest lines of results/."""

from __future__ import annotations

from typing import Any

from neural_figures import lines as results

LOOPS = {
    "paced": "{clients} clients, {rate_per_s:.0f} recalls/s due",
    "closed": "{clients} clients, each asks again at once",
    "mixed": "32 clients, one request in six writes",
}


WAYS = {"off": "off by header", "on": "on"}


def door_tables() -> list[str]:
    """What `mnemic serve` and `mnemic proxy` were measured to do; nothing where they were not."""
    return [*_serve_table(), *_proxy_table()]


def _serve_table() -> list[str]:
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


def _proxy_table() -> list[str]:
    lines: list[str] = []
    for found in results("proxy")[-1:]:
        asked, counts = 2 * found["requests"], found["counts"]
        lines += [
            "",
            (
                f"What `mnemic proxy` over {found['n']:,} episodes adds to the same question asked "
                f"directly, {found['clients']} at a time, a model that thinks for "
                f"{found['think_ms']:g} ms, on 2 shared cores (`mnemic bench proxy`); memory answered "
                f"{counts['recalled'] + counts['nothing_known']:,} of {asked:,} in time:"
            ),
            "",
            "| answer | memory | first byte p50 | p95 ms | last byte p50 | p95 ms | processor ms |",
            "|---|---|---|---|---|---|---|",
            *(_added(found[form], form, way) for form in ("whole", "stream") for way in WAYS),
        ]
    return lines


def _added(found: dict[str, Any], form: str, way: str) -> str:
    adds = [found["adds_ms"][part][way] for part in ("first_byte", "last_byte")]
    times = " | ".join(f"{one[q]:.1f}" for one in adds for q in ("p50", "p95"))
    cpu = found["cpu_ms_a_request"][way]
    return f"| {form} | {WAYS[way]} | {times} | {'–' if cpu is None else f'{cpu:.1f}'} |"


def _row(found: dict[str, Any], name: str, load: str) -> str:
    one = found[name]
    answers = ", ".join(f"{status}: {count:,}" for status, count in sorted(one["statuses"].items()))
    return (
        f"| {load.format(**found)} | {one['recalls_per_s']:.0f} | {one['recall_ms']['p50']:.1f} | "
        f"{one['recall_ms']['p95']:.1f} | {one['slowest_to_median']:.2f} | {answers} |"
    )
