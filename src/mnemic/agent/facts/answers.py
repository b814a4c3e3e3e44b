"""A question → the facts that bear on it, as they held at the asked time and as they were believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mnemic.agent.facts.fact import Fact, Quote
from mnemic.agent.facts.index import Facts
from mnemic.agent.knowledge import ClaimRow, EvidenceRow, FactRow
from mnemic.agent.protocols import Store
from mnemic.agent.terms import query_terms
from mnemic.agent.write.prepare import from_us, to_us
from mnemic.vocabulary import Span

COVERED_MIN = 0.5
"""How much of a question's weight a fact must cover to be shown."""

EVIDENCE_WEIGHT = 0.35
"""What it is worth that the fact's own episode ranks first for the question."""

UNASKED_WEIGHT = 0.5
"""What a fact loses if the question does not name what it is of, the last word of its subject:
"Ana's sister Clara" where Ana is asked about."""

FACTS_MAX = 5

_HUGE = 2**62


@dataclass(frozen=True, slots=True)
class FactHit:
    """A fact that bears on a question, with the fact it replaced, if one is known."""

    fact: Fact
    score: float
    replaced: Fact | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The times a question is asked of: in the world, and in our belief; microseconds.

    `valid` is a stretch; a fact answers if it holds at any moment of it.
    """

    valid_from_us: int
    valid_to_us: int
    believed_us: int | None = None

    @classmethod
    def of(cls, as_of: datetime | Span, believed_at: datetime | None) -> Asked:
        """From a moment or a span in the world, and a moment of belief (None: the present)."""
        if isinstance(as_of, Span):
            valid = to_us(as_of.start), to_us(as_of.end)
        else:
            valid = to_us(as_of), to_us(as_of) + 1
        return cls(*valid, None if believed_at is None else to_us(believed_at))

    def believes(self, row: FactRow) -> bool:
        """Whether this version was believed then."""
        if self.believed_us is None:
            return row.believed_to_us is None
        return row.believed_from_us <= self.believed_us and (
            row.believed_to_us is None or self.believed_us < row.believed_to_us
        )

    def holds(self, row: FactRow) -> bool:
        """Whether the fact holds at any moment of the asked stretch."""
        start = -_HUGE if row.valid_from_us is None else row.valid_from_us
        end = _HUGE if row.valid_to_us is None else row.valid_to_us
        return start < self.valid_to_us and self.valid_from_us < end


def answers(
    facts: Facts,
    question: str,
    asked: Asked,
    ranked: Mapping[int, float],
    hidden: frozenset[int],
    *,
    confidence_min: float = 0.0,
    status: str | None = None,
    limit: int = FACTS_MAX,
) -> list[tuple[int, float]]:
    """The rows of `facts` that answer a question best, with their scores.

    Args:
        facts: of the scopes that are asked.
        question: its words.
        asked: of which times.
        ranked: how well episodes bear on the question, 0 to 1, by number.
        hidden: suppressed episodes; a fact with no other support is left out.
        confidence_min: the least confidence of a fact.
        status: the status it must have; None for any.
        limit: how many at most.
    """
    terms = dict.fromkeys(query_terms(question))
    rare = max(facts.idf.values(), default=1.0)
    weight = {term: facts.idf.get(term, rare) for term in terms}
    total = sum(weight.values())
    if not total:
        return []
    named = {place for term in terms for place in facts.by_subject.get(term, ())}
    names = [term for term in terms if term in facts.by_subject]
    places = {place for term in terms for place in facts.by_term.get(term, ())}
    places |= {place for key in ranked for place in facts.of_episode.get(key, ())}
    scored: list[tuple[float, int]] = []
    for place in places:
        row = facts.rows[place]
        if not asked.believes(row) or not asked.holds(row) or row.confidence < confidence_min:
            continue
        if status is not None and row.status != status:
            continue
        if names and place not in named:
            continue
        supports = [
            one.seq
            for one in facts.evidence.get((row.scope_id, row.fact_id), ())
            if one.part == "supports"
        ]
        if supports and all(key in hidden for key in supports):
            continue
        bag = facts.words[place]
        covered = sum(weight[term] * bag.get(term, 0.0) for term in terms) / total
        shown = max((ranked.get(key, 0.0) for key in supports), default=0.0)
        subject = facts.subjects[place]
        other = bool(subject) and subject[-1] not in weight
        score = covered + EVIDENCE_WEIGHT * shown - UNASKED_WEIGHT * other
        if score >= COVERED_MIN:
            scored.append((score, place))
    scored.sort(key=lambda pair: (-pair[0], -facts.rows[pair[1]].confidence, pair[1]))
    return _latest_first(facts, [(place, score) for score, place in scored])[:limit]


def _latest_first(facts: Facts, scored: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """The same places, but of one subject and relation what began to hold later comes first.

    Each keeps the score of the place it takes.
    """
    groups: dict[tuple[int, str, str], list[int]] = {}
    for slot, (place, _) in enumerate(scored):
        row = facts.rows[place]
        groups.setdefault((row.scope_id, row.subject_key, row.relation), []).append(slot)
    ordered = list(scored)
    for slots in groups.values():
        places = sorted(
            (scored[slot][0] for slot in slots),
            key=lambda place: -(facts.rows[place].valid_from_us or -_HUGE),
        )
        for slot, place in zip(slots, places, strict=True):
            ordered[slot] = (place, scored[slot][1])
    return ordered


def predecessors(facts: Facts, rows: Sequence[FactRow], asked: Asked) -> dict[str, FactRow]:
    """For each of these facts the one it replaced, as believed then, by the replacing fact's id."""
    wanted = {(row.scope_id, row.fact_id) for row in rows}
    return {
        str(other.successor): other
        for other in facts.rows
        if (other.scope_id, other.successor) in wanted and asked.believes(other)
    }


