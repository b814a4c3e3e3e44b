"""What a hostile review found: each of these once went wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from mnemic import Memory
from mnemic.errors import InvalidInput
from mnemic.serve.keys import Keys
from mnemic.serve.rest import Limits, Settings, health
from mnemic.serve.rest.pool import Overloaded, Pool, TooLong
from mnemic.serve.rest.replay import Replay
from mnemic.serve.server import other_doors

from .conftest import Door, listening, open_door


def _bearer(token: str, **more: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", **more}


def test_keys_of_one_name_share_no_kept_answers(slept: Memory, keys: Keys) -> None:
    """Names need not differ, so an answer is kept for the key and not for its name."""
    _, ours = keys.create(may="write", reach=["acme/*"], name="app")
    _, theirs = keys.create(may="write", reach=["other/*"], name="app")
    rows = {"scope": "acme/ana", "rows": [{"text": "The code is 4711."}]}
    with open_door(slept, keys) as door:
        first = door.post(
            "/v1/episodes/batch", rows, headers=_bearer(ours, **{"idempotency-key": "k"})
        )
        other = door.post(
            "/v1/episodes/batch", rows, headers=_bearer(theirs, **{"idempotency-key": "k"})
        )
    assert first.status_code == 200
    assert (other.status_code, other.json()["title"]) == (404, "not found")


def test_no_more_exports_run_than_may(slept: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when they come at once: each would hold a page of episodes and a thread."""
    go, begun, real = threading.Event(), [], Memory.episodes

    def held(self: Memory, **asked: object) -> object:
        begun.append(1)
        go.wait(60)
        return real(self, **asked)  # type: ignore[arg-type]

    monkeypatch.setattr(Memory, "episodes", held)
    with (
        open_door(slept, limits=Limits(exports_max=1, workers=4)) as door,
        ThreadPoolExecutor(3) as clients,
    ):
        asked = [clients.submit(door.get, "/v1/export?scope=acme/ana") for _ in range(3)]
        ends = time.monotonic() + 60
        while sum(one.done() for one in asked) < 2 and time.monotonic() < ends:
            time.sleep(0.01)
        count = len(begun)
        go.set()
        found = sorted(one.result().status_code for one in asked)
        assert door.get("/v1/export?scope=nobody").status_code == 404
        assert door.get("/v1/export?scope=acme/ana").status_code == 200
    assert (count, found) == (1, [200, 429, 429])


def test_a_pool_in_which_nobody_may_wait_refuses() -> None:
    async def main() -> None:
        pool, go = Pool("t", threads=1, waiting_max=0), threading.Event()
        first = asyncio.create_task(pool.run(lambda: go.wait(5), lane="a", deadline_s=5))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await pool.run(lambda: 1, lane="b", deadline_s=1)
        go.set()
        assert await first
        assert await pool.close(1)

    asyncio.run(main())


def test_an_admin_of_one_tenant_does_not_see_the_figures_of_all(slept: Memory, keys: Keys) -> None:
    _, tenant = keys.create(may="read,admin", reach=["acme/*"])
    _, whole = keys.create(may="admin", reach=["*"])
    with open_door(slept, keys) as door:
        refused = door.get("/metrics", headers=_bearer(tenant))
        assert refused.status_code == 403
        assert "--scope '*'" in refused.json()["detail"]
        assert "mnemic_episodes" in door.get("/metrics", headers=_bearer(whole)).text


def _until_ready(door: Door) -> None:
    ends = time.monotonic() + 60
    while not door.app.state.condition.warm:
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_that_it_is_not_ready_yet_is_no_error(slept: Memory) -> None:
    """Whoever starts a server asks until it is ready; only a broken store is worth an error."""
    with open_door(slept) as door:
        _until_ready(door)
        door.app.state.condition.warm = False
        assert door.get("/readyz").status_code == 503
        lines = [json.loads(line) for line in door.log.getvalue().splitlines()]
    assert [(one["level"], one["operation"]) for one in lines] == [("info", "ready")]


