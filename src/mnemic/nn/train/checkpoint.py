"""Where a run goes on from: weights, the optimiser's memory, the state, the step.

A checkpoint is a folder that is written under another name, synced, and then renamed: it is there
as a whole or not at all. The last one is kept until the next is there.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from mnemic.errors import Diverged, NotAModel
from mnemic.nn.files import sync, write_whole
from mnemic.nn.models import LanguageModel, ModelState
from mnemic.nn.models.folder import WEIGHTS_FILE, load_weights, save_weights, weights_name

PLACE = "checkpoints"
OPTIMISER_FILE, STATE_FILE, STEP_FILE = "optimiser.safetensors", "state.safetensors", "step.json"
CHANCE = "torch.rng"


class Resumed(NamedTuple):
    """step: that were done; state: that is carried on, or None."""

    step: int
    state: ModelState | None


def save_checkpoint(
    folder: Path,
    step: int,
    model: LanguageModel,
    optimiser: torch.optim.Optimizer,
    state: ModelState | None,
) -> None:
    """Writes a checkpoint and puts its weights where `load_model` looks; removes older ones.

    Args:
        folder: of the run.
        step: that were done.
        model: as it is now.
        optimiser: as it is now.
        state: that is carried on, or None.

    Raises:
        Diverged: weights that are no numbers; what was saved before stays.
    """
    wrong = [n for n, p in model.named_parameters() if not bool(p.isfinite().all())]
    if wrong:
        raise Diverged(f"{wrong[0]!r} is no number any more at step {step}; {last_words(folder)}")
    place = folder / PLACE
    final = place / f"step-{step:08d}"
    if not final.exists():
        beside = place / f".{final.name}.{uuid4().hex}"
        beside.mkdir(parents=True)
        save_weights(model, beside / WEIGHTS_FILE)
        save_file(_remembered(model, optimiser), beside / OPTIMISER_FILE)
        sync(beside / OPTIMISER_FILE)
        if state is not None:
            state.save(beside / STATE_FILE, fingerprint=model.config.fingerprint)
        files = {one.name: weights_name(one) for one in sorted(beside.iterdir())}
        write_whole(beside / STEP_FILE, json.dumps({"step": step, "files": files}).encode())
        sync(beside)
        beside.rename(final)
        sync(place)
    save_weights(model, folder / WEIGHTS_FILE)
    for other in place.iterdir():
        ours = re.fullmatch(r"step-\d{8}|\.step-\d{8}\..*", other.name)
        if ours and other != final and other.is_dir() and not other.is_symlink():
            shutil.rmtree(other)


def last_checkpoint(folder: Path) -> Path | None:
    """The newest one of a run, or None."""
    place = folder / PLACE
    found = place.iterdir() if place.is_dir() else ()
    return max((one for one in found if re.fullmatch(r"step-\d{8}", one.name)), default=None)


def load_checkpoint(path: Path, model: LanguageModel, optimiser: torch.optim.Optimizer) -> Resumed:
    """Puts model, optimiser and chance back to where they were.

    Raises:
        NotAModel: a file of the checkpoint is missing or damaged.
    """
    step, files = _checked(path)
    try:
        remembered = load_file(path / OPTIMISER_FILE)
        chance = remembered.pop(CHANCE)
    except (OSError, SafetensorError, KeyError) as wrong:
        raise NotAModel(f"the checkpoint {str(path)!r} is incomplete: {wrong}") from wrong
    load_weights(model, path / WEIGHTS_FILE)
    torch.set_rng_state(chance.clone())
    _remind(dict(model.named_parameters()), optimiser, remembered)
    return Resumed(step, model.load_state(path / STATE_FILE) if STATE_FILE in files else None)


def _checked(path: Path) -> tuple[int, list[str]]:
    """The step of a checkpoint, and its files, all of which are there as they were written."""
    try:
        found = json.loads((path / STEP_FILE).read_text())
        step, files = found["step"], found["files"]
        odd = [name for name, wanted in files.items() if weights_name(path / name) != wanted]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as wrong:
        raise NotAModel(f"the checkpoint {str(path)!r} is incomplete: {wrong!r}") from wrong
    if odd or not {WEIGHTS_FILE, OPTIMISER_FILE} <= set(files):
        raise NotAModel(
            f"the checkpoint {str(path)!r} is damaged in {', '.join(odd) or 'what it lists'}"
        )
    if type(step) is not int or path.name != f"step-{step:08d}":
        raise NotAModel(f"the checkpoint {str(path)!r} says it is of step {step!r}")
    return step, list(files)


def last_words(folder: Path) -> str:
    """Where the last good weights are."""
    last = last_checkpoint(folder)
    if last is None:
        return "there is no checkpoint yet: begin again with a lower rate"
    return (
        f"the last good weights are those of {last.name} in {str(folder)!r}: begin another run "
        "with a lower rate"
    )


def _remembered(model: LanguageModel, optimiser: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """The optimiser's tensors by the weight's name, and the state of chance."""
    tensors = {CHANCE: torch.get_rng_state()}
    for name, parameter in model.named_parameters():
        for part, value in optimiser.state.get(parameter, {}).items():
            tensors[f"{name}/{part}"] = value.detach().cpu().contiguous().clone()
    return tensors


def _remind(
    weights: dict[str, torch.nn.Parameter],
    optimiser: torch.optim.Optimizer,
    remembered: dict[str, torch.Tensor],
) -> None:
    parts: dict[str, dict[str, Any]] = {}
    for key, tensor in remembered.items():
        name, _, part = key.rpartition("/")
        if name not in weights:
            raise NotAModel(f"the checkpoint remembers {name!r}, which the model does not have")
        # A clone: in the file's memory tensors lie at odd places, where sums may round otherwise.
        parts.setdefault(name, {})[part] = tensor.clone()
    for name, own in parts.items():
        optimiser.state[weights[name]] = own
