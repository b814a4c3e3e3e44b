"""Asks memory within a deadline; a request never waits longer, nor for what is broken."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnemic.agent.recall.context import pack
from mnemic.errors import UnknownScope
from mnemic.serve.proxy.counts import Counts
from mnemic.serve.proxy.settings import ProxySettings

if TYPE_CHECKING:
    from mnemic.agent.memory import Memory

log = logging.getLogger("mnemic.proxy")


HELD_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Block:
    """Memory as it stands in a request, and the least trusted class of source in it."""

    text: str
    trust: str | None


def plain(text: str) -> str:
    """A text without what does not tell it from another: case and white space."""
    return " ".join(text.split()).casefold()


class Held:
    """The blocks that turns were given, for their continuations."""

    def __init__(self) -> None:
        self._blocks: OrderedDict[tuple[str, ...], Block] = OrderedDict()

    def put(self, turn: tuple[str, ...], block: Block) -> None:
        """Notes a block; the oldest beyond a thousand is forgotten."""
        self._blocks[turn] = block
        self._blocks.move_to_end(turn)
        if len(self._blocks) > HELD_MAX:
            self._blocks.popitem(last=False)

    def get(self, turn: tuple[str, ...]) -> Block | None:
        """The block that a turn was given."""
        return self._blocks.get(turn)


class Recaller:
    """Blocks of memory for requests."""

    def __init__(self, memory: Memory, settings: ProxySettings, counts: Counts) -> None:
        self._memory = memory
        self._settings = settings
        self._counts = counts
        self._pool = ThreadPoolExecutor(settings.recalls_at_once, "mnemic-proxy-recall")
        self._under_way = 0

    async def block(self, query: str, scope: str, there: Set[str], left_s: float) -> Block | None:
        """A block for a query, or None: nothing known, no time, or an error.

        Args:
            query: the user's last message.
            scope: where to look.
            there: texts that stand in the request already, as `plain` gives them; they are not
                said again. The user's own turn is among them, which may be stored by now.
            left_s: how long to wait.
        """
        if self._under_way >= self._settings.recalls_at_once:
            self._counts.add("recall_busy")
            return None
        self._under_way += 1
        asked = asyncio.get_running_loop().run_in_executor(
            self._pool, self._recall, query, scope, there
        )
        asked.add_done_callback(self._returned)
        done, _ = await asyncio.wait({asked}, timeout=max(left_s, 0.0))
        if not done:
            self._counts.add("recall_late")
            return None
        if asked.cancelled() or asked.exception() is not None:
            return None
        found = asked.result()
        self._counts.add("recalled" if found else "nothing_known")
        return found

    def close(self) -> None:
        """Waits for recalls under way; those that have not begun are dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _returned(self, asked: asyncio.Future[Block | None]) -> None:
        self._under_way -= 1
        if not asked.cancelled() and (error := asked.exception()):
            self._counts.add("recall_failed")
            log.warning("recall failed: %s: %s", type(error).__name__, error)

    def _recall(self, query: str, scope: str, there: Set[str]) -> Block | None:
        try:
            found = self._memory.recall(query, scope=scope, k=self._settings.hits_max)
        except UnknownScope:
            return None
        if found.known < self._settings.known_min:
            return None
        hits = [
            hit
            for hit in found.hits
            if hit.relevance >= self._settings.relevance_min
            and plain(hit.episode.text) not in there
        ]
        packed = pack(replace(found, hits=hits), self._settings.budget_tokens, advise=True)
        return Block(packed.text, packed.trust) if packed.text else None