def facts_of(
    store: Store,
    rows: Sequence[FactRow],
    *,
    quotes: bool = True,
    believed_us: int | None = None,
) -> list[Fact]:
    """Facts as they are shown, with the exact words that speak for and against them.

    Args:
        store: where the evidence is.
        rows: the facts, each in one version.
        quotes: whether to read the words at all.
        believed_us: leaves out what was stored after this moment.
    """
    if not rows:
        return []
    scope_ids = sorted({row.scope_id for row in rows})
    paths = store.derived.paths(scope_ids)
    found: dict[tuple[int, str], list[Quote]] = {}
    if quotes:
        found = _quotes(store, scope_ids, {row.fact_id for row in rows}, believed_us)
    return [
        Fact(
            id=row.fact_id,
            scope=paths[row.scope_id],
            subject=row.subject,
            relation=row.relation,
            object=row.object,
            statement=row.statement,
            denied=bool(row.denied),
            valid_from=_moment(row.valid_from_us),
            valid_to=_moment(row.valid_to_us),
            believed_from=from_us(row.believed_from_us),
            believed_to=_moment(row.believed_to_us),
            confidence=row.confidence,
            status=row.status,  # type: ignore[arg-type]
            witnesses=row.witnesses,
            reason=row.reason,  # type: ignore[arg-type]
            successor=row.successor,
            quotes=tuple(found.get((row.scope_id, row.fact_id), ())),
        )
        for row in rows
    ]


def _quotes(
    store: Store, scope_ids: Sequence[int], fact_ids: set[str], believed_us: int | None
) -> dict[tuple[int, str], list[Quote]]:
    evidence = store.derived.rows(EvidenceRow, scope_ids, fact_id=fact_ids)
    seqs = {one.seq for one in evidence}.difference(store.derived.hidden(scope_ids))
    claims = {
        (row.scope_id, row.seq, row.number): row
        for row in store.derived.rows(ClaimRow, scope_ids, seq=seqs)
    }
    episodes = store.episodes(scope_ids, sorted(seqs))
    made: dict[tuple[int, str], list[Quote]] = {}
    for one in evidence:
        episode = episodes.get(one.seq)
        if episode is None or (
            believed_us is not None and to_us(episode.ingested_at) > believed_us
        ):
            continue
        claim = claims.get((one.scope_id, one.seq, one.number))
        start, stop = (claim.start, claim.stop) if claim else (0, len(episode.text))
        made.setdefault((one.scope_id, one.fact_id), []).append(
            Quote(
                episode.id, start, stop, episode.text[start:stop], episode.said_at,
                episode.speaker, one.part,  # type: ignore[arg-type]
            )
        )  # fmt: skip
    for quotes in made.values():
        quotes.sort(key=lambda quote: (quote.said_at, quote.episode_id, quote.start))
    return made


def _moment(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)
