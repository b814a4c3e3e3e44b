"""What `mnemic proxy` adds to a request: a scripted upstream, asked directly and through the proxy.

    python scripts/proxy_overhead.py --db /tmp/overhead.mnemic

Makes a store of made-up episodes with the real embedder, if there is none at --db, starts upstream
and proxy as processes of their own, and prints one JSON object. Times are to the first byte of the
answer and to its last, once with memory and once with it switched off by header; the upstream thinks
for --think-ms before it answers. The processor's time per request says what it costs however busy the
machine is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx

PEOPLE = [
    "Ana",
    "Ben",
    "Chiara",
    "Dmitri",
    "Elif",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Kirsi",
    "Lars",
    "Mina",
    "Noor",
    "Otto",
    "Petra",
]
PLACES = [
    "Lisbon",
    "Oslo",
    "Quito",
    "Riga",
    "Seoul",
    "Tunis",
    "Utrecht",
    "Vilnius",
    "Warsaw",
    "Yerevan",
    "Zagreb",
    "Bergen",
    "Cork",
]
THINGS = (
    "the tax form", "a red bicycle", "the greenhouse", "her violin", "the quarterly report",
    "an old camera", "the kitchen sink", "the marathon", "a chess set", "the train tickets",
    "the dentist", "a sailing course", "the roof", "the database migration", "a birthday cake",
)  # fmt: skip
DOINGS = (
    "asked about", "forgot", "bought", "fixed", "sold", "wrote down a plan for", "complained about",
    "was proud of", "lent me money for", "wanted to know more of", "dreamt about", "gave up on",
)  # fmt: skip

UPSTREAM = """
import asyncio, json, socket, sys, uvicorn
WHOLE = json.dumps({"id": "c", "object": "chat.completion", "choices": [{"index": 0,
    "message": {"role": "assistant", "content": "Noted."}, "finish_reason": "stop"}]}).encode()
EVENTS = [b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": "word "}}]}).encode()
          + b"\\n\\n"] * 50 + [b"data: [DONE]\\n\\n"]
async def app(scope, receive, send):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await asyncio.sleep(float(sys.argv[1]) / 1_000)
    stream = json.loads(body).get("stream")
    kind = b"text/event-stream" if stream else b"application/json"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    for piece in EVENTS if stream else [WHOLE]:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # so that asyncio sets NODELAY
