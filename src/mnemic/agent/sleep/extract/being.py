"""What "is" says: names, jobs, ages, states, favourites, colours, places and dates."""

from __future__ import annotations

import re
from dataclasses import replace

from mnemic.agent.facts.claims import Change
from mnemic.agent.sleep.extract import objects, words
from mnemic.agent.sleep.extract.drafts import Draft
from mnemic.agent.sleep.extract.rules import kin_relation
from mnemic.agent.sleep.extract.subjects import Subject
from mnemic.agent.sleep.extract.verbs import Verb

_I = re.IGNORECASE
_NAME_WORD = r"[A-ZÀ-ÖØ-Þ][\w\-À-ÿ'’]*"
_NAMES = re.compile(rf"\s*(?P<name>{_NAME_WORD}(?:\s+{_NAME_WORD}){{0,3}})")
_CALLED = re.compile(r"\s+(?:called|named)\s+(?=[A-Z])")
_AGE = re.compile(
    r"\s+(?:now\s+|already\s+)?(?P<n>\d{1,3})(?![.,]\d)(?P<unit>\s*(?:years?[\s-]old|y/?o|yrs?\s+old)\b)?"
)
_AGE_END = re.compile(r"\s*(?:$|[.,;!)]|\s(?:and|but|now|already|years?\s+of\s+age)\b)")
_FROM = re.compile(r"\s+(?:originally\s+)?from\s+")
_BORN = re.compile(r"\s+born\s+(?:and\s+(?:raised|bred)\s+)?(?P<where>in|on)\s+", _I)
_RAISED = re.compile(r"\s+(?:raised|brought\s+up)\s+in\s+", _I)
_ALLERGIC = re.compile(r"\s+(?:\w+ly\s+)?allergic\s+to\s+", _I)
_AFRAID = re.compile(r"\s+(?:afraid|scared|terrified|frightened)\s+of\s+", _I)
_INTO = re.compile(
    r"\s+(?:(?:a\s+)?(?:big\s+|huge\s+|great\s+)?(?:fan|lover)\s+of|(?:very\s+|really\s+)?(?:fond\s+of|keen\s+on|into|interested\s+in|obsessed\s+with|"
    r"passionate\s+about|crazy\s+about))\s+",
    _I,
)
_MARRIED = re.compile(r"\s+(?P<how>married|engaged)\s+to\s+", _I)
_STATE = re.compile(
    r"\s+(?:a\s+)?(?:practising\s+|devout\s+|strict\s+|happily\s+)?(?P<word>(?:lactose|gluten)\s+intolerant|[A-Za-z]+(?:-[a-z]+)?)(?=\s*(?:$|[,.;!]|\s(?:and|but|now|since|with|for)\b))"
)
_A = re.compile(r"\s+(?=(?:an?|the|one\s+of\s+the)\s)", _I)
_PLAIN_ROLE = re.compile(
    r"\s+(?=(?:head|director|president|ceo|cto|cfo|chief|captain|co-?founder|founder|vice|secretary|chair)\b)",
    _I,
)
_BASED = re.compile(r"\s+(?P<how>based|located|situated)\s+(?:in|at|near)\s+", _I)
_IN = re.compile(r"\s+(?:in|at|on|near|next\s+to)\s+(?=\S)", _I)
_ON = re.compile(
    r"\s+(?:(?:coming\s+up\s+|scheduled\s+for\s+|set\s+for\s+|planned\s+for\s+|due\s+)?(?:on|in|for|at)?\s*)",
    _I,
)
_DATE = re.compile(
    r"(?:the\s+)?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?(?:\d{1,2}(?:st|nd|rd|th)?(?:\s+of)?\s+(?:jan|feb|mar|apr|may|jun|jul|aug|sep|"
    r"oct|nov|dec)\w*|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*\s+\d{1,2}(?:st|nd|rd|th)?)"
    r"(?:,?\s+(?:of\s+)?\d{4})?(?!\s*\d)|\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{2,4}",
    _I,
)
_MONTH = re.compile(
    r"(?:early\s+|late\s+|mid[\s-]|next\s+)?(?:january|february|march|april|may|june|july|august|september|october|november|"
    r"december)(?:\s+\d{4})?(?=\s*(?:$|[,.;!]))",
    _I,
)
_FAVOURITE = re.compile(r"(?:(?:\w+-)?time\s+)?favou?rite\s+(?P<thing>[\w' -]{2,40})$", _I)
_MY_FAVOURITE = re.compile(
    r"\s+(?:my|our)\s+(?:all[\s-]time\s+)?favou?rite\s+(?P<thing>[\w'-]+(?:\s+[\w'-]+)?)(?=\s*(?:$|[,.;!]))",
    _I,
)
_MY_KIN = re.compile(
    r"\s+(?:my|our)\s+(?P<np>[\w'’-]+(?:\s+[\w'’-]+){0,2})(?=\s*(?:$|[,.;!]|\s(?:and|but|from|at|who)\b))",
    _I,
)
_NUMBER = re.compile(
    r"\s+(?P<value>(?:about\s+|around\s+)?[€$£]?\d[\d.,]*(?:\s?(?:to|-|–)\s?[€$£]?\d[\d.,]*)?(?:\s?(?:%|°|[A-Za-zµ²³]+(?:\s(?:per|a|an|by)\s\w+)?))?)(?=\s*(?:$|[,.;!](?!\d)|\s(?:and|but|now)\b))"
)
_EVENTS = re.compile(
    r"\b(?:wedding|birthday|anniversary|appointment|flight|exam|interview|deadline|meeting|surgery|operation|concert|graduation|"
    r"trip|holiday|vacation|party|conference|due\s+date|move|check-?up|presentation|defen[cs]e|race|marathon|release|launch|"
    r"rehearsal|recital|reunion|funeral|ceremony|course|class|visit|train|delivery|inspection|hearing|match|tournament)$"
)
_PLACED = re.compile(
    r"\b(?:office|flat|apartment|house|home|school|studio|shop|store|company|university|gym|workshop|garage|desk|farm|"
    r"clinic|hospital|restaurant|headquarters|keys?|passport|car|boat|garden)$"
)
_VALUED = re.compile(
    r"\b(?:name|surname|nickname|number|address|email|e-mail|size|height|weight|salary|rent|budget|blood\s+type|birthday|"
    r"hometown|home\s+town|password|job|occupation|profession|hobby|hobbies|major|native\s+language|mother\s+tongue|"
    r"first\s+language|star\s+sign|zodiac\s+sign|car|bike|phone|laptop|computer|camera|cat|dog|house|flat|apartment|"
    r"employer|landlord|bank|handle|username|timezone|time\s+zone|degree|speciality|specialty|eyes|hair|postcode|zip\s+code|"
    r"plate|licence\s+plate|license\s+plate|wifi|pronouns|bedroom|kitchen|door|bicycle|motorbike|guitar|piano|boat|coat|mtu|port|ssid)$"
)


