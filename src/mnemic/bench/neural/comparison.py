"""Memories side by side on one task: the same data, steps and cells for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mnemic.bench.neural.accuracy import CELLS, accuracies
from mnemic.bench.neural.lineup import Lineup, sizes_of
from mnemic.bench.neural.memories import LINEUP, VOCABULARY
from mnemic.bench.neural.task import Task
from mnemic.bench.neural.training import Training, curriculum, train
from mnemic.errors import InvalidInput

Progress = Callable[[str, int, int], None]

LENGTH = 128
"""Tokens read before the bytes of a state are counted; it matters to memories that grow."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that is the same for all memories of a task.

    Args:
        lineup: who is compared.
        training: how each is trained.
        cells: what each is asked.
        length: tokens read before the bytes of a state are counted.
        batch: sequences at once in the evaluation.
    """

    lineup: Lineup
    training: Training
    cells: Sequence[Task]
    length: int = LENGTH
    batch: int = 32

    def runs(
        self,
        memories: Sequence[str] = (),
        *,
        seeds: int = 1,
        sequences: int = 128,
        progress: Progress | None = None,
    ) -> Iterator[dict[str, Any]]:
        """One run for each memory and seed, as each is done.

        Args:
            memories: their names; none: all.
            seeds: 0 to this - 1.
            sequences: in each cell.
            progress: called with what is being trained, steps done, and of how many.

        Yields:
            memory, seed, steps, state_bytes and cache_bytes of one sequence, params, cells (share
            answered), tokens_per_s of training.

        Raises:
            InvalidInput: there is no such memory; no seeds or sequences.
        """
        for name, count in (("seeds", seeds), ("sequences", sequences)):
            if count < 1:
                raise InvalidInput(f"{name} is {count!r}; it must be at least 1")
        configs = {name: self.lineup.config_of(name) for name in memories or self.lineup.names}
        for name, config in configs.items():
            state_bytes, cache_bytes = sizes_of(config, self.length)
            for seed in range(seeds):
                shown = f"{name}, seed {seed}"

                def tick(done: int, total: int, what: str = shown) -> None:
                    if progress is not None:
                        progress(what, done, total)

                model, tokens_per_s = train(config, self.training, seed, tick)
                yield {
                    "memory": name,
                    "seed": seed,
                    "steps": self.training.steps,
                    "state_bytes": state_bytes,
                    "cache_bytes": cache_bytes,
                    "params": model.parameter_count,
                    "cells": accuracies(model, self.cells, sequences, self.batch),
                    "tokens_per_s": round(tokens_per_s),
                }


def compare(
    memories: Sequence[str] = (),
    *,
    steps: int,
    seeds: int = 1,
    prefix_max: int = 0,
    sequences: int = 128,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Associative recall: one run for each memory and seed, as `Comparison.runs`.

    Args:
        memories: their names; none: all.
        steps: of training.
        seeds: 0 to this - 1.
        prefix_max: most filler in front of the facts in training.
        sequences: in each cell.
        progress: called with what is being trained, steps done, and of how many.

    Raises:
        InvalidInput: there is no such memory; no steps, seeds or sequences.
    """
    if prefix_max < 0:
        raise InvalidInput(f"prefix_max is {prefix_max!r}; it must be at least 0")
    training = Training(steps, curriculum(VOCABULARY), prefix_max=prefix_max)
    comparison = Comparison(LINEUP, training, CELLS)
    return list(comparison.runs(memories, seeds=seeds, sequences=sequences, progress=progress))
