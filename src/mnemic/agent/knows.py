"""What a memory knows beyond its episodes: sleep, facts, profiles, places, and people's word about them.

`Memory` inherits these; they are kept apart because they all work on derived rows.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mnemic.agent.erase import erase
from mnemic.agent.facts.answers import Asked, facts_of
from mnemic.agent.facts.fact import Fact, Quote, Status
from mnemic.agent.gist.familiar import familiarity
from mnemic.agent.knowledge import (
    ActRow,
    ClaimRow,
    EvidenceRow,
    FactRow,
    LessonRow,
    PlaceRow,
    ReplayRow,
    RunRow,
    SummaryRow,
)
from mnemic.agent.looks import Looks
from mnemic.agent.protocols import Embedder, Store
from mnemic.agent.rooms import rooms_shown
from mnemic.agent.shown import Lesson, Moment, Profile, Receipt, Room, Run
from mnemic.agent.sleep.extract.keys import object_key
from mnemic.agent.sleep.groups import Group
from mnemic.agent.sleep.regroup import dropped, groups_of, regroup
from mnemic.agent.sleep.replay import (
    CORRECTION,
    Extractor,
    Renewed,
    RuleExtractor,
    subject_key,
)
from mnemic.agent.sleep.run import EVERYWHERE, PHASES, Phase, SleepReport
from mnemic.agent.sleep.run import sleep as run_sleep
from mnemic.agent.sleep.work import Progress
from mnemic.agent.terms import is_text, query_terms
from mnemic.agent.when import parse_moment
from mnemic.agent.write import Draft
from mnemic.agent.write.prepare import from_us, to_us
from mnemic.clock import Clock
from mnemic.errors import InvalidInput, NotThere, ReadOnlyStore, SleepBusy

if TYPE_CHECKING:
    from mnemic.agent.recall import Parts
    from mnemic.agent.records import Episode, Recall

RECENT_DAYS = 45
"""How far back from the latest word a profile's recent part reaches."""

STATIC = frozenset(
    [
        "name",
        "lives_in",
        "lives_with",
        "from",
        "grew_up_in",
        "born_on",
        "born_in",
        "age",
        "nationality",
        "status",
        "works_at",
        "works_in",
        "job",
        "studies",
        "studies_at",
        "partner",
        "relative",
        "has_pet",
        "owns",
        "likes",
        "prefers",
        "favourite",
        "allergic_to",
        "diet",
        "speaks",
        "plays",
        "drives",
        "has",
        "afraid_of",
        "knows",
    ]
)
"""Relations that make up the lasting part of a profile."""


