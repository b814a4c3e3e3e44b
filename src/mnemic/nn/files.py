"""Files written whole or not at all, and still there when the power goes."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file in one move; an existing one is replaced."""
    replace_whole(path, lambda beside: beside.write_bytes(content))


def replace_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` fill a file beside `path`, then moves it there in one move."""
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        write(beside)
        sync(beside)
        beside.replace(path)
        sync(path.parent)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


def sync(path: Path) -> None:
    """Waits until the disk has it: a file, or a folder's list of names."""
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders; its file system logs names by itself
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
