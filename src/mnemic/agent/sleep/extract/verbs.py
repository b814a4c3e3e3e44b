"""Verb groups: the words after a subject → tense, polarity, adverbs and the main verb."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from mnemic.agent.sleep.extract import words

Tense = Literal["present", "progressive", "perfect", "past", "used", "future", "modal", "bare"]

_IRREGULAR = (
    "be was been,become became become,begin began begun,bite bit bitten,break broke broken,"
    "bring brought brought,build built built,burn burnt burnt,buy bought bought,catch caught caught,"
    "choose chose chosen,come came come,cost cost cost,cut cut cut,deal dealt dealt,do did done,"
    "draw drew drawn,drink drank drunk,drive drove driven,eat ate eaten,fall fell fallen,"
    "feed fed fed,feel felt felt,fight fought fought,find found found,fly flew flown,"
    "forget forgot forgotten,get got gotten,give gave given,go went gone,grow grew grown,"
    "have had had,hear heard heard,hide hid hidden,hit hit hit,hold held held,hurt hurt hurt,"
    "keep kept kept,know knew known,lead led led,leave left left,lend lent lent,let let let,"
    "lie lay lain,lose lost lost,make made made,mean meant meant,meet met met,pay paid paid,"
    "put put put,quit quit quit,read read read,ride rode ridden,ring rang rung,rise rose risen,"
    "run ran run,say said said,see saw seen,sell sold sold,send sent sent,set set set,"
    "shake shook shaken,shoot shot shot,shut shut shut,sing sang sung,sit sat sat,"
    "sleep slept slept,speak spoke spoken,spend spent spent,stand stood stood,"
    "steal stole stolen,swim swam swum,take took taken,teach taught taught,tear tore torn,"
    "tell told told,think thought thought,throw threw thrown,understand understood understood,"
    "wake woke woken,wear wore worn,win won won,write wrote written"
)
PAST_OF = {forms.split()[0]: forms.split()[1] for forms in _IRREGULAR.split(",")}
_PARTICIPLE_OF = {forms.split()[0]: forms.split()[2] for forms in _IRREGULAR.split(",")}
_REGULAR = (
    "prepare train schedule graduate weigh deploy run need want hope decide try live reside move relocate work study love like enjoy adore hate loathe detest despise prefer "
    "own play use learn stop start switch migrate retire marry divorce turn join adopt resign visit "
    "attend finish complete change practice practise avoid collect train graduate celebrate order "
    "watch walk hike cook bake paint jog travel volunteer commute book sign submit open close cancel "
    "smoke run arrange register pick discuss talk call chat check renew plant repair install clean return "
    "arrive pass smoke receive borrow apply participate present organize organise host interview"
)


def third_of(base: str) -> str:
    """The form after he or she: "goes", "studies"."""
    special = {"have": "has", "be": "is", "do": "does", "go": "goes"}
    if base in special:
        return special[base]
    if base.endswith(("s", "x", "z", "ch", "sh", "o")):
        return base + "es"
    if base.endswith("y") and base[-2:-1] not in "aeiou":
        return base[:-1] + "ies"
    return base + "s"


_DOUBLE = words.of(
    "begin cut get hit let put quit run set shut sit stop swim win chat plan prefer jog"
)


def plural_of(says: str) -> str:
    """A predicate for more than one: "loves tea" → "love tea"."""
    verb, space, rest = says.partition(" ")
    special = {"is": "are", "was": "were", "has": "have", "does": "do"}
    if verb == "no" and rest.startswith("longer "):
        return f"no longer {plural_of(rest.removeprefix('longer '))}"
    if verb in HABITUAL:
        return f"{verb} {plural_of(rest)}"
    return (
        special.get(verb) or FORMS.get(verb, {}).get("third", verb)
        if not space
        else ((special.get(verb) or FORMS.get(verb, {}).get("third", verb)) + space + rest)
    )


def _ing_of(base: str) -> str:
    if base in _DOUBLE:
        return base + base[-1] + "ing"
    if base == "lie":
        return "lying"
    if base.endswith("e") and not base.endswith(("ee", "ye", "oe")) and base != "be":
        return base[:-1] + "ing"
    return base + "ing"


def _past_of(base: str) -> str:
    if base in PAST_OF:
        return PAST_OF[base]
    if base in _DOUBLE:
        return base + base[-1] + "ed"
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2:-1] not in "aeiou":
        return base[:-1] + "ied"
    return base + "ed"


Form = Literal["base", "third", "past", "participle", "ing"]
FORMS: dict[str, dict[str, str]] = {}
"""Form → {what form it is: the plain verb}."""
for _verb in (*PAST_OF, *_REGULAR.split()):
    for _form, _what in (
        (_verb, "base"),
        (third_of(_verb), "third"),
        (_past_of(_verb), "past"),
        (_PARTICIPLE_OF.get(_verb) or _past_of(_verb), "participle"),
        (_ing_of(_verb), "ing"),
    ):
        FORMS.setdefault(_form, {})[_what] = _verb

ADVERBS = words.of("really just also still now currently already always usually often sometimes recently actually "
    "finally only even absolutely definitely truly both all too mostly mainly generally normally "
    "typically regularly basically honestly presently originally first then again totally "
    "completely especially particularly simply quite so very much kind sort fully primarily "
    "officially lately today ever long certainly personally occasionally frequently previously "
    "formerly once soon eventually later thoroughly deeply quietly happily proudly myself daily")  # fmt: skip
HEDGES = words.of("probably maybe perhaps possibly apparently presumably supposedly likely")
HABITUAL = words.of("always usually often regularly normally typically generally frequently")
_SELDOM = words.of("hardly barely scarcely rarely seldom almost nearly")
_MODALS = words.of("would could should may might must shall ought can cannot")
_WORD = re.compile(r"\s*([A-Za-z]+(?:['’][a-z]{1,2})?)")
_WORDS_MAX = 12


@dataclass(frozen=True, slots=True)
class Verb:
    """The verb of a clause; `start` is where its first word begins, `end` where its last one ends.

    `base` is the plain form where it is known; `word` the form that stands there.
    """

    base: str
    word: str
    tense: Tense
    start: int
    end: int
    word_start: int
    denied: bool = False
    modal: str = ""
    adverbs: tuple[str, ...] = ()
    hedged: bool = False

    @property
    def ended(self) -> bool:
        """Whether the verb itself says "no longer"."""
        return "no longer" in self.adverbs


def verb_at(text: str, at: int, stop: int, opening: str = "") -> Verb | None:
    """The verb group that begins at a place, or None where there is none that is understood.

    Args:
        text: the episode.
        at: where the subject ends.
        stop: where the clause ends.
        opening: what hangs on the subject: "m", "ve", "ll", "d", "re", "s".
    """
    auxiliary = {"m": "be", "re": "be", "s": "be", "ve": "have", "ll": "will", "d": "modal"}.get(
        opening, ""
    )
    denied = hedged = been = False
    tense_word = {"be": "present", "modal": "would"}.get(auxiliary, "")
    adverbs: list[str] = []
    begin = -1
    place = at
    last_aux: tuple[str, int, int] | None = ("be", at, at) if auxiliary == "be" else None
    for _ in range(_WORDS_MAX):
        match = _WORD.match(text, place, stop)
        if match is None:
            break
        word = match[1].lower().replace("’", "'")
        if begin < 0:
            begin = match.start(1)
        if word.endswith("n't") or word in ("cannot", "dont", "doesnt", "didnt", "cant"):
            denied = True
            word = {"won't": "will", "can't": "can", "cannot": "can", "cant": "can"}.get(
                word, word.removesuffix("n't").removesuffix("nt")
            )
        if word == "not":
            denied = True
        elif word == "never":
            denied = True
            adverbs.append("never")
        elif word == "no" and (longer := re.compile(r"\s+longer\b").match(text, match.end(), stop)):
            denied = True
            adverbs.append("no longer")
            place = longer.end()
            continue
        elif word in _SELDOM:
            return None
        elif word in HEDGES:
            hedged = True
        elif word in ADVERBS and not (word in ("kind", "sort", "much", "all") and last_aux):
            adverbs.append(word)
            if word in ("kind", "sort"):
                of = re.compile(r"\s+of\b").match(text, match.end(), stop)
                if of is None:
                    return None
                place = of.end()
                continue
        elif word in ("am", "is", "are", "was", "were"):
            if auxiliary:
                return None
            auxiliary, tense_word = "be", "past" if word in ("was", "were") else "present"
            last_aux = ("be", match.start(1), match.end(1))
        elif word == "been" and auxiliary == "have":
            been = True
            last_aux = ("be", match.start(1), match.end(1))
        elif word in ("have", "has", "had") and not auxiliary:
            auxiliary, tense_word = "have", "past" if word == "had" else "present"
            last_aux = ("have", match.start(1), match.end(1))
        elif word in ("do", "does", "did") and not auxiliary:
            auxiliary, tense_word = "do", "past" if word == "did" else "present"
            last_aux = ("do", match.start(1), match.end(1))
        elif word in _MODALS and not auxiliary:
            auxiliary, tense_word = "modal", word
        elif word == "will" and not auxiliary:
            auxiliary, tense_word = "will", word
        elif word == "used" and not auxiliary and _to(text, match.end(), stop):
            auxiliary, tense_word = "used", "used"
            place = _to(text, match.end(), stop)
            continue
        elif (
            word in ("going", "gonna", "planning", "planned")
            and auxiliary == "be"
            and not been
            and ((to := _to(text, match.end(), stop)) or word == "gonna")
        ):
            following = _WORD.match(text, to or match.end(), stop)
            if following is not None and _is_base(following[1]):
                if tense_word == "past":  # "was going to" did not come about, or is over
                    return None
                auxiliary, last_aux = "will", None
                place = to or match.end()
                continue
            return _main(
                text,
                word,
                match,
                auxiliary,
                tense_word,
                been,
                denied,
                hedged,
                adverbs,
                begin,
                last_aux,
                place,
            )
        else:
            return _main(
                text,
                word,
                match,
                auxiliary,
                tense_word,
                been,
                denied,
                hedged,
                adverbs,
                begin,
                last_aux,
                place,
            )
        place = match.end()
    return _auxiliary_alone(last_aux, been, tense_word, denied, hedged, adverbs, begin, place)


def _to(text: str, at: int, stop: int) -> int:
    found = _TO.match(text, at, stop)
    return found.end() if found else 0


_TO = re.compile(r"\s+to\b")
_NOT_BASES = words.of("the a an my our his her their this that some any no it work school")


def _is_base(word: str) -> bool:
    return (
        word.islower()
        and word not in _NOT_BASES
        and ("base" in FORMS.get(word, {}) or not word.endswith(("s", "ed", "ing")))
    )


def _auxiliary_alone(
    last: tuple[str, int, int] | None,
    been: bool,
    tense: str,
    denied: bool,
    hedged: bool,
    adverbs: list[str],
    begin: int,
    place: int,
) -> Verb | None:
    """To be, to have, to do as the main verb, with the complement right behind."""
    if last is None:
        return None
    base, start, end = last
    of: Tense = "perfect" if been else ("past" if tense == "past" else "present")
    begin = start if begin < 0 else min(begin, start)
    return Verb(base, base, of, begin, max(end, place), start, denied, "", tuple(adverbs), hedged)


def _main(
    text: str,
    word: str,
    match: re.Match[str],
    auxiliary: str,
    tense: str,
    been: bool,
    denied: bool,
    hedged: bool,
    adverbs: list[str],
    begin: int,
    last: tuple[str, int, int] | None,
    place: int,
) -> Verb | None:
    forms = FORMS.get(word, {})
    begin = match.start(1) if begin < 0 else min(begin, match.start(1))
    of: Tense
    base: str | None = None
    modal = ""
    if auxiliary == "be" or been:
        ing = forms.get("ing") or (word[:-3] if word.endswith("ing") and len(word) > 5 else None)
        if ing is None or (word not in FORMS and _adjective(word)):
            return _auxiliary_alone(last, been, tense, denied, hedged, adverbs, begin, place)
        base, of = ing, "past" if tense == "past" and not been else "progressive"
    elif auxiliary == "have":
        base = forms.get("participle") or (word if word.endswith("ed") and len(word) > 4 else None)
        if base is None and word == "got":
            base, of = "have", "present"
        elif base is None or (base == word and forms and "past" not in forms and base not in _SAME):
            if word == "to":
                return None
            return _auxiliary_alone(last, been, tense, denied, hedged, adverbs, begin, place)
        else:
            if tense == "past":
                return None
            of = "perfect"
    elif auxiliary == "do":
        if "base" not in forms and not denied:  # "do heavy work"
            return _auxiliary_alone(last, been, tense, denied, hedged, adverbs, begin, place)
        base = forms.get("base") or word
        of = "past" if tense == "past" else "present"
    elif auxiliary in ("will", "modal", "used"):
        base = forms.get("base") or word
        of = {"will": "future", "modal": "modal", "used": "used"}[auxiliary]  # type: ignore[assignment]
        modal = tense if auxiliary == "modal" else ""
    elif "past" in forms and "base" not in forms:
        base, of = forms["past"], "past"
    elif "third" in forms:
        base, of = forms["third"], "present"
    elif "base" in forms:
        base, of = forms["base"], "bare"
    elif word.endswith("ed") and len(word) > 4:
        base, of = word, "past"
    else:
        base, of = word, "bare"
    return Verb(
        base, word, of, begin, match.end(1), match.start(1), denied, modal, tuple(adverbs), hedged
    )


_SAME = words.of("come run become")


def _adjective(word: str) -> bool:
    return word in words.of(
        "interesting exciting amazing boring tiring charming outstanding willing caring loving "
        "nothing something anything everything during morning evening ring king string"
    )


# A plain form after "and" may be a noun ("self-acceptance and love theme").
_OBJECT_FOLLOWS = re.compile(
    r"\s+(?:an?|the|my|our|to|in|at|as|for|with|on|from|about|not|no|two|three|four|\w+ing)\b|\s+[A-Z0-9]"
)
_AGREES = {"present": ("base", "third"), "bare": ("base",), "past": ("past",)}


def continues(text: str, at: int, stop: int, of: Tense) -> bool:
    """Whether a verb of the same tense begins here, so that "and" joins two statements."""
    match = _WORD.match(text, at, stop)
    while match is not None and match[1].lower() in ADVERBS:
        match = _WORD.match(text, match.end(), stop)
    if match is None or of not in _AGREES:
        return False
    forms = FORMS.get(match[1].lower(), {})
    if of == "past" and "base" in forms:
        return False
    if of != "past" and not _OBJECT_FOLLOWS.match(text, match.end(), stop):
        return False
    return any(form in forms for form in _AGREES[of])
