"""A scripted model behind an OpenAI-compatible API: `python -m mnemic.bench.endpoint THINK_MS`.

It thinks for so long, then says the same to everybody: one word, or fifty in a stream.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

WORDS = 50

_Message = MutableMapping[str, Any]


def _whole() -> bytes:
    message = {"role": "assistant", "content": "Noted."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({"id": "c", "object": "chat.completion", "choices": [choice]}).encode()


def _events() -> list[bytes]:
    said = json.dumps({"choices": [{"index": 0, "delta": {"content": "word "}}]})
    return [f"data: {said}\n\n".encode()] * WORDS + [b"data: [DONE]\n\n"]


class Endpoint:
    """An ASGI application that answers every request."""

    def __init__(self, think_s: float) -> None:
        self._think_s = think_s
        self._whole = _whole()
        self._events = _events()

    async def __call__(
        self,
        _scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        """One request."""
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        await asyncio.sleep(self._think_s)
        stream = json.loads(body).get("stream", False)
        form = b"text/event-stream" if stream else b"application/json"
        head = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", form)]}
        await send(head)
        for piece in self._events if stream else [self._whole]:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def main() -> None:
    """Listens on a free port of loopback, names its address and answers until it is ended."""
    import uvicorn

    from mnemic.serve.proxy.command import listening

    app = Endpoint(float(sys.argv[1]) / 1_000)
    listener = listening("127.0.0.1", 0)
    sys.stderr.write(f"http://127.0.0.1:{listener.getsockname()[1]}/v1\n")
    sys.stderr.flush()
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
