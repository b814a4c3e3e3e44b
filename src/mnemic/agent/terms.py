"""Text → terms: the shallow keys, the same at writing and at recall."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache
from hashlib import blake2b

import snowballstemmer

TERMS_VERSION = 2
"""Changes whenever the same text would give other terms; a store with another version rebuilds."""

TERM_CHARS_MAX = 64

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CJK = re.compile("[぀-ヿ㐀-䶿一-鿿豈-﫿가-힯]+")
_ACCENT = re.compile("[̀-ͯ]")
_INVISIBLE = re.compile("[­​-‏‪-‮⁠-⁤⁦-⁯﻿]")

# English words that carry grammar and hardly any subject.
STOP_WORDS = frozenset(
    [
        "a",
        "about",
        "above",
        "after",
        "again",
        "against",
        "all",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "because",
        "been",
        "before",
        "being",
        "below",
        "between",
        "both",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "down",
        "during",
        "each",
        "few",
        "for",
        "from",
        "further",
        "had",
        "has",
        "have",
        "having",
        "he",
        "her",
        "here",
        "hers",
        "herself",
        "him",
        "himself",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "itself",
        "just",
        "let",
        "me",
        "more",
        "most",
        "my",
        "myself",
        "no",
        "nor",
        "not",
        "now",
        "of",
        "off",
        "on",
        "once",
        "only",
        "or",
        "other",
        "our",
        "ours",
        "ourselves",
        "out",
        "over",
        "own",
        "same",
        "she",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "theirs",
        "them",
        "themselves",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "too",
        "under",
        "until",
        "up",
        "very",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "yours",
        "yourself",
        "yourselves",
        "s",
        "t",
        "d",
        "ll",
        "m",
        "re",
        "ve",
        "don",
        "didn",
        "doesn",
        "isn",
        "aren",
        "wasn",
        "weren",
        "won",
        "wouldn",
        "couldn",
        "shouldn",
        "hasn",
        "haven",
        "hadn",
    ]
)


class _Stemmer(threading.local):
    """One for each thread: it keeps the word it works on in itself."""

    def __init__(self) -> None:
        self.stem = snowballstemmer.stemmer("english").stemWord


_stemmer = _Stemmer()


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    if len(word) > TERM_CHARS_MAX:  # no word; the stemmer takes quadratic time on some
        return word[:TERM_CHARS_MAX]
    return str(_stemmer.stem(word)) if word.isascii() else word


@lru_cache(maxsize=200_000)
def _expand(word: str) -> tuple[tuple[str, bool], ...]:
    """The terms of one written word, each with whether it is a stop word."""
    bare = word.replace("’", "'")
    lowered = bare.casefold()
    stop = lowered in STOP_WORDS
    for ending in ("'s", "'re", "'ve", "'ll", "'d", "'m", "n't"):
        if lowered.endswith(ending):
            lowered = lowered[: -len(ending)]
            stop = stop or lowered in STOP_WORDS
            break
    lowered = lowered.replace("'", "")
    if not lowered:
        return ()
    if _CJK.search(lowered):
        return tuple((piece, False) for piece in _cjk_pieces(lowered))
    terms = [(_stem(lowered)[:TERM_CHARS_MAX], stop)]
    humps = _HUMP.findall(bare) if not (bare.islower() or bare.isdigit()) else ()
    if len(humps) > 1:  # FunctionAuth is found by function and by auth
        terms += [(_stem(hump.casefold()), False) for hump in humps if len(hump) > 1]
    return tuple(terms)


def _cjk_pieces(text: str) -> list[str]:
    """Single characters and pairs where words are not spaced; other runs whole."""
    pieces: list[str] = []
    end = 0
    for run in _CJK.finditer(text):
        if run.start() > end:
            pieces.append(_stem(text[end : run.start()]))
        chars = run.group()
        pieces += chars
        pieces += [chars[i : i + 2] for i in range(len(chars) - 1)]
        end = run.end()
    if end < len(text):
        pieces.append(_stem(text[end:]))
    return pieces


def _fold(text: str) -> str:
    if text.isascii():
        return text
    folded = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text))
    return unicodedata.normalize("NFC", _ACCENT.sub("", folded))


def terms_of(text: str) -> list[str]:
    """Every term of a text in order, stop words included, so that any wording can be found."""
    return [term for word in _WORD.findall(_fold(text)) for term, _ in _expand(word)]


def is_text(text: str) -> bool:
    """Whether a string can be written as UTF-8; lone surrogates cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def searchable(text: str, speaker: str | None) -> str:
    """What the shallow keys of an episode are made from: its words and who said them."""
    return f"{speaker} {text}" if speaker else text


def query_terms(text: str) -> list[str]:
    """The distinct terms of a query; stop words only where there is nothing else."""
    found = [pair for word in _WORD.findall(_fold(text)) for pair in _expand(word)]
    content = [term for term, stop in found if not stop]
    return list(dict.fromkeys(content or [term for term, _ in found]))


@lru_cache(maxsize=200_000)
def term_key(term: str) -> str:
    """A term as the full-text index knows it: 60 bits in hexadecimal, independent of tokenisers."""
    return blake2b(term.encode(), digest_size=8).hexdigest()[:15]


def forget() -> None:
    """Lets go of every word that was read."""
    for cached in (_stem, _expand, term_key):
        cached.cache_clear()


def indexed(scope_id: int, text_terms: list[str]) -> str:
    """What the full-text index stores for an episode.

    Every key begins with the scope's number, so that no posting list holds two scopes: isolation
    does not depend on a filter.
    """
    prefix = f"{scope_id:x}g"
    return " ".join([prefix + term_key(term) for term in text_terms])
