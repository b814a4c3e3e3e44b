"""`mnemic mcp`, `mnemic mcp install` and `mnemic hook` on the command line."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mnemic.serve.options import AsJson, Db, Pii, Redact, Zone, redaction
from mnemic.serve.terminal import out, plain, print_json

if TYPE_CHECKING:
    from mnemic.agent.memory import Memory

PORT = 8737

mcp_app = typer.Typer(
    invoke_without_command=True,
    help=(
        "Serve this memory to a model over MCP, on standard input and output or HTTP.\n\n"
        "Clients start this themselves: `mnemic mcp install claude-code` tells yours to."
    ),
)


def add_to(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.add_typer(mcp_app, name="mcp")
    app.command(
        name="hook", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
    )(hook)


@mcp_app.callback()
def mcp(
    ctx: typer.Context,
    scope: Annotated[
        str | None,
        typer.Option(
            "--scope", "-s",
            help="The scope it is confined to; acme/* takes in what lies below. "
            "Default: $MNEMIC_SCOPE, or code/<owner>/<name> of the repository it is started in.",
        ),
    ] = None,
    scope_any: Annotated[
        bool, typer.Option("--scope-any", help="Let the model name any scope.")
    ] = False,
    http: Annotated[
        bool, typer.Option("--http", help="Serve HTTP on loopback instead of standard input.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="With --http.")] = PORT,
    redact: Redact = True,
    pii: Pii = False,
    zone: Zone = None,
    db: Db = None,
) -> None:  # fmt: skip
    """Serve MCP until the client goes."""
    if ctx.invoked_subcommand is not None:
        return
    from mnemic.serve.mcp.project import project_scope

    if scope is not None:
        from mnemic.serve.access import check_reach

        (scope,) = check_reach([scope])
    reach = scope or project_scope()
    path = db

    def make() -> Memory:
        from mnemic.agent.memory import Memory

        return Memory(path, zone=zone, redact=redaction(redact, pii))

    _need_extra()
    if not http:
        from mnemic.serve.mcp.stdio import run_stdio

        run_stdio(make, reach, everywhere=scope_any)
        return
    from mnemic.serve.mcp.http import run_http
    from mnemic.serve.mcp.opening import Opening
    from mnemic.serve.mcp.stdio import owner

    opening = Opening(make)
    opening.start()
    typer.echo(f"MCP at http://127.0.0.1:{port}/mcp for scope {reach}; Ctrl-C stops it", err=True)
    try:
        run_http(opening.memory, owner(reach, everywhere=scope_any), port)
    finally:
        opening.close()


@mcp_app.command("install")
def install(
    client: Annotated[
        str,
        typer.Argument(
            help="claude-code, codex, cursor, gemini, vscode, windsurf, claude-desktop or zed."
        ),
    ],
    project: Annotated[
        bool, typer.Option("--project", help="Only for this project, in files that it shares.")
    ] = False,
    scope: Annotated[
        str | None,
        typer.Option(
            "--scope", "-s", help="Confine it to this scope. Default: each project's own."
        ),
    ] = None,
    scope_any: Annotated[
        bool, typer.Option("--scope-any", help="Let the model name any scope.")
    ] = False,
    hooks: Annotated[
        bool, typer.Option(help="Also recall at a session's start and remember at its end.")
    ] = True,
    prompt_hook: Annotated[
        bool, typer.Option("--prompt-hook", help="Also recall before every prompt.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    uninstall: Annotated[
        bool, typer.Option("--uninstall", help="Take out what was put in.")
    ] = False,
    db: Db = None,
) -> None:
    """Tell a client of this memory: show what would change in its files, ask, and change it."""
    from mnemic.errors import InvalidInput
    from mnemic.serve.access import check_reach
    from mnemic.serve.mcp import install as files
    from mnemic.serve.mcp.clients import CLIENTS, Level

    if client not in CLIENTS:
        raise InvalidInput(f"there is no client {client!r}; choose from {', '.join(CLIENTS)}")
    level: Level = "project" if project else "user"
    options = [
        *(("--scope", check_reach([scope])[0]) if scope else ()),
        *(("--scope-any",) if scope_any else ()),
        *(("--db", str(db.absolute())) if db else ()),
    ]
    wish = files.Wish(files.program_of(level), options, hooks=hooks, prompt_hook=prompt_hook)
    changes = files.planned(
        CLIENTS[client], wish, level, home=Path.home(), project=Path.cwd(), remove=uninstall
    )
    if not changes:
        out.print(
            "nothing to change: " + ("it is not there" if uninstall else "it is there already")
        )
        return
    for change in changes:
        sys.stdout.write(plain(change.diff()))
    sys.stdout.flush()
    if dry_run:
        return
    if not yes and not typer.confirm("change these files?", default=False, err=True):
        raise typer.Exit(1)
    for change in changes:
        backup = files.write(change)
        kept = f" (before: {escape(plain(str(backup)))})" if backup else ""
        out.print(f"changed {escape(plain(str(change.path)))}{kept}")
    if not uninstall:
        out.print(f"restart {CLIENTS[client].title} to use it")
        if trust := CLIENTS[client].trust:
            out.print(trust)


@mcp_app.command("check")
def check(
    scope: Annotated[str | None, typer.Option("--scope", "-s")] = None,
    old: Annotated[
        bool, typer.Option("--old", help="Speak the revision before the current one.")
    ] = False,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Start the server as a client does, ask it something, and say how long that took."""
    from dataclasses import asdict

    from mnemic.serve.mcp import check as checking
    from mnemic.serve.mcp.install import program_of

    _need_extra()
    options = [
        *(("--scope", scope) if scope else ()),
        *(("--db", str(db.absolute())) if db else ()),
    ]
    found = checking.check(program_of("user"), options, old=old)
    if as_json:
        print_json(asdict(found))
        return
    out.print(f"protocol {found.revision}, {found.tools} tools in {found.tools_bytes:,} bytes")
    out.print(
        f"answered after {found.handshake_s:.2f} s, first recall after {found.first_recall_s:.2f} s, "
        f"the next took {found.next_recall_s * 1000:.0f} ms"
    )
    out.print(f"[dim]{escape(plain(found.answer.splitlines()[0]))}[/]")


def hook(
    client: Annotated[str, typer.Argument(help="claude-code, codex, cursor or gemini.")],
    event: Annotated[
        str,
        typer.Argument(help="session-start, prompt, session-end, pre-compact, turn-end or import."),
    ],
    scope: Annotated[
        str | None, typer.Option("--scope", "-s", help="Default: the project's own.")
    ] = None,
    db: Db = None,
) -> None:
    """For a coding agent's hooks: recall at a session's start, remember at its end. Reads JSON."""
    from mnemic.serve.mcp import hooks

    said = hooks.run_hook(hooks.Hook(client, event, db, scope), hooks.read_input)
    with suppress(OSError):  # the client has gone
        sys.stdout.write(said + "\n")
        sys.stdout.flush()
    os._exit(0)  # what is overdue is left behind; the store is safe at any moment


def _need_extra() -> None:
    import importlib.util

    if importlib.util.find_spec("mcp") is None:
        raise ModuleNotFoundError("MCP needs more packages: pip install 'mnemic[serve]'")
