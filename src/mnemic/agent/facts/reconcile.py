"""The claims of one subject and relation → facts with validity, in every version we believed.

A *chain* holds what may be true of the subject one at a time: for a relation with one value at a time
(where someone lives) all its values, else each value with its denial. Claims enter a chain in the
order they were said, for what is said later knows more:

    same value                 one more piece of evidence; an earlier start is taken over
    more exact value           the same fact, said more exactly ("Lisbon" → "Graça, Lisbon")
    other value, from t on     closes what held at t and is linked as its successor
    a past stretch             stands for itself, and ends an open fact of the same value
    denied                     closes the value, and is a fact of its own
    no longer so               closes finer values too: "no Skoda" ends "an old Skoda for work"
    by a lesser voice          (of lower trust, or about somebody else who said otherwise) closes
                               nothing: both stand, contested

Belief is found by doing this once for every moment at which something was ingested: a version of a
fact ends when a later run of the same rules gives another. So nothing is ever overwritten, and any
past belief can be computed from the log alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from mnemic.agent.facts.belief import Belief, Word, believe
from mnemic.agent.facts.claims import Change
from mnemic.agent.facts.fact import Reason

FUNCTIONAL_MIN = 0.5
"""A relation whose chance of holding one value at a time is above this closes old values."""

PRIOR_WEIGHT = 4.0
"""How many observations the vocabulary's own opinion of a relation is worth."""

TRUST_GAP_MAX = 0.2
"""A source this much less trusted than a fact's own cannot close it."""

FIXED = frozenset(("born_on", "born_in", "birthday"))
"""Relations whose value never changes: another value contradicts and never supersedes."""

_FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class Stated:
    """A claim as it lies in the store: what is said, by whom, when, and with what trust.

    `number` numbers the claims of an episode; times are in microseconds since 1970 UTC.
    """

    scope: str
    seq: int
    number: int
    subject: str
    relation: str
    object: str
    object_key: str
    statement: str
    denied: bool
    certainty: float
    change: Change
    valid_from_us: int | None
    valid_to_us: int | None
    said_us: int
    ingested_us: int
    witness: str
    trust: float
    own: bool
    """Whether the witness speaks of itself."""

    @property
    def key(self) -> tuple[int, int]:
        """Its place in the store."""
        return self.seq, self.number


@dataclass(frozen=True, slots=True)
class Act:
    """What a person decided of a fact: corrected to `object`, rejected, or confirmed."""

    fact_id: str
    kind: str
    at_us: int
    object: str = ""
    object_key: str = ""
    seq: int = 0
    """The episode that keeps the person's words."""
    number: int = 0
    """Its place among all acts."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a fact: a row of what was believed during [believed_from, believed_to)."""

    fact_id: str
    subject: str
    relation: str
    object: str
    object_key: str
    statement: str
    denied: bool
    valid_from_us: int | None
    valid_to_us: int | None
    belief: Belief
    reason: Reason
    successor: str | None
    evidence: tuple[tuple[int, int, str], ...]
    """(seq, number, "supports" | "contradicts" | "ends") for each claim, by place; of a version the
    last that it had, as more of the same makes no new version."""
    believed_from_us: int = 0
    believed_to_us: int | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a group's values followed each other (alone) and stood side by side (together)."""

    alone: int = 0
    together: int = 0


def functional(prior: float, tally: Tally) -> bool:
    """Whether a relation holds one value at a time, from a prior and what was seen of it."""
    seen = PRIOR_WEIGHT * prior + tally.alone
    return seen / (PRIOR_WEIGHT + tally.alone + tally.together) > FUNCTIONAL_MIN


def tally(claims: Sequence[Stated]) -> Tally:
    """What one group shows of its relation: wording of change, of addition, and values that return."""
    last_said: dict[str, int] = {}
    alone = together = 0
    order: list[str] = []
    for claim in sorted(claims, key=lambda one: (one.said_us, one.seq, one.number)):
        if claim.denied or claim.valid_to_us is not None:
            continue
        value = claim.object_key
        known = value in last_said
        others = [other for other in order if other != value]
        if others and not known:
            alone += claim.change == "begins"
            together += claim.change == "adds"
        elif known and order[-1] != value and claim.change == "":
            together += 1  # A, B, then A again, as if nothing had happened
        last_said[value] = claim.said_us
        order.append(value)
    return Tally(alone, together)


