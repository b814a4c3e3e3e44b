"""Looking around in a memory without a question: pages, surroundings, what a run changed.

`Knows`, and so `Memory`, inherits these; doors that show a memory to people stand on them.

What is suppressed comes back from no recall, stands beside nothing (`around`), lies in no room, and no
fact, lesson or summary tells of it. The log keeps it: who walks through the log (`page`, `episodes`) or
names it by id (`get`, `one`) meets it, since only so can it be restored; `seen` says that it is hidden.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.facts.answers import facts_of
from mnemic.agent.facts.fact import Fact
from mnemic.agent.knowledge import TABLES, EvidenceRow, FactRow, ReplayRow, UseRow
from mnemic.agent.protocols import Store
from mnemic.agent.shown import Change, Seen
from mnemic.agent.strength import activation
from mnemic.agent.terms import is_text
from mnemic.agent.write.prepare import from_us, to_us
from mnemic.clock import Clock
from mnemic.errors import InvalidInput, InvalidQuery, NotThere

if TYPE_CHECKING:
    from mnemic.agent.recall import Parts
    from mnemic.agent.records import Episode
    from mnemic.agent.view import View

PAGE_MAX = 1_000
TOOL = "tool"
CHANGES_MAX = 1_000
_COLUMNS = {name: (kind, kind._fields) for kind, (name, _) in TABLES.items()}
_KEYS = dict(TABLES.values())


def _by_time(view: View, which: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The rows of a view that are meant, by when they were said and then written, the latest first."""
    rows = np.flatnonzero(which)
    return np.asarray(rows[np.lexsort((view.seq[rows], view.said_us[rows]))[::-1]])


