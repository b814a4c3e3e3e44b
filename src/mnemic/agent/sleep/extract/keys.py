"""Objects made comparable: the same value in other words gets the same key."""

from __future__ import annotations

import re
import unicodedata

from mnemic.agent.when.calendar import MONTHS

_ARTICLE = re.compile(r"^(?:(?:a|an|the|my|our|his|her|their|some|in|at|on|to)\s+)+")
_TAIL = re.compile(
    r"(?:[\s,]+(?:too|also|as well|now|anymore|any more|again|already|still|very much|so much|a lot|"
    r"the most|these days|nowadays|at the moment|right now|currently|though|either|actually|really))+$"
)
_NUMBERS = {
    name: str(number)
    for number, name in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"]
    )
} | {name: str(10 * n) for n, name in enumerate(["thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 3)}  # fmt: skip
_UNITS = {
    "kilometres": "km", "kilometers": "km", "kilometre": "km", "kilometer": "km", "kms": "km",
    "metres": "m", "meters": "m", "metre": "m", "meter": "m", "kilograms": "kg", "kilogram": "kg",
    "kilos": "kg", "kilo": "kg", "kgs": "kg", "grams": "g", "gram": "g", "litres": "l", "liters": "l",
    "litre": "l", "liter": "l", "pounds": "lb", "pound": "lb", "lbs": "lb", "miles": "mi", "mile": "mi",
    "hours": "h", "hour": "h", "hrs": "h", "minutes": "min", "minute": "min", "mins": "min",
    "euros": "eur", "euro": "eur", "€": "eur", "dollars": "usd", "dollar": "usd", "$": "usd",
    "percent": "%", "years": "y", "year": "y",
}  # fmt: skip
_SPELLING = {
    "favorite": "favourite",
    "color": "colour",
    "gray": "grey",
    "theater": "theatre",
    "center": "centre",
}
_DATE_DAY_FIRST = re.compile(r"^(\d{1,2})(?:st|nd|rd|th)?(?: of)? ([a-z]+)\.?(?:,? (\d{4}))?$")
_DATE_MONTH_FIRST = re.compile(r"^([a-z]+)\.? (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?$")
_WORD = re.compile(r"[€$%]|\d+(?:[.,]\d+)*|[^\W_]+(?:[-'+#.][^\W_]+)*|[+#]+")
_UNIT_GLUED = re.compile(r"(?<=\d)(?=[a-z€$%])")
_CHARS_MAX = 400
_PASSES_MAX = 8


def object_key(relation: str, value: str) -> str:
    """A value in a form in which equal values are equal.

    Case, accents, articles, closing adverbs, spelt numbers, dates and units no longer differ.
    Applying it twice changes nothing.

    Args:
        relation: what the value is of; ages are compared as numbers.
        value: the value in the episode's words; its first 400 characters count.
    """
    key = value[:_CHARS_MAX]
    for _ in range(_PASSES_MAX):  # a removed mark may leave an article in front
        before, key = key, _once(relation, key)
        if key == before:
            break
    return key


def _once(relation: str, value: str) -> str:
    plain = unicodedata.normalize("NFKD", value.casefold().replace("’", "'"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = " ".join(plain.split()).strip(" .,;:!?\"'()[]*_`")
    plain = _TAIL.sub("", plain)
    plain = _ARTICLE.sub("", plain)
    date = _date(plain)
    if date:
        return date
    if relation == "age":
        found = re.search(r"\d+", plain)
        if found:
            return found[0]
    made = [_word(word) for word in _WORD.findall(_UNIT_GLUED.sub(" ", plain))]
    return " ".join(made)


def _word(word: str) -> str:
    if word in _NUMBERS:
        return _NUMBERS[word]
    if word[0].isdigit() and re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", word):
        return word.replace(",", "")
    tens, _, ones = word.partition("-")
    if (
        tens in _NUMBERS
        and ones in _NUMBERS
        and len(_NUMBERS[ones]) == 1
        and len(_NUMBERS[tens]) == 2
    ):
        return str(int(_NUMBERS[tens]) + int(_NUMBERS[ones]))
    return _UNITS.get(word) or _SPELLING.get(word, word)


def _date(plain: str) -> str | None:
    """A spelt date as year-month-day, or month-day where no year is said."""
    found = _DATE_DAY_FIRST.match(plain)
    day, month, year = (found[1], found[2], found[3]) if found else ("", "", "")
    if not found:
        other = _DATE_MONTH_FIRST.match(plain)
        if other is None:
            return None
        month, day, year = other[1], other[2], other[3]
    if month not in MONTHS or not 1 <= int(day) <= 31:
        return None
    return f"{year + '-' if year else ''}{MONTHS[month]:02d}-{int(day):02d}"
