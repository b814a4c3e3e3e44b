"""The words and rules of time: one expression at one place in a text → days.

Rules live in absolute.py (dates, holidays) and relative.py ("two weeks ago"); compose.py joins
them. Each is a regular expression without nested repetition, tried where a word begins, on at most
2,000 characters, so that the time is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from mnemic.agent.when import calendar as cal
from mnemic.agent.when.calendar import Days

TEXT_CHARS_MAX = 2_000

NUMBERS = {
    name: number
    for number, name in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
         "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
         "nineteen", "twenty")
    )
} | {"a": 1, "an": 1, "thirty": 30, "forty": 40, "fifty": 50}  # fmt: skip
VAGUE = {
    "two or three": (2, 3), "three or four": (3, 4), "a couple of": (2, 3),
    "a couple": (2, 3), "couple of": (2, 3), "couple": (2, 3),
    "a few": (2, 6), "few": (2, 6), "several": (3, 9), "some": (2, 9),
}  # fmt: skip
ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1, "final": -1,
    "1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5,
}  # fmt: skip
_TEENS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
    "eighteenth", "nineteenth",
)  # fmt: skip
DAY_WORDS = (
    {word: n for n, word in enumerate(_TEENS, 1)}
    | {"twentieth": 20, "thirtieth": 30, "thirty-first": 31}
    | {f"twenty-{word}": 20 + n for n, word in enumerate(_TEENS[:9], 1)}
)

Toward = Literal["past", "future", "near", "arranged"]
Kind = Literal[
    "", "day", "month", "season", "holiday", "weekday", "year", "unit", "rolling", "week", "fiscal"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Present:
    """What expressions are relative to: a moment in a zone.

    `toward` says which May 7 is meant: the latest one not in the future, the next one, or the
    nearest; what was arranged is the next one, unless the latest was less than three months ago.
    `year` overrides it where the year is known from elsewhere in the text.
    `fiscal_start` is the month, 1 to 12, in which fiscal years begin.
    """

    moment: datetime
    toward: Toward = "past"
    year: int | None = None
    day_first: bool = False
    fiscal_start: int = 1

    @property
    def today(self) -> date:
        """The local day."""
        return self.moment.date()


@dataclass(frozen=True, slots=True)
class Found:
    """An expression: the days it means, its place in the text, and how sure its edges are."""

    days: Days
    start: int
    end: int
    vague: bool = False
    bare: bool = False  # needs a preposition before it to count ("March", "2023")
    dated: bool = False  # holds its own year
    relation: str = ""  # before, after, since, until
    kind: Kind = ""


def any_of(words: Iterable[str]) -> str:
    """An alternation of words, longest first; apostrophes of either shape, any white space."""
    escaped = (re.escape(word) for word in sorted(words, key=len, reverse=True))
    return "|".join(word.replace("'", "['’]?").replace(r"\ ", r"\s+") for word in escaped)


MONTH = f"(?P<month>{any_of(cal.MONTHS)})\\.?"
DAY = f"(?P<day>\\d{{1,2}}(?:st|nd|rd|th)?|{any_of(DAY_WORDS)})"
YEAR = r"(?P<year>(?:1[5-9]|20|21)\d\d)"
ANY_YEAR = r"(?P<year>[1-9]\d{3})"  # beside a month, any year is one
COUNT = f"(?P<count>\\d{{1,4}}|{any_of(NUMBERS)}|{any_of(VAGUE)})"
UNIT = r"(?P<unit>day|weekend|week|month|year|decade|quarter|hour|minute)s?"
PART = f"(?P<part>{any_of(cal.DAY_PARTS)})"
WEEKDAY = f"(?P<weekday>{any_of(cal.WEEKDAYS)})"
HOLIDAY = f"(?P<holiday>{any_of(cal.HOLIDAYS)})"
SEASON = f"(?P<season>{any_of(cal.SEASONS)})"

_TO_SPACES = str.maketrans(dict.fromkeys(".,;:!?¿¡'’\"()[]{}/-–—*_<>#", " "))


def words_of(text: str) -> list[str]:
    """The words of a lower-case text, quickly."""
    return text.translate(_TO_SPACES).split()


Build = Callable[[re.Match[str], Present], "Days | Found | None"]
Rule = tuple[re.Pattern[str], Build, Kind, bool, bool, str]
RULES: list[Rule] = []


def rule(
    pattern: str, kind: Kind = "", *, bare: bool = False, dated: bool = False, begins: str = ""
) -> Callable[[Build], Build]:
    """Registers a function as the meaning of a pattern.

    `begins` are the lower-case characters that it can begin with, if they are few: most places of
    a text are then passed over without trying it.
    """

    def keep(build: Build) -> Build:
        compiled = re.compile(pattern + r"(?!\w)", re.IGNORECASE)
        RULES.append((compiled, build, kind, bare, dated, begins))
        return build

    return keep


def number(text: str) -> tuple[int, int]:
    """The least and most that a count means: 3 is (3, 3), "a few" is (2, 6)."""
    text = " ".join(text.lower().split())
    if text in VAGUE:
        return VAGUE[text]
    value = int(text) if text.isdecimal() else NUMBERS[text]
    return value, value


def atom(text: str, start: int, present: Present) -> Found | None:
    """The longest simple expression that begins exactly here."""
    best: Found | None = None
    initial = text[start : start + 1].lower()
    for pattern, build, kind, bare, dated, begins in RULES:
        if begins and initial not in begins:
            continue
        match = pattern.match(text, start)
        if match is None or (best is not None and match.end() <= best.end):
            continue
        made = build(match, present)
        if isinstance(made, Days):
            own = dated or bool(match.groupdict().get("year"))
            made = Found(made, start, match.end(), bare=bare, dated=own, kind=kind)
        if made is not None and made.days.end > made.days.first:
            best = made
    return best
