"""Frozen values of the agent level: what is kept, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from mnemic.agent.trust import is_untrusted, source_class
from mnemic.vocabulary import Cost, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnemic.agent.facts.answers import FactHit

ClockName = Literal["happened", "said", "ingested"]


class Row(TypedDict, total=False):
    """What `remember_many` and every importer speak: the arguments of `remember`, as a dict.

    `text` is required. `said_at` and `happened` may be ISO 8601 strings with an offset or aware
    datetimes; `happened` may also be a pair (start, end).
    """

    text: str
    scope: str
    speaker: str | None
    session: str | None
    position: int | None
    source: str | None
    ref: str | None
    said_at: str | datetime | None
    happened: Any
    meta: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Episode:
    """One thing that was said, written or done: verbatim, dated, sourced.

    Its identity is a hash of (scope, source, session, position, said_at, speaker, text), so that
    importing it twice changes nothing.
    """

    id: str
    text: str
    scope: str
    said_at: datetime
    happened: Span
    ingested_at: datetime
    speaker: str | None = None
    session: str | None = None
    position: int | None = None
    source: str | None = None
    ref: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    said_at_known: bool = True
    happened_given: bool = False

    @property
    def trust(self) -> str:
        """The class of its source: "user", "import", "tool", "document", "assistant", "web", …"""
        return source_class(self.source, self.speaker, self.meta.get("trust"))

    @property
    def untrusted(self) -> bool:
        """Whether what it says is to be marked as untrusted where a model reads it."""
        return is_untrusted(self.trust)


@dataclass(frozen=True, slots=True)
class Window:
    """The span of time that a query asks for, and how it was read from the words.

    `hard` windows exclude what lies outside before ranking; others only prefer.
    `clock` is None where the wording leaves open which clock is meant.
    """

    span: Span
    clock: ClockName | None
    hard: bool
    phrase: str
    zone: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One channel's part in a hit: its own score and rank, and what it added to the sum."""

    channel: str
    score: float
    rank: int | None
    contribution: float


@dataclass(frozen=True, slots=True)
class Hit:
    """An episode that came back, with what put it in its place.

    `relevance` is the calibrated probability that it is evidence for an answer to the query.
    """

    episode: Episode
    score: float
    rank: int
    trace: Sequence[Evidence]
    relevance: float = 0.0


@dataclass(frozen=True, slots=True)
class Recall:
    """The answer to a query.

    `channels` names the channels that were asked; `notes` says what was missing or worth knowing
    (no embedder, deep keys still on their way, …). `known` is the calibrated probability that
    memory holds an answer at all. Where it lies below what the caller asked for, the recall has
    `abstained`: there are no hits, and what came nearest is in `misses`. `facts` bear on the
    question as they held when it is asked of, each with the one it replaced.
    """

    query: str
    scope: str
    window: Window | None
    hits: Sequence[Hit]
    channels: Sequence[str]
    notes: Sequence[str]
    cost: Cost
    known: float = 0.0
    abstained: bool = False
    misses: Sequence[Hit] = ()
    facts: Sequence[FactHit] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a piece of a context came from."""

    number: int
    episode: Episode


@dataclass(frozen=True, slots=True)
class Context:
    """Facts and hits packed into a budget of tokens; `citations` number the episodes, after the facts.

    `block` is the name in the lines around the text; `trust` is the least trusted class of source
    among the citations, None without any. What a model says after reading it is worth no more:
    remember it with `meta={"trust": context.trust}`.
    """

    text: str
    tokens: int
    citations: Sequence[Citation]
    recall: Recall
    block: str = ""
    trust: str | None = None
    facts: Sequence[FactHit] = ()

    @property
    def untrusted(self) -> bool:
        """Whether anything in it is untrusted; then nothing should be done because of it alone."""
        return self.trust is not None and is_untrusted(self.trust)


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What a batch of writes did.

    `known` were in memory already, by their identity or because they held only what a recall gave;
    `refused` pairs a row's number (from 0) with the reason; `redacted` counts what was taken out,
    by kind.
    """

    stored: int
    known: int
    refused: Sequence[tuple[int, str]] = ()
    redacted: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Appended:
    """What one transaction did: the ids in order, which were new, and which were erased before.

    What was erased is not taken in again, so that importing a file anew does not bring it back.
    """

    ids: Sequence[str]
    new: Sequence[bool]
    erased: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Space:
    """An embedding space: which model made it, how far it is filled (`upto_seq`), and its state.

    `state` is "active" (recalls use it), "filling" or "retired".
    """

    space_id: int
    name: str
    dimension: int
    state: str
    upto_seq: int


@dataclass(frozen=True, slots=True)
class Pending:
    """An episode whose deep key is still to be made."""

    scope_id: int
    seq: int
    text: str
    speaker: str | None


@dataclass(frozen=True, slots=True)
class Vectors:
    """Deep keys: `seqs` (n,), ascending, an episode's pieces in order; `rows_NK` (n, dimension)."""

    seqs: NDArray[np.int64]
    rows_NK: NDArray[np.float16]  # noqa: N815


FINDINGS_MAX = 100


@dataclass(slots=True)
class Verification:
    """What `verify` looked at and what it found wrong; the list of findings is bounded."""

    episodes: int = 0
    vectors: int = 0
    checks: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.findings

    def found(self, what: str) -> None:
        """Notes a finding."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(what)
