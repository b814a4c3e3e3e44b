"""Five MCP processes and one server on one file."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx
import pytest
from mcp import Client
from tests.serve.mcp.talk import NEW, OLD, SRC, process, said

from mnemic import Memory

SECONDS = float(os.environ.get("MNEMIC_DOORS_SECONDS", "8"))
BUSY = ("another sleep is running", "sleep-busy")


@contextmanager
def served(path: Path) -> Iterator[str]:
    """The address of a `mnemic serve` on the store."""
    running = subprocess.Popen(
        [sys.executable, "-m", "mnemic.serve.cli", "serve", "--db", str(path), "--port", "0",
         "--log-level", "error"],  # a log that nobody reads would fill the pipe
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(SRC)},
    )  # fmt: skip
    assert running.stderr
    with running:
        try:
            for line in running.stderr:
                if found := re.search(r"http://[\d.]+:\d+", line):
                    break
            else:
                raise AssertionError("it did not start")
            yield found[0]
        finally:
            running.terminate()
            running.stderr.read()
    assert running.returncode == 0


class Load:
    """What the clients did, and what went wrong."""

    def __init__(self) -> None:
        self.kept: Counter[tuple[str, int]] = Counter()
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []

    def saw(self, text: str, scope: str) -> None:
        """Notes any text of another scope."""
        seen = re.findall(r"for (acme/\d)\.", text)
        self.wrong += [f"{scope} saw {one}" for one in seen if one != scope]

    async def mcp(self, path: Path, number: int) -> None:
        """One agent over standard input and output."""
        scope, dice = f"acme/{number % 3}", random.Random(number)
        async with Client(
            process(path, "--scope", scope), mode=OLD if number % 2 else NEW
        ) as client:
            end = anyio.current_time() + SECONDS
            while anyio.current_time() < end or self.kept[scope, number] < 3:
                what = dice.random()
                if what < 0.4:
                    text = f"Agent {number} noted item {self.kept[scope, number]} for {scope}."
                    found = await client.call_tool("remember", {"text": text})
                    self.kept[scope, number] += 1
                elif what < 0.85:
                    query = f"item {dice.randrange(50)}"
                    found = await client.call_tool("recall", {"query": query})
                elif what < 0.9:
                    found = await client.call_tool("sleep", {"budget_s": 0.5})
                else:
                    found = await client.call_tool("context", {"query": "items noted"})
                if found.is_error and BUSY[0] not in said(found):
                    self.wrong.append(said(found))
                self.saw(said(found), scope)
                self.answers["mcp"] += 1

    async def rest(self, address: str, number: int) -> None:
        """One client of the server."""
        scope, dice = f"acme/{number % 3}", random.Random(number)
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            end = anyio.current_time() + SECONDS
            while anyio.current_time() < end or self.kept[scope, number] < 3:
                what = dice.random()
                if what < 0.4:
                    row = {
                        "text": f"Client {number} noted item {self.kept[scope, number]} for {scope}.",
                        "scope": scope,
                    }
                    found = await client.post("/v1/episodes", json=row)
                    self.kept[scope, number] += found.status_code == 200
                elif what < 0.9:
                    asked = {"query": f"item {dice.randrange(50)}", "scope": scope}
                    found = await client.post("/v1/recall", json=asked)
                else:
                    found = await client.post("/v1/sleep", json={"scope": scope, "budget_s": 0.5})
                told = found.text
                empty = found.status_code == 404 and "nothing was ever remembered" in told
                if found.status_code not in (200, 429) and not empty and BUSY[1] not in told:
                    self.wrong.append(told)
                self.saw(told, scope)
                self.answers["rest"] += 1


@pytest.mark.slow
def test_five_agents_and_a_server_on_one_file(tmp_path: Path) -> None:
    """Under mixed load: no error, nothing lost, nothing foreign, and `verify` is clean."""
    path = tmp_path / "a.mnemic"
    load = Load()

    async def run(address: str) -> None:
        with anyio.fail_after(SECONDS + 240):
            async with anyio.create_task_group() as all_:
                for number in range(5):
                    all_.start_soon(load.mcp, path, number)
                for number in range(5, 9):
                    all_.start_soon(load.rest, address, number)

    with served(path) as address:
        anyio.run(run, address)
    assert not load.wrong, load.wrong[:3]
    assert min(load.answers.values()) >= 20, load.answers
    assert len(load.kept) == 9
    with Memory(path, embedder=None) as memory:
        assert memory.verify().clean
        texts = [one.text for one in memory.episodes(scope="acme/*")]
    assert len(texts) == len(set(texts)) == sum(load.kept.values())
