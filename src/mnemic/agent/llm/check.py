"""What a model says → claims that the episode itself bears out; the rest is dropped.

Nothing here trusts the answer: the quote has to stand in the episode, the words of subject, object and
statement have to come from it, from its speaker or from the turns before, and every number is bounded.
"""

from __future__ import annotations

import math
from datetime import date, datetime, time
from typing import Any, cast

from mnemic.agent.facts.claims import Change, Claim
from mnemic.agent.llm.prompt import CHANGES, Piece
from mnemic.agent.llm.quotes import Evidence, Places, words_of
from mnemic.agent.sleep.extract.sentences import TEXT_CHARS_MAX
from mnemic.agent.sleep.extract.vocabulary import (
    OPEN,
    Relation,
    predicate,
    relation_of,
    shown,
)
from mnemic.agent.speakers import is_name
from mnemic.agent.when import parse_window

SUBJECT_CHARS_MAX = 80
OBJECT_CHARS_MAX = 200
STATEMENT_CHARS_MAX = 300
WORD_CHARS_MAX = 30
"""The longest word behind the colon of an open relation."""

CERTAINTY_UNSAID = 0.5
"""The certainty of a claim whose answer gives none that is a number."""

_YEARS_BACK, _YEARS_AHEAD = 150, 100

_SAME = {
    "favorite": "favourite", "resides_in": "lives_in", "residence": "lives_in", "location": "lives_in",
    "employer": "works_at", "works_for": "works_at", "occupation": "job", "profession": "job",
    "birthday": "born_on", "birth_date": "born_on", "birthplace": "born_in", "hates": "dislikes",
    "loves": "likes", "enjoys": "likes", "spouse": "partner", "married_to": "partner",
    "pet": "has_pet", "hometown": "from", "origin": "from", "language": "speaks", "called": "name",
    "todo": "to_do", "allergy": "allergic_to", "fears": "afraid_of", "wants_to": "plans",
}  # fmt: skip
"""Names that models give to relations of the vocabulary."""

_SELF = frozenset(("i", "me", "myself", "speaker", "the speaker", "the user"))
_LINKING = frozenset((
    "a", "an", "the", "s", "his", "her", "its", "their", "of", "in", "on", "at", "to", "for", "from",
    "with", "by", "as", "and", "is", "are", "was", "were", "be", "been", "has", "have", "had", "does",
    "do", "did", "who", "that", "this", "it",
))  # fmt: skip
"""Words that may join those of the text; none of them says or denies anything alone."""

_DENYING = frozenset(["no", "not", "never", "longer", "neither", "nor", "without", "t"])
_MINE = ("my ", "our ")


class Ground:
    """A piece, prepared for claims to be held to it.

    Words may come from the whole episode and the turns before it; a quote only from the piece.
    """

    def __init__(self, piece: Piece) -> None:
        self.piece = piece
        self.places = Places(piece.text)
        texts = (piece.one.episode.text, *(turn.text for turn in piece.one.before))
        self.evidence = Evidence(text[:TEXT_CHARS_MAX] for text in texts)


def checked(said: Any, ground: Ground) -> Claim | None:
    """A claim of an answer, if the piece it was said of bears it out.

    Args:
        said: one element of the answer's claims, of any shape.
        ground: the stretch of an episode whose number it gives.
    """
    if not isinstance(said, dict):
        return None
    piece, evidence = ground.piece, ground.evidence
    quote, value = _text(said, "quote"), _text(said, "object", OBJECT_CHARS_MAX)
    words = words_of(value)
    if not set(words) - _LINKING or not evidence.holds(words, _LINKING):
        return None
    place = ground.places.of(quote)
    if place is None:
        return None
    subject = _subject(_text(said, "subject", SUBJECT_CHARS_MAX), piece, evidence)
    name = _relation(_text(said, "relation", 60), evidence)
    if not subject or name is None:
        return None
    change = _change(said)
    denied = said.get("denied") is True or change == "ends"
    since, until = _validity(said, piece, quote)
    return Claim(
        piece.start + place[0],
        piece.start + place[1],
        subject,
        name,
        value,
        _statement(said, subject, name, value, denied, change, evidence),
        denied,
        _certainty(said.get("certainty")),
        since,
        until,
        change,
    )


def _change(said: dict[str, Any]) -> Change:
    """What the words say of change; what is denied can only have ended."""
    change = said.get("change")
    if not isinstance(change, str) or change not in CHANGES:
        return ""
    return "" if said.get("denied") is True and change != "ends" else cast("Change", change)


