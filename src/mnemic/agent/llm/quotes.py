"""Where a quote stands in a text, and whether words stand in it: what a model says is held to it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

QUOTE_CHARS_MAX = 1_000
QUOTE_CHARS_MIN = 6
"""A shorter quote, such as "I", stands anywhere; it counts only where it is most of a turn."""

_PIECE = re.compile(r"\d+(?:[.,:/-]\d+)*|[^\W\d_]+")
_SPACE = re.compile(r"\s+")


def locate(quote: str, text: str) -> tuple[int, int] | None:
    """The place of a quote in a text: letter by letter, but for how much white space there is.

    Returns:
        `start, end` of the text's own words, or None where it does not stand there.
    """
    quote = quote.strip()
    if not quote or len(quote) > QUOTE_CHARS_MAX or not any(c.isalnum() for c in quote):
        return None
    if len(quote) < QUOTE_CHARS_MIN and 2 * len(quote) < len(text.strip()):
        return None
    start = text.find(quote)
    if start >= 0:
        return start, start + len(quote)
    plain, places = _narrowed(text)
    start = plain.find(_SPACE.sub(" ", quote))
    if start < 0:
        return None
    last = start + len(_SPACE.sub(" ", quote)) - 1
    return places[start], places[last] + 1


def _narrowed(text: str) -> tuple[str, list[int]]:
    """The text with single spaces, and where each of its characters stood."""
    made: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if not char.isspace():
            made.append(char)
        elif made and made[-1] != " ":
            made.append(" ")
        else:
            continue
        places.append(place)
    return "".join(made), places


def words_of(text: str) -> list[str]:
    """Words and numbers, in lower case: "3.5 km on May 2" → 3.5, km, on, may, 2."""
    return _PIECE.findall(text.casefold())


class Evidence:
    """Texts that a claim may take its words from."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._text = "\n".join(texts).casefold()
        self._words = frozenset(_PIECE.findall(self._text))

    def holds(self, words: Iterable[str], besides: Collection[str] = ()) -> bool:
        """Whether every word stands in the texts, or is one of those that need not.

        Words of scripts that set no spaces may stand inside longer ones; numbers never.
        """
        return all(
            word in self._words
            or word in besides
            or (not word.isascii() and not word[0].isdigit() and word in self._text)
            for word in words
        )
