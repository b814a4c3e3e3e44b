"""Commands for what a memory knows: sleep, facts, profiles, places, corrections, erasure."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from mnemic.errors import InvalidInput
from mnemic.serve.objects import (
    fact_object,
    lessons_object,
    palace_object,
    profile_object,
    receipt_object,
    report_object,
    run_object,
    timeline_object,
)
from mnemic.serve.options import AsJson, Db, Scope, Zone, existing, open_memory
from mnemic.serve.terminal import bar, jsonable, out, plain, print_json

Fact = Annotated[str, typer.Argument(help="The fact's id, or its first 6 characters or more.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="What held at this moment in the world (ISO 8601).")
]
BelievedAt = Annotated[
    str | None, typer.Option("--believed-at", help="What we believed at this moment (ISO 8601).")
]
Require = Annotated[
    str | None, typer.Option("--require", help="verified, experimental or unverified only.")
]
LeastConfidence = Annotated[
    float, typer.Option("--min-confidence", min=0, max=1, help="Only facts at least so sure.")
]

_BUDGET = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)?\Z")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


def add_to(app: typer.Typer) -> None:
    """Adds these commands to the program."""
    for command in (
        sleep, facts, correct, confirm, reject, profile, timeline, palace, lessons, suppress, restore,
        erase,
    ):  # fmt: skip
        app.command()(command)


def sleep(
    scope: Annotated[
        str | None,
        typer.Option("--scope", "-s", help="A path, or acme/*; everything if not given."),
    ] = None,
    phase: Annotated[
        list[str] | None, typer.Option("--phase", help="nrem (what is new) or rem (all together).")
    ] = None,
    budget: Annotated[
        str | None, typer.Option("--budget", help="Begin no new step after this: 60s, 5m.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Sleep on a copy, show what would change, keep nothing."),
    ] = False,
    undo: Annotated[
        int | None, typer.Option("--undo", metavar="RUN", help="Put back what a run changed.")
    ] = None,
    runs: Annotated[bool, typer.Option("--runs", help="List the runs so far.")] = False,
    again: Annotated[
        bool,
        typer.Option("--again", help="Forget what was derived, then derive it all from the log."),
    ] = False,
    llm: Annotated[
        bool,
        typer.Option(
            "--llm",
            help="Read with the endpoint of MNEMIC_LLM_URL and MNEMIC_LLM_MODEL too (MNEMIC_LLM_KEY, "
            "MNEMIC_LLM_TOKENS_MAX, …).",
        ),
    ] = False,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Consolidate episodes into facts, lessons, summaries and places. Loses nothing; can be undone."""
    from mnemic.agent.sleep.run import PHASES

    with open_memory(
        existing(db), background=False, extractor=_extractor() if llm else None
    ) as memory:
        if runs:
            _show_runs(memory.runs(), as_json)
            return
        if undo is not None:
            changed = memory.undo(undo)
            if as_json:
                print_json({"run": undo, "changed": changed})
            else:
                out.print(f"run {undo} undone: {changed} rows are as they were before")
            return
        if not dry_run:
            memory.ready()
            if again:
                memory.forget_derived()
        with bar("sleep") as tick:
            report = memory.sleep(
                scope, phases=tuple(phase) if phase else PHASES, budget_s=_seconds(budget),
                dry_run=dry_run, progress=lambda _, done, total: tick(done, total),
            )  # fmt: skip
    if as_json:
        print_json(report_object(report))
        return
    what = "would change" if report.dry else "changed"
    counts = {name: count for name, count in report.counts.items() if name != "changed"}
    if not counts:
        out.print(f"nothing new to sleep on ({report.seconds:.1f} s)")
    else:
        parts = ", ".join(f"[bold]{count:,}[/] {name}" for name, count in counts.items())
        out.print(f"{'dry run' if report.dry else f'run {report.run}'}: {parts}")
        rate = report.counts.get("episodes", 0) / max(report.seconds, 1e-9)
        out.print(
            f"[dim]{what} {report.changed:,} rows in {report.seconds:.1f} s"
            + (f" · {rate:,.0f} episodes/s" if rate >= 1 else "")
            + ("" if report.dry else f" · mnemic sleep --undo {report.run} puts them back")
            + "[/]"
        )
    for note in report.notes:
        out.print(f"[yellow]note:[/] {escape(plain(note))}")
    if report.left:
        out.print(f"[yellow]note:[/] {report.left:,} episodes wait for the next sleep")


