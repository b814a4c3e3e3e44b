"""Made-up cases: episodes with known times, questions with known windows and answers.

Every question has a subject of its own. Beside its answers stand hard distractors: the same person
on the same subject just outside the window and far from it, others on the same subject inside it,
and the same person on a subject that shares a word.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mnemic.bench.when.spans import EVENT_KINDS, KINDS, Asked, beside_event, midnight
from mnemic.bench.when.wording import WORDINGS, Wording

SCOPE = "bench/when"
SEED = 23
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland",
    "America/Sao_Paulo",
)  # fmt: skip
PEOPLE = ("Ana", "Bruno", "Chiara", "Dmitri", "Elif", "Farah")
PLACES = ("Kitchen", "Garden", "Bridge", "Archive", "Ferry", "Studio", "Tower", "Market")
SYLLABLES = [
    "ba",
    "ke",
    "lo",
    "mir",
    "ta",
    "vel",
    "nor",
    "shu",
    "da",
    "fen",
    "gri",
    "pol",
    "ras",
    "tin",
    "vo",
    "zem",
    "har",
    "jun",
]
REMARKS = (
    "{topic} costs less than we feared.", "I am not happy with how {topic} looks.",
    "{topic} needs another pair of hands.", "Two people praised {topic} to me.",
    "I would paint {topic} green.", "{topic} keeps me awake.", "The plan for {topic} is too big.",
    "I trust the team behind {topic}.", "{topic} smells of fresh wood.",
    "There is a leak at {topic}.", "I dreamt about {topic}.", "{topic} is what I am proudest of.",
)  # fmt: skip
EVENTS = ("{topic} opened its doors.", "A pipe burst at {topic}.", "{topic} won a prize.",
          "{topic} was repainted.", "The lights failed at {topic}.", "{topic} got a new roof.",
          "Somebody bought {topic}.", "{topic} flooded.")  # fmt: skip
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Ask:
    """A question with what is expected: the window, its clock, and the refs of the answers."""

    qid: str
    text: str
    kind: str
    code: str
    clock: str
    start: datetime | None
    end: datetime | None
    answers: frozenset[str]


@dataclass(slots=True)
class World:
    """One memory's worth: whose zone, the present, rows by the moment they are stored, questions."""

    zone: str
    now: datetime
    rows: dict[datetime, list[Mapping[str, Any]]] = field(default_factory=dict)
    asks: list[Ask] = field(default_factory=list)

    def add(self, ref: str, who: str, text: str, said: datetime, **more: Any) -> None:
        """One episode, stored when `stored` says, else just before the present."""
        stored = more.pop("stored", self.now - _MINUTE)
        row = {"text": text, "scope": SCOPE, "speaker": who, "said_at": said, "ref": ref, **more}
        row |= {
            "source": "bench",
            "session": f"{who} {said.astimezone(ZoneInfo(self.zone)):%Y-%m-%d}",
        }
        self.rows.setdefault(stored, []).append(row)


def worlds(per_zone: int, seed: int = SEED) -> Iterator[World]:
    """One world a zone; presents differ, the leap day and days of changed clocks among them."""
    presents = (
        "2024-05-15T14:30", "2025-04-01T09:00", "2024-11-05T23:40", "2024-02-29T12:00",
        "2025-01-02T00:20", "2026-08-31T18:00",
    )  # fmt: skip
    for number, (zone, present) in enumerate(zip(ZONES, presents, strict=True)):
        now = datetime.fromisoformat(present).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        yield _world(random.Random(seed * 100 + number), World(zone, now), per_zone)  # noqa: S311


def _world(rng: random.Random, world: World, count: int) -> World:
    names = _Names(rng)
    plan = _plan(rng, count)
    for number, (wording, kind, clock) in enumerate(plan):
        qid = f"{world.zone.rpartition('/')[2]}-{number}"
        subject = _Subject(qid, rng.choice(PEOPLE), *names.pair())
        if kind in ("first", "last"):
            _order(rng, world, wording, kind, subject)
        elif kind in EVENT_KINDS:
            _beside(rng, world, wording, kind, subject, names.name())
        else:
            _window(rng, world, wording, kind, clock, subject)
    return world


