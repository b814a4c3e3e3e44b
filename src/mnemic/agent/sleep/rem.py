"""REM: remote and recent episodes together: places, topic summaries, and what fades."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.knowledge import (
    ColdRow,
    MentionRow,
    PlaceRow,
    ReplayRow,
    RoomRow,
    StageRow,
    SummaryRow,
)
from mnemic.agent.protocols import Store
from mnemic.agent.records import Episode
from mnemic.agent.sleep.fade import coldest
from mnemic.agent.sleep.nrem import befores, contents, earlier
from mnemic.agent.sleep.rooms import Palace, wing_of
from mnemic.agent.sleep.summaries import summarise
from mnemic.agent.sleep.work import Work
from mnemic.agent.view import View
from mnemic.agent.write.prepare import to_us

TOPIC_MIN = 4
"""A room with fewer episodes has no summary."""

TOPIC_READ_MAX = 300
"""How many latest episodes of a room its summary is made from."""


def place(work: Work, scope_id: int) -> None:
    """Gives every replayed episode that has a vector its wing and room."""
    store, space = work.store, work.store.vectors.active()
    if space is None:
        return
    stage = store.derived.rows(StageRow, [scope_id], stage="places")
    after = int(stage[0].value) if stage else 0
    view = work.views.at_present((scope_id,))
    rows = np.flatnonzero((view.seq > after) & (view.seq <= space.upto_seq))
    if not len(rows):
        return
    waiting = store.derived.waiting(scope_id, work.extractor.version, 1)
    if waiting:  # what is not replayed has no names yet
        rows = rows[view.seq[rows] < waiting[0]]
    generation = store.change_mark()[1]
    palace = _palace(store, scope_id)
    for start in range(0, len(rows), 2_000):
        if work.over():
            return
        some = rows[start : start + 2_000]
        with store.deriving():
            if store.change_mark()[1] != generation:
                return  # something was erased or hidden: the next sleep reads the palace anew
            seqs = view.seq[some]
            around = np.unique(np.concatenate((some, befores(view, some))))
            vectors = contents(store, space, scope_id, view.seq[around])
            episodes = store.episodes((scope_id,), seqs.tolist())
            names: dict[int, dict[str, str]] = defaultdict(dict)
            for row in store.derived.rows(MentionRow, [scope_id], seq=seqs.tolist()):
                names[row.seq] = _names(row)
            placed: list[NamedTuple] = []
            for row in some.tolist():
                seq = int(view.seq[row])
                vector = _with_before(view, row, vectors)
                if vector is None or seq not in episodes:
                    continue
                wing = wing_of(episodes[seq])
                placed.append(palace.place(scope_id, seq, wing, vector, names[seq]))
            mark = StageRow(scope_id, "places", str(int(seqs[-1])))
            work.put([*placed, *palace.rows(scope_id), mark])
        work.counts["placed"] += len(placed)
        work.tell("places", start + len(some), len(rows))


NAMED_BY = frozenset(("title", "code", "word", "name"))
"""Kinds of mentions that a room is named by: not quantities, parts of names, speakers."""


def _names(row: MentionRow) -> dict[str, str]:
    """What an episode mentions that can name a room: how it is written, by its key."""
    return {key: surface for key, surface, kind in json.loads(row.found) if kind in NAMED_BY}


def _with_before(
    view: View, row: int, vectors: dict[int, NDArray[np.float32]]
) -> NDArray[np.float32] | None:
    """An episode's vector with half of what was said before it; None without a vector."""
    own = vectors.get(int(view.seq[row]))
    if own is None:
        return None
    made = own.copy()
    for share, at in zip((0.5, 0.25), earlier(view, row, 2), strict=False):
        made += share * vectors.get(int(view.seq[at]), np.zeros_like(own))
    return np.asarray(made / max(float(np.linalg.norm(made)), 1e-9), dtype=np.float32)


def _palace(store: Store, scope_id: int) -> Palace:
    """The palace as it is kept, with the terms of its rooms."""
    where = {row.seq: (row.wing, row.room) for row in store.derived.rows(PlaceRow, [scope_id])}
    terms: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    written: dict[str, str] = {}
    for row in store.derived.rows(MentionRow, [scope_id]) if where else ():
        for key, surface in _names(row).items():
            written.setdefault(key, surface)
            if row.seq in where:
                terms[where[row.seq]][key] += 1
    return Palace(store.derived.rows(RoomRow, [scope_id]), terms, written)


def summarise_rooms(work: Work, scope_id: int) -> None:
    """A summary for every room of some size whose latest summary knows fewer of its episodes."""
    store = work.store
    rooms = [row for row in store.derived.rows(RoomRow, [scope_id]) if row.size >= TOPIC_MIN]
    known = {row.key: row.title for row in store.derived.rows(SummaryRow, [scope_id], kind="topic")}
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    if rooms:
        for place in store.derived.rows(PlaceRow, [scope_id]):
            places[place.wing, place.room].append(place.seq)
    generation = store.change_mark()[1]
    for done, room in enumerate(rooms):
        if work.over():
            return
        key, title = f"{room.wing}/{room.room}", f"{room.name} ({room.size})"
        if known.get(key) == title:
            continue
        with store.deriving():
            if store.change_mark()[1] != generation:
                return
            seqs = places[room.wing, room.room][-TOPIC_READ_MAX:]
            found = store.episodes((scope_id,), seqs)
            episodes: list[Episode] = [found[seq] for seq in seqs if seq in found]
            kept = [seq for seq in seqs if seq in found]
            summary = summarise(episodes)
            if summary is None:
                continue
            said = sorted(to_us(one.said_at) for one in episodes)
            row = SummaryRow(
                scope_id, "topic", key, title, summary.text,
                json.dumps([[kept[i], a, b] for i, a, b in summary.sentences]),
                said[0], said[-1], summary.maker,
            )  # fmt: skip
            work.put([row])
        work.counts["topics"] += 1
        work.tell("topics", done + 1, len(rooms))


def fade(work: Work, scope_id: int) -> None:
    """Moves the weakest memories out of the hot index, and back those that fit again."""
    store = work.store
    cold = {row.seq for row in store.derived.rows(ColdRow, [scope_id])}
    wanted: set[int] = set()
    if work.hot_bytes_max is not None:
        seqs, said_us = store.derived.said(scope_id)
        wanted = set(
            coldest(
                seqs, said_us, store.derived.uses([scope_id]),
                store.derived.rows(ReplayRow, [scope_id]),
                now_us=work.now_us(), hot_bytes_max=work.hot_bytes_max, dimension=work.dimension,
            )
        )  # fmt: skip
    if wanted == cold:
        return
    with store.deriving():
        work.put(
            [ColdRow(scope_id, seq) for seq in sorted(wanted - cold)],
            [(ColdRow, scope_id, {"seq": sorted(cold - wanted)})] if cold - wanted else (),
        )
    work.counts["cold"] += len(wanted - cold)
    work.counts["hot again"] += len(cold - wanted)
