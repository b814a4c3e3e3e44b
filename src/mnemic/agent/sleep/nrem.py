"""NREM: the gist reads what is new, then what waits is replayed, the latest sessions first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.gist import GIST_VERSION, Gist, project
from mnemic.agent.knowledge import (
    ClaimRow,
    FactRow,
    GistRow,
    LessonRow,
    MentionRow,
    ReplayRow,
    StageRow,
    SummaryRow,
)
from mnemic.agent.protocols import Store
from mnemic.agent.records import Space
from mnemic.agent.sleep.regroup import dropped, groups_of, regroup
from mnemic.agent.sleep.replay import (
    BEFORE_MAX,
    Session,
    contexts,
    known_names,
    readings,
    rows_of,
    session_rows,
)
from mnemic.agent.sleep.work import Deletion, Work
from mnemic.agent.view import View

STEP_EPISODES = 256
"""About how many episodes a transaction replays."""

SESSION_STEP_MAX = 1_000
"""How many episodes of one session a step takes at most."""

LOOK_BACK_MAX = 50
"""How far back in a session one looks for what was written before."""

SESSION_READ_MAX = 5_000
"""How many latest episodes of a session its summary is made from."""


def read_gist(work: Work, scope_id: int) -> None:
    """Lets the gist read the episodes it has not seen, and notes how much each surprised it."""
    space = work.store.vectors.active()
    if space is None:
        return
    name = f"{space.name}/{GIST_VERSION}"
    rows = work.store.derived.rows(GistRow, [scope_id])
    kept = next((row for row in rows if row.space == name), None)
    outgrown: list[Deletion] = [
        (GistRow, scope_id, {"space": row.space})
        for row in rows
        if row.space != name and row.space.rpartition("/")[0] == space.name
    ]
    after = kept.upto_seq if kept else 0
    gist = Gist.from_bytes(kept.state) if kept else Gist.empty()
    if after >= space.upto_seq:
        return
    generation = work.store.change_mark()[1]
    view = work.views.at_present((scope_id,))
    new = view.seq[(view.seq > after) & (view.seq <= space.upto_seq)]
    for start in range(0, len(new), 2_000):
        if work.over():
            return
        some = new[start : start + 2_000]
        with work.store.deriving():
            if work.store.change_mark()[1] != generation:
                return  # something was erased: the next sleep begins the gist anew
            vectors = contents(work.store, space, scope_id, some)
            gist, surprises = gist.write_all(list(vectors.values()))
            felt = dict(zip(vectors, surprises.tolist(), strict=True))
            row = GistRow(scope_id, name, int(some[-1]), gist.to_bytes())
            work.put([row, *_marks(work.store, scope_id, felt)], outgrown)
        outgrown = []
        work.tell("gist", start + len(some), len(new))


def _marks(store: Store, scope_id: int, felt: dict[int, float]) -> list[NamedTuple]:
    """How much each episode surprised: with its replay, or until that comes by itself."""
    known = {row.seq: row for row in store.derived.rows(ReplayRow, [scope_id], seq=list(felt))}
    return [
        known[seq]._replace(surprise=round(one, 4))
        if seq in known  # replayed before there were vectors
        else StageRow(scope_id, f"surprise/{seq}", repr(round(one, 4)))
        for seq, one in felt.items()
    ]


def befores(view: View, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The one and two rows before each, where there are any."""
    found = [at for row in rows.tolist() for at in earlier(view, row, 2)]
    return np.array(found, dtype=np.int64)


def contents(
    store: Store, space: Space, scope_id: int, seqs: NDArray[np.int64]
) -> dict[int, NDArray[np.float32]]:
    """The projected vectors of episodes' first pieces by their numbers."""
    found = store.vectors.fetch(space, (scope_id,), seqs.tolist())
    first: dict[int, int] = {}
    for place, seq in enumerate(found.seqs.tolist()):
        first.setdefault(seq, place)
    projected = project(found.rows_NK[list(first.values())].astype(np.float32))
    return dict(zip(first, projected, strict=True))


def replay(work: Work, scope_id: int, path: str) -> int:
    """Replays what waits, the latest sessions first; how many the budget left."""
    waiting = work.store.derived.waiting(scope_id, work.extractor.version, 2**31)
    if not waiting:
        return 0
    view = work.views.at_present((scope_id,))
    surprise = _surprises(work.store, scope_id, waiting)
    done = 0
    for batch, whole in _batches(view, waiting):
        if work.over():
            return len(waiting) - done
        _replay_step(work, scope_id, path, view, batch, whole, surprise)
        done += len(batch)
        work.tell("replay", done, len(waiting))
    return 0


def _surprises(store: Store, scope_id: int, seqs: Sequence[int]) -> dict[int, float]:
    names = [f"surprise/{seq}" for seq in seqs]
    rows = store.derived.rows(StageRow, [scope_id], stage=names)
    return {int(row.stage.partition("/")[2]): float(row.value) for row in rows}


