"""Files written whole or not at all, and still there when the power goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from mnemic.errors import ModelError


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file in one move; an existing one is replaced."""
    replace_whole(path, lambda beside: beside.write_bytes(content))


def replace_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` fill a file beside `path`, then moves it there in one move."""
    path = path.resolve()  # through a link, to what it leads to
    beside = path.with_name(f".{uuid4().hex}.new")
    try:
        # Some writers make files that only their owner may read.
        beside.touch()
        mode = (path if path.exists() else beside).stat().st_mode & 0o777
        write(beside)
        beside.chmod(mode)
        sync(beside)
        beside.replace(path)
        sync(path.parent)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """While it lasts no other process gets into the folder this way; free again when it dies.

    Raises:
        ModelError: another process is in it.
    """
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows: there is no such lock
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as taken:
        raise ModelError(
            f"another process is training in {str(folder)!r}; wait for it, or end it first"
        ) from taken
    finally:
        os.close(handle)


def sync(path: Path) -> None:
    """Waits until the disk has it: a file, or a folder's list of names."""
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders; its file system logs names by itself
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
