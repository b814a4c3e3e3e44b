"""A draft: what a rule has understood, before it is made into a claim."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mnemic.agent.facts.claims import Change


@dataclass(frozen=True, slots=True)
class Draft:
    """A relation and its value; `start` and `end` bound the value's words in the episode.

    `value` stands in for those words where the claim's object is not literally there. `says` is the
    predicate of the sentence where the relation's own would not be true to the words.
    """

    relation: str
    start: int
    end: int
    value: str = ""
    denied: bool = False
    past: bool = False
    change: Change = ""
    certainty: float = 1.0
    says: str = ""
    link: str = ""
    subject: str = ""
    begins: bool = False
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    timed: bool = False
