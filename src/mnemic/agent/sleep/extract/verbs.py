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


_OPENINGS = {"m": "be", "re": "be", "s": "be", "ve": "have", "ll": "will", "d": "modal"}
_GLUED_NOT = {
    "cannot": "can", "dont": "do", "doesnt": "does", "didnt": "did", "cant": "can", "won't": "will",
    "can't": "can", "shan't": "shall",
}  # fmt: skip
_LONGER = re.compile(r"\s+longer\b")
_OF = re.compile(r"\s+of\b")
_TO = re.compile(r"\s+to\b")
_NOT_BASES = words.of(
    "the a an my our his her their this that some any no it work school home bed church"
)
_NOT_VERBS = words.of(
    "interesting exciting amazing boring tiring charming outstanding willing caring loving nothing "
    "something anything everything during morning evening ring king string"
)


class _Group:
    """A verb group while it is read, word by word."""

    __slots__ = (
        "adverbs", "auxiliary", "been", "begin", "denied", "hedged", "last", "place", "stop", "tense",
        "text",
    )  # fmt: skip

    def __init__(self, text: str, at: int, stop: int, opening: str) -> None:
        self.text, self.place, self.stop = text, at, stop
        self.auxiliary = _OPENINGS.get(opening, "")
        self.tense = {"be": "present", "modal": "would"}.get(self.auxiliary, "")
        self.last: tuple[str, int, int] | None = ("be", at, at) if self.auxiliary == "be" else None
        self.adverbs: list[str] = []
        self.denied = self.hedged = self.been = False
        self.begin = -1

    def read(self) -> Verb | None:
        """Word after word: adverbs and auxiliaries, up to the main verb."""
        for _ in range(_WORDS_MAX):
            match = _WORD.match(self.text, self.place, self.stop)
            if match is None:
                break
            word = self._plain(match[1].lower().replace("’", "'"))
            if self.begin < 0:
                self.begin = match.start(1)
            if word in _SELDOM:
                return None
            end = self._adverb(word, match) or self._auxiliary(word, match)
            if end == _REFUSED:
                return None
            if not end:
                return self._main(word, match)
            self.place = end
        return self._alone()

    def _plain(self, word: str) -> str:
        """The word without a "not" that hangs on it."""
        if word not in _GLUED_NOT and not word.endswith("n't"):
            return word
        self.denied = True
        return _GLUED_NOT.get(word) or word.removesuffix("n't")

    def _adverb(self, word: str, match: re.Match[str]) -> int:
        """Where reading goes on after an adverb; 0 where the word is none."""
        end = match.end()
        if word == "not":
            self.denied = True
        elif word == "never":
            self.denied = True
            self.adverbs.append(word)
        elif word == "no":
            longer = _LONGER.match(self.text, end, self.stop)
            if longer is None:
                return 0
            self.denied = True
            self.adverbs.append("no longer")
            end = longer.end()
        elif word in HEDGES:
            self.hedged = True
        elif word in ("kind", "sort"):
            of = None if self.last else _OF.match(self.text, end, self.stop)
            if of is None:
                return 0
            end = of.end()
        elif word in ADVERBS and not (word in ("much", "all") and self.last):
            self.adverbs.append(word)
        else:
            return 0
        return end

    def _auxiliary(self, word: str, match: re.Match[str]) -> int:
        """Where reading goes on after an auxiliary; 0 where the word is none."""
        begin, end = match.span(1)
        if word in ("am", "is", "are", "was", "were"):
            if self.auxiliary:
                return _REFUSED
            self._take("be", "past" if word in ("was", "were") else "present", begin, end)
        elif word == "been" and self.auxiliary == "have":
            self.been, self.last = True, ("be", begin, end)
        elif word in ("have", "has", "had") and not self.auxiliary:
            self._take("have", "past" if word == "had" else "present", begin, end)
        elif word in ("do", "does", "did") and not self.auxiliary:
            self._take("do", "past" if word == "did" else "present", begin, end)
        elif word in _MODALS and not self.auxiliary:
            self.auxiliary, self.tense = "modal", word
        elif word == "will" and not self.auxiliary:
            self.auxiliary, self.tense = "will", word
        elif word == "used" and not self.auxiliary and (to := self._to(end)):
            self.auxiliary, self.tense = "used", "used"
            return to
        elif word in ("going", "gonna", "planning", "planned"):
            return self._intent(word, end)
        else:
            return 0
        return end

    def _take(self, base: str, tense: str, begin: int, end: int) -> None:
        self.auxiliary, self.tense, self.last = base, tense, (base, begin, end)

    def _to(self, at: int) -> int:
        found = _TO.match(self.text, at, self.stop)
        return found.end() if found else 0

    def _intent(self, word: str, end: int) -> int:
        """Where reading goes on behind "going to" before a verb; "going to Rome" is itself a verb."""
        to = self._to(end)
        if self.auxiliary != "be" or self.been or not (to or word == "gonna"):
            return 0
        following = _WORD.match(self.text, to or end, self.stop)
        if following is None or not _is_base(following[1]):
            return 0
        if self.tense == "past":  # "was going to" did not come about, or is over
            return _REFUSED
        self.auxiliary, self.last = "will", None
        return to or end

    def _alone(self) -> Verb | None:
        """To be, to have, to do as the main verb, with the complement right behind."""
        if self.last is None:
            return None
        base, start, end = self.last
        of: Tense = "perfect" if self.been else ("past" if self.tense == "past" else "present")
        begin = start if self.begin < 0 else min(self.begin, start)
        return Verb(
            base, base, of, begin, max(end, self.place), start, self.denied, "",
            tuple(self.adverbs), self.hedged,
        )  # fmt: skip

    def _main(self, word: str, match: re.Match[str]) -> Verb | None:
        forms = FORMS.get(word, {})
        if self.auxiliary == "be" or self.been:
            found = self._after_be(word, forms)
        elif self.auxiliary == "have":
            if word == "to":
                return None
            found = self._after_have(word, forms)
            if found and found[1] == "perfect" and self.tense == "past":
                return None
        elif self.auxiliary == "do":
            plain = "base" in forms or self.denied  # else "do heavy work"
            of: Tense = "past" if self.tense == "past" else "present"
            found = (forms.get("base") or word, of) if plain else None
        elif self.auxiliary in _LED_BY:
            found = forms.get("base") or word, _LED_BY[self.auxiliary]
        else:
            found = _finite(word, forms)
        if found is None:
            return self._alone()
        return Verb(
            found[0], word, found[1], min(self.begin, match.start(1)), match.end(1), match.start(1),
            self.denied, self.tense if self.auxiliary == "modal" else "", tuple(self.adverbs),
            self.hedged,
        )  # fmt: skip

    def _after_be(self, word: str, forms: dict[str, str]) -> tuple[str, Tense] | None:
        ing = forms.get("ing") or (word[:-3] if word.endswith("ing") and len(word) > 5 else None)
        if ing is None or (word not in FORMS and word in _NOT_VERBS):
            return None
        return ing, "past" if self.tense == "past" and not self.been else "progressive"

    def _after_have(self, word: str, forms: dict[str, str]) -> tuple[str, Tense] | None:
        base = forms.get("participle") or (word if word.endswith("ed") and len(word) > 4 else None)
        if base is None:
            return ("have", "present") if word == "got" else None
        if base == word and forms and "past" not in forms and base not in _SAME:
            return None
        return base, "perfect"


_REFUSED = -1
_LED_BY: dict[str, Tense] = {"will": "future", "modal": "modal", "used": "used"}


def verb_at(text: str, at: int, stop: int, opening: str = "") -> Verb | None:
    """The verb group that begins at a place, or None where there is none that is understood.

    Args:
        text: the episode.
        at: where the subject ends.
        stop: where the clause ends.
        opening: what hangs on the subject: "m", "ve", "ll", "d", "re", "s".
    """
    return _Group(text, at, stop, opening).read()


def _is_base(word: str) -> bool:
    return (
        word.islower()
        and word not in _NOT_BASES
        and ("base" in FORMS.get(word, {}) or not word.endswith(("s", "ed", "ing")))
    )


def _finite(word: str, forms: dict[str, str]) -> tuple[str, Tense]:
    """The plain verb and the tense of a form that stands without an auxiliary."""
    if "past" in forms and "base" not in forms:
        return forms["past"], "past"
    if "third" in forms:
        return forms["third"], "present"
    if "base" in forms:
        return forms["base"], "bare"
    return word, "past" if word.endswith("ed") and len(word) > 4 else "bare"


_SAME = words.of("come run become")


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