def _text(said: dict[str, Any], name: str, most: int = 2_000) -> str:
    """A field as one line of text; empty where it is none, too long, or holds what no text holds."""
    value = said.get(name)
    if not isinstance(value, str) or len(value) > most:
        return ""
    if name == "quote":
        return value
    line = " ".join(value.split())
    return line if line.isprintable() else ""


def _subject(said: str, piece: Piece, evidence: Evidence) -> str:
    """The subject as it is to be shown; empty where it is neither the speaker nor named."""
    speaker = piece.one.episode.speaker
    if speaker:
        if said.casefold() in _SELF or said.casefold() == speaker.casefold():
            return speaker
        for mine in _MINE:
            if said.casefold().startswith(mine):
                said = f"{speaker}'s {said[len(mine) :]}"
    elif said.casefold() in _SELF or said.casefold().startswith(_MINE):
        return ""
    known = {turn.speaker for turn in piece.one.before if is_name(turn.speaker)} | {speaker}
    names = {word for one in known if one for word in words_of(one)}
    found = words_of(said)
    return said if found and evidence.holds(found, names | {"s"}) else ""


def _relation(said: str, evidence: Evidence) -> str | None:
    """The vocabulary's name for a relation, or None."""
    head, colon, word = said.casefold().partition(":")
    head = "_".join(head.replace("-", " ").replace("_", " ").split())
    head = _SAME.get(head, head)
    if relation_of(head) is None or bool(colon) != (head in OPEN):
        return None
    if not colon:
        return head
    word = " ".join(word.replace("_", " ").split())
    found = words_of(word)
    if not found or len(word) > WORD_CHARS_MAX or not evidence.holds(found):
        return None
    return f"{head}:{word}"


def _certainty(said: object) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float):
        return CERTAINTY_UNSAID
    if isinstance(said, float) and not math.isfinite(said):
        return CERTAINTY_UNSAID
    return float(min(max(said, 0), 1))


def _validity(
    said: dict[str, Any], piece: Piece, quote: str
) -> tuple[datetime | None, datetime | None]:
    """Since and until when: only where the quote has words of time, or the year itself."""
    since, until = (_moment(said.get(name), piece) for name in ("valid_from", "valid_to"))
    if since is None and until is None:
        return None, None
    said_at = piece.one.episode.said_at
    figures = set(words_of(quote))
    if parse_window(quote, said_at, said_at.tzinfo or "UTC") is None:
        since = since if since and str(since.year) in figures else None
        until = until if until and str(until.year) in figures else None
    if since is not None and until is not None and since >= until:
        return None, None
    return since, until


def _moment(said: object, piece: Piece) -> datetime | None:
    if not isinstance(said, str) or len(said) > 40:
        return None
    zone = piece.one.episode.said_at.tzinfo
    try:
        if len(said) <= 10:
            moment = datetime.combine(date.fromisoformat(said), time(), zone)
        else:
            moment = datetime.fromisoformat(said)
            moment = moment if moment.utcoffset() is not None else moment.replace(tzinfo=zone)
    except ValueError:
        return None
    year = piece.one.episode.said_at.year
    near = max(year - _YEARS_BACK, 2) <= moment.year <= min(year + _YEARS_AHEAD, 9_998)
    return moment if near else None


def _statement(
    said: dict[str, Any],
    subject: str,
    name: str,
    value: str,
    denied: bool,
    change: Change,
    evidence: Evidence,
) -> str:
    """The model's sentence where it says the claim in the text's words, else one of our own."""
    sentence = _text(said, "statement", STATEMENT_CHARS_MAX)
    found = words_of(sentence)
    relation = cast("Relation", relation_of(name))
    own = {*words_of(subject), *words_of(value), *_words(relation), *_LINKING}
    own |= _DENYING if denied else frozenset()
    says_it = {*words_of(subject), *words_of(value)} - _LINKING <= set(found)
    if says_it and denied == bool(_DENYING & set(found)) and evidence.holds(found, own):
        return sentence if sentence.endswith((".", "!", "。")) else f"{sentence}."
    ended = change == "ends"
    return f"{shown(subject)} {predicate(name, value, denied=denied, past=False, ended=ended)}."


def _words(relation: Relation) -> list[str]:
    return words_of(f"{relation.third} {relation.past} {relation.base} {relation.link}")
