"""What `mnemic proxy` adds to a request: a scripted model, asked directly and through the proxy.

Each question is asked three ways, one after the other in random order, so that whatever else the
machine does hits all three alike: directly, through a proxy with memory switched off by header, and
through one that recalls and keeps. These are two processes over two copies of a store, so that each
one's processor time is its own.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnemic.agent.embed import default_embedder
from mnemic.agent.memory import Memory
from mnemic.bench import scale, words
from mnemic.bench.measure import percentiles
from mnemic.bench.processes import Served, started
from mnemic.errors import InvalidInput

Progress = Callable[[str, int, int], None]
FORMS = {"whole": False, "stream": True}
WAYS = ("direct", "off", "on")
WARM_QUESTIONS = 20
COUNTED = ("requests", "recalled", "nothing_known", "recall_late", "recall_busy", "recall_failed")
_ANSWER_S_MAX, _WARM_S_MAX, _SETTLE_S_MAX = 60.0, 60.0, 15.0
_STEP_S, _IDLE_CPU_S = 0.5, 0.02


@dataclass(frozen=True, slots=True)
class Way:
    """Where a request goes and what its header says of memory."""

    base_url: str
    memory: str = "on"


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds to the first and to the last byte of an answer."""

    first_byte: float
    last_byte: float


Row = Mapping[str, Took]
"""A question: what it took, by way."""


