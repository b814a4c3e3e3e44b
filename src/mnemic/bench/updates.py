"""`mnemic bench updates`: made-up people whose facts change, and look-alikes that change nothing.

Every case is a person who states something and later says something else about the same matter: an
*update* (they moved, switched, gave up) that must close the old fact and open the new one, or a
*look-alike* (somebody else, another thing, another time, a plan, a visit, an addition) that must leave
the old fact as it is. The truth is known from the case, not from the text.

Only cases whose first statement was read at all can be right or wrong; how many were not is reported.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mnemic.agent.memory import Memory

Progress = Callable[[str, int, int], None]

PEOPLE_A_SCOPE = 25
BEGAN = datetime(2024, 1, 8, 9, tzinfo=UTC)
FAILURES_MAX = 30

NAMES = [
    "Ada",
    "Bruno",
    "Chiara",
    "Dmitri",
    "Elif",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Kaya",
    "Lena",
    "Marta",
    "Nikos",
    "Olga",
    "Pedro",
    "Quinn",
    "Rosa",
    "Sven",
    "Tala",
    "Uma",
    "Viktor",
    "Wanda",
    "Ximena",
    "Yusuf",
    "Zoe",
]
TOWNS = [
    "Oslo",
    "Turin",
    "Gdansk",
    "Leeds",
    "Bruges",
    "Malmo",
    "Cork",
    "Graz",
    "Lyon",
    "Porto",
    "Riga",
    "Seville",
    "Tartu",
    "Utrecht",
    "Varna",
    "Ghent",
    "Basel",
    "Trieste",
    "Kyoto",
    "Lima",
]
FIRMS = [
    "Brightwater",
    "Norvik",
    "Halcyon",
    "Pinefield",
    "Orbis",
    "Kestrel",
    "Marlowe",
    "Tideway",
    "Ashgrove",
    "Lumen",
    "Fairbank",
    "Redstone",
    "Calder",
    "Winslow",
]
TOOLS = [
    "Postgres",
    "MySQL",
    "Redis",
    "Kafka",
    "Ansible",
    "Terraform",
    "Jenkins",
    "Grafana",
    "Figma",
    "Notion",
    "Slack",
    "Trello",
]
FOODS = [
    "sushi",
    "curry",
    "pizza",
    "falafel",
    "ramen",
    "tacos",
    "risotto",
    "pancakes",
    "dumplings",
    "paella",
]
CARS = ["Volvo", "Fiat", "Toyota", "Skoda", "Mazda", "Renault", "Peugeot", "Honda"]
GAMES = ["chess", "tennis", "badminton", "squash", "golf", "volleyball", "hockey"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One way in which a matter changes or only seems to.

    `first` and `then` are said with {a}, the old value, and {b}, another; `relation` and `holds` say
    what is asked at the end: whether {a} still holds, and whether {b} does (None: not asked).
    """

    name: str
    relation: str
    values: Sequence[str]
    first: Sequence[str]
    then: Sequence[str]
    old_holds: bool
    new_holds: bool | None


_LIVE = (
    "I live in {a}.",
    "I've been living in {a} for a while.",
    "My home is in {a}, I live in {a}.",
)
_WORK = ("I work at {a}.", "I'm working at {a} these days.", "I work for {a}.")
_USE = ("We use {a} at work.", "I use {a} every day.")
_LIKE = ("I love {a}.", "I really like {a}.", "I enjoy {a}.")
_DRIVE = ("I drive a {a}.",)

