"""A model as a folder: config.json and model.safetensors, as transformers lays them out.

Neither writing nor reading needs transformers; what one writes, the other reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from mnemic.errors import InvalidTensor, NotAModel
from mnemic.nn.files import replace_whole, write_whole
from mnemic.nn.models.config import ModelConfig
from mnemic.nn.models.language_model import LanguageModel

CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"
PRECISIONS = {torch.float64, torch.float32, torch.bfloat16, torch.float16}
PREFIX = "model."
"""Of the weights' names: in transformers the model stands inside `MnemicForCausalLM`."""


def save_model(model: LanguageModel, folder: str | Path, *, end_of_text: int | None = None) -> None:
    """Writes the model, each file whole or not at all; the folder is made if need be.

    Args:
        model: what is written.
        folder: where to.
        end_of_text: the token at which transformers' generate should stop.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    described = {
        "architectures": ["MnemicForCausalLM"],
        "eos_token_id": end_of_text,
        "pad_token_id": end_of_text,
        "dtype": str(model.embedding.weight.dtype).removeprefix("torch."),
        "model": model.config.to_dict(),
        "model_type": "mnemic",
    }
    write_whole(folder / CONFIG_FILE, (json.dumps(described, indent=2) + "\n").encode())
    save_weights(model, folder / WEIGHTS_FILE)


def save_weights(model: LanguageModel, path: Path) -> None:
    """Writes the weights alone, whole or not at all."""
    weights = {
        PREFIX + name: tensor.detach().cpu().contiguous()
        for name, tensor in model.state_dict().items()
    }
    replace_whole(path, lambda beside: save_file(weights, beside, metadata={"format": "pt"}))


def load_model(folder: str | Path, device: torch.device | str = "cpu") -> LanguageModel:
    """The model of a folder, ready to be asked.

    Raises:
        NotAModel: no model, one of another kind, or an incomplete or damaged one.
    """
    folder = Path(folder)
    try:
        described = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        kind, config = described["model_type"], described.get("model")
    except FileNotFoundError as wrong:
        raise NotAModel(
            f"{str(folder)!r} holds no model: there is no {CONFIG_FILE}; "
            "`mnemic lm train TEXT --out DIR` makes one"
        ) from wrong
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as wrong:
        raise NotAModel(f"{str(folder / CONFIG_FILE)!r} describes no model: {wrong!r}") from wrong
    if kind != "mnemic":
        raise NotAModel(f"{str(folder)!r} holds a model of the type {kind!r}, not 'mnemic'")
    try:
        made = ModelConfig.of(config)
        # Without memory first: what a file says of its sizes is not believed before its weights.
        with torch.device("meta"):
            expected = LanguageModel(made).state_dict()
    except (InvalidTensor, TypeError, RuntimeError, OverflowError) as wrong:
        raise NotAModel(f"{str(folder / CONFIG_FILE)!r} describes no model: {wrong}") from wrong
    weights = _read_weights(folder / WEIGHTS_FILE, expected)
    model = LanguageModel(made)
    _put(weights, model)
    return model.to(device).eval()


def load_weights(model: LanguageModel, path: Path) -> None:
    """Puts the weights of a file into the model, in the file's precision.

    Raises:
        NotAModel: there is no such file, it is damaged, or it belongs to another model.
    """
    _put(_read_weights(path, model.state_dict()), model)


def _put(weights: Mapping[str, torch.Tensor], model: LanguageModel) -> None:
    model.to(weights["embedding.weight"].dtype).load_state_dict(weights)


def _read_weights(path: Path, expected: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights of a file by their own names, in shapes as expected and one precision."""
    try:
        weights = load_file(path)
    except FileNotFoundError as wrong:
        raise NotAModel(f"there are no weights at {str(path)!r}") from wrong
    except (OSError, SafetensorError) as wrong:
        raise NotAModel(
            f"{str(path)!r} is no safetensors file, or was cut short: {wrong}"
        ) from wrong
    own = {name.removeprefix(PREFIX): tensor for name, tensor in weights.items()}
    if len(own) != len(weights):
        raise NotAModel(f"{str(path)!r} has a weight twice, with {PREFIX!r} in front and without")
    kinds = {tensor.dtype for tensor in own.values()}
    if len(kinds) > 1 or not kinds <= PRECISIONS:
        raise NotAModel(
            f"{str(path)!r} has weights of {', '.join(sorted(map(str, kinds)))}; they must all be "
            f"of one of {', '.join(sorted(map(str, PRECISIONS)))}"
        )
    shapes = {name: tuple(tensor.shape) for name, tensor in expected.items()}
    found = {name: tuple(tensor.shape) for name, tensor in own.items()}
    if shapes != found:
        odd = sorted(name for name in shapes.keys() | found if shapes.get(name) != found.get(name))
        raise NotAModel(f"{str(path)!r} does not fit its configuration in {', '.join(odd[:5])}")
    return own


def weights_name(path: str | Path) -> str:
    """A short name of the weights of a file, or of a folder's: models that differ, differ in it."""
    path = Path(path)
    total = blake2b(digest_size=16)
    with (path / WEIGHTS_FILE if path.is_dir() else path).open("rb") as file:
        while piece := file.read(1 << 20):
            total.update(piece)
    return total.hexdigest()
