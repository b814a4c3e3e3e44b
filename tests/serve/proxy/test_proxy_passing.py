"""What passes through: bytes as they are, streams piece by piece, errors untouched."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from proxy_upstream import Door, Got, Reply, Upstream, deltas, events, served, whole

from mnemic import Memory
from mnemic.serve.connection import Connection
from mnemic.serve.proxy.settings import ProxySettings

STREAM = {"stream": True}


def pieces_of(door: Door, body: dict[str, Any], path: str = "/chat/completions") -> list[bytes]:
    with door.client.stream("POST", door.url + path, json=body) as response:
        return list(response.iter_raw())


def body_of(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


@pytest.mark.parametrize("cut", [1, 2, 3, 7, 64])
def test_a_stream_passes_byte_by_byte(door: Door, upstream: Upstream, cut: int) -> None:
    """Cut inside a character, inside a line, with CRLF, CR, comments and odd fields."""
    raw = (
        b": hello\r\n\r\nevent: x\nid: 7\nretry: 3\n"
        + events(*deltas("Grüße ☀ "), done=False)
        + b"data:" + json.dumps(deltas("aus 🏙")[0], ensure_ascii=False).encode() + b"\r\n\r\n"
        + b'data: {"choices":\rdata: [{"delta":{"content":" Rom."}}]}\r\r'
        + b"data: no json\n\n: ping\n\ndata: [DONE]\r\n\r\nunended"
    )  # fmt: skip
    pieces = [raw[at : at + cut] for at in range(0, len(raw), cut)]
    upstream.says(Reply(pieces, type="text/event-stream; charset=utf-8"))
    assert b"".join(pieces_of(door, body_of("Hallo", **STREAM))) == raw
    assert door.kept() == [("user", "Hallo"), ("assistant", "Grüße ☀ aus 🏙 Rom.")]


def test_a_stream_is_not_held_back(door: Door, upstream: Upstream) -> None:
    """The first piece is there before the upstream has said the second."""
    pieces = [events(d, done=False) for d in deltas("a", "b", "c")]
    rest = threading.Event()
    upstream.says(Reply(pieces, type="text/event-stream", held=rest))
    with door.client.stream(
        "POST", f"{door.url}/chat/completions", json=body_of("x", **STREAM)
    ) as got:
        coming = got.iter_raw()
        assert next(coming) == pieces[0]
        assert upstream.sent == 1
        rest.set()
        assert b"".join(coming) == b"".join(pieces[1:])


def test_a_large_stream_takes_bounded_memory(door: Door, upstream: Upstream) -> None:
    """64 MB come through; what is kept of it is bounded, and memory with it."""
    piece = events(*deltas("x" * 60_000), done=False)
    count = (64 << 20) // len(piece)
    upstream.says(Reply([piece] * count, type="text/event-stream"))
    before = peak_bytes()
    size = 0
    with door.client.stream(
        "POST", f"{door.url}/chat/completions", json=body_of("x", **STREAM)
    ) as got:
        for part in got.iter_raw():
            size += len(part)
    assert size == len(piece) * count
    door.proxy.settle()
    assert peak_bytes() - before < 150 << 20
    assert door.proxy.counts["partial"] == 1


def peak_bytes() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "PATCH"])
def test_everything_else_passes_as_it_is(door: Door, upstream: Upstream, method: str) -> None:
    """Method, path as written, query, headers and body; and the same back."""
    upstream.says(
        Reply(
            [b"\x00\xff", b"x"], 299, "application/x-odd",
            [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Request-Id", "r")],
        )
    )  # fmt: skip
    path = "/files/a%2Fb%20c/%C3%A9?purpose=x&purpose=y&empty=&%2B=+"
    response = door.client.request(
        method, door.url + path, content=b"\x01\x02", headers={
            "Authorization": "Bearer sk-client", "OpenAI-Organization": "o", "X-Mnemic-Scope": "default",
            "Connection": "keep-alive, X-Hop", "X-Hop": "1", "TE": "trailers", "Cookie": "c=1",
        },
    )  # fmt: skip
    got = upstream.got[0]
    assert (got.method, got.target, got.body) == (method, "/v1" + path, b"\x01\x02")
    assert got.header("authorization") == "Bearer sk-client"
    assert got.header("openai-organization") == "o"
    assert got.header("host") == httpx.URL(upstream.url).netloc.decode()
    assert not {"x-hop", "te", "x-mnemic-scope"} & {name.lower() for name, _ in got.headers}
    assert (response.status_code, response.content) == (299, b"\x00\xffx")
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert response.headers["x-request-id"] == "r"


def test_answers_without_a_body_pass(door: Door, upstream: Upstream) -> None:
    """HEAD, and statuses that have none."""
    assert door.client.head(f"{door.url}/models").status_code == 200
    upstream.says(Reply([], 204))
    assert door.client.delete(f"{door.url}/files/x").status_code == 204


def test_a_request_that_stops_half_way_is_ended(
    opens: Callable[..., Door], upstream: Upstream
) -> None:
    """Not one that is slow, one that says nothing more."""
    at = httpx.URL(opens(body_silence_s_max=0.3).url)
    with socket.create_connection((at.host, at.port or 80)) as raw:
        raw.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"
        )
        assert raw.recv(1_000).startswith(b"HTTP/1.1 408")
    assert not upstream.got


def test_cookies_of_one_client_never_go_up_with_another(door: Door, upstream: Upstream) -> None:
    """The proxy keeps none."""
    upstream.says(Reply([b"{}"], headers=[("Set-Cookie", "session=secret; Path=/")]))
    httpx.get(f"{door.url}/models")
    httpx.get(f"{door.url}/models")
    assert upstream.got[1].header("cookie") is None


@pytest.mark.parametrize("status", [400, 401, 404, 422, 429, 500, 503, 302])
def test_the_upstreams_errors_pass_untouched(door: Door, upstream: Upstream, status: int) -> None:
    """Status, body and headers; the user's turn is kept, and the error is no answer."""
    raw = b'{"error": {"message": "no" }}'
    upstream.says(Reply([raw], status, headers=[("Retry-After", "7"), ("Location", "/x")]))
    response = door.chat(("user", "Hi"))
    assert (response.status_code, response.content) == (status, raw)
    assert response.headers["retry-after"] == "7"
    assert len(upstream.got) == 1, "nothing is asked twice"
    assert door.kept() == [("user", "Hi")]


