"""`mnemic mcp`, `mnemic mcp install` and `mnemic hook` on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mnemic.serve.options import Db, Zone

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


@mcp_app.callback()
def mcp(
    ctx: typer.Context,
    scope: Annotated[
        str | None,
        typer.Option(
            "--scope", "-s",
            help="The scope it is confined to; acme/* takes in what lies below. "
            "Default: $MNEMIC_SCOPE, or code/<name of the repository it is started in>.",
        ),
    ] = None,
    scope_any: Annotated[
        bool, typer.Option("--scope-any", help="Let the model name any scope.")
    ] = False,
    http: Annotated[
        bool, typer.Option("--http", help="Serve HTTP on loopback instead of standard input.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="With --http.")] = PORT,
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

        return Memory(path, zone=zone)

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


def _need_extra() -> None:
    import importlib.util

    if importlib.util.find_spec("mcp") is None:
        raise ModuleNotFoundError("MCP needs more packages: pip install 'mnemic[serve]'")
