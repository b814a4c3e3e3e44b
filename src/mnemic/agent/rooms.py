"""The palace as it is shown: its rooms, without what suppressed episodes gave to them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

from mnemic.agent.knowledge import PlaceRow, RoomRow, SummaryRow
from mnemic.agent.protocols import Store
from mnemic.agent.shown import Room
from mnemic.agent.terms import query_terms

_Key = tuple[int, str, str]


def rooms_shown(
    store: Store, scope_ids: Sequence[int], summaries: Sequence[SummaryRow]
) -> dict[str, list[Room]]:
    """The wings of some scopes, each with its rooms, the largest first.

    A room in which everything is suppressed is left out; one in which something is keeps of its name
    what the others say too. The next sleep names it anew.

    Args:
        store: theirs.
        scope_ids: the scopes.
        summaries: of topics, none of which quotes a suppressed episode.
    """
    texts = {(row.scope_id, row.key): row.text for row in summaries}
    left = _left_by_hiding(store, scope_ids)
    wings: dict[str, list[Room]] = {}
    for row in store.derived.rows(RoomRow, scope_ids):
        key = (row.scope_id, row.wing, row.room)
        if key in left and not left[key]:
            continue
        name, size, was = row.name, row.size, [str(one) for one in json.loads(row.was)]
        if key in left:
            said = _words(store, row.scope_id, left[key])
            name, size = _still_said(name, said) or row.room, len(left[key])
            was = [one for one in was if _still_said(one, said) == one]
        text = texts.get((row.scope_id, f"{row.wing}/{row.room}"), "")
        wings.setdefault(row.wing, []).append(Room(row.wing, row.room, name, size, text, was))
    for rooms in wings.values():
        rooms.sort(key=lambda room: (-room.size, room.room))
    return dict(sorted(wings.items(), key=lambda pair: -sum(room.size for room in pair[1])))


def _left_by_hiding(store: Store, scope_ids: Sequence[int]) -> Mapping[_Key, list[int]]:
    """Of the rooms with suppressed episodes the numbers of those that are not."""
    hidden = store.derived.hidden(scope_ids)
    touched = {
        (place.scope_id, place.wing, place.room)
        for place in store.derived.rows(PlaceRow, scope_ids, seq=hidden)
    }
    left: dict[_Key, list[int]] = defaultdict(list, {key: [] for key in touched})
    gone = set(hidden)
    for scope_id, wing, room in touched:
        for place in store.derived.rows(PlaceRow, [scope_id], wing=wing, room=room):
            if place.seq not in gone:
                left[scope_id, wing, room].append(place.seq)
    return left


def _words(store: Store, scope_id: int, seqs: Sequence[int]) -> frozenset[str]:
    found = store.episodes([scope_id], seqs)
    return frozenset(
        term
        for episode in found.values()
        for term in query_terms(f"{episode.speaker or ''} {episode.text}")
    )


def _still_said(name: str, said: frozenset[str]) -> str:
    """The parts of a room's name that these words hold."""
    return ", ".join(part for part in name.split(", ") if said.issuperset(query_terms(part)))
