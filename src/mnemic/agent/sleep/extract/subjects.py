"""Who or what a clause is about: the speaker, something of the speaker's, someone with a name."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from mnemic.agent.sleep.extract import words
from mnemic.agent.sleep.extract.verbs import FORMS

Kind = Literal["speaker", "we", "person", "thing"]

_FIRST = re.compile(r"(?P<who>I|[Ww]e)(?:['’](?P<tail>m|ve|ll|d|re))?(?=\s)")
_MY = re.compile(r"(?:[Mm]y|[Oo]ur)\s+")
_NAME_WORD = r"[A-ZÀ-ÖØ-Þ][\w\-À-ÿ]*"
_NAMED = re.compile(
    rf"(?P<name>{_NAME_WORD}(?:\s+(?:da|de|do|dos|van|von|der|bin|al)\s+{_NAME_WORD}|\s+{_NAME_WORD}){{0,2}})"
    r"(?P<of>['’]s\s+|['’]\s+)?"
)
_PRONOUN = re.compile(r"(?P<who>[Hh]e|[Ss]he)(?:['’](?P<tail>s|ll|d))?(?=\s)")
_TOKEN = re.compile(r"\s*([A-Za-zÀ-ÿ0-9][\w\-À-ÿ]*)(?P<tail>['’](?:s|m|ve|ll|d|re)?)?")
_ASIDE = re.compile(rf",\s+(?P<name>{_NAME_WORD}(?:\s+{_NAME_WORD})?),(?=\s[a-z])")
_BE = words.of(
    "is are was were has have had isn't wasn't doesn't does did will am can loves also just now still always used are aren't weren't don't do"
)
_HEADS_MAX = 5
_JUST_NAMES = re.compile(rf"{_NAME_WORD}(?:\s+{_NAME_WORD})?")


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject: how it is shown, what it is, and where its words end.

    `tail` is what hangs on it ("m", "ve", "s" for is). `kin` is the word for someone of the
    speaker's ("sister"), `name` their name where it stands beside it.
    """

    text: str
    kind: Kind
    start: int
    end: int
    tail: str = ""
    kin: str = ""
    name: str = ""
    noun: str = ""
    plural: bool = False


def subject_at(
    text: str,
    at: int,
    stop: int,
    speaker: str | None,
    names: Collection[str],
    antecedent: Subject | None,
) -> Subject | None:
    """The subject that opens a clause, or None where it is not plain who is meant."""
    first = _FIRST.match(text, at, stop)
    if first:
        if speaker is None:
            return None
        kind: Kind = "we" if first["who"].lower() == "we" else "speaker"
        return Subject(speaker, kind, at, first.end(), first["tail"] or "")
    my = _MY.match(text, at, stop)
    if my:
        return None if speaker is None else _of(text, at, my.end(), stop, speaker)
    he = _PRONOUN.match(text, at, stop)
    if he:
        return _meant_by(he, antecedent, at)
    return _someone(text, at, stop, names)


def possessive(name: str) -> str:
    """A name as an owner: "Ana's"."""
    return f"{name}'s"


def _meant_by(he: re.Match[str], antecedent: Subject | None, at: int) -> Subject | None:
    if antecedent is None or antecedent.kind != "person" or not antecedent.kin:
        return None
    wanted = words.FEMALE if he["who"].lower() == "she" else words.MALE
    if antecedent.kin not in wanted:
        return None
    return Subject(antecedent.text, "person", at, he.end(), he["tail"] or "", antecedent.kin)


