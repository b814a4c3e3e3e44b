"""Short answers: the question before and the answer → one sentence that states it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_I = re.IGNORECASE
_WORDS_MAX = 8
_CHARS_MAX = 80


@dataclass(frozen=True, slots=True)
class Stated:
    """A sentence that a question and its answer make, and where the answer stands."""

    text: str
    start: int
    end: int


_WHO = r"(?:(?:do|did|does)\s+)?you"
_OPEN = tuple(
    (re.compile(question, _I), statement, re.compile(answer))
    for question, statement, answer in (
        (r"where\s+(?:do\s+you|are\s+you)\s+(?:currently\s+|now\s+)?(?:live|living)(?:\s+now)?$", "I live in {a}", r"(?:[Ii]n\s+|[Aa]t\s+)?(?P<a>[A-Z].+)"),
        (r"where\s+(?:are\s+you|do\s+you\s+come)(?:\s+originally)?\s+from$", "I am from {a}", r"(?:[Ff]rom\s+)?(?P<a>[A-Z].+)"),
        (r"where\s+were\s+you\s+born$", "I was born in {a}", r"(?:[Ii]n\s+)?(?P<a>[A-Z].+)"),
        (r"where\s+did\s+you\s+grow\s+up$", "I grew up in {a}", r"(?:[Ii]n\s+)?(?P<a>[A-Z].+)"),
        (r"where\s+do\s+you\s+work$", "I work at {a}", r"(?:[Aa]t\s+|[Ff]or\s+)?(?P<a>(?:[A-Z]|an?\s).+)"),
        (r"what\s+(?:do\s+you\s+do(?:\s+for\s+(?:a\s+living|work))?|is\s+your\s+(?:job|profession|occupation))$", "I am {a}", r"(?P<a>[Aa]n?\s.+)"),
        (r"what(?:['’]s|\s+is)\s+your\s+(?P<np>name)$", "My name is {a}", r"(?P<a>[A-Z]\S*(?:\s[A-Z]\S*){0,2})"),
        (r"how\s+old\s+are\s+you(?:\s+now)?$", "I am {a} years old", r"(?P<a>\d{1,3})(?:\s+years?\s+old)?"),
        (r"(?:what|which)\s+languages?\s+do\s+you\s+speak$", "I speak {a}", r"(?P<a>[A-Z].+)"),
        (r"what(?:['’]s|\s+is|\s+are)\s+your\s+(?P<np>(?:favou?rite\s+[\w -]{2,30}|(?:wife|husband|sister|brother|dog|cat|son|daughter|partner|boss)['’]s\s+name))$", "My {np} is {a}", r"(?P<a>.+)"),
        (r"what\s+are\s+you\s+allergic\s+to$", "I am allergic to {a}", r"(?P<a>.+)"),
        (r"where\s+does\s+(?P<np>[A-Z]\w+)\s+live(?:\s+now)?$", "{np} lives in {a}", r"(?:[Ii]n\s+)?(?P<a>[A-Z].+)"),
        (r"where\s+does\s+(?P<np>[A-Z]\w+)\s+work$", "{np} works at {a}", r"(?:[Aa]t\s+|[Ff]or\s+)?(?P<a>(?:[A-Z]|an?\s).+)"),
        (r"where(?:['’]s|\s+is)\s+your\s+(?P<np>[\w ]{2,30})$", "My {np} is in {a}", r"(?:[Ii]n\s+|[Aa]t\s+)(?P<a>[A-Z].+)"),
        (r"when\s+is\s+your\s+(?P<np>[\w ]{2,30})$", "My {np} is on {a}", r"(?:[Oo]n\s+|[Ii]n\s+)?(?P<a>.+)"),
        (r"when\s+were\s+you\s+born$", "I was born on {a}", r"(?:[Oo]n\s+)(?P<a>.+)"),
    )
)  # fmt: skip
_WHERE_IS = re.compile(r"where(?:['’]s|\s+is)\s+(?P<np>the\s+[\w ]{2,30})$", _I)
_YES_NO = (
    (re.compile(r"do\s+you\s+(?:still\s+)?(?P<v>like|love|hate|live|work|speak|play|own|eat|drink|use|have|drive)\s+(?P<rest>[^?]{2,60})$", _I),
     "I {v} {rest}", "I don't {v} {rest}"),
    (re.compile(r"are\s+you\s+(?P<v>allergic|vegan|vegetarian|married|single|retired|from|afraid)(?P<rest>[^?]{0,60})$", _I),
     "I am {v}{rest}", "I am not {v}{rest}"),
)  # fmt: skip
_YES = re.compile(
    r"(?:yes|yeah|yep|yup|sure|of course|indeed|absolutely|definitely|exactly)\b[\s,.!]*(?:I (?:do|am)\b)?[\s,.!]*",
    _I,
)
_NO = re.compile(
    r"(?:no|nope|nah|not at all|never)\b[\s,.!]*(?:I (?:don['’]t|do not|am not|['’]m not)\b)?[\s,.!]*",
    _I,
)
_LAST_QUESTION = re.compile(r"([^.!?\n]{3,160})\?\s*$")
_OPENING = re.compile(r"(?:(?:so|and|well|great|nice|ok|okay|hi|hello|by the way)[\s,]+){1,3}", _I)


def question_of(text: str) -> str | None:
    """The question that a turn ends with, in one line, without its mark."""
    found = _LAST_QUESTION.search(text[-400:])
    if found is None:
        return None
    return (
        _OPENING.sub("", " ".join(found[1].split()), count=1)
        if _OPENING.match(" ".join(found[1].split()))
        else " ".join(found[1].split())
    )


def stated(question: str, answer: str) -> Stated | None:
    """The sentence that a short answer to a question stands for, or None where it is not plain."""
    line = answer.strip()
    if not line or len(line) > _CHARS_MAX or len(line.split()) > _WORDS_MAX or "?" in line:
        return None
    begin = answer.index(line)
    bare = line.rstrip(" .!")
    end = begin + len(bare)
    polar = _polar(question, bare)
    if polar:
        return Stated(polar, begin, end)
    if re.search(r"[.!;]\s", bare) or re.match(
        r"(?:not|no|none|i|we|it|nothing|why|because|maybe)\b", bare, _I
    ):
        return None
    for pattern, statement, shape in _OPEN:
        asked = pattern.match(question)
        found = shape.fullmatch(bare) if asked else None
        if asked is None or found is None:
            continue
        np = asked.groupdict().get("np") or ""
        value = re.sub(r"^A(?=n?\s)", "a", found["a"])
        return Stated(statement.format(a=value, np=np), begin, end)
    return None


def located(question: str, answer: str) -> tuple[str, str, int, int] | None:
    """A thing, its place, and where the answer stands: "Where is the office?" "In Almada."."""
    asked = _WHERE_IS.match(question)
    found = re.fullmatch(r"\s*(?:[Ii]n|[Aa]t|[Oo]n)\s+(?P<a>[A-Z][\w ,'-]{1,40})[.!]?\s*", answer)
    if asked is None or found is None:
        return None
    return asked["np"], found["a"].strip(), found.start("a"), found.end("a")


def _polar(question: str, bare: str) -> str | None:
    yes, no = _YES.fullmatch(bare), _NO.fullmatch(bare)
    if not yes and not no:
        return None
    for pattern, positive, negative in _YES_NO:
        asked = pattern.match(question)
        if asked and not re.search(r"\bor\b|\byour\b|\bany\b|\bit\b|\bthat\b", asked["rest"], _I):
            return (positive if yes else negative).format(v=asked["v"].lower(), rest=asked["rest"])
    return None