def test_the_upstreams_key_takes_the_place_of_the_clients(
    opens: Callable[..., Door], upstream: Upstream
) -> None:
    """If one is set, no key of a client goes up."""
    from mnemic.agent.llm.settings import Secret

    door = opens(upstream_key=Secret("sk-up"))
    door.chat(("user", "x"), headers={"Authorization": "Bearer mine", "api-key": "mine"})
    body = {"messages": [{"role": "user", "content": "y"}]}
    door.client.post(f"{door.url}/messages", json=body, headers={"x-api-key": "mine"})
    assert upstream.got[0].header("authorization") == "Bearer sk-up"
    assert upstream.got[1].header("x-api-key") == "sk-up"
    assert not any("mine" in value for got in upstream.got for _, value in got.headers)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"null", b'{"messages":1}', b"\xff\xfe", b"[" * 100_000]
)
def test_malformed_requests_pass_as_they_are(door: Door, upstream: Upstream, raw: bytes) -> None:
    """The upstream says what is wrong with them, not we."""
    upstream.says(Reply([b"bad"], 400))
    response = door.client.post(f"{door.url}/chat/completions", content=raw)
    assert (response.status_code, response.content) == (400, b"bad")
    assert upstream.got[0].body == raw


def test_a_body_of_50_mb_passes_and_its_turn_is_kept(door: Door, upstream: Upstream) -> None:
    """An image of 50 MB in a request; what the user says beside it is kept."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 50_000_000}}
    said = {"role": "user", "content": [{"type": "text", "text": "What is it?"}, image]}
    raw = json.dumps({"model": "m", "messages": [said]}).encode()
    response = door.client.post(f"{door.url}/chat/completions", content=raw)
    assert response.status_code == 200
    assert upstream.got[0].body == raw
    assert door.kept() == [("user", "What is it?"), ("assistant", "Noted.")]


def test_a_body_beyond_what_is_read_streams_through(
    opens: Callable[..., Door], upstream: Upstream
) -> None:
    """It is passed on whole, and counted as not read."""
    door = opens(body_bytes_max=1_000)
    raw = json.dumps(body_of("y" * 300_000)).encode()
    assert door.client.post(f"{door.url}/chat/completions", content=raw).status_code == 200
    assert upstream.got[0].body == raw
    assert door.proxy.counts["unread_requests"] == 1


def test_a_packed_answer_passes_as_it_is(door: Door, upstream: Upstream) -> None:
    """We ask for plain answers; one that is packed all the same is passed on and not read."""
    import gzip

    raw = gzip.compress(whole("x").pieces[0])
    upstream.says(Reply([raw], headers=[("Content-Encoding", "gzip")]))
    response = door.chat(("user", "Hi"), headers={"Accept-Encoding": "gzip"})
    assert response.json()["choices"][0]["message"]["content"] == "x"
    assert upstream.got[0].header("accept-encoding") == "identity"
    assert door.proxy.counts["unread_answers"] == 1


def test_an_upstream_that_is_down_is_named(memory: Memory) -> None:
    """502 in the form that clients read; the turn is kept, once for all retries."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with served(memory, ProxySettings(f"http://127.0.0.1:{port}/v1")) as door:
        for _ in range(3):
            response = door.chat(("user", "Remember me"))
        assert response.status_code == 502
        error = response.json()["error"]
        assert error["code"] == "upstream_unreachable"
        assert f"127.0.0.1:{port}" in error["message"]
        assert door.kept() == [("user", "Remember me")]
        body = {"messages": [{"role": "user", "content": "x"}]}
        said = door.client.post(f"{door.url}/messages", json=body).json()
        assert said["type"] == "error"


