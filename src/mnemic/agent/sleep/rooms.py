"""REM: every episode gets a place: a wing (who or what it is of) and a room (what it is about).

Rooms are found by leader clustering in the order episodes were written: an episode enters the room
whose centre is nearest if it is near enough, else it opens one. So a place never changes by itself,
and sleeping often or once gives the same palace. A room is named when it opens and again at sizes that
are powers of eight; its former names stay with it.

Source:
    Leader clustering (Hartigan, 1975, chapter 3). Differs: a limited number of rooms a wing, so that a
    full wing takes everything into its nearest room.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.knowledge import PlaceRow, RoomRow
from mnemic.agent.records import Episode
from mnemic.agent.speakers import is_name

NEAR_MIN = 0.65
"""The cosine to a room's centre from which on an episode belongs there."""

ROOMS_MAX = 48
"""How many rooms a wing has at most."""

NAMED_AT = frozenset((1, 8, 64, 512, 4096))

Floats = NDArray[np.float32]


@dataclass(slots=True)
class _Room:
    name: str
    size: int
    sum_K: Floats  # noqa: N815
    was: list[str]
    terms: Counter[str] = field(default_factory=Counter)
    changed: bool = False


class Palace:
    """The rooms of a scope while episodes are being placed.

    Args:
        rows: the rooms as they are kept.
        terms_of_room: the terms of each room's members so far, by (wing, room).
        written: how each term was first written.
    """

    def __init__(
        self,
        rows: Sequence[RoomRow],
        terms_of_room: Mapping[tuple[str, str], Counter[str]],
        written: Mapping[str, str],
    ) -> None:
        self._rooms: dict[str, dict[str, _Room]] = {}
        self._times: Counter[str] = Counter()
        self._written = dict(written)
        for row in rows:
            terms = terms_of_room.get((row.wing, row.room), Counter())
            self._rooms.setdefault(row.wing, {})[row.room] = _Room(
                row.name, row.size, np.frombuffer(row.centre, dtype=np.float32).copy(),
                json.loads(row.was), Counter(terms),
            )  # fmt: skip
            self._times.update(terms)

    def place(
        self,
        scope_id: int,
        seq: int,
        wing: str,
        vector_K: Floats,  # noqa: N803
        names: Mapping[str, str],
    ) -> PlaceRow:
        """Puts an episode into its room.

        Args:
            scope_id: the scope.
            seq: the episode's number.
            wing: its wing.
            vector_K: its unit vector with what was said before it.
            names: its terms, by how they are compared, as they are written.
        """
        rooms = self._rooms.setdefault(wing, {})
        number, near = self._nearest(rooms, vector_K)
        if number is None or (near < NEAR_MIN and len(rooms) < ROOMS_MAX):
            number = f"r{len(rooms) + 1}"
            rooms[number] = _Room("", 0, np.zeros_like(vector_K), [])
        room = rooms[number]
        room.size += 1
        room.sum_K += vector_K
        for term, surface in names.items():
            self._written.setdefault(term, surface)
            self._times[term] += 1
            room.terms[term] += 1
        room.changed = True
        if room.size in NAMED_AT:
            self._name(rooms, room)
        return PlaceRow(scope_id, seq, wing, number)

    def rows(self, scope_id: int) -> list[RoomRow]:
        """The rooms that changed, as rows."""
        return [
            RoomRow(
                scope_id, wing, number, room.name, room.size, room.sum_K.tobytes(),
                json.dumps(room.was, ensure_ascii=False),
            )
            for wing, rooms in self._rooms.items()
            for number, room in rooms.items()
            if room.changed
        ]  # fmt: skip

    @staticmethod
    def _nearest(rooms: Mapping[str, _Room], vector_K: Floats) -> tuple[str | None, float]:  # noqa: N803
        best, near = None, -2.0
        for number, room in rooms.items():
            norm = math.sqrt(float(room.sum_K @ room.sum_K))
            cosine = float(room.sum_K @ vector_K) / max(norm, 1e-9)
            if cosine > near:
                best, near = number, cosine
        return best, near

    def _name(self, rooms: Mapping[str, _Room], room: _Room) -> None:
        """The terms that are the room's own: frequent here, and hardly anywhere else."""
        scored = sorted(
            room.terms,
            key=lambda term: (
                -room.terms[term] * (room.terms[term] / (self._times[term] + 2)) ** 2, term,
            ),
        )  # fmt: skip
        taken = {one.name for one in rooms.values() if one is not room}
        words = [self._written.get(term, term) for term in scored[:6]]
        for count in (2, 3, 4):
            name = ", ".join(dict.fromkeys(words[:count])) or "things"
            if name not in taken:
                break
        else:
            name = f"{name} ({len(rooms)})"
        if room.name and room.name != name:
            room.was.append(room.name)
        room.name = name


def wing_of(episode: Episode) -> str:
    """The wing of an episode: the person who speaks, else the project or scope it lies in."""
    if is_name(episode.speaker):
        return str(episode.speaker)
    project = episode.meta.get("project") or episode.meta.get("cwd")
    if isinstance(project, str) and project.strip():
        return project.rstrip("/").rsplit("/", 1)[-1][:80]
    return episode.scope.rsplit("/", 1)[-1]