listener.bind(("127.0.0.1", 0)); listener.listen(100)
print(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off")).run(sockets=[listener])
"""


def sentence(chance: random.Random) -> str:
    """A made-up episode."""
    who, thing, where = chance.choice(PEOPLE), chance.choice(THINGS), chance.choice(PLACES)
    return (
        f"{who} {chance.choice(DOINGS)} {thing} in {where}, and paid {chance.randrange(10, 900)} "
        f"for it; {chance.choice(PEOPLE)} was there too."
    )


def fill(db: Path, episodes: int) -> None:
    """A store of made-up episodes with their deep keys."""
    from mnemic import Memory

    chance = random.Random(1)
    with Memory(db, background=False) as memory:
        memory.remember_many({"text": sentence(chance), "session": f"s{n // 40}",
                              "position": n % 40} for n in range(episodes))  # fmt: skip
        memory.ready()


async def ask(
    client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]
) -> tuple[float, float]:
    """Milliseconds to the first and to the last byte."""
    begun = time.perf_counter()
    first = 0.0
    async with client.stream("POST", url, content=body, headers=headers) as response:
        async for _ in response.aiter_raw():
            first = first or time.perf_counter()
    if response.status_code != 200:
        raise SystemExit(f"{url} answered {response.status_code}")
    return (first - begun) * 1_000, (time.perf_counter() - begun) * 1_000


async def measure(
    url: str, requests: int, clients: int, stream: bool, seed: int, **headers: str
) -> list[tuple[float, float]]:
    """The times of requests that so many clients make, each one after the other."""
    chance = random.Random(seed)
    bodies = [
        json.dumps({"model": "m", "stream": stream, "messages": [
            {"role": "system", "content": "You help."},
            {"role": "user", "content": f"Who {chance.choice(DOINGS)} {chance.choice(THINGS)} "
                                        f"in {chance.choice(PLACES)}? ({seed}.{number})"},
        ]}).encode()
        for number in range(requests)
    ]  # fmt: skip
    found: list[tuple[float, float]] = []
    sent = {"content-type": "application/json", **headers}

    async def work() -> None:
        while bodies:
            found.append(await ask(client, f"{url}/chat/completions", bodies.pop(), sent))

    async with httpx.AsyncClient(timeout=60) as client:
        await asyncio.gather(*(work() for _ in range(clients)))
    return found


def quantiles(times: list[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile."""
    cut = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50": round(cut[49], 1), "p95": round(cut[94], 1), "p99": round(cut[98], 1)}


def compared(times: list[list[float]]) -> dict[str, object]:
    """Times directly, through the proxy without and with memory; what it adds to the direct median."""
    plain, off, on = (quantiles(one) for one in times)
    return {
        "direct": plain, "off": off, "on": on,
        "off_adds_p95": round(off["p95"] - plain["p50"], 1),
        "on_adds_p95": round(on["p95"] - plain["p50"], 1),
    }  # fmt: skip


def main() -> None:
    """Measures and prints."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--db", type=Path, required=True)
    options.add_argument("--episodes", type=int, default=10_000)
    options.add_argument("--requests", type=int, default=200)
    options.add_argument("--clients", type=int, nargs="+", default=[1, 4])
    options.add_argument("--think-ms", type=float, default=100.0)
    given = options.parse_args()
    if not given.db.exists():
        fill(given.db, given.episodes)
    upstream = subprocess.Popen(
        [sys.executable, "-c", UPSTREAM, str(given.think_ms)], stdout=subprocess.PIPE, text=True
    )
    direct = upstream.stdout.readline().strip()
    proxy = subprocess.Popen(
        [sys.executable, "-m", "mnemic.serve.cli", "proxy", "--upstream", direct, "--port", "0",
         "--db", str(given.db)],
        stderr=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "400"},
    )  # fmt: skip
    try:
        through = re.search(r"http://\S+/v1", proxy.stderr.readline())[0]
        asyncio.run(report(given, direct, through, proxy.pid))
    finally:
        proxy.terminate()
        proxy.wait(30)
        upstream.terminate()


def cpu_ms(pid: int) -> float:
    """How long a process has computed, in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000 / os.sysconf("SC_CLK_TCK")


async def report(given: argparse.Namespace, direct: str, through: str, pid: int) -> None:
    """Asks both and prints what the proxy adds."""
    await asyncio.sleep(3)  # the model is being loaded
    seed = time.time_ns() % 1_000_000
    await measure(through, 20, 1, False, seed)
    found: dict[str, object] = {"load": round(os.getloadavg()[0], 1)}
    for clients in given.clients:
        for stream in (False, True):
            seed += 1
            count, form = given.requests, "stream" if stream else "whole"
            plain = await measure(direct, count, clients, stream, seed)
            cpu = [cpu_ms(pid)]
            off = await measure(through, count, clients, stream, seed, **{"x-mnemic": "off"})
            cpu.append(cpu_ms(pid))
            on = await measure(through, count, clients, stream, seed)
            cpu.append(cpu_ms(pid))
            found[f"{clients} clients, {form}"] = {
                "cpu_ms_per_request": {
                    "off": round((cpu[1] - cpu[0]) / count, 1),
                    "on": round((cpu[2] - cpu[1]) / count, 1),
                },
            } | {
                name: compared([[row[n] for row in rows] for rows in (plain, off, on)])
                for n, name in enumerate(("first_byte_ms", "last_byte_ms"))
            }
    async with httpx.AsyncClient() as client:
        counts = (await client.get(through.removesuffix("/v1") + "/health")).json()["counts"]
    sys.stdout.write(json.dumps({"added": found, "counts": counts}, indent=1) + "\n")


if __name__ == "__main__":
    main()
