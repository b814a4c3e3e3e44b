"""Training a small model on generated sequences: AdamW, warm-up, cosine, clipping, curriculum."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from mnemic.bench.neural.mqar import Mqar
from mnemic.bench.neural.task import IGNORED, Task
from mnemic.errors import InvalidInput
from mnemic.nn.models import LanguageModel, ModelConfig

Progress = Callable[[int, int], None]


class Stage(NamedTuple):
    """A part of the curriculum: kinds of sequences, drawn in turn, and its share of the steps."""

    share: float
    kinds: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Training:
    """How to train.

    Args:
        steps: of the optimiser.
        stages: the curriculum; shares add up to 1.
        batch: sequences a step.
        rate: highest learning rate.
        warmup: share of the steps in which it rises.
        decay: weight decay of matrices.
        clip: largest norm of the gradient.
        prefix_max: filler in front, drawn anew for each step from 0 to this; for `Mqar` only.

    Raises:
        InvalidInput: no steps; a prefix for a task that has none.
    """

    steps: int
    stages: Sequence[Stage]
    batch: int = 32
    rate: float = 5e-3
    warmup: float = 0.05
    decay: float = 0.01
    clip: float = 1.0
    prefix_max: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InvalidInput(f"steps is {self.steps!r}; train for 1 step at least")
        kinds = [kind for stage in self.stages for kind in stage.kinds]
        if self.prefix_max and not all(isinstance(kind, Mqar) for kind in kinds):
            raise InvalidInput(f"prefix_max is {self.prefix_max!r}, and only mqar has a prefix")

    def rate_at(self, step: int) -> float:
        """The learning rate of a step: a linear rise, then half a cosine towards 0."""
        rising = max(1, round(self.warmup * self.steps))
        if step < rising:
            return self.rate * (step + 1) / rising
        done = (step - rising) / max(1, self.steps - rising)
        return self.rate * 0.5 * (1 + math.cos(math.pi * done))

    def kind_at(self, step: int) -> Task:
        """The kind of sequence of a step."""
        until = 0.0
        for stage in self.stages:
            until += stage.share * self.steps
            if step < until:
                return stage.kinds[step % len(stage.kinds)]
        return self.stages[-1].kinds[step % len(self.stages[-1].kinds)]


class Trained(NamedTuple):
    """The model, and how many tokens a second it was trained on."""

    model: LanguageModel
    tokens_per_s: float


def curriculum(vocabulary: int) -> tuple[Stage, ...]:
    """A third short and few, the rest at T = 128 with 8, 16 and 32 facts."""
    return (
        Stage(0.35, tuple(Mqar(n, 64, vocabulary=vocabulary) for n in (4, 8, 16))),
        Stage(0.65, tuple(Mqar(n, 128, vocabulary=vocabulary) for n in (8, 16, 32))),
    )


def train(
    config: ModelConfig, training: Training, seed: int, progress: Progress | None = None
) -> Trained:
    """A model trained from scratch; data and first weights follow from the seed.

    The data of a seed are the same for every model.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LanguageModel(config)
    optimiser = torch.optim.AdamW(_groups(model, training.decay), lr=training.rate)
    generator = torch.Generator().manual_seed(1_000_003 * (seed + 1))
    read, began = 0, time.perf_counter()
    for step in range(training.steps):
        tokens, labels = _batch(training, step, generator)
        for group in optimiser.param_groups:
            group["lr"] = training.rate_at(step)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss_of(model, tokens, labels))
        torch.nn.utils.clip_grad_norm_(model.parameters(), training.clip)
        optimiser.step()
        read += tokens.numel()
        if progress is not None:
            progress(step + 1, training.steps)
    return Trained(model.eval(), read / (time.perf_counter() - began))


def loss_of(model: LanguageModel, tokens: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of the answers; nothing else is learned."""
    logits = model(tokens).logits
    return cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)


def _batch(training: Training, step: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    kind = training.kind_at(step)
    if training.prefix_max and isinstance(kind, Mqar):
        prefix = int(torch.randint(training.prefix_max + 1, (1,), generator=generator))
        kind = replace(kind, prefix=prefix)
    return kind.sample(training.batch, generator)


def _groups(model: LanguageModel, decay: float) -> list[dict[str, object]]:
    """Matrices decay; gains, biases and gates do not."""
    wide = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": wide, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]
