"""Text → mentions: who and what an episode names, by its spelling alone.

    name      capitalised words in a row: "Lake Como", "Ludwig van Beethoven", "World War II"
    title     what stands in quotation marks: "Blue in Green", 《红楼梦》
    code      identifiers, file names and paths: parse_url, src/app/main.py, HttpClient
    quantity  a number with its unit: 42 km, $300
    part      a word that may be part of a name: it has a capital, or its script knows none
    word      any other word of subject
    speaker   who said it

No list of names and no grammar: what is common is told from what is rare by counting, and that is
the graph's part (channels/graph.py). Pairs of words ("sourdough starter") added nothing there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from typing import Literal, NamedTuple, get_args

from mnemic.agent.speakers import is_name
from mnemic.agent.terms import STOP_WORDS, terms_of

Kind = Literal["name", "title", "code", "quantity", "part", "word", "speaker"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""All kinds in the order in which they may be numbered; new ones go to the end."""

CHARS_MAX = 16_000
"""How much of a text is read; as much of it has deep keys."""

MENTIONS_MAX = 1_000
"""How many mentions a text may have; later ones are left out."""

WORD_CHARS_MAX = 64
NAME_WORDS_MAX = 6
TITLE_CHARS_MAX = 80

# One of these between letters goes on with the same written word: parse_url, src/app.py, 12:30.
_TOKEN = re.compile(r"\w+(?:[.'’/:@&+\\-]\w+|(?<=\d),\d+)*")
_QUOTED = re.compile(
    "|".join(
        f"{left}([^{left}{right}\\n]{{2,{TITLE_CHARS_MAX}}}){right}"
        for left, right in ('""', "“”", "«»", "「」", "『』", "《》", "``")
    )
)
_UNSPACED = re.compile("[゠-ヿ]+|[㐀-䶿一-鿿豈-﫿]+")
_KATAKANA = re.compile("[゠-ヿ]")
_SENTENCE_ENDS = frozenset('.!?…\n:;"“”«»()[]{}|•*#>-–—')

