"""Text → numbers of word pieces, as BERT's uncased tokenizer does it.

Source:
    BERT (Devlin et al., 2018, arXiv:1810.04805) with WordPiece (Wu et al., 2016, arXiv:1609.08144).
    Cuts at 256 pieces, [CLS] and [SEP] included, as all-MiniLM-L6-v2 was trained.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path

PIECES_MAX = 256
WORD_CHARS_MAX = 100
TEXT_CHARS_MAX = 20_000  # far more than 256 pieces can need

_CJK = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


class WordPiece:
    """A vocabulary and the greedy longest-match cut of words into its pieces."""

    def __init__(self, vocabulary: Path) -> None:
        lines = vocabulary.read_text(encoding="utf-8").split("\n")
        self._ids = {piece.rstrip("\r"): number for number, piece in enumerate(lines) if piece}
        self._unknown = self._ids["[UNK]"]
        self._first, self._last = self._ids["[CLS]"], self._ids["[SEP]"]
        self._pieces = lru_cache(maxsize=100_000)(self._cut)

    def encode(self, text: str) -> list[int]:
        """The numbers of a text's pieces, [CLS] first and [SEP] last, 256 at most."""
        ids = [self._first]
        for word in _words(text[:TEXT_CHARS_MAX]):
            ids += self._pieces(word)
            if len(ids) >= PIECES_MAX - 1:
                break
        return [*ids[: PIECES_MAX - 1], self._last]

    def _cut(self, word: str) -> tuple[int, ...]:
        if len(word) > WORD_CHARS_MAX:
            return (self._unknown,)
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
        cleaned = "".join(_kept(char) for char in text).lower()
        cleaned = "".join(
            char for char in unicodedata.normalize("NFD", cleaned) if unicodedata.category(char) != "Mn"
        )
        cleaned = "".join(f" {char} " if _stands_alone(char) else char for char in cleaned)
    return cleaned.split()


@lru_cache(maxsize=10_000)
def _kept(char: str) -> str:
    if char in "\t\n\r" or unicodedata.category(char) == "Zs":
        return " "
    if char in "\x00\ufffd" or unicodedata.category(char).startswith("C"):
        return ""
    return f" {char} " if any(low <= ord(char) <= high for low, high in _CJK) else char


@lru_cache(maxsize=10_000)
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