def _of(text: str, start: int, at: int, stop: int, speaker: str) -> Subject | None:
    """Something of the speaker's: words up to the verb."""
    parts: list[str] = []
    place = at
    for _ in range(_HEADS_MAX + 1):
        token = _TOKEN.match(text, place, stop)
        if token is None and parts:
            break
        if token is None:
            return None
        word, tail = token[1], (token["tail"] or "")[1:]
        lower = word.lower()
        if parts and not token["tail"] and _is_verb(lower, text, token.end(), stop):
            break
        if parts and parts[-1].lower() in words.PLURAL_KIN and "base" in FORMS.get(lower, {}):
            break
        if lower in words.SUPPORT or lower in ("and", "or", "in", "on", "to", "at", "with", "for"):
            return None
        if lower in ("of", "the", "a", "an") and lower != "of":
            return None
        parts.append(word)
        place = token.end()
        if token["tail"] is not None:
            following = _TOKEN.match(text, place, stop)
            owns = tail == "s" and following is not None and _owned(following[1])
            if owns:
                parts[-1] = f"{word}'s"
                continue
            return _made(parts, speaker, start, token.end(), tail)
        if len(parts) > _HEADS_MAX:
            return None
    else:
        return None
    aside = _ASIDE.match(text, place, stop)
    if aside and parts[-1].lower() in words.PEOPLE | words.PETS:  # "my wife, Clara, works"
        return _made([*parts, *aside["name"].split()], speaker, start, aside.end(), "")
    return _made(parts, speaker, start, place, "")


def _owned(word: str) -> bool:
    """Whether "'s" before this word means owning rather than is."""
    lower = word.lower()
    return (
        lower in words.PEOPLE
        or lower in ("name", "birthday", "best", "favourite", "favorite")
        or (lower in words.POSSESSIONS or lower in words.PETS)
    )


def _made(parts: list[str], speaker: str, start: int, end: int, tail: str) -> Subject | None:
    nouns = [part.lower() for part in parts]
    first_name = len(parts)
    for number, part in enumerate(parts):
        if number and part[0].isupper() and nouns[number - 1] in words.PEOPLE | words.PETS:
            first_name = number
            break
    name = " ".join(parts[first_name:])
    head = nouns[first_name - 1]
    if first_name > 1 and parts[first_name - 1][0].isupper():  # "our customer Sister Wang"
        return None
    if name and any(not part[0].isupper() for part in parts[first_name:]):
        return None
    kin = head if head in words.PEOPLE else ""
    plural = not name and head in words.PLURAL_KIN
    person = bool(kin) or head in words.PETS or plural
    shown = f"{possessive(speaker)} {' '.join(parts)}"
    noun = " ".join(nouns[:first_name])
    return Subject(
        shown, "person" if person else "thing", start, end, tail, kin, name, noun, plural
    )


def _is_verb(word: str, text: str, at: int, stop: int) -> bool:
    if word in _BE:
        return True
    forms = FORMS.get(word)
    if not forms:
        return False
    if "third" in forms or "past" in forms:
        following = _TOKEN.match(text, at, stop)
        return following is None or following[1].lower() not in ("is", "are", "was", "has")
    return False


def _someone(text: str, at: int, stop: int, names: Collection[str]) -> Subject | None:
    """Someone with a name, or something of theirs."""
    match = _NAMED.match(text, at, stop)
    if match is None:
        return None
    parts = match["name"].split()
    lower = [part.lower() for part in parts]
    if lower[0] in words.NOT_NAMES or any(part in words.SUPPORT for part in lower):
        return None
    if any(part.isupper() and len(part) > 1 for part in parts):
        return None
    known = match["name"] in names or parts[0] in names
    if not known and (
        lower[0] in FORMS or lower[0] in words.NATIONALITIES or lower[0].endswith(("ing", "ly"))
    ):
        return None
    end = match.end("name")
    if match["of"] and match["of"][:2] in ("'s", "’s"):
        following = _TOKEN.match(text, match.end(), stop)
        if following is not None and _owned(following[1]):
            return _of(text, at, match.end(), stop, match["name"])
        return Subject(match["name"], "person", at, end + 2, "s", name=match["name"])
    if match["of"]:
        return None
    return Subject(match["name"], "person", at, end, "", name=match["name"])
