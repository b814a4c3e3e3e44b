"""Other programs' SQLite files: read as they stand, nothing written beside them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw

from mnemic.errors import ImportFailed
from mnemic.importers.report import Report

VALUE_BYTES_MAX = 64 << 20
_MAGIC = b"SQLite format 3\x00"
_SIDES = ("-wal", "-journal")
_TRIES = 3


class Database:
    """A file's tables. Only real tables are read: a view could be any program."""

    def __init__(self, connection: Any, path: Path, report: Report) -> None:
        self._connection = connection
        self._path = path
        self._report = report
        self.tables = frozenset(tables_of(connection))

    def rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """The rows of a query over plain tables; a file damaged further on is in the report."""
        try:
            yield from self._connection.execute(query, values)
        except (apsw.Error, UnicodeDecodeError) as error:
            self._report.skip(self._path.name, f"the database cannot be read on: {error}")

    def columns(self, table: str) -> frozenset[str]:
        """The names of a table's columns."""
        found = self.rows("SELECT name FROM pragma_table_info(?)", table)
        return frozenset(str(name) for (name,) in found)


def is_sqlite(path: Path) -> bool:
    """Whether the file begins as an SQLite database does."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def tables_in(path: Path) -> frozenset[str]:
    """The tables of a database, for telling formats apart; none where it cannot be read."""
    try:
        with opened_database(path, Report()) as database:
            return database.tables
    except ImportFailed:
        return frozenset()


def tables_of(connection: Any) -> Iterator[str]:
    """The names of the plain tables."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
    for name, sql in connection.execute(query):
        if isinstance(sql, str) and not sql.lstrip()[:14].upper().startswith("CREATE VIRTUAL"):
            yield str(name)


@contextmanager
def opened_database(path: Path, report: Report) -> Iterator[Database]:
    """The database, opened so that no file appears or changes in its folder.

    A database without a write-ahead log or journal beside it is read where it is, as immutable.
    One that a program has open is copied together with what stands beside it, and the copy is read.

    Raises:
        ImportFailed: not an SQLite file, or one that cannot be opened.
    """
    if not is_sqlite(path):
        raise ImportFailed(
            f"{os.fspath(path)!r} is not an SQLite database (or an encrypted one); check the path"
        )
    with tempfile.TemporaryDirectory(prefix="mnemic-import-") as folder:
        in_use = any(_size(path, side) for side in _SIDES)
        before = _stamp(path)
        try:
            used = _copied(path, Path(folder)) if in_use else path
            connection = _connection(used, immutable=not in_use)
        except (OSError, apsw.Error, UnicodeDecodeError) as error:
            raise ImportFailed(
                f"{os.fspath(path)!r} cannot be read as an SQLite database: {error}"
            ) from error
        try:
            database = Database(connection, path, report)
        except (apsw.Error, UnicodeDecodeError) as error:
            connection.close()
            raise ImportFailed(
                f"{os.fspath(path)!r} cannot be read as an SQLite database: {error}"
            ) from error
        report.files += 1
        try:
            yield database
        finally:
            connection.close()
            if not in_use and _stamp(path) != before:
                report.note(path.name, "was written to while it was read; import it again")


def _connection(path: Path, *, immutable: bool) -> Any:
    name = f"file:{quote(os.fspath(path.resolve()))}"
    if immutable:
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        connection = apsw.Connection(f"{name}?mode=ro&immutable=1", flags=flags)
    else:
        connection = apsw.Connection(name, flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI)
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, 4 * VALUE_BYTES_MAX)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


def _copied(path: Path, folder: Path) -> Path:
    """A copy of the database and its sidecars, taken while nothing was written if that can be."""
    needed = sum(_size(path, side) for side in ("", *_SIDES))
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(f"its program has it open, and a copy needs {needed:,} bytes; {free:,} free")
    target = folder / "copy.db"
    for _ in range(_TRIES):
        before = _stamp(path)
        for side in ("", *_SIDES):
            source, copy = Path(f"{path}{side}"), Path(f"{target}{side}")
            copy.unlink(missing_ok=True)
            if source.exists():
                shutil.copyfile(source, copy)
        if _stamp(path) == before:
            break
    return target


def _size(path: Path, side: str) -> int:
    try:
        return Path(f"{path}{side}").stat().st_size
    except OSError:
        return 0


def _stamp(path: Path) -> list[tuple[int, int]]:
    stamps = []
    for side in ("", *_SIDES):
        try:
            held = Path(f"{path}{side}").stat()
        except OSError:
            stamps.append((0, 0))
        else:
            stamps.append((held.st_mtime_ns, held.st_size))
    return stamps