def test_an_upstream_that_is_silent_is_given_up(
    opens: Callable[..., Door], upstream: Upstream
) -> None:
    """504, and the turn is kept while it is silent."""
    door = opens(silence_s_max=0.6)
    upstream.says(Reply([b"{}"], wait_s=5))
    kept: list[Any] = []
    watch = threading.Timer(0.4, lambda: kept.extend(door.kept()))
    watch.start()
    response = door.chat(("user", "Still there?"))
    watch.join()
    assert response.status_code == 504
    assert response.json()["error"]["code"] == "upstream_timeout"
    assert kept == [("user", "Still there?")]
    assert len(upstream.got) == 1


def test_an_upstream_that_breaks_off_is_not_covered_up(door: Door, upstream: Upstream) -> None:
    """The client sees a cut answer as cut; what came is kept and marked."""
    upstream.says(
        Reply([events(*deltas("The answer "), done=False)], type="text/event-stream", cut=True)
    )
    with pytest.raises(httpx.RemoteProtocolError):
        pieces_of(door, body_of("What?", **STREAM))
    assert door.kept() == [("user", "What?"), ("assistant", "The answer ")]
    last = list(door.memory.episodes())[-1]
    assert last.meta["partial"] is True
    assert door.proxy.counts["upstream_failed"] == 1


def test_a_client_that_vanishes_ends_the_upstreams_work(door: Door, upstream: Upstream) -> None:
    """No more is asked for; what came so far is kept and marked."""
    pieces = [events(d, done=False) for d in deltas(*(f"w{n} " for n in range(400)))]
    upstream.says(Reply(pieces, type="text/event-stream", gap_s=0.02))
    with door.client.stream(
        "POST", f"{door.url}/chat/completions", json=body_of("Go", **STREAM)
    ) as got:
        next(got.iter_raw())
    door.until("partial")
    (user, answer) = door.kept()
    assert user == ("user", "Go")
    assert answer[1].startswith("w0 ")
    assert list(door.memory.episodes())[-1].meta["partial"] is True
    assert upstream.sent < 400


def test_a_client_that_vanishes_before_the_answer_loses_nothing(
    door: Door, upstream: Upstream
) -> None:
    """Its turn is kept."""
    upstream.says(Reply([b"{}"], wait_s=3))
    with pytest.raises(httpx.ReadTimeout):
        door.client.post(f"{door.url}/chat/completions", json=body_of("Bye"), timeout=0.3)
    assert door.kept() == [("user", "Bye")]


def test_half_a_request_is_none(door: Door, upstream: Upstream) -> None:
    """A client that vanishes in its own request: nothing goes up, the proxy goes on."""
    at = httpx.URL(door.url)
    for path in ("chat/completions", "files"):
        with socket.create_connection((at.host, at.port or 80)) as raw:
            head = f"POST /v1/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{{"
            raw.sendall(head.encode())
            time.sleep(0.1)
    assert door.chat(("user", "next")).status_code == 200
    assert [one.json["messages"] for one in upstream.got if one.target.endswith("completions")] == [
        [{"role": "user", "content": "next"}]
    ]


