"""What can be replaced: Store with its VectorTable and DerivedTables, Embedder, Chunker, VectorIndex.

`mnemic.testing` ships a contract for each: a test class to be run on your own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from mnemic.agent.knowledge import ActRow, RunRow, UseRow
    from mnemic.agent.records import Appended, Episode, Pending, Space, Vectors, Verification
    from mnemic.agent.write.prepare import Draft

Progress = Callable[[int, int], None]
"""Told how far a long work has come: episodes done, episodes in all."""

ITEM_COLUMNS = (
    "seq", "session_key", "position", "said_us", "happened_from_us", "happened_to_us",
    "ingested_us", "terms", "speaker_key",
)  # fmt: skip
"""What ranking needs of an episode; all int64, times in microseconds since 1970 UTC.

`session_key` is positive and the same for the same session of a scope only, 0 for none;
`speaker_key` is of `speakers`, 0 for nobody; `terms` is the length in terms.
"""

NO_POSITION = -(2**63)
"""The position of an episode that has none."""


class Store(Protocol):
    """Episodes and their shallow keys: written durably, read by scope only.

    `seq` numbers the episodes of a store from 1 in the order they were *committed*, gaps allowed:
    once an episode can be read, none with a smaller number comes any more. Views, kept postings
    and deep keys read on from the last number they know, so a number taken before a commit that
    comes late would be passed over for good.

    `scope_ids` come from `scope_ids()`; with none of them, nothing is found. Whatever is written
    by any process is seen by the next call. Threads may share a store.

    Raises, everywhere:
        StoreError: the store is closed, damaged, full or out of reach; nothing was half done.
    """

    @property
    def read_only(self) -> bool:
        """Whether every write is refused with ReadOnlyStore."""
        ...

    @property
    def vectors(self) -> VectorTable:
        """The deep keys."""
        ...

    @property
    def derived(self) -> DerivedTables:
        """What sleep derives, what people decided, and how episodes were used."""
        ...

    # -- writing

    def append(self, drafts: Sequence[Draft], ingested_at: datetime) -> Appended:
        """Adds episodes with their shallow keys, durably, in one transaction.

        Episodes already there, by id, are left as they are; so is the second of two in one call.

        Args:
            drafts: checked episodes of any scopes.
            ingested_at: aware; kept to the microsecond.

        Returns:
            For each draft, in order, its id and whether it is new.

        Raises:
            ReadOnlyStore, StoreFull, StoreBusy: nothing was written.
        """
        ...

    def working(self) -> AbstractContextManager[bool]:
        """Whether this opening may do the background work until the end of the block.

        Of all openings in all processes one at a time may; the right of a process that dies is
        free again. Never waits.
        """
        ...

    def sleeping(self) -> AbstractContextManager[bool]:
        """Whether this opening may run a sleep until the end of the block.

        Of all openings in all processes one at a time may; the right of a process that dies is free
        again. Never waits.
        """
        ...

    def once(self) -> AbstractContextManager[None]:
        """Holds off every other block of `once` until the end of this one; appending goes on.

        Raises:
            ReadOnlyStore: the store is opened to be read only.
            StoreBusy: the turn did not come in time.
        """
        ...

    def deriving(self) -> AbstractContextManager[None]:
        """Holds off every other change of derived rows until the end of the block.

        Raises:
            ReadOnlyStore: the store is opened to be read only.
            StoreBusy: the turn did not come in time.
        """
        ...

    def erase(
        self,
        scope_id: int,
        seqs: Sequence[int],
        drop: Sequence[tuple[type[NamedTuple], int, dict[str, Any]]],
        rows: Sequence[NamedTuple],
    ) -> Erased:
        """Removes episodes and all that was derived from them, in one transaction.

        Their ids are not taken in again. What else is to go is in `drop` (a kind of row, a scope, what its
        columns equal), what comes in its place in `rows`. Rooms and gist of the scope go, for the next
        sleep to make anew, and so do the journals of all runs.
        """
        ...

    def scrub(self) -> bool:
        """Cleans every byte of the store of what was erased.

        Returns:
            False if another process kept some of it from being cleaned now.
        """
        ...

    # -- reading, always by scope

    def scope_ids(self, scope: str) -> tuple[int, ...]:
        """The numbers of a scope, or with `/*` of it and all below.

        Raises:
            InvalidScope: nothing was ever remembered there, or it is no path.
        """
        ...

    def items(self, scope_ids: Sequence[int], after_seq: int) -> dict[str, NDArray[np.int64]]:
        """ITEM_COLUMNS of all episodes of these scopes with seq > `after_seq`.

        Returns:
            Every column by its name, in the order of ITEM_COLUMNS: int64, (n,), by ascending seq.
        """
        ...

    def sources(
        self, scope_ids: Sequence[int], after_seq: int
    ) -> list[tuple[int, str | None, str | None, object]]:
        """Where the episodes of these scopes with seq > `after_seq` came from, by ascending seq.

        Returns:
            For each its seq, source, speaker, and what its meta says under "trust", None for nothing.
        """
        ...

    def speakers(self, scope_ids: Sequence[int]) -> Mapping[int, str]:
        """Who ever spoke in these scopes: names by the speaker_key of `items`."""
        ...

    def document_counts(self, scope_ids: Sequence[int], terms: Sequence[str]) -> list[int]:
        """For each term, in how many episodes of these scopes it occurs; terms may come twice."""
        ...

    def postings(self, scope_ids: Sequence[int], term: str) -> NDArray[np.int64]:
        """The seq of every occurrence of a term in these scopes.

        Occurrences are counted in `terms_of(searchable(text, speaker))`.

        Returns:
            int64, (occurrences,), ascending, an episode's number once for each occurrence.
        """
        ...

    def episodes(self, scope_ids: Sequence[int], seqs: Iterable[int]) -> dict[int, Episode]:
        """The episodes with these numbers, as far as they lie in these scopes."""
        ...

    def walk(
        self,
        scope_ids: Sequence[int],
        *,
        after_seq: int = 0,
        before_seq: int | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[tuple[int, Episode]]:
        """The episodes of these scopes with their numbers, in the order they were written.

        Args:
            scope_ids: the scopes.
            after_seq: begins behind this number; has no meaning with `newest_first`.
            before_seq: with `newest_first`, begins before this number; None begins at the end.
            limit: how many at most; None for all.
            newest_first: goes backwards.
        """
        ...

    def find(self, scope_ids: Sequence[int], id_or_ref: str) -> list[Episode]:
        """Episodes of these scopes by id, the beginning of an id (8 characters or more), or ref.

        Of many that match, the first 100 as they were written.
        """
        ...

    def numbers(self, scope_ids: Sequence[int], ids: Sequence[str]) -> dict[str, int]:
        """The numbers of the episodes with exactly these ids, by id, as far as these scopes have them."""
        ...

    def seqs(self, scope_ids: Sequence[int], id_or_ref: str) -> list[int]:
        """The numbers of all episodes that match as in `find`, however many."""
        ...

    def scopes(self) -> list[tuple[str, int]]:
        """Every scope with its number of episodes. For the owner of the store, not for a door."""
        ...

    def change_mark(self) -> tuple[int, int]:
        """(largest seq of the store, generation of its derived keys).

        The first grows with every new episode of any process and is 0 in an empty store, the
        second with every rebuild and every change of the active space.
        """
        ...

    # -- upkeep

    def verify(self, progress: Progress | None = None) -> Verification:
        """Checks everything against everything: hashes, identities, shallow keys, vectors.

        Keys that older rules derived are not wrong but stale, and `checks` says so.
        """
        ...

    def rebuild(self, progress: Progress | None = None) -> int:
        """Derives every shallow key again from the log and empties the vectors; how many episodes.

        A kill leaves the old keys or the new.

        Raises:
            ReadOnlyStore, StoreFull, StoreBusy: nothing was changed.
        """
        ...

    def backup(self, target: Path) -> int:
        """A consistent, checked copy made while writers work; how many episodes it holds.

        Raises:
            StoreError: the target exists, cannot be written, or the copy fails its check.
        """
        ...

    def statistics(self) -> dict[str, Any]:
        """Counts and sizes, as `mnemic stats` shows them.

        Returns:
            `path` and `engine`: where it lies and what keeps it, for people to read.
            `episodes`, `sessions`, `bytes`; `scopes`: the episodes of each by its path.
            `first_said_us`, `last_said_us`: microseconds since 1970 UTC, None in an empty store.
            `shallow_keys_stale`: whether older rules derived the shallow keys.
            `spaces`: for each its `name`, `dimension`, `state` and `pending` episodes.
        """
        ...

    def close(self) -> None:
        """Lets go of everything. Closing twice is allowed."""
        ...


class VectorTable(Protocol):
    """Deep keys in embedding spaces, of which several can be alive and one is active.

    Raises, everywhere:
        StoreError: as its store does; ReadOnlyStore from `open` (of a new space), `activate`, `put`.
    """

    def spaces(self) -> list[Space]:
        """All spaces, oldest first."""
        ...

    def active(self) -> Space | None:
        """The space that recalls use, if there is one."""
        ...

    def open(self, name: str, dimension: int) -> Space:
        """The space of this name; made if need be, and active if it is the first.

        Raises:
            EmbedderMismatch: the name is known with another dimension.
        """
        ...

    def activate(self, space_id: int, *, forget_others: bool) -> None:
        """Makes a space the one that recalls use; the others keep their vectors unless forgotten."""
        ...

    def pending(self, space_id: int, limit: int) -> list[Pending]:
        """The next episodes without a deep key, in the order they were written."""
        ...

    def pending_count(self, space_id: int) -> int:
        """How many episodes still wait for their deep key in a space."""
        ...

    def put(
        self,
        space_id: int,
        done: Sequence[Pending],
        parts: Sequence[tuple[int, int]],
        vectors: NDArray[np.float32],
    ) -> None:
        """Stores deep keys and the receipt of how far the space is filled, in one transaction.

        Nothing is stored where the batch is no longer the next one of the space: another worker
        put it, or a rebuild came in between.

        Args:
            space_id: the space.
            done: the episodes of this batch, not empty, as `pending` gave them.
            parts: for each vector (index into `done`, number of the part from 0).
            vectors: unit vectors (len(parts), dimension), kept in half precision.
        """
        ...

    def load(
        self, space: Space, scope_ids: Sequence[int], after_seq: int, upto_seq: int
    ) -> Vectors:
        """All vectors of these scopes with after_seq < seq <= upto_seq, by seq and part."""
        ...

    def fetch(self, space: Space, scope_ids: Sequence[int], seqs: Sequence[int]) -> Vectors:
        """All vectors of some episodes as far as they lie in these scopes, by seq and part."""
        ...


R = TypeVar("R", bound=NamedTuple)


class Erased(NamedTuple):
    """What an erasure removed: the ids of the episodes, and how many rows of each table."""

    ids: Sequence[str]
    rows: Mapping[str, int]


class DerivedStep(Protocol):
    """One transaction of a run."""

    @property
    def changed(self) -> int:
        """How many rows were put or deleted so far."""
        ...

    def put(self, rows: Iterable[NamedTuple]) -> None:
        """Adds rows; one with the same key is replaced."""
        ...

    def act(
        self, scope_id: int, kind: str, target: str, content: Mapping[str, Any], at_us: int
    ) -> int:
        """Writes down what a person decided, in this transaction; its number."""
        ...

    def delete(self, kind: type[NamedTuple], /, scope_id: int, **equal: Any) -> None:
        """Deletes the rows of a scope whose columns equal these values, or are among them."""
        ...


class DerivedTables(Protocol):
    """The rows of `mnemic.agent.knowledge`: read by scope, written by runs that can be undone.

    Raises, everywhere:
        StoreError: as its store does; ReadOnlyStore from whatever writes.
    """

    def rows(self, kind: type[R], /, scope_ids: Sequence[int], **equal: Any) -> list[R]:
        """All rows of these scopes whose columns equal these values, or are among them, by key."""
        ...

    def count(self, kind: type[NamedTuple], scope_ids: Sequence[int]) -> int:
        """How many rows of a kind these scopes have."""
        ...

    def mark(self) -> int:
        """Grows with every change of derived rows by any process."""
        ...

    def all_scopes(self) -> list[int]:
        """The numbers of all scopes. For the owner of the store, not for a door."""
        ...

    def waiting(self, scope_id: int, version: str, limit: int) -> list[int]:
        """Numbers of the episodes that no replay of this version has seen, oldest first."""
        ...

    def said(self, scope_id: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of every episode of a scope its number and when it was said, both int64 (n,)."""
        ...

    def mentions(self, scope_ids: Sequence[int], after_seq: int) -> list[tuple[int, str, str]]:
        """What the episodes beyond `after_seq` mention: (seq, key, kind), by seq.

        Ends before the first episode that no sleep has replayed, so that one can go on from the last.
        """
        ...

    def paths(self, scope_ids: Sequence[int]) -> dict[int, str]:
        """The scopes' paths by their numbers."""
        ...

    def begin(self, reach: str, phases: str, at_us: int) -> RunRow:
        """A new run, or the one that was begun with the same reach and phases and did not end."""
        ...

    def step(self, run: int) -> AbstractContextManager[DerivedStep]:
        """One transaction of a run, with its changes journaled in it."""
        ...

    def finish(self, run: int, report: Mapping[str, Any], at_us: int) -> None:
        """Ends a run with its report; journals of runs long past are let go."""
        ...

    def runs(self) -> list[RunRow]:
        """All runs, newest first."""
        ...

    def undo(self, run: int) -> int:
        """Puts every derived row back as it was before a run; how many rows that changed.

        The act that names the run in its content is withdrawn in the same transaction.

        Raises:
            InvalidInput: there is no such run, it was undone or its journal let go, or something
                later changed the same rows; nothing was changed.
        """
        ...

    def changes(self, run: int) -> list[tuple[str, str, tuple[Any, ...], tuple[Any, ...]]]:
        """What a run changed, in order: table, "insert", "update" or "delete", old and new values."""
        ...

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every derived table, whole and by key, for comparing two of them."""
        ...

    def forget_all(self) -> None:
        """Empties every derived table and journal, so that the next sleep derives all again."""
        ...

    def act(
        self, scope_id: int, kind: str, target: str, content: Mapping[str, Any], at_us: int
    ) -> int:
        """Writes down what a person decided, durably; its number."""
        ...

    def acts(self, scope_ids: Sequence[int]) -> list[ActRow]:
        """What people decided in these scopes, in order."""
        ...

    def hidden(self, scope_ids: Sequence[int]) -> list[int]:
        """The numbers of suppressed episodes."""
        ...

    def erased(self, ids: Sequence[str]) -> set[str]:
        """Which of these are ids of episodes that were erased."""
        ...

    def erasures(self) -> int:
        """How many episodes were ever erased, by any process."""
        ...

    def uses(self, scope_ids: Sequence[int], seqs: Sequence[int] | None = None) -> list[UseRow]:
        """How often the episodes of these scopes came back; only those numbers, where given."""
        ...

    def used(self, times_us: Mapping[str, Sequence[int]], keep: int) -> None:
        """Adds uses: the moments for each episode's id; the latest `keep` of all are kept whole."""
        ...