UPDATES = (
    Kind("moved", "lives_in", TOWNS, _LIVE,
         ("I moved to {b}.", "Big news: I moved from {a} to {b}!", "I live in {b} now.",
          "We relocated to {b} last week.", "I've moved to {b}, the flat is tiny."), False, True),
    Kind("left home", "lives_in", TOWNS, _LIVE,
         ("I no longer live in {a}.", "I don't live in {a} anymore.", "I moved out of {a}."),
         False, None),
    Kind("new job", "works_at", FIRMS, _WORK,
         ("I work at {b} now.", "I started a new job at {b}.", "I've switched from {a} to {b}.",
          "I left {a}. I work at {b} now.", "I joined {b} on Monday."), False, True),
    Kind("quit", "works_at", FIRMS, _WORK,
         ("I quit my job at {a}.", "I no longer work at {a}.", "I don't work for {a} anymore.",
          "I left {a} yesterday."), False, None),
    Kind("switched tool", "uses", TOOLS, _USE,
         ("We switched from {a} to {b}.", "We no longer use {a}.", "We stopped using {a}.",
          "I don't use {a} anymore."), False, None),
    Kind("lost taste", "likes", FOODS, _LIKE,
         ("I don't like {a} anymore.", "I no longer like {a}.", "I hate {a} now.",
          "I can't stand {a} these days."), False, None),
    Kind("new car", "drives", CARS, _DRIVE,
         ("I drive a {b} now.", "I don't drive a {a} anymore. I drive a {b} now."), False, True),
    Kind("gave up a game", "plays", GAMES, ("I play {a}.", "I play {a} on Sundays."),
         ("I no longer play {a}.", "I stopped playing {a}.", "I don't play {a} anymore."), False, None),
)  # fmt: skip
LOOKALIKES = (
    Kind("somebody else moved", "lives_in", TOWNS, _LIVE,
         ("My sister Nadia lives in {b}.", "My brother moved to {b}.", "My friend Tom lives in {b} now.",
          "My boss moved from {a} to {b}."), True, False),
    Kind("lived elsewhere before", "lives_in", TOWNS, _LIVE,
         ("I lived in {b} until 2015.", "I used to live in {b} as a student.",
          "In 2012 I lived in {b}.", "I grew up in {b}."), True, False),
    Kind("only visits", "lives_in", TOWNS, _LIVE,
         ("I visited {b} last week.", "I'm in {b} for a conference until Friday.",
          "I spent the weekend in {b}.", "I'm flying to {b} tomorrow."), True, False),
    Kind("only thinks of it", "lives_in", TOWNS, _LIVE,
         ("I might move to {b} one day.", "I'm thinking about moving to {b}.",
          "Should I move to {b}?", "If I moved to {b}, I would miss the sea.", "I wish I lived in {b}."),
         True, False),
    Kind("somebody else's job", "works_at", FIRMS, _WORK,
         ("My wife works at {b}.", "My cousin Leo left {a} and works at {b} now.",
          "My neighbour quit his job at {a}."), True, False),
    Kind("worked elsewhere before", "works_at", FIRMS, _WORK,
         ("In 2016 I worked at {b}.", "I used to work at {b}.", "Before that I worked for {b}."),
         True, False),
    Kind("wants another job", "works_at", FIRMS, _WORK,
         ("I applied for a job at {b}.", "I would love to work at {b}.", "I had an interview at {b}."),
         True, False),
    Kind("uses another too", "uses", TOOLS, _USE,
         ("We also use {b}.", "We use {b} too.", "I use {b} for my own notes."), True, None),
    Kind("likes another too", "likes", FOODS, _LIKE,
         ("I also love {b}.", "I don't like {b}.", "I like {b} too.", "My brother hates {a}."), True, None),
    Kind("another car", "drives", CARS, _DRIVE,
         ("My father drives a {b}.", "My first car was a {b}.", "I rented a {b} on holiday.",
          "My old {b} broke down years ago."), True, False),
    Kind("plays another too", "plays", GAMES, ("I play {a}.",),
         ("I also play {b}.", "My son stopped playing {a}.", "I watched {b} on television."), True, None),
    Kind("tells somebody else's story", "lives_in", TOWNS, _LIVE,
         ('Imagine a man who says: "I moved to {b}".', "In the book she lives in {b}.",
          "He told me: I no longer live in {a}."), True, False),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Case:
    kind: Kind
    person: str
    scope: str
    a: str
    b: str
    first: str
    then: str


def run_updates(
    number: int = 1_000, *, seed: int = 7, progress: Progress | None = None
) -> dict[str, Any]:
    """Shares of updates taken over rightly, and of true facts left alone beside look-alikes.

    Args:
        number: how many updates, and as many look-alikes.
        seed: of the made-up people.
        progress: called with what is being done, how much is done, and of how much.
    """
    cases = _cases(number, seed)
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    failures: list[dict[str, str]] = []
    groups: dict[str, list[_Case]] = defaultdict(list)
    for case in cases:
        groups[case.scope].append(case)
    with (
        tempfile.TemporaryDirectory(prefix="mnemic-updates-") as folder,
        Memory(Path(folder) / "updates.mnemic", embedder=None, background=False) as memory,
    ):
        for done, (scope, some) in enumerate(groups.items()):
            if progress:
                progress("people", done, len(groups))
            memory.remember_many(_rows(scope, some, seed))
            memory.sleep(scope, phases=("nrem",))
            for case in some:
                verdict = _verdict(memory, case)
                seen[case.kind.name][verdict] += 1
                if verdict == "wrong" and len(failures) < FAILURES_MAX:
                    failures.append(
                        {"kind": case.kind.name, "first": case.first, "then": case.then}
                    )
    return {
        "task": "updates",
        "n": len(cases),
        "seed": seed,
        "updates": _summed(seen, UPDATES),
        "lookalikes": _summed(seen, LOOKALIKES),
        "by_kind": {name: dict(counts) for name, counts in sorted(seen.items())},
        "failures": failures,
    }


def _cases(number: int, seed: int) -> list[_Case]:
    draw = random.Random(seed)  # noqa: S311
    cases: list[_Case] = []
    for kinds in (UPDATES, LOOKALIKES):
        for place in range(number):
            kind = kinds[place % len(kinds)]
            a, b = draw.sample(list(kind.values), 2)
            group, person = divmod(len(cases), PEOPLE_A_SCOPE)
            cases.append(
                _Case(
                    kind, NAMES[person], f"people/{group}", a, b,
                    draw.choice(kind.first).format(a=a, b=b), draw.choice(kind.then).format(a=a, b=b),
                )
            )  # fmt: skip
    return cases


SMALL_TALK = (
    "Good morning!", "How was your weekend?", "It rained all day.", "Thanks for the book.",
    "See you on Thursday.", "The meeting was long.", "What a day.", "Happy birthday, Sam!",
)  # fmt: skip


def _rows(scope: str, cases: Sequence[_Case], seed: int) -> list[dict[str, Any]]:
    """What everybody in a scope says: first statements, small talk, then what seems to change them."""
    draw = random.Random(f"{seed}/{scope}")  # noqa: S311
    rows: list[dict[str, Any]] = []
    for number, texts in enumerate(
        (
            [(case.person, case.first) for case in cases],
            [(case.person, draw.choice(SMALL_TALK)) for case in cases],
            [(case.person, case.then) for case in cases],
        )
    ):
        for place, (person, text) in enumerate(texts):
            rows.append(
                {
                    "text": text, "scope": scope, "speaker": person, "session": f"{number}-{person}",
                    "position": 0, "source": "chat",
                    "said_at": BEGAN + timedelta(days=60 * number, minutes=place),
                }
            )  # fmt: skip
    return rows


def _verdict(memory: Memory, case: _Case) -> str:
    """One of "right", "wrong", "change not read", and "not read" where there is no first fact."""
    facts = [
        fact
        for fact in memory.facts(scope=case.scope, history=True, quotes=False)
        if fact.subject == case.person and fact.relation == case.kind.relation and not fact.denied
    ]
    old = [fact for fact in facts if case.a.casefold() in fact.object.casefold()]
    new = [fact for fact in facts if case.b.casefold() in fact.object.casefold()]
    if not old:
        return "not read"
    end = BEGAN + timedelta(days=400)
    old_holds = any(fact.holds_at(end) for fact in old)
    new_holds = any(fact.holds_at(end) for fact in new)
    if case.kind.new_holds and not new:
        return "change not read" if old_holds else "wrong"
    if not case.kind.old_holds and case.kind.new_holds is None and old_holds:
        return "change not read" if not _read(memory, case) else "wrong"
    wanted = case.kind.new_holds
    right = old_holds == case.kind.old_holds and (wanted is None or new_holds == wanted)
    return "right" if right else "wrong"


def _read(memory: Memory, case: _Case) -> bool:
    """Whether the second statement gave any claim about the old value."""
    facts = memory.facts(scope=case.scope, history=True)
    return any(
        quote.text in case.then
        for fact in facts
        if fact.subject == case.person
        for quote in fact.quotes
        if quote.speaker == case.person
    )


def _summed(seen: dict[str, Counter[str]], kinds: Sequence[Kind]) -> dict[str, Any]:
    total: Counter[str] = Counter()
    for kind in kinds:
        total.update(seen[kind.name])
    judged = total["right"] + total["wrong"]
    return {
        "n": sum(total.values()),
        "right": round(total["right"] / judged, 4) if judged else None,
        "judged": judged,
        "not_read": total["not read"],
        "change_not_read": total["change not read"],
    }


def show_updates(result: dict[str, Any], console: Any) -> None:
    """The shares, by kind, and what went wrong."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title="updates and look-alikes", box=SIMPLE_HEAD)
    for column in ("", "n", "judged", "right, %", "not read", "change not read"):
        table.add_column(column, justify="left" if not column else "right")
    for name in ("updates", "lookalikes"):
        row = result[name]
        right = "" if row["right"] is None else f"{100 * row['right']:.2f}"
        table.add_row(
            name, str(row["n"]), str(row["judged"]), right, str(row["not_read"]),
            str(row["change_not_read"]),
        )  # fmt: skip
    console.print(table)
    kinds = Table(title="by kind", box=SIMPLE_HEAD)
    for column in ("", "right", "wrong", "not read", "change not read"):
        kinds.add_column(column, justify="left" if not column else "right")
    for name, counts in result["by_kind"].items():
        kinds.add_row(
            name,
            *(str(counts.get(key, 0)) for key in ("right", "wrong", "not read", "change not read")),
        )
    console.print(kinds)
    for failure in result["failures"]:
        console.print(f"{failure['kind']}: “{failure['first']}” then “{failure['then']}”")
