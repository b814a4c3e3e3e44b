"""Remembered text → text that a model or a terminal reads as what it is.

What would be obeyed or overlooked rather than read is taken out or shown; only in what is shown: the
store keeps every character.
"""

from __future__ import annotations

import re

from mnemic.agent.recalled import INDENT
from mnemic.agent.surroundings import without_tags

SHOWN = "\N{REPLACEMENT CHARACTER}"
"""Stands where something that would be obeyed was taken out."""

# Colours and movements of a terminal are noise; whatever else follows an ESC is an order.
_COLOURS = re.compile(r"\x1b\[[0-?]{0,32}[ -/]{0,4}[@-~]")
_OBEYED = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]+"
)
_HIDDEN = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff"
    "\uffa0\U000e0100-\U000e01ef\U0001d173-\U0001d17a]+"
)
_JOINERS = re.compile("[\u200c\u200d\ufe00-\ufe0f]+")
_JOINS = frozenset(("\u200c", "\u200d", "\ufe0e", "\ufe0f", "\ufe0f\u200d"))
_TAG = re.compile(r"<(?=[\s/]{0,4}memory\b)", re.IGNORECASE)
_NUMBER = re.compile(r"\[(?=[0-9]{1,5} [0-9a-f]{12}\])")


def visible(text: str) -> str:
    """The text with nothing in it that is obeyed or hidden, and nothing that looks like our own lines."""
    if not text.isascii() or not text.isprintable():
        text = _COLOURS.sub("", text)
        text = _OBEYED.sub(SHOWN, text)
        text = _JOINERS.sub(_joined, _HIDDEN.sub("", text))
    text = without_tags(_TAG.sub("‹", text))
    return _NUMBER.sub("(", text)


def _joined(match: re.Match[str]) -> str:
    """A joiner or a variant's sign where it means something: between letters of other scripts, in emoji."""
    before = match.string[match.start() - 1 : match.start()]
    after = match.string[match.end() : match.end() + 1]
    fits = match[0] in ("\ufe0e", "\ufe0f") or (after and not after.isascii())
    return match[0] if match[0] in _JOINS and before and not before.isascii() and fits else ""


def indented(text: str) -> str:
    """The text in lines of which all but the first are indented; blank ones are left out.

    Nothing in it can then begin a line, and pass for something else than a part of this text.
    """
    lines = [line.rstrip() for line in text.splitlines()]
    return f"\n{INDENT}".join(line for line in lines if line)


def one_line(text: str) -> str:
    """The text in one line."""
    return " ".join(visible(text).split())
