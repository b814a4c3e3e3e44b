"""What is true now comes before what it replaced: facts beside hits, and hits in their order.

Facts that bear on the question are found by their words and by the hits they rest on. Where a hit
tells what a fact replaced, and the replacing fact's own episode ranks below it, the two change places:
nothing leaves the ranking, and nothing else moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.facts.answers import Asked, FactHit, answers, facts_of, predecessors
from mnemic.agent.facts.index import Facts
from mnemic.agent.knowledge import FactRow
from mnemic.agent.protocols import Store

RANKED_MAX = 30
"""How many of the best episodes lead to facts."""


def facts_for(
    store: Store,
    facts: Facts,
    question: str,
    asked: Asked,
    ranked: Mapping[int, float],
    scope_ids: Sequence[int],
    *,
    confidence_min: float,
    status: str | None,
    left_out: frozenset[int] = frozenset(),
) -> list[FactHit]:
    """The facts that answer a question, each with the fact it replaced.

    Args:
        store: where their evidence is.
        facts: of the scopes.
        question: its words.
        asked: of which times.
        ranked: how well the best episodes bear on it, 0 to 1, by number.
        scope_ids: the scopes.
        confidence_min: the least confidence of a fact.
        status: the status a fact must have; None for any.
        left_out: episodes that count for nothing here, as suppressed ones do.
    """
    if not len(facts):
        return []
    hidden = frozenset(store.derived.hidden(scope_ids)) | left_out
    found = answers(
        facts, question, asked, ranked, hidden, confidence_min=confidence_min, status=status
    )
    if not found:
        return []
    rows = [facts.rows[place] for place, _ in found]
    before = {
        id_: row
        for id_, row in predecessors(facts, rows, asked).items()
        if any(
            one.part == "supports" and one.seq not in hidden
            for one in facts.evidence.get((row.scope_id, row.fact_id), ())
        )
    }
    old = list(before.values())
    shown = facts_of(store, [*rows, *old], believed_us=asked.believed_us)
    replaced = dict(zip(before, shown[len(rows) :], strict=True))
    return [
        FactHit(fact, score, replaced.get(row.fact_id))
        for fact, row, (_, score) in zip(shown, rows, found, strict=False)
    ]


def newest_first(seqs: NDArray[np.int64], facts: Facts, asked: Asked) -> NDArray[np.int64]:
    """Places of the hits, with an episode that tells what holds ahead of one that tells what it replaced.

    Args:
        seqs: (N,) numbers of the hits' episodes, best first.
        facts: of the scopes.
        asked: of which times; a fact that held then replaces what it followed.

    Returns:
        A permutation of 0 to N − 1.
    """
    places = np.arange(len(seqs), dtype=np.int64)
    rank = {int(seq): place for place, seq in enumerate(seqs)}
    for seq in list(rank):
        for number in facts.of_episode.get(seq, ()):
            row = facts.rows[number]
            if not asked.believes(row) or asked.holds(row):
                continue
            holder = _holder(facts, row, asked)
            if holder is None:
                continue
            newer = [
                one.seq
                for one in facts.evidence.get((row.scope_id, holder.fact_id), ())
                if one.part == "supports" and one.seq in rank
            ]
            if not newer:
                continue
            best = min(newer, key=lambda one: rank[one])
            if rank[seq] < rank[best]:
                places[rank[seq]], places[rank[best]] = places[rank[best]], places[rank[seq]]
                rank[seq], rank[best] = rank[best], rank[seq]
    return places


def _holder(facts: Facts, row: FactRow, asked: Asked) -> FactRow | None:
    """The fact that held at the asked time among those that a fact replaced or was replaced by."""
    seen = {row.fact_id}
    later: FactRow | None = row
    while later is not None and later.successor is not None and later.successor not in seen:
        seen.add(later.successor)
        place = facts.latest.get((row.scope_id, later.successor))
        later = None if place is None else facts.rows[place]
        if later is not None and asked.holds(later):
            return later
    earlier = facts.before.get((row.scope_id, row.fact_id))
    while earlier is not None and facts.rows[earlier].fact_id not in seen:
        found = facts.rows[earlier]
        if asked.holds(found):
            return found
        seen.add(found.fact_id)
        earlier = facts.before.get((row.scope_id, found.fact_id))
    return None
