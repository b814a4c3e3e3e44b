"""Official checkpoints as files: read without running what they hold, checked before believed.

A `.pth` is a zip archive of plain tensors and a pickle that names them; the pickle is read by
PyTorch's restricted reader, which builds tensors and nothing else. A `.safetensors` holds the same
tensors under the same names.
"""

from __future__ import annotations

import pickle
import re
import struct
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mnemic.errors import InvalidTensor, NotACheckpoint
from mnemic.nn.files import replace_whole
from mnemic.nn.models.rwkv7.config import Rwkv7Config
from mnemic.nn.models.rwkv7.model import Rwkv7Model

ZIP = b"PK\x03\x04"
"""How an archive of PyTorch begins."""

PICKLE = b"\x80"
"""How a bare pickle begins: PyTorch's layout before archives."""

DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
"""Precisions a checkpoint may be in, and a model may be run in."""

UNUSED = re.compile(r"blocks\.0\.att\.v[012]")
"""Layer 0 has nothing to mix its values with; some files give it the weights all the same."""

OTHERS = (
    ("ffn.s_emb.weight", "RWKV-7 with deep embeddings (x070 a or b)"),
    ("att.time_maa_x", "RWKV-6"),
    ("att.time_faaaa", "RWKV-5"),
    ("att.time_mix_g", "RWKV-5"),
    ("att.time_decay", "RWKV-4, or an early RWKV-5"),
)
"""What the names in a file say about its make, the surest first."""

SHOWN = 3
"""How many wrong names a message holds."""


def load_checkpoint(
    path: str | Path,
    dtype: torch.dtype | None = None,
    device: torch.device | str = "cpu",
) -> Rwkv7Model:
    """A model of the sizes and weights in the file.

    Args:
        path: a `.pth` or `.safetensors` in the official layout, in any order; what it is decides
            its content, not its name.
        dtype: to run in; None: float32, whatever the file is in (officially bfloat16).
        device: to run on.

    Raises:
        FileNotFoundError: there is no such file.
        NotACheckpoint: the file is something else, was cut short, holds code, is of another model,
            or a tensor is missing, unknown or of another shape; named are the file and the tensor.
        InvalidTensor: a dtype that no model runs in.
    """
    path, dtype = Path(path), torch.float32 if dtype is None else dtype
    if dtype not in DTYPES:
        raise InvalidTensor(f"dtype is {dtype}; a model runs in {', '.join(map(str, DTYPES))}")
    tensors = {name: t for name, t in _read(path).items() if not UNUSED.fullmatch(name)}
    config = _config(path, tensors)
    # On `meta` nothing is allocated or drawn; the file's tensors then take the place of all.
    with torch.device("meta"):
        model = Rwkv7Model(config)
    wanted = {name: tuple(t.shape) for name, t in model.state_dict().items()}
    _check(path, tensors, wanted)
    # Copies: a file that is mapped into memory must not be changed while a model lives on it.
    weights = {
        name: tensors[name].reshape(shape).to(device=device, dtype=dtype, copy=True)
        for name, shape in wanted.items()
    }
    model.load_state_dict(weights, assign=True)
    return model


def save_checkpoint(model: Rwkv7Model, path: str | Path) -> None:
    """Writes the official layout, whole or not at all, in the model's precision.

    Args:
        model: whose weights.
        path: ends in `.pth` or `.safetensors`; an existing file is replaced in one move.

    Raises:
        InvalidTensor: another ending.
    """
    path = Path(path)
    tensors = {
        name: tensor.detach().cpu().contiguous().clone()
        for name, tensor in model.state_dict().items()
    }
    if path.suffix not in (".pth", ".safetensors"):
        raise InvalidTensor(f"{str(path)!r} ends in neither .pth nor .safetensors; name it so")
    write = save_file if path.suffix == ".safetensors" else torch.save
    replace_whole(path, lambda beside: write(tensors, beside))


