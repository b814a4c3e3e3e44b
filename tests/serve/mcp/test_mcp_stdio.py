"""`mnemic mcp` as a real process: start-up, what is on its streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from tests.serve.mcp.talk import NEW, OLD, SRC, process, said

from mnemic import Memory
from mnemic.serve.mcp.check import check

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


class Pipe:
    """A process and its lines."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self.running = running
        self.lines: list[str] = []

    def send(self, message: dict[str, Any] | str) -> None:
        assert self.running.stdin
        text = message if isinstance(message, str) else json.dumps(message)
        self.running.stdin.write(text + "\n")
        self.running.stdin.flush()

    def answer(self, id_: int | None) -> dict[str, Any]:
        assert self.running.stdout
        while line := self.running.stdout.readline():
            self.lines.append(line)
            found: dict[str, Any] = json.loads(line)
            if found.get("id") == id_ and ("result" in found or "error" in found):
                return found
        raise AssertionError(f"the process went away: {self.lines[-3:]}")

    def tool(self, id_: int, name: str, **arguments: Any) -> dict[str, Any]:
        self.send(
            {"jsonrpc": "2.0", "id": id_, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
        )  # fmt: skip
        return self.answer(id_)


@contextmanager
def piped(db: Path, *options: str, cwd: Path | None = None, **env: str) -> Iterator[Pipe]:
    running = subprocess.Popen(
        [sys.executable, "-m", "mnemic.serve.cli", "mcp", "--db", str(db), *options],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(SRC), **env},
    )  # fmt: skip
    with running:
        pipe = Pipe(running)
        try:
            yield pipe
        finally:
            assert running.stdin
            running.stdin.close()
            try:
                running.wait(10)
            except subprocess.TimeoutExpired:
                running.kill()


def test_it_recalls_what_was_there(tmp_path: Path) -> None:
    """Handshake, then a recall; `mnemic mcp check` says how long each takes."""
    with Memory(tmp_path / "a.mnemic", background=False) as memory:
        memory.remember("Ana moved to Lisbon.", scope="acme/ana", speaker="Ana")
    with piped(tmp_path / "a.mnemic", "--scope", "acme/ana") as pipe:
        pipe.send(INITIALIZE)
        first = pipe.answer(1)["result"]
        assert first["protocolVersion"] == "2025-11-25"
        assert first["serverInfo"]["name"] == "mnemic"
        pipe.send(READY)
        found = pipe.tool(2, "recall", query="Where does Ana live?")["result"]
        assert "Lisbon" in found["content"][0]["text"]


def test_a_store_that_cannot_be_opened_is_told_of_by_the_call_that_needs_it(
    tmp_path: Path,
) -> None:
    """The handshake goes well."""
    damaged = tmp_path / "a.mnemic"
    damaged.write_bytes(b"no store at all" * 1_000)
    with piped(damaged, "--scope", "acme/ana") as pipe:
        pipe.send(INITIALIZE)
        assert pipe.answer(1)["result"]["serverInfo"]["name"] == "mnemic"
        pipe.send(READY)
        said = pipe.tool(2, "recall", query="Where does Ana live?")["result"]
        assert said["isError"]
        assert "cannot be used" in said["content"][0]["text"]


def test_only_mcp_is_on_standard_output(tmp_path: Path) -> None:
    """Every line of standard output is a message, whatever comes in; the process ends cleanly."""
    with piped(tmp_path / "a.mnemic", "--scope", "a/b") as pipe:
        pipe.send(INITIALIZE)
        pipe.answer(1)
        pipe.send(READY)
        pipe.send("this is not JSON")
        pipe.send('{"jsonrpc": "2.0", "id": 7}')
        pipe.send({"jsonrpc": "2.0", "id": 8, "method": "no/such"})
        assert pipe.answer(8)["error"]["code"] == -32601
        assert pipe.tool(9, "remember", text="x")["result"]["isError"] is False
        assert pipe.tool(10, "recall", query="x")["result"]["isError"] is False
        assert pipe.running.stdin
        pipe.running.stdin.close()
        assert pipe.running.stdout
        assert pipe.running.stdout.read() == ""
        assert pipe.running.wait(60) == 0
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in pipe.lines)


