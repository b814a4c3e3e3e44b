"""How to train, as data: what decides the result, and what does not."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mnemic.errors import InvalidInput
from mnemic.nn.state import check_sizes


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """What decides the trained weights, beside the model and the text.

    Args:
        steps: of the optimiser.
        context: tokens of a window, which are back-propagated through together.
        batch: windows side by side.
        accumulate: batches whose gradients are averaged for one step.
        rate: highest learning rate.
        warmup: share of the steps in which it rises.
        rate_last: share of the rate that is left at the end.
        decay: weight decay of matrices.
        clip: largest norm of the gradient.
        carry: windows through which a state is carried on, without its history (truncated
            back-propagation through time), before it begins anew; 1: each window begins afresh, and
            they come in random order.
        seed: of the first weights and of the order of the windows.

    Raises:
        InvalidInput: names what cannot be.
    """

    steps: int = 1000
    context: int = 128
    batch: int = 16
    accumulate: int = 1
    rate: float = 3e-3
    warmup: float = 0.05
    rate_last: float = 0.1
    decay: float = 0.1
    clip: float = 1.0
    carry: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes(
            steps=self.steps,
            context=self.context,
            batch=self.batch,
            accumulate=self.accumulate,
            carry=self.carry,
        )
        if not 0 <= self.seed < 2**63:
            raise InvalidInput(f"seed is {self.seed!r}; it must be from 0 to 2**63 - 1")
        for name in ("rate", "clip"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InvalidInput(f"{name} is {value!r}; it must be above 0")
        for name in ("warmup", "rate_last"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise InvalidInput(f"{name} is {value!r}; it is a share, from 0 to 1")
        if not (math.isfinite(self.decay) and self.decay >= 0):
            raise InvalidInput(f"decay is {self.decay!r}; it must be 0 or more")

    def rate_at(self, step: int) -> float:
        """The learning rate of a step, from 0: a linear rise, then half a cosine down."""
        rising = round(self.warmup * self.steps)
        if step < rising:
            return self.rate * (step + 1) / rising
        done = (step - rising) / max(1, self.steps - rising)
        left = self.rate_last + (1 - self.rate_last) * 0.5 * (1 + math.cos(math.pi * done))
        return self.rate * left

    @property
    def tokens_a_step(self) -> int:
        """Tokens that are learned from in one step."""
        return self.context * self.batch * self.accumulate


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What happens beside training and has no say in the result; may change when a run goes on.

    Args:
        evaluate_steps: steps between evaluations on the held-out text.
        evaluate_windows: windows of it that are read, at most.
        checkpoint_steps: steps between checkpoints; 0: only time counts.
        checkpoint_s: seconds between checkpoints.

    Raises:
        InvalidInput: names what cannot be.
    """

    evaluate_steps: int = 50
    evaluate_windows: int = 64
    checkpoint_steps: int = 0
    checkpoint_s: float = 30.0

    def __post_init__(self) -> None:
        check_sizes(evaluate_steps=self.evaluate_steps, evaluate_windows=self.evaluate_windows)
        for name in ("checkpoint_steps", "checkpoint_s"):
            value = getattr(self, name)
            if not value >= 0:
                raise InvalidInput(f"{name} is {value!r}; it must be 0 or more")
