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

LARGEST = 2**62
"""Of whole numbers in a file; a position beyond it is no position."""


def fingerprint(config: Mapping[str, Any]) -> str:
    """A short name for a configuration: what JSON says alike shares it.

    Args:
        config: anything JSON can say, its keys strings; their order does not matter.
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
    # As long as with the largest numbers, so that a file does not grow with a session.
    words = json.dumps(described).ljust(len(json.dumps(_largest(described))))
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "fingerprint": fingerprint,
        "states": words,
        "checksum": _checksum(words, tensors),
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
    if _checksum(metadata.get("states", ""), tensors) != metadata.get("checksum"):
        raise NotAState(f"{str(path)!r} is damaged: its checksum does not fit what it holds")
    states: dict[str, State] = {}
    try:
        for name, described in json.loads(metadata["states"]).items():
            states[name] = _build(described, tensors, name)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as wrong:
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
    if not (version.isascii() and version.isdecimal() and len(version) < 10):
        raise NotAState(f"{str(path)!r} has the version {version[:40]!r}, which is no number")
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
    # Whoever reads a file may not have imported what its states are made by.
    import mnemic.nn.layers  # noqa: F401

    made = State.kinds.get(described["kind"])
    if made is None:
        raise InvalidTensor(
            f"{name!r} is of the kind {described['kind']!r}, which is not known here; "
            "import what makes such states first, or install a newer Mnemic"
        )
    values: dict[str, Any] = {}
    for field in fields(made):
        parts = parts_of(field)
        if parts is not None:
            members = (tensors[f"{name}/{field.name}.{part}"] for part in parts._fields)
            values[field.name] = parts(*members)
        elif f"{name}/{field.name}" in tensors:
            values[field.name] = tensors[f"{name}/{field.name}"]
        elif field.name in described:
            values[field.name] = _plain(str(field.type), described[field.name], field.name)
    state = made(**values)
    for field in fields(made):
        if isinstance(getattr(state, field.name), Ticket):
            getattr(state, field.name).position = state.position
    state.validate()
    return state


def _largest(value: Any) -> Any:
    """The same with every number as long as a number can be."""
    if isinstance(value, dict):
        return {key: _largest(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_largest(one) for one in value]
    return LARGEST if type(value) is int else value


def _plain(kind: str, value: Any, name: str) -> Any:
    """A field that is no tensor, as its annotation says it is."""
    if kind == "tuple[int, ...]" and isinstance(value, list):
        return tuple(_plain("int", one, name) for one in value)
    fits = {
        "str": type(value) is str,
        "bool": type(value) is bool,
        "int": type(value) is int and 0 <= value < LARGEST,
        "int | None": value is None or (type(value) is int and 0 <= value < LARGEST),
    }
    if not fits.get(kind, False):
        raise InvalidTensor(f"{name} is {str(value)[:40]!r}; it must be {kind}")
    return value


def _checksum(words: str, tensors: Mapping[str, Tensor]) -> str:
    """Of the states as described and of their tensors."""
    total = blake2b(words.encode(), digest_size=16)
    for name, view in _bytes_of(tensors):
        total.update(name.encode())
        total.update(view)
    return total.hexdigest()


def _bytes_of(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, bytes]]:
    for name in sorted(tensors):
        tensor = tensors[name]
        # A clone: one number of any stride calls itself contiguous, and cannot be seen as bytes.
        plain = tensor.clone(memory_format=torch.contiguous_format)
        raw = plain.reshape(-1).view(torch.uint8).numpy().tobytes()
        yield f"{name}:{tensor.dtype}:{tuple(tensor.shape)}:", raw
