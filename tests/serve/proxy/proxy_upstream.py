"""An upstream that says exactly what it is told, byte by byte, and a proxy before it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn

from mnemic import Memory
from mnemic.serve.proxy.app import Proxy
from mnemic.serve.proxy.command import configured, listening
from mnemic.serve.proxy.settings import ProxySettings


@dataclass(frozen=True)
class Got:
    """A request as it reached the upstream."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return next((value for one, value in self.headers if one.lower() == name), None)


@dataclass(frozen=True)
class Reply:
    """What the upstream says; every piece is a chunk of its own. `cut` hangs up at the end.

    With `held`, what follows the first piece waits until it is set.
    """

    pieces: list[bytes] = field(default_factory=list)
    status: int = 200
    type: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)
    wait_s: float = 0.0
    gap_s: float = 0.0
    held: threading.Event | None = None
    cut: bool = False


def whole(text: str, **more: Any) -> Reply:
    """A chat completion in one piece."""
    message = {"role": "assistant", "content": text, **more}
    body = {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }  # fmt: skip
    return Reply([json.dumps(body).encode()])


def events(*values: Any, done: bool = True) -> bytes:
    """Server-sent events with these values."""
    said = b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)
    return said + (b"data: [DONE]\n\n" if done else b"")


def deltas(*texts: str) -> list[dict[str, Any]]:
    """The chunks of a streamed chat completion."""
    return [
        {
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}],
        }
        for text in texts
    ]  # fmt: skip


class Upstream:
    """A bare HTTP/1.1 server on loopback."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.sent = 0
        self.answer: Callable[[Got], Reply] = lambda _: whole("Noted.")
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._live)
        self._thread.start()
        self._ready.wait(10)

    def says(self, reply: Reply) -> None:
        self.answer = lambda _: reply

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(60)

    def _live(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0, limit=1 << 20)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        await self._end.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = [(n, v.strip()) for n, _, v in (line.partition(":") for line in head[1:-2])]
        named = {name.lower(): value for name, value in headers}
        body = b""
        if "content-length" in named:
            body = await reader.readexactly(int(named["content-length"]))
        elif "transfer-encoding" in named:
            while size := int(await reader.readline(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readline()
        got = Got(method, target, headers, body)
        self.got.append(got)
        await self._say(self.answer(got), writer, bare=method == "HEAD")
        return True

    async def _say(self, reply: Reply, writer: asyncio.StreamWriter, *, bare: bool) -> None:
        await asyncio.sleep(reply.wait_s)
        head = [f"HTTP/1.1 {reply.status} So", f"Content-Type: {reply.type}"]
        head += [f"{name}: {value}" for name, value in reply.headers]
        bare = bare or reply.status in (204, 304)
        head += ["X-Body: none" if bare else "Transfer-Encoding: chunked", "", ""]
        writer.write("\r\n".join(head).encode("latin-1"))
        if bare:
            return
        for piece in reply.pieces:
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
            self.sent += 1
            await asyncio.sleep(reply.gap_s)
            if reply.held is not None:
                await asyncio.to_thread(reply.held.wait, 60)
        if reply.cut:
            raise ConnectionError
        writer.write(b"0\r\n\r\n")
        await writer.drain()


@dataclass(frozen=True)
class Door:
    """A proxy that is served, and a client of it."""

    proxy: Proxy
    memory: Memory
    url: str
    client: httpx.Client

    def chat(self, *said: tuple[str, str] | dict[str, Any], **more: Any) -> httpx.Response:
        """Sends a conversation."""
        headers = more.pop("headers", {})
        messages = [m if isinstance(m, dict) else {"role": m[0], "content": m[1]} for m in said]
        body = {"model": "m", "messages": messages, **more}
        return self.client.post(f"{self.url}/chat/completions", json=body, headers=headers)

    def kept(self, scope: str = "default") -> list[tuple[str | None, str]]:
        """Who said what, as it is stored, in order."""
        self.proxy.settle()
        try:
            found = list(self.memory.episodes(scope=scope))
        except ValueError:
            return []
        return [(one.speaker, one.text) for one in found]

    def until(self, event: str, count: int = 1) -> None:
        """Waits for an event to be counted."""
        end = time.monotonic() + 60
        while self.proxy.counts[event] < count:  # type: ignore[index]
            assert time.monotonic() < end, f"{event} was not counted"
            time.sleep(0.01)


@contextmanager
def served(memory: Any, settings: ProxySettings, **options: Any) -> Iterator[Door]:
    """A proxy on a port of its own."""
    proxy = Proxy(memory, settings, **options)
    listener = listening("127.0.0.1", 0)
    server = uvicorn.Server(configured(proxy))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    try:
        with httpx.Client(timeout=30, trust_env=False) as client:
            yield Door(proxy, memory, url, client)
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
        assert not thread.is_alive()