@pytest.mark.parametrize("mode", [OLD, NEW])
def test_the_sdks_client_over_stdio(tmp_path: Path, mode: str) -> None:
    """A whole session in a real process, in both revisions; the next process knows it."""

    async def run() -> tuple[str, str, str]:
        server = process(tmp_path / "a.mnemic", "--scope", "acme/ana")
        async with Client(server, mode=mode) as client:
            kept = said(await client.call_tool("remember", {"text": "We chose PostgreSQL."}))
        async with Client(server, mode=mode) as client:
            found = said(await client.call_tool("recall", {"query": "PostgreSQL database"}))
            start = (await client.get_prompt("start_of_session")).messages[0].content.text
        return kept, found, start

    kept, found, start = anyio.run(run)
    assert kept.startswith("Remembered in scope acme/ana")
    assert "We chose PostgreSQL." in found
    assert "We chose PostgreSQL." in start or "scope acme/ana" in start


def test_the_scope_is_the_projects(tmp_path: Path) -> None:
    """Without --scope a server works in the scope of the repository it is started in, and no other."""
    (tmp_path / "shop" / ".git").mkdir(parents=True)
    (tmp_path / "shop" / "src").mkdir()
    with piped(tmp_path / "a.mnemic", cwd=tmp_path / "shop" / "src") as pipe:
        pipe.send(INITIALIZE)
        pipe.answer(1)
        pipe.send(READY)
        kept = pipe.tool(2, "remember", text="x")["result"]["structuredContent"]
        assert kept["scope"] == "code/shop"
        assert pipe.tool(3, "remember", text="x", scope="code/other")["result"]["isError"]
    with piped(tmp_path / "a.mnemic", "--scope-any", MNEMIC_SCOPE="me/x") as pipe:
        pipe.send(INITIALIZE)
        pipe.answer(1)
        pipe.send(READY)
        assert pipe.tool(2, "remember", text="x")["result"]["structuredContent"]["scope"] == "me/x"
        assert not pipe.tool(3, "remember", text="x", scope="code/other")["result"]["isError"]


def test_a_client_that_goes_at_once_leaves_nothing_behind(tmp_path: Path) -> None:
    """Gone while the store and the model still open: the process ends by itself, with no complaint."""
    for wait_s in (0.0, 0.6, 1.2):
        with piped(tmp_path / "a.mnemic", "--scope", "a/b") as pipe:
            pipe.send(INITIALIZE)
            pipe.answer(1)
            time.sleep(wait_s)
            assert pipe.running.stdin
            assert pipe.running.stderr
            pipe.running.stdin.close()
            assert pipe.running.wait(60) == 0
            assert pipe.running.stderr.read() == ""


def test_a_bad_scope_is_said_at_once(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mnemic.serve.cli", "mcp", "--scope", "../x"],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(SRC)},
    )  # fmt: skip
    assert done.returncode == 2
    assert "../x" in done.stderr
    assert not done.stdout


def test_a_store_that_is_none_is_told_to_the_model(tmp_path: Path) -> None:
    path = tmp_path / "a.mnemic"
    path.write_bytes(b"this is a text file, not a store" * 1000)
    with piped(path, "--scope", "a/b") as pipe:
        pipe.send(INITIALIZE)
        pipe.answer(1)
        pipe.send(READY)
        found = pipe.tool(2, "recall", query="x")["result"]
        assert found["isError"]
        assert str(tmp_path) not in json.dumps(found)
    assert path.read_bytes().startswith(b"this is a text file")


def test_a_cancelled_call_leaves_the_server_able(tmp_path: Path) -> None:
    """A client that cancels a sleep gets its next answer, and the store is clean."""
    path = tmp_path / "a.mnemic"
    with Memory(path, embedder=None) as memory:
        memory.remember_many(
            {"text": f"I moved to town {number}.", "scope": "a/b", "speaker": "Ana", "session": str(number)}
            for number in range(300)
        )  # fmt: skip
    with piped(path, "--scope", "a/b") as pipe:
        pipe.send(INITIALIZE)
        pipe.answer(1)
        pipe.send(READY)
        pipe.tool(2, "facts")
        pipe.send(
            {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "sleep", "arguments": {"budget_s": 3}}}
        )  # fmt: skip
        pipe.send(
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 3}}
        )
        assert "town" in pipe.tool(4, "recall", query="town")["result"]["content"][0]["text"]
    with Memory(path, embedder=None) as memory:
        assert memory.verify().clean


@pytest.mark.parametrize("old", [False, True])
def test_the_check_meets_what_a_client_meets(tmp_path: Path, old: bool) -> None:
    found = check(
        [sys.executable, "-m", "mnemic.serve.cli"],
        ["--db", str(tmp_path / "a.mnemic"), "--scope", "a/b"],
        old=old,
    )
    assert found.revision == ("2025-11-25" if old else "2026-07-28")
    assert found.tools == 8
    assert found.tools_bytes <= 6_000
    assert 0 < found.handshake_s < found.first_recall_s
    assert found.answer.startswith("Not in memory")
