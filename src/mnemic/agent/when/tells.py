"""The time that a statement tells of, resolved against when it was said."""

from __future__ import annotations

import re
from datetime import datetime

from mnemic.agent.when.calendar import MONTHS, WEEKDAYS
from mnemic.agent.when.grammar import Present, expressions, span_of
from mnemic.vocabulary import Span

# Without one of these words or a date in figures there is nothing to find, at a few microseconds.
_TRIGGER = re.compile(
    r"\b(?:yesterday|tomorrow|ago|last|next|since|easter|christmas|thanksgiving|halloween|this\s+(?:morning|week|month|year|spring|summer|autumn|fall|winter)|in\s+(?:19|20)\d\d|"
    + "|".join(name for name in (*MONTHS, *WEEKDAYS) if len(name) > 4 or name in ("june", "july"))
    + r"|on\s+may|in\s+may|may\s+\d|\d{4}-\d\d)\b",
    re.IGNORECASE,
)


def tells_of(text: str, said_at: datetime) -> Span | None:
    """The first definite time in a text, in the zone of `said_at`; None if there is none.

    "I went yesterday" said on 8 May tells of 7 May. Open-ended and vague expressions ("before May",
    "recently") are left alone: a wrong time is worse than none.
    """
    if _TRIGGER.search(text, 0, 2_000) is None:
        return None
    zone = said_at.tzinfo
    assert zone is not None
    for found in expressions(text, Present(said_at, nearest=True)):
        if not found.relation and not found.recent and found.days.end > found.days.first:
            return span_of(found.days, zone)
    return None
