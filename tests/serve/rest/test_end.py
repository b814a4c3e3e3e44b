"""A real `mnemic serve`: how it begins, how it ends, and that nothing acknowledged is lost in between."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from mnemic import Memory
from mnemic.serve.keys import Keys
from mnemic.serve.server import CannotListen, address, listen

from .conftest import open_door

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")


def _serve(db: Path, *options: str, port: int = 0) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "mnemic.serve.cli",
        "serve",
        "--db",
        str(db),
        "--port",
        str(port),
        *options,
    ]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    line = process.stderr.readline()
    found = re.search(r"http://[^ ]+", line)
    assert found is not None, line + process.stderr.read()
    return found[0].rstrip("/")


def _rest(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    with process.stderr:
        return process.stderr.read()


def test_sigterm_under_load_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """What was answered with an id is there afterwards; the store is clean; the exit code is 0."""
    db = tmp_path / "a.mnemic"
    process = _serve(db, "--log-level", "error")
    url, kept, stop = _address(process), [], threading.Event()

    def write(number: int) -> None:
        with httpx.Client(timeout=20) as client:
            for count in range(10_000):
                if stop.is_set():
                    return
                try:
                    answer = client.post(
                        f"{url}/v1/episodes", json={"text": f"{number} said {count}"}
                    )
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    kept.append(answer.json()["id"])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + 60
    while len(kept) < 60 and time.monotonic() < ends:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    stop.set()
    for thread in threads:
        thread.join()
    assert _rest(process) == ""
    assert len(kept) >= 60
    with Memory(db, embedder=None) as memory:
        assert memory.verify().clean
        assert set(kept) <= {one.id for one in memory.episodes()}


def test_a_port_in_use_is_told_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = _serve(tmp_path / "a.mnemic", port=port)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 3
    assert f"port {port} on 127.0.0.1 is in use" in said.replace("\n", " ")
    assert "--port" in said
    assert "Traceback" not in said
    assert not (tmp_path / "a.mnemic").exists()


def test_without_a_key_it_does_not_listen_beyond_loopback(tmp_path: Path) -> None:
    process = _serve(tmp_path / "a.mnemic", "--host", "0.0.0.0")
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 2
    assert "mnemic key create" in said


def test_with_a_key_it_does_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    db = tmp_path / "a.mnemic"
    keys = Keys.beside(db)
    _, token = keys.create(may="read,write", reach=["acme/*"])
    process = _serve(db, "--host", "0.0.0.0")
    url = _address(process)
    assert httpx.get(f"{url}/v1/scopes").status_code == 401
    kept = httpx.post(f"{url}/v1/episodes", json={"text": "a", "scope": "acme/x"},
                      headers={"authorization": f"Bearer {token}"})  # fmt: skip
    assert kept.status_code == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    lines = [json.loads(line) for line in _rest(process).splitlines()]
    assert [one["event"] for one in lines] == ["serving", "request", "request", "ended"]
    assert token[-64:] not in json.dumps(lines)


def test_addresses_that_are_not_ours_are_told() -> None:
    for host in ("203.0.113.7", "no-such-host.invalid"):
        with pytest.raises(CannotListen, match=host):
            listen(host, 0)
    assert address("0.0.0.0", 80) == "http://127.0.0.1:80/"
    assert address("::1", 80) == "http://[::1]:80/"


# -- what watchers see -----------------------------------------------------------------------


def test_ready_says_what_it_waits_for(slept: Memory) -> None:
    with open_door(slept) as door:
        ends = time.monotonic() + 60
        while door.get("/readyz").status_code != 200:
            assert time.monotonic() < ends
        said = door.get("/readyz").json()
        assert said["store"] == "ok"
        assert said["embedder"] == "hash/64"
        assert said["warm"] is True
        door.app.state.condition.closing = True
        assert door.get("/readyz").status_code == 503


def test_figures_count_and_name_nobody(slept: Memory) -> None:
    with open_door(slept) as door:
        door.post("/v1/recall", {"query": "Where does Ana live?", "scope": "acme/ana"})
        door.post("/v1/recall", {"query": "x", "scope": "nobody"})
        said = door.get("/metrics").text
    assert 'mnemic_requests_total{operation="recall",status="200"} 1.0' in said
    assert 'mnemic_requests_total{operation="recall",status="404"} 1.0' in said
    assert 'mnemic_recall_stage_seconds_count{stage="embed"} 1.0' in said
    assert "mnemic_episodes 4.0" in said
    assert "acme" not in said


def test_it_sleeps_by_itself_when_there_is_something_new(memory: Memory) -> None:
    memory.remember("I live in Porto.", speaker="Ana", said_at="2026-01-01T00:00:00Z")

    def sleeps(door: Any, outcome: str, count: int) -> None:
        ends = time.monotonic() + 60
        while f'mnemic_sleeps_total{{outcome="{outcome}"}}' not in (
            said := door.get("/metrics").text
        ):
            assert time.monotonic() < ends, said
            time.sleep(0.02)
        assert len(memory.runs()) == count

    with open_door(memory, sleep_every_s=0.05) as door:
        sleeps(door, "done", 1)
        sleeps(door, "nothing new", 1)
        memory.remember("I moved to Lisbon.", speaker="Ana", said_at="2026-02-01T00:00:00Z")
        ends = time.monotonic() + 60
        while len(memory.runs()) < 2:
            assert time.monotonic() < ends
            time.sleep(0.02)


def test_missing_traces_are_told(slept: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with open_door(slept) as door:
        assert "pip install 'mnemic[otel]'" in door.log.getvalue()


def test_spans_name_the_operation_and_nothing_else(slept: Memory) -> None:
    otel = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    from mnemic.serve.rest.traces import OpenTelemetry

    exporter = otel.InMemorySpanExporter()
    made = OpenTelemetry(exporter)
    parent = {"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"}
    with pytest.raises(KeyError), made.span("recall", parent):
        raise KeyError("secret")
    made.close()
    (span,) = exporter.get_finished_spans()
    assert span.name == "mnemic recall"
    assert f"{span.context.trace_id:032x}" == "1" * 32
    assert "secret" not in span.to_json()
