"""How a served memory answers: rates, latency, fairness and growth, over HTTP and with the real model.

The server is a real `mnemic serve` in a process of its own, the clients are in another. As in
scale.py the stored vectors are made around real ones; each query is new and is embedded for real.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from mnemic.agent.embed import default_embedder
from mnemic.bench import scale
from mnemic.bench.load import Plan, Told
from mnemic.bench.measure import percentiles
from mnemic.bench.processes import Served, started
from mnemic.errors import InvalidInput

Progress = Callable[[str, int, int], None]
MIXED_CLIENTS, WRITE_EVERY = 32, 6
SOAK_RATE_PER_S, SOAK_WRITE_EVERY, SOAK_STEP_S = 30.0, 50, 60.0
"""The soak is an everyday load: what grows then grows by itself and not with what is stored."""

NOW = (scale.START + timedelta(days=1_096)).isoformat()
_START_S_MAX = 60.0


def run_serving(
    n: int, *, clients: int = 20, seconds: float = 15.0, rate_per_s: float = 100.0,
    soak_s: float = 0.0, progress: Progress | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The result object: a closed loop, a paced one, and many mixed clients, on one server.

    Args:
        n: how many episodes, 100 at least.
        clients: connections of the closed and the paced loop.
        seconds: how long each of the three runs lasts.
        rate_per_s: recalls a second of the paced loop, over all clients.
        soak_s: how long a fourth run of 30 requests a second lasts, whose growth is told; 0 is none.
        progress: called with what is being done, how much is done, and of how much.

    Raises:
        InvalidInput: n is below 100, or the time is not positive.
        EmbedderMissing: the default model is not installed.
    """
    if n < 100 or seconds <= 0:
        raise InvalidInput(f"n is {n!r} and seconds {seconds!r}; take 100 and 1 at least")
    real = default_embedder()
    with tempfile.TemporaryDirectory(prefix="mnemic-serve-") as folder:
        path = Path(folder) / "serve.mnemic"
        scale.fill(path, n, real, progress)
        with served(path) as server:
            plan = Plan(server.host, server.port, scale.SCOPE, clients, seconds, now=NOW)
            _load(_with(plan, seconds=min(3.0, seconds), seed=9))  # caches, thread pools
            result: dict[str, Any] = {"rss_mb": server.rss_mb()}
            runs = {
                "closed": plan,
                "paced": _with(plan, rate_per_s=rate_per_s, seed=2),
                "mixed": _with(plan, clients=MIXED_CLIENTS, write_every=WRITE_EVERY, seed=3),
            }
            for done, (name, one) in enumerate(runs.items()):
                if progress:
                    progress(f"{name} loop", done, len(runs))
                before = server.cpu_s()
                result[name] = {**_figures(_load(one)), "rss_mb": server.rss_mb()}
                if before is not None and (after := server.cpu_s()) is not None:
                    answers = max(sum(result[name]["statuses"].values()), 1)
                    result[name]["cpu_ms_an_answer"] = round(1e3 * (after - before) / answers, 2)
            if soak_s:
                result["soak"] = _soak(
                    server, _with(plan, rate_per_s=SOAK_RATE_PER_S), soak_s, progress
                )
    return {
        "task": "serve", "n": n, "clients": clients, "seconds": seconds, "rate_per_s": rate_per_s,
        **result, "embedder": real.space, "seed": scale.SEED,
    }  # fmt: skip


def _soak(server: Served, plan: Plan, soak_s: float, progress: Progress | None) -> dict[str, Any]:
    """What the server holds in memory after each minute, and how much that grew after the second."""
    steps = max(int(soak_s // SOAK_STEP_S), 3)
    held: list[float | None] = []
    statuses: Counter[str] = Counter()
    for step in range(steps):
        if progress:
            progress("soak", step, steps)
        told = _load(
            _with(plan, seconds=soak_s / steps, write_every=SOAK_WRITE_EVERY, seed=100 + step)
        )
        statuses.update(_figures(told)["statuses"])
        held.append(server.rss_mb())
    first, last = held[1], held[-1]
    growth = None if not first or not last else round(last / first - 1, 4)
    return {"seconds": soak_s, "rss_mb": held, "growth": growth, "statuses": dict(statuses)}


def _with(plan: Plan, **changes: Any) -> Plan:
    return Plan(**{**asdict(plan), **changes})


@contextmanager
def served(path: Path, *options: str) -> Iterator[Served]:
    """A real `mnemic serve` on a free port, ended with SIGTERM."""
    with started("mnemic.serve.cli", "serve", "--db", str(path), "--port", "0",
                 "--sleep-every", "off", "--log-level", "error", *options) as server:  # fmt: skip
        _await_ready(f"{server.url}/readyz")
        yield server


def _await_ready(url: str) -> None:
    ends = time.monotonic() + _START_S_MAX
    while time.monotonic() < ends:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise InvalidInput(f"the server was not ready within {_START_S_MAX:g} s")


def _load(plan: Plan) -> list[Told]:
    done = subprocess.run(
        [sys.executable, "-m", "mnemic.bench.load"], input=json.dumps(asdict(plan)) + "\n",
        capture_output=True, text=True, check=True, timeout=plan.seconds + 60,
    )  # fmt: skip
    return [Told(**one) for one in json.loads(done.stdout)]


def _figures(told: Sequence[Told]) -> dict[str, Any]:
    recalls = [ms for one in told for ms in one.recall_ms]
    writes = [ms for one in told for ms in one.write_ms]
    counts = sorted(one.statuses.get("200", 0) for one in told)
    statuses = sum((Counter(one.statuses) for one in told), Counter[str]())
    seconds = max(one.seconds for one in told)
    found: dict[str, Any] = {
        "recalls_per_s": round(len(recalls) / seconds, 1), "recall_ms": percentiles(recalls),
        "statuses": dict(statuses),
        "slowest_to_median": round(counts[0] / max(float(np.median(counts)), 1e-9), 3),
    }  # fmt: skip
    if writes:
        found["writes_per_s"] = round(len(writes) / seconds, 1)
        found["write_ms"] = percentiles(writes)
    return found


def show(result: dict[str, Any], console: Any) -> None:
    """The figures as a table."""
    from rich.table import Table

    table = Table("loop", "recalls/s", "p50", "p95", "p99 ms", "writes/s", "slowest/median",
                  "cpu ms", "MB", "answers", box=None)  # fmt: skip
    for name in ("closed", "paced", "mixed"):
        one = result[name]
        times = [f"{one['recall_ms'].get(q, 0):.1f}" for q in ("p50", "p95", "p99")]
        table.add_row(
            name, f"{one['recalls_per_s']:.1f}", *times, f"{one.get('writes_per_s', 0):.1f}",
            f"{one['slowest_to_median']:.2f}",
            f"{one.get('cpu_ms_an_answer', 0):.1f}", f"{one['rss_mb'] or 0:.0f}",
            " ".join(f"{status}: {count}" for status, count in sorted(one["statuses"].items())),
        )  # fmt: skip
    console.print(f"{result['n']:,} episodes, {result['clients']} clients (mixed {MIXED_CLIENTS})")
    console.print(table)
    if soak := result.get("soak"):
        console.print(
            f"soak of {soak['seconds'] / 60:.0f} min: {soak['rss_mb'][1]:.0f} to "
            f"{soak['rss_mb'][-1]:.0f} MB ({soak['growth']:+.1%}), answers {soak['statuses']}"
        )