def run_proxying(
    n: int, *, requests: int = 200, clients: int = 4, think_ms: float = 100.0,
    progress: Progress | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The result object: times each way and what the proxy adds, for whole and streamed answers.

    Args:
        n: how many episodes the store holds, 100 at least.
        requests: how many questions, for each form of answer; each is asked three ways.
        clients: how many ask at once, each one after the other.
        think_ms: how long the scripted model thinks before it answers.
        progress: called with what is being done, how much is done, and of how much.

    Raises:
        InvalidInput: a number is too small, or a server does not start or answers with an error.
        EmbedderMissing: the default model is not installed.
        ModuleNotFoundError: the extra `serve` is not installed.
    """
    if n < 100 or requests < 1 or clients < 1 or think_ms < 0:
        said = f"n is {n!r}, requests {requests!r}, clients {clients!r}, think_ms {think_ms!r}"
        raise InvalidInput(f"{said}; take 100, 1, 1 and 0 at least")
    _check_installed()
    real = default_embedder()
    with tempfile.TemporaryDirectory(prefix="mnemic-proxy-") as folder:
        path, copy = Path(folder) / "on.mnemic", Path(folder) / "off.mnemic"
        scale.fill(path, n, real, progress)
        with Memory(path, embedder=None, background=False) as memory:
            memory.backup(copy)
        with (
            started("mnemic.bench.endpoint", str(think_ms)) as model,
            proxied(path, model) as on,
            proxied(copy, model) as off,
        ):
            result = _measured(model, on, off, requests, clients, progress)
    return {
        "task": "proxy", "n": n, "requests": requests, "clients": clients, "think_ms": think_ms,
        **result, "embedder": real.space, "seed": scale.SEED,
    }  # fmt: skip


def _check_installed() -> None:
    try:
        import httpx  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error.name} is missing; pip install 'mnemic[serve]'", name=error.name
        ) from None


def proxied(path: Path, model: Served) -> AbstractContextManager[Served]:
    """A real `mnemic proxy` on a free port, as it is by default."""
    return started("mnemic.serve.cli", "proxy", "--upstream", f"{model.url}/v1", "--port", "0",
                   "--db", str(path), "--scope", scale.SCOPE)  # fmt: skip


def _measured(
    model: Served, on: Served, off: Served, requests: int, clients: int, progress: Progress | None
) -> dict[str, Any]:
    proxies = {"off": off, "on": on}
    addresses = (Way(model.url), Way(off.url, "off"), Way(on.url))
    ways = dict(zip(WAYS, addresses, strict=True))
    questions = iter(_questions(WARM_QUESTIONS + requests * len(FORMS)))
    _warm(on, ways, [next(questions) for _ in range(WARM_QUESTIONS)])
    counts = _counts(on)
    result: dict[str, Any] = {}
    for form, stream in FORMS.items():
        asked = [next(questions) for _ in range(requests)]
        before = {name: _settled(one) for name, one in proxies.items()}
        rows = asyncio.run(_rows(ways, asked, clients, stream, _telling(progress, form, requests)))
        cpu = {name: _cpu_ms(before[name], _settled(proxies[name]), requests) for name in proxies}
        result[form] = {**_figures(rows), "cpu_ms_a_request": cpu}
    counted = _counts(on)
    result["counts"] = {name: counted[name] - counts[name] for name in COUNTED}
    result["rss_mb"] = on.rss_mb()
    return result


def _questions(number: int) -> list[str]:
    """Different ones: the same question a second time would be a retry to the proxy."""
    rng = random.Random(scale.SEED + 4)  # noqa: S311
    made: dict[str, None] = {}
    while len(made) < number:
        made[words.question(rng)] = None
    return list(made)


def _warm(on: Served, ways: Mapping[str, Way], questions: Sequence[str]) -> None:
    """Asks until a recall was in time, so the model is loaded, and then a few questions every way."""
    ends = time.monotonic() + _WARM_S_MAX
    only = {"on": ways["on"]}
    while time.monotonic() < ends:
        before = _counts(on)
        asyncio.run(_rows(only, questions[:1], 1, False, None))
        after = _counts(on)
        if any(after[name] > before[name] for name in ("recalled", "nothing_known")):
            asyncio.run(_rows(ways, questions[1:], 1, False, None))
            return
        time.sleep(_STEP_S)
    raise InvalidInput(f"the proxy's memory did not answer in time within {_WARM_S_MAX:g} s")


async def _rows(
    ways: Mapping[str, Way], questions: Sequence[str], clients: int, stream: bool,
    tell: Callable[[int], None] | None,
) -> list[Row]:  # fmt: skip
    """What each question took, asked every way before the next, by so many clients at once."""
    import httpx

    rng = random.Random(scale.SEED + 5)  # noqa: S311
    left, rows = list(questions), list[Row]()

    async def ask_all(client: httpx.AsyncClient) -> None:
        while left:
            body = _body(left.pop(), stream)
            order = rng.sample(list(ways), len(ways))
            rows.append({name: await _ask(client, ways[name], body) for name in order})
            if tell:
                tell(len(rows))

    # No proxy of the surroundings may stand between: this is all on loopback.
    async with httpx.AsyncClient(timeout=_ANSWER_S_MAX, trust_env=False) as client:
        await asyncio.gather(*(ask_all(client) for _ in range(clients)))
    return rows


def _body(question: str, stream: bool) -> bytes:
    messages = [{"role": "system", "content": "You help."}, {"role": "user", "content": question}]
    return json.dumps({"model": "m", "stream": stream, "messages": messages}).encode()


async def _ask(client: Any, way: Way, body: bytes) -> Took:
    headers = {"content-type": "application/json", "x-mnemic": way.memory}
    url = f"{way.base_url}/v1/chat/completions"
    begun = time.perf_counter()
    first = 0.0
    async with client.stream("POST", url, content=body, headers=headers) as response:
        async for _ in response.aiter_raw():
            first = first or time.perf_counter()
    last = time.perf_counter()
    if response.status_code != 200 or not first:
        raise InvalidInput(f"{url} answered {response.status_code}, which is no answer to measure")
    return Took((first - begun) * 1_000, (last - begun) * 1_000)


def _counts(server: Served) -> dict[str, int]:
    with urllib.request.urlopen(f"{server.url}/health", timeout=30) as answer:  # noqa: S310
        found: dict[str, int] = json.loads(answer.read())["counts"]
    return found


def _settled(server: Served) -> float | None:
    """Its processor time once it has no more to do: turns are kept after the answer has gone."""
    now, ends = server.cpu_s(), time.monotonic() + _SETTLE_S_MAX
    while now is not None and time.monotonic() < ends:
        time.sleep(_STEP_S)
        before, now = now, server.cpu_s()
        if now is not None and now - before <= _IDLE_CPU_S:
            break
    return now


def _cpu_ms(began_s: float | None, ended_s: float | None, requests: int) -> float | None:
    if began_s is None or ended_s is None:
        return None
    return round(1e3 * (ended_s - began_s) / requests, 2)


def _figures(rows: Sequence[Row]) -> dict[str, Any]:
    """Percentiles each way; what is added is taken question by question."""
    found: dict[str, Any] = {"adds_ms": {}}
    for part in ("first_byte", "last_byte"):
        times = {name: [getattr(row[name], part) for row in rows] for name in WAYS}
        found[f"{part}_ms"] = {name: percentiles(one, (50, 95)) for name, one in times.items()}
        found["adds_ms"][part] = {
            name: percentiles(
                [through - plain for through, plain in zip(one, times["direct"], strict=True)],
                (50, 95),
            )
            for name, one in times.items()
            if name != "direct"
        }
    return found


def _telling(progress: Progress | None, form: str, of: int) -> Callable[[int], None] | None:
    return None if progress is None else lambda done: progress(f"{form} answers", done, of)


def show(result: dict[str, Any], console: Any) -> None:
    """The figures as a table."""
    from rich.table import Table

    table = Table("answer", "asked", "first byte", "adds", "last byte", "adds", "cpu ms",
                  box=None, pad_edge=False, collapse_padding=True)  # fmt: skip
    names = {"direct": "directly", "off": "memory off", "on": "with memory"}
    for form in FORMS:
        one = result[form]
        for way, name in names.items():
            cells = [
                ", ".join(f"{found[q]:.1f}" for q in ("p50", "p95")) if found else ""
                for part in ("first_byte", "last_byte")
                for found in (one[f"{part}_ms"][way], one["adds_ms"][part].get(way))
            ]
            cpu = one["cpu_ms_a_request"].get(way)
            table.add_row(form, name, *cells, "" if cpu is None else f"{cpu:.1f}")
    console.print(
        f"{result['n']:,} episodes, {result['requests']} questions of each form, "
        f"{result['clients']} at a time;\nthe model thinks for {result['think_ms']:g} ms; "
        "p50, p95 in ms"
    )
    console.print(table)
    counts = ", ".join(f"{name} {count}" for name, count in result["counts"].items() if count)
    console.print(f"proxy with memory: {counts}, {result['rss_mb'] or 0:.0f} MB")
