"""A language as data: its words of time by class, and the phrases whose order differs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NUMBER_NAMES = (
    "a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
UNIT_NAMES = ("day", "week", "weekend", "month", "quarter", "year", "decade", "hour", "minute")
SEASON_NAMES = ("spring", "summer", "autumn", "winter")
ORDINAL_NAMES = ("first", "second", "third", "fourth", "last")
PART_NAMES = ("morning", "afternoon", "evening", "night")


@dataclass(frozen=True, slots=True)
class Language:
    """The table of a language. Words that share a meaning stand in one string.

    Attributes:
        code: ISO 639-1.
        common: words by which the language is known, beside those of time.
        months, weekdays, numbers, units, seasons, ordinals, parts: in the order of the English
            names above; an empty string where the language has no single word.
        holidays, words: the foreign words → the English ones.
        dropped: articles and such, which the grammar does without.
        phrases: patterns of words → English. In a pattern `a|b` are alternatives, a last `?` makes
            a word optional, and {n} {unit} {month} {weekday} {season} {day} {year} {week} {part}
            {ordinal} {holiday} {x} stand for a word of that class ({x}: a unit, month, season,
            weekday or holiday); a digit after the name tells two of one class apart.
        past, ahead: endings of verbs that look back, and ahead.
        exact: words that mean a time only with their accents.
        bare_years: whether a year needs no preposition, and nouns begin with a capital.
    """

    code: str
    common: str
    months: Sequence[str]
    weekdays: Sequence[str]
    numbers: Sequence[str]
    units: Sequence[str]
    seasons: Sequence[str]
    ordinals: Sequence[str]
    parts: Sequence[str]
    holidays: Mapping[str, str]
    words: Mapping[str, str]
    dropped: str
    phrases: Sequence[tuple[str, str]]
    past: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    exact: str = ""
    bare_years: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """One place in a pattern: words that fit it, or the class of word that does."""

    words: frozenset[str]
    kind: str = ""
    name: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """A pattern, and what it says in English."""

    pieces: tuple[Piece, ...]
    english: str


@dataclass(frozen=True, slots=True)
class Tables:
    """A language made ready: what each word can be, and the phrases by what they begin with."""

    language: Language
    kinds: Mapping[str, Mapping[str, str]]
    phrases: Mapping[str, Sequence[Phrase]] = field(default_factory=dict)


_FOLD = {"ß": "ss", "æ": "ae", "œ": "oe"}
_DIGITS = ("n", "day", "year", "week")
"""Classes whose members may be figures."""


def folded(word: str) -> str:
    """A lower-case word without its accents."""
    plain = "".join(_FOLD.get(char, char) for char in word)
    if plain.isascii():
        return plain
    marks = unicodedata.normalize("NFD", plain)
    return "".join(char for char in marks if not unicodedata.combining(char))


def tables_of(language: Language) -> Tables:
    """The dictionaries by which a language is read."""
    kinds: dict[str, dict[str, str]] = {}
    exact = set(language.exact.split())
    named = (
        ("month", language.months, MONTH_NAMES),
        ("weekday", language.weekdays, WEEKDAY_NAMES),
        ("n", language.numbers, NUMBER_NAMES),
        ("unit", language.units, UNIT_NAMES),
        ("season", language.seasons, SEASON_NAMES),
        ("ordinal", language.ordinals, ORDINAL_NAMES),
        ("part", language.parts, PART_NAMES),
        ("holiday", list(language.holidays), list(language.holidays.values())),
        ("word", list(language.words), list(language.words.values())),
    )
    for kind, groups, names in named:
        for group, english in zip(groups, names, strict=True):
            for word in _spelt(group.split(), exact):
                kinds.setdefault(word, {})[kind] = english
    for word in _spelt(language.dropped.split(), exact):
        kinds.setdefault(word, {})["word"] = ""
    starts: dict[str, list[Phrase]] = {}
    for pattern, english in language.phrases:
        phrase = Phrase(tuple(_piece(part) for part in pattern.split()), english)
        for start in _starts(phrase.pieces):
            starts.setdefault(start, []).append(phrase)
    return Tables(language, kinds, starts)


def _spelt(words: Iterable[str], exact: set[str]) -> Iterable[str]:
    for word in words:
        yield word
        if word not in exact:
            yield folded(word)


def _piece(part: str) -> Piece:
    optional = part.endswith("?")
    part = part.rstrip("?")
    if part.startswith("{"):
        name = part.strip("{}")
        return Piece(frozenset(), name.rstrip("0123456789"), name, optional)
    words = part.split("|")
    return Piece(frozenset([*words, *map(folded, words)]), optional=optional)


def _starts(pieces: Sequence[Piece]) -> Iterable[str]:
    """The words, or classes in braces, that a phrase can begin with."""
    for piece in pieces:
        yield from piece.words or ("{" + piece.kind + "}",)
        if not piece.optional:
            return
