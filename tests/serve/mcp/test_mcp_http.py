"""MCP over HTTP: keys give the reach, foreign pages are turned away, requests stand on their own."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from tests.serve.mcp.talk import NEW, OLD, RIGHTS, SRC, said

from mnemic import Memory
from mnemic.serve.access import Access, Forbidden
from mnemic.serve.mcp import http as http_module
from mnemic.serve.mcp.http import http_app

KEYS = {
    "ana": Access("ana", RIGHTS, ("acme/ana",)),
    "bo": Access("bo", RIGHTS, ("other/bo",)),
    "reader": Access("reader", frozenset(("read",)), ("acme/*",)),
}
HEADERS = {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
    "Authorization": "Bearer ana",
    "Host": "127.0.0.1:8000",
}


def access_of(headers: Mapping[str, str]) -> Access:
    key = headers.get("authorization", "").removeprefix("Bearer ")
    if key not in KEYS:
        raise Forbidden("this key is not known")
    return KEYS[key]


@pytest.fixture
def web(memory: Memory) -> Iterator[TestClient]:
    """The app alone, whose lifespan it answers itself."""
    memory.remember("Ana moved to Lisbon.", scope="acme/ana", speaker="Ana")
    memory.remember("The code is zebra-4711.", scope="other/bo", speaker="Bo")
    with TestClient(http_app(memory, access_of), base_url="http://127.0.0.1:8000") as client:
        yield client


def rpc(method: str, params: dict[str, Any] | None = None, id_: int = 1) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": id_, "method": method, "params": params or {}})


def recall(query: str) -> str:
    return rpc("tools/call", {"name": "recall", "arguments": {"query": query}})


def read(answer: httpx.Response) -> dict[str, Any]:
    """The message of an answer, as JSON or as an event."""
    text = answer.text
    events = re.findall(r"^data: (.+)$", text, re.MULTILINE)
    found: dict[str, Any] = json.loads(events[-1] if events else text)
    return found


def test_a_key_gives_its_own_memory_and_no_other(web: TestClient) -> None:
    mine = read(web.post("/", content=recall("code Lisbon"), headers=HEADERS))
    assert "Lisbon" in mine["result"]["content"][0]["text"]
    assert "zebra" not in json.dumps(mine)
    theirs = {**HEADERS, "Authorization": "Bearer bo"}
    assert "zebra-4711" in json.dumps(read(web.post("/", content=recall("code"), headers=theirs)))


def test_a_reader_cannot_write(web: TestClient) -> None:
    reader = {**HEADERS, "Authorization": "Bearer reader"}
    listed = read(web.post("/", content=rpc("tools/list"), headers=reader))
    names = {tool["name"] for tool in listed["result"]["tools"]}
    assert names == {"recall", "context", "timeline", "facts"}
    body = rpc("tools/call", {"name": "remember", "arguments": {"text": "x", "scope": "acme/ana"}})
    found = read(web.post("/", content=body, headers=reader))["result"]
    assert found["isError"]
    assert "may not write" in found["content"][0]["text"]


@pytest.mark.parametrize("key", ["", "Bearer ", "Bearer nobody", "Basic ana", "Bearer ana2", "é"])
def test_a_wrong_key_is_401(web: TestClient, key: str) -> None:
    headers = {**HEADERS, "Authorization": key.encode("latin-1")}
    answer = web.post("/", content=recall("x"), headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "urn:mnemic:problem:forbidden"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil:80", ""]
)
def test_a_forged_host_is_turned_away(web: TestClient, host: str) -> None:
    """Even with a good key: a rebound name is not ours."""
    for method in ("POST", "GET", "DELETE"):
        answer = web.request(method, "/", content=recall("x"), headers={**HEADERS, "Host": host})
        assert answer.status_code == 421


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        "https://localhost:1",
        "file://",
    ],
)
def test_a_foreign_origin_is_turned_away(web: TestClient, origin: str) -> None:
    answer = web.post("/", content=recall("x"), headers={**HEADERS, "Origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_our_own_origin_is_let_in(web: TestClient) -> None:
    for origin in ("http://127.0.0.1:8000", "http://localhost:5173", "http://[::1]:8000"):
        answer = web.post("/", content=recall("Lisbon"), headers={**HEADERS, "Origin": origin})
        assert answer.status_code == 200


def test_a_big_body_is_refused(web: TestClient) -> None:
    answer = web.post("/", content=recall("x" * 6_000_000), headers=HEADERS)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", '"x"', '{"jsonrpc": "2.0"}', "\x00", "[" * 5000]
)
@pytest.mark.parametrize("version", [None, "2025-11-25", "2026-07-28", "1999-01-01"])
def test_a_body_that_is_none_is_a_plain_refusal(
    web: TestClient, body: str, version: str | None
) -> None:
    headers = {**HEADERS, **({"MCP-Protocol-Version": version} if version else {})}
    answer = web.post("/", content=body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert "Traceback" not in answer.text


def test_it_stands_among_other_routes(memory: Memory) -> None:
    """As one route of a whole it answers at /mcp itself, without a redirect."""
    memory.remember("Ana moved to Lisbon.", scope="acme/ana")
    mcp = http_app(lambda: memory, access_of)
    whole = Starlette(routes=[Route("/mcp", mcp)], lifespan=lambda _: mcp.running())
    with TestClient(whole, base_url="http://127.0.0.1:8000", follow_redirects=False) as client:
        found = read(client.post("/mcp", content=recall("Lisbon"), headers=HEADERS))
        assert "Lisbon" in found["result"]["content"][0]["text"]


def test_who_comes_beyond_the_limit_is_asked_to_come_again(
    web: TestClient, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that is being answered keeps its place until it is done, and no longer."""
    inside, go_on = threading.Event(), threading.Event()
    found: list[httpx.Response] = []

    def slow(*args: Any, **more: Any) -> Any:
        inside.set()
        assert go_on.wait(60)
        return Memory.recall(memory, *args, **more)

    monkeypatch.setattr(http_module, "AT_ONCE_MAX", 1)
    monkeypatch.setattr(memory, "recall", slow)
    first = threading.Thread(
        target=lambda: found.append(web.post("/", content=recall("Lisbon"), headers=HEADERS))
    )
    first.start()
    assert inside.wait(60)
    said = web.post("/", content=recall("Lisbon"), headers=HEADERS)
    assert (said.status_code, said.headers["retry-after"]) == (429, "1")
    assert said.json()["title"] == "overloaded"
    assert (
        web.post("/", content="{}", headers={**HEADERS, "Authorization": "Bearer no"}).status_code
        == 401
    )
    go_on.set()
    first.join(60)
    assert "Lisbon" in found[0].text
    assert web.post("/", content=recall("Lisbon"), headers=HEADERS).status_code == 200


