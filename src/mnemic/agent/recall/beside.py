"""A window beside an event that is named but not dated: the memory itself says when that was."""

from __future__ import annotations

from collections.abc import Callable

from mnemic.agent.recall.order import is_meant
from mnemic.agent.records import Hit, Window
from mnemic.agent.when import EventWindow, resolve

RELEVANCE_MIN = 0.3
"""How surely a hit must bear on the event's words for its time to be taken."""


def resolved(
    asked: EventWindow, zone: str, find: Callable[[str], Hit | None]
) -> tuple[Window | None, str]:
    """The window, and a note that says which memory dated the event or that none did.

    Args:
        asked: what the question asks for.
        zone: the asker's zone.
        find: the best hit for some words, at any time.
    """
    hit = find(asked.words)
    if hit is None or hit.relevance < RELEVANCE_MIN:
        return None, f"no memory dates “{asked.words}”: all times were looked at"
    when = hit.episode.happened
    certain = is_meant(asked, hit.episode.text, when)
    note = f"“{asked.words}” is dated {when.start:%Y-%m-%d} by {hit.episode.id[:8]}"
    return resolve(asked, when, zone, certain=certain), note
