"""Clients that load a server, in a process of their own: `python -m mnemic.bench.load` reads a plan.

HTTP is written by hand here: a library's client costs more than the answer it measures, and on two
cores that would be taken from the server.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from mnemic.bench import words


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask a server for how long.

    `rate_per_s` 0 is a closed loop: each client asks again as soon as it is answered. Else requests are
    due at even times, whether or not the one before was answered, and latency counts from when it was
    due. One request in `write_every` remembers something; 0 is none.
    """

    host: str
    port: int
    scope: str
    clients: int
    seconds: float
    rate_per_s: float = 0.0
    write_every: int = 0
    k: int = 10
    seed: int = 1
    now: str = ""
    token: str = ""


@dataclass(slots=True)
class Told:
    """What a client saw."""

    recall_ms: list[float] = field(default_factory=list)
    write_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=lambda: defaultdict(int))


async def run(plan: Plan) -> list[Told]:
    """What each client saw."""
    began = time.perf_counter() + 0.2
    told = [Told() for _ in range(plan.clients)]
    await asyncio.gather(*(_client(plan, number, one, began) for number, one in enumerate(told)))
    return told


async def _client(plan: Plan, number: int, told: Told, began: float) -> None:
    rng = random.Random(plan.seed * 1_000 + number)  # noqa: S311
    connection = _Connection(plan)
    ends, asked = began + plan.seconds, 0
    gap = plan.clients / plan.rate_per_s if plan.rate_per_s else 0.0
    await asyncio.sleep(began - time.perf_counter() + rng.random() * min(gap or 0.05, 1.0))
    due = time.perf_counter()
    while due < ends and time.perf_counter() < ends + plan.seconds:
        asked += 1
        writes = bool(plan.write_every) and (asked + number) % plan.write_every == 0
        status = await connection.ask(*_request(plan, rng, number, asked, writes=writes))
        told.statuses[status] += 1
        if status == "200":
            (told.write_ms if writes else told.recall_ms).append(1e3 * (time.perf_counter() - due))
        elif status == "429":
            await asyncio.sleep(0.2 + 0.2 * rng.random())
        due = due + gap if gap else time.perf_counter()
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    told.seconds = time.perf_counter() - began
    connection.close()


def _request(
    plan: Plan, rng: random.Random, number: int, asked: int, *, writes: bool
) -> tuple[str, dict[str, Any]]:
    if writes:
        return "/v1/episodes", {
            "scope": plan.scope, "text": words.sentence(rng), "speaker": f"client {number}",
            "session": f"load {plan.seed} {number}", "position": asked, "source": "bench",
        }  # fmt: skip
    said = {"scope": plan.scope, "query": words.question(rng), "k": plan.k}
    return "/v1/recall", {**said, "now": plan.now} if plan.now else said


class _Connection:
    """One kept connection, made again where it breaks."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, path: str, said: dict[str, Any]) -> str:
        """The status of the answer, whose body is read; "broken" where there was none."""
        body = json.dumps(said).encode()
        key = f"Authorization: Bearer {self._plan.token}\r\n" if self._plan.token else ""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._plan.host}:{self._plan.port}\r\n{key}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            if self._writer is None:
                self._reader, self._writer = await asyncio.open_connection(
                    self._plan.host, self._plan.port
                )
            self._writer.write(head.encode() + body)
            return await self._answer()
        except (OSError, asyncio.IncompleteReadError, ValueError):
            self.close()
            return "broken"

    async def _answer(self) -> str:
        assert self._reader is not None
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        await self._reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            self.close()
        return lines[0].split(" ")[1]

    def close(self) -> None:
        """Hangs up."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def main() -> None:
    """Reads a plan from standard input and writes what each client saw to standard output."""
    plan = Plan(**json.loads(sys.stdin.readline()))
    told = asyncio.run(run(plan))
    sys.stdout.write(
        json.dumps(
            [
                {
                    "recall_ms": one.recall_ms,
                    "write_ms": one.write_ms,
                    "seconds": one.seconds,
                    "statuses": one.statuses,
                }
                for one in told
            ]
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
