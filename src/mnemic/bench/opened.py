"""A benchmark's case as an open memory: remembered in a file of its own, its deep keys made."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from mnemic.agent.memory import Memory
from mnemic.agent.protocols import Embedder
from mnemic.bench.cases import Case


@contextmanager
def opened(
    case: Case,
    scope: str,
    embedder: Embedder | Literal["auto"] | None,
    progress: Callable[[str, int, int], None] | None = None,
    **options: Any,
) -> Iterator[tuple[Memory, int]]:
    """A memory that holds a case, and how many episodes that are; gone at the end of the block.

    Args:
        case: what is remembered.
        scope: where.
        embedder: as for `Memory`.
        progress: told of the deep keys: what is being done, how much is done, and of how much.
        options: others of `Memory`.
    """
    with (
        tempfile.TemporaryDirectory(prefix="mnemic-bench-") as folder,
        Memory(
            Path(folder) / "case.mnemic", embedder=embedder, background=False, **options
        ) as memory,
    ):
        stored = memory.remember_many({**row, "scope": scope} for row in case.rows).stored
        if progress is None:
            memory.ready()
        else:
            memory.ready(lambda done, of: progress(f"{case.name}: deep keys", done, of))
        yield memory, stored