def versions(
    claims: Sequence[Stated], acts: Sequence[Act], *, one_at_a_time: bool
) -> list[Version]:
    """Every version of every fact of one group, by fact and the time we came to believe it.

    Args:
        claims: all claims of one subject and relation, in any order.
        acts: what people decided of the group's facts.
        one_at_a_time: whether the relation holds one value at a time.
    """
    made: list[Version] = []
    for key, chain in _chains(claims, one_at_a_time):
        made += _history(chain, key, acts)
    return sorted(made, key=lambda one: (one.fact_id, one.believed_from_us))


def believed(claims: Sequence[Stated], acts: Sequence[Act], one_at_a_time: bool) -> list[Version]:
    """What these claims and acts come to: the facts of a group as believed with just them."""
    return [
        version
        for key, chain in _chains(claims, one_at_a_time)
        for version in _shown(_fed([], chain, key), acts)
    ]


def _chains(claims: Sequence[Stated], one_at_a_time: bool) -> list[tuple[str, list[Stated]]]:
    """The chains of a group with their claims, and those of others that end what they hold."""
    chains: dict[str, list[Stated]] = defaultdict(list)
    ends: dict[str, list[Stated]] = defaultdict(list)
    for claim in claims:
        chains["" if one_at_a_time else claim.object_key].append(claim)
        if claim.denied and claim.change == "ends":
            ends[_last(claim.object_key.split())].append(claim)
    made = []
    for key, chain in chains.items():
        near = ends.get(_last(_head(key.split())), ()) if key else ()
        first = min(chain, key=_said)
        coarser = [one for one in near if one.object_key != key and _includes(one, first)]
        made.append((key, chain + coarser))
    return made


def _history(chain: Sequence[Stated], key: str, acts: Sequence[Act]) -> list[Version]:
    """The versions of a chain's facts: at each moment what `believed` would give.

    What is ingested in the order it was said goes on from the periods as they are; only what comes
    late into the past puts the chain together anew.
    """
    by_moment: dict[int, list[Stated]] = defaultdict(list)
    for claim in chain:
        by_moment[claim.ingested_us].append(claim)
    made: list[Version] = []
    standing: dict[str, Version] = {}
    periods: list[_Period] = []
    known: list[Stated] = []
    for moment in sorted({*by_moment, *(act.at_us for act in acts)}):
        fresh = sorted(by_moment.get(moment, ()), key=_said)
        late = bool(fresh) and bool(known) and _said(fresh[0]) < max(map(_said, known[-1:]))
        known = sorted(known + fresh, key=_said) if late else known + fresh
        periods = _fed([], known, key) if late else _fed(periods, fresh, key)
        decided = [act for act in acts if act.at_us <= moment]
        present = {one.fact_id: one for one in _shown(periods, decided)}
        for fact_id, old in list(standing.items()):
            new = present.get(fact_id)
            if new is not None and old == replace(
                new, believed_from_us=old.believed_from_us, evidence=old.evidence
            ):
                standing[fact_id] = replace(old, evidence=new.evidence)  # more of the same
                continue
            made.append(replace(old, believed_to_us=moment))
            del standing[fact_id]
        for fact_id, new in present.items():
            if fact_id not in standing:
                standing[fact_id] = replace(new, believed_from_us=moment)
    return made + list(standing.values())


def _said(claim: Stated) -> tuple[int, int, int]:
    """The order in which claims enter a chain."""
    return claim.said_us, claim.seq, claim.number


