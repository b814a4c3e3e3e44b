"""Claims → the fact rows of the groups they touch. The same function for sleep, acts and erasure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from mnemic.agent.facts.reconcile import (
    Act,
    Stated,
    Tally,
    Version,
    functional,
    tally,
    versions,
)
from mnemic.agent.knowledge import ActRow, ClaimRow, EvidenceRow, FactRow, GroupRow
from mnemic.agent.sleep.extract.vocabulary import predicate, shown

Group = tuple[str, str]
"""A subject's key and a relation."""

Prior = Callable[[str], float]
"""How likely a relation is to hold one value at a time, before anything is seen of it."""


class Recomputed(NamedTuple):
    """The rows of some groups, which replace all rows that these groups had."""

    groups: Sequence[Group]
    rows: Sequence[NamedTuple]


def recompute(
    scope_id: int,
    path: str,
    groups: Iterable[Group],
    claims_of: Callable[[Group], Sequence[ClaimRow]],
    known: Sequence[GroupRow],
    acts: Sequence[ActRow],
    prior: Prior,
) -> Recomputed:
    """The facts of these groups, and of all others whose relation changed its kind by them.

    Args:
        scope_id: the scope.
        path: its path, part of every fact's identity.
        groups: those that gained or lost a claim or an act.
        claims_of: all claims of a group, as they are to be.
        known: the group rows of the scope as they were.
        acts: what people decided of the scope's facts.
        prior: of relations.
    """
    tallies = {(row.subject_key, row.relation): Tally(row.alone, row.together) for row in known}
    wanted = dict.fromkeys(groups)
    relations = {relation for _, relation in wanted}
    before = {one: functional(prior(one), _sum(tallies, one)) for one in relations}
    claims: dict[Group, Sequence[ClaimRow]] = {}
    for group in wanted:
        claims[group] = claims_of(group)
        if claims[group]:
            tallies[group] = tally([_stated(row, path) for row in claims[group]])
        else:
            tallies.pop(group, None)
    after = {one: functional(prior(one), _sum(tallies, one)) for one in relations}
    for group in sorted(tallies):
        if group not in wanted and before.get(group[1]) != after.get(group[1]):
            wanted[group] = None
            claims[group] = claims_of(group)
    decided: dict[str, list[Act]] = defaultdict(list)
    withdrawn = {row.target for row in acts if row.kind == "withdraw"}
    for row in acts:
        if str(row.act) not in withdrawn and row.kind in ("correct", "confirm", "reject"):
            decided[row.target].append(_act(row))
    made: list[NamedTuple] = []
    for group in wanted:
        stated = [_stated(row, path) for row in claims[group]]
        if not stated:
            continue
        seen = tallies[group]
        made.append(GroupRow(scope_id, *group, seen.alone, seen.together))
        one = after[group[1]]
        made += _rows(
            scope_id, group, versions(stated, _acts_on(stated, decided, one), one_at_a_time=one)
        )
    return Recomputed(list(wanted), made)


def _acts_on(
    stated: Sequence[Stated], decided: Mapping[str, Sequence[Act]], one_at_a_time: bool
) -> list[Act]:
    """The acts that bear on a group: on its facts, and on the facts that those acts made."""
    if not decided:
        return []
    found: dict[int, Act] = {}
    while True:
        names = {
            version.fact_id
            for version in versions(stated, list(found.values()), one_at_a_time=one_at_a_time)
        }
        fresh = {act.number: act for name in names for act in decided.get(name, ())}
        if fresh.keys() <= found.keys():
            return sorted(found.values(), key=lambda act: act.number)
        found.update(fresh)


def _sum(tallies: Mapping[Group, Tally], relation: str) -> Tally:
    own = [seen for (_, name), seen in tallies.items() if name == relation]
    return Tally(sum(seen.alone for seen in own), sum(seen.together for seen in own))


def _act(row: ActRow) -> Act:
    content = json.loads(row.content)
    return Act(
        fact_id=row.target, kind=row.kind, at_us=row.at_us,
        object=content.get("object", ""), object_key=content.get("object_key", ""),
        seq=int(content.get("seq", 0)), number=row.act,
    )  # fmt: skip


def _stated(row: ClaimRow, path: str) -> Stated:
    return Stated(
        scope=path, seq=row.seq, number=row.number, subject=row.subject,
        relation=row.relation, object=row.object, object_key=row.object_key,
        statement=row.statement, denied=bool(row.denied), certainty=row.certainty,
        change=row.change, valid_from_us=row.valid_from_us, valid_to_us=row.valid_to_us,  # type: ignore[arg-type]
        said_us=row.said_us, ingested_us=row.ingested_us, witness=row.witness, trust=row.trust,
        own=bool(row.own),
    )  # fmt: skip


def _sentence(one: Version) -> str:
    """What a corrected fact says: the words of the correction themselves are its episode's."""
    said = predicate(one.relation, one.object, denied=one.denied, past=False, ended=False)
    return f"{shown(one.subject)} {said}."


def _rows(scope_id: int, group: Group, made: Sequence[Version]) -> list[NamedTuple]:
    rows: list[NamedTuple] = []
    number: dict[str, int] = defaultdict(int)
    evidence: dict[tuple[str, int, int], str] = {}
    for one in made:
        number[one.fact_id] += 1
        rows.append(
            FactRow(
                scope_id, one.fact_id, number[one.fact_id], one.subject, group[0], one.relation,
                one.object, one.object_key, one.statement or _sentence(one), int(one.denied),
                one.valid_from_us,
                one.valid_to_us, one.believed_from_us, one.believed_to_us, one.belief.supports,
                one.belief.contradicts, one.belief.confidence, one.belief.status,
                one.belief.witnesses, one.reason, one.successor,
            )
        )  # fmt: skip
        for seq, place, part in one.evidence:
            evidence[one.fact_id, seq, place] = part
    rows += [
        EvidenceRow(scope_id, fact_id, seq, place, part)
        for (fact_id, seq, place), part in evidence.items()
    ]
    return rows