def read(text: str, subject: Subject, verb: Verb, stop: int) -> list[Draft]:
    """The drafts that a subject and its "is" give."""
    if verb.tense not in ("present", "past", "perfect", "progressive") or verb.base != "be":
        return []
    if subject.kind in ("speaker", "we") or (subject.kind == "person" and not _named_by(subject)):
        drafts = _someone(text, subject, verb, stop)
    else:
        drafts = _something(text, subject, verb, stop)
    made = []
    for draft in drafts:
        past = verb.tense == "past" and draft.relation not in _FOR_EVER
        if past and verb.denied:
            continue
        change: Change = draft.change
        if verb.ended or (verb.denied and re.search(r"\bany\s?more\b", text[draft.end : stop])):
            change = "ends"
        elif "now" in verb.adverbs and not verb.denied:
            change = "begins"
        elif "also" in verb.adverbs:
            change = "adds"
        made.append(
            replace(
                draft,
                denied=verb.denied,
                past=past,
                change=change,
                certainty=0.6 if verb.hedged else draft.certainty,
                says=_turned(draft, past=past, denied=verb.denied, ended=change == "ends"),
            )
        )
    return made


def _turned(draft: Draft, *, past: bool, denied: bool, ended: bool) -> str:
    """The draft's own predicate, denied or put in the past; nothing where the table's will do."""
    verb, _, rest = draft.says.partition(" ")
    if not draft.says or not (past or denied) or verb not in ("is", "has"):
        return draft.says
    if past:
        return f"{'was' if verb == 'is' else 'had'} {rest}"
    if ended:
        return f"{'is no longer' if verb == 'is' else 'no longer has'} {rest}"
    return f"{'is not' if verb == 'is' else 'does not have'} {rest}"


