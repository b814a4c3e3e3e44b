"""How often the most likely token is the answer, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from mnemic.bench.neural.mqar import Mqar
from mnemic.bench.neural.task import IGNORED, Task
from mnemic.nn.models import LanguageModel

SEED = 77
"""Of the questions asked; never of training, whose generators begin elsewhere."""

CELLS = (
    Mqar(16, 128),
    Mqar(32, 128),
    Mqar(32, 128, prefix=64),
    Mqar(16, 128, overwritten=8),
    Mqar(32, 256, uniform=True),
    Mqar(64, 256),
    Mqar(64, 256, prefix=64),
    Mqar(32, 512, uniform=True),
    Mqar(32, 512, uniform=True, prefix=64),
)
"""T above 128, 64 tokens in front and overwritten facts are never seen in training."""


def accuracy(model: LanguageModel, kind: Task, sequences: int = 128, batch: int = 32) -> float:
    """Share of questions answered, over `sequences` that are the same for every model.

    Of a task that counts as a whole, the share of sequences without a wrong answer: with the right
    answer's earlier tokens shown, that is how often a greedy decoding would give the whole answer.
    """
    generator = torch.Generator().manual_seed(SEED)
    right = asked = 0
    with torch.no_grad():
        for start in range(0, sequences, batch):
            tokens, labels = kind.sample(min(batch, sequences - start), generator)
            here = labels != IGNORED
            found = model(tokens).logits.argmax(-1) == labels
            if kind.whole:
                right += int((found | ~here).all(1).sum())
                asked += len(tokens)
            else:
                right += int(found[here].sum())
                asked += int(here.sum())
    return right / asked


def accuracies(
    model: LanguageModel, kinds: Sequence[Task] = CELLS, sequences: int = 128, batch: int = 32
) -> dict[str, float]:
    """By the name of the cell."""
    return {kind.name: round(accuracy(model, kind, sequences, batch), 4) for kind in kinds}
