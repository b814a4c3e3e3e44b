"""Commands that read other programs' files: import, watch."""

from __future__ import annotations

import signal
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from mnemic.importers import FORMATS
from mnemic.serve.options import (
    AsJson,
    Db,
    Pii,
    Redact,
    Zone,
    open_memory,
    redacted_line,
    redaction,
)
from mnemic.serve.terminal import bar, err, out, plain, print_json

EXIT_NOTHING = 1
_SHOWN_MAX = 20

Deep = Annotated[bool, typer.Option(help="Make the deep keys before returning.")]
Into = Annotated[
    str, typer.Option("--scope", "-s", help="Where to put what names no scope itself.")
]

_FORMATS_HELP = "\n\n".join(f"{name}: {importer.reads}." for name, importer in FORMATS.items())
_IMPORT_HELP = f"""Import conversations, documents or histories; importing twice changes nothing.

FORMAT is one of these, or auto, which looks at the path:

{_FORMATS_HELP}
"""


def add_to(app: typer.Typer) -> None:
    """Adds these commands to the program."""
    app.command(name="import", help=_IMPORT_HELP)(import_)
    app.command()(watch)


def import_(
    format_: Annotated[
        str, typer.Argument(metavar="FORMAT", help="One of the formats above, or auto.")
    ],
    path: Annotated[Path, typer.Argument(help="A file, folder or repository.")],
    scope: Into = "default",
    redact: Redact = True,
    pii: Pii = False,
    zone: Zone = None,
    db: Db = None,
    deep: Deep = True,
    as_json: AsJson = False,
) -> None:
    """Import conversations, documents or histories; importing twice changes nothing."""
    from mnemic.importers import Report, named, open_import

    report = Report()
    # Refused before a store is made: no such format, no such path, an extra that is missing.
    named(format_)
    rows = open_import(format_, path, scope=scope, zone=zone, report=report)
    opened = open_memory(db, zone=zone, background=False, redact=redaction(redact, pii))
    with opened as memory, bar("reading") as tick:
        written = memory.remember_many(rows, on_error="skip", progress=lambda done: tick(done, 0))
        if deep:
            with bar("deep keys") as deepen:
                memory.ready(deepen)
        found = {
            "read": report.read, "stored": written.stored, "known": written.known,
            "skipped": report.skipped_total + len(written.refused),
            "reasons": [{"place": str(p), "reason": r} for p, r in report.skipped]
            + [{"place": f"row {n}", "reason": r} for n, r in written.refused],
            "notes": list(report.notes), "redacted": dict(written.redacted),
        }  # fmt: skip
    if as_json:
        print_json(found)
    else:
        _print_import(found)
    if found["skipped"] and not written.stored and not written.known:
        raise typer.Exit(EXIT_NOTHING)


def _print_import(found: dict[str, Any]) -> None:
    out.print(
        f"read {found['read']}, stored [bold]{found['stored']}[/], already known {found['known']}, "
        f"skipped {found['skipped']}"
    )
    if found["redacted"]:
        out.print(redacted_line(found["redacted"]))
    _print_reasons([(entry["place"], entry["reason"]) for entry in found["reasons"]])
    for note in found["notes"]:
        out.print(f"  [dim]{escape(plain(note))}[/]")


def _print_reasons(reasons: list[tuple[str, str]]) -> None:
    for place, reason in reasons[:_SHOWN_MAX]:
        out.print(f"  [yellow]skipped[/] {escape(plain(place))}: {escape(plain(reason))}")
    if len(reasons) > _SHOWN_MAX:
        out.print(f"  … and {len(reasons) - _SHOWN_MAX:,} more; --json lists them")


def watch(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files and folders.")],
    scope: Into = "default",
    format_: Annotated[
        str, typer.Option("--format", "-f", help="A format of `mnemic import`, for all paths.")
    ] = "auto",
    once: Annotated[bool, typer.Option("--once", help="Import what is there, then stop.")] = False,
    redact: Redact = True,
    pii: Pii = False,
    zone: Zone = None,
    db: Db = None,
    deep: Annotated[bool, typer.Option(help="Make the deep keys, too, as episodes come.")] = True,
    as_json: AsJson = False,
) -> None:
    """Import what is at some paths, then what changes there, until Ctrl-C.

    Files that grow, such as sessions of coding agents, are never stored twice; files that are
    locked or half written are tried again.
    """
    from mnemic.agent.memory import default_path
    from mnemic.serve.watch import Pass, Watch

    totals = {"passes": 0, "stored": 0}

    def tell(done: Pass) -> None:
        totals["passes"] += 1
        totals["stored"] += done.stored
        _print_pass(done, as_json)

    signal.signal(signal.SIGTERM, _interrupt)
    opened = open_memory(db, zone=zone, background=deep and not once, redact=redaction(redact, pii))
    with opened as memory:
        watching = Watch(
            memory, paths, format=format_, scope=scope, zone=zone, tell=tell,
            avoid=db or default_path(),
        )  # fmt: skip
        try:
            if once:
                _once(watching, memory, deep)
                return
            if not as_json:
                err.print(
                    f"watching {len(paths)} {'path' if len(paths) == 1 else 'paths'}; Ctrl-C ends"
                )
            watching.run()
        except KeyboardInterrupt:
            pass  # the way to end it; what was read so far is stored
        redacted = memory.redacted
    if not as_json:
        err.print(f"stopped; stored {totals['stored']:,} episodes")
        if redacted:
            err.print(redacted_line(redacted))


def _once(watching: Any, memory: Any, deep: bool) -> None:
    done = watching.once()
    if deep:
        with bar("deep keys") as deepen:
            memory.ready(deepen)
    if any(one.reasons for one in done) and not any(one.stored or one.known for one in done):
        raise typer.Exit(EXIT_NOTHING)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _print_pass(done: Any, as_json: bool) -> None:
    now = datetime.now().astimezone()
    if as_json:
        print_json(
            {
                "at": now, "path": done.path, "format": done.format, "read": done.read,
                "stored": done.stored, "known": done.known, "skipped": len(done.reasons),
                "reasons": [{"place": place, "reason": reason} for place, reason in done.reasons],
            }
        )  # fmt: skip
        return
    out.print(
        f"[dim]{now:%H:%M:%S}[/] {escape(plain(str(done.path)))} ({done.format or 'unknown'}): stored "
        f"[bold]{done.stored}[/], already known {done.known}"
    )
    _print_reasons(list(done.reasons))
