"""Opening the file: engine, pragmas, migrations, and what each of SQLite's errors means to a user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from mnemic.agent.stores.sqlite.schema import APPLICATION_ID, MIGRATIONS
from mnemic.errors import (
    EngineTooOld,
    NewerStore,
    NotAStore,
    ReadOnlyStore,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
)

# Engines 3.7.0 to 3.51.2 can lose acknowledged commits when processes checkpoint (WAL-reset race).
ENGINE_MIN = (3, 51, 3)


def engine_version() -> str:
    """The version of the SQLite engine in use, which the driver bundles."""
    return str(apsw.sqlite_lib_version())


def check_engine() -> None:
    """Raises EngineTooOld if the engine may lose commits."""
    version = tuple(int(part) for part in engine_version().split("."))
    if version < ENGINE_MIN:
        wanted = ".".join(map(str, ENGINE_MIN))
        raise EngineTooOld(
            f"SQLite {engine_version()} can lose acknowledged commits; "
            f"install apsw with an engine of {wanted} or newer: pip install -U apsw"
        )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns the driver's errors into ours, with the file's name and what to do."""
    try:
        yield
    except apsw.FullError as error:
        raise StoreFull(
            f"the disk that holds {str(path)!r} is full; nothing of this write was kept: "
            "free some space and write again"
        ) from error
    except apsw.NotADBError as error:
        raise NotAStore(
            f"{str(path)!r} is not a Mnemic store; it was left untouched: choose another path"
        ) from error
    except apsw.ReadOnlyError as error:
        raise ReadOnlyStore(
            f"{str(path)!r} cannot be written; make the file and its folder writable"
        ) from error
    except apsw.CantOpenError as error:
        raise ReadOnlyStore(
            f"{str(path)!r} cannot be opened or created; check that its folder exists and is "
            "writable"
        ) from error
    except apsw.CorruptError as error:
        raise StoreDamaged(
            f"{str(path)!r} is damaged ({error}); keep the file, run `mnemic verify`, and restore "
            "a backup if it says so"
        ) from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise StoreBusy(
            f"{str(path)!r} is held by another program that does not queue with Mnemic; close it"
        ) from error
    except apsw.Error as error:
        raise StoreError(f"SQLite on {str(path)!r}: {error}") from error


def connect(path: Path, *, read_only: bool = False, immutable: bool = False) -> apsw.Connection:
    """A connection with every setting that durability and safety need."""
    with explained(path):
        if immutable:
            uri = path.absolute().as_uri() + "?immutable=1"
            connection = apsw.Connection(
                uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
            )
        elif read_only:
            connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        else:
            connection = apsw.Connection(
                str(path), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
            )
        connection.set_busy_timeout(30_000)
        for pragma in (
            "synchronous=FULL",  # in WAL mode NORMAL loses acknowledged commits at a power cut
            "fullfsync=1",
            "foreign_keys=ON",
            "trusted_schema=OFF",
            "cell_size_check=ON",
            "mmap_size=0",
            "temp_store=MEMORY",
            "cache_size=-32768",
            f"journal_size_limit={64 << 20}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(f"PRAGMA query_only={int(read_only)}")
    return connection


def identify(connection: apsw.Connection, path: Path) -> int:
    """The layout's version of an existing store, 0 for a new empty file.

    Raises:
        NotAStore: a database of some other program.
        NewerStore: a layout that this version does not know.
    """
    with explained(path):
        application = connection.pragma("application_id")
        version = int(connection.pragma("user_version"))
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != APPLICATION_ID and (tables or version or application):
        raise NotAStore(
            f"{str(path)!r} is an SQLite database of another program; it was left untouched: "
            "choose another path"
        )
    if version > len(MIGRATIONS):
        raise NewerStore(
            f"{str(path)!r} has layout {version}; this version of Mnemic knows {len(MIGRATIONS)}: "
            "upgrade with `pip install -U mnemic`. The file was left untouched"
        )
    return version


def migrate(connection: apsw.Connection, path: Path, version: int) -> None:
    """Brings the layout up to date in one transaction; a kill leaves the old layout or the new."""
    with explained(path):
        connection.execute("PRAGMA journal_mode=WAL")  # a backup comes without
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = int(connection.pragma("user_version"))
            for step in MIGRATIONS[version:]:
                connection.execute(step)
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