_FOR_EVER = frozenset(("born_on", "born_in", "grew_up_in"))


def _named_by(subject: Subject) -> bool:
    return subject.noun.endswith("name") or "favo" in subject.noun


def _piece(
    text: str, relation: str, at: int, stop: int, *, commas: bool = False, says: str = ""
) -> Draft | None:
    piece = objects.cut(text, at, stop, commas=commas)
    if piece is None or not objects.plain(text[piece[0] : piece[1]]):
        return None
    return Draft(relation, piece[0], piece[1], says=says.format(o=text[piece[0] : piece[1]]))


def _someone(text: str, subject: Subject, verb: Verb, stop: int) -> list[Draft]:
    at = verb.end
    if subject.plural:
        return _state(text, at, stop)
    draft = _born(text, at, stop) or _age(text, at, stop) or _led(text, subject, at, stop)
    if draft:
        return [draft]
    if subject.kind == "person":
        role = _role_of(text, subject, at, stop)
        if role:
            return role
    return (
        _visited(text, verb, at, stop)
        or _measure(text, at, stop)
        or _noun(text, subject, at, stop)
        or _state(text, at, stop)
        or _own_name(text, subject, at, stop)
    )


def _born(text: str, at: int, stop: int) -> Draft | None:
    born = _BORN.match(text, at, stop)
    if born is None:
        raised = _RAISED.match(text, at, stop)
        found = _piece(text, "grew_up_in", raised.end(), stop, commas=True) if raised else None
        return found if found and objects.is_proper(text[found.start : found.end]) else None
    date = _DATE.match(text, born.end(), stop)
    if date:
        return Draft("born_on", date.start(), date.end())
    year = re.compile(r"(?:\w+\s+)?(?:1[89]|20)\d\d\b").match(text, born.end(), stop)
    if year and born["where"].lower() == "in":
        return Draft("born_in", year.start(), year.end())
    found = _piece(text, "born_in", born.end(), stop, commas=True)
    if found is None or not objects.is_proper(text[found.start : found.end]):
        return None
    return found if born["where"].lower() == "in" else None


def _age(text: str, at: int, stop: int) -> Draft | None:
    found = _AGE.match(text, at, stop)
    if found is None or not 0 < int(found["n"]) < 120:
        return None
    if not found["unit"] and not (int(found["n"]) > 4 and _AGE_END.match(text, found.end(), stop)):
        return None
    return Draft("age", found.start("n"), found.end("n"), says=f"is {found['n']} years old")


def _led(text: str, subject: Subject, at: int, stop: int) -> Draft | None:
    """Complements known by their first words: from, allergic to, into, married to, based in."""
    found = _FROM.match(text, at, stop)
    if found:
        draft = _piece(text, "from", found.end(), stop, commas=True)
        return draft if draft and objects.is_proper(text[draft.start : draft.end]) else None
    for pattern, relation, says in (
        (_ALLERGIC, "allergic_to", ""),
        (_AFRAID, "afraid_of", ""),
        (_INTO, "likes", ""),
        (_MARRIED, "partner", "is married to {o}"),
        (_BASED, "lives_in", ""),
    ):
        match = pattern.match(text, at, stop)
        if match is None:
            continue
        draft = _piece(text, relation, match.end(), stop, commas=relation == "lives_in", says=says)
        if draft is None or objects.restricted(text, draft.start, draft.end, stop):
            return None
        value = text[draft.start : draft.end]
        if relation in ("partner", "lives_in"):
            if not objects.is_proper(value):
                return None
            how = match["how"].lower()
            if relation == "lives_in":
                name = "lives_in" if how == "based" and subject.kind != "thing" else "located_in"
                return replace(draft, relation=name, says=f"is {how} in {value}")
            if how == "engaged":
                return replace(draft, says=f"is engaged to {value}")
            return draft
        if not objects.known_thing(value) or (subject.kind == "we" and relation != "likes"):
            return None
        if relation == "likes" and re.match(
            r"(?:learning|trying|hearing|seeing|knowing|buying|your|being|getting|making|how)\b",
            value,
            _I,
        ):
            return None
        if relation == "afraid_of" and re.match(
            r"(?:being|making|getting|losing|missing|hurting|affect|\w+ing)\b", value, _I
        ):
            return None
        return draft
    return None