# Small words inside names, of the languages that write them small.
_INSIDE_NAMES = frozenset(
    (
        *("of", "the", "de", "da", "di", "do", "du", "del", "della", "den", "der", "des", "dos"),
        *("el", "la", "le", "les", "van", "von", "zu", "zur", "al", "bin", "ibn"),
    )
)
_ABBREVIATED = frozenset(("mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "mt", "ft"))
_CURRENCIES = "$€£¥₹"


@dataclass(frozen=True, slots=True)
class Mention:
    """One thing an episode names.

    `surface` is `text[start:end]`, or the speaker's name, which lies nowhere in the text: there
    `start` and `end` are -1. `key` is the same for spellings that differ in case, accents,
    English endings or an English possessive.
    """

    key: str
    surface: str
    start: int
    end: int
    kind: Kind


class _Token(NamedTuple):
    text: str
    start: int
    end: int
    shape: _Shape


class _Shape(NamedTuple):
    """What the spelling of a word tells, wherever it stands."""

    term: str
    content: bool
    capital: bool
    number: bool
    code: bool
    caseless: bool
    inside: bool


def mentions_of(text: str, speaker: str | None = None) -> list[Mention]:
    """What a text mentions, in the order of the text, a longer mention before those inside it.

    Args:
        text: an episode or a question.
        speaker: who said it; a mention, too, if that is somebody's name.
    """
    text = text[:CHARS_MAX]
    found = []
    if speaker is not None and is_name(speaker):
        key = _key(terms_of(speaker[:TITLE_CHARS_MAX]))
        if key:
            found.append(Mention(key, speaker, -1, -1, "speaker"))
    tokens = [
        _Token(match.group(), match.start(), match.end(), shape(match.group()[:WORD_CHARS_MAX]))
        for match in _TOKEN.finditer(text)
    ]
    in_text = [
        mention
        for kind in (_titles(text), _names(text, tokens), _singles(text, tokens))
        for mention in islice(kind, MENTIONS_MAX)
    ]
    in_text.sort(key=lambda mention: (mention.start, -mention.end))
    return (found + in_text)[:MENTIONS_MAX]


def _titles(text: str) -> Iterator[Mention]:
    """What stands in quotation marks or backticks, if it is no longer than a title."""
    for match in _QUOTED.finditer(text):
        place = match.lastindex or 1
        surface = match.group(place)
        key = _key(terms_of(surface))
        if key:
            kind: Kind = "code" if text[match.start()] == "`" else "title"
            yield Mention(key, surface, match.start(place), match.end(place), kind)


def _names(text: str, tokens: Sequence[_Token]) -> Iterator[Mention]:
    """Capitalised words in a row."""
    place = 0
    while place < len(tokens):
        first = tokens[place]
        if not first.shape.capital or (not first.shape.content and _opens_sentence(text, first)):
            place += 1
            continue
        run = _run(text, tokens, place)
        place += len(run)
        if _opens_sentence(text, first) and len(run) > 1 and not first.shape.content:
            run = run[1:]
        key = _key([token.shape.term for token in run if token.shape.content])
        alone = len(run) == 1
        if not key or (alone and (first.shape.code or not first.shape.content)):
            continue
        if alone and _opens_sentence(text, first):
            continue  # perhaps only the start of a sentence; it is a word all the same
        yield Mention(key, text[run[0].start : run[-1].end], run[0].start, run[-1].end, "name")


def _run(text: str, tokens: Sequence[_Token], place: int) -> list[_Token]:
    """The words of the name that begins at this place."""
    run = [tokens[place]]
    waiting: list[_Token] = []  # small words, taken in once a capitalised one follows
    for token in tokens[place + 1 : place + 2 * NAME_WORDS_MAX]:
        gap = text[(waiting or run)[-1].end : token.start]
        if not _joins(gap, (waiting or run)[-1]) or len(run) >= NAME_WORDS_MAX:
            break
        if (token.shape.capital and token.shape.content) or (token.shape.number and not waiting):
            run += [*waiting, token]
            waiting = []
        elif token.shape.inside and len(waiting) < 2:
            waiting.append(token)
        else:
            break
    return run


def _joins(gap: str, before: _Token) -> bool:
    """Whether what stands between two words leaves them one name."""
    if gap == " ":
        return True
    short = before.text.casefold()
    return gap == ". " and (len(short) == 1 or short in _ABBREVIATED)


def _singles(text: str, tokens: Sequence[_Token]) -> Iterator[Mention]:
    """Words, code and quantities."""
    before: _Token | None = None
    for token in tokens:
        shape = token.shape
        if shape.number:
            if token.start and text[token.start - 1] in _CURRENCIES:
                surface = text[token.start - 1 : token.end]
                yield Mention(surface, surface, token.start - 1, token.end, "quantity")
        elif shape.code:
            yield Mention(shape.term, token.text, token.start, token.end, "code")
        elif shape.caseless and _UNSPACED.search(token.text):
            yield from _unspaced(token)
        elif shape.content and len(token.text) > 1:
            if before is not None and _is_unit(text, before, token):
                key = f"{before.shape.term} {shape.term}"
                surface = text[before.start : token.end]
                yield Mention(key, surface, before.start, token.end, "quantity")
            kind: Kind = "part" if shape.capital or shape.caseless else "word"
            yield Mention(shape.term, token.text, token.start, token.end, kind)
        before = token


def _is_unit(text: str, before: _Token, token: _Token) -> bool:
    """Whether a word says of what the number before it is."""
    gap = text[before.end : token.start]
    return before.shape.number and gap == " " and not token.shape.capital


def _unspaced(token: _Token) -> Iterator[Mention]:
    """Chinese and Japanese: runs of one script, long ones as pairs, as nothing divides words."""
    for run in _UNSPACED.finditer(token.text):
        piece, start = run.group(), token.start + run.start()
        if len(piece) < 2:
            continue
        if len(piece) <= 4 or _KATAKANA.match(piece):
            yield Mention(piece, piece, start, start + len(piece), "part")
            continue
        for place in range(len(piece) - 1):
            pair = piece[place : place + 2]
            yield Mention(pair, pair, start + place, start + place + 2, "part")


def _opens_sentence(text: str, token: _Token) -> bool:
    """Whether a capital says nothing because a sentence begins here."""
    before = text[max(0, token.start - 3) : token.start].rstrip(" ")
    return not before or before[-1] in _SENTENCE_ENDS


@lru_cache(maxsize=100_000)
def shape(word: str) -> _Shape:
    """What a word tells by itself."""
    terms = terms_of(word)
    lowered = word.casefold().replace("’", "'")
    number = word[0].isdigit() and not any(char.isalpha() for char in word)
    code = not number and _is_code(word)
    return _Shape(
        term=lowered if code or number or not terms else terms[0],
        content=bool(terms) and STOP_WORDS.isdisjoint((lowered, lowered.partition("'")[0])),
        capital=not number and (word[0].isupper() or word[1:2].isupper()),
        number=number,
        code=code,
        caseless=not number and word.lower() == word.upper(),
        inside=lowered in _INSIDE_NAMES,
    )


def _is_code(word: str) -> bool:
    """Whether a word is spelt as only programs, files and addresses are."""
    if "_" in word.strip("_") or "/" in word or "\\" in word or "@" in word:
        return True
    stem, dot, ending = word.rpartition(".")
    if dot and stem and ending.isascii() and ending.islower() and 1 < len(ending) <= 5:
        return True
    return any(a.islower() and b.isupper() for a, b in pairwise(word[1:]))


def _key(terms: Sequence[str]) -> str:
    kept = [term for term in terms if term not in STOP_WORDS]
    return " ".join(kept)


__all__ = ["KINDS", "Kind", "Mention", "mentions_of"]
