"""`mnemic proxy`: serves an upstream's API with memory in between."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import Annotated, Any

import typer

from mnemic.errors import InvalidInput
from mnemic.serve.options import Db, Pii, Redact, Zone, open_memory, redaction
from mnemic.serve.terminal import err

HEAD_BYTES_MAX = 64 << 10
"""How long a request's line and headers may be."""


def add_to(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command()(proxy)


def proxy(
    upstream: Annotated[str, typer.Option(help="What the client's base URL was: https://host/v1.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8788,
    scope: Annotated[
        str,
        typer.Option(
            "--scope", "-s", help="Where to recall and keep; acme/* lets X-Mnemic-Scope choose."
        ),
    ] = "default",
    scope_of: Annotated[
        Path | None, typer.Option(help="A file of lines SHA256-OF-KEY=scope; other keys stay out.")
    ] = None,
    upstream_key_env: Annotated[
        str | None,
        typer.Option(help="The variable that holds the upstream's key, in place of the client's."),
    ] = None,
    budget: Annotated[int, typer.Option(min=1, help="Tokens that memory may take.")] = 1_000,
    known_min: Annotated[
        float, typer.Option(min=0, max=1, help="Put nothing in where memory knows less than this.")
    ] = 0.1,
    relevance_min: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out episodes that bear on it less than this.")
    ] = 0.05,
    recall_ms: Annotated[
        int, typer.Option(min=0, help="How long a request may wait for memory.")
    ] = 150,
    place: Annotated[
        str,
        typer.Option(help="before the user's last message, or into the system message: system."),
    ] = "before",
    hold: Annotated[
        bool, typer.Option(help="Keep a turn's memory in place while the model uses tools.")
    ] = True,
    history: Annotated[
        bool, typer.Option(help="Keep also what was said before the proxy was there.")
    ] = True,
    tools: Annotated[bool, typer.Option(help="Keep calls of tools and their results.")] = True,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A further Host to answer to, such as memory.lan.")
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="An origin whose pages may ask, such as https://chat.lan."),
    ] = None,
    redact: Redact = True,
    pii: Pii = False,
    zone: Zone = None,
    db: Db = None,
) -> None:
    """Give any OpenAI-compatible client a memory: it changes only its base URL."""
    try:
        import httpx  # noqa: F401
        import uvicorn
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error.name} is missing; pip install 'mnemic[serve]'", name=error.name
        ) from None
    from mnemic.agent.llm.settings import Secret
    from mnemic.serve.proxy.app import Proxy
    from mnemic.serve.proxy.gate import check_bind, read_scopes
    from mnemic.serve.proxy.settings import ProxySettings

    settings = ProxySettings(
        upstream, Secret(_variable(upstream_key_env)), scope,
        read_scopes(scope_of) if scope_of else None, budget_tokens=budget, known_min=known_min,
        relevance_min=relevance_min,         recall_s_max=recall_ms / 1_000, place=place, hold=hold, history=history,  # type: ignore[arg-type]
        tools=tools, hosts=tuple(name.lower() for name in allow_host or ()),
        origins=tuple(allow_origin or ()),
    )  # fmt: skip
    check_bind(host, settings)
    opened = open_memory(db, zone=zone, redact=redaction(redact, pii))
    with listening(host, port) as listener, opened as memory:
        shown = listener.getsockname()
        name = f"[{shown[0]}]" if ":" in shown[0] else shown[0]
        err.print(f"base URL [bold]http://{name}:{shown[1]}/v1[/], passed on to {upstream}")
        uvicorn.Server(configured(Proxy(memory, settings))).run(sockets=[listener])


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        InvalidInput: the address is not ours, or the port is taken or not allowed.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror:
        raise InvalidInput(f"--host {host!r:.80} is no address; give 127.0.0.1") from None
    listener = socket.socket(family, kind, proto)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        why = {
            errno.EADDRINUSE: f"port {port} on {host} is in use; choose another with --port",
            errno.EACCES: f"port {port} may not be used; choose one above 1023 with --port",
            errno.EADDRNOTAVAIL: f"--host {host!r:.80} is no address of this machine",
        }.get(error.errno or 0)
        if why is None:
            raise
        raise InvalidInput(why) from None
    return listener


def configured(app: Any) -> Any:
    """How uvicorn serves a proxy."""
    import uvicorn

    from mnemic.serve.connection import Connection

    return uvicorn.Config(
        app, http=Connection.of(), log_level="warning", access_log=False, server_header=False,
        date_header=False, proxy_headers=False, ws="none", lifespan="on", timeout_graceful_shutdown=30,
        h11_max_incomplete_event_size=HEAD_BYTES_MAX,
    )  # fmt: skip


def _variable(name: str | None) -> str:
    if name is None:
        return ""
    value = os.environ.get(name, "").strip()
    if not value:
        raise InvalidInput(f"--upstream-key-env names {name!r:.80}, which is not set")
    return value
