"""Text → numbers of word pieces, as BERT's uncased tokenizer does it.

Source:
    BERT (Devlin et al., 2018, arXiv:1810.04805) with WordPiece (Wu et al., 2016, arXiv:1609.08144).
    Cuts at 256 pieces, [CLS] and [SEP] included, as all-MiniLM-L6-v2 was trained.

Names of special pieces in a text, such as "[SEP]", are plain text here: what is remembered cannot
steer the model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from mnemic.errors import EmbedderMismatch, InvalidInput

PIECES_MAX = 256
WORD_CHARS_MAX = 100
TEXT_CHARS_MAX = 20_000  # far more than 256 pieces can need

_CJK = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip

_SPACED = re.compile("[^\t\n\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
"""Runs between what the tokenizer takes for white space; vertical tabs, say, it drops."""


class WordPiece:
    """A vocabulary and the greedy longest-match cut of words into its pieces."""

    def __init__(self, vocabulary: Path) -> None:
        lines = vocabulary.read_text(encoding="utf-8").split("\n")
        self._ids = {piece.rstrip("\r"): number for number, piece in enumerate(lines) if piece}
        try:
            self._unknown, self._first, self._last = (
                self._ids[name] for name in ("[UNK]", "[CLS]", "[SEP]")
            )
        except KeyError as missing:
            raise EmbedderMismatch(
                f"{str(vocabulary)!r} has no {missing}; it is not the vocabulary of a BERT model"
            ) from missing
        self.size = len(lines) - (lines[-1] == "")
        self._pieces = lru_cache(maxsize=100_000)(self._cut)

    def forget(self) -> None:
        """Lets go of the words it has cut."""
        self._pieces.cache_clear()

    def encode(self, text: str) -> list[int]:
        """The numbers of a text's pieces, [CLS] first and [SEP] last, 256 at most."""
        ids = [self._first]
        for word in _words(text[:TEXT_CHARS_MAX]):
            ids += self._ids_of(word)
            if len(ids) >= PIECES_MAX - 1:
                break
        return [*ids[: PIECES_MAX - 1], self._last]

    def count(self, text: str) -> int:
        """How many pieces a text has, without [CLS] and [SEP] and without a limit."""
        return sum(len(self._ids_of(word)) for word in _words(text))

    def chunks(self, text: str, pieces_max: int, overlap: int) -> list[str]:
        """Substrings of a text of at most `pieces_max` pieces each, cut at white space.

        A chunk begins with up to `overlap` pieces of the one before. What has no white space, such
        as a page of Chinese, is cut where it is full.
        """
        if not 0 <= overlap < pieces_max:
            raise InvalidInput(f"overlap is {overlap}, allowed are 0 to {pieces_max - 1}")
        if self.count(text) <= pieces_max:
            return [text]
        runs = list(self._runs(text, pieces_max))
        chunks, first = [], 0
        while True:
            held, last = 0, first
            while last < len(runs) and held + runs[last][2] <= pieces_max:
                held += runs[last][2]
                last += 1
            last = max(last, first + 1)  # one char can have more pieces than a tiny limit
            chunks.append(text[runs[first][0] : runs[last - 1][1]])
            if last == len(runs):
                return chunks
            kept, start = 0, last
            while overlap and start > first + 1 and kept + runs[start - 1][2] <= overlap:
                start -= 1
                kept += runs[start][2]
            # The overlap gives way where the next run would not fit behind it.
            while start < last and kept + runs[last][2] > pieces_max:
                kept -= runs[start][2]
                start += 1
            first = start

    def _runs(self, text: str, pieces_max: int) -> Iterator[tuple[int, int, int]]:
        """Start, end and pieces of runs without white space, those too long in parts."""
        for found in _SPACED.finditer(text):
            start, end = found.span()
            pieces = self.count(text[start:end])
            while pieces > pieces_max:
                size = max(1, (end - start) * pieces_max // pieces)
                while size > 1 and self.count(text[start : start + size]) > pieces_max:
                    size = size * 3 // 4
                yield start, start + size, self.count(text[start : start + size])
                start += size
                pieces = self.count(text[start:end])
            if start < end:
                yield start, end, pieces

    def _ids_of(self, word: str) -> tuple[int, ...]:
        return self._pieces(word) if len(word) <= WORD_CHARS_MAX else (self._unknown,)

    def _cut(self, word: str) -> tuple[int, ...]:
        pieces, start = [], 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                found = self._ids.get(prefix + word[start:end])
                if found is not None:
                    pieces.append(found)
                    start = end
                    break
            else:
                return (self._unknown,)
        return tuple(pieces)


def _words(text: str) -> list[str]:
    """Lower-case words without accents; punctuation and ideographs stand alone."""
    if text.isascii():
        cleaned = text.translate(_ASCII)
    else:
        cleaned = "".join(_kept(char) for char in text)
        cleaned = "".join(map(_lowered, unicodedata.normalize("NFD", cleaned)))
    return cleaned.split()


@lru_cache(maxsize=10_000)
def _kept(char: str) -> str:
    if char in "\t\n\r" or unicodedata.category(char) == "Zs":
        return " "
    if char in "\x00\ufffd" or unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs"):
        return ""
    return f" {char} " if any(low <= ord(char) <= high for low, high in _CJK) else char


@lru_cache(maxsize=10_000)
def _lowered(char: str) -> str:
    """The lower case of one decomposed character (no final sigma); nothing of an accent."""
    if unicodedata.category(char) == "Mn":
        return ""
    return f" {char} " if _stands_alone(char) else char.lower()


def _stands_alone(char: str) -> bool:
    code = ord(char)
    if 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126:
        return True
    return unicodedata.category(char).startswith("P")


_ASCII = {
    code: (
        " " if chr(code) in "\t\n\r "
        else "" if unicodedata.category(chr(code)).startswith("C")
        else f" {chr(code)} " if _stands_alone(chr(code))
        else chr(code).lower()
    )
    for code in range(128)
}  # fmt: skip
