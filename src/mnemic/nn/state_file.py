"""States as files: safetensors, versioned, checked, never unpickled.

One file holds one state or several under names (the layers of a model). Its header says who wrote
it (`fingerprint` of the rule's or model's configuration) and carries a checksum of the tensors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mnemic.errors import InvalidTensor, NewerState, NotAState, StateMismatch
from mnemic.nn.files import replace_whole
from mnemic.nn.state import State, Ticket, parts_of, plain_fields

FORMAT = "mnemic.nn.state"
VERSION = 1


def fingerprint(config: Mapping[str, Any]) -> str:
    """A short name for a configuration: equal configurations, and only they, share it.

    Args:
        config: anything JSON can say; the order of its keys does not matter.
    """
    words = json.dumps(config, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return blake2b(words.encode(), digest_size=16).hexdigest()


def save_states(path: str | Path, states: Mapping[str, State], *, fingerprint: str) -> None:
    """Writes states to one file, whole or not at all.

    Args:
        path: where to; an existing file is replaced in one move.
        states: by name, such as `layers.0`.
        fingerprint: of the configuration that may load them.
    """
    path = Path(path)
    trimmed = {name: state.for_file() for name, state in states.items()}
    tensors = {
        f"{name}/{tensor_name}": tensor.detach().cpu().contiguous().clone()
        for name, state in trimmed.items()
        for tensor_name, tensor in state.tensors()
    }
    described = {
        name: {"kind": state.kind, **plain_fields(state)} for name, state in trimmed.items()
    }
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "fingerprint": fingerprint,
        "states": json.dumps(described),
        "checksum": _checksum(tensors),
    }
    replace_whole(path, lambda beside: save_file(tensors, beside, metadata=metadata))


def load_states(
    path: str | Path, *, fingerprint: str, device: torch.device | str = "cpu"
) -> dict[str, State]:
    """Reads what `save_states` wrote, by name.

    Raises:
        FileNotFoundError: there is no such file.
        NotAState: the file is something else, was cut short, or is damaged.
        NewerState: it was written by a later version of Mnemic.
        StateMismatch: it belongs to another configuration.
    """
    path = Path(path)
    metadata, tensors = _read(path)
    _check_header(path, metadata, fingerprint)
    if _checksum(tensors) != metadata.get("checksum"):
        raise NotAState(f"{str(path)!r} is damaged: its checksum does not fit its tensors")
    states: dict[str, State] = {}
    try:
        for name, described in json.loads(metadata["states"]).items():
            states[name] = _build(described, tensors, name)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as wrong:
        raise NotAState(f"{str(path)!r} does not hold together: {wrong}") from wrong
    return {name: state.to(device=device) for name, state in states.items()}


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no state file at {str(path)!r}")
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {}), {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError, KeyError) as wrong:
        raise NotAState(
            f"{str(path)!r} is not a state file, or was cut short: {wrong}; "
            "load a file written by save"
        ) from wrong


def _check_header(path: Path, metadata: dict[str, str], fingerprint: str) -> None:
    if metadata.get("format") != FORMAT:
        raise NotAState(
            f"{str(path)!r} says its format is {metadata.get('format')!r}, not {FORMAT!r}; "
            "load a file written by save"
        )
    version = metadata.get("version", "")
    if not version.isdigit():
        raise NotAState(f"{str(path)!r} has the version {version!r}, which is no number")
    if int(version) > VERSION:
        raise NewerState(
            f"{str(path)!r} has format version {version}; this Mnemic reads up to {VERSION}: "
            "install a newer one"
        )
    if metadata.get("fingerprint") != fingerprint:
        raise StateMismatch(
            f"{str(path)!r} belongs to the configuration {metadata.get('fingerprint')!r}, "
            f"not to {fingerprint!r}; load it into the model that wrote it"
        )


def _build(described: dict[str, Any], tensors: dict[str, Tensor], name: str) -> State:
    made = State.kinds[described["kind"]]
    values: dict[str, Any] = {}
    for field in fields(made):
        parts = parts_of(field)
        if parts is not None:
            members = (tensors[f"{name}/{field.name}.{part}"] for part in parts._fields)
            values[field.name] = parts(*members)
        elif f"{name}/{field.name}" in tensors:
            values[field.name] = tensors[f"{name}/{field.name}"]
        elif field.name in described:
            value = described[field.name]
            values[field.name] = tuple(value) if isinstance(value, list) else value
    state = made(**values)
    if not isinstance(state.position, int) or state.position < 0:
        raise InvalidTensor(f"its position is {state.position!r}")
    for field in fields(made):
        if isinstance(getattr(state, field.name), Ticket):
            getattr(state, field.name).position = state.position
    state.validate()
    return state


def _checksum(tensors: Mapping[str, Tensor]) -> str:
    total = blake2b(digest_size=16)
    for name, view in _bytes_of(tensors):
        total.update(name.encode())
        total.update(view)
    return total.hexdigest()


def _bytes_of(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, bytes]]:
    for name in sorted(tensors):
        tensor = tensors[name]
        raw = tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        yield f"{name}:{tensor.dtype}:{tuple(tensor.shape)}:", raw
