"""A fact: what is held to be true, from when to when, since when we believe it, and on what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal["verified", "experimental", "unverified"]
Reason = Literal["", "changed", "later", "denied", "ended", "corrected"]
"""Why a fact's validity ended: the wording told of a change, a later statement says otherwise, it was
denied, the wording gave an end, or a person corrected it."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Evidence: the words of an episode, by its id and the characters' places.

    `part` says what they do for the fact: "supports", "contradicts" or "ends" it.
    """

    episode_id: str
    start: int
    end: int
    text: str
    said_at: datetime
    speaker: str | None
    part: Literal["supports", "contradicts", "ends"] = "supports"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact in one version of our belief.

    It holds in the world during [valid_from, valid_to), None for unknown or open ends; we believed
    this version of it during [believed_from, believed_to). `confidence` is the mean of a Beta
    posterior under the ceiling of its sources' trust. `successor` is the fact that replaced it.
    """

    id: str
    scope: str
    subject: str
    relation: str
    object: str
    statement: str
    denied: bool
    valid_from: datetime | None
    valid_to: datetime | None
    believed_from: datetime
    believed_to: datetime | None
    confidence: float
    status: Status
    witnesses: int
    reason: Reason = ""
    successor: str | None = None
    quotes: Sequence[Quote] = ()

    def holds_at(self, moment: datetime) -> bool:
        """Whether it holds in the world at a moment, as far as is known."""
        return (self.valid_from is None or self.valid_from <= moment) and (
            self.valid_to is None or moment < self.valid_to
        )
