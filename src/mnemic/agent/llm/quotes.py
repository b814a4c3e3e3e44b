"""Where a quote stands in a text, and whether words stand in it: what a model says is held to it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cached_property

QUOTE_CHARS_MAX = 1_000
QUOTE_CHARS_MIN = 6
"""A shorter quote, such as "I", stands anywhere; it counts only where it is most of a turn."""

_PIECE = re.compile(r"\d+(?:[.,:/-]\d+)*|[^\W\d_]+")


class Places:
    """Where quotes stand in one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._length = len(text.strip())

    def of(self, quote: str) -> tuple[int, int] | None:
        """The place of a quote: letter by letter, but for how much white space there is.

        Returns:
            `start, end` of the text's own words, or None where it does not stand there.
        """
        quote = quote.strip()
        if not quote or len(quote) > QUOTE_CHARS_MAX or not any(c.isalnum() for c in quote):
            return None
        if len(quote) < QUOTE_CHARS_MIN and 2 * len(quote) < self._length:
            return None
        start = self._text.find(quote)
        if start >= 0:
            return start, start + len(quote)
        plain, places = self._narrowed
        quote = " ".join(quote.split())
        start = plain.find(quote)
        if start < 0:
            return None
        return places[start], places[start + len(quote) - 1] + 1

    @cached_property
    def _narrowed(self) -> tuple[str, list[int]]:
        """The text with single spaces, and where each of its characters stood."""
        made: list[str] = []
        places: list[int] = []
        for place, char in enumerate(self._text):
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
