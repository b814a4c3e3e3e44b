"""Options that commands share, and the memory they open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

Db = Annotated[
    Path | None,
    typer.Option("--db", help="The store's file. Default: $MNEMIC_DB or the user's data folder."),
]
Scope = Annotated[
    str, typer.Option("--scope", "-s", help="A path, tenant first: acme/ana. Reading: acme/* too.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
Now = Annotated[
    str | None, typer.Option("--now", help="What 'yesterday' is relative to (ISO 8601).")
]
Zone = Annotated[
    str | None,
    typer.Option("--zone", help="IANA zone of questions and naive times, e.g. Europe/Lisbon."),
]
From = Annotated[
    str | None, typer.Option("--from", help="Only what was said from here on (ISO 8601).")
]
To = Annotated[str | None, typer.Option("--to", help="Only what was said before (ISO 8601).")]
AnyTime = Annotated[bool, typer.Option("--any-time", help="Do not read a time from the query.")]
Redact = Annotated[
    bool, typer.Option("--redact/--no-redact", help="Take keys and passwords out before storing.")
]
Pii = Annotated[
    bool,
    typer.Option("--pii", help="Take personal data out too: e-mail, telephone, cards, IBAN, IPs."),
]


def redaction(redact: bool, pii: bool) -> Any:
    """What `--redact` and `--pii` ask for; None for nothing."""
    from mnemic.agent.write.redact import Redaction

    return Redaction(secrets=redact, pii=pii) if redact or pii else None


def redacted_line(redacted: Mapping[str, int]) -> str:
    """What was redacted, in words."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(redacted.items()))
    return f"redacted {sum(redacted.values())}: {kinds}"


def open_memory(db: Path | None, **options: Any) -> Any:
    """The memory at a path, or the default one."""
    from mnemic.agent.memory import Memory

    return Memory(db, **options)


def existing(db: Path | None) -> Path:
    """The path of a store that must be there: looking must not create an empty one."""
    from mnemic.agent.memory import default_path
    from mnemic.errors import StoreError

    path = db or default_path()
    if not path.exists():
        raise StoreError(f"there is no store at {str(path)!r}; `mnemic remember` makes one")
    return path
