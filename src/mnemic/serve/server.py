"""`mnemic serve`: REST, the web page and MCP over HTTP, on one address."""

from __future__ import annotations

import errno
import importlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnemic.errors import InvalidInput, MnemicError
from mnemic.machine import cores
from mnemic.serve.options import Db, Pii, Redact, Zone, redaction

if TYPE_CHECKING:
    from mnemic.agent.write.redact import Redaction
    from mnemic.serve.keys import Keys
    from mnemic.serve.rest.settings import Settings

INSTALL = "the server is not installed: pip install 'mnemic[serve]'"
GRACE_S = 15
READERS_MAX = 4
PORT = 6636
"""M, N, E, M on a telephone's keys."""


class CannotListen(MnemicError):
    """The address cannot be had."""


def add_to(root: typer.Typer) -> None:
    """Adds `serve` to the commands."""
    root.command()(serve)


def serve(
    host: Annotated[
        str,
        typer.Option("--host", help="The address to listen on; beyond loopback, keys are a must."),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", "-p", min=0, max=65_535, help="0 takes a free one.")
    ] = PORT,
    sleep_every: Annotated[
        str, typer.Option("--sleep-every", help="Sleep when there is something new: 1h, 30m; off.")
    ] = "1h",
    allowed_host: Annotated[
        list[str] | None,
        typer.Option("--allowed-host", help="Another name the server goes by; repeatable."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option("--allow-origin", help="A site whose pages may ask: https://app.example."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=1, max=64, help="Threads that answer; one a core, 2 at least."
        ),
    ] = None,
    readers: Annotated[
        int | None,
        typer.Option(
            "--readers",
            min=0,
            max=64,
            help="Processes that recall where callers crowd; one a core, 4 at most; 0 is none.",
        ),
    ] = None,
    waiting: Annotated[
        int,
        typer.Option("--waiting", min=0, max=10_000, help="Requests that may wait beyond those."),
    ] = 128,
    log_level: Annotated[
        str, typer.Option("--log-level", help="debug, info, warning or error.")
    ] = "info",
    redact: Redact = True,
    pii: Pii = False,
    zone: Zone = None,
    db: Db = None,
) -> None:
    """Serve the memory: REST at /v1, a page to look at it, MCP at /mcp, health and figures."""
    # Many calls at once share the cores: threads of their own in each would only wait for one another
    # (42 ms of processor a recall with them, 12 without). numpy reads this when it is first imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        from mnemic.serve.rest.journal import LEVELS
        from mnemic.serve.rest.settings import Limits, Settings
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(INSTALL) from error
    from mnemic.serve.keys_cli import seconds

    if log_level not in LEVELS:
        raise InvalidInput(f"--log-level is {log_level!r}; choose from {', '.join(LEVELS)}")
    limits = Limits(waiting_max=waiting)
    if workers is not None:
        limits = replace(limits, workers=workers)
    settings = Settings(
        host=host, port=port, allowed_hosts=tuple(allowed_host or ()),
        allowed_origins=tuple(allow_origin or ()), limits=limits,
        sleep_every_s=seconds(sleep_every, "--sleep-every"),
    )  # fmt: skip
    run(
        db, settings, zone=zone, log_level=log_level, redact=redaction(redact, pii),
        readers=readers_for(cores()) if readers is None else readers,
    )  # fmt: skip


def readers_for(at_hand: int) -> int:
    """How many processes recall on a machine, if nobody says."""
    return min(at_hand, READERS_MAX) if at_hand > 1 else 0


def run(
    db: Path | None,
    settings: Settings,
    *,
    zone: str | None = None,
    log_level: str = "info",
    redact: Redaction | None = None,
    readers: int = 0,
) -> None:
    """Serves until a signal ends it; then finishes what runs and closes the memory.

    Raises:
        InvalidInput: an address beyond loopback, and no key.
        CannotListen: the port is in use, or the address is not this machine's.
    """
    try:
        import uvicorn

        from mnemic.serve.connection import Connection
        from mnemic.serve.rest import Readers, create_app
        from mnemic.serve.rest.journal import Journal, ToJournal
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(INSTALL) from error
    from mnemic.agent.memory import Memory, default_path
    from mnemic.serve.keys import Keys

    keys = Keys.beside(db)
    check_guarded(settings, keys)
    listener = listen(settings.host, settings.port)
    port = listener.getsockname()[1]
    journal = Journal(log_level)
    with listener, Memory(db, zone=zone, redact=redact) as memory:
        doors, lifespans = other_doors(memory, keys, settings)
        beside = None
        if readers:
            beside = Readers(memory, db or default_path(), readers, journal, zone=zone)
        app = create_app(
            memory, settings, keys=keys, journal=journal, readers=beside, more=doors,
            lifespans=lifespans,
        )  # fmt: skip
        server = uvicorn.Server(
            uvicorn.Config(
                app, http=Connection.of(settings.limits.header_s_max), ws="none", access_log=False,
                log_config=None, server_header=False, proxy_headers=False,
                h11_max_incomplete_event_size=settings.limits.url_bytes_max
                + settings.limits.headers_bytes_max,
                timeout_graceful_shutdown=GRACE_S, timeout_keep_alive=30, lifespan="on",
            )
        )  # fmt: skip
        logger = logging.getLogger("uvicorn.error")
        logger.handlers, logger.propagate = [ToJournal(journal)], False
        logger.setLevel(logging.WARNING)
        sys.stderr.write(f"Mnemic is at {address(settings.host, port)}  (Ctrl-C ends it)\n")
        sys.stderr.flush()
        journal.write(
            "info", "serving", address=address(settings.host, port), store=str(db or default_path())
        )
        try:
            with _signals_end_only_the_server():
                server.run(sockets=[listener])
        finally:
            if beside is not None:  # a second Ctrl-C leaves out the app's own end
                beside.close()
    keys.close()
    journal.write("info", "ended")


@contextmanager
def _signals_end_only_the_server() -> Iterator[None]:
    """Uvicorn sends itself the signal again when it has ended; the memory is still to be closed then."""
    before = {
        number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def check_guarded(settings: Settings, keys: Keys) -> None:
    """Passes if the server may listen there.

    Raises:
        InvalidInput: others could reach it, and there is no key.
    """
    if not settings.loopback and not keys.any():
        raise InvalidInput(
            f"--host {settings.host} lets other machines in, and there are no keys: make one with "
            "`mnemic key create --scope 'acme/*' --may read,write`, or leave --host out"
        )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        CannotListen: the port is in use, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, family, socket.SOCK_STREAM)[0]
        listener = socket.socket(found[0], socket.SOCK_STREAM)
    except OSError as error:
        raise CannotListen(f"--host {host!r} is no address of this machine: {error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(found[4])
        listener.listen(1024)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise CannotListen(
                f"port {port} on {host} is in use, perhaps by another `mnemic serve`; "
                f"stop that, or pass another --port"
            ) from error
        raise CannotListen(
            f"cannot listen on {host} port {port}: {error.strerror}; pass another --host or --port"
        ) from error
    return listener


def address(host: str, port: int) -> str:
    """What to type into a browser."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
    return f"http://{f'[{name}]' if ':' in name and '[' not in name else name}:{port}/"


def other_doors(memory: Any, keys: Keys, settings: Settings) -> tuple[list[Any], list[Any]]:
    """Routes of the page and of MCP, where they are installed, and what must run while they do."""
    from starlette.routing import Route

    from mnemic.serve.keys import Doorkeeper

    doors: list[Any] = []
    lifespans: list[Any] = []
    page, mcp = _optional("mnemic.serve.web"), _optional("mnemic.serve.mcp.http")
    if page is not None:
        doors += page.page_routes()
    if mcp is not None:
        keeper = Doorkeeper(keys, open_without_keys=settings.loopback)
        inner = mcp.http_app(memory, keeper.access_of, hosts=None)  # the gate has checked them
        doors.append(Route("/mcp", inner))
        lifespans.append(inner.running)
    return doors, lifespans


def _optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and name.startswith(error.name):
            return None
        raise
