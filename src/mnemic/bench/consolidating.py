"""A made world for `mnemic bench consolidation`: a year of a person's talk, and questions with answers.

Each person has matters that change (where they live, what they use), and topics they speak of at
several times, with a number each time. What tempts to a wrong answer is said as well: the same
matter at another time, and somebody else's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from mnemic.bench import words
from mnemic.bench.updating import CHATTER, MATTERS, NAMES, REPLIES

SEED = 53
NOW = datetime(2025, 11, 12, 10, tzinfo=UTC)
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]  # fmt: skip
FAMILY = ["Almeida", "Becker", "Castro", "Duval", "Eriksen", "Fontana", "Gruber", "Hansen"]
PLACES = ["Kitchen", "Garden", "Bridge", "Archive", "Ferry", "Studio", "Tower", "Market"]
QUESTIONS: Mapping[str, tuple[str, str]] = {
    "home": ("Where does {who} live?", "Where did {who} live {when}?"),
    "employer": ("Which company does {who} work for?", "Which company did {who} work for {when}?"),
    "tool": ("Which software does {who} use?", "Which software did {who} use {when}?"),
    "car": ("What car does {who} drive?", "What car did {who} drive {when}?"),
    "favourite": (
        "What is the favourite food of {who}?", "What was the favourite food of {who} {when}?",
    ),
    "occupation": ("What is the job of {who}?", "What was the job of {who} {when}?"),
}  # fmt: skip
OTHERS: Mapping[str, str] = {
    "home": "My sister lives in {value} now.",
    "employer": "My brother works at {value}.",
    "tool": "My boss uses {value} for everything.",
    "car": "My neighbour drives a {value} now.",
    "favourite": "My sister's favourite food is {value}.",
    "occupation": "My cousin is a {value} now.",
}
REMARKS = (
    ("The bill for {topic} came to {n} euros.", "How high was the bill for {topic}?"),
    ("They want {n} chairs for {topic}.", "How many chairs do they want for {topic}?"),
    ("We counted {n} visitors at {topic}.", "How many visitors were counted at {topic}?"),
    ("I walked {n} steps around {topic}.", "How many steps is a walk around {topic}?"),
    ("The roof of {topic} has {n} tiles missing.", "How many tiles does the roof of {topic} lack?"),
    ("There were {n} lamps on at {topic}.", "How many lamps were on at {topic}?"),
    ("I took {n} pictures of {topic}.", "How many pictures of {topic} were taken?"),
    ("Somebody offered {n} coins for {topic}.", "How many coins did somebody offer for {topic}?"),
)
"""What can be said of a topic, and the question for its number."""

TOPICS = 6
CHATTER_DAYS = 60


@dataclass(frozen=True, slots=True)
class Ask:
    """A question with its right value, the episode that tells it, and what tempts to a wrong one.

    `wrong` has tempting values with the mode of failure they stand for; `at` is the moment the
    answer has to be of, where a time is asked.
    """

    text: str
    about: str
    value: str
    ref: str
    wrong: Sequence[tuple[str, str]] = ()
    at: datetime | None = None


@dataclass(slots=True)
class World:
    """One person's memory: rows to remember, and questions."""

    who: str
    scope: str
    now: datetime = NOW
    rows: list[dict[str, Any]] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)

    def say(self, text: str, moment: datetime, rng: random.Random) -> str:
        """One turn in a session of its day, with some talk around it; its ref."""
        ref = f"e{len(self.rows)}"
        turns = [
            (self.who, rng.choice(CHATTER)),
            (self.who, text),
            ("assistant", rng.choice(REPLIES)),
        ]
        for place, (speaker, said) in enumerate(turns):
            self.rows.append(
                {
                    "text": said, "speaker": speaker, "scope": self.scope, "source": "chat",
                    "session": f"{moment:%Y-%m-%d}", "position": len(self.rows),
                    "said_at": moment + timedelta(seconds=30 * place),
                    "ref": ref if said is text else f"{ref}/{place}",
                }
            )  # fmt: skip
        return ref


def worlds(users: int, seed: int = SEED) -> Iterator[World]:
    """So many people, each with a scope of their own."""
    for number in range(users):
        rng = random.Random(f"{seed}/{number}")  # noqa: S311
        who = f"{words.NAMES[number % len(words.NAMES)]} {FAMILY[number % len(FAMILY)]}"
        world = World(who, f"bench/consolidation/{number}")
        for name in QUESTIONS:
            _matter(rng, world, name)
        for _ in range(TOPICS):
            _topic(rng, world)
        for _ in range(CHATTER_DAYS):
            day = NOW - timedelta(days=rng.randrange(2, 400), minutes=rng.randrange(600))
            world.say(words.sentence(rng) + ".", day, rng)
        world.rows.sort(key=lambda row: row["said_at"])
        yield world


def _matter(rng: random.Random, world: World, name: str) -> None:
    """Something told a year ago that changed since, and somebody else's in between."""
    matter = MATTERS[name]
    old, new, other = rng.sample(matter.values, 3)
    told_at = NOW - timedelta(days=rng.randrange(330, 400))
    changed_at = NOW - timedelta(days=rng.randrange(30, 120))
    friend = rng.choice(NAMES)
    kinds = [kind for kind in ("moved", "now") if kind in matter.changes]
    told = world.say(rng.choice(matter.told).format(old=old, friend=friend), told_at, rng)
    change = rng.choice(matter.changes[rng.choice(kinds)])
    changed = world.say(change.format(old=old, new=new, friend=friend), changed_at, rng)
    after = NOW - timedelta(days=rng.randrange(3, 25))
    world.say(OTHERS[name].format(value=other), after, rng)
    now, then = QUESTIONS[name]
    # A month in which only the old value held.
    month = told_at + timedelta(days=75)
    when = f"in {MONTHS[month.month - 1]} {month.year}"
    elsewhere = (other, "look-alike")
    world.asks += [
        Ask(now.format(who=world.who), "state now", new, changed, ((old, "stale"), elsewhere)),
        Ask(
            then.format(who=world.who, when=when), "state then", old, told,
            ((new, "wrong time"), elsewhere),
        ),
        Ask(f"When did {world.who} first mention {new}?", "when", new, changed, (), changed_at),
    ]  # fmt: skip


def _topic(rng: random.Random, world: World) -> None:
    """Four remarks on a topic, months apart, each with a number of its own."""
    topic = f"the {rng.choice(words.RARE).capitalize()} {rng.choice(PLACES)}"
    numbers = rng.sample(range(101, 999), 4)
    forms = rng.sample(REMARKS, 4)
    ages = (rng.randrange(20, 45), rng.randrange(89, 93), rng.randrange(150, 200), 300)
    refs = []
    for number, (form, _), age in zip(numbers, forms, ages, strict=True):
        moment = NOW - timedelta(days=age, minutes=rng.randrange(200))
        refs.append((world.say(form.format(topic=topic, n=number), moment, rng), moment))
    others = tuple((str(number), "wrong time") for number in (*numbers[:1], *numbers[2:]))
    world.asks.append(
        Ask(
            f"What did {world.who} say about {topic} three months ago?", "said then",
            str(numbers[1]), refs[1][0], others, refs[1][1],
        )
    )  # fmt: skip
    world.asks.append(
        Ask(
            forms[2][1].format(topic=topic), "detail", str(numbers[2]), refs[2][0],
            tuple((str(numbers[place]), "wrong detail") for place in (0, 1, 3)),
        )
    )  # fmt: skip