def _role_of(text: str, subject: Subject, at: int, stop: int) -> list[Draft]:
    """Clara is my sister; Porto is my favourite city."""
    favourite = _MY_FAVOURITE.match(text, at, stop)
    if favourite:
        thing = _singular(favourite["thing"])
        return [
            Draft(f"favourite:{thing}", subject.start, subject.end, value=subject.text, subject="speaker",
                  says=f"has {subject.text} as favourite {thing}")
        ]  # fmt: skip
    found = _MY_KIN.match(text, at, stop)
    if found is None or not subject.name:
        return []
    np = found["np"].replace("’", "'")
    last = np.split()[-1].lower()
    if last not in words.PEOPLE or "'" in np:
        return []
    name = subject.name
    return [Draft(kin_relation(np), subject.start, subject.start + len(name), value=name, subject="speaker",
                  says=f"has {name} as {np.lower()}")]  # fmt: skip


def named_kin(subject: Subject) -> Draft | None:
    """That the speaker has a sister Clara, where the subject says both."""
    if not (subject.kin or subject.kind == "person") or not subject.name or not subject.noun:
        return None
    if "'s" in subject.noun or "'s" in subject.name:
        return None
    relation = kin_relation(subject.noun)
    value = f"{subject.noun} {subject.name}" if relation in ("has_pet",) else subject.name
    return Draft(
        relation, subject.end - len(subject.name), subject.end, value=value, subject="owner",
        says=f"has {_article(subject.noun)} {subject.noun} called {subject.name}",
    )  # fmt: skip


def _article(noun: str) -> str:
    return "an" if noun[:1] in "aeiou" else "a"


def _noun(text: str, subject: Subject, at: int, stop: int) -> list[Draft]:
    """A teacher, an only child, the CTO of Acme."""
    found = _A.match(text, at, stop) or _PLAIN_ROLE.match(text, at, stop)
    piece = objects.cut(text, found.end(), stop) if found else None
    if piece is None:
        return []
    value = text[piece[0] : piece[1]]
    if not objects.plain(value, 9):
        return []
    main = objects.head(value)
    last = value.lower().split()[-1]
    if last in words.DIETS or main in words.DIETS:
        return [Draft("diet", *piece, says=f"is {value}")]
    if main in words.OCCUPATIONS:
        return [Draft("job", *piece)]
    if not value.lower().startswith(("a ", "an ")) or subject.kind == "we":
        return []
    inside = set(re.findall(r"[\w-]+", value.lower())[1:])
    if main in words.VAGUE_BEING or inside & {
        "bit",
        "little",
        "lot",
        "fan",
        "huge",
        "total",
        "complete",
        "such",
        "good",
        "great",
        "bad",
        "terrible",
    }:
        return []
    if main in words.DISCOURSE or subject.kind not in ("speaker", "person"):
        return []
    if main in _LASTING_NOUNS:
        return [Draft("is", *piece)]
    return []


_LASTING_NOUNS = words.of("person owl bird lover enthusiast collector parent father mother mom mum dad grandmother grandfather "
    "grandparent widow widower twin orphan veteran immigrant refugee citizen resident native introvert extrovert "
    "perfectionist optimist pessimist bookworm foodie gamer runner cyclist swimmer climber hiker vegetarian "
    "smoker non-smoker drinker morning cyclist minimalist feminist scout member volunteer freshman sophomore "
    "junior senior graduate alumnus alumna foreigner expat child virgo leo aries taurus gemini libra scorpio "
    "sagittarius capricorn aquarius pisces beekeeper birdwatcher homeowner tenant donor survivor diabetic "
    "spaniel poodle labrador retriever terrier beagle corgi dachshund husky collie bulldog chihuahua pug")  # fmt: skip


