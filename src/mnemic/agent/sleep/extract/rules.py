"""What verbs mean: verb → relation, what may follow, and what each tense says of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from mnemic.agent.facts.claims import Change
from mnemic.agent.sleep.extract import objects, words
from mnemic.agent.sleep.extract.drafts import Draft
from mnemic.agent.sleep.extract.verbs import PAST_OF, Verb

Mode = Literal["state", "begin", "end"]
Accepts = Callable[[str], bool]
_I = re.IGNORECASE


@dataclass(frozen=True, slots=True)
class Rule:
    """One reading of a verb.

    `after` is matched behind the verb, `accepts` judges the value's words. A "state" holds while the
    verb is in the present; "begin" and "end" happen, and are told in the past. `says` is the
    sentence's predicate where the relation's own would say more than the words do.
    """

    relation: str
    after: re.Pattern[str]
    accepts: Accepts
    mode: Mode = "state"
    says: str = ""
    many: bool = False
    commas: bool = False
    lasting: bool = False
    tenses: tuple[str, ...] = ()


def _rule(
    relation: str,
    after: str,
    accepts: Accepts,
    mode: Mode = "state",
    says: str = "",
    *,
    many: bool = False,
    commas: bool = False,
    lasting: bool = False,
    tenses: tuple[str, ...] = (),
) -> Rule:
    return Rule(
        relation, re.compile(after, _I), accepts, mode, says,
        many, commas, lasting, tenses,
    )  # fmt: skip


# -- what may stand as a value ---------------------------------------------------------------------


def _place(value: str) -> bool:
    if not objects.plain(value, 7):
        return False
    bare = re.sub(
        r"^(?:downtown|central|north(?:ern)?|south(?:ern)?|east(?:ern)?|west(?:ern)?|the)\s+",
        "",
        value,
    )
    return objects.is_proper(bare) or (
        re.match(r"(?:a|an|the|another)\s", value) is not None
        and objects.head(value) in words.PLACES
    )


def _organisation(value: str) -> bool:
    if not objects.plain(value, 7) or objects.head(value) in words.DISCOURSE:
        return False
    lower = value.lower()
    if lower in ("a company", "a firm", "a store", "a shop", "an office", "an agency"):
        return False
    if objects.is_proper(re.sub(r"^the\s+", "", value)):
        return True
    return re.match(r"(?:a|an)\s", lower) is not None and bool(
        set(re.findall(r"[\w-]+", lower)) & words.WORKPLACES
    )


def _workplace(value: str) -> bool:
    """After "work in": a town, a trade, a kind of workplace."""
    if not objects.plain(value, 6):
        return False
    lower = value.lower()
    if lower.startswith(("a ", "an ")):
        return objects.head(value) in words.WORKPLACES
    return lower in words.FIELDS or objects.head(value) in words.FIELDS or objects.is_proper(value)


def _job(value: str) -> bool:
    if not objects.plain(value, 8):
        return False
    return objects.head(value) in words.OCCUPATIONS


def _liked(value: str) -> bool:
    return (
        objects.plain(value.removeprefix("to "), 8)
        and objects.known_thing(value)
        and not _TOO_WIDE.match(value)
    )


_TOO_WIDE = re.compile(
    r"(?:\w+\s+)?(?:way|idea|sound|part|fact|moment|feeling|look|smile|time|people|life|work|suggestions?|"
    r"thought|question|answer|plan|story|movie|book|song|place|ones?|atmosphere|experience)\b(?!\s+\w)|hearing|seeing|"
    r"being|having|getting|talking\s+to|about|knowing|making\s+(?:sure|me)|to\s+(?:know|hear|see|be|think|say|ask|"
    r"thank|share|point|discuss|have|get|make|keep|do|talk|give|add|express|recommend|start)\b|spending\s+time$|"
    r"someone|people|working\s+with|chatting|feeling|how|what|when",
    _I,
)


def _done(value: str) -> bool:
    """A gerund after like or hate."""
    return objects.plain(value, 7) and not _TOO_WIDE.match(value)


def _thing(value: str) -> bool:
    if not objects.plain(value, 7) or not objects.known_thing(value):
        return False
    found = re.findall(r"[\w'-]+", value.lower())
    return not set(found) & words.CONSUMED and objects.head(value) not in words.DISCOURSE


def _task(value: str) -> bool:
    return _thing(value) and not re.fullmatch(
        r"(?:an?|my|our|the)\s+(?:new\s+|big\s+|small\s+|next\s+)?(?:project|problem|task|assignment)s?",
        value,
        _I,
    )


def _durable(value: str) -> bool:
    """Something bought that is likely to be kept."""
    return (
        re.match(r"(?:a|an|my|our|two|three|four|another|new)\s", value, _I) is not None
        and objects.plain(value, 7)
        and not set(re.findall(r"[\w'-]+", value.lower())) & words.CONSUMED
        and (objects.head(value) in words.POSSESSIONS or objects.head(value) in words.PETS)
    )


def _language(value: str) -> bool:
    found = re.sub(
        r"^(?:fluent|some|basic|a\s+(?:bit|little)\s+(?:of\s+)?|good|native)\s*", "", value.lower()
    )
    return found in words.LANGUAGES


def _played(value: str) -> bool:
    return (
        objects.plain(value, 4)
        and re.match(
            r"(?:a|an|with|around|some|my|music$|games?$|sports?$|it|along|part|role)\b", value, _I
        )
        is None
        and not re.search(r"\b(?:role|part|trick|joke|song|card|record|music)s?\b", value, _I)
    )


def _tool(value: str) -> bool:
    lower = value.lower()
    return (
        objects.plain(value, 4)
        and re.match(r"(?:a|an|the|my|some|any|to|those|more|less)\s", lower) is None
        and "'s" not in value.replace("’", "'")
        and (re.search(r"[A-Z0-9]", value) is not None or lower.split()[0] in words.TOOLS)
    )


def _medicine(value: str) -> bool:
    return objects.plain(value, 6) and (
        re.search(
            r"(?:\b(?:medication|medicine|pills?|tablets?|antibiotics|insulin|vitamins?|supplements?|"
            r"statins?|antidepressants?|antihistamines?|painkillers?|melatonin|iron|\d+\s?mg)\b|"
            r"(?:pril|olol|statin|formin|profen|cillin|prazole|sartan|xetine|traline|mycin|dipine|thyroxine)\b)",
            value,
            _I,
        )
        is not None
    )


def _subject_of_study(value: str) -> bool:
    return (
        objects.plain(value, 5)
        and re.match(
            r"(?:a|an|the|my|some|hard|harder|more|late|together|every|all|well|to)\b", value, _I
        )
        is None
        and objects.known_thing(value)
    )


def _school(value: str) -> bool:
    return objects.plain(value, 6) and objects.is_proper(re.sub(r"^(?:the|a)\s+", "", value))


def _company(value: str) -> bool:
    return objects.plain(value, 6) and objects.is_proper(value)


def _visited(value: str) -> bool:
    return objects.plain(value, 5) and objects.is_proper(re.sub(r"^the\s+", "", value))


def _own_business(value: str) -> bool:
    return re.match(r"(?:an?|my|our|the)\s", value, _I) is not None and _organisation(
        re.sub(r"^(?:my|our|the)\s+(?:own\s+)?", "a ", value)
    )


def _food(value: str) -> bool:
    return objects.plain(value, 4) and re.match(
        r"(?:much|many|a\s+lot|well|enough|breakfast|lunch|dinner|out|at|in|too|before|after|anything|the|until)\b",
        value, _I,
    ) is None  # fmt: skip


def _had(value: str) -> bool:
    """What "have" makes a lasting fact of: kin, animals, property, conditions, degrees."""
    if not objects.plain(value, 7):
        return False
    found = re.match(
        r"(?P<count>a|an|no|two|three|four|five|six|seven|1|2|3|4|5|6|7|another)?\s*(?P<rest>.+)",
        value,
    )
    main = objects.head(value)
    if found is None:
        return False
    if main in words.CONDITIONS:
        return True
    if not found["count"]:
        return False
    return main in words.POSSESSIONS or main in words.KIN_COUNTED or main in words.PETS


def _gone(value: str) -> bool:
    return (
        objects.plain(value, 6)
        and re.match(r"(?:my|our|the|both)\s", value, _I) is not None
        and objects.head(value) in words.POSSESSIONS | words.PETS
    )


def _vehicle(value: str) -> bool:
    return objects.plain(value, 5) and re.match(r"(?:a|an)\s", value) is not None


def _someone(value: str) -> bool:
    return objects.plain(value, 3) and objects.is_proper(value)


_DET = r"\s+(?=\S)"
_PRESENT = ("bare", "present")
_VERBING = r"\s+(?=\w{2,20}ing\b|to\s+\w)"
_LIVES = (
    _rule(
        "lives_in",
        r"\s+(?:alone\s+|happily\s+|together\s+)?(?:in|at|near|on|outside)\s+",
        _place,
        commas=True,
    ),
    _rule("lives_with", r"\s+with\s+(?=my\b)", lambda v: objects.plain(v, 5)),
)
_LIKES = (_rule("likes", _DET, _liked, many=True, tenses=(*_PRESENT, "progressive")),)
_HATES = (_rule("dislikes", _DET, _liked, many=True, tenses=_PRESENT),)
_LEFT_JOB = (
    _rule(
        "works_at",
        r"\s+(?:my\s+job\s+(?:at|with)|working\s+(?:at|for))\s+",
        _organisation,
        "end",
        "left a job at {o}",
    ),
    _rule("job", r"\s+", lambda v: v.lower() in ("my job", "my old job"), "end", "quit {o}"),
    _rule("uses", r"\s+using\s+", _tool, "end", "stopped using {o}"),
    _rule("habit", r"\s+(?=smoking|drinking|eating)(?:)", _done, "end", "stopped {o}"),
)

RULES: dict[str, tuple[Rule, ...]] = {
    "live": _LIVES,
    "reside": _LIVES[:1],
    "move": (
        _rule("uses", r"(?:\s+over)?\s+(?:from\s+\S+\s+)?to\s+(?=\S+)", lambda v: v.lower() in words.TOOLS, "begin", "moved to {o}"),
        _rule(
            "lives_in",
            r"\s+(?:here\s+|back\s+|house\s+)?(?:from\s+[A-Z][\w-]+(?:\s[A-Z][\w-]+)?\s+)?(?:to|into)\s+",
            _place, "begin", "moved to {o}", commas=True,
        ),
        _rule("lives_in", r"\s+(?:out\s+of|away\s+from)\s+", _place, "end", "moved out of {o}", commas=True),
    ),
    "relocate": (_rule("lives_in", r"\s+to\s+", _place, "begin", "moved to {o}", commas=True),),
    "come": (
        _rule("from", r"\s+(?:originally\s+)?from\s+", _place, commas=True, tenses=_PRESENT),
    ),
    "grow": (
        _rule("grew_up_in", r"\s+up\s+(?:in|near|on)\s+", _place, commas=True, lasting=True, tenses=("past",)),
    ),
    "work": (
        _rule("job", r"\s+(?:[\w-]+\s+)?as\s+", _job),
        _rule("works_at", r"\s+(?:(?:\w+ly|part-time|full-time|here|now)\s+)?(?:at|for)\s+", _organisation),
        _rule("works_in", r"\s+(?:\w+ly\s+)?in\s+", _workplace),
        _rule("works_on", r"\s+on\s+", _task, tenses=("progressive",)),
    ),
    "study": (
        _rule("studies_at", r"\s+(?:\w+\s+)?at\s+", _school),
        _rule("studies", _DET, _subject_of_study, tenses=(*_PRESENT, "progressive", "used")),
    ),
    "learn": (_rule("learns", r"\s+(?=(?:to\s+play\s+)?\w)", _subject_of_study, tenses=("progressive",)),),
    "teach": (_rule("teaches", _DET, _subject_of_study, tenses=(*_PRESENT, "progressive")),),
    "join": (_rule("works_at", r"\s+", _company, "begin", "joined {o}"),),
    "have": (_rule("has", _DET, _had),),
    "own": (_rule("owns", _DET, _thing),),
    "buy": (_rule("owns", r"\s+(?:myself\s+|ourselves\s+)?", _durable, "begin", "bought {o}"),),
    "get": (
        _rule("works_at", r"\s+(?:a|my)\s+(?:\w+\s+)?job\s+(?:at|with)\s+", _organisation, "begin", "got a job at {o}"),
        _rule("status", r"\s+", lambda v: v.lower() in ("married", "divorced", "engaged"), "begin", "got {o}"),
        _rule("owns", r"\s+(?:myself\s+|ourselves\s+)?", _durable, "begin", "got {o}"),
    ),
    "adopt": (_rule("has_pet", r"\s+", lambda v: objects.plain(v, 7) and objects.head(v) in words.PETS, "begin", "adopted {o}"),),
    "sell": (_rule("owns", r"\s+", _gone, "end", "sold {o}"),),
    "like": _LIKES,
    "love": _LIKES,
    "enjoy": _LIKES,
    "adore": _LIKES,
    "hate": _HATES,
    "loathe": _HATES,
    "detest": _HATES,
    "despise": _HATES,
    "prefer": (_rule("prefers", _DET, _liked, tenses=_PRESENT),),
    "speak": (_rule("speaks", r"\s+(?:(?:fluent|some|basic|a\s+(?:bit|little)(?:\s+of)?|good|native)\s+)?", _language, many=True, tenses=(*_PRESENT, "modal")),),
    "play": (_rule("plays", r"\s+", _played, many=True, tenses=(*_PRESENT, "modal", "used")),),
    "use": (_rule("uses", r"\s+", _tool, many=True),),
    "drive": (_rule("drives", r"\s+", _vehicle, tenses=_PRESENT),),
    "take": (_rule("takes", r"\s+", _medicine),),
    "read": (
        _rule("reads", r"\s+(?:an?|the)\s+(?:\w+\s+){0,2}(?:book|novel|series|memoir|biography)\s+(?:\w+\s+){0,3}(?:called|titled|named|entitled)\s+", _company, tenses=("progressive",)),
        _rule("reads", r"\s+(?:the\s+(?:book|novel)\s+|a\s+(?:book|novel)\s+called\s+)?", _company, tenses=("progressive",)),
    ),
    "eat": (_rule("diet", r"\s+", _food, tenses=(*_PRESENT, "used")),),
    "drink": (_rule("diet", r"\s+", _food, says="drinks {o}", tenses=_PRESENT),),
    "quit": _LEFT_JOB,
    "stop": _LEFT_JOB[2:],
    "leave": _LEFT_JOB[:2],
    "start": (
        _rule("works_at", r"\s+(?:to\s+work|working|a\s+new\s+job|a\s+job|my\s+new\s+job|my\s+job)\s+(?:at|for|with)\s+", _organisation, "begin", "started working at {o}"),
        _rule("uses", r"\s+using\s+", _tool, "begin", "started using {o}"),
        _rule("learns", r"\s+(?:learning|studying)\s+", _subject_of_study, "begin", "started learning {o}"),
    ),
    "switch": (
        _rule("uses", r"(?:\s+over)?\s+(?:from\s+(?:\S+\s+){1,3})?to\s+", _tool, "begin", "switched to {o}"),
    ),
    "migrate": (
        _rule("uses", r"(?:\s+\S+)?\s+(?:from\s+(?:\S+\s+){1,3})?to\s+", _tool, "begin", "switched to {o}"),
    ),
    "visit": (_rule("visited", r"\s+", _visited, says="visited {o}", commas=True, lasting=True, tenses=("past", "perfect")),),
    "graduate": (_rule("graduated_from", r"\s+(?:last\s+\w+\s+)?from\s+", _school, lasting=True, says="graduated from {o}", tenses=("past", "perfect")),),
    "collect": (_rule("collects", r"\s+", _liked, many=True, tenses=_PRESENT),),
    "weigh": (_rule("weighs", r"\s+(?:about\s+|around\s+)?(?=\d)", lambda v: re.fullmatch(r"\d[\d.,]*\s?(?:kg|kilos?|kilograms?|pounds|lbs?|stone)", v) is not None),),
    "run": (_rule("job", r"\s+", _own_business, says="runs {o}", tenses=_PRESENT),),
    "manage": (_rule("job", r"\s+", _own_business, says="manages {o}", tenses=_PRESENT),),
    "deploy": (_rule("uses", r"\s+(?:\w+\s+){0,2}(?:to|on)\s+", _tool, says="deploys to {o}", tenses=_PRESENT),),
    "decide": (_rule("uses", r"\s+to\s+(?:use|go\s+with|switch\s+to|move\s+to|adopt)\s+", _tool, "begin", "decided to use {o}"),),
    "choose": (_rule("uses", r"\s+", lambda v: v.lower().split()[0] in words.TOOLS, "begin", "chose {o}"),),
    "go": (_rule("uses", r"\s+with\s+", lambda v: v.lower().split()[0] in words.TOOLS, "begin", "went with {o}"),),
    "marry": (_rule("partner", r"\s+", _someone, "begin", "married {o}", lasting=True),),
    "turn": (
        _rule("age", r"\s+(?=\d{1,3}\b(?!\s*(?:%|percent|degrees|pages|o'clock|am|pm|:)))", lambda v: v.isdigit() and 0 < int(v) < 120, "begin", "turned {o}"),
    ),
}  # fmt: skip

_FROM_TOOL = re.compile(r"\s+from\s+(?P<old>\S+(?:\s\d+)?)(?=\s+to\b|\s*$|[\s,.;])", _I)
_FROM_PLACE = re.compile(
    r"\s+from\s+(?P<old>[A-Z][\w-]+(?:\s[A-Z][\w-]+)?)(?=\s+to\b|\s*$|[\s,.;])"
)
_NARROWED = frozenset(
    (
        "likes",
        "dislikes",
        "prefers",
        "afraid_of",
        "studies",
        "learns",
        "uses",
        "owns",
        "works_on",
        "plays",
    )
)
_TOOL_END = re.compile(r"\s(?:from|for|on|with|at|in|to|instead|everywhere)\b", _I)
_PLACE_END = re.compile(
    r"\s(?:with|for|last|this|next|together|alone|by|due|right|about|around|over|almost|nearly|recently|"
    r"(?:a|one|two|three|four|five|six|ten|\d+|several|many|some)\s+(?:\w+\s+)?(?:days?|weeks?|months?|years?))\b",
    _I,
)
_ANYMORE = re.compile(r"\b(?:any\s?more|any\s+longer)\b", _I)
_ALSO = re.compile(r"\b(?:also|too|as\s+well|in\s+addition)\b", _I)
_NOW = re.compile(r"\bnow\b(?!\s+and)", _I)
_NOT = re.compile(r"^.*?(?:\bnot\b|n['’]t\b|\bno\b|\bcannot\b)", _I)
_NOT_EVEN = re.compile(
    r"\b(?:too\s+much|that\s+much|very\s+much|really|always|often|usually|particularly|necessarily|yet|only|just)\b",
    _I,
)


def read(text: str, verb: Verb, stop: int) -> list[Draft]:
    """The drafts that a verb and what follows it give."""
    drafts: list[Draft] = []
    for rule in RULES.get(verb.base, ()):
        if not _fits(rule, verb):
            continue
        after = rule.after.match(text, verb.end, stop)
        if after is None:
            continue
        for begin, end in _values(rule, text, after.end(), stop):
            drafts.append(_draft(rule, text, verb, begin, end, stop))
        if drafts:
            drafts.extend(_replaced(rule, text, verb, stop))
            break
    return [draft for draft in drafts if draft.start >= 0]


def _fits(rule: Rule, verb: Verb) -> bool:
    if rule.tenses and verb.tense not in rule.tenses:
        return False
    if verb.tense == "modal":
        able = verb.modal == "can" and not (verb.denied and rule.relation == "plays")
        return able and "modal" in rule.tenses
    if verb.tense == "future":
        return False
    if rule.mode == "state":
        return not (verb.tense in ("past", "used") and verb.denied and not verb.ended)
    told = verb.tense in ("past", "perfect") or (verb.word == verb.base == PAST_OF.get(verb.base))
    return told and not verb.denied


def _values(rule: Rule, text: str, at: int, stop: int) -> list[objects.Piece]:
    if rule.many:
        pieces = list(objects.listed(text, at, stop))
        if pieces and all(rule.accepts(text[a:b]) for a, b in pieces):
            return pieces
    ends = {"uses": _TOOL_END, "lives_in": _PLACE_END}.get(rule.relation)
    if ends is not None:
        aside = ends.search(text, at, stop)
        stop = aside.start() if aside else stop
    piece = objects.cut(text, at, stop, commas=rule.commas)
    if piece is None or not rule.accepts(text[piece[0] : piece[1]]):
        return []
    if rule.relation in _NARROWED and (
        objects.restricted(text, *piece, stop)
        or (rule.relation == "prefers" and text.startswith(" or ", piece[1]))
    ):
        return []
    return [piece]


def _draft(rule: Rule, text: str, verb: Verb, begin: int, end: int, stop: int) -> Draft:
    at = verb.end
    tail = text[end:stop]
    value = text[begin:end]
    says = rule.says.format(o=value) if rule.says else ""
    change: Change = ""
    relation, denied = rule.relation, verb.denied
    past = rule.mode == "state" and verb.tense in ("past", "used") and not rule.lasting
    if rule.mode == "begin":
        change = "begins"
    elif rule.mode == "end":
        change, denied = "ends", True
    elif verb.ended or verb.tense == "used" or (verb.denied and _ANYMORE.search(tail)):
        change = "ends"
    elif "also" in verb.adverbs or (not denied and _ALSO.search(tail[:24])):
        change = "adds"
    elif "now" in verb.adverbs and not denied:
        change = "begins"
    if rule.mode == "state" and rule.says and (denied or past):
        says = ""
    if verb.tense == "modal":
        says = f"{'cannot' if denied else 'can'} {verb.base} {value}"
    if verb.base in ("love", "enjoy", "adore") and not denied and not past:
        says = f"{verb.base}s {value}"
    if verb.base == "drink" and denied:
        says = f"{'no longer drinks' if change == 'ends' else 'does not drink'} {value}"
    weak = _NOT.sub("", text[verb.start : begin])
    vague = denied and change != "ends" and _NOT_EVEN.search(weak + tail[:20])
    if vague or ("never" in verb.adverbs and rule.relation not in ("diet", "takes")):
        begin = -1
    link = text[at:begin].split()[-1].lower() if relation == "lives_in" and at < begin else ""
    draft = Draft(
        relation, begin, end, denied=denied, past=past, change=change, says=says, link=link,
        certainty=0.6 if verb.hedged else 1.0, begins=rule.mode != "state",
    )  # fmt: skip
    return _someone_had(draft, value) if relation == "has" and not denied else draft


_HAD_CALLED = re.compile(
    r"(?:an?\s+)(?P<noun>[\w -]+?)\s+(?:called|named)\s+(?P<name>[A-Z][\w'-]+)"
)


def _someone_had(draft: Draft, value: str) -> Draft:
    """An animal or someone of the family where "have" names one: "a dog called Rex"."""
    found = _HAD_CALLED.match(value)
    if found is None:
        return replace(draft, relation="has_pet") if objects.head(value) in words.PETS else draft
    verb = "had" if draft.past else "has"
    relation = kin_relation(found["noun"])
    shown = f"{found['noun']} {found['name']}" if relation == "has_pet" else found["name"]
    return replace(draft, relation=relation, value=shown, says=f"{verb} {found[0]}")


def kin_relation(noun: str) -> str:
    """The relation to someone who is called by this noun: partner, has_pet, relative:, knows:."""
    last = noun.lower().split()[-1]
    if last in words.PARTNERS:
        return "partner"
    if last in words.PETS:
        return "has_pet"
    return f"{'relative' if last in words.FAMILY else 'knows'}:{noun.lower()}"


def _replaced(rule: Rule, text: str, verb: Verb, stop: int) -> list[Draft]:
    """What "from X" in "moved from X to Y" and "switched to Y from X" ends."""
    if rule.mode != "begin" or verb.base not in ("move", "switch", "migrate", "relocate"):
        return []
    place = rule.relation == "lives_in"
    found = (_FROM_PLACE if place else _FROM_TOOL).search(text, verb.end, stop)
    if found is None:
        return []
    old = found["old"].rstrip(".,;")
    if not (objects.is_proper(old) if place else _tool(old)):
        return []
    says = f"moved away from {old}" if place else f"switched away from {old}"
    begin = found.start("old")
    return [
        Draft(
            rule.relation,
            begin,
            begin + len(old),
            denied=True,
            change="ends",
            says=says,
            begins=True,
        )
    ]


def owned_before(value: str) -> bool:
    """Whether a phrase names property or an animal, which can be got rid of."""
    return _gone(value)