@pytest.mark.parametrize(
    ("headers", "path", "status"),
    [
        ({"Host": "evil.example"}, "/v1/models", 421),
        ({"Host": "127.0.0.1.evil.example:80"}, "/v1/models", 421),
        ({"Origin": "https://evil.example"}, "/v1/models", 403),
        ({"Origin": "null"}, "/v1/chat/completions", 403),
        ({}, "/v1/../admin", 400),
        ({}, "/v1/files/%2e%2e/%2e%2e/x", 400),
        ({}, "/v1/a%5c..%5cb", 400),
        ({}, "/admin", 404),
        ({}, "/v1x", 404),
        ({"X-Mnemic-Scope": "../x"}, "/v1/models", 400),
        ({"X-Mnemic-Scope": "other"}, "/v1/models", 403),
    ],
)  # fmt: skip
def test_who_is_not_let_in_is_told_why(
    door: Door, upstream: Upstream, headers: dict[str, str], path: str, status: int
) -> None:
    """Rebinding, pages from elsewhere, ways out of /v1, scopes beyond reach: nothing goes up."""
    at = httpx.URL(door.url)
    lines = {"Host": "localhost", "Content-Length": "2", "Connection": "close", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection((at.host, at.port or 80)) as raw:
        raw.sendall(f"POST {path} HTTP/1.1\r\n{head}\r\n{{}}".encode())
        said = b""
        while more := raw.recv(65536):
            said += more
    assert int(said.split(b" ")[1]) == status
    assert json.loads(said.partition(b"\r\n\r\n")[2])["error"]["message"]
    assert not upstream.got


def test_the_command_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port in use, an address that others reach, a key that is not there, a bad upstream."""
    from mnemic.errors import InvalidInput
    from mnemic.serve.proxy import command

    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for options, said in (
            ({"port": port}, "is in use; choose another with --port"),
            ({"host": "0.0.0.0"}, "--scope-of FILE"),
            ({"upstream_key_env": "NO_SUCH_KEY"}, "NO_SUCH_KEY"),
            ({"scope": "a//b"}, "segment ''"),
            ({"upstream": "api.example/v1"}, "no http"),
            ({"upstream": "https://u:p@h/v1"}, "user or password"),
            ({"host": "192.0.2.1", "scope_of": keys_file(tmp_path)}, "no address of this machine"),
            ({"scope_of": bad_file(tmp_path)}, "line 2 of"),
        ):
            with pytest.raises(InvalidInput, match=said):
                command.proxy(
                    **{"upstream": "http://127.0.0.1:1/v1", "db": tmp_path / "m.mnemic", **options}
                )


def keys_file(folder: Path) -> Path:
    path = folder / "keys"
    path.write_text(f"# who\n{'a' * 64}=acme/* # Ana\n")
    return path


def bad_file(folder: Path) -> Path:
    path = folder / "bad"
    path.write_text("\nsk-not-a-hash=acme\n")
    return path


def test_got_is_what_was_sent(upstream: Upstream) -> None:
    """The scripted upstream itself: it keeps a request exactly."""
    httpx.post(f"{upstream.url}/x?y=1", content=b"z", headers={"A": "b"})
    got: Got = upstream.got[0]
    assert (got.method, got.target, got.body, got.header("a")) == ("POST", "/v1/x?y=1", b"z", "b")


def test_a_header_that_drips_is_cut(monkeypatch: pytest.MonkeyPatch, opens: Any) -> None:
    """The connection of a client that asks nothing is not kept for ever."""
    monkeypatch.setattr(Connection, "of", partial(Connection.of, 0.3))
    place = urlsplit(opens().url)
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=5) as line:
        line.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: ")
        assert line.recv(100) == b""


@pytest.mark.parametrize("length", [3, 50])
def test_a_length_beside_chunks_counts_for_nothing(
    door: Door, upstream: Upstream, length: int
) -> None:
    """Two lengths are how one request is smuggled inside another: the chunks alone go up."""
    place = urlsplit(door.url)
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=5) as line:
        line.sendall(
            b"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            % length
        )
        assert line.recv(100).startswith(b"HTTP/1.1 200 ")
    assert (upstream.got[-1].body, upstream.got[-1].header("content-length")) == (b"hello", None)


@pytest.mark.parametrize(
    ("asked", "host", "status"),
    [
        (b"TRACE /v1/models", b"localhost", 405),
        (b"GET /v1/%252e%252e/admin", b"localhost", 400),
        (b"GET /v1/..;x=1/admin", b"localhost", 400),
        (b"GET /v1/models", b"", 400),
        (b"GET /v1/models", b"evil@localhost", 400),
        (b"GET /v1/models", b"localhost\r\nSec-Fetch-Site: cross-site", 403),
    ],
)
def test_what_could_reach_more_than_the_api_goes_nowhere(
    door: Door, upstream: Upstream, asked: bytes, host: bytes, status: int
) -> None:
    """The upstream's own key may be on the way up: TRACE would tell it, a gateway's paths abuse it."""
    place = urlsplit(door.url)
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=5) as line:
        line.sendall(asked + b" HTTP/1.1\r\nConnection: close\r\nHost: " + host + b"\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 %d " % status)
    assert not upstream.got


def test_a_host_with_its_last_dot_is_the_same_host(door: Door) -> None:
    assert door.client.get(door.url + "/models", headers={"host": "localhost."}).status_code == 200
