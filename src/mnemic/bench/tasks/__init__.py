"""Readers of public benchmarks, one a file: path → cases. They read the published layouts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

from mnemic.bench.cases import Case
from mnemic.errors import ImportFailed


def cases_of(task: str, path: Path) -> Iterator[Case]:
    """The cases of a task's data.

    Raises:
        ImportFailed: there is no such data at the path.
    """
    found: Iterator[Case] = import_module(f"{__name__}.{task.replace('-', '_')}").read(path)
    return found


def folders_in(root: Path, tasks: Iterable[str]) -> dict[str, Path]:
    """Those of some tasks whose folder lies in a root, by task.

    Raises:
        ImportFailed: none of them does.
    """
    folders = {task: root / task.replace("-", "_") for task in tasks}
    present = {task: folder for task, folder in folders.items() if folder.is_dir()}
    if not present:
        names = ", ".join(folder.name for folder in folders.values())
        raise ImportFailed(f"{str(root)!r} has none of the folders {names}")
    return present
