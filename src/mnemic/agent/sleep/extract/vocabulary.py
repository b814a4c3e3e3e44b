"""The relations that claims use: one table, with what each says and how a sentence is made of it."""

from __future__ import annotations

from dataclasses import dataclass

OPEN = ("favourite", "relative", "knows")
"""Relations that carry a word of the text behind a colon: "favourite:colour", "relative:sister"."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation, with the verb that makes a sentence of it.

    `functional` is how likely it is, before anything is seen, that a subject has one value at a
    time. `third` and `past` are forms of the verb, `base` the plain form ("be" for forms of to be),
    `link` what stands between the verb and the object.
    """

    name: str
    gloss: str
    functional: float
    third: str
    past: str
    base: str
    link: str = ""


RELATIONS = {
    relation.name: relation
    for relation in (
        Relation("name", "is called", 0.9, "is", "was", "be", "called"),
        Relation("lives_in", "has a home in", 0.9, "lives", "lived", "live", "in"),
        Relation("lives_with", "shares a home with", 0.4, "lives", "lived", "live", "with"),
        Relation("from", "has origins in", 0.9, "comes", "came", "come", "from"),
        Relation("grew_up_in", "spent childhood in", 0.8, "grew up", "grew up", "grow up", "in"),
        Relation("born_on", "date of birth", 1.0, "was born", "was born", "be", "on"),
        Relation("born_in", "place or year of birth", 0.9, "was born", "was born", "be", "in"),
        Relation("age", "age in years", 1.0, "is", "was", "be"),
        Relation("nationality", "belongs to a people", 0.7, "is", "was", "be"),
        Relation("status", "a lasting state: married, retired", 0.5, "is", "was", "be"),
        Relation("works_at", "employer or place of work", 0.8, "works", "worked", "work", "at"),
        Relation("works_in", "field or town of work", 0.7, "works", "worked", "work", "in"),
        Relation("works_on", "present task", 0.2, "is working", "worked", "work", "on"),
        Relation("job", "occupation or role", 0.6, "is", "was", "be"),
        Relation("studies", "subject of study", 0.5, "studies", "studied", "study"),
        Relation("studies_at", "school of study", 0.8, "studies", "studied", "study", "at"),
        Relation("learns", "is learning", 0.2, "is learning", "learned", "learn"),
        Relation("teaches", "teaches", 0.3, "teaches", "taught", "teach"),
        Relation("owns", "has as property", 0.0, "owns", "owned", "own"),
        Relation("has", "has: kin, conditions, habits", 0.1, "has", "had", "have"),
        Relation("has_pet", "has an animal", 0.1, "has", "had", "have"),
        Relation("partner", "spouse or partner", 0.9, "has", "had", "have", "the partner"),
        Relation("relative", "relative:KIN, someone of the family", 0.1, "has", "had", "have"),
        Relation("knows", "knows:ROLE, a friend, boss, doctor", 0.1, "knows", "knew", "know"),
        Relation("likes", "likes", 0.0, "likes", "liked", "like"),
        Relation("dislikes", "dislikes", 0.0, "dislikes", "disliked", "dislike"),
        Relation("prefers", "prefers", 0.1, "prefers", "preferred", "prefer"),
        Relation("favourite", "favourite:THING", 0.8, "is", "was", "be"),
        Relation("afraid_of", "fears", 0.0, "is", "was", "be", "afraid of"),
        Relation("allergic_to", "is allergic to", 0.0, "is", "was", "be", "allergic to"),
        Relation("diet", "what is or is not eaten", 0.5, "eats", "ate", "eat"),
        Relation("takes", "medicine", 0.1, "takes", "took", "take"),
        Relation("speaks", "languages", 0.0, "speaks", "spoke", "speak"),
        Relation("plays", "instruments, sports, games", 0.0, "plays", "played", "play"),
        Relation("uses", "tools, services", 0.1, "uses", "used", "use"),
        Relation("drives", "vehicle", 0.6, "drives", "drove", "drive"),
        Relation("reads", "is reading", 0.2, "is reading", "read", "read"),
        Relation("is", "what a thing or person is", 0.5, "is", "was", "be"),
        Relation("located_in", "where a thing is", 0.9, "is", "was", "be", "in"),
        Relation("visited", "has been to", 0.0, "visited", "visited", "have visited"),
        Relation(
            "graduated_from",
            "school left with a degree",
            0.3,
            "graduated",
            "graduated",
            "graduate",
            "from",
        ),
        Relation("collects", "collects", 0.1, "collects", "collected", "collect"),
        Relation("weighs", "weight of the body", 0.9, "weighs", "weighed", "weigh"),
        Relation("height", "height of the body", 0.9, "is", "was", "be"),
        Relation("dated", "when something takes place", 0.9, "is", "was", "be", "on"),
        Relation("habit", "does so as a rule", 0.1, "does", "did", "do"),
        Relation("plans", "intends, with a date", 0.1, "plans", "planned", "plan", "to"),
        Relation("did", "did so on a date", 0.0, "did", "did", "do"),
        Relation("to_do", "asked to be reminded of", 0.0, "wants", "wanted", "want", "to"),
    )
}


def relation_of(name: str) -> Relation | None:
    """The table's entry for a relation, also for one that carries a word ("favourite:tea")."""
    return RELATIONS.get(name.partition(":")[0])


def functional_prior(name: str) -> float:
    """How likely it is that a subject has one value of this relation at a time."""
    relation = relation_of(name)
    return 0.5 if relation is None else relation.functional


def shown(subject: str) -> str:
    """A subject as it opens a sentence: "The user" for the role, else as it is."""
    head = subject.partition("'")[0]
    if head in ("user", "human"):
        return f"The {subject}"
    return subject[:1].upper() + subject[1:]


def predicate(
    name: str, value: str, *, denied: bool, past: bool, ended: bool, link: str = ""
) -> str:
    """What a sentence says of its subject: "no longer lives in Porto"."""
    relation = RELATIONS[name.partition(":")[0]]
    if relation.base == "be":
        first, _, rest = (relation.past if past else relation.third).partition(" ")
        mark = (" no longer" if ended else " not") if denied else ""
        verb = f"{first}{mark}{' ' + rest if rest else ''}"
    elif denied:
        if ended:
            verb = f"no longer {relation.third}"
        else:
            verb = f"{'did' if past else 'does'} not {relation.base}"
    else:
        verb = relation.past if past else relation.third
    return " ".join(part for part in (verb, link or relation.link, value) if part)
