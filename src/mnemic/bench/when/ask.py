"""Asks a world's questions through the public API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Literal

import numpy as np

from mnemic.agent.memory import Memory
from mnemic.agent.protocols import Embedder
from mnemic.agent.recall.order import coverage, in_order, is_meant
from mnemic.agent.records import Hit, Window
from mnemic.agent.when import parse_window, zone_of
from mnemic.agent.when.aim import parse_aim
from mnemic.agent.when.events import parse_event_window, resolve
from mnemic.bench.when.world import SCOPE, Ask, World

TOP = 5
COUNTED_TOP = 10
"""Of what is counted, all must be among so many."""

LOOKED_AT = 50
"""How many hits are put in order where a question asks for the first or the last."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one question went.

    Attributes:
        exact: whether the window is the expected one; None where none is expected.
        clock: whether its clock is; None likewise.
        found: share of the answers in the top 5, of what is counted in the top 10; `first` whether
            the very top is one, of questions with one answer.
        recalled: the same share through `Memory.recall` alone.
        window: what was read, for the list of failures.
    """

    ask: Ask
    exact: bool | None
    clock: bool | None
    found: float
    first: bool | None
    recalled: float
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
        place = zone_of(world.zone)
        space = None if memory.embedder is None else memory.embedder.space
        return [_answer(memory, ask, world.now, place) for ask in world.asks], count, space


def _answer(memory: Memory, ask: Ask, now: datetime, zone: tzinfo) -> Answer:
    window, text = _window(memory, ask.text, now, zone)
    exact = clock = None
    if ask.start is not None and ask.end is not None:
        exact = window is not None and (
            window.span.start.astimezone(UTC), window.span.end.astimezone(UTC)
        ) == (ask.start, ask.end)  # fmt: skip
        clock = window is not None and window.clock == ask.clock
    k = COUNTED_TOP if ask.kind.startswith("count") else TOP
    hits = _ordered(memory, ask.text, text, k, now, window)
    plain = memory.recall(ask.text, scope=SCOPE, k=k, now=now).hits
    first = hits[0].episode.ref in ask.answers if hits and len(ask.answers) == 1 else None
    read = "none" if window is None else f"{window.phrase!r} {window.span.start} {window.span.end}"
    return Answer(ask, exact, clock, _share(hits[:k], ask), first, _share(plain, ask), read)


def _window(memory: Memory, text: str, now: datetime, zone: tzinfo) -> tuple[Window | None, str]:
    """The window of a question, and what is left to search for.

    One beside an event is dated by what recall finds of the event; its words then only say when.
    """
    window = parse_window(text, now, zone)
    if window is not None:
        return window, text
    asked = parse_event_window(text, now, zone)
    if asked is None:
        return None, text
    found = memory.recall(asked.words, scope=SCOPE, k=1, now=now, window=None).hits
    if not found:
        return None, text
    episode = found[0].episode
    if not is_meant(asked, episode.text, episode.happened):
        return None, text
    window = resolve(asked, episode.happened, zone, certain=True)
    rest = f"{text[: asked.start]} {text[asked.end :]}"
    return window, rest if window.hard else text


def _ordered(
    memory: Memory, question: str, text: str, k: int, now: datetime, window: Window | None
) -> Sequence[Hit]:
    """The hits for a text, in the order that the question asks for."""
    aim = parse_aim(question)
    if aim.kind not in ("first", "last"):
        return memory.recall(text, scope=SCOPE, k=k, now=now, window=window).hits
    hits = memory.recall(text, scope=SCOPE, k=LOOKED_AT, now=now, window=window).hits
    order = in_order(
        np.array([hit.score for hit in hits], dtype=np.float32),
        np.array([_us(hit.episode.said_at) for hit in hits], dtype=np.int64),
        np.array([_us(hit.episode.happened.start) for hit in hits], dtype=np.int64),
        aim,
        covered=coverage(question, [hit.episode.text for hit in hits], aim),
        by_named=np.array([(hit.episode.speaker or "-") in question for hit in hits], dtype=bool),
    )
    return [hits[place] for place in order]


def _us(moment: datetime) -> int:
    return int(moment.timestamp() * 1e6)


def _share(hits: Sequence[Hit], ask: Ask) -> float:
    found = {hit.episode.ref for hit in hits}
    return len(found & ask.answers) / len(ask.answers)
