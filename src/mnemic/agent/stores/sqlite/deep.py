"""Embedding spaces and vectors. Several spaces can be alive; one is active, others are filling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.records import Pending, Space, Vectors
from mnemic.agent.stores.sqlite.connection import explained
from mnemic.agent.stores.sqlite.store import NEXT_GENERATION, SqliteLog
from mnemic.errors import EmbedderMismatch


class SqliteVectors:
    """The deep keys of a log, in the same file."""

    def __init__(self, log: SqliteLog) -> None:
        self._log = log

    def spaces(self) -> list[Space]:
        """All spaces of the store, oldest first."""
        with explained(self._log.path):
            return [
                Space(*row)
                for row in self._log.reader().execute(
                    "SELECT space_id, name, dimension, state, upto_seq FROM spaces ORDER BY space_id"
                )
            ]

    def active(self) -> Space | None:
        """The space that recalls use, if there is one."""
        return next((space for space in self.spaces() if space.state == "active"), None)

    def open(self, name: str, dimension: int) -> Space:
        """The space of this name; made if need be, and active if it is the first.

        Raises:
            EmbedderMismatch: the name is known with another dimension.
        """
        found = next((space for space in self.spaces() if space.name == name), None)
        if found is None:
            with self._log.writing() as writer:
                writer.execute(
                    "INSERT OR IGNORE INTO spaces (name, dimension, state) VALUES (?1, ?2, "
                    "CASE WHEN EXISTS (SELECT 1 FROM spaces WHERE state = 'active') "
                    "THEN 'filling' ELSE 'active' END)",
                    (name, dimension),
                )
            found = next(space for space in self.spaces() if space.name == name)
        if found.dimension != dimension:
            raise EmbedderMismatch(
                f"space {name!r} holds vectors of {found.dimension} floats, the embedder gives "
                f"{dimension}; give the new model a name of its own"
            )
        return found

    def activate(self, space_id: int, *, forget_others: bool) -> None:
        """Makes a space the one that recalls use; the others keep their vectors unless forgotten."""
        with self._log.writing() as writer:
            writer.execute("UPDATE spaces SET state = 'retired' WHERE state = 'active'")
            writer.execute("UPDATE spaces SET state = 'active' WHERE space_id = ?", (space_id,))
            writer.execute(NEXT_GENERATION)
            if forget_others:
                writer.execute("DELETE FROM vectors WHERE space_id <> ?", (space_id,))
                writer.execute("DELETE FROM spaces WHERE space_id <> ?", (space_id,))

    def pending(self, space_id: int, limit: int) -> list[Pending]:
        """The next episodes without a deep key, in the order they were written."""
        with explained(self._log.path):
            return [
                Pending(*row)
                for row in self._log.reader().execute(
                    "SELECT scope_id, seq, text, speaker FROM episodes WHERE seq > "
                    "(SELECT upto_seq FROM spaces WHERE space_id = ?) ORDER BY seq LIMIT ?",
                    (space_id, limit),
                )
            ]

    def pending_count(self, space_id: int) -> int:
        """How many episodes still wait for their deep key in a space."""
        with explained(self._log.path):
            row = (
                self._log.reader()
                .execute(
                    "SELECT count(*) FROM episodes WHERE seq > "
                    "(SELECT upto_seq FROM spaces WHERE space_id = ?)",
                    (space_id,),
                )
                .fetchone()
            )
        return int(row[0])

    def put(
        self,
        space_id: int,
        done: Sequence[Pending],
        parts: Sequence[tuple[int, int]],
        vectors: NDArray[np.float32],
    ) -> None:
        """Stores deep keys and the receipt of how far the space is filled, in one transaction.

        Nothing is stored where the batch is no longer the next one of the space.

        Args:
            done: the episodes of this batch, in order.
            parts: for each vector (index into `done`, number of the part).
            vectors: (len(parts), dimension).
        """
        halves = vectors.astype(np.float16)
        with self._log.writing() as writer:
            [(first,)] = writer.execute(
                "SELECT min(e.seq) FROM episodes e JOIN spaces s ON e.seq > s.upto_seq "
                "WHERE s.space_id = ?",
                (space_id,),
            )
            if first != done[0].seq:
                return  # a rebuild, another worker or a change of spaces came in between
            writer.executemany(
                "INSERT OR REPLACE INTO vectors SELECT ?1, ?2, ?3, ?4, ?5 "
                "WHERE EXISTS (SELECT 1 FROM episodes WHERE seq = ?3)",  # some may be erased
                (
                    (space_id, done[which].scope_id, done[which].seq, part, halves[n].tobytes())
                    for n, (which, part) in enumerate(parts)
                ),
            )
            writer.execute(
                "UPDATE spaces SET upto_seq = max(upto_seq, ?) WHERE space_id = ?",
                (done[-1].seq, space_id),
            )

    def load(
        self, space: Space, scope_ids: Sequence[int], after_seq: int, upto_seq: int
    ) -> Vectors:
        """All vectors of these scopes with after_seq < seq <= upto_seq."""
        seqs: list[NDArray[np.int64]] = []
        blobs: list[bytes] = []
        with explained(self._log.path):
            for scope_id in scope_ids:
                rows = (
                    self._log.reader()
                    .execute(
                        "SELECT seq, vector FROM vectors WHERE space_id = ? AND scope_id = ? "
                        "AND seq > ? AND seq <= ? ORDER BY seq, part",
                        (space.space_id, scope_id, after_seq, upto_seq),
                    )
                    .fetchall()
                )
                seqs.append(np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows)))
                blobs.extend(row[1] for row in rows)
        all_seqs = np.concatenate(seqs) if seqs else np.empty(0, dtype=np.int64)
        rows_NK = np.frombuffer(b"".join(blobs), dtype=np.float16).reshape(-1, space.dimension)  # noqa: N806
        if len(scope_ids) > 1:
            order = np.argsort(all_seqs, kind="stable")
            return Vectors(all_seqs[order], rows_NK[order])
        return Vectors(all_seqs, rows_NK)

    def fetch(self, space: Space, scope_ids: Sequence[int], seqs: Sequence[int]) -> Vectors:
        """The vectors of some episodes, for scoring them exactly."""
        found: list[tuple[int, bytes]] = []
        with explained(self._log.path):
            for scope_id in scope_ids:
                for start in range(0, len(seqs), 500):
                    some = seqs[start : start + 500]
                    marks = ",".join("?" * len(some))
                    found += (
                        self._log.reader()
                        .execute(
                            f"SELECT seq, vector FROM vectors WHERE space_id = ? AND scope_id = ? "  # noqa: S608
                            f"AND seq IN ({marks}) ORDER BY seq, part",
                            (space.space_id, scope_id, *[int(seq) for seq in some]),
                        )
                        .fetchall()
                    )
        found.sort(key=lambda pair: pair[0])
        return Vectors(
            np.array([pair[0] for pair in found], dtype=np.int64),
            np.frombuffer(b"".join(pair[1] for pair in found), dtype=np.float16).reshape(
                -1, space.dimension
            ),
        )
