"""`mnemic key`: make, list, rotate and revoke the keys of a store's doors."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from mnemic.errors import InvalidInput
from mnemic.serve.options import AsJson, Db
from mnemic.serve.terminal import err, out, plain, print_json

app = typer.Typer(no_args_is_help=True, help="Keys of the server's doors.")
Which = Annotated[str, typer.Argument(help="A key's id, or its name.")]

_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_SPAN = re.compile(r"(\d{1,9})([smhdw])\Z")


def add_to(root: typer.Typer) -> None:
    """Adds `key` to the commands."""
    root.add_typer(app, name="key")


def seconds(text: str, name: str) -> float:
    """Seconds of a span such as 90d, 12h or 30m; "0" and "off" are 0.

    Raises:
        InvalidInput: it is none.
    """
    if text in ("0", "off"):
        return 0.0
    found = _SPAN.match(text)
    if found is None:
        raise InvalidInput(
            f"{name} is {text!r:.40}; pass a number and s, m, h, d or w, such as 90d"
        )
    return float(int(found[1]) * _UNITS_S[found[2]])


@app.command()
def create(
    scope: Annotated[
        list[str], typer.Option("--scope", "-s", help="acme/ana, acme/*, or * for all; repeatable.")
    ],
    may: Annotated[
        str, typer.Option("--may", help="read, write, erase, admin; commas between.")
    ] = "read,write",
    name: Annotated[str, typer.Option("--name", help="What it is called in lists and logs.")] = "",
    expires: Annotated[
        str, typer.Option("--expires", help="After 90d, 12h …; off is never.")
    ] = "off",
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown this once; only its hash is kept."""
    from mnemic.serve.keys import Keys

    lives = seconds(expires, "--expires") or None
    key, token = Keys.beside(db).create(may=may, reach=scope, name=name, lives_s=lives)
    if as_json:
        print_json({**asdict(key), "key": token})
        return
    sys.stdout.write(token + "\n")
    err.print(f"[dim]keep it now: it is not shown again. It may {escape(', '.join(key.may))} in "
              f"{escape(', '.join(key.reach))}{_until(key.ends_s)}[/]")  # fmt: skip


@app.command(name="list")
def list_(db: Db = None, as_json: AsJson = False) -> None:
    """The keys, what they may do, and when they were last used (to the hour)."""
    from mnemic.serve.keys import Keys

    known, now = Keys.beside(db).all(), time.time()
    if as_json:
        print_json({"keys": [{**asdict(key), "state": key.state(now)} for key in known]})
        return
    table = Table("id", "name", "state", "may", "scopes", "made", "expires", "last used", box=None)
    for key in known:
        cells = (
            key.id, key.name, key.state(now), ",".join(key.may), " ".join(key.reach),
            _day(key.made_s), _day(key.ends_s), _day(key.used_s),
        )  # fmt: skip
        table.add_row(*(escape(plain(cell)) for cell in cells))
    out.print(table if known else "there are no keys; `mnemic key create` makes one")


@app.command()
def rotate(
    key: Which,
    grace: Annotated[
        str, typer.Option("--grace", help="How long the old secret still opens: 1h, 2d; off.")
    ] = "off",
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Give a key a new secret, with the same rights and scopes."""
    from mnemic.serve.keys import Keys

    turned, token = Keys.beside(db).rotate(key, grace_s=seconds(grace, "--grace"))
    print_json({**asdict(turned), "key": token}) if as_json else sys.stdout.write(token + "\n")


@app.command()
def revoke(key: Which, db: Db = None, as_json: AsJson = False) -> None:
    """Close a key for good, at once, in every running server."""
    from mnemic.serve.keys import Keys

    gone = Keys.beside(db).revoke(key)
    print_json(asdict(gone)) if as_json else out.print(f"{escape(plain(gone.name))} is revoked")


def _day(moment_s: int | None) -> str:
    return "" if moment_s is None else f"{datetime.fromtimestamp(moment_s, UTC):%Y-%m-%d %H:%MZ}"


def _until(ends_s: int | None) -> str:
    return "" if ends_s is None else f" until {_day(ends_s)}"
