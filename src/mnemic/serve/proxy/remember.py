"""Keeps turns, each once, in the background and in the order in which they were said."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mnemic.agent.trust import is_untrusted
from mnemic.clock import Clock, SystemClock
from mnemic.errors import StoreBusy, StoreFull, UnknownScope
from mnemic.serve.proxy.counts import Counts
from mnemic.serve.proxy.sessions import Said
from mnemic.serve.proxy.settings import ProxySettings
from mnemic.serve.proxy.streaming import Answer
from mnemic.serve.proxy.turns import Turn

if TYPE_CHECKING:
    from mnemic.agent.memory import Memory
    from mnemic.agent.records import Episode

log = logging.getLogger("mnemic.proxy")

SOURCE = "proxy"
_SEEN_MAX, _TAILS_MAX = 50_000, 10_000
_LOOK_BACK = 12
JOBS_MAX = 20_000
"""How many requests and answers may wait for the store, however little they say."""
_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation goes on: its session, the next position, the digest of its last turn.

    `first` and `before` are where the request's own turns began, and what stood before them.
    """

    said: Said
    session: str
    position: int
    last: str
    first: int
    before: str


class Keeper:
    """Stores turns through one thread, so that they come in order; nobody waits for it.

    While the store is busy or full it tries again until `close`; what waits is bounded.
    """

    def __init__(
        self,
        memory: Memory,
        settings: ProxySettings,
        counts: Counts,
        clock: Clock | None = None,
    ) -> None:
        self._memory = memory
        self._settings = settings
        self._counts = counts
        self._clock = clock or SystemClock()
        self._writer = ThreadPoolExecutor(1, "mnemic-proxy-keeper")
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._waiting = self._jobs = 0
        self._given_up = False
        self._seen: OrderedDict[tuple[str, str, int, str], None] = OrderedDict()
        self._tails: OrderedDict[tuple[str, str], Place] = OrderedDict()
        self._responses: OrderedDict[tuple[str, str], str] = OrderedDict()

    def keep(self, said: Said) -> Future[Place | None]:
        """Begins to store what a request says; the future tells where its answer belongs."""
        now = self._clock.now()
        return self._begin(said.turns, lambda: self._keep(said, now))

    def answer(self, asked: Future[Place | None], answer: Answer, trust: str | None = None) -> None:
        """Begins to store an answer behind the request that it belongs to.

        Args:
            asked: where the request is kept.
            answer: what the model said.
            trust: the least trusted class of source that it was given to read.
        """
        if not answer.whole and answer.turns:
            self._counts.add("partial")
        if answer.turns or answer.id:
            now = self._clock.now()
            self._begin(answer.turns, lambda: self._answer(asked, answer, now, trust))

    def settle(self) -> None:
        """Returns when everything that was begun is done."""
        self._writer.submit(lambda: None).result()

    def close(self) -> None:
        """Stores what waits, trying each once more, and ends."""
        self._closing.set()
        self._writer.shutdown(wait=True)

    def _begin(
        self, turns: Sequence[Turn], job: Callable[[], Place | None]
    ) -> Future[Place | None]:
        size = sum(len(turn.text) for turn in turns)
        with self._lock:
            fits = (
                self._waiting + size <= self._settings.waiting_chars_max
                and self._jobs < JOBS_MAX
                and not self._closing.is_set()
            )
            self._waiting += size if fits else 0
            self._jobs += fits
        if not fits:
            self._counts.add("lost", len(turns))
            log.error("%d turns were lost: too many wait already for the store", len(turns))
            done: Future[Place | None] = Future()
            done.set_result(None)
            return done
        begun = self._writer.submit(job)
        begun.add_done_callback(lambda done: self._done(done, size, len(turns)))
        return begun

    def _done(self, done: Future[Place | None], size: int, turns: int) -> None:
        with self._lock:
            self._waiting -= size
            self._jobs -= 1
        if error := done.exception():
            self._counts.add("lost", turns)
            log.error("%d turns were lost: %s: %s", turns, type(error).__name__, error)

    # -- in the writer's thread --------------------------------------------------------------

    def _keep(self, said: Said, now: datetime) -> Place | None:
        if not said.turns:
            return self._silent(said)
        session, first, before, known = self._find_place(said, now)
        refs = _refs(said.turns, before)
        rows = [
            self._row(said, turn, session, first + number, refs[number], now)
            for number, turn in enumerate(said.turns)
            if number >= (known if self._settings.history else said.fresh)
            and not self._is_known(said.scope, session, first + number, refs[number])
        ]
        self._store(rows)
        place = Place(
            said, session, first + len(said.turns), said.turns[-1].known_by, first, before
        )
        self._note_tail(place)
        return place

    def _silent(self, said: Said) -> Place | None:
        """Where a request that says nothing, such as a picture alone, goes on; None if that is unknown."""
        name = said.session or self._responses.get((said.scope, said.before or ""))
        if name is None:
            return None
        tail = self._tails.get((said.scope, name))
        if tail is None:
            return Place(said, name, 0, "", 0, "")
        return replace(tail, said=said, first=tail.position, before=tail.last)

    def _answer(
        self, asked: Future[Place | None], answer: Answer, now: datetime, trust: str | None
    ) -> Place | None:
        place = asked.result()
        if place is None:
            return None
        turns = [t for t in answer.turns if self._settings.tools or t.part == "assistant"]
        refs = _refs(turns, place.last)
        more: dict[str, Any] = {} if answer.whole else {"partial": True}
        if trust is not None and is_untrusted(trust):
            more["trust"] = trust  # what a model says after reading it is worth no more
        rows = [
            self._row(place.said, turn, place.session, position, ref, now, more)
            for position, (turn, ref) in enumerate(zip(turns, refs, strict=True), place.position)
            if not self._is_known(place.said.scope, place.session, position, ref)
        ]
        self._store(rows)
        last = turns[-1].known_by if turns else place.last
        place = replace(place, position=place.position + len(turns), last=last)
        self._note_tail(place)
        if answer.id:
            _put(self._responses, (place.said.scope, answer.id), place.session, _TAILS_MAX)
        return place

    def _find_place(self, said: Said, now: datetime) -> tuple[str, int, str, int]:
        """The session, the position of the first turn in it, the digest of what went before, and how
        many turns were dealt with before: those are not stored again, also if they were erased since.
        """
        name = said.session
        if name is None and said.before is not None:
            name = self._responses.get((said.scope, said.before), f"response:{said.before}")
        refs = _refs(said.turns, "")
        for number in range(said.fresh - 1, max(-1, said.fresh - 1 - _LOOK_BACK), -1):
            found = self._fitting(said, name, refs[number])
            same = [one for one in found if one.position == number]
            if found:
                at = (same or found)[-1]
                return str(at.session), int(at.position or 0) - number, "", number + 1
        if not said.fresh:
            since = now - timedelta(seconds=self._settings.retry_s)
            again = [one for one in self._fitting(said, name, refs[0]) if one.said_at >= since]
            if again and not said.upstream_keeps:  # the same request once more
                return str(again[-1].session), int(again[-1].position or 0), "", 0
            tail = self._tails.get((said.scope, name or ""))
            if name is not None and tail is not None:
                if _same(tail.said, said) and tail.last == said.turns[-1].known_by:
                    return name, tail.first, tail.before, 0  # once more, and never answered
                return name, tail.position, tail.last, 0
        return name or _new_session(said, now), 0, "", 0

    def _fitting(self, said: Said, name: str | None, ref: str) -> list[Episode]:
        """What was stored under a ref in the conversation named, or in any of the same user."""
        return [
            one
            for one in self._stored(said.scope, ref)
            if (one.session == name if name else one.meta.get("user") == said.user)
        ]

    def _is_known(self, scope: str, session: str, position: int, ref: str) -> bool:
        key = (scope, session, position, ref)
        if key not in self._seen:
            found = self._stored(scope, ref)
            if not any(one.session == session and one.position == position for one in found):
                return False
            _put(self._seen, key, None, _SEEN_MAX)
        self._counts.add("known")
        return True

    def _stored(self, scope: str, ref: str) -> list[Episode]:
        try:
            found = self._memory.get(ref, scope=scope)
        except UnknownScope:
            return []
        return [one for one in found if one.source == SOURCE and one.position is not None]

    def _row(
        self,
        said: Said,
        turn: Turn,
        session: str,
        position: int,
        ref: str,
        now: datetime,
        more: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        speakers = {"user": said.speaker, "assistant": "assistant"}
        meta: dict[str, Any] = dict(more or {})
        if said.user:
            meta["user"] = said.user
        if turn.part in ("call", "result"):
            meta["tool"] = {"part": turn.part, **({"name": turn.tool} if turn.tool else {})}
        return {
            "text": turn.text, "scope": said.scope, "speaker": speakers.get(turn.part, "tool"),
            "session": session, "position": position, "source": SOURCE, "ref": ref, "said_at": now,
            "meta": meta,
        }  # fmt: skip

    def _store(self, rows: list[dict[str, Any]]) -> None:
        """Stores rows in one transaction; tries again while the store cannot take them."""
        if not rows:
            return
        tries = 0
        while True:
            last = self._closing.is_set()
            if self._given_up:
                raise StoreBusy("the store could not be had at the end")
            try:
                report = self._memory.remember_many(rows, on_error="skip")
                break
            except (StoreBusy, StoreFull) as error:
                if last:
                    self._given_up = True  # what waits behind it would wait as long
                    raise
                log.warning("%d turns wait: %s", len(rows), error)
                self._closing.wait(_PAUSES_S[min(tries, len(_PAUSES_S) - 1)])
                tries += 1
        self._counts.add("kept", report.stored)
        for _, why in report.refused:
            self._counts.add("refused")
            log.warning("a turn was refused: %s", why)
        for row in rows:
            key = (row["scope"], row["session"], row["position"], row["ref"])
            _put(self._seen, key, None, _SEEN_MAX)

    def _note_tail(self, place: Place) -> None:
        _put(self._tails, (place.said.scope, place.session), place, _TAILS_MAX)


def _refs(turns: Sequence[Turn], before: str) -> list[str]:
    """A reference for each turn, made of what it says and what the turn before it said."""
    digests = [before, *(turn.known_by for turn in turns)]
    return [
        "proxy:" + blake2b(f"{one}\n{two}".encode(), digest_size=16).hexdigest()
        for one, two in pairwise(digests)
    ]


def _same(one: Said, two: Said) -> bool:
    return one.before == two.before and one.turns == two.turns


def _new_session(said: Said, now: datetime) -> str:
    begun = f"{said.scope}\n{said.user}\n{said.turns[0].known_by}\n{now.isoformat()}"
    name = blake2b(begun.encode(), digest_size=10).hexdigest()
    return f"{said.user}/{name}" if said.user else name


def _put(kept: OrderedDict[Any, Any], key: Any, value: Any, at_most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > at_most:
        kept.popitem(last=False)
