"""Memories side by side on one task: the same data, steps and cells for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mnemic.bench.neural.accuracy import accuracies
from mnemic.bench.neural.memories import VOCABULARY, config_of, memory_names, sizes_of
from mnemic.bench.neural.training import Training, curriculum, train
from mnemic.errors import InvalidInput

Progress = Callable[[str, int, int], None]

LENGTH = 128
"""Tokens read before the bytes of a state are counted; it matters to memories that grow."""


def compare(
    memories: Sequence[str] = (),
    *,
    steps: int,
    seeds: int = 1,
    prefix_max: int = 0,
    sequences: int = 128,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """One run for each memory and seed.

    Args:
        memories: their names; none: all.
        steps: of training.
        seeds: 0 to this - 1.
        prefix_max: most filler in front of the facts in training.
        sequences: in each cell.
        progress: called with what is being trained, steps done, and of how many.

    Returns:
        For each run memory, seed, steps, state_bytes and cache_bytes of one sequence, params,
        cells (share of questions answered), tokens_per_s of training.

    Raises:
        InvalidInput: there is no such memory; no steps, seeds or sequences.
    """
    for name, count in (("seeds", seeds), ("sequences", sequences)):
        if count < 1:
            raise InvalidInput(f"{name} is {count!r}; it must be at least 1")
    if prefix_max < 0:
        raise InvalidInput(f"prefix_max is {prefix_max!r}; it must be at least 0")
    training = Training(steps, curriculum(VOCABULARY), prefix_max=prefix_max)
    configs = {name: config_of(name) for name in memories or memory_names()}
    runs: list[dict[str, Any]] = []
    for name, config in configs.items():
        state_bytes, cache_bytes = sizes_of(config, LENGTH)
        for seed in range(seeds):
            shown = f"{name}, seed {seed}"

            def tick(done: int, total: int, what: str = shown) -> None:
                if progress is not None:
                    progress(what, done, total)

            model, tokens_per_s = train(config, training, seed, tick)
            runs.append(
                {
                    "memory": name,
                    "seed": seed,
                    "steps": steps,
                    "state_bytes": state_bytes,
                    "cache_bytes": cache_bytes,
                    "params": model.parameter_count,
                    "cells": accuracies(model, sequences=sequences),
                    "tokens_per_s": round(tokens_per_s),
                }
            )
    return runs
