"""A clock that stands still, an embedder without weights, a language model that says what it is told to.

For tests only.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.terms import terms_of


class FixedClock:
    """A clock that shows what it was set to."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        """What the clock was set to, plus what it was advanced by."""
        return self._moment

    def advance(self, by: timedelta) -> None:
        """Moves the hands."""
        self._moment += by


class HashEmbedder:
    """Deterministic unit vectors from hashed words: texts with common words are near.

    It knows nothing of meaning (on paraphrases its MRR is .04, MiniLM's .83), so it is no substitute
    for a model.
    """

    def __init__(self, dimension: int = 64, space: str | None = None) -> None:
        self.dimension = dimension
        self.space = space or f"hash/{dimension}"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension)."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for term in terms_of(text) or ["?"]:
                digest = int.from_bytes(blake2b(term.encode(), digest_size=8).digest())
                vectors[row, digest % self.dimension] += 1.0 if digest >> 63 else -1.0
            if not vectors[row].any():
                vectors[row, 0] = 1.0
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Said:
    """A response of an endpoint: `drips` sends single bytes of that part for ever."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    drips: Literal["", "headers", "body"] = ""


def completion(content: Any, **more: Any) -> Said:
    """A chat completion with this text, or with this value as JSON; `more` stands beside it."""
    text = content if isinstance(content, str) else json.dumps(content)
    body = {"choices": [{"message": {"role": "assistant", "content": text}}], **more}
    return Said(json.dumps(body).encode())


class ScriptedEndpoint:
    """An endpoint on loopback: `answer` gives the response to a request, `asked` keeps requests.

    `keys` and `cookies` keep what came with each.
    """

    def __init__(self) -> None:
        self.answer: Callable[[dict[str, Any]], Said] = lambda _: completion("{}")
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.cookies: list[str | None] = []
        self._stop = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def says(self, *said: Said) -> None:
        """These responses one after the other, the last one again and again."""
        left = list(said)
        self.answer = lambda _: left.pop(0) if len(left) > 1 else left[0]

    def close(self) -> None:
        """Ends the endpoint and everything it still sends."""
        self._stop.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.asked.append(asked)
                endpoint.keys.append(self.headers.get("Authorization"))
                endpoint.cookies.append(self.headers.get("Cookie"))
                try:
                    self._say(endpoint.answer(asked))
                except OSError:  # the client has hung up
                    self.close_connection = True

            def _say(self, said: Said) -> None:
                endpoint._stop.wait(said.wait_s)
                if said.drips == "headers":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    self._drip()
                    return
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                if not said.drips:
                    self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                self.wfile.write(said.body)
                if said.drips:
                    self._drip()

            def _drip(self) -> None:
                while not endpoint._stop.wait(0.02):
                    self.wfile.write(b" ")

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        return Handler