def _shown(periods: Sequence[_Period], acts: Sequence[Act]) -> list[Version]:
    """The facts of a chain's periods, named, linked and decided upon; the periods stay as they are."""
    shown = [replace(period) for period in periods]
    copy = {id(period): made for period, made in zip(periods, shown, strict=True)}
    _name(shown)
    for period in shown:
        if period.next is None:
            continue
        period.next = copy.get(id(period.next))
        if period.next is None or not _follows(period.next, period):
            period.next = next((one for one in shown if _follows(one, period)), None)
    for act in sorted(acts, key=lambda one: one.number):
        _apply(act, shown)
    return [_version(period) for period in shown if not period.gone]


def same_value(left: Stated | _Period, right: Stated | _Period) -> bool:
    """Whether two objects name the same value, one perhaps more exactly than the other."""
    if left.object_key == right.object_key:
        return True
    return _refines(left.object, right.object) or _refines(right.object, left.object)


_WORD = re.compile(r"\w+")
_LINKS = frozenset(
    ["about", "as", "at", "by", "for", "from", "in", "near", "of", "on", "since", "to", "with",
     "without"]
)  # fmt: skip
"""Words after which a value says more of what stands before them."""


def _includes(claim: Stated, value: Stated | _Period) -> bool:
    """Whether something that is no more takes a value along, being the same or less exact.

    A name is taken along by no part of it: who leaves York lives in New York still.
    """
    if claim.object_key == value.object_key:
        return True
    if claim.change != "ends":  # not to like tea is not to dislike iced tea
        return False
    coarse, head = claim.object_key.split(), _head(value.object_key.split())
    if not coarse or head[-len(coarse) :] != coarse:
        return False
    written = _head(_WORD.findall(value.object))[: -len(coarse)]
    return all(word == word.lower() for word in written)


def _head(words: list[str]) -> list[str]:
    """The words of a value before those that only say more of it."""
    return words[: next((at for at, word in enumerate(words) if word in _LINKS), len(words))]


def _last(words: Sequence[str]) -> str:
    return words[-1] if words else ""


def _refines(fine: str, coarse: str) -> bool:
    """Whether `fine` says `coarse` and more: "Graça, Lisbon" of "Lisbon", "maths teacher" of "teacher".

    A name is refined only beside a comma or "in": "New York" is not a finer "York".
    """
    if not coarse.strip() or len(fine) <= len(coarse):
        return False
    parts = [part.strip().casefold() for part in re.split(r",| in | near ", fine)]
    if coarse.strip().casefold() in parts[1:] or (
        len(parts) > 1 and coarse.strip().casefold() == parts[0]
    ):
        return True
    fine_words, coarse_words = _WORD.findall(fine), _WORD.findall(coarse)
    common = all(word.islower() for word in fine_words + coarse_words)
    return common and fine_words[-len(coarse_words) :] == coarse_words


@dataclass(slots=True)
class _Period:
    """A stretch of time in which a value held, while a chain is being put together."""

    subject: str
    relation: str
    object: str
    object_key: str
    statement: str
    denied: bool
    start_us: int | None
    end_us: int | None
    words: list[tuple[Stated, str]]
    reason: Reason = ""
    next: _Period | None = None
    gone: bool = False
    confirmed: bool = False
    id: str = ""
    scope: str = ""
    extra: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def trust(self) -> float:
        return max((one.trust for one, part in self.words if part == "supports"), default=0.0)

    @property
    def own(self) -> bool:
        return any(one.own for one, part in self.words if part == "supports")

    def covers(self, start_us: int, end_us: int) -> bool:
        low = -_FOREVER if self.start_us is None else self.start_us
        high = _FOREVER if self.end_us is None else self.end_us
        return low < end_us and start_us < high


def _open(claim: Stated, start_us: int | None, end_us: int | None) -> _Period:
    return _Period(
        claim.subject, claim.relation, claim.object, claim.object_key, claim.statement,
        claim.denied, start_us, end_us, [(claim, "supports")], scope=claim.scope,
    )  # fmt: skip


