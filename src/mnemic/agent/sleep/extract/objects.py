"""Objects: the words of a value, cut where the value ends, or refused where they would mislead."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mnemic.agent.sleep.extract import words

Piece = tuple[int, int]

_STOP = re.compile(
    r"\s+(?:in|on|by|at|this|next|last|every|of|from|between|around|back\s+in)\s+(?:(?:early|late|mid|next|last)[\s-]+|(?:the\s+)?\d{1,2}(?:st|nd|rd|th)?\s+(?:of\s+)?)?(?:January|February|March|April|May|June|"
    r"July|August|September|October|November|December|(?:1[89]|20)\d\d|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)s?\b|"
    r"\s*(?:[;()\[\]{}!?\n\"“”]|[,](?!\d)|:(?=\s|$)|\.\s|\.$|\s[-–—]+\s|[—–])|\s+(?:because|but|so|which|who|whom|whose|where|when|"
    r"whenever|while|if|although|though|since|until|till|unless|whereas|than|as|like|"
    r"lately|recently|today|yesterday|tomorrow|tonight|nowadays|these\s+days|right\s+now|now|due\s+to|thanks\s+to|especially|including|such|even|instead|rather|after|before|during|"
    r"or|and\s+\w{3,20}(?:ed|ing)|and\s+\w+s\s+(?:as|the|an?|his|her|to)|at\s+the\s+age|and\s+[a-z]+\s+(?:with|so|very|it|them|to)|and\s+(?:I|we|he|she|it|they|that|this|then|also|now|so|the\s+way|how|am|is|are|have|has|was|were|want|"
    r"would|will|can|hope|feel|think|always|often|usually|really|just|every|sometimes|it['’]s|I['’]\w+)|"
    r"it['’]?s?|I|I['’]\w+|we|he|she|they|you|that|is|are|was|were|has|have|will|would|can|could|did|does|do)(?=\s|$|[,.;:!?])",
)
_TAIL = re.compile(
    r"[\s,]+(?:too|also|as\s+well|now|any\s?more|again|already|still|very\s+much|so\s+much|a\s+lot|the\s+most|"
    r"these\s+days|nowadays|at\s+the\s+moment|right\s+now|currently|though|either|actually|really|lol|haha|"
    r"today|tomorrow|yesterday|tonight|recently|lately|for\s+now|at\s+present|by\s+the\s+way|"
    r"every\s+(?:day|week|month|year|morning|evening|night)|all\s+the\s+time|all\s+my\s+life|sometimes|best|"
    r"much|more|most|better|(?:for|in)\s+(?:the\s+(?:last|past)\s+)?(?:about\s+|over\s+|almost\s+|nearly\s+)?"
    r"(?:a|an|one|two|three|four|five|six|seven|eight|nine|ten|\d+|many|several|some)\s+"
    r"(?:few\s+|couple\s+of\s+)?(?:minute|hour|day|week|month|year|decade)s?(?:\s+now|\s+ago)?|"
    r"(?:a|one|two|three|four|five|six|seven|eight|nine|ten|\d+)\s+(?:few\s+)?(?:day|week|month|year)s?\s+ago|"
    r"(?:last|this|next)\s+(?:week|month|year|weekend|night|morning|evening|summer|winter|spring|autumn|"
    r"fall|\w+day)|just|only|ever|yet|once|and|or|with|of|in|at|on|to|for|from|the|a|an|my|very|by|as)$",
    re.IGNORECASE,
)
_GERUND = re.compile(r"(?:to\s|\w+ing\b)")
_TITLE = re.compile(r"\s*(?P<q>[\"“„«*_`])")
_WORD = re.compile(r"[\w'’.+#&/@%€$£°-]+")
_SUPPORT_INSIDE = re.compile(
    r"\b(?:you|your|yours|he|she|they|him|them|his|their|theirs|hers|it|its|this|that|these|those|there|"
    r"here|us|me|himself|herself|themselves|itself|yourself|what|how|why|something|anything|someone|"
    r"somebody|everything|nothing|stuff|things?|etc|such|same|other|others|another|one|ones|former|"
    r"latter|above|following|I|we)\b",
    re.IGNORECASE,
)
_HER = re.compile(r"\bher\b", re.IGNORECASE)
_BAD_FIRST = words.of(
    "not so very too quite just rather as if when while because since although but and or nor then now "
    "also still already never always often even only about like up down out off away back over under "
    "no none neither nobody any every each all both to be been being am is are was were do does did "
    "much more most less least many few enough well better best good great nice fine ok okay in on at "
    "primarily mainly mostly largely several some various certain numerous for with by from of into onto upon through during within without i we he she they"
)
_NP_WORDS_MAX = 8
_CHARS_MAX = 120


def cut(
    text: str, at: int, stop: int, *, commas: bool = False, chars: int = _CHARS_MAX
) -> Piece | None:
    """From `at` up to where the value ends: a stop word, a mark, the end; closing adverbs are off.

    Args:
        text: the episode.
        at: where the value begins.
        stop: where the clause ends.
        commas: whether a comma belongs to the value, as in "Porto, Portugal".
        chars: the most that is taken for a value.
    """
    while at < stop and text[at].isspace():
        at += 1
    begin = at
    title = _TITLE.match(text, at, stop)
    if title:
        close = {"“": "”", "„": "“", "«": "»"}.get(title["q"], title["q"])
        ends = text.find(close, title.end(), stop)
        if ends < 0:
            return None
        while ends > title.end() and text[ends - 1] in " ,.;":
            ends -= 1
        return (title.end(), ends) if 0 < ends - title.end() <= chars else None
    for found in _STOP.finditer(text, at, stop):
        if commas and found[0].strip() == "," and _place_follows(text, found.end(), stop):
            continue
        if found[0].endswith("ing") and not _GERUND.match(text, begin, stop):
            continue  # "fresh and exciting films"
        if found[0].lstrip()[:1] in '"“' and found.start() > at:  # a title inside
            return None
        stop = found.start()
        break
    while True:
        while stop > begin and text[stop - 1] in " .,;:!?-–—*_~\t":
            stop -= 1
        tail = _TAIL.search(text, max(begin, stop - 60), stop)
        if tail is None or tail.start() <= begin:
            break
        stop = tail.start()
    if stop <= begin or stop - begin > chars:
        return None
    return begin, stop


def _place_follows(text: str, at: int, stop: int) -> bool:
    found = re.compile(
        r"\s*[A-Z][\w-]+(?:\s+[A-Z][\w-]+)?\s*(?:$|[.,!?]|\s(?:in|since|with|and|for|now)\b)"
    ).match(text, at, stop)
    return found is not None


def plain(value: str, words_max: int = _NP_WORDS_MAX) -> bool:
    """Whether a value stands on its own: no pronoun to resolve, no fragment, not too long."""
    found = _WORD.findall(value)
    if not found or len(found) > words_max or not any(c.isalnum() for c in value):
        return False
    first = found[0].lower()
    if first in _BAD_FIRST or (first in words.SUPPORT and first not in ("my", "our")):
        return False
    if _SUPPORT_INSIDE.search(value) or _HER.search(value):
        return False
    return not (len(value) < 2 and not value[0].isdigit())


def head(value: str) -> str:
    """The main noun of a phrase: its last word before "of", "in", "for", "with", "called"."""
    front = re.split(
        r"\s+(?:of|in|for|with|at|from|on|called|named|about|to|by|near|between|and|or|specializ\w+|specialis\w+)\s+",
        value,
        maxsplit=1,
    )[0]
    found = _WORD.findall(front.lower())
    return found[-1].strip("'’.") if found else ""


def known_thing(value: str) -> bool:
    """Whether a phrase names a kind or something by name, rather than "the one we spoke of"."""
    lower = value.lower()
    if lower.startswith(("the ", "our ")):
        rest = value[4:]
        if rest.split()[0].lower() in words.DISCOURSE:
            return False
        return bool(re.search(r"[A-Z0-9]", rest) or re.search(r"\s(?:of|in|from|at|by)\s", rest))
    return head(value) not in words.DISCOURSE


_PREPOSITION = re.compile(
    r"\b(?:near|in|at|of|with|by|on|about|to|for|from|under|over|especially|especially|or)\b",
    re.IGNORECASE,
)


def restricted(text: str, begin: int, end: int, stop: int) -> bool:
    """Whether words behind a value belong to it, so that the value alone would say something else."""
    if _NARROWS.match(text, end) is not None or text.startswith("(", end):
        return True
    if " " not in text[begin:end] and _SUCH_AS.match(text, end):
        return True
    following = _AFTER_COMMA.match(text, end, stop)
    if following is None:
        return False
    single = " " not in text[begin:end] or _LONE.search(text, begin, end) is not None
    word = following["word"].lower()
    return single or not (word.endswith("ing") or word in _GOES_ON)


_NARROWS = re.compile(
    r"\s+(?:that|which|who|whose|where|when|if|than|as|while|like\s+(?:this|that)|it|him|her|them|you|this|these|on\s+\w+days|"
    r"those)\b"
)
_LONE = re.compile(r"\b(?:an?|the)\s+[\w-]+$")
_SUCH_AS = re.compile(r"\s+(?:such\s+as|like)\b")
_AFTER_COMMA = re.compile(r",\s+(?P<word>[\w'’-]+)")
_GOES_ON = words.of(
    "especially including and but so because cause 'cause ’cause though although like such particularly "
    "which who with as mainly mostly even not for in on at too either yes right really usually where when"
)


def listed(text: str, at: int, stop: int) -> Iterator[Piece]:
    """The members of a short list "tea, coffee and cake"; the whole where it is none."""
    whole = re.compile(
        r"(?:[^,.;:()\n!?]|\.(?=\w)){2,40}(?:,\s+(?:[^,.;:()\n!?]|\.(?=\w)){2,40}){0,6},?\s+and\s+(?:[^,.;:()\n!?]|\.(?=\w)){2,60}"
    ).match(text, at, stop)
    if whole is None:
        return
    place = at
    pieces: list[Piece] = []
    for mark in re.compile(r",\s+(?:and\s+)?|\s+and\s+").finditer(text, at, whole.end()):
        pieces.append((place, mark.start()))
        place = mark.end()
    pieces.append((place, whole.end()))
    last = cut(text, place, whole.end())
    if last is None or restricted(text, *last, stop):
        return
    pieces[-1] = last
    values = [text[a:b].strip() for a, b in pieces]
    if len(pieces) < 2 or any(not 1 <= len(value.split()) <= 3 for value in values):
        return
    if any(not plain(value) or _PREPOSITION.search(value) for value in values):
        return
    if (
        len(pieces) == 2
        and len(values[0].split()) == 1
        and len(values[1].split()) > 1
        and (not (values[0].endswith("ing") and values[1].split()[0].endswith("ing")))
    ):  # "action and comedy films" is one value, and "tea and green beans" may be
        return
    yield from pieces


def is_proper(value: str) -> bool:
    """Whether a phrase begins with a capital and is no common word."""
    first = value.split()[0] if value.split() else ""
    return first[:1].isupper() and first.lower() not in words.NOT_NAMES
