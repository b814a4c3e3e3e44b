"""Bytes of state, peak memory and time of a step after 1,000 … 1,000,000 decoded tokens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mnemic.bench.neural.layer_cost import SIZES, WIDTH
from mnemic.errors import InvalidInput

Progress = Callable[[str, int, int], None]

SHORTEST = 1000
LIMIT_S = 600.0
"""For each memory; one that grows does not get to a million within it."""

DECODED = ("delta", "rwkv7", "window 512", "delta+cache", "delta+pooled", "softmax")


def measure_footprint(
    longest: int,
    progress: Progress | None = None,
    *,
    names: tuple[str, ...] = DECODED,
    limit_s: float = LIMIT_S,
) -> dict[str, Any]:
    """Every memory in a fresh process of its own, one after the other, on one thread.

    Args:
        longest: most tokens decoded.
        progress: called with what is decoded, how many are done, and of how many.
        names: of the layers.
        limit_s: seconds for each, after which it stops at the last mark it reached.

    Returns:
        marks; decoding {layer: [what `decode_probe` says at each mark reached]}; sizes; limit_s.

    Raises:
        InvalidInput: longest is below the shortest length; a process failed.
    """
    if not 0 < limit_s < float("inf"):
        raise InvalidInput(f"limit is {limit_s!r}; it must be a number of seconds above 0")
    if longest < SHORTEST:
        raise InvalidInput(f"longest is {longest!r}; the shortest length is {SHORTEST}")
    marks = [SHORTEST]
    while marks[-1] < longest:
        marks.append(min(10 * marks[-1], longest))
    found: dict[str, list[dict[str, Any]]] = {}
    for done, name in enumerate(names):
        if progress is not None:
            progress(f"decoding, {name}", done, len(names))
        found[name] = _probe(name, marks, limit_s)
    return {
        "marks": marks,
        "decoding": found,
        "sizes": {"width": WIDTH, **SIZES},
        "limit_s": limit_s,
    }


def _probe(name: str, marks: list[int], limit_s: float) -> list[dict[str, Any]]:
    module = "mnemic.bench.neural.decode_probe"
    source = str(Path(__file__).resolve().parents[3])
    paths = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH", ""))))
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", module, name, str(limit_s), *map(str, marks)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
    )
    if done.returncode:
        raise InvalidInput(f"decoding with {name!r} failed: {done.stderr.strip()[-500:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]