def _batches(view: View, waiting: Sequence[int]) -> Iterator[tuple[list[int], list[int]]]:
    """Steps of episodes, by session; and for each the sessions it completes (one of their rows).

    The session that was written to last comes first: where a budget ends a sleep, what has been
    learned is what holds now.
    """
    row_of = dict(zip(view.seq.tolist(), range(len(view)), strict=True))
    sessions: dict[int, list[int]] = defaultdict(list)
    for seq in waiting:
        row = row_of.get(seq)
        sessions[-1 - seq if row is None else int(view.session[row])].append(seq)
    order = sorted(sessions, key=lambda one: -sessions[one][-1])
    batch: list[int] = []
    whole: list[int] = []
    for name in order:
        seqs = sessions[name]
        for start in range(0, len(seqs), SESSION_STEP_MAX):
            batch += seqs[start : start + SESSION_STEP_MAX]
            if start + SESSION_STEP_MAX >= len(seqs) and name >= 0:
                whole.append(row_of[seqs[-1]])
            if len(batch) >= STEP_EPISODES:
                yield batch, whole
                batch, whole = [], []
    if batch:
        yield batch, whole


def _replay_step(
    work: Work,
    scope_id: int,
    path: str,
    view: View,
    batch: Sequence[int],
    whole: Sequence[int],
    surprise: dict[int, float],
) -> None:
    """Reads a batch, which may take its time, then changes what it touches in one transaction."""
    store = work.store
    before = _before(view, batch)
    wanted = sorted({*batch, *(seq for seqs in before.values() for seq in seqs)})
    episodes = store.episodes((scope_id,), wanted)
    names = known_names(store.speakers((scope_id,)))
    replayed = contexts(episodes, before, names, [seq for seq in batch if seq in episodes])
    found = readings(replayed, work.extractor)
    with store.deriving():
        # What was erased meanwhile must not come back, nor what was read beside it.
        there = store.episodes((scope_id,), wanted).keys()
        kept = [
            (one, reading)
            for one, reading in zip(replayed, found, strict=True)
            if one.seq in there
            and there >= {seq for seq in before.get(one.seq, ()) if seq in episodes}
        ]
        rows = rows_of(scope_id, [one for one, _ in kept], [one for _, one in kept], surprise)
        _put_replayed(work, scope_id, path, view, [one.seq for one, _ in kept], whole, rows)


def _put_replayed(
    work: Work,
    scope_id: int,
    path: str,
    view: View,
    batch: Sequence[int],
    whole: Sequence[int],
    rows: Sequence[NamedTuple],
) -> None:
    store = work.store
    old = store.derived.rows(ClaimRow, [scope_id], seq=batch)
    new = [row for row in rows if isinstance(row, ClaimRow)]
    touched = groups_of((*old, *new))
    made = regroup(store, scope_id, path, touched, drop=frozenset(batch), add=new)
    in_sessions = [
        row
        for session in sessions_of(store, scope_id, view, whole)
        for row in session_rows(scope_id, session)
    ]
    delete: list[Deletion] = [
        (ClaimRow, scope_id, {"seq": batch}),
        (MentionRow, scope_id, {"seq": batch}),
        (StageRow, scope_id, {"stage": [f"surprise/{seq}" for seq in batch]}),
        *dropped(store, scope_id, made.groups),
    ]
    work.put([*rows, *made.rows, *in_sessions], delete)
    work.counts["episodes"] += len(batch)
    work.counts["claims"] += len(new)
    for kind, name in (
        (FactRow, "fact versions"),
        (LessonRow, "lessons"),
        (SummaryRow, "summaries"),
    ):
        work.counts[name] += sum(isinstance(row, kind) for row in (*made.rows, *in_sessions))


def _before(view: View, batch: Sequence[int]) -> dict[int, list[int]]:
    """The numbers of up to BEFORE_MAX episodes before each in its session, oldest first."""
    return {
        int(view.seq[row]): [int(view.seq[at]) for at in reversed(earlier(view, row, BEFORE_MAX))]
        for row in view.rows_of(np.array(batch, dtype=np.int64)).tolist()
    }


def earlier(view: View, row: int, most: int) -> list[int]:
    """Up to so many rows before a row in its session that were written before it, nearest first.

    What is written late into an old session changes nothing of what was derived without it.
    """
    found: list[int] = []
    at = int(view.before[row])
    for _ in range(LOOK_BACK_MAX):
        if at < 0 or len(found) == most:
            break
        if view.seq[at] < view.seq[row]:
            found.append(at)
        at = int(view.before[at])
    return found


def sessions_of(store: Store, scope_id: int, view: View, rows: Sequence[int]) -> Iterator[Session]:
    """The whole sessions that hold these rows, in order."""
    for row in rows:
        members = np.flatnonzero(view.session == view.session[row])
        order = np.lexsort(
            (view.seq[members], view.said_us[members], view.columns["position"][members])
        )
        seqs = view.seq[members[order]][-SESSION_READ_MAX:].tolist()
        found = store.episodes((scope_id,), seqs)
        kept = [seq for seq in seqs if seq in found]
        if kept:
            yield Session(found[kept[0]].session, kept, [found[seq] for seq in kept])