def _plan(rng: random.Random, count: int) -> Sequence[tuple[Wording, str, str]]:
    """What is asked: each language's kinds in turn, English twice as often as the others."""
    queues = []
    for wording in (WORDINGS[0], *WORDINGS):
        kinds = [(wording, kind, "said") for kind in wording.times]
        kinds += [(wording, kind, clock) for kind in ("month of year", "last week", "date")
                  for clock in ("happened", "ingested", "count")]  # fmt: skip
        kinds += [(wording, kind, "said") for kind in wording.order if kind != "count"]
        rng.shuffle(kinds)
        queues.append(kinds)
    return [queues[n % len(queues)][n // len(queues) % len(queues[n % len(queues)])]
            for n in range(count)]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Subject:
    qid: str
    who: str
    topic: str
    other: str


class _Names:
    """Made-up names, none twice."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._used: set[str] = set()

    def name(self) -> str:
        while True:
            name = "".join(self._rng.choice(SYLLABLES) for _ in range(3)).capitalize()
            if name not in self._used:
                self._used.add(name)
                return name

    def pair(self) -> tuple[str, str]:
        """Two subjects that share a word."""
        name = self.name()
        first, second = self._rng.sample(PLACES, 2)
        return f"{name} {first}", f"{name} {second}"


def _window(
    rng: random.Random, world: World, wording: Wording, kind: str, clock: str, subject: _Subject
) -> None:
    today = world.now.astimezone(ZoneInfo(world.zone)).date()
    asked = KINDS[kind](rng, today, world.zone)
    when = wording.spell(kind, asked.words, rng.randrange(6))
    counted = clock == "count"
    text = _question(rng, wording, "said" if counted else clock, subject, when, counted=counted)
    _pose(rng, world, wording, kind if not counted else "count", text, asked, subject,
          "said" if counted else clock)  # fmt: skip


def _question(
    rng: random.Random, wording: Wording, clock: str, subject: _Subject, when: str, *, counted: bool
) -> str:
    forms = wording.order["count"] if counted else {
        "said": wording.said, "happened": (wording.happened,), "ingested": (wording.ingested,),
    }[clock]  # fmt: skip
    return rng.choice(forms).format(
        who=subject.who, topic=subject.topic, when=when, When=when[:1].upper() + when[1:]
    )


def _pose(
    rng: random.Random,
    world: World,
    wording: Wording,
    kind: str,
    text: str,
    asked: Asked,
    subject: _Subject,
    clock: str,
) -> None:
    """Puts the answers and the distractors of a question into the world, and the question."""
    start, end = asked.span(world.zone)
    earliest = world.now - timedelta(days=5 * 365)
    low, high = max(start, earliest), min(end, world.now - 2 * _MINUTE)
    count = rng.randrange(4, 8) if kind == "count" else rng.randrange(1, 4)
    answers = []
    remarks = rng.sample(REMARKS, len(REMARKS))
    for number, moment in enumerate(_inside(rng, low, high, count)):
        ref = f"{subject.qid}/a{number}"
        answers.append(ref)
        _tell(rng, world, ref, subject.who, subject.topic, remarks[number], moment, clock)
    for number, moment in enumerate(_outside(rng, world, start, end, earliest)):
        _tell(rng, world, f"{subject.qid}/o{number}", subject.who, subject.topic,
              remarks[-1 - number], moment, clock)  # fmt: skip
    others = [who for who in PEOPLE if who != subject.who]
    rng.shuffle(others)
    said_of = clock == "said"
    for number, moment in enumerate(_inside(rng, low, high, 3)):
        # What happened is asked of nobody: others would be answers there.
        who, topic = (others[number], subject.topic) if said_of and number < 2 else (
            subject.who, subject.other)  # fmt: skip
        _tell(
            rng, world, f"{subject.qid}/d{number}", who, topic, rng.choice(REMARKS), moment, clock
        )
    world.asks.append(
        Ask(
            subject.qid, text, kind if clock == "said" else f"{kind} ({clock})", wording.code,
            clock, start, end, frozenset(answers),
        )
    )  # fmt: skip


def _tell(
    rng: random.Random, world: World, ref: str, who: str, topic: str, remark: str,
    moment: datetime, clock: str,
) -> None:  # fmt: skip
    """One episode whose time on the clock that counts is `moment`; the others are elsewhere."""
    if clock == "said":
        world.add(ref, who, remark.format(topic=topic), moment)
        return
    if clock == "ingested":
        said = moment - timedelta(days=rng.randrange(30, 400))
        world.add(ref, who, remark.format(topic=topic), said, stored=moment)
        return
    told = rng.choice(EVENTS).format(topic=topic)
    span = (moment, moment + timedelta(seconds=1))
    latest = max((world.now - moment) // _MINUTE - 1, 1)
    said = moment + rng.randrange(1, latest + 1) * _MINUTE
    world.add(ref, who, told, said, happened=span)


def _inside(rng: random.Random, low: datetime, high: datetime, count: int) -> list[datetime]:
    """Moments of a stretch; one of them hard at its edge where there are several."""
    room = max(int((high - low) / timedelta(seconds=1)), 1)
    moments = [low + timedelta(seconds=rng.randrange(room)) for _ in range(count)]
    if count > 1:
        moments[0] = low
    if count > 2:
        moments[1] = high - timedelta(seconds=1)
    return moments


def _outside(
    rng: random.Random, world: World, start: datetime, end: datetime, earliest: datetime
) -> list[datetime]:
    """Moments before and after a window: hard at its edges, and anywhere."""
    found = []
    if start > earliest:
        found += [start - timedelta(seconds=1), start - timedelta(hours=rng.randrange(2, 60))]
        found.append(start - timedelta(days=rng.randrange(20, 700)))
    latest = world.now - 2 * _MINUTE
    if end < latest:
        found.append(end)
        room = int((latest - end) / _MINUTE)
        found += [end + rng.randrange(max(room, 1)) * _MINUTE for _ in range(2)]
    return found


def _order(
    rng: random.Random, world: World, wording: Wording, kind: str, subject: _Subject
) -> None:
    """The first and the last of eight times that a person spoke of a subject."""
    remarks = rng.sample(REMARKS, 8)
    moments = sorted(world.now - timedelta(hours=rng.randrange(30, 24_000)) for _ in remarks)
    for number, moment in enumerate(moments):
        world.add(f"{subject.qid}/m{number}", subject.who,
                  remarks[number].format(topic=subject.topic), moment)  # fmt: skip
    others = [who for who in PEOPLE if who != subject.who]
    for number, moment in enumerate(
        (moments[0] - timedelta(days=9), moments[-1] + 29 * 60 * _MINUTE)
    ):
        world.add(
            f"{subject.qid}/d{number}",
            subject.who,
            rng.choice(REMARKS).format(topic=subject.other),
            moment,
        )
        world.add(
            f"{subject.qid}/e{number}",
            others[number],
            rng.choice(REMARKS).format(topic=subject.topic),
            moment,
        )
    answer = f"{subject.qid}/m{0 if kind == 'first' else len(moments) - 1}"
    text = rng.choice(wording.order[kind]).format(who=subject.who, topic=subject.topic)
    world.asks.append(
        Ask(subject.qid, text, kind, wording.code, "said", None, None, frozenset((answer,)))
    )


def _beside(
    rng: random.Random, world: World, wording: Wording, kind: str, subject: _Subject, name: str
) -> None:
    """A window beside an event that one episode tells of, on the day it happened."""
    today = world.now.astimezone(ZoneInfo(world.zone)).date()
    day = today - timedelta(days=rng.randrange(60, 900))
    asked = beside_event(kind, rng, day)
    event = wording.event[1].format(name=name)
    when = wording.spell(kind, {**asked.words, "event": event}, rng.randrange(6))
    text = _question(rng, wording, "said", subject, when, counted=False)
    told = wording.event[0].format(name=name)
    _event(world, f"{subject.qid}/event", subject.who, told, day)
    _pose(rng, world, wording, kind, text, asked, subject, "said")


def _event(world: World, ref: str, who: str, told: str, day: date) -> None:
    noon = midnight(day, world.zone) + timedelta(hours=19)
    span = (midnight(day, world.zone), midnight(day + timedelta(days=1), world.zone))
    text = f"{told[:1].upper()}{told[1:]}: that is done."
    world.add(ref, who, text, noon, happened=span)
