"""A text in another language → the same text in the words that the grammar reads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from mnemic.agent.when.tongues.dutch import DUTCH
from mnemic.agent.when.tongues.french import FRENCH
from mnemic.agent.when.tongues.german import GERMAN
from mnemic.agent.when.tongues.italian import ITALIAN
from mnemic.agent.when.tongues.language import Phrase, Piece, Tables, folded, tables_of
from mnemic.agent.when.tongues.portuguese import PORTUGUESE
from mnemic.agent.when.tongues.spanish import SPANISH

LANGUAGES = (GERMAN, FRENCH, SPANISH, PORTUGUESE, ITALIAN, DUTCH)
UNKNOWN = "¤"
"""Stands for a word that says nothing about time."""

_ENGLISH = frozenset(["the", "of", "and", "to", "in", "is", "it", "you", "that", "was", "for", "on", "are", "with", "as", "his", "they", "at", "be", "this", "have", "from", "or", "had", "by", "but", "what", "some", "we", "can", "out", "other", "were", "all", "there", "when", "up", "use", "your", "how", "said", "an", "each", "she", "which", "do", "their", "time", "if", "will", "way", "about", "many", "then", "them", "would", "like", "so", "these", "her", "long", "make", "see", "him", "has", "look", "more", "day", "could", "go", "come", "did", "no", "most", "my", "over", "know", "than", "first", "who", "may", "down", "been", "now", "any", "i", "he", "me", "our", "us", "because", "into", "just", "a", "not", "very", "where", "why", "could", "should", "might", "must", "does", "didn't", "don't", "i'm", "it's", "last", "next", "ago", "week", "weeks", "month", "months", "year", "years", "yesterday", "today", "tomorrow", "before", "after", "since", "until", "between", "during", "while", "early", "late", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december", "spring", "summer", "autumn", "winter", "fall", "say", "tell", "told", "ask", "asked", "talked", "mentioned", "happened", "went", "got", "made", "came", "am", "too", "also", "still", "again", "always", "never", "every", "really", "thing", "things", "people", "good", "new", "think", "want", "need", "been", "being", "off", "only", "own", "same", "such", "here", "s", "t", "don", "didn", "m", "ll", "ve", "re"])  # fmt: skip
_TOKEN = re.compile(r"\d(?:[\d.:/-]{0,18}\d)?|\w+|[^\w\s]")
_DAY = re.compile(r"(?P<day>\d{1,2})(?:er|e|o|a|ª|º)?$")
_YEAR = re.compile(r"(?:1[5-9]|20|21)\d\d$")
_WEEK = re.compile(r"(?P<n>\d{1,2})(?:[/.](?P<year>\d{4}))?$")
_CLASSES_OF_X = ("unit", "month", "season", "weekday", "holiday")
_JOINING = frozenset("'’-")
# A weekday after one of these stands for itself; else it means "on that day".
_LEADS_WEEKDAY = frozenset(
    [
        "on",
        "in",
        "since",
        "before",
        "after",
        "until",
        "by",
        "between",
        "and",
        "from",
        "to",
        "of",
        "last",
        "this",
        "next",
        "every",
        "during",
    ]
)
_MONTH_WORDS = frozenset(
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
)
_BEFORE_DATES = frozenset(
    ["since", "before", "after", "until", "between", "from", "to", "and", "of"]
)
_DATED = _MONTH_WORDS | frozenset(
    [
        "spring",
        "summer",
        "autumn",
        "winter",
        "Christmas",
        "Easter",
        "Eve",
        "Day",
        "Pentecost",
        "Friday",
        "half",
        "quarter",
    ]
)
_OF = frozenset(["de", "del", "do", "da", "di", "van", "von", "des", "dell", "d"])
_TEXT_WORDS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text in the grammar's words.

    Attributes:
        code: the language it was in.
        text: the rewritten text.
        places: for each piece, where it begins and ends here, and where it stood in the original.
    """

    code: str
    text: str
    places: Sequence[tuple[int, int, int, int]]

    def stood(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original a stretch of the rewritten text stood."""
        inside = [place for place in self.places if place[0] < end and place[1] > start]
        if not inside:
            return 0, 0
        return inside[0][2], inside[-1][3]


@dataclass(frozen=True, slots=True)
class _Token:
    word: str
    plain: str
    start: int
    end: int
    noun: bool  # begins with a capital


@cache
def _tables() -> Mapping[str, Tables]:
    return {language.code: tables_of(language) for language in LANGUAGES}


@cache
def _known() -> Mapping[str, tuple[str, ...]]:
    """The languages that a word speaks for."""
    known: dict[str, tuple[str, ...]] = {}
    for language in LANGUAGES:
        tables = _tables()[language.code]
        common = set(language.common.split())
        common |= {word for word, kinds in tables.kinds.items() if kinds != {"word": ""}}
        for word in common:
            known[word] = (*known.get(word, ()), language.code)
    for word in _ENGLISH:
        known[word] = (*known.get(word, ()), "en")
    return known


def language_of(words: Sequence[str]) -> str | None:
    """The language that lower-case words are in, by how many of them it has; None is English.

    English wins ties, and so does the language named first in LANGUAGES.
    """
    known = _known()
    if not any(code != "en" for word in words for code in known.get(word, ())):
        return None
    counts: Counter[str] = Counter()
    for word in words[:_TEXT_WORDS_MAX]:
        for code in known.get(word, ()):
            counts[code] += 1
    best = max((language.code for language in LANGUAGES), key=lambda code: counts[code])
    return best if counts[best] > counts["en"] else None


def rewrite(text: str, words: Sequence[str]) -> Rewritten | None:
    """The text in the grammar's words; None where it is English or in a language without a table.

    Args:
        text: as written.
        words: its words in lower case, in order.
    """
    code = language_of(words)
    if code is None:
        return None
    tables = _tables()[code]
    tokens = _tokens(text)
    parts: list[str] = []
    places: list[tuple[int, int, int, int]] = []
    at = number = 0
    last = ""
    while number < len(tokens):
        english, used = _phrase(tables, tokens, number) or (None, 1)
        if english is None:
            following = tokens[number + 1] if number + 1 < len(tokens) else None
            english = _alone(tables, tokens[number], following, last)
        elif last in _BEFORE_DATES:
            english = english.removeprefix("on ").removeprefix("at ").removeprefix("in ")
        if english:
            start, end = tokens[number].start, tokens[number + used - 1].end
            places.append((at, at + len(english), start, end))
            parts.append(english)
            at += len(english) + 1
            last = english.rpartition(" ")[2]
        number += used
    return Rewritten(code, " ".join(parts), places)


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(text):
        word = match[0].lower()
        if word in _JOINING:
            continue
        found.append(_Token(word, folded(word), match.start(), match.end(), match[0][0].isupper()))
    return found


def _kinds(tables: Tables, token: _Token) -> Mapping[str, str]:
    return tables.kinds.get(token.word) or tables.kinds.get(token.plain) or {}


def _alone(tables: Tables, token: _Token, following: _Token | None, last: str) -> str:
    """What a word says outside of every phrase; "" for an article."""
    if not token.word[0].isalnum():
        return token.word
    if last in _DATED and token.word in _OF and following and _YEAR.match(following.word):
        return ""
    if tables.language.bare_years and _YEAR.match(token.word):
        # "2000 Menschen" are people: nouns begin with a capital.
        if last in _DATED or last in _LEADS_WEEKDAY or last[-1:].isdigit():
            return token.word
        counts = following is not None and following.noun and not _kinds(tables, following)
        return UNKNOWN if counts else f"in {token.word}"
    if any(char.isdigit() for char in token.word):
        # The day stands before the month in these languages.
        count = last in _MONTH_WORDS and len(token.word) < 3
        return UNKNOWN if count else token.word
    kinds = _kinds(tables, token)
    for kind in ("word", "holiday", "month", "season", "unit", "ordinal", "n", "part"):
        if kind in kinds:
            return kinds[kind]
    if "weekday" in kinds:
        return kinds["weekday"] if last in _LEADS_WEEKDAY else f"on {kinds['weekday']}"
    language = tables.language
    if len(token.word) > 3 and language.ahead and token.word.endswith(language.ahead):
        return "will"
    if len(token.word) > 3 and language.past and token.word.endswith(language.past):
        return "was"
    return UNKNOWN


def _phrase(tables: Tables, tokens: Sequence[_Token], at: int) -> tuple[str, int] | None:
    """The longest phrase that begins here, in English, and how many words it takes."""
    token = tokens[at]
    starts = tables.phrases
    possible: list[Phrase] = [*starts.get(token.word, ())]
    if token.plain != token.word:
        possible += [each for each in starts.get(token.plain, ()) if each not in possible]
    for kind in _classes(tables, token):
        possible += starts.get("{" + kind + "}", ())
    best: tuple[str, int] | None = None
    for phrase in possible:
        found: dict[str, str] = {}
        end = _match(tables, phrase.pieces, tokens, at, found)
        if end is not None and (best is None or end - at > best[1]):
            named = {piece.name: "" for piece in phrase.pieces if piece.name} | found
            best = " ".join(phrase.english.format(**named).split()), end - at
    return best


def _classes(tables: Tables, token: _Token) -> list[str]:
    kinds = [kind for kind in _kinds(tables, token) if kind != "word"]
    if any(kind in _CLASSES_OF_X for kind in kinds):
        kinds.append("x")
    if token.word[0].isdigit():
        kinds += ["n", "day", "year", "week"]
    return kinds


def _match(
    tables: Tables,
    pieces: Sequence[Piece],
    tokens: Sequence[_Token],
    at: int,
    found: dict[str, str],
) -> int | None:
    """Where the pieces end that begin at a token; what the classes caught goes into `found`."""
    if not pieces:
        return at
    piece, rest = pieces[0], pieces[1:]
    if at < len(tokens):
        caught = _fits(tables, piece, tokens[at])
        if caught is not None:
            end = _match(tables, rest, tokens, at + 1, found)
            if end is not None:
                if piece.name:
                    found[piece.name] = caught
                return end
    return _match(tables, rest, tokens, at, found) if piece.optional else None


def _fits(tables: Tables, piece: Piece, token: _Token) -> str | None:
    if piece.words:
        return "" if token.word in piece.words or token.plain in piece.words else None
    kinds = _kinds(tables, token)
    if piece.kind == "x":
        return next((kinds[kind] for kind in _CLASSES_OF_X if kind in kinds), None)
    if piece.kind in kinds:
        return kinds[piece.kind]
    if piece.kind == "n":
        return token.word if token.word.isdecimal() and len(token.word) < 5 else None
    if piece.kind == "day":
        match = _DAY.match(token.plain)
        return match["day"] if match and 0 < int(match["day"]) < 32 else None
    if piece.kind == "year":
        return token.word if _YEAR.match(token.word) else None
    if piece.kind == "week":
        week = _WEEK.match(token.word)
        if week is None:
            return None
        return f"{week['n']} of {week['year']}" if week["year"] else week["n"]
    return None


def _triggers() -> frozenset[str]:
    """Words, of any of the languages, without which a text names no time."""
    found: set[str] = set()
    for tables in _tables().values():
        for word, kinds in tables.kinds.items():
            if kinds.keys() & {"month", "weekday", "season", "holiday", "unit"} or any(
                english in ("yesterday", "tomorrow", "tonight", "day before yesterday", "ago")
                for english in kinds.values()
            ):
                found.add(word)
    return frozenset(found) - _ENGLISH


TRIGGERS = _triggers()
"""Words of time in these languages that are no common English words."""
