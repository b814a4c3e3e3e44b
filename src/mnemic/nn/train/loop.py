"""The training loop: AdamW, warm-up and cosine, clipping, accumulation, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mnemic.errors import Diverged
from mnemic.nn.models import LanguageModel, ModelState, save_model
from mnemic.nn.text import Tokenizer
from mnemic.nn.train.checkpoint import (
    last_checkpoint,
    last_words,
    load_checkpoint,
    save_checkpoint,
)
from mnemic.nn.train.config import TrainingConfig, Upkeep
from mnemic.nn.train.corpus import Corpus
from mnemic.nn.train.evaluate import evaluate
from mnemic.nn.train.journal import Journal
from mnemic.nn.train.run import Run, new_model
from mnemic.nn.train.windows import Order, Shuffled, Streams

JOURNAL_FILE = "losses.jsonl"
BETAS = (0.9, 0.95)
"""Of AdamW; as in GPT-3 (Brown et al., 2020), appendix B, arXiv:2005.14165."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is.

    Args:
        step: that were done.
        steps: in all.
        loss: of the last step, nats per token.
        held_out: of the last evaluation, nats per token; None: there was none yet.
        tokens_per_s: learned from, since this process began.
        saved: the step of the last checkpoint, or 0.
    """

    step: int
    steps: int
    loss: float
    held_out: float | None
    tokens_per_s: float
    saved: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the model, where the run is, and whether it is done."""

    model: LanguageModel
    progress: Progress
    finished: bool


def train(
    run: Run,
    corpus: Corpus,
    tokenizer: Tokenizer,
    folder: str | Path,
    *,
    resume: bool = False,
    upkeep: Upkeep | None = None,
    report: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Outcome:
    """Trains a model from scratch, or goes on from the last checkpoint.

    Args:
        run: what decides the result.
        corpus: the text.
        tokenizer: saved beside the model.
        folder: of the run: new, or with `resume` one that was begun.
        resume: go on; the result is the same as if the run had never stopped.
        upkeep: evaluations and checkpoints.
        report: is told of every step.
        stop: is asked after every step; True: save a checkpoint and return.

    Raises:
        RunMismatch: the folder is not empty, or was begun as another run.
        NotAModel: nothing to resume, or a damaged checkpoint.
        Diverged: the loss is no number; the last checkpoint is kept.
        InvalidInput: a text too short for a batch.
    """
    folder, upkeep = Path(folder), upkeep or Upkeep()
    order = _order(run.training, corpus.train)
    if resume:
        Run.load(folder).check(run, folder)
    else:
        run.begin(folder)
    tokenizer.save(folder)
    model = new_model(run.model, run.training.seed)
    optimiser = make_optimiser(model, run.training)
    last = last_checkpoint(folder) if resume else None
    step, state = (0, None) if last is None else load_checkpoint(last, model, optimiser)
    save_model(model, folder)
    saved, saved_at, began, first = step, time.monotonic(), time.monotonic(), step
    loss, held_out = math.nan, None
    with Journal(folder / JOURNAL_FILE, step) as journal:
        while step < run.training.steps:
            loss, norm, state = _step(model, optimiser, run.training, order, step, state, folder)
            step += 1
            line = {
                "step": step,
                "loss": loss,
                "rate": run.training.rate_at(step - 1),
                "norm": norm,
            }
            if step % upkeep.evaluate_steps == 0 or step == run.training.steps:
                line["held_out"] = held_out = _held_out(model, corpus, run.training, upkeep)
            seconds = time.monotonic() - began
            journal.add(**line, tokens=step * run.training.tokens_a_step, seconds=round(seconds, 3))
            stopping = stop is not None and stop()
            if stopping or step == run.training.steps or _due(upkeep, step, saved_at):
                journal.sync()
                save_checkpoint(folder, step, model, optimiser, state)
                saved, saved_at = step, time.monotonic()
            if report is not None:
                speed = (step - first) * run.training.tokens_a_step / max(seconds, 1e-9)
                report(Progress(step, run.training.steps, loss, held_out, speed, saved))
            if stopping:
                break
    speed = (step - first) * run.training.tokens_a_step / max(time.monotonic() - began, 1e-9)
    progress = Progress(step, run.training.steps, loss, held_out, speed, saved)
    return Outcome(model.eval(), progress, step == run.training.steps)


def make_optimiser(model: LanguageModel, training: TrainingConfig) -> torch.optim.AdamW:
    """AdamW; the matrices of linear maps and the embedding decay, nothing else does."""
    modules = (m for m in model.modules() if isinstance(m, nn.Linear | nn.Embedding))
    matrices = {id(module.weight) for module in modules}
    decayed = [p for p in model.parameters() if id(p) in matrices]
    rest = [p for p in model.parameters() if id(p) not in matrices]
    groups = [
        {"params": decayed, "weight_decay": training.decay},
        {"params": rest, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=training.rate, betas=BETAS)


def _step(
    model: LanguageModel,
    optimiser: torch.optim.Optimizer,
    training: TrainingConfig,
    order: Order,
    step: int,
    state: ModelState | None,
    folder: Path,
) -> tuple[float, float, ModelState | None]:
    """One step of the optimiser: the loss, the gradient's norm, the state that is carried on.

    Raises:
        Diverged: before any weight is touched.
    """
    for group in optimiser.param_groups:
        group["lr"] = training.rate_at(step)
    optimiser.zero_grad(set_to_none=True)
    total = 0.0
    for part in range(training.accumulate):
        tokens, fresh = order.batch(step * training.accumulate + part)
        logits, after = model(tokens[:, :-1], None if fresh else state)
        loss = cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()) / training.accumulate
        torch.autograd.backward(loss)
        total += float(loss.detach())
        state = after.detach() if training.carry else None
    norm = float(nn.utils.clip_grad_norm_(model.parameters(), training.clip))
    for name, value in (("loss", total), ("norm of the gradient", norm)):
        if not math.isfinite(value):
            raise Diverged(
                f"the {name} is {value} at step {step + 1} (rate {training.rate_at(step):.3g}); "
                f"{last_words(folder)}"
            )
    optimiser.step()
    return total, norm, state


def _order(training: TrainingConfig, line: Tensor) -> Order:
    kind = Streams if training.carry else Shuffled
    return kind(line, training.context, training.batch, training.seed)


def _held_out(
    model: LanguageModel, corpus: Corpus, training: TrainingConfig, upkeep: Upkeep
) -> float:
    """Nats per token on the beginning of the held-out text, with the state as in training."""
    line = corpus.held_out[: upkeep.evaluate_windows * training.context + 1]
    context = None if training.carry else training.context
    found = evaluate(model, line, corpus.held_out_bytes, context)
    return found.nats / found.tokens


def _due(upkeep: Upkeep, step: int, saved_at: float) -> bool:
    by_steps = upkeep.checkpoint_steps > 0 and step % upkeep.checkpoint_steps == 0
    return by_steps or time.monotonic() - saved_at >= upkeep.checkpoint_s
