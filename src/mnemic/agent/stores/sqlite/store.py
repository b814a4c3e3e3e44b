"""The log and its shallow keys: one transaction a write, reading by scope only."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from mnemic.agent.protocols import ITEM_COLUMNS, NO_POSITION
from mnemic.agent.records import Appended, Episode
from mnemic.agent.scopes import split_reach
from mnemic.agent.speakers import speaker_key
from mnemic.agent.stores.sqlite.connection import (
    check_engine,
    connect,
    explained,
    identify,
    migrate,
)
from mnemic.agent.stores.sqlite.schema import MIGRATIONS
from mnemic.agent.stores.sqlite.turnstile import Turnstile
from mnemic.agent.terms import TERMS_VERSION, indexed, searchable, term_key, terms_of
from mnemic.agent.when import RULES_VERSION
from mnemic.agent.write.prepare import Draft, from_us, happened_span, to_us
from mnemic.errors import ReadOnlyStore, StoreError, StoreFull, UnknownScope
from mnemic.vocabulary import Span

SHALLOW_VERSION = f"terms-{TERMS_VERSION}/when-{RULES_VERSION}/speakers-1"
"""Which rules derived the shallow keys; a store derived by others is rebuilt on request."""

NEXT_GENERATION = (
    "INSERT INTO properties VALUES ('generation', '1') "
    "ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
)
"""Says that what was read of derived keys before is no longer true."""

FREE_BYTES_MIN = 4 << 20
"""Below this much free disk a write is refused before SQLite meets the end of it."""

_EPISODE_COLUMNS = (
    "e.seq, e.id, s.path, e.text, e.speaker, e.session, e.position, e.source, e.ref, e.meta, "
    "e.said_at, e.happened_start, e.happened_end, e.ingested_us, i.happened_from_us, "
    "i.happened_to_us"
)


class SqliteLog:
    """One file: the log and its shallow keys. Each thread reads through its own connection; one connection writes.

    Raises:
        NotAStore, NewerStore, ReadOnlyStore, StoreDamaged, EngineTooOld: at opening.
    """

    def __init__(
        self, path: Path, *, read_only: bool = False, write_timeout_s: float = 60.0
    ) -> None:
        check_engine()
        self.path = path
        self.read_only = read_only
        self.turnstile = Turnstile(path, timeout_s=write_timeout_s)
        self._process = os.getpid()
        self._immutable = False
        self._local = threading.local()
        self._opened: list[tuple[threading.Thread, apsw.Connection]] = []
        self._opened_guard = threading.Lock()
        self._writer: apsw.Connection | None = None
        self._closed = False
        self._scope_ids: dict[str, int] = {}
        self._open()

    # -- opening -----------------------------------------------------------------------------

    def _open(self) -> None:
        if self.path.is_dir():
            raise StoreError(f"{str(self.path)!r} is a folder; give the path of a file")
        if not self.path.parent.is_dir():
            raise StoreError(
                f"the folder {str(self.path.parent)!r} does not exist; create it first"
            )
        if self.read_only:
            self._open_to_read()
            return
        if self.path.exists():
            _refuse_foreign(self.path)
        with self.turnstile.pass_through():
            self._writer = connect(self.path)
            version = identify(self._writer, self.path)
            migrate(self._writer, self.path, version)
            if version == 0:
                with explained(self.path):
                    self._writer.execute(
                        "INSERT OR IGNORE INTO properties VALUES ('shallow_version', ?)",
                        (SHALLOW_VERSION,),
                    )

    def _open_to_read(self) -> None:
        if not self.path.exists():
            raise StoreError(f"there is no store at {str(self.path)!r}; write to it first")
        _refuse_foreign(self.path)
        try:
            version = identify(self.reader(), self.path)
        except ReadOnlyStore:
            # A WAL store in a folder that cannot be written opens only as a frozen file.
            log = self.path.with_name(self.path.name + "-wal")
            if log.exists() and log.stat().st_size:
                raise ReadOnlyStore(
                    f"{str(self.path)!r} cannot be read as it lies: {log.name!r} beside it holds its "
                    "latest episodes, and the folder cannot be written; copy both to a folder that "
                    "can"
                ) from None
            self._local = threading.local()
            self._immutable = True
            version = identify(self.reader(), self.path)
        if version < len(MIGRATIONS):
            raise ReadOnlyStore(
                f"{str(self.path)!r} has layout {version}, older than {len(MIGRATIONS)}, and is opened "
                "only to be read; open it once for writing, which brings it up to date"
            )

    def close(self) -> None:
        """Closes every connection. Closing twice is allowed."""
        self._closed = True
        with self._opened_guard:
            for _, connection in self._opened:
                connection.close()
            self._opened.clear()
        if self._writer is not None:
            with explained(self.path):
                self._writer.close()
            self._writer = None
        self.turnstile.close()

    def reader(self) -> apsw.Connection:
        """This thread's connection for reading."""
        self.check_alive()
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = connect(self.path, read_only=True, immutable=self._immutable)
            self._local.connection = connection
            with self._opened_guard:
                for thread, left in self._opened:
                    if not thread.is_alive():
                        left.close()
                self._opened = [pair for pair in self._opened if pair[0].is_alive()]
                self._opened.append((threading.current_thread(), connection))
        return connection

    def fresh_reader(self) -> apsw.Connection:
        """A new connection for reading, which the caller closes."""
        self.check_alive()
        return connect(self.path, read_only=True, immutable=self._immutable)

    @contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """The right to write and one transaction: committed durably at the end, or not at all."""
        self.check_alive()
        if self.read_only or self._writer is None:
            raise ReadOnlyStore(f"{str(self.path)!r} was opened with read_only=True")
        self._check_space()
        with self.turnstile.pass_through(), explained(self.path):
            writer = self._writer
            writer.execute("BEGIN IMMEDIATE")
            try:
                yield writer
                writer.execute("COMMIT")
            except BaseException:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
                raise

    def check_alive(self) -> None:
        """Raises StoreError if the store was closed, or opened before a fork."""
        if self._closed:
            raise StoreError(f"{str(self.path)!r} is closed; open it again")
        if os.getpid() != self._process:
            raise StoreError(
                f"{str(self.path)!r} was opened before a fork; open it again in the child process"
            )

    def _check_space(self) -> None:
        try:
            disk = os.statvfs(self.path.parent)
        except (AttributeError, OSError):  # no statvfs on this system: SQLite will tell
            return
        if disk.f_bavail * disk.f_frsize < FREE_BYTES_MIN:
            raise StoreFull(
                f"less than {FREE_BYTES_MIN >> 20} MiB are free where {str(self.path)!r} lies; "
                "free some space; nothing was written and reading goes on"
            )

    # -- writing -----------------------------------------------------------------------------

    def append(self, drafts: Sequence[Draft], ingested_at: datetime) -> Appended:
        """Adds episodes with their shallow keys, durably, in one transaction.

        Episodes already there are left as they are; those that were erased are not taken in again.
        """
        ingested_us = to_us(ingested_at)
        keyed = [(draft, terms_of(searchable(draft.text, draft.speaker))) for draft in drafts]
        new: list[bool] = []
        erased: list[str] = []
        with self.writing() as writer:
            for draft, text_terms in keyed:
                if writer.execute("SELECT 1 FROM erased WHERE id = ?", (draft.id,)).fetchone():
                    erased.append(draft.id)
                    new.append(False)
                    continue
                scope_id = self._scope_id(writer, draft.scope)
                new.append(_insert(writer, draft, scope_id, ingested_us, text_terms))
        return Appended([draft.id for draft in drafts], new, erased)

    def _scope_id(self, writer: apsw.Connection, path: str) -> int:
        found = self._scope_ids.get(path)
        if found is None:
            row = writer.execute("SELECT scope_id FROM scopes WHERE path = ?", (path,)).fetchone()
            if row is None:
                writer.execute("INSERT INTO scopes (path) VALUES (?)", (path,))
                return int(writer.last_insert_rowid())  # remembered once it is committed
            found = self._scope_ids[path] = int(row[0])
        return found

    # -- reading, always by scope ------------------------------------------------------------

    def scope_ids(self, scope: str) -> tuple[int, ...]:
        """The numbers of a scope, or with `/*` of it and all below.

        Raises:
            UnknownScope: nothing was ever remembered there.
        """
        path, deep = split_reach(scope)
        with explained(self.path):
            found = (
                self.reader()
                .execute(
                    "SELECT scope_id FROM scopes WHERE path = ?1 OR (?2 AND substr(path, 1, ?3) = ?4) "
                    "ORDER BY scope_id",
                    (path, deep, len(path) + 1, path + "/"),
                )
                .fetchall()
            )
        if not found:
            raise UnknownScope(
                f"nothing was ever remembered in scope {scope!r}; `mnemic stats` lists the scopes"
            )
        return tuple(int(row[0]) for row in found)

    def items(self, scope_ids: Sequence[int], after_seq: int) -> dict[str, NDArray[np.int64]]:
        """The ranking columns of all episodes of these scopes beyond `after_seq`, by seq."""
        marks = ",".join("?" * len(scope_ids))
        with explained(self.path):
            rows = (
                self.reader()
                .execute(
                    f"SELECT seq, session_key, ifnull(position, {NO_POSITION}), said_us, "  # noqa: S608
                    "happened_from_us, happened_to_us, ingested_us, terms, speaker_key FROM items "
                    f"WHERE scope_id IN ({marks}) AND seq > ? AND NOT EXISTS (SELECT 1 FROM hidden h "
                    "WHERE h.scope_id = items.scope_id AND h.seq = items.seq) AND NOT EXISTS "
                    "(SELECT 1 FROM cold c WHERE c.scope_id = items.scope_id AND c.seq = items.seq)",
                    (*scope_ids, after_seq),
                )
                .fetchall()
            )
        table = np.array(rows, dtype=np.int64).reshape(len(rows), len(ITEM_COLUMNS))
        if len(scope_ids) > 1:
            table = table[np.argsort(table[:, 0], kind="stable")]
        return {name: np.ascontiguousarray(table[:, i]) for i, name in enumerate(ITEM_COLUMNS)}

    def document_counts(self, scope_ids: Sequence[int], terms: Sequence[str]) -> list[int]:
        """For each term, in how many episodes of these scopes it occurs."""
        keys_of = [[f"{scope_id:x}g{term_key(term)}" for scope_id in scope_ids] for term in terms]
        keys = [key for some in keys_of for key in some]
        documents: dict[str, int] = {}
        with explained(self.path):
            for start in range(0, len(keys), 500):  # one statement for many is twice as fast
                some = keys[start : start + 500]
                marks = ",".join("?" * len(some))
                documents.update(
                    self.reader().execute(
                        f"SELECT term, doc FROM term_counts WHERE term IN ({marks})",  # noqa: S608
                        some,
                    )
                )
        return [sum(documents.get(key, 0) for key in some) for some in keys_of]

    def postings(self, scope_ids: Sequence[int], term: str) -> NDArray[np.int64]:
        """The seq of every occurrence of a term in these scopes, sorted, with repetitions."""
        reader = self.reader()
        key = term_key(term)
        found = []
        with explained(self.path):
            for scope_id in scope_ids:
                row = reader.execute(
                    "SELECT group_concat(doc) FROM term_places WHERE term = ?",
                    (f"{scope_id:x}g{key}",),
                ).fetchone()
                if row and row[0]:
                    text = row[0] if isinstance(row[0], str) else str(row[0])
                    found.append(np.fromstring(text, dtype=np.int64, sep=","))
        if not found:
            return np.empty(0, dtype=np.int64)
        return found[0] if len(found) == 1 else np.sort(np.concatenate(found))

    def episodes(self, scope_ids: Sequence[int], seqs: Iterable[int]) -> dict[int, Episode]:
        """The episodes with these numbers, as far as they lie in these scopes."""
        wanted = [int(seq) for seq in seqs]
        found: dict[int, Episode] = {}
        marks = ",".join("?" * len(scope_ids))
        with explained(self.path):
            for start in range(0, len(wanted), 500):
                some = wanted[start : start + 500]
                places = ",".join("?" * len(some))
                for row in self.reader().execute(
                    f"SELECT {_EPISODE_COLUMNS} FROM episodes e "  # noqa: S608
                    "JOIN scopes s ON s.scope_id = e.scope_id "
                    "LEFT JOIN items i ON i.scope_id = e.scope_id AND i.seq = e.seq "
                    f"WHERE e.seq IN ({places}) AND e.scope_id IN ({marks})",
                    (*some, *scope_ids),
                ):
                    found[int(row[0])] = _episode(row)
        return found

    def walk(
        self,
        scope_ids: Sequence[int],
        *,
        after_seq: int = 0,
        before_seq: int | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[tuple[int, Episode]]:
        """The episodes of these scopes in the order they were written, a page at a time."""
        marks = ",".join("?" * len(scope_ids))
        left = limit if limit is not None else 2**62
        last = 2**62 if before_seq is None else before_seq
        bound = last if newest_first else after_seq
        compare, order = ("<", "DESC") if newest_first else (">", "ASC")
        while left > 0:
            with explained(self.path):
                rows = (
                    self.reader()
                    .execute(
                        f"SELECT {_EPISODE_COLUMNS} FROM items i "  # noqa: S608
                        "JOIN episodes e ON e.seq = i.seq JOIN scopes s ON s.scope_id = i.scope_id "
                        f"WHERE i.scope_id IN ({marks}) AND i.seq {compare} ? "
                        f"ORDER BY i.seq {order} LIMIT ?",
                        (*scope_ids, bound, min(left, 1000)),
                    )
                    .fetchall()
                )
            if not rows:
                return
            for row in rows:
                yield int(row[0]), _episode(row)
            bound = int(rows[-1][0])
            left -= len(rows)

    def find(self, scope_ids: Sequence[int], id_or_ref: str) -> list[Episode]:
        """Episodes of these scopes by id, the beginning of an id (8 characters or more), or ref."""
        return list(self.episodes(scope_ids, self.seqs(scope_ids, id_or_ref)[:100]).values())

    def numbers(self, scope_ids: Sequence[int], ids: Sequence[str]) -> dict[str, int]:
        """The numbers of the episodes with exactly these ids, by id, as far as these scopes have them."""
        found: dict[str, int] = {}
        marks = ",".join("?" * len(scope_ids))
        with explained(self.path):
            for start in range(0, len(ids), 500):
                some = ids[start : start + 500]
                found.update(
                    self.reader().execute(
                        f"SELECT id, seq FROM episodes WHERE id IN ({','.join('?' * len(some))}) "  # noqa: S608
                        f"AND scope_id IN ({marks})",
                        (*some, *scope_ids),
                    )
                )
        return found

    def seqs(self, scope_ids: Sequence[int], id_or_ref: str) -> list[int]:
        """The numbers of all episodes that match as in `find`, however many."""
        marks = ",".join("?" * len(scope_ids))
        is_prefix = 8 <= len(id_or_ref) <= 32 and all(c in "0123456789abcdef" for c in id_or_ref)
        upper = id_or_ref + "g" if is_prefix else id_or_ref
        with explained(self.path):
            return [
                int(row[0])
                for row in self.reader().execute(
                    f"SELECT seq FROM episodes WHERE scope_id IN ({marks}) "  # noqa: S608
                    "AND (ref = ? OR id = ? OR (? AND id >= ? AND id < ?)) ORDER BY seq",
                    (*scope_ids, id_or_ref, id_or_ref, is_prefix, id_or_ref, upper),
                )
            ]

    def scopes(self) -> list[tuple[str, int]]:
        """Every scope with its number of episodes. For the owner of the file, not for a door."""
        with explained(self.path):
            return [
                (str(path), int(count))
                for path, count in self.reader().execute(
                    "SELECT s.path, count(i.seq) FROM scopes s LEFT JOIN items i USING (scope_id) "
                    "GROUP BY s.scope_id ORDER BY s.path"
                )
            ]

    def sources(
        self, scope_ids: Sequence[int], after_seq: int
    ) -> list[tuple[int, str | None, str | None, object]]:
        """Where the episodes of these scopes with seq > `after_seq` came from, by ascending seq."""
        marks = ",".join("?" * len(scope_ids))
        with explained(self.path):
            return [
                (int(seq), source, speaker, declared)
                for seq, source, speaker, declared in self.reader().execute(
                    "SELECT e.seq, e.source, e.speaker, CASE e.meta WHEN '{}' THEN NULL "  # noqa: S608
                    "ELSE json_extract(e.meta, '$.trust') END FROM items i JOIN episodes e "
                    f"ON e.seq = i.seq WHERE i.scope_id IN ({marks}) AND i.seq > ? ORDER BY i.seq",
                    (*scope_ids, after_seq),
                )
            ]

    def speakers(self, scope_ids: Sequence[int]) -> dict[int, str]:
        """Who ever spoke in these scopes: names by the speaker_key of `items`."""
        marks = ",".join("?" * len(scope_ids))
        with explained(self.path):
            return dict(
                self.reader().execute(
                    f"SELECT speaker_key, name FROM speakers WHERE scope_id IN ({marks})",  # noqa: S608
                    tuple(scope_ids),
                )
            )

    def change_mark(self) -> tuple[int, int]:
        """Grows with every write of any process: (largest seq, generation of derived keys)."""
        with explained(self.path):
            row = (
                self.reader()
                .execute(
                    "SELECT (SELECT ifnull(max(seq), 0) FROM episodes), "
                    "(SELECT ifnull(max(value), 0) FROM properties WHERE name = 'generation')"
                )
                .fetchone()
            )
        return int(row[0]), int(row[1])


def session_key(scope: str, session: str | None) -> int:
    """A positive 62-bit number for a session of a scope; 0 for none."""
    if session is None:
        return 0
    return int.from_bytes(blake2b(f"{scope}\0{session}".encode(), digest_size=8).digest()) >> 2 or 1


def shallow_row(
    scope_id: int, seq: int, draft: Draft, ingested_us: int, text_terms: list[str]
) -> tuple[Any, ...]:
    """The row of `items` for an episode."""
    said_at = draft.said_at or from_us(ingested_us)
    happened = happened_span(draft.text, said_at, draft.happened)
    return (
        scope_id, seq, session_key(draft.scope, draft.session), draft.position, to_us(said_at),
        to_us(happened.start), to_us(happened.end), ingested_us, len(text_terms),
        speaker_key(draft.speaker),
    )  # fmt: skip


def add_shallow_keys(
    writer: apsw.Connection,
    scope_id: int,
    seq: int,
    draft: Draft,
    ingested_us: int,
    text_terms: list[str],
) -> None:
    """Makes an episode findable by its terms, times, session and speaker."""
    writer.execute(
        "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        shallow_row(scope_id, seq, draft, ingested_us, text_terms),
    )
    if draft.speaker is not None:
        writer.execute(
            "INSERT OR IGNORE INTO speakers VALUES (?, ?, ?)",
            (scope_id, speaker_key(draft.speaker), draft.speaker),
        )
    writer.execute(
        "INSERT INTO terms (rowid, keys) VALUES (?, ?)", (seq, indexed(scope_id, text_terms))
    )


def _insert(
    writer: apsw.Connection, draft: Draft, scope_id: int, ingested_us: int, text_terms: list[str]
) -> bool:
    happened = draft.happened
    row = writer.execute(
        "INSERT INTO episodes (id, scope_id, text, speaker, session, position, source, ref, meta, "
        "said_at, happened_start, happened_end, ingested_us, digest) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING "
        "RETURNING seq",
        (
            draft.id, scope_id, draft.text, draft.speaker, draft.session, draft.position,
            draft.source, draft.ref, draft.meta_json,
            None if draft.said_at is None else draft.said_at.isoformat(),
            None if happened is None else happened.start.isoformat(),
            None if happened is None else happened.end.isoformat(),
            ingested_us, draft.digest(ingested_us),
        ),
    ).fetchall()  # fmt: skip
    if not row:
        return False
    add_shallow_keys(writer, scope_id, int(row[0][0]), draft, ingested_us, text_terms)
    return True


def _episode(row: tuple[Any, ...]) -> Episode:
    (
        _, id_, scope, text, speaker, session, position, source, ref, meta, said, happened_start,
        happened_end, ingested_us, from_, to,
    ) = row  # fmt: skip
    ingested_at = from_us(ingested_us)
    said_at = datetime.fromisoformat(said) if said else ingested_at
    if happened_start is not None:
        happened = Span(
            datetime.fromisoformat(happened_start), datetime.fromisoformat(happened_end)
        )
    elif from_ is None:  # the derived row is missing; `verify` reports it
        happened = Span.instant(said_at)
    else:
        happened = Span(
            from_us(from_).astimezone(said_at.tzinfo), from_us(to).astimezone(said_at.tzinfo)
        )
    return Episode(
        id=id_, text=text, scope=scope, said_at=said_at, happened=happened,
        ingested_at=ingested_at, speaker=speaker, session=session, position=position,
        source=source, ref=ref, meta=json.loads(meta), said_at_known=said is not None,
        happened_given=happened_start is not None,
    )  # fmt: skip


def _refuse_foreign(path: Path) -> None:
    """Looks at a file without opening it through SQLite, so that nothing is changed beside it."""
    from mnemic.errors import NotAStore

    try:
        with path.open("rb") as file:
            head = file.read(16)
    except PermissionError as error:
        raise ReadOnlyStore(
            f"{str(path)!r} cannot be read: permission denied; check who owns it"
        ) from error
    if head and head != b"SQLite format 3\x00":
        raise NotAStore(
            f"{str(path)!r} is not a Mnemic store (it begins {head[:8]!r}); it was left untouched: "
            "choose another path"
        )