def _read(path: Path) -> dict[str, Tensor]:
    """All tensors by name, as the file has them."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint at {str(path)!r}")
    with path.open("rb") as file:
        start = file.read(len(ZIP))
    if start.startswith(PICKLE):
        raise NotACheckpoint(
            f"{str(path)!r} is a bare pickle, which could hold code; it was not opened. "
            "Save its tensors as .safetensors, or with a PyTorch of today"
        )
    tensors = _read_archive(path) if start == ZIP else _read_safetensors(path)
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise NotACheckpoint(
                f"{str(path)!r} holds {name!r}, a {type(tensor).__name__}; "
                "a checkpoint holds tensors by name and nothing else"
            )
        if tensor.layout != torch.strided or tensor.dtype not in DTYPES or tensor.is_meta:
            raise NotACheckpoint(
                f"{str(path)!r}: {name} is {tensor.layout} of {tensor.dtype} on {tensor.device}; "
                "it must be plain floats"
            )
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise NotACheckpoint(
                f"{str(path)!r}: {name} claims the shape {tuple(tensor.shape)}, but the file has "
                f"only {tensor.untyped_storage().nbytes()} bytes of it"
            )
    return tensors


def _read_archive(path: Path) -> dict[str, Tensor]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as wrong:
        # Not their words: they advise to read the file without the restriction.
        code = re.search(r"GLOBAL ([\w.]+)", str(wrong))
        raise NotACheckpoint(
            f"{str(path)!r} holds {code[1] if code else 'something'!r} among its tensors, which is "
            "not a plain tensor and could be code; it was not run. Get the file from its maker"
        ) from None
    except (
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        AssertionError,
        OverflowError,
        struct.error,
    ) as wrong:
        raise NotACheckpoint(
            f"{str(path)!r} is no checkpoint, or was cut short: {_first_line(wrong)}; "
            "get the file once more"
        ) from wrong
    if not isinstance(found, dict):
        raise NotACheckpoint(
            f"{str(path)!r} holds a {type(found).__name__}, not tensors by name; "
            "load a file in the official layout"
        )
    return found


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError, KeyError, OSError) as wrong:
        raise NotACheckpoint(
            f"{str(path)!r} is neither an archive of PyTorch nor safetensors, or was cut short: "
            f"{_first_line(wrong)}; get the file once more"
        ) from wrong


def _first_line(wrong: Exception) -> str:
    return (str(wrong).splitlines() or [type(wrong).__name__])[0]


def _config(path: Path, tensors: Mapping[str, Tensor]) -> Rwkv7Config:
    """The sizes, from the shapes."""
    for mark, make in OTHERS:
        if any(name.endswith(mark) for name in tensors):
            raise NotACheckpoint(
                f"{str(path)!r} is a checkpoint of {make} (it has {mark!r}); "
                "this loads RWKV-7 (x070)"
            )

    def size(name: str, axis: int) -> int:
        if name not in tensors:
            raise NotACheckpoint(
                f"{str(path)!r} has no {name!r}: it is no checkpoint of RWKV-7 (x070), or not whole"
            )
        shape = tuple(tensors[name].shape)
        if len(shape) != 2 or 0 in shape:
            raise NotACheckpoint(
                f"{str(path)!r}: {name} has the shape {shape}; it must have two axes, none empty"
            )
        return shape[axis]

    numbers = {int(m[1]) for name in tensors if (m := re.match(r"blocks\.(\d{1,6})\.", name))}
    if numbers != set(range(len(numbers))) or not numbers:
        raise NotACheckpoint(
            f"{str(path)!r} holds the blocks {sorted(numbers)}; they must be 0 and on"
        )
    width, head_size = size("emb.weight", 1), size("blocks.0.att.r_k", 1)
    if width % head_size:
        raise NotACheckpoint(
            f"{str(path)!r}: blocks.0.att.r_k says that heads have {head_size} channels, which do "
            f"not divide the width {width} of emb.weight"
        )
    return Rwkv7Config(
        vocabulary=size("emb.weight", 0),
        width=width,
        layers=len(numbers),
        head_size=head_size,
        hidden=size("blocks.0.ffn.key.weight", 0),
        decay_rank=size("blocks.0.att.w1", 1),
        rate_rank=size("blocks.0.att.a1", 1),
        value_rank=size("blocks.1.att.v1", 1) if len(numbers) > 1 else 1,
        gate_rank=size("blocks.0.att.g1", 1),
    )


def _check(
    path: Path, tensors: Mapping[str, Tensor], wanted: Mapping[str, tuple[int, ...]]
) -> None:
    """Refuses what is missing, unknown or misshapen."""
    for what, names in (
        ("has no", sorted(wanted.keys() - tensors.keys())),
        ("has the unknown", sorted(tensors.keys() - wanted.keys())),
    ):
        if names:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            raise NotACheckpoint(
                f"{str(path)!r} {what} {', '.join(map(repr, names[:SHOWN]))}{more}; "
                "it is not RWKV-7 (x070) in the official layout, or not whole"
            )
    for name, shape in wanted.items():
        # Rows come as [1, 1, D] or, from some converters, as [D].
        if _essence(tensors[name].shape) != _essence(shape):
            raise NotACheckpoint(
                f"{str(path)!r}: {name} has the shape {tuple(tensors[name].shape)}; by the "
                f"other tensors it must be {shape}"
            )


def _essence(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)