def _extractor() -> Any:
    """The extractor of the endpoint that the environment names."""
    try:
        from mnemic.agent.llm import LLMExtractor, LLMSettings
    except ModuleNotFoundError as error:
        raise InvalidInput("reading with a model needs httpx: pip install 'mnemic[llm]'") from error
    settings = LLMSettings.from_env()
    if settings is None:
        raise InvalidInput(
            "--llm needs MNEMIC_LLM_URL, the base URL of an OpenAI-compatible endpoint"
        )
    return LLMExtractor(settings)


def _seconds(budget: str | None) -> float | None:
    if budget is None:
        return None
    match = _BUDGET.match(budget.strip())
    if match is None:
        raise InvalidInput(f"budget {budget!r} is no length of time; write it like 60s or 5m")
    return float(match[1]) * _UNITS[match[2]]


def _show_runs(runs: list[Any], as_json: bool) -> None:
    if as_json:
        print_json({"runs": [run_object(run) for run in runs]})
        return
    table = Table("run", "what", "scope", "state", "began", "rows", box=None)
    for run in runs[:50]:
        table.add_row(
            str(run.number), run.phases, escape(run.reach), run.state,
            f"{run.started_at:%Y-%m-%d %H:%M:%S}", str(run.counts.get("changed", 0)),
        )  # fmt: skip
    out.print(table if runs else "no sleep so far")


