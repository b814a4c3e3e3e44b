"""Text → the same text without secrets, and without personal data where that is asked for.

redact()        what the detectors find is replaced by a mark such as `[redacted: github-token]`
tokens.py       keys that say by their first letters whose they are
credentials.py  what its surroundings give away: `password=…`, headers, addresses, key files
entropy.py      what is too random to be anything else
personal.py     e-mail addresses, telephone numbers, cards, accounts, IPs
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from mnemic.agent.write import credentials, entropy, personal, tokens
from mnemic.agent.write.findings import Finding
from mnemic.errors import InvalidInput

ROUNDS_MAX = 8
"""How often what stands between findings is looked at again; twice is the rule."""

MARK = re.compile(r"\[redacted: [a-z0-9-]{1,40}\]")

Detector = Callable[[str], Iterable[Finding]]

_SECRETS: tuple[Detector, ...] = (tokens.find, credentials.find, entropy.find)
_PERSONAL: tuple[Detector, ...] = (personal.find,)


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is taken out of a text before it is kept."""

    secrets: bool = True
    pii: bool = False

    @classmethod
    def of(cls, asked: Redaction | Literal["secrets", "all"] | None) -> Redaction | None:
        """From a Redaction, or the name of one; None takes nothing out.

        Raises:
            InvalidInput: there is none of that name.
        """
        if asked is None or isinstance(asked, Redaction):
            return asked
        if asked not in ("secrets", "all"):
            raise InvalidInput(
                f"redact is {asked!r:.60}; pass 'secrets', 'all', a Redaction, or None"
            )
        return cls(pii=asked == "all")


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without what was found in it; `found` gives kinds and places in the original."""

    text: str
    found: tuple[Finding, ...]


def redact(text: str, redaction: Redaction) -> Redacted:
    """The text with a mark in the place of everything that is not to be kept.

    A text that was redacted is not changed again: marks divide a text, and what stands between
    them is looked at until nothing more is found there.

    Args:
        text: of any length; the time is linear in it.
        redaction: what to look for.
    """
    detectors = (*(_SECRETS if redaction.secrets else ()), *(_PERSONAL if redaction.pii else ()))
    found: list[Finding] = []
    waiting = list(_between(0, len(text), (mark.span() for mark in MARK.finditer(text))))
    for _ in range(ROUNDS_MAX):
        looked_at, waiting = waiting, []
        for start, stop in looked_at:
            here = _found_in(text[start:stop], detectors)
            if here:
                moved = [Finding(one.kind, start + one.start, start + one.stop) for one in here]
                found += moved
                waiting += _between(start, stop, ((one.start, one.stop) for one in moved))
    found.sort(key=lambda one: one.start)
    return Redacted(_marked(text, found), tuple(found))


def named_secret(name: str, value: str) -> str | None:
    """The kind of secret that a value is, from the name it stands under; None if it is none."""
    return next((one.kind for one in credentials.find(f'"{name}": "{value}"')), None)


def _found_in(text: str, detectors: Iterable[Detector]) -> list[Finding]:
    """What all detectors find, in order; where findings overlap, one with the first's name."""
    ranked = [(one.start, rank, one) for rank, find in enumerate(detectors) for one in find(text)]
    ranked.sort()
    joined: list[tuple[int, Finding]] = []
    for _, rank, one in ranked:
        if joined and one.start < joined[-1][1].stop:
            best, last = joined[-1]
            kind = one.kind if rank < best else last.kind
            joined[-1] = min(rank, best), Finding(kind, last.start, max(one.stop, last.stop))
        else:
            joined.append((rank, one))
    return [one for _, one in joined]


def _between(start: int, stop: int, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The stretches from start to stop that lie outside of spans in ascending order."""
    for span_start, span_stop in spans:
        if start < span_start:
            yield start, span_start
        start = span_stop
    if start < stop:
        yield start, stop


def _marked(text: str, found: Iterable[Finding]) -> str:
    parts: list[str] = []
    last = 0
    for one in found:
        parts += (text[last : one.start], f"[redacted: {one.kind}]")
        last = one.stop
    return "".join((*parts, text[last:]))
