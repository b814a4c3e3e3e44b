"""The rows of the groups that some claims touch, read from a store and made anew."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from mnemic.agent.knowledge import ActRow, ClaimRow, EvidenceRow, FactRow, GroupRow
from mnemic.agent.protocols import Store
from mnemic.agent.sleep.extract.keys import object_key
from mnemic.agent.sleep.extract.vocabulary import functional_prior
from mnemic.agent.sleep.groups import Group, Recomputed, recompute
from mnemic.agent.sleep.work import Deletion

LEAVES = re.compile(r"(?:left|quit)\s+(?:the\s+)?(?P<what>.{2,80})", re.IGNORECASE)
"""What somebody did that ends a fact, if there is one: "left Brightwater" of who works there."""

LEFT = ("lives_in", "studies_at", "works_at")
"""The relations that leaving ends."""


def groups_of(claims: Iterable[ClaimRow]) -> set[Group]:
    """The groups that claims bear on: their own, and for a leaving those that it may end."""
    found: set[Group] = set()
    for row in claims:
        found.add((row.subject_key, row.relation))
        if row.relation == "did" and LEAVES.match(row.object):
            found |= {(row.subject_key, relation) for relation in LEFT}
    return found


def _leavings(group: Group, deeds: Sequence[ClaimRow]) -> list[ClaimRow]:
    """Leavings as denials of a group's values; without a statement, for they only end what is known."""
    made = []
    for row in deeds:
        match = LEAVES.match(row.object)
        if match is not None and not row.denied:
            key = object_key(group[1], match["what"])
            made.append(
                row._replace(
                    relation=group[1], object=match["what"], object_key=key, statement="",
                    denied=1, change="ends", valid_to_us=None,
                )
            )  # fmt: skip
    return made


def regroup(
    store: Store,
    scope_id: int,
    path: str,
    touched: set[Group],
    *,
    drop: frozenset[int] = frozenset(),
    add: Sequence[ClaimRow] = (),
    ignore_acts_of: frozenset[int] = frozenset(),
    act: ActRow | None = None,
) -> Recomputed:
    """The rows of the touched groups, with the claims of some episodes replaced.

    Args:
        store: where the other claims are.
        scope_id: the scope.
        path: its path.
        touched: the groups to be computed.
        drop: episodes whose kept claims count no more.
        add: claims that count besides.
        ignore_acts_of: episodes whose corrections count no more.
        act: one more, about to be written down.
    """
    hidden = set(store.derived.hidden([scope_id]))
    if act is not None and act.kind in ("suppress", "restore"):
        hidden ^= {int(json.loads(act.content)["seq"])}
    drop = drop | hidden
    fresh: dict[Group, list[ClaimRow]] = defaultdict(list)
    for row in add:
        if row.seq in hidden:
            continue
        fresh[row.subject_key, row.relation].append(row)
    kept: dict[Group, list[ClaimRow]] = defaultdict(list)
    asked: set[Group] = set()

    def read(groups: set[Group]) -> None:
        asked.update(groups)
        subjects = {subject for subject, _ in groups}
        relations = sorted({relation for _, relation in groups})
        for row in store.derived.rows(
            ClaimRow, [scope_id], subject_key=subjects, relation=relations
        ):
            if (row.subject_key, row.relation) in groups:
                kept[row.subject_key, row.relation].append(row)

    def claims_of(group: Group) -> list[ClaimRow]:
        if group not in asked:
            read({group})
        own = [row for row in kept[group] if row.seq not in drop] + fresh[group]
        if not own or group[1] not in LEFT:
            return own
        deeds = (group[0], "did")
        if deeds not in asked:
            read({deeds})
        left = [row for row in kept[deeds] if row.seq not in drop] + fresh[deeds]
        return own + _leavings(group, left)

    if touched:
        read(touched)
    relations = sorted({relation for _, relation in touched})
    known = store.derived.rows(GroupRow, [scope_id], relation=relations) if relations else []

    acts = [
        one
        for one in (*store.derived.acts([scope_id]), *([act] if act else ()))
        if json.loads(one.content).get("seq") not in ignore_acts_of
    ]
    return recompute(scope_id, path, sorted(touched), claims_of, known, acts, functional_prior)


def dropped(store: Store, scope_id: int, groups: Sequence[Group]) -> list[Deletion]:
    """What is to be deleted of groups before their new rows are put."""
    found: list[Deletion] = []
    by_relation: dict[str, list[str]] = defaultdict(list)
    for subject, relation in groups:
        by_relation[relation].append(subject)
    for relation, subjects in by_relation.items():
        facts = store.derived.rows(FactRow, [scope_id], relation=relation, subject_key=subjects)
        if facts:
            found.append((EvidenceRow, scope_id, {"fact_id": {row.fact_id for row in facts}}))
            found.append((FactRow, scope_id, {"relation": relation, "subject_key": subjects}))
        found.append((GroupRow, scope_id, {"relation": relation, "subject_key": subjects}))
    return found
