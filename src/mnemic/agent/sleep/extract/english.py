"""English text → claims: clause by clause, subject, verb, value, time."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime

from mnemic.agent.facts.claims import Claim
from mnemic.agent.sleep.extract import being, events, objects, rules, sentences
from mnemic.agent.sleep.extract.drafts import Draft
from mnemic.agent.sleep.extract.sentences import Clause
from mnemic.agent.sleep.extract.subjects import Subject, possessive, subject_at
from mnemic.agent.sleep.extract.times import Bounds, bounds, day_words
from mnemic.agent.sleep.extract.verbs import Verb, continues, plural_of, verb_at
from mnemic.agent.sleep.extract.vocabulary import predicate, shown

_TRIGGER = re.compile(
    r"\b(?:I|[Mm]y|[Ww]e|[Oo]ur|[Rr]emind)\b|\b(?:is|was|lives?d?|works?|moved|likes?|loves?|speaks?|plays?|owns?|has|hates?|studies|uses?)\b"
)
_CANNOT_STAND = re.compile(r"\s+(?:stand|bear)\s+")
_RID = re.compile(r"(?:\s+rid\s+of|\s+away)\s+", re.IGNORECASE)
_REMIND = re.compile(
    r"(?:please\s+|can\s+you\s+|could\s+you\s+)?remind\s+me\s+(?:to\s+|about\s+)", re.IGNORECASE
)
_MY_INSIDE = re.compile(r"\b(?:my|our|My|Our)\b")
_NOT_ONLY = re.compile(r"\b(?:not\s+only)\b", re.IGNORECASE)
_ASIDE = re.compile(r"[\s,]+(?:who|which|whose|where|that)\s")
_YEAR = re.compile(r"\b\d{4}\b")
_TEAM = re.compile(r"\b(?:team|company|project|backend|frontend|startup)$")
_CLAIMS_MAX = 64


def read(
    text: str, *, speaker: str | None, said_at: datetime, names: Collection[str]
) -> Iterator[Claim]:
    """The claims of one text, in the order of its clauses."""
    antecedent: Subject | None = None
    if _TRIGGER.search(text) is None or not sentences.meant(text):
        return
    clean = sentences.masked(text)
    if sentences.is_transcript(clean):
        return
    count = 0
    for clause in sentences.clauses(clean):
        for claim, subject in _clause(clean, clause, speaker, said_at, names, antecedent):
            if subject.kind == "person" and subject.kin:
                antecedent = subject
            count += 1
            if count > _CLAIMS_MAX:
                return
            yield claim


def _clause(
    text: str,
    clause: Clause,
    speaker: str | None,
    said_at: datetime,
    names: Collection[str],
    antecedent: Subject | None,
) -> Iterator[tuple[Claim, Subject]]:
    remind = _REMIND.match(text, clause.start, clause.end)
    if remind and speaker is not None:
        yield from _reminder(text, clause, remind.end(), speaker, said_at)
        return
    subject = subject_at(text, clause.start, clause.end, speaker, names, antecedent)
    if subject is None or _NOT_ONLY.search(text, clause.start, clause.end):
        return
    verb = verb_at(text, subject.end, clause.end, subject.tail)
    if verb is None or not _agrees(subject, verb):
        return
    stop = clause.end
    cuts = [
        (end, start)
        for end, start in sentences.joins(text, verb.end, clause.end)
        if continues(text, start, clause.end, verb.tense)
    ]
    if cuts:
        stop = cuts[0][0]
    yield from _stated(text, clause, subject, verb, stop, said_at, speaker)
    if re.search(r"\bto\b", text[verb.end : stop]) and verb.base in (
        "want",
        "need",
        "decide",
        "try",
        "have",
        "plan",
    ):
        return
    if subject.tail or verb.tense not in ("bare", "present", "past") or verb.denied:
        return
    for number, (_, start) in enumerate(cuts):
        stop = cuts[number + 1][0] if number + 1 < len(cuts) else clause.end
        second = verb_at(text, start, stop)
        if second is None or second.tense != verb.tense:
            return
        yield from _stated(
            text, replace(clause, start=start), subject, second, stop, said_at, speaker
        )


def _agrees(subject: Subject, verb: Verb) -> bool:
    """Whether the verb's form is one that the subject can have."""
    if subject.kind in ("speaker", "we"):
        return verb.tense != "present" or verb.base in ("be", "have") or verb.word != _third(verb)
    if subject.plural:
        return verb.tense != "present" or verb.base in ("be", "have") or verb.word != _third(verb)
    return verb.tense != "bare"


def _third(verb: Verb) -> str:
    return verb.word if verb.word.endswith("s") and verb.word != verb.base else ""


def _stated(
    text: str,
    clause: Clause,
    subject: Subject,
    verb: Verb,
    stop: int,
    said_at: datetime,
    speaker: str | None,
) -> Iterator[tuple[Claim, Subject]]:
    begin = clause.start
    own = text[begin:stop]
    aside = _ASIDE.search(own)  # "who has done so since 1970" is not about the claim
    if aside:
        own = own[: aside.start()]
    when = bounds(f"{clause.lead} {own}" if clause.lead else own, said_at)
    if speaker is None and not _YEAR.search(when.phrase):
        when = Bounds()  # a document: nobody knows when "in March" was written
    drafts = _drafts(text, subject, verb, stop)
    if not drafts:
        event = events.read(text, subject, verb, stop, when, said_at)
        drafts = [event] if event else []
    kin = being.named_kin(subject) if speaker is not None else None
    if kin is not None:
        drafts.append(replace(kin, timed=True))
    for found in drafts:
        draft = _dated(found, when)
        of = _whose(draft, subject, speaker)
        if of is not None and (draft.timed or _timely(draft, when)):
            yield _claim(text, clause, subject, draft, of, stop, when, said_at, speaker), subject


