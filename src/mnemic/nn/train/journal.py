"""The losses of a run, one JSON object a line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mnemic.nn.files import write_whole


class Journal:
    """Appends lines; one that goes on forgets the steps after its checkpoint first.

    Args:
        path: the file.
        step: steps that count; later lines are from after the checkpoint and are dropped.
    """

    def __init__(self, path: Path, step: int) -> None:
        kept = [line for line in read_journal(path) if line["step"] <= step]
        write_whole(path, "".join(json.dumps(line) + "\n" for line in kept).encode())
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, **line: Any) -> None:
        """One line."""
        self._file.write(json.dumps(line) + "\n")

    def sync(self) -> None:
        """Waits until the disk has all lines."""
        self._file.flush()
        os.fsync(self._file.fileno())


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The lines; one that was cut short by the end of its process does not count."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    found = []
    for line in lines[:-1]:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("step"), int):
            found.append(entry)
    return found
