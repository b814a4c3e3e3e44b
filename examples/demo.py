"""The main job on real data: a conversation of ten months and this repository's own history.

Imports both into a new store, asks questions of each, and prints the answers with dates, sources and
times. Ends with an error if a question about the conversation is not answered from the right turn.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from mnemic import Memory
from mnemic.importers import Report, open_import
from mnemic.serve.cli import print_recall

HERE = Path(__file__).resolve().parent
NOW = "2026-11-20T12:00:00+00:00"

# A question, and the turn that answers it.
QUESTIONS = (
    ("Where does Ana live now?", "s04:0"),
    ("What food could send her to hospital?", "s05:1"),
    ("What did Ana say about the database in March?", "s05:3"),
    ("What did we talk about four months ago?", "s09:0"),
    ("Why did they stop using InfluxDB?", "s03:2"),
    ("Which garage checks the battery of an electric car?", "s07:3"),
    ("How did the half marathon go?", "s12:0"),
)
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
    with tempfile.TemporaryDirectory() as folder, Memory(Path(folder) / "demo.mnemic") as memory:
        _import(console, memory, "jsonl", HERE / "ana-and-ravi.jsonl", "demo/chat")
        _import(console, memory, "git", HERE.parent, "demo/repository")
        at = time.perf_counter()
        memory.ready()
        console.print(f"deep keys made in {time.perf_counter() - at:.2f} s\n")
        for question, ref in QUESTIONS:
            console.rule(f"[bold]{question}[/]", align="left")
            found = memory.recall(question, scope="demo/chat", k=3, now=NOW)
            print_recall(found)
            if ref not in [hit.episode.ref for hit in found.hits]:
                wrong.append(question)
        for question in ABOUT_THE_REPOSITORY:
            console.rule(f"[bold]{question}[/] [dim](git history)[/]", align="left")
            print_recall(memory.recall(question, scope="demo/repository", k=2))
        console.rule("[bold]A context for a prompt, 120 tokens[/]", align="left")
        packed = memory.context(
            "Ana's health and running", scope="demo/chat", budget_tokens=120, now=NOW
        )
        console.print(packed.text, markup=False)
    console.rule()
    right = len(QUESTIONS) - len(wrong)
    console.print(
        f"{right} of {len(QUESTIONS)} checked answers are right; took {time.perf_counter() - began:.1f} s"
    )
    for question in wrong:
        console.print(f"[red]wrong:[/] {question}")
    return 1 if wrong else 0


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
