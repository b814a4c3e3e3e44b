"""Tokens a second of one layer against length, and the time of one step against what it carries.

Repetitions are interleaved, so that whatever else the machine does meets all alike, and medians
are kept; so ratios are of one run. One sequence, one thread, no gradients; the clock is the thread's
own, which stands still while others have the core.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import torch

from mnemic.bench.neural.layer_cost import (
    CHUNK,
    LAYERS,
    SDPA,
    SIZES,
    WIDTH,
    SdpaLayer,
    make_layer,
    state_after,
)
from mnemic.errors import InvalidInput

Progress = Callable[[str, int, int], None]

SHORTEST = 512
DECODED = ("delta", "gated_delta", "rwkv7", "window 512", "delta+cache", "delta+pooled", "softmax")
SLOW_S = 4.0
"""What takes longer is measured once; against such times the machine's moods are small."""


def measure_speed(
    longest: int, steps: int, repetitions: int, progress: Progress | None = None
) -> dict[str, Any]:
    """Forward and decoding speed.

    Args:
        longest: of the lengths 512, 1024, …; each twice the one before.
        steps: tokens decoded for one figure.
        repetitions: of each figure.
        progress: called with what is measured, how much is done, and of how much.

    Returns:
        lengths; forward {layer: {length: tokens a second}}; decode {layer: {length: ms a step}};
        ratios {name: number} at the longest length; sizes; threads.

    Raises:
        InvalidInput: a length below the shortest, no steps or repetitions.
    """
    if longest < SHORTEST:
        raise InvalidInput(f"longest is {longest!r}; the shortest length is {SHORTEST}")
    for name, count in (("steps", steps), ("repetitions", repetitions)):
        if count < 1:
            raise InvalidInput(f"{name} is {count!r}; it must be at least 1")
    lengths = [SHORTEST]
    while 2 * lengths[-1] <= longest:
        lengths.append(2 * lengths[-1])
    tell = progress or (lambda *_seen: None)
    forward: dict[str, dict[str, float]] = {name: {} for name in (*LAYERS, SDPA)}
    decode: dict[str, dict[str, float]] = {name: {} for name in DECODED}
    with torch.no_grad(), _one_thread():
        for done, length in enumerate(lengths):
            tell(f"{length} tokens", done, len(lengths))
            for name, seconds in _medians(_forwards(length), repetitions).items():
                forward[name][str(length)] = round(length / seconds)
            for name, seconds in _medians(_decoders(length, steps), repetitions).items():
                decode[name][str(length)] = round(1000 * seconds / steps, 4)
    return {
        "lengths": lengths,
        "forward": forward,
        "decode": decode,
        "ratios": _ratios(forward, decode, str(lengths[-1])),
        "sizes": {"width": WIDTH, **SIZES, "chunk": CHUNK},
        "threads": 1,
    }


def _forwards(length: int) -> dict[str, Callable[[], object]]:
    x = torch.randn(1, length, WIDTH, generator=torch.Generator().manual_seed(0))

    def reading(name: str) -> Callable[[], object]:
        layer = make_layer(name)
        return lambda: layer(x, layer.init_state(1), None, CHUNK)

    plain = SdpaLayer().eval()
    return {**{name: reading(name) for name in LAYERS}, SDPA: lambda: plain(x)}


def _decoders(length: int, steps: int) -> dict[str, Callable[[], object]]:
    tokens = torch.randn(steps, 1, WIDTH, generator=torch.Generator().manual_seed(2))

    def decoding(name: str) -> Callable[[], object]:
        layer = make_layer(name)
        first = state_after(layer, length)

        def run() -> None:
            state = first
            for token in tokens:
                state = layer.step(token, state).state

        return run

    return {name: decoding(name) for name in DECODED}


def _medians(subjects: dict[str, Callable[[], object]], repetitions: int) -> dict[str, float]:
    """Seconds of each; the first, unmeasured call of each warms it up, unless it was long."""
    times: dict[str, list[float]] = {name: [] for name in subjects}
    slow = set()
    for name, run in subjects.items():
        seconds = _seconds(run)
        if seconds > SLOW_S:
            slow.add(name)
            times[name].append(seconds)
    for _ in range(repetitions):
        for name, run in subjects.items():
            if name not in slow:
                times[name].append(_seconds(run))
    return {name: median(taken) for name, taken in times.items()}


def _seconds(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _ratios(
    forward: dict[str, dict[str, float]], decode: dict[str, dict[str, float]], length: str
) -> dict[str, float]:
    """Of speeds at one length; more than 1: the first is faster."""
    return {
        f"forward, delta+cache to delta, {length}": _ratio(forward, "delta+cache", "delta", length),
        f"forward, delta+cache to {SDPA}, {length}": _ratio(forward, "delta+cache", SDPA, length),
        f"forward, softmax to {SDPA}, {length}": _ratio(forward, "softmax", SDPA, length),
        f"decode, delta+cache to delta, {length}": _ratio(decode, "delta", "delta+cache", length),
        f"decode, delta+cache to softmax, {length}": _ratio(
            decode, "softmax", "delta+cache", length
        ),
    }


def _ratio(figures: dict[str, dict[str, float]], one: str, other: str, length: str) -> float:
    return round(figures[one][length] / figures[other][length], 3)
