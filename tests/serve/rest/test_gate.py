"""Who may ask from where, and how much may be sent how slowly."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from mnemic import Memory
from mnemic.serve import connection

from .conftest import Door, listening, open_door

ASK = {"query": "Ana", "scope": "acme/ana"}


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:6636", "[::1]:6636", "LOCALHOST:1", "localhost."]
)
def test_names_of_loopback_are_answered(door: Door, host: str) -> None:
    assert door.get("/v1/scopes", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:6636", "127.0.0.1.evil.example", "localhost@evil.example", "localhost/",
     "192.168.0.2", "localhost:6636:1", "a" * 300, "[::1"],
)  # fmt: skip
def test_another_name_is_refused_whatever_is_asked(door: Door, host: str) -> None:
    """A name that was rebound to loopback reaches neither the page nor the memory."""
    for path in ("/v1/scopes", "/healthz", "/v1/openapi.json", "/nothing"):
        assert door.get(path, headers={"host": host}).status_code == 403
    assert door.post("/v1/recall", ASK, headers={"host": host}).status_code == 403


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost:9999", "file://", "http://127.0.0.1:6636.evil.example", ""],
)  # fmt: skip
def test_pages_of_elsewhere_are_refused_also_with_get(door: Door, origin: str) -> None:
    for answer in (
        door.get("/v1/scopes", headers={"origin": origin}),
        door.post("/v1/recall", ASK, headers={"origin": origin}),
        door.client.options("/v1/recall", headers={"origin": origin, "access-control-request-method": "POST"}),
    ):  # fmt: skip
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_own_page_may_ask(door: Door) -> None:
    own = {"origin": "http://127.0.0.1:6636", "sec-fetch-site": "same-origin"}
    assert door.post("/v1/recall", ASK, headers=own).status_code == 200
    for site, status in (
        ("same-origin", 200),
        ("none", 200),
        ("cross-site", 403),
        ("same-site", 403),
    ):
        assert door.get("/v1/scopes", headers={"sec-fetch-site": site}).status_code == status


def test_a_page_that_is_allowed_may_ask_and_read_and_no_other(slept: Memory) -> None:
    page = "https://app.example"
    with open_door(slept, allowed_origins=(page,)) as door:
        asked = {"origin": page, "sec-fetch-site": "cross-site"}
        before = door.client.options(
            "/v1/recall", headers={**asked, "access-control-request-method": "POST"}
        )
        assert before.status_code == 204
        assert "Authorization" in before.headers["access-control-allow-headers"]
        answer = door.post("/v1/recall", ASK, headers=asked)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == page
        assert "access-control-allow-credentials" not in answer.headers
        assert door.get("/v1/scopes", headers={"origin": "https://evil.example"}).status_code == 403


def test_a_name_that_is_allowed_is_answered(slept: Memory) -> None:
    with open_door(slept, allowed_hosts=("memory.example",)) as door:
        assert door.get("/v1/scopes", headers={"host": "memory.example:80"}).status_code == 200
        assert door.get("/v1/scopes", headers={"host": "other.example"}).status_code == 403


def test_addresses_and_headers_have_a_length(door: Door) -> None:
    assert door.get("/v1/scopes?x=" + "y" * 60_000).status_code == 414
    assert door.get("/v1/scopes", headers={"x-long": "y" * 40_000}).status_code == 431


@pytest.fixture
def url(slept: Memory) -> Iterator[str]:
    with listening(slept, body_bytes_max=100_000, body_s_max=0.6, header_s_max=0.6) as found:
        yield found


def _raw(url: str, sent: bytes, pause_s: float = 0, then: bytes = b"") -> bytes:
    """What comes back over a plain socket."""
    place = urlsplit(url)
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=30) as line:
        line.sendall(sent.replace(b"HOST", place.netloc.encode()))
        if pause_s:
            time.sleep(pause_s)
        with contextlib.suppress(OSError):
            line.sendall(then)
        found = b""
        with contextlib.suppress(ConnectionError):  # but not its own patience
            while piece := line.recv(65_536):
                found += piece
        return found


HEAD = b"POST /v1/recall HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\n"


def test_fifty_megabytes_are_refused_before_they_are_read(url: str) -> None:
    said = _raw(url, HEAD + b"Content-Length: 52428800\r\n\r\n" + b"x" * 10_000)
    assert said.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in said.lower()


def test_who_sends_a_refused_body_whole_reads_why(url: str) -> None:
    """The line is not reset while the client still sends: a client that reads only then is answered."""
    for size in (200_000, 6_000_000, 50_000_000):
        head = HEAD + b"Content-Length: %d\r\n\r\n" % size
        for _ in range(3):
            said = _raw(url, head, pause_s=0.05, then=b"x" * size)
            assert said.startswith(b"HTTP/1.1 413")
            assert said.endswith(b"}"), "the answer came whole"
        with httpx.Client() as client:
            kind = {"content-type": "application/json"}
            answer = client.post(f"{url}/v1/recall", content=b"x" * size, headers=kind)
            assert (answer.status_code, answer.headers["connection"]) == (413, "close")
            assert client.get(f"{url}/healthz").status_code == 200


def test_who_never_ends_a_refused_body_is_cut(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent after the answer is thrown away, for a moment only."""
    monkeypatch.setattr(connection, "LINGER_S_MAX", 0.5)
    place, began = urlsplit(url), time.monotonic()
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=10) as line:
        head = HEAD + b"Content-Length: 52428800\r\n\r\n"
        line.sendall(head.replace(b"HOST", place.netloc.encode()))
        with pytest.raises(OSError):
            while time.monotonic() - began < 60:
                line.sendall(b"x" * 1_000)
                time.sleep(0.02)
    assert time.monotonic() - began > 0.4


def test_a_body_without_a_length_is_cut_at_the_limit(url: str) -> None:
    piece = b"2710\r\n" + b"x" * 10_000 + b"\r\n"
    said = _raw(url, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + piece * 15)
    assert said.startswith(b"HTTP/1.1 413")


def test_a_body_that_drips_is_cut(url: str) -> None:
    said = _raw(url, HEAD + b'Content-Length: 50\r\n\r\n{"query"', pause_s=1.0)
    assert said.startswith(b"HTTP/1.1 408")


def test_a_header_that_drips_is_cut(url: str) -> None:
    assert _raw(url, b"POST /v1/recall HTTP/1.1\r\nHo", pause_s=1.0) == b""


def test_a_lie_about_the_length_is_refused(url: str) -> None:
    for length in (b"-1", b"1e3", b"0x10", b"9" * 400):
        said = _raw(url, HEAD + b"Content-Length: " + length + b"\r\n\r\n{}")
        assert said.split(b" ")[1] in (b"400", b"413")
    both = _raw(
        url,
        HEAD
        + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    )
    assert both.count(b"HTTP/1.1 200") == 0


def test_a_line_stays_open_for_the_next_request(url: str) -> None:
    with httpx.Client() as client:
        for _ in range(3):
            assert client.post(f"{url}/v1/recall", json=ASK).status_code == 200
            time.sleep(0.7)  # longer than a header may take
