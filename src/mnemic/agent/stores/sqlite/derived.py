"""What sleep derives, in the same file: read by scope, written by runs that can be undone.

A run is journaled step by step with SQLite's session extension: each transaction's changes of derived
rows are kept as a changeset beside it, and undoing a run applies their inverses, last to first. A
row that something else changed since makes the inverse conflict, and nothing is undone.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import apsw
import numpy as np
from numpy.typing import NDArray

from mnemic.agent.knowledge import NAMES, TABLES, ActRow, ColdRow, RunRow, UseRow
from mnemic.agent.stores.sqlite.connection import explained
from mnemic.agent.stores.sqlite.store import NEXT_GENERATION, SqliteLog
from mnemic.errors import Conflict, NotThere, StoreError

R = TypeVar("R", bound=NamedTuple)

STEPS = "steps"
"""In a run's report: how many steps of it are journaled."""

NEXT_MARK = (
    "INSERT INTO properties VALUES ('knowledge', '1') "
    "ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
)
"""Says that what was read of derived rows before is no longer true."""

JOURNALS_MAX = 50
"""How many runs can be undone; journals of older ones are let go."""


class Step:
    """One transaction of a run: what it puts and deletes is committed together, or not at all."""

    def __init__(self, writer: apsw.Connection) -> None:
        self._writer = writer
        self._before = writer.total_changes()
        self.hot_changed = False
        """Whether episodes left the hot index or came back."""

    @property
    def changed(self) -> int:
        """How many rows were put or deleted so far."""
        return int(self._writer.total_changes() - self._before)

    def put(self, rows: Iterable[NamedTuple]) -> None:
        """Adds rows; one with the same key is replaced."""
        for row in rows:
            table, _ = TABLES[type(row)]
            self.hot_changed |= type(row) is ColdRow
            marks = ",".join("?" * len(row))
            self._writer.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)  # noqa: S608

    def act(
        self, scope_id: int, kind: str, target: str, content: Mapping[str, Any], at_us: int
    ) -> int:
        """Writes down what a person decided, in this transaction; its number."""
        return _decide(self._writer, scope_id, kind, target, content, at_us)

    def delete(self, kind: type[NamedTuple], /, scope_id: int, **equal: Any) -> None:
        """Deletes the rows of a scope whose columns equal these values, or are among them."""
        table, _ = TABLES[kind]
        self.hot_changed |= kind is ColdRow
        for some in batches(equal):
            where, values = condition(kind, [scope_id], some)
            self._writer.execute(f"DELETE FROM {table} WHERE {where}", values)  # noqa: S608


