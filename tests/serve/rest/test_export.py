"""An export is whole, in pieces, and leaves nothing behind when nobody reads on."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from mnemic import Memory
from mnemic.importers import Report, open_import
from mnemic.serve.rest import export
from mnemic.testing.fakes import HashEmbedder

from .conftest import Door, listening, open_door

LONG = "word " * 1_000


@pytest.fixture
def large(memory: Memory) -> Memory:
    memory.remember_many(
        {
            "text": f"{number} {LONG}",
            "scope": "acme/ana",
            "ref": str(number),
            "said_at": "2026-01-01T00:00:00Z",
        }
        for number in range(2_500)
    )
    return memory


def test_an_export_is_read_back_to_the_same_ids(slept: Memory, tmp_path: Path) -> None:
    with open_door(slept) as door:
        answer = door.get("/v1/export", params={"scope": "acme/*"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="mnemic-acme.jsonl"'
    file = tmp_path / "export.jsonl"
    file.write_bytes(answer.content)
    with Memory(tmp_path / "other.mnemic", embedder=HashEmbedder(), background=False) as other:
        other.remember_many(open_import("jsonl", file, scope="default", report=Report()))
        assert [one.id for one in other.episodes(scope="acme/*")] == [
            one.id for one in slept.episodes(scope="acme/*")
        ]


def test_a_scope_that_is_not_there_is_told_before_anything_is_sent(door: Door) -> None:
    assert door.get("/v1/export", params={"scope": "nobody"}).status_code == 404
    assert door.get("/v1/export", params={"scope": "a//b"}).status_code == 422
    assert door.client.post("/v1/export").status_code == 405


def test_it_comes_in_pieces_and_is_whole(large: Memory) -> None:
    with (
        listening(large) as url,
        httpx.stream("GET", f"{url}/v1/export?scope=acme/ana", timeout=30) as answer,
    ):
        pieces = list(answer.iter_raw())
    lines = b"".join(pieces).splitlines()
    assert [json.loads(line)["ref"] for line in lines] == [str(number) for number in range(2_500)]
    assert len(pieces) > 10


def test_a_reader_that_vanishes_leaves_nothing_behind(large: Memory) -> None:
    """The export ends, its place is free, and the server answers on."""
    with listening(large, exports_max=1) as url:
        for _ in range(3):
            place = urlsplit(url)
            with socket.create_connection(
                (str(place.hostname), place.port or 0), timeout=10
            ) as line:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
                line.sendall(
                    f"GET /v1/export?scope=acme/ana HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode()
                )
                assert line.recv(1_000).startswith(b"HTTP/1.1 200")
                busy = httpx.get(f"{url}/v1/export?scope=acme/ana", timeout=10)
                assert busy.status_code == 429
                assert int(busy.headers["retry-after"]) > 0
            ends = time.monotonic() + 60
            while "mnemic_exports 0.0" not in httpx.get(f"{url}/metrics").text:
                assert time.monotonic() < ends
                time.sleep(0.05)
        answer = httpx.get(f"{url}/v1/export?scope=acme/ana", timeout=30)
        assert len(answer.content.splitlines()) == 2_500


def test_a_reader_that_stalls_is_cut(large: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "STALLED_S_MAX", 0.3)
    with listening(large, exports_max=1) as url:
        place = urlsplit(url)
        with socket.create_connection((str(place.hostname), place.port or 0), timeout=10) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            line.sendall(
                f"GET /v1/export?scope=acme/ana HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode()
            )
            line.recv(100)
            ends = time.monotonic() + 60
            while "mnemic_exports 0.0" not in httpx.get(f"{url}/metrics").text:
                assert time.monotonic() < ends
                time.sleep(0.05)