def test_a_body_that_falls_silent_gives_its_place_back(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_module, "SILENCE_S_MAX", 0.2)
    app = http_app(lambda: memory, access_of, hosts=None)
    head = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": head, "query_string": b""}
    sent: list[Any] = []

    async def receive() -> Any:
        if sent:
            await anyio.sleep(600)
        sent.append("begun")
        return {"type": "http.request", "body": b'{"jsonrpc"', "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        with anyio.fail_after(60):
            async with app.running():
                await app(scope, receive, send)

    anyio.run(run)
    assert app._under_way == 0


# -- stand-alone -----------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(db: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen(
        [sys.executable, "-m", "mnemic.serve.cli", "mcp", "--http", "--port", str(port), "--db", str(db), "--scope", "acme/ana"],
        env={**os.environ, "PYTHONPATH": str(SRC)}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with running:
        try:
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", port), 0.2).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield running
        finally:
            running.terminate()


@pytest.mark.parametrize("mode", [OLD, NEW])
def test_the_sdks_client_over_http(tmp_path: Path, mode: str) -> None:
    """A real server on loopback, the SDK's client, both revisions; a forged host is turned away."""
    port = free_port()

    async def run() -> tuple[str, str]:
        async with Client(f"http://127.0.0.1:{port}/mcp", mode=mode) as client:
            kept = said(await client.call_tool("remember", {"text": "We chose PostgreSQL."}))
            return kept, said(await client.call_tool("recall", {"query": "PostgreSQL"}))

    with serving(tmp_path / "a.mnemic", port):
        kept, found = anyio.run(run)
        forged = httpx.post(
            f"http://127.0.0.1:{port}/mcp",
            content=recall("x"),
            headers={**HEADERS, "Host": "evil.example"},
        )
    assert "Remembered" in kept
    assert "We chose PostgreSQL." in found
    assert forged.status_code == 421


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "mnemic.serve.cli", "mcp", "--http", "--port", str(port), "--db", str(tmp_path / "a.mnemic")],
            env={**os.environ, "PYTHONPATH": str(SRC)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert f"port {port} cannot be taken" in done.stderr
