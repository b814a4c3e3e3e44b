"""What is planned or done on a date, and what is done as a rule."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from mnemic.agent.sleep.extract import objects, words
from mnemic.agent.sleep.extract.drafts import Draft
from mnemic.agent.sleep.extract.subjects import Subject
from mnemic.agent.sleep.extract.times import Bounds, day_words, short
from mnemic.agent.sleep.extract.verbs import FORMS, HABITUAL, PAST_OF, Verb, third_of

_I = re.IGNORECASE
_WORD = re.compile(r"[\w'’-]+")
_WORDS_MAX = 14
_FAR = timedelta(days=280)
_UNCLEAR = re.compile(
    r"\b(?:it|its|this|that|these|those|there|here|he|she|they|him|them|his|their|her|you|your|yours|I|me|us|"
    r"we|myself|something|someone|somewhere|things?|stuff|how|what|why|which|one|ones|same|other|another|"
    r"would|could|should|will|planning|hoping|trying|wondering|is|are|was|were|am)\b",
    _I,
)
_MY = re.compile(r"\b(?:my|our)\b", _I)
_LOOSE = re.compile(
    r"\b(?:on|in|at|for|of|with|to|and|or|the|a|an|by|from|during|about|as|around|my|our|again|finally|really|quickly|slowly|just|together\s+with|called|named|titled|such|so|so\s+many|to\s+(?:see|discuss|do|get|make))$",
    _I,
)
_NO_EVENT = words.of(
    "be think feel want need like love hate hope know believe guess see look seem wonder mean say tell ask hear try "
    "decide realize realise notice plan expect wish worry find understand remember forget have let keep "
    "suggest encounter experience face enjoy love adore need run-into end work live recommend appreciate care mind sound agree help"
)
_READYING = words.of("prepare wait save train practise practice study work learn plan aim consider")
_ALSO_NO_PLAN = words.of("let try be see think check look keep definitely consider share tell ask")
_NO_PLAN = words.of("feel need want have like love know believe understand seem look become be")
_DATED_NOUN = re.compile(
    r"\s+(?P<what>(?:an?|my|our)\s+(?:[\w'-]+\s+){0,4}?(?:appointment|meeting|exam|interview|flight|wedding|concert|surgery|"
    r"party|conference|presentation|check-?up|trip|class|rehearsal|date|deadline|match|race|reservation))\b",
    _I,
)


def read(
    text: str, subject: Subject, verb: Verb, stop: int, when: Bounds, said_at: datetime
) -> Draft | None:
    """A plan or a deed with its date, or a habit; None where there is no date or no plain one."""
    if verb.denied or verb.tense == "modal":
        return None
    if verb.tense == "used":
        return _former_habit(text, subject, verb, stop)
    if when.span is not None and short(when.span):
        return _plan(text, subject, verb, stop, when, said_at) or _deed(
            text, subject, verb, stop, when, said_at
        )
    if when.said or subject.kind == "thing":
        return None
    return _habit(text, subject, verb, stop)


def _plan(
    text: str, subject: Subject, verb: Verb, stop: int, when: Bounds, said_at: datetime
) -> Draft | None:
    if when.span is None or when.span.end <= said_at or subject.kind == "thing":
        return None
    if when.span.start - said_at > _FAR and not re.search(r"\d{4}|year", when.phrase):
        return None  # a date without a year that lies behind, told as if it lay ahead
    if verb.base == "have" and verb.tense in ("bare", "present"):
        noun = _DATED_NOUN.match(text, verb.end, stop)
        if noun is None or _UNCLEAR.search(noun["what"]):
            return None
        what = noun["what"]
        return Draft(
            "plans", noun.start("what"), noun.end("what"), says=f"has {what} ({day_words(when.span)})",
            valid_from=when.span.start, valid_to=when.span.end, timed=True,
        )  # fmt: skip
    if verb.tense == "future" and verb.base not in _ALSO_NO_PLAN | _NO_PLAN:
        found = _phrase(text, verb.word_start, stop, when)
        lead = "plans to "
    elif (
        verb.tense == "progressive"
        and when.span.start > said_at
        and verb.base not in _NO_EVENT | _READYING
        and verb.word != "going to"
    ):
        found = _phrase(text, verb.word_start, stop, when)
        lead = "is "
    else:
        return None
    if found is None:
        return None
    begin, end, value = found
    if len(value.split()) < 2:
        return None
    return Draft(
        "plans", begin, end, value=value, says=f"{lead}{value} ({day_words(when.span)})",
        certainty=0.6 if verb.hedged else 1.0,
        valid_from=when.span.start, valid_to=when.span.end, timed=True,
    )  # fmt: skip


def _deed(
    text: str, subject: Subject, verb: Verb, stop: int, when: Bounds, said_at: datetime
) -> Draft | None:
    if (
        when.span is None
        or when.span.start > said_at
        or verb.tense != "past"
        or subject.kind == "thing"
    ):
        return None
    if verb.base in _NO_EVENT:
        return None
    if verb.word.endswith("ing") or (
        verb.word not in PAST_OF.values() and not verb.word.endswith("ed")
    ):
        return None
    found = _phrase(text, verb.word_start, stop, when)
    if found is None:
        return None
    begin, end, value = found
    if len(value.split()) < 2:
        return None
    if verb.base == "plan":
        return None
    return Draft(
        "did", begin, end, value=value, says=f"{value} ({day_words(when.span)})",
        valid_from=when.span.start, valid_to=when.span.end, timed=True,
        certainty=0.6 if verb.hedged else 1.0,
    )  # fmt: skip


def _phrase(text: str, at: int, stop: int, when: Bounds) -> tuple[int, int, str] | None:
    """The verb with what it takes, its words of time left out."""
    cut = re.compile(
        r"[,:](?!\d)|\.\s|[;()\n]|\s[-–—]\s|[—–]|\s(?:because|but|so\s+(?:that|I|we|he|she|it|they|my|our|the)|which|who|where|when|while|although|though|since|until|after|before|as|that|than|and\s+(?:then|I|we|he|she|it|they|am|was|were|had|have|want|will|would|felt|found|realized|realised|is|are|it['’]s))\b"
    ).search(text, at, stop)
    if cut and cut[0].strip() == "that":
        return None
    end = cut.start() if cut else stop
    value = " ".join(text[at:end].split()).rstrip(" .!?")
    phrase = " ".join(when.phrase.split())
    if when.phrase and when.phrase in text[end:stop]:  # the time is that of something else
        return None
    before = text[max(at, text.find(when.phrase, at) - 12) : max(at, text.find(when.phrase, at))]
    if phrase and phrase in value and _TAKES_TIME.search(before + when.phrase.split()[0] + " "):
        return None
    if _OTHERS_TIME.search(text[at:end]) and phrase in value:
        place = value.find(phrase)
        if re.search(r"\s\w{3,20}ed\s*$", value[:place]) and " " in value[:place].strip():
            return None
    if len(re.findall('["“”]', value)) % 2:
        return None
    if phrase and re.search(rf"\b{re.escape(phrase)}(?:\s+(?:and|or)\b|['’])", value):
        return None
    if phrase and phrase in value and len(re.findall('["“”]', value.partition(phrase)[0])) % 2:
        return None
    if phrase and phrase in value:
        value = re.sub(rf"\s*\b{re.escape(phrase)}\b", "", value, count=1)
    value = " ".join(value.split()).rstrip(" ,.")
    while (loose := _LOOSE.search(value)) is not None and loose.start() > 0:
        value = value[: loose.start()].rstrip()
    found = _WORD.findall(value)
    if not 1 <= len(found) <= _WORDS_MAX or _UNCLEAR.search(value) or not found:
        return None
    if re.search(r"\b(?:today|yesterday|tomorrow|tonight|next|last|ago)\b", value, _I):
        return None
    if re.search(r"\b(?:some|any|more|again)$|\bnow\b", value) or (
        len(found) > 1 and objects.head(value.partition(" ")[2]) in words.DISCOURSE
    ):
        return None
    return at, end, value


_TAKES_TIME = re.compile(
    r"\b(?:to|for|from|until|till|by|of|with|about|since|starting|beginning|ending|due)\s+(?:\w+\s)?$",
    _I,
)
_OTHERS_TIME = re.compile(r"\w{3,20}ed\s")


def _habit(text: str, subject: Subject, verb: Verb, stop: int) -> Draft | None:
    how = next((word for word in verb.adverbs if word in HABITUAL), None)
    if how is None or verb.tense not in ("bare", "present") or verb.base in _NO_EVENT:
        return None
    if verb.tense == "bare" and verb.base != verb.word.lower():
        return None
    if subject.kind == "person" and verb.tense == "bare":
        return None
    if re.search(r"(?:ed|ing|ly)$", verb.base):
        return None
    piece = objects.cut(text, verb.end, stop)
    if piece is None:
        return None
    value = " ".join(text[verb.word_start : piece[1]].split())
    rest = text[piece[0] : piece[1]]
    if _DEPENDS.match(text, piece[1]) or objects.restricted(text, *piece, stop):
        return None
    if (
        not 2 <= len(_WORD.findall(value)) <= 10
        or _UNCLEAR.search(value)
        or re.match(r"(?:or|and)\b", rest)
    ):
        return None
    if words.SUPPORT & set(rest.lower().split()):
        return None
    third = f"{third_of(verb.base)} {rest}"
    return Draft(
        "habit",
        verb.word_start,
        piece[1],
        says=f"{how} {third}",
        certainty=0.6 if verb.hedged else 1.0,
    )


_DEPENDS = re.compile(r",?\s+(?:after|before|when|whenever|if|during|while|unless|but\s+now)\b", _I)


def _former_habit(text: str, subject: Subject, verb: Verb, stop: int) -> Draft | None:
    """I used to smoke."""
    if (
        subject.kind == "thing"
        or verb.base in _NO_EVENT
        or "base" not in FORMS.get(verb.word.lower(), {})
    ):
        return None
    found = objects.cut(text, verb.word_start, stop)
    if found is None or objects.restricted(text, *found, stop):
        return None
    value = text[found[0] : found[1]]
    if _UNCLEAR.search(value) or len(_WORD.findall(value)) > 8:
        return None
    return Draft("habit", *found, past=True, change="ends", says=f"used to {value}")
