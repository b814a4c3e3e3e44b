"""What the operations answer, as models: the shape of the objects in objects.py, for schemas and tests."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Reply(BaseModel):
    """An answer. Later versions may add fields."""

    model_config = ConfigDict(extra="forbid")


class Kept(Reply):
    """An episode that is kept durably."""

    id: str
    scope: str


class Refused(Reply):
    """A row that was not kept, by its number from 0."""

    row: int
    reason: str


class Written(Reply):
    """What a batch did."""

    stored: int
    known: int
    refused: list[Refused]
    redacted: dict[str, int]


class Episode(Reply):
    """One thing that was said, written or done: verbatim, dated, sourced."""

    id: str
    text: str
    scope: str
    speaker: str | None = None
    session: str | None = None
    position: int | None = None
    source: str | None = None
    ref: str | None = None
    said_at: AwareDatetime | None = None
    happened: list[AwareDatetime] | None = None
    meta: dict[str, Any] | None = None
    ingested_at: AwareDatetime


class Seen(Episode):
    """An episode with its strength (base-level activation), its surprise (0 to 1) and its uses.

    `happens` is when what it tells of happened, where its words say so and nobody gave it.
    """

    happens: list[AwareDatetime] | None
    trust: str
    strength: float
    recalled: int
    recalled_at: AwareDatetime | None
    surprise: float | None
    hidden: bool


class Evidence(Reply):
    """One channel's part in a hit."""

    channel: str
    score: float
    rank: int | None
    contribution: float


class Hit(Episode):
    """An episode that came back; `relevance` is the probability that it bears on the query."""

    rank: int
    score: float
    relevance: float
    trust: str
    trace: list[Evidence]


class Span(Reply):
    """A stretch of time, [start, end)."""

    start: AwareDatetime
    end: AwareDatetime


class Window(Reply):
    """The time that a query asks for; `hard` excludes what lies outside."""

    span: Span
    clock: str | None
    hard: bool
    phrase: str
    zone: str


class Quote(Reply):
    """The words of an episode that a fact rests on."""

    episode: str
    start: int
    end: int
    text: str
    said_at: AwareDatetime
    speaker: str | None
    part: str


class Fact(Reply):
    """What is held to be true during [valid_from, valid_to), believed during [believed_from, …)."""

    id: str
    scope: str
    subject: str
    relation: str
    object: str
    statement: str
    denied: bool
    valid_from: AwareDatetime | None
    valid_to: AwareDatetime | None
    believed_from: AwareDatetime
    believed_to: AwareDatetime | None
    confidence: float
    status: str
    witnesses: int
    reason: str
    successor: str | None
    quotes: list[Quote]


class FactHit(Fact):
    """A fact that bears on a query, and the one it replaced."""

    score: float
    replaced: Fact | None


class Recall(Reply):
    """The answer to a query; `known` is the probability that memory holds an answer at all."""

    query: str
    scope: str
    window: Window | None
    channels: list[str]
    notes: list[str]
    known: float
    abstained: bool
    facts: list[FactHit]
    ms: dict[str, float]
    hits: list[Hit]
    misses: list[Hit]


class Citation(Episode):
    """Where the piece with this number came from."""

    number: int
    trust: str


class Context(Reply):
    """Text for a prompt, where each piece of it came from, and the least trusted class among them."""

    text: str
    tokens: int
    trust: str | None
    facts: list[FactHit]
    citations: list[Citation]
    window: Window | None
    notes: list[str]
    known: float
    abstained: bool


class Episodes(Reply):
    """A page; `next` is what to pass as `beyond` for the one behind it."""

    episodes: list[Seen]
    next: str | None


class Around(Reply):
    """An episode, its session around it, and the facts it speaks for."""

    episode: Seen
    neighbours: list[Episode]
    facts: list[Fact]


class Facts(Reply):
    """Facts by subject and relation."""

    facts: list[Fact]


class Moment(Reply):
    """A fact over its validity, or an episode when it happened."""

    start: AwareDatetime | None
    end: AwareDatetime | None
    text: str
    fact: str | None
    episode: str | None
    replaced_by: str | None
    relation: str | None
    confidence: float | None
    status: str | None
    speaker: str | None


class Timeline(Reply):
    """The history of a subject, oldest first."""

    timeline: list[Moment]


class Subject(Reply):
    """What is held of one person or thing."""

    subject: str
    static: list[Fact]
    recent: list[Fact]


class Profile(Reply):
    """What is held of a scope's people and things."""

    scope: str
    subjects: list[Subject]


class Room(Reply):
    """A room of the palace."""

    room: str
    name: str
    size: int
    summary: str
    was: list[str]


class Palace(Reply):
    """The wings of a scope, each with its rooms."""

    wings: dict[str, list[Room]]


class Inside(Reply):
    """What lies in a room."""

    wing: str
    room: str
    size: int
    episodes: list[Seen]


class Lesson(Reply):
    """What to do when."""

    id: str
    trigger: str
    action: str
    certainty: float
    said_at: AwareDatetime
    episodes: list[str]


class Lessons(Reply):
    """What was learned, newest first."""

    lessons: list[Lesson]


class Summary(Reply):
    """The sentences that stand for a session or a topic."""

    key: str
    title: str
    text: str
    start: AwareDatetime
    end: AwareDatetime


class Summaries(Reply):
    """Summaries, oldest first."""

    summaries: list[Summary]


class Slept(Reply):
    """What a sleep did, or would do."""

    run: int
    dry: bool
    scopes: int
    counts: dict[str, int]
    left: int
    seconds: float
    notes: list[str]


class Run(Reply):
    """A run of sleep, or an act upon a fact."""

    run: int
    reach: str
    phases: str
    state: str
    started_at: AwareDatetime
    ended_at: AwareDatetime | None
    counts: dict[str, int]


class Runs(Reply):
    """Runs, newest first."""

    runs: list[Run]


class Change(Reply):
    """A row that a run changed: "insert", "update" or "delete"."""

    table: str
    kind: str
    about: str
    before: dict[str, Any]
    after: dict[str, Any]


class RunChanges(Run):
    """A run with the first rows it changed."""

    changes: list[Change]


class Undone(Reply):
    """How many rows are as they were before."""

    run: int
    changed: int


class Done(Reply):
    """The ids that an act took effect on."""

    ids: list[str]


class Receipt(Reply):
    """What was erased: ids and counts, no content."""

    erased: list[str]
    rows: dict[str, int]
    erased_at: AwareDatetime
    clean: bool


class ScopeSize(Reply):
    """A scope and how many episodes it has."""

    scope: str
    episodes: int


class Scopes(Reply):
    """The scopes within reach."""

    scopes: list[ScopeSize]


class Stats(Reply):
    """Counts and sizes of the whole store."""

    model_config = ConfigDict(extra="allow")
    episodes: int
    bytes: int = Field(description="Of the file and its log.")
