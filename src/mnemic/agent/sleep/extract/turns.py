"""A turn: who said what, as much as is needed to understand the turn after it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker said before another speaks."""

    speaker: str | None
    text: str