class Embedder(Protocol):
    """Text in, unit vectors out.

    `space` names the embedding space (model, revision, dimension); vectors of different spaces are
    never compared. A text has one vector, whatever it is embedded with. Threads may share it.
    """

    @property
    def space(self) -> str:
        """A stable name of the space, such as 'all-MiniLM-L6-v2/w8-1/384'."""
        ...

    @property
    def dimension(self) -> int:
        """The number of floats in a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension), float32; of any text, the empty one too.

        Raises:
            EmbedderError: the model is missing or damaged.
        """
        ...


@runtime_checkable
class Chunker(Protocol):
    """An embedder that can say how much of a text it reads at once."""

    def chunks(self, text: str, *, overlap: int) -> list[str]:
        """The text cut into pieces that the model reads whole, in order; a short one as it is.

        Args:
            text: any text.
            overlap: how many of the model's tokens at most a piece shares with the one before;
                with 0 nothing but white space is between two pieces.
        """
        ...


@runtime_checkable
class Forgetful(Protocol):
    """An embedder that keeps something of the texts it read, and can let go of it."""

    def forget(self) -> None:
        """Lets go of all of it, also of the texts it is reading now."""
        ...


class VectorIndex(Protocol):
    """An approximate scan over vectors, whose best are then scored exactly.

    Its places are the numbers of the vectors in the order they came, from 0. One thread at a time.
    """

    def __len__(self) -> int:
        """How many vectors it holds."""
        ...

    def add(self, rows_NK: NDArray[np.float32]) -> None:  # noqa: N803
        """Takes in unit vectors (n, dimension), numbered on from those that are there."""
        ...

    def search(
        self,
        query_K: NDArray[np.float32],  # noqa: N803
        k: int,
        allowed: NDArray[np.int64] | None = None,
    ) -> NDArray[np.int64]:
        """About the k places with the largest inner products, in no promised order.

        Args:
            query_K: unit vector (dimension,).
            k: how many, if there are so many.
            allowed: distinct places (m,) that alone may come back; None for all.

        Returns:
            Distinct places, (min(k, m),).
        """
        ...
