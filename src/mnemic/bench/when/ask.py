"""Asks a world's questions through the public API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from mnemic.agent.memory import Memory
from mnemic.agent.protocols import Embedder
from mnemic.agent.records import Hit
from mnemic.bench.when.world import SCOPE, Ask, World

TOP = 5
COUNTED_TOP = 10
"""Of what is counted, all must be among so many."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one question went.

    Attributes:
        exact: whether the window is the expected one; None where none is expected.
        clock: whether its clock is; None likewise.
        found: share of the answers in the top 5, of what is counted in the top 10; `first` whether
            the very top is one, of questions with one answer.
        window: what was read, for the list of failures.
    """

    ask: Ask
    exact: bool | None
    clock: bool | None
    found: float
    first: bool | None
    window: str


def store(memory: Memory, world: World, clock: _Hands) -> int:
    """Remembers a world's rows, each at the moment when it is to be stored."""
    count = 0
    for moment in sorted(world.rows):
        clock.moment = moment
        memory.remember_many(sorted(world.rows[moment], key=lambda row: row["said_at"]))
        count += len(world.rows[moment])
    clock.moment = world.now
    return count


class _Hands:
    """A clock that is set."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """What the clock was set to."""
        return self.moment


def run_world(
    world: World, folder: Path, embedder: Embedder | Literal["auto"] | None
) -> tuple[list[Answer], int, str | None]:
    """The answers to a world's questions, how many episodes it has, and the embedding space."""
    clock = _Hands(world.now)
    path = folder / f"{world.zone.replace('/', '-')}.mnemic"
    with Memory(path, embedder=embedder, zone=world.zone, clock=clock, background=False) as memory:
        count = store(memory, world, clock)
        if memory.embedder is not None:
            memory.ready()
        space = None if memory.embedder is None else memory.embedder.space
        return [_answer(memory, ask, world.now) for ask in world.asks], count, space


def _answer(memory: Memory, ask: Ask, now: datetime) -> Answer:
    k = COUNTED_TOP if ask.kind.startswith("count") else TOP
    found = memory.recall(ask.text, scope=SCOPE, k=k, now=now)
    window, hits = found.window, found.hits
    exact = clock = None
    if ask.start is not None and ask.end is not None:
        exact = window is not None and (
            window.span.start.astimezone(UTC), window.span.end.astimezone(UTC)
        ) == (ask.start, ask.end)  # fmt: skip
        clock = window is not None and window.clock == ask.clock
    first = hits[0].episode.ref in ask.answers if hits and len(ask.answers) == 1 else None
    read = "none" if window is None else f"{window.phrase!r} {window.span.start} {window.span.end}"
    return Answer(ask, exact, clock, _share(hits, ask), first, read)


def _share(hits: Sequence[Hit], ask: Ask) -> float:
    found = {hit.episode.ref for hit in hits}
    return len(found & ask.answers) / len(ask.answers)
