"""Updates and look-alikes: what a change retires, and what must stay (`mnemic bench updates`).

Made conversations of known truth. A case is somebody who says how something is, and months later
says that it changed (an update) or something that only sounds like it (a look-alike). Sleep reads
all, and the facts are compared with the truth. How people say it is in updating.py.
"""

from __future__ import annotations

import random
import re
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnemic.agent.facts.fact import Fact
from mnemic.agent.facts.reconcile import FUNCTIONAL_MIN
from mnemic.agent.knowledge import ClaimRow
from mnemic.agent.memory import Memory
from mnemic.agent.sleep.extract.vocabulary import functional_prior
from mnemic.agent.sleep.replay import subject_key
from mnemic.bench.updating import (
    AFTER,
    BEFORE,
    BOTH,
    CHATTER,
    ENDING,
    MATTERS,
    NAMES,
    REPLIES,
    Matter,
)
from mnemic.errors import InvalidInput

if TYPE_CHECKING:
    from rich.console import Console

SEED = 31
COUNT = 1_000
PER_SCOPE = 25
"""How many people speak in one scope; each of them is one case."""

FIRST = datetime(2025, 1, 6, 9, tzinfo=UTC)
SHOWN_MAX = 60
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]  # fmt: skip
GIVEN = ["Ada", "Bela", "Carmen", "Dario", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaya", "Lena", "Milo", "Nadia", "Oscar", "Petra", "Quinn", "Rosa", "Sami", "Tara", "Uwe", "Vera", "Wim", "Xenia", "Yara"]  # fmt: skip
FAMILY = [
    "Almeida",
    "Becker",
    "Castro",
    "Duval",
    "Eriksen",
    "Fontana",
    "Gruber",
    "Hansen",
    "Ivanov",
    "Jansen",
]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Change:
    """One case: who says what, when, and what is true after it.

    `held` are values that hold at the end; `ended` those that held and hold no more; `never` those
    that never did, by what is told. `second` is the sentence that changes something or seems to.
    """

    number: int
    update: bool
    matter: str
    kind: str
    speaker: str
    subject: str
    first: str
    second: str
    told_at: datetime
    changed_at: datetime
    old: str
    held: frozenset[str]
    ended: frozenset[str]
    never: frozenset[str]

    @property
    def refs(self) -> tuple[str, str]:
        """The refs of the two statements."""
        return f"{self.number}/told", f"{self.number}/changed"

    @property
    def scope(self) -> str:
        """Where it is said."""
        return f"bench/updates/{self.number // PER_SCOPE:03}"


def cases(count: int, *, update: bool, seed: int = SEED) -> list[Change]:
    """So many cases: all kinds of all matters in turn, their wordings by chance."""
    rng = random.Random(f"{seed}/{update}")  # noqa: S311
    kinds = [
        (name, kind)
        for name, matter in MATTERS.items()
        for kind in (matter.changes if update else matter.alikes)
    ]
    made: list[Change] = []
    while len(made) < count:
        rng.shuffle(kinds)
        for name, kind in kinds[: count - len(made)]:
            made.append(_case(rng, len(made) + (0 if update else 10**6), update, name, kind))
    return made


def _case(rng: random.Random, number: int, update: bool, name: str, kind: str) -> Change:
    matter = MATTERS[name]
    old, new = rng.sample(matter.values, 2)
    friend = rng.choice([one for one in NAMES if one not in (old, new)])
    # A speaker of two names, so that nobody else in the scope has one of them as theirs.
    place = number % PER_SCOPE
    speaker = f"{GIVEN[place]} {FAMILY[number // PER_SCOPE % len(FAMILY)]}"
    told_at = FIRST + timedelta(days=rng.randrange(120), minutes=rng.randrange(600))
    changed_at = told_at + timedelta(days=rng.randrange(100, 240))
    month = MONTHS[(changed_at - timedelta(days=45)).month - 1]
    words = {"old": old, "new": new, "friend": friend, "month": month,
             "year": str(rng.randrange(2009, 2021))}  # fmt: skip
    said = rng.choice((matter.changes if update else matter.alikes)[kind])
    held, ended, never = _truth(update, kind, old, new, new_named="{new}" in said)
    return Change(
        number, update, name, kind, speaker, matter.of.format(**words) or speaker,
        _spoken(rng.choice(matter.told).format(**words)), _spoken(said.format(**words)),
        told_at, changed_at, old, held, ended, never,
    )  # fmt: skip


def _spoken(text: str) -> str:
    """With "an" before a vowel."""
    return re.sub(r"\ba (?=[aeiouAEIOU])", "an ", text)


def _truth(
    update: bool, kind: str, old: str, new: str, *, new_named: bool
) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The values that hold at the end, that ended, and that do not hold then."""
    none = frozenset[str]()
    if update:
        after = none if kind in ENDING else frozenset((new,))
        return after, frozenset((old,)), none
    if kind in BOTH:
        return frozenset((old, new)), none, none
    return frozenset((old,)), none, frozenset((new,)) if new_named else none


def rows(found: Sequence[Change], seed: int = SEED) -> Iterator[Mapping[str, Any]]:
    """The conversations in which the cases are told, as rows to remember."""
    for case in found:
        rng = random.Random(f"{seed}/{case.number}")  # noqa: S311
        for which, (moment, said) in enumerate(
            ((case.told_at, case.first), (case.changed_at, case.second))
        ):
            text = f"{rng.choice(BEFORE)}{said}{rng.choice(AFTER)}"
            turns: list[tuple[str, str, str | None]] = []
            if rng.random() < 0.5:
                turns.append((case.speaker, rng.choice(CHATTER), None))
            turns.append((case.speaker, text, case.refs[which]))
            if rng.random() < 0.5:
                turns.append(("assistant", rng.choice(REPLIES), None))
            for place, (speaker, words, ref) in enumerate(turns):
                yield {
                    "text": words, "speaker": speaker, "scope": case.scope, "source": "chat",
                    "session": f"{case.number}-{which}", "position": place,
                    "said_at": moment + timedelta(seconds=20 * place), "ref": ref,
                }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a case: what was extracted of its statements, and what is wrong at the end.

    `whole` says that all was extracted that the truth hangs on, of one subject and relation: of a
    relation with many values at a time also that the old one ended. `lost` names what is missing.
    """

    case: Change
    told_read: bool
    second_read: bool
    lost: str
    faults: tuple[str, ...]

    @property
    def read(self) -> bool:
        """Whether both statements were extracted, be it in part."""
        return self.told_read and (self.second_read or not self.case.update)

    @property
    def whole(self) -> bool:
        """Whether nothing that the truth hangs on was lost in extraction."""
        return self.read and not self.lost


def judge(case: Change, facts: Sequence[Fact], claimed: Sequence[tuple[str, ClaimRow]]) -> Judged:
    """Compares the facts of a case's scope with its truth.

    Args:
        case: the case.
        facts: all of its scope, with those that ended.
        claimed: the claims of its scope, with the ref of the episode each is made in.
    """
    relations = MATTERS[case.matter].relations
    told, changed = case.refs
    own = [
        (ref, claim)
        for ref, claim in claimed
        if claim.relation in relations and _is_of(claim.subject, case)
    ]
    first = [
        claim
        for ref, claim in own
        if ref == told and _says(claim.object, case.old) and not claim.denied
    ]
    wanted = case.held if case.update and case.held else case.ended | case.held
    second = [
        claim
        for ref, claim in own
        if ref == changed and any(_says(claim.object, value) for value in wanted)
    ]
    about = [
        fact
        for fact in facts
        if fact.relation in relations and _is_of(fact.subject, case) and not fact.denied
    ]
    faults: list[str] = []
    if first:
        faults = list(_faults(case, about, second_read=bool(second)))
    every = [claim for ref, claim in own if ref == changed]
    lost = _lost(case, first, second, every) if case.update and first and second else ""
    return Judged(case, bool(first), bool(second), lost, tuple(faults))


def _lost(
    case: Change, first: Sequence[ClaimRow], second: Sequence[ClaimRow], every: Sequence[ClaimRow]
) -> str:
    """What extraction lost of an update both of whose statements it read; "" for nothing."""
    for name, key in (("another subject", "subject_key"), ("another relation", "relation")):
        if not {getattr(one, key) for one in first} & {getattr(one, key) for one in second}:
            return name
    relation = first[0].relation
    if functional_prior(relation) > FUNCTIONAL_MIN:
        return ""
    ends = any(
        _says(one.object, case.old) and (one.denied or one.valid_to_us is not None) for one in every
    )
    return "" if ends else "that the old one ended"


def _faults(case: Change, about: Sequence[Fact], *, second_read: bool) -> Iterator[str]:
    def standing(value: str) -> bool:
        return any(_says(fact.object, value) and fact.valid_to is None for fact in about)

    for value in case.ended:
        ends = [fact.valid_to for fact in about if _says(fact.object, value)]
        if any(end is None for end in ends):
            yield "the old still holds"
        elif any(end and end > case.changed_at + timedelta(days=1) for end in ends):
            yield "closed too late"
    for value in case.held:
        told_here = value == case.old or second_read
        if told_here and not standing(value):
            yield "the new does not hold" if case.update else "a true fact retired"
    for value in case.never:
        if standing(value):
            yield "something untrue holds"


def _is_of(subject: str, case: Change) -> bool:
    """Whether a subject is the one the case is about: the speaker, or someone by name."""
    if case.subject == case.speaker:
        return subject_key(subject) == subject_key(case.speaker)
    return case.subject.casefold() in subject.casefold().split()


def _says(said: str, value: str) -> bool:
    return value.casefold() in said.casefold()


def run_updates(
    count: int = COUNT, *, seed: int = SEED, progress: Progress | None = None
) -> dict[str, Any]:
    """The result object: how many updates supersede rightly, and how many look-alikes retire nothing.

    Args:
        count: how many updates, and as many look-alikes; 25 at least.
        seed: of the made conversations.
        progress: called with what is being done, how much is done, and of how much.

    Raises:
        InvalidInput: `count` is below 25.
    """
    if count < PER_SCOPE:
        raise InvalidInput(f"n is {count!r}; make {PER_SCOPE} updates at least")
    began = time.monotonic()
    made = cases(count, update=True, seed=seed) + cases(count, update=False, seed=seed)
    with (
        tempfile.TemporaryDirectory(prefix="mnemic-updates-") as folder,
        Memory(Path(folder) / "updates.mnemic", embedder=None, background=False) as memory,
    ):
        episodes = memory.remember_many(rows(made, seed)).stored
        memory.sleep(progress=progress)
        judged = list(_judged(memory, made))
    return {
        "task": "updates",
        "n": count,
        "episodes": episodes,
        "updates": _updates([one for one in judged if one.case.update]),
        "look_alikes": _alikes([one for one in judged if not one.case.update]),
        "failures": _failures(judged),
        "seed": seed,
        "seconds": round(time.monotonic() - began, 1),
    }


def _judged(memory: Memory, made: Sequence[Change]) -> Iterator[Judged]:
    by_scope: dict[str, list[Change]] = defaultdict(list)
    for case in made:
        by_scope[case.scope].append(case)
    for scope, found in by_scope.items():
        ids = memory.store.scope_ids(scope)
        refs = {seq: episode.ref or "" for seq, episode in memory.store.walk(ids)}
        claimed = [(refs[row.seq], row) for row in memory.store.derived.rows(ClaimRow, ids)]
        facts = memory.facts(scope=scope, history=True, quotes=False)
        yield from (judge(case, facts, claimed) for case in found)


def _updates(judged: Sequence[Judged]) -> dict[str, Any]:
    read = [one for one in judged if one.read]
    whole = [one for one in judged if one.whole]
    return {
        "n": len(judged),
        "not_extracted": _share(len(judged) - len(read), len(judged)),
        "first_statement_not_extracted": _share(
            sum(not one.told_read for one in judged), len(judged)
        ),
        "extracted": len(read),
        "extracted_whole": len(whole),
        "right_of_whole": _share(sum(not one.faults for one in whole), len(whole)),
        "right_of_extracted": _share(sum(not one.faults for one in read), len(read)),
        "right_of_all": _share(sum(not one.faults for one in read), len(judged)),
        "by_kind": _by(judged),
    }


def _alikes(judged: Sequence[Judged]) -> dict[str, Any]:
    read = [one for one in judged if one.told_read]
    retired = sum("a true fact retired" in one.faults for one in read)
    return {
        "n": len(judged),
        "not_extracted": _share(len(judged) - len(read), len(judged)),
        "extracted": len(read),
        "nothing_true_retired": _share(len(read) - retired, len(read)),
        "nothing_untrue_held": _share(
            sum("something untrue holds" not in one.faults for one in read), len(read)
        ),
        "by_kind": _by(judged),
    }


def _by(judged: Sequence[Judged]) -> dict[str, dict[str, int]]:
    """For each kind and each matter how many cases, how many extracted, how many of these right."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for one in judged:
        for name in (one.case.kind, f"of {one.case.matter}"):
            table[name]["n"] += 1
            table[name]["extracted"] += one.read
            table[name]["whole"] += one.whole
            table[name]["right"] += one.read and not one.faults
    return {name: dict(found) for name, found in sorted(table.items())}


def _failures(judged: Sequence[Judged]) -> dict[str, Any]:
    """How often each fault, by kind; and some cases in words."""
    counts: Counter[str] = Counter()
    shown: list[list[str]] = []
    for one in judged:
        faults = list(one.faults) if one.read else []
        if one.case.update and not one.read:
            faults = ["not extracted: " + ("the change" if one.told_read else "the first")]
        elif faults and one.lost:
            faults = [f"extraction lost {one.lost}"]
        for fault in faults:
            name = f"{'update' if one.case.update else 'look-alike'}, {one.case.kind}: {fault}"
            counts[name] += 1
            if counts[name] <= 2 and len(shown) < SHOWN_MAX:
                shown.append([name, one.case.first, one.case.second])
    return {"counts": dict(counts.most_common()), "shown": shown}


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


_BASE = {"right_of_whole": "extracted_whole"}


def show(result: dict[str, Any], console: Console) -> None:
    """The result as tables: shares, kinds, failures."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    ups, alikes = result["updates"], result["look_alikes"]
    table = Table(title=f"updates: {result['n']:,} and as many look-alikes", box=SIMPLE_HEAD)
    for column in ("", "extracted", "share, %"):
        table.add_column(column, justify="left" if not column else "right")
    for name, found, key in (
        ("updates wholly extracted: superseded rightly", ups, "right_of_whole"),
        ("updates extracted in part at least: superseded rightly", ups, "right_of_extracted"),
        ("look-alikes: nothing true retired", alikes, "nothing_true_retired"),
        ("look-alikes: nothing untrue held", alikes, "nothing_untrue_held"),
    ):
        table.add_row(
            name,
            f"{found[_BASE.get(key, 'extracted')]:,} of {found['n']:,}",
            f"{100 * found[key]:.2f}",
        )
    console.print(table)
    table = Table(title="by kind", box=SIMPLE_HEAD)
    for column in ("kind", "n", "extracted", "whole", "right"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    for part, name in ((ups, "update"), (alikes, "look-alike")):
        for kind, found in part["by_kind"].items():
            cells = [str(found[key]) for key in ("n", "extracted", "whole", "right")]
            table.add_row(f"{name}: {kind}", *cells)
    console.print(table)
    for name, count in result["failures"]["counts"].items():
        console.print(f"{count:5} {name}", highlight=False)
    console.print(f"{result['episodes']:,} episodes, {result['seconds']} s")


__all__ = ["Change", "Judged", "Matter", "cases", "judge", "rows", "run_updates", "show"]