def _fed(periods: list[_Period], claims: Sequence[Stated], key: str) -> list[_Period]:
    """The periods of a chain with some claims more, which were said after those that made it.

    Args:
        periods: as they are; changed in place.
        claims: of the chain, and those of others that end what it holds.
        key: the value whose chain it is; "" for a chain of all values.
    """
    for claim in sorted(claims, key=_said):
        if claim.denied:
            _deny(claim, periods, elsewhere=bool(key) and claim.object_key != key)
        elif claim.valid_to_us is not None:
            _past(claim, periods)
        else:
            _state(claim, periods)
    return periods


def _name(periods: Sequence[_Period]) -> None:
    """Names that last: of the subject, relation and value, and of which stretch of it this is.

    Stretches are numbered as their first evidence was ingested, so that neither more evidence nor the
    loss of some gives a fact another name, nor another reading of the same episodes.
    """
    firsts = []
    for period in periods:
        first = min(
            (one for one, part in period.words if part == "supports"),
            key=lambda one: (one.ingested_us, one.seq, one.number),
        )
        firsts.append((first.ingested_us, first.seq, first.number, first.object_key, period))
    count: dict[tuple[str, bool], int] = defaultdict(int)
    for _, _, _, value, period in sorted(firsts, key=lambda one: one[:4]):
        stretch = count[value, period.denied]
        count[value, period.denied] += 1
        period.id = _digest(
            period.scope, period.subject.casefold(), period.relation, value, str(period.denied),
            str(stretch),
        )  # fmt: skip


def _follows(later: _Period, period: _Period) -> bool:
    """Whether a period begins where another ends, so that links only lead forward in time."""
    return (
        not later.gone
        and later is not period
        and later.denied == (period.reason in ("denied", "ended"))
        and later.start_us is not None
        and later.start_us == period.end_us
    )


def _state(claim: Stated, periods: list[_Period]) -> None:
    """A plain statement: its value holds from t on, as far as nothing later was known to follow."""
    start = claim.said_us if claim.valid_from_us is None else claim.valid_from_us
    for period in periods:
        if period.denied and period.object_key == claim.object_key and period.end_us is None:
            _close(period, start, "later", None, claim)
    rivals = [one for one in periods if not one.denied and one.covers(start, _FOREVER)]
    same = next((one for one in rivals if same_value(one, claim)), None)
    if same is not None and same.end_us is not None and claim.said_us >= same.end_us > start:
        same = None  # it ended before this was said: a new stretch of the same value
    others = [one for one in rivals if one is not same]
    if same is not None:
        same.words.append((claim, "supports"))
        if _refines(claim.object, same.object):
            same.object, same.object_key = claim.object, claim.object_key
            same.statement = claim.statement
        earlier = same.start_us is not None and start < same.start_us
        if not earlier or claim.valid_from_us is None:
            return
        same.start_us, opened = start, same
    else:
        opened = _open(claim, start, None)
        periods.append(opened)
    for other in others:
        if claim.relation in FIXED or not _may_close(claim, other):
            other.words.append((claim, "contradicts"))
            opened.words += [
                (one, "contradicts") for one, part in other.words if part == "supports"
            ]
            continue
        begins = -_FOREVER if other.start_us is None else other.start_us
        if begins > start and begins > claim.said_us:  # a plan that lies ahead still follows
            if opened.end_us is None or begins < opened.end_us:
                opened.end_us, opened.next, opened.reason = begins, other, "later"
        elif begins >= start:
            other.gone = True  # said later, and from earlier on: it never held
            if same_value(other, opened):
                opened.words += other.words
        elif other.end_us is None or other.end_us > start:
            reason: Reason = "changed" if claim.change == "begins" else "later"
            _close(other, start, reason, opened, claim)
    periods[:] = [one for one in periods if not one.gone]


