"""Accuracy against bytes: caches made wider or narrower after training, and states of any width."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from mnemic.bench.neural.accuracy import accuracies
from mnemic.bench.neural.lineup import Layers, Lineup, sizes_of
from mnemic.bench.neural.memories import DELTA, IER, MEMORIES, VOCABULARY, WIDTH
from mnemic.bench.neural.mqar import Mqar
from mnemic.bench.neural.training import Training, curriculum, train
from mnemic.errors import InvalidInput
from mnemic.nn.models import LanguageModel

Progress = Callable[[str, int, int], None]

CELLS = (Mqar(32, 128), Mqar(32, 256, uniform=True), Mqar(64, 256))
PREFIX = 32
"""Filler in front in training, so that "early" does not mean "fact"."""

WIDTHS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"delta+cache": (0, 8, 16, 32, 64, 128), IER: (16, 32, 64, 124, 248)}
)
"""W of the same trained model; the training's own is among them."""

KEY_WIDTHS = (16, 32, 64, 112)
"""K of the lower layer of a plain delta model, each trained on its own."""

FAMILIES = ("delta", *WIDTHS)


def accuracy_against_bytes(
    steps: int,
    seeds: int = 1,
    progress: Progress | None = None,
    *,
    families: Sequence[str] = FAMILIES,
    sequences: int = 128,
) -> list[dict[str, Any]]:
    """One run for every width and seed.

    Args:
        steps: of training, on associative recall with its curriculum.
        seeds: 0 to this - 1.
        progress: called with what is being trained, steps done, and of how many.
        families: delta (key widths), or memories of `WIDTHS`.
        sequences: in each cell.

    Returns:
        For each memory (family and width), family, seed, steps, state_bytes, cache_bytes, cells.

    Raises:
        InvalidInput: no steps or seeds; no such family.
    """
    if seeds < 1:
        raise InvalidInput(f"seeds is {seeds!r}; it must be at least 1")
    runs: list[dict[str, Any]] = []
    training = Training(steps, curriculum(VOCABULARY), prefix_max=PREFIX)
    for family in families:
        for group in _groups(family):
            lineup = Lineup(VOCABULARY, WIDTH, group)
            for seed in range(seeds):

                def tick(done: int, total: int, what: str = f"{family}, seed {seed}") -> None:
                    if progress is not None:
                        progress(what, done, total)

                done = train(lineup.config_of(next(iter(group))), training, seed, tick)
                trained = done.model
                for name in group:
                    config = lineup.config_of(name)
                    model = LanguageModel(config).eval()
                    model.load_state_dict(trained.state_dict())
                    state_bytes, cache_bytes = sizes_of(config, 128)
                    runs.append(
                        {
                            "memory": name,
                            "family": family,
                            "seed": seed,
                            "steps": steps,
                            "state_bytes": state_bytes,
                            "cache_bytes": cache_bytes,
                            "params": model.parameter_count,
                            "cells": accuracies(model, CELLS, sequences),
                            "tokens_per_s": round(done.tokens_per_s),
                        }
                    )
    return runs


def _groups(family: str) -> Iterator[dict[str, Layers]]:
    """Models that share one training; the first of each group is the one that is trained."""
    if family == "delta":
        for key_width in KEY_WIDTHS:
            lower = {**DELTA, "gates_see_conv": True, "key_width": key_width}
            yield {f"delta, K={key_width}": (lower, DELTA)}
    elif family in WIDTHS:
        layers = MEMORIES[family]
        own = next(layer["cache"]["width"] for layer in layers if "cache" in layer)
        widths = (own, *(w for w in WIDTHS[family] if w != own))
        yield {f"{family}, W={width}": _of_width(layers, width) for width in widths}
    else:
        raise InvalidInput(f"there is no family {family!r}; they are: {', '.join(FAMILIES)}")


def _of_width(layers: Layers, width: int) -> Layers:
    return tuple(
        {**layer, "cache": {**layer["cache"], "width": width}} if "cache" in layer else layer
        for layer in layers
    )
