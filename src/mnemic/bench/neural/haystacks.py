"""Recall among noise and needles in a haystack: memories, training and cells."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mnemic.bench.neural.comparison import Comparison
from mnemic.bench.neural.lineup import Layers, Lineup
from mnemic.bench.neural.needle import Needle
from mnemic.bench.neural.noise import NoiseRecall
from mnemic.bench.neural.training import Stage, Training

SLOTS = 64
"""W of both caches: pairs per head and layer, or in all of the pooled one."""

SEEING: Mapping[str, Any] = MappingProxyType({"gates_see_conv": True})
"""What stands before a token decides whether it matters, so gates see the convolution; not those
above the pooled cache, as in `memories`."""

DELTA: Mapping[str, Any] = MappingProxyType({"rule": "delta", **SEEING})
EXACT: Mapping[str, Any] = MappingProxyType({**DELTA, "cache": {"width": SLOTS, "chunk": 16}})
POOLED: Mapping[str, Any] = MappingProxyType(
    {**DELTA, "slow": 8, "cache": {"kind": "pooled", "width": SLOTS}}
)
"""Kept by learned importance, whose gate sees slow running means too."""

MEMORIES: Mapping[str, Layers] = MappingProxyType(
    {
        "softmax": ({"rule": "softmax"},) * 2,
        "linear": ({"rule": "linear"},) * 2,
        "delta": (DELTA,) * 2,
        "gated_delta": ({"rule": "gated_delta", **SEEING},) * 2,
        "delta+cache": (EXACT,) * 2,
        "delta+pooled": (POOLED, {"rule": "delta"}),
    }
)
"""d = 64, two layers, two heads, no MLP; keys of 16 (needles: 32), values of 32, 4 taps (8)."""

CONTROLS: Mapping[str, str] = MappingProxyType({"delta, bytes of pooled": "delta+pooled"})

NOISE_LENGTH = 128
NEEDLE_LENGTH = 256
"""The longest sequences in training; what is asked is 1, 2 and 4 times as long."""


def noise_comparison(steps: int) -> Comparison:
    """A few facts in random noise.

    Raises:
        InvalidInput: no steps.
    """
    half = NOISE_LENGTH // 2
    stages = (
        Stage(0.35, tuple(NoiseRecall(n, half) for n in (2, 4, 8))),
        Stage(0.65, tuple(NoiseRecall(n, NOISE_LENGTH) for n in (4, 8, 16))),
    )
    cells = [NoiseRecall(n, times * NOISE_LENGTH) for n in (1, 8, 16) for times in (1, 2, 4)]
    lineup = Lineup(cells[0].vocabulary, 64, MEMORIES, CONTROLS)
    return Comparison(lineup, Training(steps, stages), cells, NOISE_LENGTH)


def needle_comparison(steps: int) -> Comparison:
    """S-NIAH-1, 2, 3 and four needles; one model answers all.

    In training more needles than one are asked, for a signal in every sequence; in the cells one.
    Words are tokens, 153 of them (`needle_words`).

    Raises:
        InvalidInput: no steps.
    """
    half, long = NEEDLE_LENGTH // 2, NEEDLE_LENGTH
    stages = (
        Stage(0.35, (Needle(half, needles=2, queries=2), Needle(half, "repeated"), Needle(half))),
        Stage(
            0.65,
            (
                Needle(long, needles=4, queries=4),
                Needle(long, value="code"),
                Needle(long, "repeated", needles=2, queries=2),
                Needle(long, value="code", needles=2),
                Needle(long),
            ),
        ),
    )
    kinds: list[dict[str, Any]] = [
        {"haystack": "repeated"}, {}, {"value": "code"}, {"needles": 4},
    ]  # fmt: skip
    cells = [Needle(times * long, **kind) for kind in kinds for times in (1, 2, 4)]
    cells += [Needle(times * long, **kind, whole=False) for kind in kinds[2:] for times in (1, 4)]
    lineup = Lineup(cells[0].vocabulary, 64, MEMORIES, CONTROLS, {"conv": 8, "key_width": 32})
    return Comparison(lineup, Training(steps, stages, batch=16), cells, long, batch=16)
