"""Claims out of episodes by rule: precision before coverage.

sentences.py   what is meant: clauses without questions, conditions, others' words
subjects.py    who or what a clause is about
verbs.py       tense and polarity
rules.py       verb → relation; being.py for "is"; events.py for what has a date
objects.py     where a value ends, and whether it stands alone
times.py       from when to when
answers.py     short answers to the question before
languages.py   a few sentences of German, French, Spanish, Portuguese
vocabulary.py  the relations; keys.py makes values comparable
procedures.py  lessons of coding sessions
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from mnemic.agent.facts.claims import Claim
from mnemic.agent.sleep.extract import answers, english, languages
from mnemic.agent.sleep.extract.keys import object_key
from mnemic.agent.sleep.extract.sentences import TEXT_CHARS_MAX
from mnemic.agent.sleep.extract.turns import Turn
from mnemic.agent.sleep.extract.vocabulary import RELATIONS, functional_prior, relation_of, shown
from mnemic.agent.speakers import ROLES
from mnemic.errors import InvalidTime

RULES_VERSION = 3
"""Changes whenever the same text would give other claims."""

_PERSONS = frozenset(("user", "human"))


def extract(
    text: str,
    *,
    speaker: str | None,
    said_at: datetime,
    before: Sequence[Turn] = (),
    names: Collection[str] = (),
) -> list[Claim]:
    """The claims that a turn plainly makes, in the order of its words.

    Questions, conditions, wishes, quotations, others' words, stories and tasks on a text give none,
    nor does what an assistant, a tool or the system says. Where nobody is known to speak, only
    statements about someone with a name are read.

    Args:
        text: the episode; its first 20,000 characters are looked at.
        speaker: who says "I": a name, "user", another role, or None.
        said_at: when, aware; "last year" is relative to it.
        before: the turns before in the session, the last one last, for short answers.
        names: those known to speak in the scope, so that their names are known as names.

    Raises:
        InvalidTime: `said_at` is naive.
    """
    if said_at.tzinfo is None or said_at.utcoffset() is None:
        raise InvalidTime(
            f"said_at {said_at.isoformat()!r} has no time zone; add one, e.g. '+00:00'"
        )
    if speaker is not None and speaker.casefold() in ROLES - _PERSONS:
        return []
    text = text[:TEXT_CHARS_MAX]
    claims = [
        *english.read(text, speaker=speaker, said_at=said_at, names=names),
        *languages.read(text, speaker=speaker, said_at=said_at),
        *_answered(text, speaker, said_at, before, names),
    ]
    return list(_once(claims))


def _answered(
    text: str,
    speaker: str | None,
    said_at: datetime,
    before: Sequence[Turn],
    names: Collection[str],
) -> Iterator[Claim]:
    if not before or speaker is None or before[-1].speaker == speaker or len(text) > 200:
        return
    question = answers.question_of(before[-1].text)
    if question is None:
        return
    place = answers.located(question, text)
    if place is not None:
        thing, where, start, end = place
        yield Claim(start, end, thing, "located_in", where, f"{shown(thing)} is in {where}.")
        return
    stated = answers.stated(question, text)
    if stated is None:
        return
    for claim in english.read(stated.text, speaker=speaker, said_at=said_at, names=names):
        yield replace(claim, start=stated.start, end=stated.end)


def _once(claims: list[Claim]) -> Iterator[Claim]:
    seen: set[tuple[str, str, str, bool]] = set()
    for claim in sorted(claims, key=lambda claim: (claim.start, claim.end)):
        key = (
            claim.subject,
            claim.relation,
            object_key(claim.relation, claim.object),
            claim.denied,
        )
        if key not in seen:
            seen.add(key)
            yield claim


__all__ = [
    "RELATIONS",
    "RULES_VERSION",
    "Turn",
    "extract",
    "functional_prior",
    "object_key",
    "relation_of",
]