def _past(claim: Stated, periods: list[_Period]) -> None:
    """A past stretch: ends an open fact of the same value, or stands for itself."""
    assert claim.valid_to_us is not None
    start, end = claim.valid_from_us, claim.valid_to_us
    low = -_FOREVER if start is None else start
    for period in periods:
        if period.denied or not same_value(period, claim) or not period.covers(low, end + 1):
            continue
        if period.end_us is None and _may_close(claim, period):
            if period.start_us is None or period.start_us < end:
                _close(period, end, "ended", None, claim)
        else:
            period.words.append((claim, "supports"))
        if start is not None and (period.start_us is None or start < period.start_us):
            period.start_us = start
        return
    if start is None or start < end:
        opened = _open(claim, start, end)
        opened.reason = "ended"
        periods.append(opened)


def _deny(claim: Stated, periods: list[_Period], *, elsewhere: bool) -> None:
    """A denial: closes the value, and holds from then on, in the chain that it belongs to.

    Without a statement it only closes.
    """
    start = claim.said_us if claim.valid_from_us is None else claim.valid_from_us
    for period in periods:
        if period.denied and period.object_key == claim.object_key and period.end_us is None:
            period.words.append((claim, "supports"))
            return
    denial = _open(claim, start, None) if claim.statement else None
    for period in periods:
        if period.denied or period.end_us is not None or not _includes(claim, period):
            continue
        if claim.relation in FIXED or not _may_close(claim, period):
            period.words.append((claim, "contradicts"))
            if denial is not None:
                denial.words += [
                    (one, "contradicts") for one, part in period.words if part == "supports"
                ]
        elif period.start_us is not None and period.start_us >= start:
            period.words.append((claim, "contradicts"))
        else:
            reason: Reason = "ended" if claim.change == "ends" else "denied"
            _close(period, start, reason, None if elsewhere else denial, claim)
    if denial is not None and not elsewhere:
        periods.append(denial)


def _may_close(claim: Stated, period: _Period) -> bool:
    """Whether this voice may end what others said: trusted enough, and no stranger to the matter."""
    if claim.trust < period.trust - TRUST_GAP_MAX:
        return False
    return claim.own or not period.own or claim.change in ("begins", "ends")


def _close(
    period: _Period, at_us: int, reason: Reason, successor: _Period | None, claim: Stated
) -> None:
    period.end_us, period.reason, period.next = at_us, reason, successor
    period.words.append((claim, "ends"))


def _apply(act: Act, periods: list[_Period]) -> None:
    """A person's word about one fact, which touches that fact alone."""
    for period in periods:
        if period.id != act.fact_id or period.gone:
            continue
        if act.kind == "confirm":
            period.confirmed = True
            return
        period.gone = True
        if act.kind != "correct":
            return
        corrected = _corrected(period, act)
        periods.append(corrected)
        for other in periods:
            if other.next is period:
                other.next = corrected
        return


def _corrected(period: _Period, act: Act) -> _Period:
    """The corrected fact: the same subject, relation and validity, with the value a person gave.

    Its sentence is left to whoever shows it: the person's words are an episode of their own.
    """
    made = _Period(
        period.subject, period.relation, act.object, act.object_key, "", False,
        period.start_us, period.end_us, [], period.reason, period.next, confirmed=True,
        scope=period.scope, extra=[(act.seq, 0, "supports")],
    )  # fmt: skip
    made.id = _digest(
        period.scope, period.subject, period.relation, act.object_key, str(act.seq), period.id
    )
    return made


def _version(period: _Period) -> Version:
    words = [
        Word(one.witness, one.certainty, one.trust, against=part == "contradicts")
        for one, part in period.words
        if part != "ends"
    ]
    evidence = {(one.seq, one.number): part for one, part in period.words}
    evidence.update({(seq, number): part for seq, number, part in period.extra})
    return Version(
        fact_id=period.id,
        subject=period.subject,
        relation=period.relation,
        object=period.object,
        object_key=period.object_key,
        statement=period.statement,
        denied=period.denied,
        valid_from_us=period.start_us,
        valid_to_us=period.end_us,
        belief=believe(words, confirmed=period.confirmed),
        reason=period.reason,
        successor=period.next.id if period.next is not None and not period.next.gone else None,
        evidence=tuple((seq, number, part) for (seq, number), part in sorted(evidence.items())),
    )


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:32]
