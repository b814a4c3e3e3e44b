"""A training run as the command line sees it: new or resumed, with a bar, stopped by Ctrl-C."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mnemic.errors import InvalidInput
from mnemic.serve.terminal import err, plain

if TYPE_CHECKING:
    from mnemic.nn.models import ModelConfig
    from mnemic.nn.train import Progress as Where
    from mnemic.nn.train import Run

EXIT_STOPPED = 130
DEFAULTS = {"steps": 300, "carry": 8}
"""Of training, where the library's own differ: a few minutes, and states that are long carried on."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asked for; what it left out has its default, or is as it was begun.

    Args:
        files: texts.
        training: of `TrainingConfig`.
        model: of `preset`.
        tokenizer: by name.
        held_out: share of the text.
        checkpoint_s: seconds between checkpoints.
        resume: go on.
    """

    files: tuple[Path, ...]
    training: Mapping[str, Any]
    model: Mapping[str, Any]
    tokenizer: str | None
    held_out: float | None
    checkpoint_s: float
    resume: bool


@contextmanager
def stopping_on_interrupt() -> Iterator[Callable[[], bool]]:
    """What says whether Ctrl-C was pressed (or the process asked to end); twice stops at once."""
    asked = False

    def ask(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        err.print("stopping after this step …")

    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(kind, ask) for kind in kinds]
    try:
        yield lambda: asked
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def train_run(folder: Path, wanted: Wanted, stop: Callable[[], bool]) -> dict[str, Any]:
    """Trains, draws the losses, and says how it went."""
    from mnemic.nn.text import load_tokenizer, make_tokenizer
    from mnemic.nn.train import Run, Upkeep, plot_losses, read_corpus, read_texts, train

    begun = Run.load(folder) if wanted.resume else None
    files = [str(path.resolve()) for path in wanted.files] or list(begun.files if begun else ())
    name = wanted.tokenizer or (begun.tokenizer if begun else "bytes")
    held_out = wanted.held_out
    if held_out is None:
        held_out = begun.held_out if begun else 0.05
    if not files:
        raise InvalidInput("there is no text to train on; name one file at least")
    saved = (
        begun is not None and name == begun.tokenizer and (folder / "model.safetensors").exists()
    )
    corpus, tokenizer = read_corpus(
        read_texts(files),
        load_tokenizer(folder) if saved else lambda texts: make_tokenizer(name, texts),
        held_out,
    )
    run = _run(begun, wanted, tokenizer.vocabulary, corpus.fingerprint, (name, held_out, files))
    with _bar(corpus.train_bytes / len(corpus.train)) as report:
        done = train(
            run, corpus, tokenizer, folder,
            resume=wanted.resume, upkeep=Upkeep(checkpoint_s=wanted.checkpoint_s),
            report=report, stop=stop,
        )  # fmt: skip
    try:
        plot_losses(folder / "losses.jsonl", folder / "losses.png", title=folder.name)
    except ModuleNotFoundError as missing:
        err.print(f"[yellow]note:[/] {escape(str(missing))}")
    at = done.progress
    return {
        "folder": str(folder), "step": at.step, "steps": at.steps, "finished": done.finished,
        "loss": None if math.isnan(at.loss) else at.loss, "held_out": at.held_out,
        "held_out_bits_per_byte": at.bits_per_byte, "tokens_per_s": at.tokens_per_s,
        "parameters": done.model.parameter_count,
    }  # fmt: skip


def _preset_of(model: ModelConfig) -> dict[str, Any]:
    """The options under which a model was begun, as far as it shows them."""
    caches = [layer.cache["width"] for layer in model.layer_configs if layer.cache]
    return {
        "layers": len(model.layer_configs), "width": model.width,
        "heads": model.layer_configs[0].heads, "rule": model.layer_configs[0].rule,
        "cache_width": caches[0] if caches else 0,
    }  # fmt: skip


def _run(
    begun: Run | None,
    wanted: Wanted,
    vocabulary: int,
    text: str,
    data: tuple[str, float, list[str]],
) -> Run:
    """The run that was asked for: where nothing was asked, as it was begun."""
    from mnemic.nn.models import preset
    from mnemic.nn.train import Run, TrainingConfig

    name, held_out, files = data
    options = {**(_preset_of(begun.model) if begun else {}), **wanted.model}
    options.setdefault("layers", len(options.get("pattern") or ()) or 3)
    model = begun.model if begun and not wanted.model else preset(vocabulary, **options)
    made = Run(TrainingConfig(), model, text, name, held_out, tuple(files))
    if begun is not None:
        made = Run(begun.training, model, text, name, held_out, tuple(files))
        return made.with_training(**wanted.training)
    return made.with_training(**{**DEFAULTS, **wanted.training})


@contextmanager
def _bar(bytes_a_token: float) -> Iterator[Callable[[Where], None]]:
    """A bar with losses in bits per byte; where there is no terminal, a line per evaluation."""
    with Progress(
        TextColumn("training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        TextColumn("{task.fields[losses]}"),
        console=err, transient=True, disable=not err.is_terminal,
    ) as progress:  # fmt: skip
        task = progress.add_task("training", total=None, losses="")
        shown: float | None = None

        def tick(where: Where) -> None:
            nonlocal shown
            unit = math.log(2) * bytes_a_token
            words = f"{where.loss / unit:.3f} bits/byte"
            if where.bits_per_byte is not None:
                words += f", held out {where.bits_per_byte:.3f}"
            words += f", {where.tokens_per_s:,.0f} tokens/s"
            progress.update(task, completed=where.step, total=where.steps, losses=words)
            if not err.is_terminal and where.held_out is not None and where.held_out != shown:
                err.print(plain(f"step {where.step}: {words}; saved at step {where.saved}"))
                shown = where.held_out

        yield tick
