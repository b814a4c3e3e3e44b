"""A window beside an event that is named but not dated: the memory itself says when that was.

Only where the memory surely holds the event that is meant (`order.is_meant`) is there a window; else
the question is asked of all times, for a window beside the wrong event costs more than it brings
(LOG.md).
"""

from __future__ import annotations

from collections.abc import Callable

from mnemic.agent.recall.order import is_meant
from mnemic.agent.records import Hit, Window
from mnemic.agent.when import EventWindow, resolve


def resolved(
    text: str, asked: EventWindow, zone: str, find: Callable[[str], Hit | None]
) -> tuple[Window | None, str, list[str]]:
    """The window, what is left of the question beside the event, and a note of who dated it.

    Args:
        text: the question.
        asked: the window it asks for.
        zone: the asker's zone.
        find: the best hit for some words, at any time.
    """
    hit = find(asked.words)
    if hit is None or not is_meant(asked, hit.episode.text, hit.episode.happened):
        return None, text, []
    when = hit.episode.happened
    window = resolve(asked, when, zone, certain=True)
    rest = f"{text[: asked.start]} {text[asked.end :]}".strip()
    note = f"“{asked.words}” is dated {when.start:%Y-%m-%d} by {hit.episode.id[:8]}"
    return window, rest if window.hard and rest else text, [note]