class Looks:
    """What can be seen of a memory by walking through it."""

    store: Store
    _clock: Clock
    _parts: Parts

    def scopes(self) -> list[tuple[str, int]]:
        """Every scope with its number of episodes, by path; for who may see all of them."""
        return sorted(self.store.scopes())

    def page(
        self,
        *,
        scope: str = "default",
        limit: int = 50,
        beyond: str | None = None,
        newest_first: bool = True,
    ) -> list[Episode]:
        """Some episodes of a scope in the order they were written.

        Args:
            scope: a path; "acme/*" reads acme and everything below.
            limit: 1 to 1,000.
            beyond: the id of the last episode of the page before; None begins.
            newest_first: from the latest backwards.

        Raises:
            InvalidScope, InvalidQuery, NotThere: with the value that is wrong.
        """
        if not 1 <= limit <= PAGE_MAX:
            raise InvalidQuery(f"limit is {limit}; pass 1 to {PAGE_MAX:,}")
        scope_ids = self.store.scope_ids(scope)
        edge = self._seq(beyond, scope_ids, scope) if beyond is not None else None
        walk = self.store.walk(
            scope_ids, limit=limit, newest_first=newest_first,
            after_seq=edge if edge is not None and not newest_first else 0,
            before_seq=edge if newest_first else None,
        )  # fmt: skip
        return [episode for _, episode in walk]

    def latest_turns(
        self, *, scope: str = "default", limit: int = 6, but: str | None = None
    ) -> list[Episode]:
        """What was said last in the session in which somebody spoke last, the latest first.

        By when it was said, not by when it was written. Tools do not speak, nor do documents, whose
        parts have a session and no speaker. Empty without such a session.

        Args:
            scope: a path; "acme/*" reads acme and everything below.
            limit: how many turns at most.
            but: a session to pass over.

        Raises:
            InvalidScope: nothing was ever remembered there, or it is no path.
        """
        scope_ids = self.store.scope_ids(scope)
        view = self._parts.views.at_present(scope_ids)
        spoken = (view.columns["session_key"] > 0) & (view.columns["speaker_key"] != 0)
        rows = _by_time(view, spoken)
        _, first = np.unique(view.session[rows], return_index=True)
        for start in np.sort(first).tolist():
            turns = rows[view.session[rows] == view.session[rows[start]]]
            found: list[Episode] = []
            for at in range(0, len(turns), PAGE_MAX):
                seqs = view.seq[turns[at : at + PAGE_MAX]].tolist()
                got = self.store.episodes(scope_ids, seqs)
                told = [got[seq] for seq in seqs if seq in got]
                if told and told[0].session == but and but is not None:
                    break
                found += [one for one in told if one.speaker != TOOL]
                if len(found) >= limit:
                    break
            if found:
                return found[:limit]
        return []

    def latest_alone(self, *, scope: str = "default", limit: int = 6) -> list[Episode]:
        """What was said last outside of any session, the latest first.

        Args:
            scope: a path; "acme/*" reads acme and everything below.
            limit: how many at most.

        Raises:
            InvalidScope: nothing was ever remembered there, or it is no path.
        """
        scope_ids = self.store.scope_ids(scope)
        view = self._parts.views.at_present(scope_ids)
        rows = _by_time(view, view.columns["session_key"] == 0)[:limit]
        seqs = view.seq[rows].tolist()
        got = self.store.episodes(scope_ids, seqs)
        return [got[seq] for seq in seqs if seq in got]

    def by_ref(
        self,
        ref: str,
        *,
        scope: str = "default",
        last: int | None = None,
        suppressed: bool = False,
    ) -> list[Episode]:
        """All episodes with exactly this ref, in the order they were written.

        Args:
            ref: your own reference; unlike in `get`, never an id.
            scope: a path, or with `/*` all below.
            last: only so many, the latest written.
            suppressed: whether suppressed ones are among them.

        Raises:
            InvalidInput: `ref` is no text.
            InvalidScope: nothing was ever remembered there.
        """
        if not isinstance(ref, str) or not is_text(ref):
            raise InvalidInput(f"ref {ref!r:.60} is no text; pass a string")
        ids = self.store.scope_ids(scope)
        hidden = set() if suppressed else set(self.store.derived.hidden(ids))
        seqs = [seq for seq in self.store.seqs(ids, ref) if seq not in hidden]
        wanted = len(seqs) if last is None else last
        found: list[Episode] = []  # the latest first
        while seqs and len(found) < wanted:
            some, seqs = seqs[-wanted:], seqs[:-wanted]
            got = self.store.episodes(ids, some)
            found += [got[seq] for seq in reversed(some) if seq in got and got[seq].ref == ref]
        return found[:wanted][::-1]

    def paths(self, reach: str) -> list[str]:
        """The paths in which something was ever remembered: a scope, or with `/*` all below it too.

        Raises:
            InvalidScope: nothing was ever remembered there, or it is no path.
        """
        return sorted(self.store.derived.paths(self.store.scope_ids(reach)).values())

    def one(self, id_or_ref: str, *, scope: str = "default") -> Episode:
        """The episode with this id, this beginning of an id, or this ref; of several the first.

        Raises:
            InvalidInput: `id_or_ref` is no text.
            NotThere: the scope has no such episode.
        """
        scope_ids = self.store.scope_ids(scope)
        seq = self._seq(id_or_ref, scope_ids, scope)
        found = self.store.episodes(scope_ids, [seq])
        if seq not in found:
            raise NotThere(f"the episode {id_or_ref!r:.60} was erased a moment ago")
        return found[seq]

    def around(self, id_or_ref: str, *, scope: str = "default", reach: int = 3) -> list[Episode]:
        """An episode among its neighbours of the same session, in their order.

        What is suppressed is nobody's neighbour; a suppressed episode stands alone.

        Args:
            id_or_ref: the episode's id, the beginning of it, or its ref.
            scope: where it is.
            reach: how many neighbours on each side, at most 100.

        Raises:
            NotThere: the scope has no such episode.
            InvalidQuery: `reach` is out of range.
        """
        if not 0 <= reach <= 100:
            raise InvalidQuery(f"reach is {reach}; pass 0 to 100")
        scope_ids = self.store.scope_ids(scope)
        seq = self._seq(id_or_ref, scope_ids, scope)
        view = self._parts.views.at_present(scope_ids)
        rows = view.rows_of(np.array([seq], dtype=np.int64))
        if not len(rows):
            return list(self.store.episodes(scope_ids, [seq]).values())
        chain = [int(rows[0])]
        for links, end in ((view.before, 0), (view.after, None)):
            row = chain[0] if end == 0 else chain[-1]
            for _ in range(reach):
                row = int(links[row])
                if row < 0:
                    break
                chain.insert(0, row) if end == 0 else chain.append(row)
        seqs = [int(view.seq[row]) for row in chain]
        found = self.store.episodes(scope_ids, seqs)
        return [found[one] for one in seqs if one in found]

    def told_by(self, id_or_ref: str, *, scope: str = "default") -> list[Fact]:
        """The facts, as believed now, that an episode speaks for, against or to the end of."""
        scope_ids = self.store.scope_ids(scope)
        seq = self._seq(id_or_ref, scope_ids, scope)
        names = {row.fact_id for row in self.store.derived.rows(EvidenceRow, scope_ids, seq=seq)}
        if not names:
            return []
        rows = self.store.derived.rows(FactRow, scope_ids, fact_id=sorted(names))
        return facts_of(self.store, [row for row in rows if row.believed_to_us is None])

    def seen(self, episodes: Sequence[Episode]) -> list[Seen]:
        """How strong each of these episodes is, how much it surprised, and whether it is hidden.

        What was erased meanwhile is left out.
        """
        now_us = to_us(self._clock.now())
        by_scope: dict[str, list[str]] = {}
        for episode in episodes:
            by_scope.setdefault(episode.scope, []).append(episode.id)
        known: dict[str, _Felt] = {}
        for path, ids in by_scope.items():
            known |= self._felt(self.store.scope_ids(path), ids)
        return [_seen(one, known[one.id], now_us) for one in episodes if one.id in known]

    def _felt(self, scope_ids: Sequence[int], ids: Sequence[str]) -> dict[str, _Felt]:
        """What is known of the episodes of a scope, by id: four queries for up to 500 of them."""
        derived = self.store.derived
        numbers = self.store.numbers(scope_ids, ids)
        seqs = sorted(numbers.values())
        hidden = set(derived.hidden(scope_ids))
        uses = {row.seq: row for row in derived.uses(scope_ids, seqs)}
        surprise = {row.seq: row.surprise for row in derived.rows(ReplayRow, scope_ids, seq=seqs)}
        return {
            id_: _Felt(uses.get(seq), surprise.get(seq, -1.0), seq in hidden)
            for id_, seq in numbers.items()
        }

    def reach_of(self, run: int) -> str:
        """The scope a run worked on; "*" for all of them.

        Raises:
            NotThere: there is no such run.
        """
        for row in self.store.derived.runs():
            if row.run == run:
                return row.reach
        raise NotThere(f"there is no run {run!r}; `mnemic sleep --runs` lists them")

    def changes(self, run: int) -> list[Change]:
        """What a run of sleep, or an act, changed: the first 1,000 rows, in order.

        Empty where the journal was let go, or the run was undone.

        Raises:
            NotThere: there is no such run.
        """
        self.reach_of(run)
        return [
            self._change(table, kind, old, new)
            for table, kind, old, new in islice(self.store.derived.changes(run), CHANGES_MAX)
        ]

    def _change(
        self, table: str, kind: str, old: Sequence[object], new: Sequence[object]
    ) -> Change:
        """A changed row in words: its key, what stood there, and what stands there now."""
        if table not in _COLUMNS:
            return Change(table, kind, "", {}, {})
        row, columns = _COLUMNS[table]
        before = _shown(columns, old)
        after = _shown(columns, new)
        key = {name: before.get(name, after.get(name)) for name in _KEYS[table]}
        about = after.get("statement") or before.get("statement")
        if about is None and row is FactRow:
            named = self.store.derived.rows(
                FactRow, [int(str(key["scope_id"]))], fact_id=str(key["fact_id"])
            )
            about = named[0].statement if named else None
        for name in ("name", "title", "action", "stage", "wing", "fact_id", "number"):
            about = about if about is not None else after.get(name, before.get(name))
        for values in (before, after):
            values.pop("scope_id", None)
        return Change(table, kind, "" if about is None else str(about), before, after)

    def _seq(self, id_or_ref: str, scope_ids: Sequence[int], scope: str) -> int:
        found = self._seqs(id_or_ref, scope_ids)
        if not found:
            raise NotThere(f"no episode in scope {scope!r} has the id or ref {id_or_ref!r:.60}")
        return found[0]

    def _seqs(self, id_or_ref: str, scope_ids: Sequence[int]) -> list[int]:
        """The numbers of the episodes meant: a whole id means that one, whoever has it as a ref."""
        if not isinstance(id_or_ref, str) or not is_text(id_or_ref):
            raise InvalidInput(f"id or ref {id_or_ref!r:.60} is no text; pass a string")
        exact = self.store.numbers(scope_ids, [id_or_ref])
        return list(exact.values()) or self.store.seqs(scope_ids, id_or_ref)


class _Felt(NamedTuple):
    """What an episode's numbers say of it; `surprise` is below 0 before any sleep."""

    use: UseRow | None
    surprise: float
    hidden: bool


def _seen(episode: Episode, felt: _Felt, now_us: int) -> Seen:
    recent = json.loads(felt.use.recent) if felt.use else []
    times = felt.use.times if felt.use else 0
    return Seen(
        episode, activation(to_us(episode.said_at), recent, times, now_us), times,
        from_us(recent[-1]) if recent else None, felt.surprise if felt.surprise >= 0 else None,
        felt.hidden,
    )  # fmt: skip


def _shown(columns: Sequence[str], values: Sequence[object]) -> dict[str, object]:
    """The columns a change names, without what is no text or number."""
    return {
        name: value
        for name, value in zip(columns, values, strict=False)
        if value is not None and not isinstance(value, bytes)
    }
