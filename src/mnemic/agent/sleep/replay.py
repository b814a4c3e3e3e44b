"""NREM: one batch of episodes, whole sessions as far as they fit → the rows they give.

Pure of the store's writes: reads what it needs, and returns rows to put.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Protocol, runtime_checkable

from mnemic.agent.facts.claims import Claim
from mnemic.agent.knowledge import ClaimRow, LessonRow, MentionRow, ReplayRow, SummaryRow
from mnemic.agent.recalled import CITATION
from mnemic.agent.records import Episode
from mnemic.agent.sleep.entities import mentions_of
from mnemic.agent.sleep.extract.keys import object_key
from mnemic.agent.sleep.extract.procedures import lessons
from mnemic.agent.sleep.extract.turns import Turn
from mnemic.agent.sleep.summaries import summarise
from mnemic.agent.speakers import is_name
from mnemic.agent.trust import TRUST
from mnemic.agent.write.prepare import to_us

OPPOSITES = {"dislikes": "likes"}
"""Relations that deny another, so that both are one group and contradict each other."""

CORRECTION = "correction"
"""The source of episodes that keep a person's correction; acts make use of them, not extraction."""

BEFORE_MAX = 3
"""How many turns before an episode its extraction may look at."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """An episode with what stood before it in its session, and who is known in the scope."""

    seq: int
    episode: Episode
    before: Sequence[Turn]
    names: frozenset[str]


class Extractor(Protocol):
    """Episodes in, claims out. `version` changes whenever the same text would give other claims."""

    @property
    def version(self) -> str:
        """A stable name, such as 'rules/1'."""
        ...

    def claims(self, batch: Sequence[Replayed]) -> list[list[Claim]]:
        """For each episode its claims, every one quoting the episode's own text."""
        ...


class Reading(NamedTuple):
    """The claims of an episode, and the version that read them."""

    claims: list[Claim]
    version: str


@runtime_checkable
class Reader(Protocol):
    """An extractor that may fall back on another one; what that one read is read again later."""

    def read(self, batch: Sequence[Replayed]) -> list[Reading]:
        """For each episode its claims, with the extractor's own version, or that of the other."""
        ...


@runtime_checkable
class Renewed(Protocol):
    """An extractor with a budget and notes, which begin anew with each sleep."""

    notes: list[str]

    def renew(self) -> None:
        """Begins a new run."""
        ...


class RuleExtractor:
    """Claims by rules: first-person statements and plain sentences about named ones."""

    def __init__(self) -> None:
        from mnemic.agent.sleep.extract import RULES_VERSION

        self.version = f"rules/{RULES_VERSION}"

    def claims(self, batch: Sequence[Replayed]) -> list[list[Claim]]:
        """For each episode its claims."""
        from mnemic.agent.sleep.extract import extract

        return [
            extract(
                one.episode.text,
                speaker=one.episode.speaker,
                said_at=one.episode.said_at,
                before=one.before,
                names=one.names,
            )
            for one in batch
        ]


class Session(NamedTuple):
    """All episodes of a session, in order, with their numbers."""

    name: str | None
    seqs: Sequence[int]
    episodes: Sequence[Episode]

    def without(self, gone: frozenset[int]) -> Session:
        """The session as it is when some of its episodes are gone."""
        left = [n for n, seq in enumerate(self.seqs) if seq not in gone]
        return Session(self.name, [self.seqs[n] for n in left], [self.episodes[n] for n in left])


def rows_of(
    scope_id: int,
    batch: Sequence[Replayed],
    found: Sequence[Reading],
    surprises: Mapping[int, float],
) -> list[NamedTuple]:
    """Claims, mentions and the mark of replay of each episode.

    Args:
        scope_id: the scope of all of them.
        batch: the episodes.
        found: what was read in each.
        surprises: of episodes by number, where something could tell.
    """
    rows: list[NamedTuple] = []
    for one, (claims, version) in zip(batch, found, strict=True):
        if one.episode.source == CORRECTION:
            claims = []
        rows += claim_rows(scope_id, one.seq, one.episode, claims, version)
        rows += mention_rows(scope_id, one.seq, one.episode)
        rows.append(ReplayRow(scope_id, one.seq, float(surprises.get(one.seq, -1.0)), version))
    return rows


def readings(batch: Sequence[Replayed], extractor: Extractor) -> list[Reading]:
    """What an extractor reads in each episode, and in which version."""
    if isinstance(extractor, Reader):
        return extractor.read(batch)
    return [Reading(claims, extractor.version) for claims in extractor.claims(batch)]


