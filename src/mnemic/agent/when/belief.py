"""Questions of what was believed: "What did we believe on 1 June about …?"."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from typing import NamedTuple

from mnemic.agent.when.window import parse_window

_BELIEVED = re.compile(
    r"\b(?:what|where|who|which|how)?\s*(?:did|do)\s+(?:we|you|I)\s+(?:still\s+)?"
    r"(?:believe|think|know|assume)\b|\b(?:was|were)\s+(?:then\s+)?believed\b",
    re.IGNORECASE,
)
_EDGES = re.compile(r"^[\s,:;.\-–]+|[\s,:;\-–]+$")


class Believed(NamedTuple):
    """The moment of belief that a question names, and what is left of the question."""

    moment: datetime
    rest: str


def parse_belief(query: str, now: datetime, zone: str | tzinfo) -> Believed | None:
    """What a question asks of belief: the end of the time it names; None where it asks of no belief.

    Args:
        query: the question.
        now: the present, aware.
        zone: the asker's zone.

    Raises:
        InvalidTime: as for `parse_window`.
    """
    asked = _BELIEVED.search(query)
    if asked is None:
        return None
    window = parse_window(query, now, zone)
    if window is None or window.span.end > now:
        return None
    rest = query[: asked.start()] + " " + query[asked.end() :]
    rest = re.sub(
        r"^\s*(?:about|that|,|:)?\s*", "", _EDGES.sub("", rest.replace(window.phrase, " "))
    )
    rest = _EDGES.sub("", rest)
    return Believed(window.span.end, rest if len(rest) > 2 else query)
