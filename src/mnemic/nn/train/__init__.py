"""Training a language model on text: read → cut into windows → train → checkpoint → evaluate.

A run is a folder. It may be stopped or killed at any time and goes on from its last checkpoint to
the same bits as if it had never stopped (on the same machine, with as many threads).
"""

from __future__ import annotations

from mnemic.nn.train.config import TrainingConfig, Upkeep
from mnemic.nn.train.corpus import Corpus, read_corpus, read_texts, tokens_of
from mnemic.nn.train.evaluate import Evaluation, evaluate
from mnemic.nn.train.loop import Outcome, Progress, train
from mnemic.nn.train.plot import plot_losses
from mnemic.nn.train.run import Run, new_model

__all__ = [
    "Corpus",
    "Evaluation",
    "Outcome",
    "Progress",
    "Run",
    "TrainingConfig",
    "Upkeep",
    "evaluate",
    "new_model",
    "plot_losses",
    "read_corpus",
    "read_texts",
    "tokens_of",
    "train",
]
