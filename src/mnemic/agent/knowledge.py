"""What sleep derives, as rows: one NamedTuple a table, the same in every store.

Rows of a scope begin with its number, so that no reading crosses scopes by mistake. All of them are a
function of the log and of people's acts; a store keeps them, journals the runs that change them, and
can undo a run. Times are in microseconds since 1970 UTC.
"""

from __future__ import annotations

from typing import NamedTuple


class ClaimRow(NamedTuple):
    """One statement of an episode; `start` and `stop` are characters of its text."""

    scope_id: int
    seq: int
    number: int
    start: int
    stop: int
    subject: str
    subject_key: str
    relation: str
    object: str
    object_key: str
    statement: str
    denied: int
    certainty: float
    change: str
    valid_from_us: int | None
    valid_to_us: int | None
    said_us: int
    ingested_us: int
    witness: str
    trust: float
    own: int
    extractor: str


class FactRow(NamedTuple):
    """One version of a fact; `version` numbers them by when they were believed."""

    scope_id: int
    fact_id: str
    version: int
    subject: str
    subject_key: str
    relation: str
    object: str
    object_key: str
    statement: str
    denied: int
    valid_from_us: int | None
    valid_to_us: int | None
    believed_from_us: int
    believed_to_us: int | None
    supports: float
    contradicts: float
    confidence: float
    status: str
    witnesses: int
    reason: str
    successor: str | None


class EvidenceRow(NamedTuple):
    """Which claim speaks for, against or to the end of which fact."""

    scope_id: int
    fact_id: str
    seq: int
    number: int
    part: str


class GroupRow(NamedTuple):
    """A subject and a relation, and what its claims show of the relation (see facts/reconcile.py)."""

    scope_id: int
    subject_key: str
    relation: str
    alone: int
    together: int


class MentionRow(NamedTuple):
    """What an episode names, the nodes of the graph: `found` is JSON [[key, surface, kind], …]."""

    scope_id: int
    seq: int
    found: str


class SummaryRow(NamedTuple):
    """The sentences that stand for a session or a topic; `sentences` is JSON [[seq, start, stop], …]."""

    scope_id: int
    kind: str
    key: str
    title: str
    text: str
    sentences: str
    from_us: int
    to_us: int
    maker: str


class LessonRow(NamedTuple):
    """A procedure: what to do when; `quotes` is JSON [[seq, start, stop], …]."""

    scope_id: int
    lesson_id: str
    trigger: str
    action: str
    certainty: float
    quotes: str
    said_us: int


class PlaceRow(NamedTuple):
    """Where an episode lies in the palace: a wing (people, projects) and a room (a topic)."""

    scope_id: int
    seq: int
    wing: str
    room: str


class RoomRow(NamedTuple):
    """A room: its name, and the centre that new episodes are measured against."""

    scope_id: int
    wing: str
    room: str
    name: str
    size: int
    centre: bytes
    was: str
    """Names it had before, JSON."""


class GistRow(NamedTuple):
    """The fixed-size state of a scope in one embedding space, and how far it has read."""

    scope_id: int
    space: str
    upto_seq: int
    state: bytes


class ReplayRow(NamedTuple):
    """An episode that sleep has replayed, and how much it surprised (-1 where nothing could tell)."""

    scope_id: int
    seq: int
    surprise: float
    version: str


class StageRow(NamedTuple):
    """How far a stage of sleep has come in a scope; `value` is the stage's own."""

    scope_id: int
    stage: str
    value: str


class ColdRow(NamedTuple):
    """An episode that is too weak for the hot index; it stays in the log."""

    scope_id: int
    seq: int


TABLES: dict[type[NamedTuple], tuple[str, tuple[str, ...]]] = {
    ClaimRow: ("claims", ("scope_id", "seq", "number")),
    FactRow: ("facts", ("scope_id", "fact_id", "version")),
    EvidenceRow: ("evidence", ("scope_id", "fact_id", "seq", "number")),
    GroupRow: ("groups", ("scope_id", "subject_key", "relation")),
    MentionRow: ("mentions", ("scope_id", "seq")),
    SummaryRow: ("summaries", ("scope_id", "kind", "key")),
    LessonRow: ("lessons", ("scope_id", "lesson_id")),
    PlaceRow: ("places", ("scope_id", "seq")),
    RoomRow: ("rooms", ("scope_id", "wing", "room")),
    GistRow: ("gists", ("scope_id", "space")),
    ReplayRow: ("replays", ("scope_id", "seq")),
    StageRow: ("stages", ("scope_id", "stage")),
    ColdRow: ("cold", ("scope_id", "seq")),
}
"""Each kind of row with its table and key."""

NAMES = tuple(name for name, _ in TABLES.values())


class ActRow(NamedTuple):
    """What a person decided: appended to, never changed; `content` is JSON.

    `kind` is "correct", "confirm", "reject" (of a fact), "suppress" or "restore" (of an episode).
    """

    act: int
    scope_id: int
    kind: str
    target: str
    content: str
    at_us: int


class RunRow(NamedTuple):
    """One run of sleep: what it was to do, how it ended ("running", "done", "undone"), its report."""

    run: int
    reach: str
    phases: str
    state: str
    started_us: int
    ended_us: int | None
    report: str


class UseRow(NamedTuple):
    """How an episode was used: how often it came back, when first and when last (`recent` JSON)."""

    scope_id: int
    seq: int
    times: int
    recent: str