def claim_rows(
    scope_id: int, seq: int, episode: Episode, claims: Sequence[Claim], extractor: str
) -> list[ClaimRow]:
    """The claims of an episode as rows; one that does not quote the episode is dropped."""
    witness = witness_of(episode)
    trust = TRUST[episode.trust]
    rows: list[ClaimRow] = []
    cited = [match.span() for match in CITATION.finditer(episode.text)]
    for claim in claims:
        if not 0 <= claim.start < claim.end <= len(episode.text) or not claim.object.strip():
            continue
        if any(claim.start < stop and start < claim.end for start, stop in cited):
            continue  # it leans on what was recalled, which is no word of this speaker
        relation, turned = (
            OPPOSITES.get(claim.relation, claim.relation),
            claim.relation in OPPOSITES,
        )
        rows.append(
            ClaimRow(
                scope_id, seq, len(rows), claim.start, claim.end, claim.subject,
                subject_key(claim.subject), relation, claim.object,
                object_key(claim.relation, claim.object), claim.statement,
                int(claim.denied != turned),
                min(max(claim.certainty, 0.0), 1.0), claim.change,
                None if claim.valid_from is None else to_us(claim.valid_from),
                None if claim.valid_to is None else to_us(claim.valid_to),
                to_us(episode.said_at), to_us(episode.ingested_at), witness, trust,
                int(_speaks_of_itself(claim.subject, episode.speaker)), extractor,
            )
        )  # fmt: skip
    return rows


def mention_rows(scope_id: int, seq: int, episode: Episode) -> list[MentionRow]:
    """The names and phrases of an episode, once each, as one row; none where it names nothing."""
    found = {one.key: one for one in reversed(mentions_of(episode.text, episode.speaker))}
    if not found:
        return []
    named = [[found[key].key, found[key].surface, found[key].kind] for key in sorted(found)]
    return [MentionRow(scope_id, seq, json.dumps(named, ensure_ascii=False))]


def session_rows(scope_id: int, session: Session) -> list[NamedTuple]:
    """The summary and the lessons of a session."""
    rows: list[NamedTuple] = []
    if session.name is None:
        return rows
    summary = summarise(session.episodes)
    if summary is not None:
        rows.append(
            SummaryRow(
                scope_id, "session", session.name, summary.title, summary.text,
                json.dumps([[session.seqs[i], a, b] for i, a, b in summary.sentences]),
                to_us(session.episodes[0].said_at), to_us(session.episodes[-1].said_at),
                summary.maker,
            )
        )  # fmt: skip
    for lesson in lessons([Turn(one.speaker, one.text) for one in session.episodes]):
        quotes = [[session.seqs[i], a, b] for i, a, b in lesson.quotes]
        name = sha256(f"{session.name}\0{lesson.trigger}\0{lesson.action}".encode()).hexdigest()
        rows.append(
            LessonRow(
                scope_id, name[:32], lesson.trigger, lesson.action, lesson.certainty,
                json.dumps(quotes), to_us(session.episodes[-1].said_at),
            )
        )  # fmt: skip
    return rows


def witness_of(episode: Episode) -> str:
    """Who vouches for what an episode says: its speaker if it names one, else its source.

    Sessions do not count: the same person saying it again is the same witness.
    """
    if episode.speaker:
        return episode.speaker.casefold()
    return (episode.source or "unknown").casefold()


def subject_key(subject: str) -> str:
    """What makes two subjects the same: their words, whatever their case and spacing."""
    return " ".join(subject.casefold().replace("’", "'").split())


def _speaks_of_itself(subject: str, speaker: str | None) -> bool:
    """Whether a speaker, or something of theirs, is what a claim is about."""
    if not speaker:
        return False
    key, own = subject_key(subject), subject_key(speaker)
    return key == own or key.startswith((own + "'s ", own + "' "))


def contexts(
    episodes: Mapping[int, Episode],
    before: Mapping[int, Sequence[int]],
    names: frozenset[str],
    wanted: Sequence[int],
) -> list[Replayed]:
    """The wanted episodes with the turns before them."""
    made = []
    for seq in wanted:
        turns = [
            Turn(episodes[other].speaker, episodes[other].text)
            for other in before.get(seq, ())
            if other in episodes
        ]
        made.append(Replayed(seq, episodes[seq], turns, names))
    return made


def known_names(speakers: Mapping[int, str]) -> frozenset[str]:
    """Who has a name among the speakers of a scope."""
    return frozenset(name for name in speakers.values() if is_name(name))
