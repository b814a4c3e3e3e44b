"""Erasing episodes: what rests on them is derived anew without them, then they go."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mnemic.agent.knowledge import ClaimRow, EvidenceRow, FactRow, LessonRow, ReplayRow, SummaryRow
from mnemic.agent.protocols import Erased, Store
from mnemic.agent.sleep.nrem import sessions_of
from mnemic.agent.sleep.regroup import dropped, groups_of, regroup
from mnemic.agent.sleep.replay import BEFORE_MAX, Session, session_rows
from mnemic.agent.sleep.work import Deletion
from mnemic.agent.view import View


def erase(store: Store, view: View, scope_id: int, seqs: Sequence[int]) -> Erased:
    """Removes episodes of one scope, and derives anew what they were a part of.

    Args:
        store: theirs; the caller holds the right to derive.
        view: of the scope.
        scope_id: the scope.
        seqs: the episodes' numbers.
    """
    path = store.derived.paths([scope_id])[scope_id]
    again = _read_beside(store, view, scope_id, seqs)
    gone = frozenset((*seqs, *again))
    claims = store.derived.rows(ClaimRow, [scope_id], seq=gone)
    touched = groups_of(claims) | _corrected_by(store, scope_id, set(seqs))
    made = regroup(store, scope_id, path, touched, drop=gone, ignore_acts_of=frozenset(seqs))
    drop: list[Deletion] = [
        *dropped(store, scope_id, made.groups),
        (ClaimRow, scope_id, {"seq": again}),
        (ReplayRow, scope_id, {"seq": again}),
        (SummaryRow, scope_id, {"kind": "topic"}),
    ]
    rows: list[NamedTuple] = []
    beside = view.rows_of(np.array(seqs, dtype=np.int64))
    for session in sessions_of(store, scope_id, view, beside.tolist()):
        left = session.without(frozenset(seqs))
        if session.name is not None:
            drop.append((SummaryRow, scope_id, {"kind": "session", "key": session.name}))
        drop.append((LessonRow, scope_id, {"lesson_id": _lessons_of(store, scope_id, session)}))
        rows += session_rows(scope_id, left) if left.episodes else []
    return store.erase(scope_id, seqs, drop, [*made.rows, *rows])


def _lessons_of(store: Store, scope_id: int, session: Session) -> list[str]:
    """The lessons that quote a session."""
    seqs = set(session.seqs)
    return [
        row.lesson_id
        for row in store.derived.rows(LessonRow, [scope_id])
        if any(seq in seqs for seq, _, _ in json.loads(row.quotes))
    ]


def _read_beside(store: Store, view: View, scope_id: int, seqs: Sequence[int]) -> list[int]:
    """Episodes whose claims may hold words of these: they came next and were read with them."""
    erased = set(seqs)
    found: set[int] = set()
    for row in view.rows_of(np.array(seqs, dtype=np.int64)).tolist():
        for _ in range(BEFORE_MAX):
            row = int(view.after[row])
            if row < 0:
                break
            found.add(int(view.seq[row]))
    kept = store.derived.rows(ClaimRow, [scope_id], seq=found - erased)
    return sorted({claim.seq for claim in kept})


def _corrected_by(store: Store, scope_id: int, seqs: set[int]) -> set[tuple[str, str]]:
    """The groups that corrections kept in these episodes changed."""
    evidence = store.derived.rows(EvidenceRow, [scope_id], seq=seqs)
    names = {one.fact_id for one in evidence}
    return {
        (row.subject_key, row.relation)
        for row in store.derived.rows(FactRow, [scope_id], fact_id=names)
    }
