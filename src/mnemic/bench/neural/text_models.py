"""Small language models of bytes, side by side: the same text, steps and tail for each memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mnemic.bench.neural.lineup import Layers, Lineup, sizes_of
from mnemic.bench.neural.text import Text, bits_per_byte, read_text
from mnemic.bench.neural.training import Stage, Training, train
from mnemic.errors import InvalidInput

Progress = Callable[[str, int, int], None]

TIMES = 4
"""How many contexts long the longer stretches are."""

DELTA: Mapping[str, Any] = MappingProxyType({"rule": "delta", "gates_see_conv": True})
GATED: Mapping[str, Any] = MappingProxyType({"rule": "gated_delta", "gates_see_conv": True})

MEMORIES: Mapping[str, Layers] = MappingProxyType(
    {
        "softmax": ({"rule": "softmax"},) * 2,
        "window": ({"rule": "window", "options": {"width": 64}},) * 2,
        "linear": ({"rule": "linear"},) * 2,
        "delta": (DELTA,) * 2,
        "gated_delta": (GATED,) * 2,
        "rwkv7": ({"rule": "rwkv7"},) * 2,
        "gated_delta+cache": ({**GATED, "cache": {"width": 64, "chunk": 32}},) * 2,
        "gated_delta+pooled": (
            {**GATED, "slow": 8, "cache": {"kind": "pooled", "width": 128}},
            GATED,
        ),
    }
)

CONTROLS: Mapping[str, str] = MappingProxyType(
    {
        "gated_delta, bytes of cache": "gated_delta+cache",
        "gated_delta, bytes of pooled": "gated_delta+pooled",
    }
)

LINEUP = Lineup(
    256, 96, MEMORIES, CONTROLS, {"heads": 2, "key_width": 24, "value_width": 48, "mlp": 192}
)


def compare_on_text(
    paths: Sequence[Path],
    memories: Sequence[str] = (),
    *,
    steps: int,
    seeds: int = 1,
    context: int = 256,
    batch: int = 16,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Bits per byte of every memory.

    Args:
        paths: text files.
        memories: names; none: all.
        steps: of training.
        seeds: 0 to this - 1.
        context: T in training.
        batch: sequences a step.
        progress: called with what is being trained, steps done, and of how many.

    Returns:
        files, bytes (trained on, held out), context, measure, and runs as of `Comparison.runs` with
        bits per byte in the cells: @T fresh at every context, @4T with the state carried over four,
        and @all with the state carried over the whole tail.

    Raises:
        InvalidInput: no such file or memory, too little text, a count below 1.
    """
    for name, count in (("seeds", seeds), ("context", context)):
        if count < 1:
            raise InvalidInput(f"{name} is {count!r}; it must be at least 1")
    data, tail = read_text(paths)
    training = Training(steps, [Stage(1.0, (Text(data, context),))], batch=batch, rate=3e-3)
    configs = {name: LINEUP.config_of(name) for name in memories or LINEUP.names}
    runs = []
    for name, config in configs.items():
        state_bytes, cache_bytes = sizes_of(config, context)
        for seed in range(seeds):

            def tick(done: int, total: int, what: str = f"{name}, seed {seed}") -> None:
                if progress is not None:
                    progress(what, done, total)

            model, tokens_per_s = train(config, training, seed, tick)
            stretches = ((f"@{context}", 1), (f"@{TIMES * context}", TIMES), ("@all", None))
            runs.append(
                {
                    "memory": name,
                    "seed": seed,
                    "steps": steps,
                    "state_bytes": state_bytes,
                    "cache_bytes": cache_bytes,
                    "params": model.parameter_count,
                    "cells": {
                        cell: round(bits_per_byte(model, tail, context, pieces), 4)
                        for cell, pieces in stretches
                    },
                    "tokens_per_s": round(tokens_per_s),
                }
            )
    return {
        "files": [path.name for path in paths],
        "bytes": {"trained on": len(data), "held out": len(tail)},
        "context": context,
        "measure": "bits per byte",
        "runs": runs,
    }
