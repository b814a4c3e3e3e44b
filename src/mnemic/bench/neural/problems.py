"""The state-tracking problems: which sequences train, how long, and which memories meet them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from mnemic.bench.neural.comparison import Comparison
from mnemic.bench.neural.groups import GROUPS
from mnemic.bench.neural.lineup import Lineup
from mnemic.bench.neural.task import Task
from mnemic.bench.neural.tracking import Copy, GroupWord
from mnemic.bench.neural.training import Stage, Training
from mnemic.errors import InvalidInput

NEGATIVE = MappingProxyType({"negative_eigenvalues": True})

MEMORIES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "softmax": {"rule": "softmax"},
        "linear": {"rule": "linear"},
        "delta": {"rule": "delta"},
        "delta, negative": {"rule": "delta", **NEGATIVE},
        "gated_delta, negative": {"rule": "gated_delta", **NEGATIVE},
        "rwkv7, negative": {"rule": "rwkv7", **NEGATIVE},
    }
)
"""Every layer of a model is the same; "negative" means eigenvalues down to -1."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem.

    Args:
        steps: of training, if nobody says otherwise.
        stages: shares of the steps, and the lengths drawn in turn in each.
        repeats: tokens of an element; copy has no such choice.
        width: D.
        defaults: of every layer.
        layers: how many.
        rate: highest learning rate.
    """

    steps: int
    stages: Sequence[tuple[float, tuple[int, ...]]]
    repeats: int = 1
    width: int = 64
    layers: int = 1
    defaults: Mapping[str, Any] = field(default_factory=lambda: {"conv": 1})
    rate: float = 3e-3

    @property
    def longest(self) -> int:
        """Elements of the longest sequence in training."""
        return max(length for _, lengths in self.stages for length in lengths)


PROBLEMS: Mapping[str, Problem] = MappingProxyType(
    {
        "parity": Problem(1000, ((0.35, (4, 8, 16)), (0.65, (16, 24, 32)))),
        "S3": Problem(
            1200, ((0.35, (3, 4, 6)), (0.65, (8, 12, 16))), repeats=2, defaults={"conv": 2}
        ),
        "A5": Problem(
            2000,
            ((0.3, (2, 3, 4)), (0.3, (4, 6, 8)), (0.4, (8, 12, 16))),
            repeats=2,
            width=128,
            defaults={"conv": 2, "heads": 4},
        ),
        "S5": Problem(
            2000,
            ((0.3, (2, 3, 4)), (0.3, (4, 6, 8)), (0.4, (8, 12, 16))),
            repeats=4,
            width=128,
            defaults={"conv": 4, "heads": 4},
        ),
        "copy": Problem(
            1000,
            ((0.35, (2, 4, 8)), (0.65, (8, 12, 16))),
            layers=2,
            defaults={"conv": 4, "mlp": 128},
        ),
    }
)
"""By name. Groups get one layer, and as many tokens an element as it may take reflections: to swap
three points 2, to move five 4. A5 is the rotations of an icosahedron, and a rotation is 2.

Source:
    DeltaProduct (Siems et al., 2025), section 5, arXiv:2502.10297.
"""


def comparison_of(name: str, steps: int | None = None) -> Comparison:
    """The problem with its memories, its training and cells at 1, 2 and 4 times its longest length.

    Args:
        name: of the problem.
        steps: of training; None: the problem's own.

    Raises:
        InvalidInput: there is no such problem; no steps.
    """
    if name not in PROBLEMS:
        raise InvalidInput(f"there is no problem {name!r}; they are: {', '.join(PROBLEMS)}")
    problem = PROBLEMS[name]
    stages = tuple(
        Stage(share, tuple(_task(name, problem, length) for length in lengths))
        for share, lengths in problem.stages
    )
    layers = {memory: (layer,) * problem.layers for memory, layer in MEMORIES.items()}
    lineup = Lineup(stages[0].kinds[0].vocabulary, problem.width, layers, defaults=problem.defaults)
    training = Training(
        problem.steps if steps is None else steps, stages, batch=64, rate=problem.rate
    )
    lengths = [times * problem.longest for times in (1, 2, 4)]
    cells = [_task(name, problem, length) for length in lengths]
    if name in GROUPS:
        cells += [_task(name, problem, length, last=True) for length in lengths]
    return Comparison(lineup, training, cells)


def _task(name: str, problem: Problem, length: int, *, last: bool = False) -> Task:
    if name == "copy":
        return Copy(length)
    return GroupWord(name, length, problem.repeats, last)
