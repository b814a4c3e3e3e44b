"""A server's app over a small memory: asked in the process, or through a real socket."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("starlette")
uvicorn = pytest.importorskip("uvicorn")

from starlette.testclient import TestClient  # noqa: E402

from mnemic import Memory  # noqa: E402
from mnemic.serve.connection import Connection  # noqa: E402
from mnemic.serve.keys import Keys  # noqa: E402
from mnemic.serve.rest import Limits, Settings, create_app  # noqa: E402
from mnemic.serve.rest.journal import Journal  # noqa: E402

BASE = "http://127.0.0.1:6636"


@dataclass
class Door:
    """An app in this process, its client, and what it logged."""

    client: TestClient
    app: Any
    log: io.StringIO = field(default_factory=io.StringIO)

    def post(self, path: str, said: object = None, **more: Any) -> Any:
        return self.client.post(path, json={} if said is None else said, **more)

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)


Open = Callable[..., contextlib.AbstractContextManager[Door]]


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    found = Keys(tmp_path / "test.mnemic-keys")
    yield found
    found.close()


@contextmanager
def open_door(memory: Memory, keys: Keys | None = None, **changes: Any) -> Iterator[Door]:
    log = io.StringIO()
    more = {name: changes.pop(name) for name in ("more", "lifespans") if name in changes}
    app = create_app(memory, Settings(**changes), keys=keys, journal=Journal(stream=log), **more)
    with TestClient(app, base_url=BASE) as client:
        yield Door(client, app, log)


@pytest.fixture
def door(slept: Memory, keys: Keys) -> Iterator[Door]:
    with open_door(slept, keys) as opened:
        yield opened


@contextmanager
def listening(
    memory: Memory, keys: Keys | None = None, stalled_s: float = 60.0, **limits: Any
) -> Iterator[str]:
    """The app on a free port of loopback, with a real server around it; its address."""
    settings = Settings(limits=Limits(**limits))
    app = create_app(memory, settings, keys=keys, journal=Journal(stream=io.StringIO()))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            app, http=Connection.of(settings.limits.header_s_max, stalled_s), ws="none", access_log=False, log_config=None,
            timeout_graceful_shutdown=5, lifespan="on",
        )
    )  # fmt: skip
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for _ in range(500):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{url}/healthz", timeout=1).status_code == 200:
                    break
        yield url
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
        assert not thread.is_alive()