def _visited(text: str, verb: Verb, at: int, stop: int) -> list[Draft]:
    """I have been to Japan."""
    to = _BEEN_TO.match(text, at, stop) if verb.tense == "perfect" else None
    piece = objects.cut(text, to.end(), stop, commas=True) if to else None
    if piece is None or not objects.plain(text[slice(*piece)], 4):
        return []
    if not objects.is_proper(text[slice(*piece)]):
        return []
    return [Draft("visited", *piece, says=f"has been to {text[slice(*piece)]}")]


def _measure(text: str, at: int, stop: int) -> list[Draft]:
    """172 cm tall; been to Japan."""
    tall = _TALL.match(text, at, stop)
    if tall:
        value = tall["value"]
        return [Draft("height", tall.start("value"), tall.end("value"), says=f"is {value} tall")]
    return []


_TALL = re.compile(
    r"\s+(?:about\s+|around\s+)?(?P<value>\d[\d.,]*\s?(?:cm|m|centimet(?:er|re)s|met(?:er|re)s|feet|foot|ft)(?:\s\d{1,2}(?:\s(?:in|inches))?)?)\s+tall\b"
)
_BEEN_TO = re.compile(r"\s+to\s+(?=[A-Z])")


def _state(text: str, at: int, stop: int) -> list[Draft]:
    found = _STATE.match(text, at, stop)
    if found is None:
        return []
    word = found["word"]
    span = found.start("word"), found.end("word")
    lower = word.lower()
    if lower in words.DIETS or lower.endswith("intolerant"):
        return [Draft("diet", *span, says=f"is {word}")]
    if lower in words.STATES:
        return [Draft("status", *span)]
    if word[0].isupper() and lower in words.NATIONALITIES:
        return [Draft("nationality", *span)]
    return []


def _own_name(text: str, subject: Subject, at: int, stop: int) -> list[Draft]:
    called = _CALLED.match(text, at, stop)
    if called is None:
        return _bare_name(text, subject, at, stop)
    found = _NAMES.match(text, called.end(), stop)
    if found is None or not _ends(text, found.end(), stop):
        return []
    if subject.noun and not subject.name and subject.kin:
        return [_named(subject, found)]
    if subject.noun and subject.noun.split()[-1] in words.PETS:
        return [_named(subject, found)]
    return [
        Draft("name", found.start("name"), found.end("name"), says=f"is called {found['name']}")
    ]


def _bare_name(text: str, subject: Subject, at: int, stop: int) -> list[Draft]:
    """I'm Ana: a name and nothing else."""
    found = _NAMES.fullmatch(text, at, stop)
    if found is None or subject.kind != "speaker" or subject.tail != "m":
        return []
    parts = found["name"].lower().split()
    known = words.NOT_NAMES | words.NATIONALITIES | words.STATES | words.DIETS | words.OCCUPATIONS
    if len(parts) > 2 or any(part in known or len(part) < 3 for part in parts):
        return []
    if re.search(r"[A-Z]{2}|\d", found["name"]):
        return []
    return [
        Draft("name", found.start("name"), found.end("name"), says=f"is called {found['name']}")
    ]


def _named(subject: Subject, found: re.Match[str]) -> Draft:
    name, noun = found["name"], subject.noun
    relation = kin_relation(noun)
    value = f"{noun} {name}" if relation == "has_pet" else name
    return Draft(
        relation, found.start("name"), found.end("name"), value=value, subject="owner",
        says=f"has {_article(noun)} {noun} called {name}",
    )  # fmt: skip


def _ends(text: str, at: int, stop: int) -> bool:
    rest = text[at:stop].strip()
    return (
        not rest
        or rest[0] in ",.;!(-–"
        or rest.split()[0].lower() in ("and", "but", "from", "now", "by", "after")
    )