class SqliteDerived:
    """The derived rows of a log, the acts of people, the runs of sleep and the uses of episodes."""

    def __init__(self, log: SqliteLog) -> None:
        self._log = log

    # -- reading -----------------------------------------------------------------------------

    def rows(self, kind: type[R], /, scope_ids: Sequence[int], **equal: Any) -> list[R]:
        """All rows of these scopes whose columns equal these values, or are among them, by key.

        Args:
            kind: one of `mnemic.agent.knowledge.TABLES`.
            scope_ids: the scopes.
            equal: a column with its value, or with a list of values.
        """
        table, key = TABLES[kind]
        order = ", ".join(key)
        found: list[R] = []
        with explained(self._log.path):
            for some in batches(equal):
                where, values = condition(kind, scope_ids, some)
                found += map(
                    kind._make,
                    self._log.reader().execute(
                        f"SELECT * FROM {table} WHERE {where} ORDER BY {order}",  # noqa: S608
                        values,
                    ),
                )
        return found

    def count(self, kind: type[NamedTuple], scope_ids: Sequence[int]) -> int:
        """How many rows of a kind these scopes have."""
        table, _ = TABLES[kind]
        where, values = condition(kind, scope_ids, {})
        with explained(self._log.path):
            row = self._log.reader().execute(
                f"SELECT count(*) FROM {table} WHERE {where}",  # noqa: S608
                values,
            )
            return int(row.fetchone()[0])

    def waiting(self, scope_id: int, version: str, limit: int) -> list[int]:
        """Numbers of the scope's episodes that no replay of this version has seen, oldest first.

        A version "a+b" has seen what "b" would.
        """
        with explained(self._log.path):
            return [
                int(row[0])
                for row in self._log.reader().execute(
                    "SELECT i.seq FROM items i LEFT JOIN replays r ON r.scope_id = i.scope_id "
                    "AND r.seq = i.seq WHERE i.scope_id = ?1 AND (r.version IS NULL OR (r.version <> ?2 "
                    "AND substr(r.version, -length(?2) - 1) <> '+' || ?2)) ORDER BY i.seq LIMIT ?3",
                    (scope_id, version, limit),
                )
            ]

    def mark(self) -> int:
        """Grows with every change of derived rows by any process."""
        with explained(self._log.path):
            row = self._log.reader().execute(
                "SELECT CAST(ifnull(max(value), 0) AS INTEGER) FROM properties "
                "WHERE name = 'knowledge'"
            )
            return int(row.fetchone()[0])

    def all_scopes(self) -> list[int]:
        """The numbers of all scopes. For the owner of the store, not for a door."""
        with explained(self._log.path):
            rows = self._log.reader().execute("SELECT scope_id FROM scopes ORDER BY scope_id")
            return [int(row[0]) for row in rows]

    def said(self, scope_id: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of every episode of a scope its number and when it was said, both int64 (n,)."""
        with explained(self._log.path):
            rows = self._log.reader().execute(
                "SELECT seq, said_us FROM items WHERE scope_id = ? ORDER BY seq", (scope_id,)
            )
            table = np.array(rows.fetchall(), dtype=np.int64).reshape(-1, 2)
        return table[:, 0].copy(), table[:, 1].copy()

    def mentions(self, scope_ids: Sequence[int], after_seq: int) -> list[tuple[int, str, str]]:
        """What the episodes beyond `after_seq` mention: (seq, key, kind), by seq.

        Ends before the first episode that no sleep has replayed, so that one can go on from the last.
        """
        marks = ",".join("?" * len(scope_ids))
        with explained(self._log.path):
            reader = self._log.reader()
            row = reader.execute(
                "SELECT min(i.seq) FROM items i LEFT JOIN replays r ON r.scope_id = i.scope_id "  # noqa: S608
                f"AND r.seq = i.seq WHERE i.scope_id IN ({marks}) AND i.seq > ? AND r.seq IS NULL",
                (*scope_ids, after_seq),
            ).fetchone()
            end = 2**62 if row[0] is None else int(row[0])
            rows = reader.execute(
                f"SELECT seq, found FROM mentions WHERE scope_id IN ({marks}) "  # noqa: S608
                "AND seq > ? AND seq < ? ORDER BY seq",
                (*scope_ids, after_seq, end),
            )
            return [
                (int(seq), str(key), str(kind))
                for seq, found in rows
                for key, _, kind in json.loads(found)
            ]

    def paths(self, scope_ids: Sequence[int]) -> dict[int, str]:
        """The scopes' paths by their numbers."""
        marks = ",".join("?" * len(scope_ids))
        with explained(self._log.path):
            return dict(
                self._log.reader().execute(
                    f"SELECT scope_id, path FROM scopes WHERE scope_id IN ({marks})",  # noqa: S608
                    tuple(scope_ids),
                )
            )

    # -- runs --------------------------------------------------------------------------------

    def begin(self, reach: str, phases: str, at_us: int) -> RunRow:
        """A new run, or the one that was begun with the same reach and phases and did not end."""
        with self._log.writing() as writer:
            row = writer.execute(
                "SELECT * FROM runs WHERE state = 'running' AND reach = ? AND phases = ? "
                "ORDER BY run DESC LIMIT 1",
                (reach, phases),
            ).fetchone()
            if row is None:
                row = writer.execute(
                    "INSERT INTO runs (reach, phases, state, started_us, report) "
                    "VALUES (?, ?, 'running', ?, '{}') RETURNING *",
                    (reach, phases, at_us),
                ).fetchone()
        return RunRow(*row)

    @contextmanager
    def step(self, run: int) -> Iterator[Step]:
        """One transaction of a run, with its changes journaled in it."""
        with self._log.writing() as writer:
            session = apsw.Session(writer, "main")
            for name in NAMES:
                session.attach(name)
            try:
                step = Step(writer)
                yield step
                changes = session.changeset()
            finally:
                session.close()
            if step.hot_changed:
                writer.execute(NEXT_GENERATION)
            if changes:
                writer.execute(NEXT_MARK)
                writer.execute(
                    "INSERT INTO run_changes SELECT ?1, ifnull(max(step), 0) + 1, ?2 "
                    "FROM run_changes WHERE run = ?1",
                    (run, zlib.compress(changes, 1)),
                )

    def finish(self, run: int, report: Mapping[str, Any], at_us: int) -> None:
        """Ends a run with its report; journals of runs long past are let go."""
        with self._log.writing() as writer:
            steps = writer.execute(
                "SELECT count(*) FROM run_changes WHERE run = ?", (run,)
            ).fetchone()[0]
            kept = {**report, STEPS: steps}  # none: there is nothing to let go
            writer.execute(
                "UPDATE runs SET state = 'done', ended_us = ?, report = ? WHERE run = ?",
                (at_us, json.dumps(kept, sort_keys=True), run),
            )
            writer.execute("DELETE FROM run_changes WHERE run <= ?", (run - JOURNALS_MAX,))

    def runs(self) -> list[RunRow]:
        """All runs, newest first."""
        with explained(self._log.path):
            return [
                RunRow(*row)
                for row in self._log.reader().execute("SELECT * FROM runs ORDER BY run DESC")
            ]

    def undo(self, run: int) -> int:
        """Puts every derived row back as it was before a run; how many rows that changed.

        Raises:
            NotThere: there is no such run.
            Conflict: it was undone already, it can no longer be undone,
                or a later run or act changed the same rows; nothing was changed.
        """
        with self._log.writing() as writer:
            row = writer.execute("SELECT state FROM runs WHERE run = ?", (run,)).fetchone()
            if row is None:
                raise NotThere(f"there is no run {run}; `mnemic sleep --runs` lists them")
            if row[0] == "undone":
                raise Conflict(f"run {run} was undone already; nothing was changed")
            journal = [
                zlib.decompress(blob)
                for (blob,) in writer.execute(
                    "SELECT changes FROM run_changes WHERE run = ? ORDER BY step DESC", (run,)
                )
            ]
            if not journal and (row[0] == "running" or _was_journaled(writer, run)):
                raise Conflict(f"run {run} can no longer be undone: its journal was let go")
            changed = 0
            for changes in journal:
                inverse = apsw.Changeset.invert(changes)
                changed += sum(1 for _ in apsw.Changeset.iter(inverse))
                try:
                    apsw.Changeset.apply(inverse, writer, conflict=_conflict)
                except apsw.AbortError as error:
                    later = writer.execute(
                        "SELECT max(run) FROM runs WHERE run > ? AND state <> 'undone'", (run,)
                    ).fetchone()[0]
                    what = f"undo run {later} first" if later else "an act changed the same rows"
                    raise Conflict(
                        f"run {run} cannot be undone: {what}; nothing was changed"
                    ) from error
            _withdraw(writer, run)
            writer.execute("UPDATE runs SET state = 'undone' WHERE run = ?", (run,))
            writer.execute("DELETE FROM run_changes WHERE run = ?", (run,))
            writer.execute(NEXT_MARK)
            writer.execute(NEXT_GENERATION)
        return changed

    def changes(self, run: int) -> list[tuple[str, str, tuple[Any, ...], tuple[Any, ...]]]:
        """What a run changed, in order: table, "insert", "update" or "delete", old and new values."""
        found = []
        with explained(self._log.path):
            for (blob,) in self._log.reader().execute(
                "SELECT changes FROM run_changes WHERE run = ? ORDER BY step", (run,)
            ):
                found += [
                    (change.name, change.op.lower(), _plain(change.old), _plain(change.new))
                    for change in apsw.Changeset.iter(zlib.decompress(blob))
                ]
        return found

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every derived table, whole and in the order of its key, for comparing two of them."""
        made: dict[str, list[tuple[Any, ...]]] = {}
        with explained(self._log.path):
            for name, key in TABLES.values():
                made[name] = (
                    self._log.reader()
                    .execute(f"SELECT * FROM {name} ORDER BY {', '.join(key)}")  # noqa: S608
                    .fetchall()
                )
        return made

    def forget_all(self) -> None:
        """Empties every derived table and journal, so that the next sleep derives all again."""
        with self._log.writing() as writer:
            for name in (*NAMES, "run_changes"):
                writer.execute(f"DELETE FROM {name}")  # noqa: S608
            writer.execute(NEXT_MARK)
            writer.execute(NEXT_GENERATION)

    # -- acts and uses -----------------------------------------------------------------------

    def act(
        self, scope_id: int, kind: str, target: str, content: Mapping[str, Any], at_us: int
    ) -> int:
        """Writes down what a person decided, durably; its number."""
        with self._log.writing() as writer:
            return _decide(writer, scope_id, kind, target, content, at_us)

    def acts(self, scope_ids: Sequence[int]) -> list[ActRow]:
        """What people decided in these scopes, in order."""
        marks = ",".join("?" * len(scope_ids))
        with explained(self._log.path):
            return [
                ActRow(*row)
                for row in self._log.reader().execute(
                    f"SELECT * FROM acts WHERE scope_id IN ({marks}) ORDER BY act",  # noqa: S608
                    tuple(scope_ids),
                )
            ]

    def hidden(self, scope_ids: Sequence[int]) -> list[int]:
        """The numbers of suppressed episodes."""
        marks = ",".join("?" * len(scope_ids))
        with explained(self._log.path):
            return [
                int(row[0])
                for row in self._log.reader().execute(
                    f"SELECT seq FROM hidden WHERE scope_id IN ({marks}) ORDER BY seq",  # noqa: S608
                    tuple(scope_ids),
                )
            ]

    def erased(self, ids: Sequence[str]) -> set[str]:
        """Which of these are ids of episodes that were erased."""
        with explained(self._log.path):
            return {
                one
                for one in ids
                if self._log.reader()
                .execute("SELECT 1 FROM erased WHERE id = ?", (one,))
                .fetchone()
            }

    def erasures(self) -> int:
        """How many episodes were ever erased, by any process."""
        with explained(self._log.path):
            return int(self._log.reader().execute("SELECT count(*) FROM erased").fetchone()[0])

    def uses(self, scope_ids: Sequence[int], seqs: Sequence[int] | None = None) -> list[UseRow]:
        """How often the episodes of these scopes came back; only those numbers, where given."""
        found: list[UseRow] = []
        with explained(self._log.path):
            for some in batches({} if seqs is None else {"seq": seqs}):
                where, values = condition(UseRow, scope_ids, some)
                found += map(
                    UseRow._make,
                    self._log.reader().execute(
                        f"SELECT * FROM uses WHERE {where} ORDER BY seq",  # noqa: S608
                        values,
                    ),
                )
        return found

    def used(self, times_us: Mapping[str, Sequence[int]], keep: int) -> None:
        """Adds uses: the moments for each episode's id; the latest `keep` of all are kept whole."""
        with self._log.writing() as writer:
            for id_, moments in times_us.items():
                row = writer.execute(
                    "SELECT e.scope_id, e.seq, ifnull(u.times, 0), ifnull(u.recent, '[]') "
                    "FROM episodes e LEFT JOIN uses u ON u.scope_id = e.scope_id AND u.seq = e.seq "
                    "WHERE e.id = ?",
                    (id_,),
                ).fetchone()
                if row is None:  # erased meanwhile
                    continue
                scope_id, seq, count, recent = row
                kept = sorted([*json.loads(recent), *moments])[-keep:]
                writer.execute(
                    "INSERT OR REPLACE INTO uses VALUES (?, ?, ?, ?)",
                    (scope_id, seq, count + len(moments), json.dumps(kept)),
                )


def _decide(
    writer: apsw.Connection,
    scope_id: int,
    kind: str,
    target: str,
    content: Mapping[str, Any],
    at_us: int,
) -> int:
    writer.execute(
        "INSERT INTO acts (scope_id, kind, target, content, at_us) VALUES (?, ?, ?, ?, ?)",
        (scope_id, kind, target, json.dumps(content, ensure_ascii=False, sort_keys=True), at_us),
    )
    number = int(writer.last_insert_rowid())
    writer.execute(NEXT_MARK)
    if kind in ("suppress", "restore"):
        _hide(writer, scope_id, int(content["seq"]), hide=kind == "suppress")
    return number


def _hide(writer: apsw.Connection, scope_id: int, seq: int, *, hide: bool) -> None:
    if hide:
        writer.execute("INSERT OR IGNORE INTO hidden VALUES (?, ?)", (scope_id, seq))
    else:
        writer.execute("DELETE FROM hidden WHERE scope_id = ? AND seq = ?", (scope_id, seq))
    writer.execute(NEXT_GENERATION)


def _withdraw(writer: apsw.Connection, run: int) -> None:
    """Takes back the act that a run carried out, so that no later sleep carries it out again."""
    row = writer.execute(
        "SELECT act, scope_id, kind, content, at_us FROM acts "
        "WHERE json_extract(content, '$.run') = ? AND kind <> 'withdraw'",
        (run,),
    ).fetchone()
    if row is None:
        return
    number, scope_id, kind, content, at_us = row
    _decide(writer, scope_id, "withdraw", str(number), {}, at_us)
    if kind in ("suppress", "restore"):
        _hide(writer, scope_id, int(json.loads(content)["seq"]), hide=kind == "restore")


def condition(
    kind: type[NamedTuple], scope_ids: Sequence[int], equal: Mapping[str, Any]
) -> tuple[str, tuple[Any, ...]]:
    """A condition and its values; column names come from the row's own fields only."""
    fields = kind._fields
    parts = [f"scope_id IN ({','.join('?' * len(scope_ids))})"]
    values: list[Any] = list(scope_ids)
    for name, value in equal.items():
        if name not in fields:
            raise StoreError(f"{kind.__name__} has no column {name!r}; it has {fields}")
        if isinstance(value, (list, tuple, set, frozenset)):
            parts.append(f"{name} IN ({','.join('?' * len(value))})")
            values += value
        else:
            parts.append(f"{name} IS ?")
            values.append(value)
    return " AND ".join(parts), tuple(values)


def batches(equal: Mapping[str, Any], size: int = 500) -> Iterator[Mapping[str, Any]]:
    """The condition, its longest list of values cut into pieces that a statement takes."""
    lists = {
        name: sorted(value)
        for name, value in equal.items()
        if isinstance(value, (list, tuple, set, frozenset))
    }
    if not lists:
        yield equal
        return
    name = max(lists, key=lambda one: len(lists[one]))
    for start in range(0, len(lists[name]), size):
        yield {**equal, name: lists[name][start : start + size]}


def _conflict(kind: int, change: Any) -> int:
    return int(apsw.SQLITE_CHANGESET_ABORT)


def _was_journaled(writer: apsw.Connection, run: int) -> bool:
    """Whether a run that has ended had a journal; an act on an episode that speaks for no fact has not."""
    report = json.loads(
        writer.execute("SELECT report FROM runs WHERE run = ?", (run,)).fetchone()[0]
    )
    return bool(report.get(STEPS, report.get("changed", 0)))


def _plain(values: Any) -> tuple[Any, ...]:
    """The values of a change; None where the changeset has none."""
    if values is None:
        return ()
    return tuple(None if value is apsw.no_change else value for value in values)
