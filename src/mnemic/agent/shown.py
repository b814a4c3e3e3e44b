"""What a memory shows of what it knows: profiles, timelines, rooms, lessons, runs, receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mnemic.agent.facts.fact import Fact, Quote
from mnemic.agent.records import Episode


@dataclass(frozen=True, slots=True)
class Profile:
    """What is held of a scope's people and things: by subject, lasting and recent facts."""

    scope: str
    subjects: Sequence[str]
    static: dict[str, Sequence[Fact]]
    recent: dict[str, Sequence[Fact]]


@dataclass(frozen=True, slots=True)
class Moment:
    """A line of a timeline: a fact over its validity, or an episode when it happened."""

    start: datetime | None
    end: datetime | None
    text: str
    fact: Fact | None = None
    episode: Episode | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """A room of the palace: its name, its size, its summary, and the names it had before."""

    wing: str
    room: str
    name: str
    size: int
    summary: str
    was: Sequence[str]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A procedure learned from a session: what to do when."""

    id: str
    trigger: str
    action: str
    certainty: float
    quotes: Sequence[Quote]
    said_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an erasure removed: ids and counts, no content.

    `clean` is False where another process kept the file's log from being cleaned at once; erase
    again, or close the other, to have it cleaned.
    """

    ids: Sequence[str]
    rows: dict[str, int]
    erased_at: datetime
    clean: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One run of sleep, or one act upon a fact, as `runs` lists it."""

    number: int
    reach: str
    phases: str
    state: Literal["running", "done", "undone"]
    started_at: datetime
    ended_at: datetime | None
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """An episode with how easily it comes back.

    `strength` is its base-level activation (higher is stronger), `times` how often it came back,
    `last` when it last did; `surprise` is None until sleep has replayed it.
    """

    episode: Episode
    strength: float
    times: int
    last: datetime | None
    surprise: float | None
    hidden: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One row that a run changed: the table, "insert", "update" or "delete", what it is about.

    Of an update `before` and `after` hold the row's key and the columns that changed.
    """

    table: str
    kind: str
    about: str
    before: Mapping[str, object]
    after: Mapping[str, object]