def _something(text: str, subject: Subject, verb: Verb, stop: int) -> list[Draft]:
    """My name is, my favourite colour is, my car is blue, our office is in Almada."""
    at, noun = verb.end, subject.noun
    if subject.kind != "thing" and not _named_by(subject):
        return []
    if noun in ("name", "first name", "full name"):
        found = _NAMES.match(text, at, stop)
        if found is None or not _ends(text, found.end(), stop):
            return []
        return [
            Draft(
                "name",
                found.start("name"),
                found.end("name"),
                subject="owner",
                says=f"is called {found['name']}",
            )
        ]
    if noun.endswith("'s name") and len(noun.split()) <= 3:
        found = _NAMES.match(text, at, stop)
        whose = noun.removesuffix("'s name")
        if (
            found is None
            or not _ends(text, found.end(), stop)
            or whose.split()[-1] not in words.PEOPLE | words.PETS
        ):
            return []
        return [_named(replace(subject, noun=whose), found)]
    favourite = _FAVOURITE.match(noun)
    if favourite:
        return _favourite(text, at, stop, _singular(favourite["thing"]))
    return _attribute(text, noun, at, stop)


def _favourite(text: str, at: int, stop: int, thing: str) -> list[Draft]:
    piece = objects.cut(text, at, stop)
    if piece is None or thing.split()[-1] in ("part", "thing", "way", "moment"):
        return []
    value = text[piece[0] : piece[1]]
    if not objects.plain(value) or value.lower().startswith(
        ("definitely", "probably", "to ", "always")
    ):
        return []
    return [
        Draft(
            f"favourite:{thing}", *piece, subject="owner", says=f"has {value} as favourite {thing}"
        )
    ]


def _singular(thing: str) -> str:
    thing = " ".join(thing.lower().split())
    return (
        thing[:-1]
        if thing.endswith("s") and not thing.endswith(("ss", "us", "series", "sports", "news"))
        else thing
    )


def _attribute(text: str, noun: str, at: int, stop: int) -> list[Draft]:
    """A date, a place, a colour, a number or a name that a thing of the speaker's has."""
    if _EVENTS.search(noun):
        on = _ON.match(text, at, stop)
        begin = on.end() if on else at
        date = _DATE.match(text, begin, stop) or _MONTH.match(text, begin, stop)
        if date:
            return [
                Draft(
                    "dated",
                    date.start(),
                    date.end(),
                    says=f"is on {date[0]}" if _DATE.match(date[0]) else f"is in {date[0]}",
                )
            ]
    place = _BASED.match(text, at, stop) or (
        _IN.match(text, at, stop) if _PLACED.search(noun) else None
    )
    if place and _PLACED.search(noun):
        piece = objects.cut(text, place.end(), stop, commas=True)
        if (
            piece
            and objects.is_proper(text[piece[0] : piece[1]])
            and objects.plain(text[piece[0] : piece[1]])
        ):
            lead = re.sub(r"\s*(?:based|located|situated)\s*", "", place[0]).strip()
            return [Draft("located_in", *piece, says=f"is {lead} {text[piece[0] : piece[1]]}")]
        return []
    if not _VALUED.search(noun):
        return []
    number = _NUMBER.match(text, at, stop)
    if number:
        return [Draft("is", number.start("value"), number.end("value"))]
    piece = objects.cut(text, at, stop)
    if piece is None:
        return []
    value = text[piece[0] : piece[1]]
    lower = value.lower()
    if not objects.plain(value, 6) or re.match(
        r"(?:to|called|named|that|going|getting|broken|full|ready|a\s+(?:bit|mess))\b", lower
    ):
        return []
    if (
        lower in words.COLOURS
        or lower.split()[-1] in words.COLOURS
        or (
            objects.is_proper(value)
            or "@" in value
            or _VALUED_BY_WORDS.search(noun)
            or (noun.endswith("address") and value[0].isdigit())
        )
    ):
        return [Draft("is", *piece)]
    if lower.startswith(("a ", "an ")) and re.search(
        r"\b(?:car|bike|dog|cat|phone|laptop|computer|camera|guitar|boat|house|flat)$", noun
    ):
        return (
            [Draft("is", *piece)]
            if re.search(r"[A-Z]", value[2:]) or objects.head(value) in _LASTING_NOUNS
            else []
        )
    return []


_VALUED_BY_WORDS = re.compile(
    r"\b(?:hobby|hobbies|occupation|profession|major|nickname|specialty|speciality)$"
)