def _dated(draft: Draft, when: Bounds) -> Draft:
    """A visit or a degree with its date, where the clause names one."""
    if draft.relation not in ("visited", "graduated_from") or when.span is None or draft.denied:
        return draft
    return replace(
        draft,
        says=f"{draft.says} ({day_words(when.span)})",
        timed=True,
        valid_from=when.span.start,
        valid_to=when.span.end if draft.relation == "visited" else None,
    )


def _drafts(text: str, subject: Subject, verb: Verb, stop: int) -> list[Draft]:
    if verb.base == "be":
        return being.read(text, subject, verb, stop)
    stand = _CANNOT_STAND.match(text, verb.word_start - 1, stop) if verb.modal == "can" else None
    if stand and verb.denied:
        piece = objects.cut(text, stand.end(), stop)
        if (
            piece
            and objects.plain(text[piece[0] : piece[1]])
            and objects.known_thing(text[piece[0] : piece[1]])
        ):
            return [Draft("dislikes", *piece, says=f"can't stand {text[piece[0] : piece[1]]}")]
        return []
    if verb.base in ("get", "give") and verb.tense in ("past", "perfect") and not verb.denied:
        rid = _RID.match(text, verb.end, stop)
        if rid:
            piece = objects.cut(text, rid.end(), stop)
            if piece is None or not rules.owned_before(text[piece[0] : piece[1]]):
                return []
            verb_words = "got rid of" if verb.base == "get" else "gave away"
            return [
                Draft("owns", *piece, denied=True, change="ends", begins=True,
                      says=f"{verb_words} {text[piece[0] : piece[1]]}")
            ]  # fmt: skip
    if subject.kind == "thing" and not (verb.base == "use" and _TEAM.search(subject.noun)):
        return []
    return rules.read(text, verb, stop)


def _whose(draft: Draft, subject: Subject, speaker: str | None) -> str | None:
    """Whom the claim is about: the clause's subject, or the one that the subject belongs to."""
    if draft.subject == "speaker":
        return speaker
    if draft.subject == "owner":
        return subject.text.partition("'s ")[0] if "'s " in subject.text else None
    return subject.text


def _timely(draft: Draft, when: Bounds) -> bool:
    """Whether the time that the clause names can be that of the claim."""
    return not (draft.begins and when.until is not None)


def _claim(
    text: str,
    clause: Clause,
    subject: Subject,
    draft: Draft,
    of: str,
    stop: int,
    when: Bounds,
    said_at: datetime,
    speaker: str | None,
) -> Claim:
    valid_from, valid_to = draft.valid_from, draft.valid_to
    if not draft.timed:
        valid_from, valid_to = _validity(draft, when, said_at)
    value = draft.value or text[draft.start : draft.end]
    says = draft.says or predicate(
        draft.relation,
        value,
        denied=draft.denied,
        past=draft.past,
        ended=draft.change == "ends",
        link=draft.link,
    )
    if speaker is not None:
        says = _MY_INSIDE.sub(possessive("the user" if speaker == "user" else speaker), says)
    if subject.plural and of == subject.text:
        says = plural_of(says)
    end = max(stop if stop - clause.start < 240 else draft.end, draft.end)
    while end > draft.end and text[end - 1].isspace():
        end -= 1
    return Claim(
        start=min(clause.start, draft.start),
        end=end,
        subject=of,
        relation=draft.relation,
        object=value,
        statement=f"{shown(of)} {says}.",
        denied=draft.denied,
        certainty=min(clause.certainty, draft.certainty),
        valid_from=valid_from,
        valid_to=valid_to,
        change=draft.change,
    )


def _validity(
    draft: Draft, when: Bounds, said_at: datetime
) -> tuple[datetime | None, datetime | None]:
    """From when to when it holds, as far as the words say."""
    if draft.past:
        if when.span is not None:
            return when.span.start, min(when.span.end, said_at)
        if when.until is not None:
            return None, when.until
        return when.since, said_at
    if draft.begins and when.span is not None and when.span.start <= said_at:
        return when.span.start, None
    if draft.begins:
        return None, None
    return when.since, when.until


def _reminder(
    text: str, clause: Clause, at: int, speaker: str, said_at: datetime
) -> Iterator[tuple[Claim, Subject]]:
    piece = objects.cut(text, at, clause.end)
    if piece is None or not objects.plain(text[piece[0] : piece[1]], 10):
        return
    value = text[piece[0] : piece[1]]
    when = bounds(text[at : clause.end], said_at)
    span = when.span
    subject = Subject(speaker, "speaker", clause.start, at)
    draft = Draft(
        "to_do", *piece, says=f"asked to be reminded to {value}", timed=True,
        valid_from=span.start if span else None, valid_to=span.end if span else None,
    )  # fmt: skip
    yield _claim(text, clause, subject, draft, speaker, clause.end, when, said_at, speaker), subject
