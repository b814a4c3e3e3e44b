"""A claim: one statement that an episode makes about the world, with the words it makes it in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Change = Literal["", "begins", "ends", "adds"]
"""What the wording says of change: "I moved to", "no longer", "also"; nothing for a plain statement."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement, and where an episode makes it.

    `text[start:end]` of the episode is the quote. `subject` is a name as it is to be shown: a speaker
    ("Ana"), a role ("user"), a named person, or something of theirs ("Ana's car", "Ana's sister
    Clara"). `relation` is one of a small open vocabulary in snake case ("lives_in", "works_at",
    "likes", "owns", "name", "age", "plans", …). `object` is the value in the episode's own words.
    `statement` is the whole as a sentence that can stand alone ("Ana lives in Lisbon.").

    `denied` says that the wording denies it ("I don't like fish", "I no longer live there");
    `certainty` is 1 for a plain statement, less for a hedged one ("I think", "maybe").
    `valid_from` and `valid_to` bound when it holds, where the words say so, else None: from when it
    was said, without end. `change` says whether the wording tells of a change.
    """

    start: int
    end: int
    subject: str
    relation: str
    object: str
    statement: str
    denied: bool = False
    certainty: float = 1.0
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    change: Change = ""
