"""JSON values under a name, kept as episodes in order and read back exactly."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from mnemic.adapters.verbatim import NOTHING, given_back, held, searchable
from mnemic.agent.memory import Memory
from mnemic.agent.records import Episode
from mnemic.agent.scopes import check_scope
from mnemic.errors import InvalidInput, InvalidScope


@dataclass(frozen=True, slots=True)
class Entry:
    """A value to be kept: `text` is what it says to people, and what it is found by.

    `name` is the name it is kept under, if it is another than the log's.
    """

    value: Any
    text: str
    speaker: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A value that was kept, and the episodes that hold it."""

    value: Any
    ids: Sequence[str]
    position: int


_TURNS: WeakKeyDictionary[Memory, threading.RLock] = WeakKeyDictionary()
_TURNS_GUARD = threading.Lock()


def turn_of(memory: Memory) -> threading.RLock:
    """The lock of all adapters over a memory: what they read and then write is one thing.

    Two sessions of one name, or two stores of one scope, may be open at the same time.
    """
    with _TURNS_GUARD:
        return _TURNS.setdefault(memory, threading.RLock())


class Log:
    """Values by name, appended durably and in order; what is taken away is suppressed.

    Args:
        memory: open for writing.
        scope: where the episodes lie.
        source: their source, and what their refs begin with.
    """

    def __init__(self, memory: Memory, *, scope: str, source: str) -> None:
        self.memory = memory
        self.scope = check_scope(scope)
        self.source = source
        self.turn = turn_of(memory)

    def ref(self, name: str) -> str:
        """The ref of a name's episodes."""
        if not isinstance(name, str):
            raise InvalidInput(f"the name {name!r:.60} is no string")
        return f"{self.source}:{name}"

    def append(self, name: str, entries: Iterable[Entry]) -> None:
        """Adds values behind those of a name, in its session; one transaction up to 500 episodes.

        Raises:
            InvalidInput: a value is no JSON; nothing was kept.
        """
        with self.turn:
            latest = self._episodes(name, last=1, suppressed=True)
            first = (latest[-1].position or 0) + 1 if latest else 0
            rows: list[dict[str, Any]] = []
            now = self.memory.clock.now()
            for entry in entries:
                for part, meta in enumerate(held(entry.value, "the item")):
                    rows.append(
                        {
                            "text": searchable(entry.text) if part == 0 else NOTHING,
                            "scope": self.scope, "speaker": entry.speaker, "said_at": now,
                            "session": name, "position": first + len(rows),
                            "source": self.source, "meta": meta,
                            "ref": self.ref(name if entry.name is None else entry.name),
                        }
                    )  # fmt: skip
            self.memory.remember_many(rows)

    def read(self, name: str, last: int | None = None) -> list[Kept]:
        """The values of a name in order, or only the last of them."""
        if last is not None and last <= 0:
            return []
        asked = last
        while True:
            episodes = self._episodes(name, last=asked)
            found = list(_whole(episodes))
            if last is None or len(found) >= last or asked is None or len(episodes) < asked:
                return found if last is None else found[-last:]
            asked = 2 * asked

    def hide(self, kept: Iterable[Kept]) -> None:
        """Takes values away: they are suppressed, and stay in the log."""
        for one in kept:
            for id_ in one.ids:
                self.memory.suppress(id_, scope=self.scope)

    def _episodes(
        self, name: str, *, last: int | None = None, suppressed: bool = False
    ) -> list[Episode]:
        try:
            return self.memory.by_ref(
                self.ref(name), scope=self.scope, last=last, suppressed=suppressed
            )
        except InvalidScope:  # the scope is sound: nothing was ever said there
            return []


def _whole(episodes: Iterable[Episode]) -> Iterator[Kept]:
    """The values whose parts are all there, one behind the other."""
    begun: list[Episode] = []
    for episode in episodes:
        part, parts = episode.meta.get("part", 0), episode.meta.get("parts", 1)
        if not {"value", "json"} & episode.meta.keys():
            continue
        if part == 0:
            begun = []
        if part != len(begun):
            begun = []
            continue
        begun.append(episode)
        if len(begun) == parts:
            value = given_back([one.meta for one in begun])
            yield Kept(value, [one.id for one in begun], begun[0].position or 0)
            begun = []