class Knows(Looks):
    """Facts, sleep and what people decide of them. The base of `Memory`."""

    store: Store
    embedder: Embedder | None
    extractor: Extractor | None
    _clock: Clock
    _zone_name: str | None
    _hot_bytes_max: int | None
    _parts: Parts
    recall: Callable[..., Recall]
    _admit: Callable[..., Draft]

    # -- sleep -------------------------------------------------------------------------------

    def sleep(
        self,
        scope: str | None = None,
        *,
        phases: Sequence[Phase] = PHASES,
        budget_s: float | None = None,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> SleepReport:
        """Consolidates episodes into facts, lessons, summaries and places; loses nothing.

        Goes on where a killed sleep stopped; what no new episode touched is left as it is.

        Args:
            scope: a path, or with `/*` all below; None for everything.
            phases: "nrem" (replay of what is new), "rem" (all together); both, in this order.
            budget_s: seconds after which no new step begins; the rest waits for the next sleep.
            dry_run: sleeps on a copy that is thrown away, by the rules alone, and reports what would
                change.
            progress: told the stage, how much of it is done, and how much there is.

        Raises:
            InvalidInput: the budget is negative, or a phase is unknown.
            InvalidScope: nothing was ever remembered there.
            SleepBusy: another sleep is running on this store.
            ReadOnlyStore: the store is opened to be read only.
        """
        if budget_s is not None and not budget_s >= 0:
            raise InvalidInput(f"budget_s is {budget_s!r}; pass 0 or more seconds, or None")
        unknown = [phase for phase in phases if phase not in PHASES]
        if unknown or not phases:
            raise InvalidInput(f"phases are {list(phases)!r}; choose from {list(PHASES)}")
        extractor: object = self.extractor
        if isinstance(extractor, Renewed):
            extractor.renew()
        if dry_run:
            return self._dry(scope, phases, budget_s, progress)
        self._before_sleep()
        with self._asleep():
            return run_sleep(
                self.store, self._reader(), self._clock,
                reach=EVERYWHERE if scope is None else scope,
                phases=[phase for phase in PHASES if phase in phases], budget_s=budget_s,
                hot_bytes_max=self._hot_bytes_max,
                dimension=self.embedder.dimension if self.embedder else 0, progress=progress,
            )  # fmt: skip

    def undo(self, run: int) -> int:
        """Puts every derived row back as it was before a run or an act; how many rows changed.

        Raises:
            InvalidInput: there is no such run, it was undone before, or later ones come first.
            SleepBusy: a sleep is running.
        """
        with self._asleep(), self.store.deriving():
            return self.store.derived.undo(run)

    def runs(self) -> list[Run]:
        """All runs of sleep and acts upon facts, newest first."""
        return [_run(row) for row in self.store.derived.runs()]

    def forget_derived(self) -> None:
        """Empties everything sleep derived, so that the next sleep derives it again from the log.

        Raises:
            SleepBusy: a sleep is running.
        """
        with self._asleep(), self.store.deriving():
            self.store.derived.forget_all()

    # -- facts -------------------------------------------------------------------------------

    def facts(
        self,
        about: str | None = None,
        *,
        scope: str = "default",
        as_of: str | datetime | None = None,
        believed_at: str | datetime | None = None,
        history: bool = False,
        min_confidence: float = 0.0,
        require: Status | None = None,
        quotes: bool = True,
    ) -> list[Fact]:
        """The facts of a scope that hold, by subject and relation.

        Args:
            about: words; only facts whose subject or statement has all of them.
            scope: a path, or with `/*` all below.
            as_of: the moment in the world they are to hold at; None is now.
            believed_at: what we believed then, from what was stored by then; None is now.
            history: facts that hold no more, and those that will, too.
            min_confidence: the least confidence, 0 to 1.
            require: the status they must have, such as "verified".
            quotes: whether to read the evidence's words too.

        Raises:
            InvalidScope, InvalidTime, InvalidInput: with the value that is wrong.
        """
        check_confidence(min_confidence, require)
        scope_ids = self.store.scope_ids(scope)
        asked = Asked.of(
            self._moment(as_of, "as_of") or self._clock.now(),
            self._moment(believed_at, "believed_at"),
        )
        hidden = set(self.store.derived.hidden(scope_ids))
        rows = [
            row
            for row in self.store.derived.rows(FactRow, scope_ids)
            if asked.believes(row)
            and (history or asked.holds(row))
            and row.confidence >= min_confidence
            and (require is None or row.status == require)
            and _is_about(row, about)
        ]
        if hidden:
            rows = self._without(rows, scope_ids, hidden)
        rows.sort(
            key=lambda row: (row.subject_key, row.relation, row.valid_from_us or 0, row.fact_id)
        )
        return facts_of(self.store, rows, quotes=quotes, believed_us=asked.believed_us)

    def fact(self, fact_id: str, *, scope: str = "default") -> Fact:
        """One fact by its id or the first characters of it (6 or more), as it is believed now.

        Raises:
            InvalidInput: no fact, or several, begin like this.
        """
        return facts_of(self.store, [self._fact_row(fact_id, scope)])[0]

    def correct(self, fact_id: str, value: str, *, scope: str = "default") -> Fact:
        """Puts one fact right, keeping what was believed before; nothing else changes.

        The person's words are kept as an episode, and the corrected fact is verified by them.

        Args:
            fact_id: the fact's id or the beginning of it.
            value: what is true instead: the value alone ("Lagos"), or a sentence that says it.
            scope: where the fact is.

        Returns:
            The corrected fact.
        """
        said = value.strip() if isinstance(value, str) else ""
        if not said:
            raise InvalidInput(f"the correction {value!r:.60} is empty; say what is true instead")
        with self.store.deriving():
            row = self._fact_row(fact_id, scope)
            now = self._clock.now()
            path = self.store.derived.paths([row.scope_id])[row.scope_id]
            draft = self._admit(
                {
                    "text": said, "scope": path, "speaker": "user", "said_at": now,
                    "source": CORRECTION, "ref": f"fact:{row.fact_id}",
                }
            )  # fmt: skip
            corrected = self._value_of(row, draft.text)
            appended = self.store.append([draft], now)
            if appended.erased:
                raise InvalidInput(
                    f"the correction {said!r:.60} was erased a moment ago; say it again"
                )
            seq = self.store.seqs([row.scope_id], appended.ids[0])[0]
            content = {
                "object": corrected, "object_key": object_key(row.relation, corrected), "seq": seq,
            }  # fmt: skip
            group = (row.subject_key, row.relation)
            self._decide(row.scope_id, "correct", row.fact_id, content, {group})
            resting = self.store.derived.rows(EvidenceRow, [row.scope_id], seq=seq)
            made = [
                one
                for one in self.store.derived.rows(
                    FactRow, [row.scope_id], fact_id={one.fact_id for one in resting}
                )
                if (one.subject_key, one.relation) == group and one.believed_to_us is None
            ]
        return facts_of(self.store, made[-1:])[0]

    def confirm(self, fact_id: str, *, scope: str = "default") -> Fact:
        """Says that a fact is true: it is verified from now on."""
        with self.store.deriving():
            row = self._fact_row(fact_id, scope)
            group = (row.subject_key, row.relation)
            self._decide(row.scope_id, "confirm", row.fact_id, {}, {group})
        return self.fact(row.fact_id, scope=scope)

    def reject(self, fact_id: str, *, scope: str = "default") -> None:
        """Says that a fact never was true: it is believed no more; what was believed stays known."""
        with self.store.deriving():
            row = self._fact_row(fact_id, scope)
            group = (row.subject_key, row.relation)
            self._decide(row.scope_id, "reject", row.fact_id, {}, {group})

    # -- looking -----------------------------------------------------------------------------

    def profile(self, scope: str = "default", *, min_confidence: float = 0.0) -> Profile:
        """What is held of the scope's people and things: lasting facts, and what is recent."""
        facts = self.facts(scope=scope, min_confidence=min_confidence)
        latest = max(
            (fact.valid_from for fact in facts if fact.valid_from), default=self._clock.now()
        )
        since = min(latest, self._clock.now()) - timedelta(days=RECENT_DAYS)
        static: dict[str, list[Fact]] = {}
        recent: dict[str, list[Fact]] = {}
        for fact in facts:
            if fact.relation.partition(":")[0] in STATIC:
                static.setdefault(fact.subject, []).append(fact)
            if fact.valid_from is not None and fact.valid_from >= since:
                recent.setdefault(fact.subject, []).append(fact)
        number = {name: len(static.get(name, ())) for name in (*static, *recent)}
        subjects = sorted(number, key=lambda name: (-number[name], name))
        return Profile(scope, subjects, dict(static), dict(recent))

    def timeline(
        self, about: str, *, scope: str = "default", k: int = 20, **asked: Any
    ) -> list[Moment]:
        """The history of a subject: facts over their validity, and the episodes that tell of it.

        Args:
            about: a name or some words.
            scope: a path, or with `/*` all below.
            k: how many episodes at most.
            asked: other arguments of `recall`.
        """
        moments = [
            Moment(fact.valid_from, fact.valid_to, fact.statement, fact=fact)
            for fact in self.facts(about, scope=scope, history=True)
        ]
        found = self.recall(about, scope=scope, k=k, window=None, **asked)
        best = max((hit.score for hit in found.hits), default=0.0)
        for hit in found.hits:
            if hit.score < 0.5 * best:
                continue
            happened = hit.episode.happened
            moments.append(
                Moment(happened.start, happened.end, hit.episode.text, episode=hit.episode)
            )
        first = datetime.min.replace(tzinfo=self._clock.now().tzinfo)
        return sorted(moments, key=lambda one: (one.start or first, one.text))

    def palace(self, scope: str = "default") -> dict[str, list[Room]]:
        """The wings of a scope, each with its rooms, the largest first."""
        topics = self.summaries(scope=scope, kind="topic")
        return rooms_shown(self.store, self.store.scope_ids(scope), topics)

    def room(self, wing: str, room: str, *, scope: str = "default") -> list[tuple[Episode, float]]:
        """The episodes of a room as they were written, each with how much it surprised (-1: unknown).

        What is suppressed lies in no room; a room that there is not is empty.
        """
        if not is_text(wing + room):
            return []
        scope_ids = self.store.scope_ids(scope)
        places = self.store.derived.rows(PlaceRow, scope_ids, wing=wing, room=room)
        seqs = [place.seq for place in places]
        surprise = {
            row.seq: row.surprise for row in self.store.derived.rows(ReplayRow, scope_ids, seq=seqs)
        }
        hidden = set(self.store.derived.hidden(scope_ids))
        found = self.store.episodes(scope_ids, seqs)
        return [
            (found[seq], surprise.get(seq, -1.0))
            for seq in seqs
            if seq in found and seq not in hidden
        ]

    def lessons(self, about: str | None = None, *, scope: str = "default") -> list[Lesson]:
        """What was learned to do when, newest first; `about` keeps those that share a word with it."""
        scope_ids = self.store.scope_ids(scope)
        wanted = set(query_terms(about)) if about else set()
        hidden = set(self.store.derived.hidden(scope_ids))
        made = []
        for row in self.store.derived.rows(LessonRow, scope_ids):
            if wanted and wanted.isdisjoint(query_terms(f"{row.trigger} {row.action}")):
                continue
            places = json.loads(row.quotes)
            if not hidden.isdisjoint(seq for seq, _, _ in places):
                continue
            found = self.store.episodes([row.scope_id], [seq for seq, _, _ in places])
            quotes = [
                Quote(
                    found[seq].id,
                    a,
                    b,
                    found[seq].text[a:b],
                    found[seq].said_at,
                    found[seq].speaker,
                )
                for seq, a, b in places
                if seq in found
            ]
            made.append(
                Lesson(
                    row.lesson_id,
                    row.trigger,
                    row.action,
                    row.certainty,
                    quotes,
                    from_us(row.said_us),
                )
            )
        return sorted(made, key=lambda one: (one.said_at, one.id), reverse=True)

    def familiar(self, text: str, *, scope: str = "default") -> float | None:
        """How familiar a text is to a scope, 0 to 1, from the gist alone: no vector is read.

        About 0.7 divides what the scope speaks of from what it does not (`mnemic bench gist`). It tells
        topics, not who is meant; episodes since the last sleep are not in it. None before the first
        sleep, and without an embedder.
        """
        if self.embedder is None:
            return None
        found = familiarity(self.store, self.store.scope_ids(scope), self.embedder.embed([text]))
        return None if found is None else float(found[0])

    def summaries(self, *, scope: str = "default", kind: str = "session") -> list[SummaryRow]:
        """The extractive summaries of sessions or topics, oldest first."""
        if kind not in ("session", "topic"):
            raise InvalidInput(f"kind is {kind!r}; choose 'session' or 'topic'")
        scope_ids = self.store.scope_ids(scope)
        hidden = set(self.store.derived.hidden(scope_ids))
        found = [
            row
            for row in self.store.derived.rows(SummaryRow, scope_ids, kind=kind)
            if hidden.isdisjoint(seq for seq, _, _ in json.loads(row.sentences))
        ]
        return sorted(found, key=lambda row: (row.from_us, row.key))

    # -- hiding and erasing ------------------------------------------------------------------

    def suppress(self, id_or_ref: str, *, scope: str = "default") -> list[str]:
        """Hides episodes from every recall, and facts that rest on them alone; `restore` undoes it."""
        return self._hide(id_or_ref, scope, "suppress")

    def restore(self, id_or_ref: str, *, scope: str = "default") -> list[str]:
        """Shows suppressed episodes again."""
        return self._hide(id_or_ref, scope, "restore")

    def erase(self, ids_or_refs: str | Iterable[str], *, scope: str = "default") -> Receipt:
        """Removes episodes for good, with everything derived from them, from every byte of the store.

        Facts that rest on other evidence too stay, without the erased quote. What was read beside
        the erased (an answer to its question), summaries, lessons, places and gist of the scope are
        made anew by the next sleep. The ids are not taken in again.
        Copies elsewhere (backups, exports) are not reached.

        Raises:
            InvalidInput: no episode of the scope has one of these ids or refs; nothing was erased.
        """
        names = [ids_or_refs] if isinstance(ids_or_refs, str) else list(ids_or_refs)
        if not names or not all(isinstance(name, str) and is_text(name) for name in names):
            raise InvalidInput(f"ids or refs are {names!r:.60}; pass one or more strings")
        gone = self.store.derived.erased(names)
        targets = self._targets([name for name in names if name not in gone], scope)
        ids: list[str] = []
        rows: dict[str, int] = {}
        with self.store.deriving():
            for scope_id, seqs in targets.items():
                erased = erase(
                    self.store, self._parts.views.at_present((scope_id,)), scope_id, seqs
                )
                ids += erased.ids
                for table, number in erased.rows.items():
                    rows[table] = rows.get(table, 0) + number
            clean = self.store.scrub()
        self._forget_caches()
        return Receipt([*ids, *sorted(gone)], rows, self._clock.now(), clean)

    # -- parts -------------------------------------------------------------------------------

    def _reader(self) -> Extractor:
        return self.extractor or RuleExtractor()

    @contextmanager
    def _asleep(self) -> Iterator[None]:
        """Holds the right to sleep."""
        with self.store.sleeping() as mine:
            if self.store.read_only:
                raise ReadOnlyStore("the store was opened with read_only=True; sleep writes")
            if not mine:
                raise SleepBusy("another sleep is running on this store; wait for it to end")
            yield

    def _before_sleep(self) -> None:
        """What is to be done before a sleep; `Memory` writes down the uses it has noted."""

    def _forget_caches(self) -> None:
        """Lets go of what was read before an erasure."""

    def _dry(
        self,
        scope: str | None,
        phases: Sequence[Phase],
        budget_s: float | None,
        progress: Progress | None,
    ) -> SleepReport:
        from mnemic.agent.memory import Memory

        with tempfile.TemporaryDirectory(prefix="mnemic-dry-") as folder:
            copy = Path(folder) / "copy.mnemic"
            self.store.backup(copy)
            with Memory(
                copy, embedder=self.embedder, clock=self._clock, background=False,
                hot_bytes_max=self._hot_bytes_max,
            ) as other:  # fmt: skip  # by the rules: a look costs no money
                report = other.sleep(scope, phases=phases, budget_s=budget_s, progress=progress)
        return replace(report, dry=True)

    def _moment(self, value: str | datetime | None, name: str) -> datetime | None:
        return (
            None if value is None else parse_moment(value, zone=self._zone_name or "UTC", name=name)
        )

    def _now_us(self) -> int:
        return to_us(self._clock.now())

    def _fact_row(self, fact_id: str, scope: str) -> FactRow:
        if not isinstance(fact_id, str) or len(fact_id) < 6:
            raise InvalidInput(f"fact id {fact_id!r:.60} is too short; give 6 characters or more")
        rows = [
            row
            for row in self.store.derived.rows(FactRow, self.store.scope_ids(scope))
            if row.fact_id.startswith(fact_id) and row.believed_to_us is None
        ]
        if not rows:
            raise NotThere(
                f"no fact that is believed in scope {scope!r} begins with {fact_id!r}; "
                "`mnemic facts` lists them"
            )
        if len({row.fact_id for row in rows}) > 1:
            raise InvalidInput(f"{len(rows)} facts begin with {fact_id!r}; give more of the id")
        return rows[-1]

    def _value_of(self, row: FactRow, said: str) -> str:
        """The value in a correction."""
        for claim in _claims_in(said, row.subject, self._clock.now()):
            if claim.relation == row.relation and not claim.denied:
                return str(claim.object)
        bare = said.rstrip(".! ")
        if len(bare.split()) > 12:
            raise InvalidInput(
                f"the correction {said!r:.60} does not say what {row.statement!r} should be; give "
                "the value alone"
            )
        return bare

    def _decide(
        self, scope_id: int, kind: str, target: str, content: dict[str, Any], touched: set[Group]
    ) -> None:
        """Carries out an act as a run that can be undone: the act and its rows in one transaction."""
        derived, at_us = self.store.derived, self._now_us()
        path = derived.paths([scope_id])[scope_id]
        run = derived.begin(path, f"{kind} {target[:12]} {at_us}", at_us)
        content = {**content, "run": run.run}
        rows: Sequence[NamedTuple] = ()
        groups: Sequence[Group] = ()
        if touched:  # an episode that speaks for no fact is hidden without reading all acts
            last = max((act.act for act in derived.acts([scope_id])), default=0)
            act = ActRow(last + 1, scope_id, kind, target, json.dumps(content), at_us)
            groups, rows = regroup(self.store, scope_id, path, touched, act=act)
        with derived.step(run.run) as step:
            step.act(scope_id, kind, target, content, at_us)
            for kept, _, equal in dropped(self.store, scope_id, groups):
                step.delete(kept, scope_id, **equal)
            step.put(rows)
            changed = step.changed
        derived.finish(run.run, {"changed": changed}, self._now_us())

    def _without(
        self, rows: list[FactRow], scope_ids: Sequence[int], hidden: set[int]
    ) -> list[FactRow]:
        """The facts that do not rest on hidden episodes alone."""
        supports: dict[str, set[int]] = {}
        for one in self.store.derived.rows(
            EvidenceRow, scope_ids, fact_id={row.fact_id for row in rows}
        ):
            if one.part == "supports":
                supports.setdefault(one.fact_id, set()).add(one.seq)
        return [row for row in rows if supports.get(row.fact_id, {-1}) - hidden]

    def _targets(self, names: Sequence[str], scope: str) -> dict[int, list[int]]:
        """Numbers of episodes by their scope, from ids or refs."""
        scope_ids = self.store.scope_ids(scope)
        seqs: set[int] = set()
        for name in names:
            meant = self._seqs(name, scope_ids)
            if not meant:
                raise NotThere(
                    f"no episode in scope {scope!r} has the id or ref {name!r:.60}; nothing was changed"
                )
            seqs.update(meant)
        found = {one: sorted(self.store.episodes([one], sorted(seqs))) for one in scope_ids}
        return {scope_id: inside for scope_id, inside in found.items() if inside}

    def _hide(self, id_or_ref: str, scope: str, kind: str) -> list[str]:
        """Hides episodes or shows them again, and derives the facts anew that they speak for."""
        done: list[str] = []
        for scope_id, seqs in self._targets([id_or_ref], scope).items():
            for seq, episode in sorted(self.store.episodes([scope_id], seqs).items()):
                with self.store.deriving():
                    claims = self.store.derived.rows(ClaimRow, [scope_id], seq=seq)
                    self._decide(scope_id, kind, episode.id, {"seq": seq}, groups_of(claims))
                done.append(episode.id)
        return done


def _claims_in(text: str, subject: str, said_at: datetime) -> list[Any]:
    """The claims a correction makes, as the fact's subject would say it or as others would."""
    from mnemic.agent.sleep.extract import extract

    found = extract(text, speaker=subject, said_at=said_at, before=(), names={subject})
    return [claim for claim in found if subject_key(claim.subject) == subject_key(subject)]


def _is_about(row: FactRow, about: str | None) -> bool:
    if not about:
        return True
    wanted = set(query_terms(about))
    return wanted <= set(
        query_terms(f"{row.subject} {row.statement} {row.relation.replace('_', ' ')}")
    )


def check_confidence(least: float, require: str | None) -> None:
    """Raises InvalidInput if a least confidence or a status is none."""
    if not 0 <= least <= 1:
        raise InvalidInput(f"min_confidence is {least!r}; pass a number from 0 to 1")
    if require not in (None, "verified", "experimental", "unverified"):
        raise InvalidInput(
            f"require is {require!r}; choose 'verified', 'experimental' or 'unverified'"
        )


def _run(row: RunRow) -> Run:
    counts = {
        name: value for name, value in json.loads(row.report).items() if isinstance(value, int)
    }
    ended = None if row.ended_us is None else from_us(row.ended_us)
    return Run(row.run, row.reach, row.phases, row.state, from_us(row.started_us), ended, counts)  # type: ignore[arg-type]


__all__ = ["Knows", "Lesson", "Moment", "Profile", "Receipt", "Room", "Run"]
