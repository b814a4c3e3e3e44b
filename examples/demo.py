"""The main job on real data: a conversation of ten months and this repository's own history.

Plays the conversation as it happened, session by session, and imports the history; sleeps; asks
questions of each, and prints the answers with dates, sources and times: what was said, what holds now,
what held then, what we believed then, how sure that is, and what is not in memory. Ends with an error
if a question about the conversation is not answered rightly.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime
from itertools import groupby
from pathlib import Path

from rich.console import Console

from mnemic import Memory
from mnemic.agent.when import parse_moment
from mnemic.importers import Report, open_import
from mnemic.serve.cli import print_recall
from mnemic.serve.knowledge import print_fact
from mnemic.serve.server import PORT, address

HERE = Path(__file__).resolve().parent
NOW = "2026-11-20T12:00:00+00:00"

# A question, and the turn that answers it.
QUESTIONS = (
    ("Where does Ana live now?", "s13:0"),
    ("What food could send her to hospital?", "s05:1"),
    ("What did Ana say about the database in March?", "s05:3"),
    ("What did we talk about four months ago?", "s09:0"),
    ("Why did they stop using InfluxDB?", "s03:2"),
    ("Which garage checks the battery of an electric car?", "s07:3"),
    ("How did the half marathon go?", "s12:0"),
)
# A question of facts, and the object of the fact that answers it.
FACTS = (
    ("Where does she live now?", "Almada"),
    ("Where did she live in May?", "Lisbon"),
    ("What did we believe on 1 June: where does she live?", "Lisbon"),
)
NOT_IN_MEMORY = "Which school do Ravi's children go to?"
ABOUT_THE_REPOSITORY = (
    "How are vectors made without torch?",
    "words of time in a question",
    "What changed in the store?",
)


def main() -> int:
    """Runs the demo; 0 if every checked answer was right."""
    console = Console(highlight=False, soft_wrap=True)
    began = time.perf_counter()
    wrong = []
    clock = Played()
    store = _fresh(HERE.parent / "build" / "demo.mnemic")
    with Memory(store, clock=clock) as memory:
        _play(console, memory, clock, HERE / "ana-and-ravi.jsonl", "demo/chat")
        _import(console, memory, "git", HERE.parent, "demo/repository")
        at = time.perf_counter()
        memory.ready()
        console.print(f"deep keys made in {time.perf_counter() - at:.2f} s")
        slept = memory.sleep("demo/*")
        counts = ", ".join(f"{n:,} {name}" for name, n in slept.counts.items() if name != "changed")
        console.print(f"slept {slept.seconds:.2f} s: {counts}\n")
        for question, ref in QUESTIONS:
            console.rule(f"[bold]{question}[/]", align="left")
            found = memory.recall(question, scope="demo/chat", k=3, now=NOW)
            print_recall(found)
            if ref not in [hit.episode.ref for hit in found.hits]:
                wrong.append(question)
        wrong += _ask_facts(console, memory)
        for question in ABOUT_THE_REPOSITORY:
            console.rule(f"[bold]{question}[/] [dim](git history)[/]", align="left")
            print_recall(memory.recall(question, scope="demo/repository", k=2))
        console.rule("[bold]A context for a prompt, 120 tokens[/]", align="left")
        packed = memory.context(
            "Ana's health and running", scope="demo/chat", budget_tokens=120, now=NOW
        )
        console.print(packed.text, markup=False)
    console.rule()
    asked = len(QUESTIONS) + len(FACTS) + 1
    console.print(
        f"{asked - len(wrong)} of {asked} checked answers are right; took {time.perf_counter() - began:.1f} s"
    )
    for question in wrong:
        console.print(f"[red]wrong:[/] {question}")
    console.print(
        "\nLook at what is remembered:  [bold].venv/bin/mnemic serve --db build/demo.mnemic[/]\n"
        f"and open [bold]{address('127.0.0.1', PORT)}[/]"
    )
    return 1 if wrong else 0


def _fresh(path: Path) -> Path:
    """The path of a store that is not there yet; an older one of the demo is removed."""
    path.parent.mkdir(exist_ok=True)
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    return path


class Played:
    """A clock that is set to each session's own time while the conversation is played."""

    def __init__(self) -> None:
        self.moment = datetime.fromisoformat(NOW)

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.moment


def _play(console: Console, memory: Memory, clock: Played, path: Path, scope: str) -> None:
    """Remembers a conversation session by session, each when it took place."""
    at, count = time.perf_counter(), 0
    rows = open_import("jsonl", path, scope=scope, report=Report())
    for _, session in groupby(rows, key=lambda row: row["session"]):
        turns = list(session)
        clock.moment = max(parse_moment(turn["said_at"]) for turn in turns)
        count += memory.remember_many(turns).stored
    clock.moment = datetime.fromisoformat(NOW)
    console.print(
        f"played {count} turns of {path.name} as they happened in {time.perf_counter() - at:.2f} s"
    )


def _ask_facts(console: Console, memory: Memory) -> list[str]:
    """Asks for facts as they hold, held and were believed, and for what is not there."""
    wrong = []
    for question, expected in FACTS:
        console.rule(f"[bold]{question}[/]", align="left")
        found = memory.recall(question, scope="demo/chat", k=1, now=NOW)
        print_recall(found)
        if not found.facts or found.facts[0].fact.object != expected:
            wrong.append(question)
    console.rule("[bold]How sure is that?[/]", align="left")
    for fact in memory.facts("lives", scope="demo/chat"):
        print_fact(fact, quotes=True)
    console.rule(f"[bold]{NOT_IN_MEMORY}[/]", align="left")
    found = memory.recall(NOT_IN_MEMORY, scope="demo/chat", k=3, now=NOW, abstain_below=0.5)
    print_recall(found)
    if not found.abstained:
        wrong.append(NOT_IN_MEMORY)
    return wrong


def _import(console: Console, memory: Memory, kind: str, path: Path, scope: str) -> None:
    report = Report()
    at = time.perf_counter()
    written = memory.remember_many(
        open_import(kind, path, scope=scope, report=report), on_error="skip"
    )
    console.print(
        f"imported {written.stored} episodes from {path.name} ({kind}) in {time.perf_counter() - at:.2f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