def facts(
    about: Annotated[str | None, typer.Argument(help="Words the facts are to have.")] = None,
    scope: Scope = "default",
    as_of: AsOf = None,
    believed_at: BelievedAt = None,
    history: Annotated[
        bool, typer.Option("--history", help="Also what holds no more, and what replaced it.")
    ] = False,
    min_confidence: LeastConfidence = 0.0,
    require: Require = None,
    quotes: Annotated[bool, typer.Option("--quotes", help="Show the words they rest on.")] = False,
    zone: Zone = None,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """What is held to be true: as of now, as of then, or as we believed it."""
    with open_memory(existing(db), embedder=None, zone=zone) as memory:
        found = memory.facts(
            about, scope=scope, as_of=as_of, believed_at=believed_at, history=history,
            min_confidence=min_confidence, require=require,
        )  # fmt: skip
    if as_json:
        print_json({"facts": [fact_object(fact) for fact in found]})
    else:
        for fact in found:
            print_fact(fact, quotes=quotes)
        if not found:
            out.print("no fact like this; `mnemic sleep` makes facts of new episodes")
    if not found:
        raise typer.Exit(1)


def print_fact(fact: Any, *, quotes: bool = False) -> None:
    """A fact for people: what, from when to when, how sure, and on whose word."""
    held = "" if fact.valid_to is None else f" → {fact.valid_to:%Y-%m-%d}"
    since = "?" if fact.valid_from is None else f"{fact.valid_from:%Y-%m-%d}"
    ended = f" · {fact.reason}" if fact.reason and fact.valid_to else ""
    out.print(
        f"[cyan]{fact.id[:8]}[/]  {escape(plain(fact.statement))}  "
        f"[dim]{since}{held or ' → now'} · {fact.confidence:.0%} {fact.status}{ended}[/]"
    )
    if quotes:
        for quote in fact.quotes:
            who = f"{quote.speaker}: " if quote.speaker else ""
            out.print(
                f"          [dim]{quote.part} {quote.said_at:%Y-%m-%d} "
                f"“{escape(plain(who + ' '.join(quote.text.split())))}” ({quote.episode_id[:8]})[/]"
            )


def correct(
    fact: Fact,
    value: Annotated[str, typer.Argument(help="What is true instead: the value, or a sentence.")],
    scope: Scope = "default",
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Put one fact right. What was believed before stays known; nothing else changes."""
    with open_memory(existing(db), embedder=None) as memory:
        made = memory.correct(fact, value, scope=scope)
    print_json(fact_object(made)) if as_json else print_fact(made, quotes=True)


def confirm(fact: Fact, scope: Scope = "default", db: Db = None) -> None:
    """Say that a fact is true; it is verified from now on."""
    with open_memory(existing(db), embedder=None) as memory:
        print_fact(memory.confirm(fact, scope=scope))


def reject(fact: Fact, scope: Scope = "default", db: Db = None) -> None:
    """Say that a fact never was true; it is believed no more."""
    with open_memory(existing(db), embedder=None) as memory:
        memory.reject(fact, scope=scope)
        run = memory.runs()[0].number
    out.print(
        f"fact {escape(plain(fact))} is believed no more; `mnemic sleep --undo {run}` undoes it"
    )


def profile(
    scope: Annotated[str, typer.Argument(help="Whose: a scope such as acme/ana.")] = "default",
    min_confidence: LeastConfidence = 0.0,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """What is held of a scope's people: lasting facts and recent ones, each with its confidence."""
    with open_memory(existing(db), embedder=None) as memory:
        found = memory.profile(scope, min_confidence=min_confidence)
    if as_json:
        print_json(profile_object(found))
        return
    for name in found.subjects:
        out.print(f"[bold]{escape(plain(name))}[/]")
        for title, part in (("lasting", found.static), ("recent", found.recent)):
            for number, fact in enumerate(part.get(name, ())):
                evidence = ", ".join(dict.fromkeys(quote.episode_id[:8] for quote in fact.quotes))
                out.print(
                    f"  [dim]{title if not number else '':<8}[/] {escape(plain(fact.statement))} "
                    f"[dim]{fact.confidence:.0%} {fact.status} · {evidence}[/]"
                )
    if not found.subjects:
        out.print("nothing is known yet; `mnemic sleep` makes facts of episodes")
        raise typer.Exit(1)


def timeline(
    about: Annotated[str, typer.Argument(help="A name or some words.")],
    scope: Scope = "default",
    k: Annotated[int, typer.Option("-k", min=1, help="How many episodes at most.")] = 20,
    zone: Zone = None,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """The history of a subject: facts over their validity, and the episodes that tell of it."""
    with open_memory(existing(db), zone=zone, background=False) as memory:
        found = memory.timeline(about, scope=scope, k=k)
    if as_json:
        print_json(timeline_object(found))
    else:
        for one in found:
            out.print(f"[green]{_stretch(one)}[/]  {_moment(one)}")
        if not found:
            out.print("nothing in memory tells of this")
    if not found:
        raise typer.Exit(1)


def _stretch(moment: Any) -> str:
    start = "…" if moment.start is None else f"{moment.start:%Y-%m-%d}"
    if moment.episode is not None:
        return f"{start:<10}             "
    end = "now" if moment.end is None else f"{moment.end:%Y-%m-%d}"
    return f"{start:<10} → {end:<10}"


def _moment(moment: Any) -> str:
    text = " ".join(moment.text.split())
    short = escape(plain(text if len(text) <= 200 else text[:199] + "…"))
    if moment.fact is not None:
        ended = f" · {moment.fact.reason}" if moment.fact.reason and moment.fact.valid_to else ""
        return f"[bold]{short}[/] [dim]{moment.fact.confidence:.0%} {moment.fact.status}{ended}[/]"
    who = f"{escape(plain(moment.episode.speaker))}: " if moment.episode.speaker else ""
    return f"{who}{short} [dim]said {moment.episode.said_at:%Y-%m-%d}[/]"


def palace(
    scope: Scope = "default",
    walk: Annotated[
        str | None, typer.Option("--walk", metavar="WING/ROOM", help="Show a room's episodes.")
    ] = None,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """The places of a scope: wings (people, projects) and their rooms (topics)."""
    with open_memory(existing(db), embedder=None) as memory:
        if walk is not None:
            wing, _, room = walk.rpartition("/")
            inside = memory.room(wing, room, scope=scope)
            if not inside:
                raise InvalidInput(f"there is no room {walk!r}; `mnemic palace` lists them")
            for episode, surprise in inside:
                text = " ".join(episode.text.split())[:160]
                felt = "" if surprise < 0 else f" [dim]surprise {surprise:.2f}[/]"
                out.print(f"[green]{episode.said_at:%Y-%m-%d}[/] {escape(plain(text))}{felt}")
            return
        wings = memory.palace(scope)
    if as_json:
        print_json(palace_object(wings))
        return
    for wing, rooms in wings.items():
        out.print(
            f"[bold]{escape(plain(wing))}[/] [dim]{sum(room.size for room in rooms)} episodes[/]"
        )
        for room in rooms[:20]:
            out.print(
                f"  [cyan]{escape(plain(f'{wing}/{room.room}'))}[/] {escape(plain(room.name))} "
                f"[dim]{room.size}[/]"
            )
        if len(rooms) > 20:
            out.print(f"  [dim]… and {len(rooms) - 20} smaller ones; --json lists them[/]")
    if not wings:
        out.print("no places yet; `mnemic sleep` gives every episode its room")
        raise typer.Exit(1)


def lessons(
    about: Annotated[str | None, typer.Argument(help="Words of the symptom or the cure.")] = None,
    scope: Scope = "default",
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """What was learned from sessions: when this happens, do that."""
    with open_memory(existing(db), embedder=None) as memory:
        found = memory.lessons(about, scope=scope)
    if as_json:
        print_json(lessons_object(found))
    else:
        for one in found:
            out.print(f"[bold]when[/] {escape(plain(one.trigger))}")
            out.print(
                f"  [bold]do[/] {escape(plain(one.action))} "
                f"[dim]{one.certainty:.0%} · {one.said_at:%Y-%m-%d}[/]"
            )
    if not found:
        if not as_json:
            out.print("no lesson yet; `mnemic sleep` finds them in sessions")
        raise typer.Exit(1)


def suppress(
    episode: Annotated[str, typer.Argument(help="The episode's id or ref.")],
    scope: Scope = "default",
    db: Db = None,
) -> None:
    """Hide an episode from every recall; `mnemic restore` shows it again."""
    with open_memory(existing(db), embedder=None) as memory:
        for id_ in memory.suppress(episode, scope=scope):
            out.print(f"{id_} is hidden; `mnemic restore {id_[:8]}` shows it again")


def restore(
    episode: Annotated[str, typer.Argument(help="The episode's id or ref.")],
    scope: Scope = "default",
    db: Db = None,
) -> None:
    """Show a suppressed episode again."""
    with open_memory(existing(db), embedder=None) as memory:
        for id_ in memory.restore(episode, scope=scope):
            out.print(f"{id_} is shown again")


def erase(
    episodes: Annotated[list[str], typer.Argument(help="Ids or refs of episodes.")],
    scope: Scope = "default",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    receipt: Annotated[Path | None, typer.Option(help="Write the receipt to this file.")] = None,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Remove episodes for good, with everything derived from them, from every byte of the store."""
    if not yes:
        if not sys.stdin.isatty():
            raise InvalidInput("erasing cannot be undone; pass --yes to do it without being asked")
        typer.confirm(f"Erase {len(episodes)} for good? This cannot be undone.", abort=True)
    with open_memory(existing(db), embedder=None) as memory:
        done = memory.erase(episodes, scope=scope)
    made = receipt_object(done)
    if receipt is not None:
        receipt.write_text(json.dumps(made, default=jsonable) + "\n", encoding="utf-8")
    if as_json:
        print_json(made)
        return
    rows = ", ".join(f"{number} {table}" for table, number in sorted(done.rows.items()))
    out.print(f"erased {len(done.ids)} episodes at {done.erased_at:%Y-%m-%d %H:%M:%S}: {rows}")
    for id_ in done.ids:
        out.print(f"  {id_}")
    if not done.clean:
        out.print(
            "[yellow]note:[/] another process reads the store; its log is cleaned when that ends: "
            "close it and erase again"
        )