def test_a_crowd_that_asks_for_readiness_does_not_make_it_unready(
    slept: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, looks = Memory.scopes, []

    def slow(self: Memory) -> object:
        looks.append(1)
        time.sleep(0.2)
        return real(self)

    with open_door(slept) as door, ThreadPoolExecutor(30) as clients:
        _until_ready(door)
        monkeypatch.setattr(Memory, "scopes", slow)
        monkeypatch.setattr(health, "READY_S_MAX", 60.0)  # a busy machine is no fault
        found = list(clients.map(lambda _: door.get("/readyz").status_code, range(30)))
    assert set(found) == {200}
    assert len(looks) < 10


def test_what_ends_a_task_in_the_background_is_told_and_the_server_goes_on(
    slept: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would never be ready, or never sleep again, and nothing would say why."""
    calls = []

    def broken(*_: object, **__: object) -> None:
        calls.append(1)
        raise OSError("of the machine")

    monkeypatch.setattr(Memory, "evidence", broken)
    monkeypatch.setattr(Memory, "sleep", broken)
    with open_door(slept, sleep_every_s=0.02) as door:
        _until_ready(door)
        assert door.get("/readyz").status_code == 200
        ends = time.monotonic() + 60
        while len(calls) < 3 and time.monotonic() < ends:
            time.sleep(0.01)
        said = door.log.getvalue()
    assert len(calls) >= 3
    assert '"operation": "warming up"' in said
    assert '"operation": "sleep by itself"' in said
    assert "of the machine" not in said


def test_an_erasure_does_not_hide_what_came_from_the_sleeper(memory: Memory) -> None:
    """As many episodes as before are not the same episodes."""
    gone = memory.remember("I live in Porto.", scope="a", said_at="2026-01-01T00:00:00Z")
    memory.remember("I like tea.", scope="b", said_at="2026-01-01T00:00:00Z")
    with open_door(memory, sleep_every_s=0.05) as door:
        ends = time.monotonic() + 60
        while 'outcome="nothing new"' not in door.get("/metrics").text:
            assert time.monotonic() < ends
        runs = len(memory.runs())
        memory.remember("I moved to Lisbon.", scope="b", said_at="2026-02-01T00:00:00Z")
        memory.erase([gone], scope="a")
        while len([run for run in memory.runs() if run.phases != "erase"]) <= runs:
            assert time.monotonic() < ends
            time.sleep(0.02)


def test_a_retry_of_what_took_too_long_does_not_begin_it_again() -> None:
    """A deadline that passes is when clients retry; the work still runs in its thread."""

    async def main() -> None:
        pool, replay = Pool("t", threads=4, waiting_max=4), Replay(Limits())
        calls, go = [], threading.Event()

        def work() -> bytes:
            calls.append(1)
            go.wait(5)
            return b"done"

        async def ask() -> tuple[bytes, bool]:
            async def do() -> bytes:
                said: bytes = await pool.run(work, lane="a", deadline_s=0.05)
                return said

            return await replay.once("a", "correct", "k", b"said", do, 0.05)

        for _ in range(3):
            with pytest.raises(TooLong) as late:
                await ask()
            assert late.value.begun
        go.set()
        await asyncio.sleep(0.1)
        assert await ask() == (b"done", True)
        assert calls == [1]
        assert await pool.close(1)

    asyncio.run(main())


def _whole(memory: Memory, keys: Keys | None = None, **changes: Any) -> Any:
    """The server with all its doors."""
    settings = Settings(**changes)
    more, lifespans = other_doors(
        memory, keys or Keys(memory.store.path.with_suffix(".k")), settings
    )
    return open_door(memory, keys, more=more, lifespans=lifespans, **changes)


CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
MCP = {"accept": "application/json, text/event-stream"}


def test_mcp_answers_to_every_name_that_the_rest_answers_to_and_no_other(
    slept: Memory, keys: Keys
) -> None:
    _, token = keys.create(may="read", reach=["acme/*"])
    with _whole(slept, keys, host="0.0.0.0", allowed_hosts=("memory.lan",)) as door:
        for host, status in (
            ("192.168.0.2:6636", 200), ("MEMORY.lan", 200), ("localhost.", 200), ("[::1]:1", 200),
            ("evil.example", 403),
        ):  # fmt: skip
            answer = door.post("/mcp", CALL, headers=_bearer(token, host=host, **MCP))
            assert answer.status_code == status, host
        page = _bearer(token, host="192.168.0.2", origin="https://evil.example", **MCP)
        assert door.post("/mcp", CALL, headers=page).status_code == 403
        assert door.post("/mcp", CALL, headers=MCP).status_code == 401
        lines = [json.loads(line) for line in door.log.getvalue().splitlines()]
    name = keys.all()[0].name
    assert [one["caller"] for one in lines if one.get("operation") == "mcp"] == [name] * 4


def test_mcp_holds_no_line_open_that_says_nothing(slept: Memory) -> None:
    """Each would have kept a connection for ever, and nothing is ever sent unasked."""
    with _whole(slept) as door:
        answer = door.get("/mcp", headers={"accept": "text/event-stream"})
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_the_page_says_each_header_once(slept: Memory) -> None:
    with _whole(slept) as door:
        for path in ("/", "/favicon.ico", "/assets/none", "/v1/scopes", "/mcp"):
            named = [name for name, _ in door.get(path).headers.multi_items()]
            assert len(named) == len(set(named)), path


def test_a_client_that_never_reads_is_cut_and_its_answer_let_go(memory: Memory) -> None:
    """Each would have kept an answer of megabytes for as long as it liked."""
    memory.remember_many(
        {"text": f"{number} " + "word " * 2_000, "scope": "a", "said_at": "2026-01-01T00:00:00Z"}
        for number in range(1_000)
    )
    with listening(memory, stalled_s=0.3) as url:
        place = urlsplit(url)
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            line.connect((str(place.hostname), place.port or 0))
            line.sendall(
                b"GET /v1/episodes?scope=a&limit=1000 HTTP/1.1\r\nHost: "
                + place.netloc.encode()
                + b"\r\n\r\n"
            )
            time.sleep(2)
            line.settimeout(5)
            got = 0
            with contextlib.suppress(ConnectionResetError):
                while piece := line.recv(1 << 20):
                    got += len(piece)
    assert got < 9_000_000


@pytest.mark.parametrize(
    "origin", ["*", "app.example", "https://", "https://a.example/path", "https://*.a"]
)
def test_an_origin_that_no_page_has_is_told_at_the_start(origin: str) -> None:
    """It would have let nobody in, and said nothing."""
    with pytest.raises(InvalidInput, match="--allow-origin"):
        Settings(allowed_origins=(origin,))


@pytest.mark.parametrize("host", ["a.example:80", "http://a.example", "a.example/", "", "a@b", "*"])
def test_a_name_that_no_request_has_is_told_at_the_start(host: str) -> None:
    with pytest.raises(InvalidInput, match="--allowed-host"):
        Settings(allowed_hosts=(host,))


def test_origins_and_names_as_they_are_written_are_taken() -> None:
    Settings(
        allowed_origins=("https://App.example", "http://localhost:3000/", "chrome-extension://abc"),
        allowed_hosts=("Memory.example", "10.0.0.7", "fe80::1", "[::1]"),
    )
