"""The training loop: AdamW, warm-up and cosine, clipping, accumulation, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mnemic.errors import Diverged
from mnemic.nn.files import alone_in
from mnemic.nn.models import LanguageModel, ModelState, save_model
from mnemic.nn.text import Tokenizer
from mnemic.nn.train.checkpoint import (
    Resumed,
    last_checkpoint,
    last_words,
    load_checkpoint,
    save_checkpoint,
)
from mnemic.nn.train.config import TrainingConfig, Upkeep
from mnemic.nn.train.corpus import Corpus
from mnemic.nn.train.evaluate import Evaluation, evaluate
from mnemic.nn.train.journal import Journal, read_journal
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
        bits_per_byte: of the same, comparable between tokenizers.
        tokens_per_s: learned from, since this process began.
        saved: the step of the last checkpoint, or 0.
    """

    step: int
    steps: int
    loss: float
    held_out: float | None
    bits_per_byte: float | None
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
        ModelError: another process is training in it.
        NotAModel: nothing to resume, or a damaged checkpoint.
        Diverged: the loss is no number; the last checkpoint is kept.
        InvalidInput: a text too short for a batch.
    """
    folder, upkeep = Path(folder), upkeep or Upkeep()
    order = _order(run.training, corpus.train)
    # Before anything is written: what cannot be made must not block the folder.
    model = new_model(run.model, run.training.seed)
    if resume:
        Run.load(folder).check(run, folder)
    else:
        run.make_room(folder)
    with alone_in(folder):
        if not resume:
            run.begin(folder)
        tokenizer.save(folder)
        optimiser = make_optimiser(model, run.training)
        last = last_checkpoint(folder) if resume else None
        done = Resumed(0, None) if last is None else load_checkpoint(last, model, optimiser)
        save_model(model, folder, end_of_text=tokenizer.end_of_text)
        held_out = _held_out(run.training, corpus, upkeep)
        going = _Going(run.training, folder, held_out, model, optimiser, order, upkeep)
        progress = going.on(done, report or (lambda _: None), stop or (lambda: False))
    return Outcome(model.eval(), progress, progress.step == run.training.steps)


class HeldOut(NamedTuple):
    """line [N] of tokens, and the bytes of the text of line[1:]."""

    line: Tensor
    text_bytes: int


@dataclass(frozen=True, slots=True)
class _Going:
    """A run under way: the parts that every step needs."""

    training: TrainingConfig
    folder: Path
    held_out: HeldOut
    model: LanguageModel
    optimiser: torch.optim.Optimizer
    order: Order
    upkeep: Upkeep

    def on(
        self, done: Resumed, report: Callable[[Progress], None], stop: Callable[[], bool]
    ) -> Progress:
        """Step after step until the end, or until it is to stop."""
        (step, state), steps, path = done, self.training.steps, self.folder / JOURNAL_FILE
        began = saved_at = time.monotonic()
        where = Progress(step, steps, *_last_losses(path, step), 0.0, step)
        with Journal(path, step) as journal:
            while where.step < steps:
                loss, norm, state = self.step(where.step, state)
                step = where.step + 1
                line = {"step": step, "loss": loss, "rate": self.training.rate_at(step - 1)}
                line |= {"norm": norm, "tokens": step * self.training.tokens_a_step}
                held_out, bits, saved = where.held_out, where.bits_per_byte, where.saved
                if step % self.upkeep.evaluate_steps == 0 or step == steps:
                    found = self.evaluated()
                    held_out, bits = found.nats / found.tokens, found.bits_per_byte
                    line |= {"held_out": held_out, "bits_per_byte": bits}
                seconds = time.monotonic() - began
                journal.add(**line, seconds=round(seconds, 3))
                stopping = stop()
                if stopping or step == steps or _due(self.upkeep, step, saved_at):
                    journal.sync()
                    save_checkpoint(self.folder, step, self.model, self.optimiser, state)
                    saved, saved_at = step, time.monotonic()
                speed = (step - done.step) * self.training.tokens_a_step / max(seconds, 1e-9)
                where = Progress(step, steps, loss, held_out, bits, speed, saved)
                report(where)
                if stopping:
                    break
        return where

    def step(self, step: int, state: ModelState | None) -> tuple[float, float, ModelState | None]:
        """One step of the optimiser: the loss, the gradient's norm, the state that is carried on.

        Raises:
            Diverged: before any weight is touched.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = self.training.rate_at(step)
        self.optimiser.zero_grad(set_to_none=True)
        total, parts = 0.0, self.training.accumulate
        for part in range(parts):
            tokens, fresh = self.order.batch(step * parts + part)
            logits, after = self.model(tokens[:, :-1], None if fresh else state)
            loss = cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()) / parts
            torch.autograd.backward(loss)
            total += float(loss.detach())
            state = after.detach() if self.training.carry > 1 else None
        norm = float(nn.utils.clip_grad_norm_(self.model.parameters(), self.training.clip))
        for name, value in (("loss", total), ("norm of the gradient", norm)):
            if not math.isfinite(value):
                raise Diverged(
                    f"the {name} is {value} at step {step + 1} (rate "
                    f"{self.training.rate_at(step):.3g}); {last_words(self.folder)}"
                )
        self.optimiser.step()
        return total, norm, state

    def evaluated(self) -> Evaluation:
        """The beginning of the held-out text, with the state as in training."""
        cleared = None if self.training.carry > 1 else self.training.context
        return evaluate(self.model, *self.held_out, cleared)


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


def _order(training: TrainingConfig, line: Tensor) -> Order:
    sizes = (line, training.context, training.batch, training.seed)
    return Shuffled(*sizes) if training.carry == 1 else Streams(*sizes, training.carry)


def _held_out(training: TrainingConfig, corpus: Corpus, upkeep: Upkeep) -> HeldOut:
    """As much of the held-out text as is read at every evaluation.

    Its bytes are the text's, shared out by tokens: decoded tokens may have more or fewer, where a
    character is cut, or where a token stands for what the vocabulary does not know.
    """
    line = corpus.held_out[: upkeep.evaluate_windows * training.context + 1]
    share = (len(line) - 1) / max(1, len(corpus.held_out))
    return HeldOut(line, max(1, round(share * corpus.held_out_bytes)))


def _last_losses(journal: Path, step: int) -> tuple[float, float | None, float | None]:
    """The loss of a step that was done, and the last evaluation until then."""
    lines = [line for line in read_journal(journal) if line["step"] <= step]
    last: dict[str, Any] = next((line for line in reversed(lines) if "held_out" in line), {})
    loss = lines[-1]["loss"] if lines else math.nan
    return loss, last.get("held_out"), last.get("bits_per_byte")


def _due(upkeep: Upkeep, step: int, saved_at: float) -> bool:
    by_steps = upkeep.checkpoint_steps > 0 and step % upkeep.checkpoint_steps == 0
    return by_steps or time.monotonic() - saved_at >= upkeep.checkpoint_s
