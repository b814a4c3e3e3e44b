"""A conversation's memory as a file: the state after the last turn, and whose it is.

The file is what the model's state writes, with the name of the weights in its header: a state says
nothing to a model of the same shape that was trained on something else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from mnemic.errors import NotAState, StateMismatch
from mnemic.nn.files import replace_whole
from mnemic.nn.models.carried import CarriedState, CausalModel

WEIGHTS = "weights"


def save_session(path: str | Path, model: CausalModel, state: CarriedState, weights: str) -> None:
    """Writes the state, whole or not at all.

    Args:
        path: the session's file.
        model: whose state it is.
        state: after the last turn.
        weights: `weights_name` of the model.
    """

    def write(beside: Path) -> None:
        state.save(beside, fingerprint=model.config.fingerprint)
        with safe_open(beside, framework="pt") as file:
            header = {**(file.metadata() or {}), WEIGHTS: weights}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        save_file(tensors, beside, metadata=header)

    replace_whole(Path(path), write)


def load_session(path: str | Path, model: CausalModel, weights: str) -> Any:
    """The state that `save_session` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        NotAState: the file is something else, or damaged.
        NewerState: it was written by a later version of Mnemic.
        StateMismatch: it is the session of another model.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no session at {str(path)!r}")
    try:
        with safe_open(path, framework="pt") as file:
            written = (file.metadata() or {}).get(WEIGHTS)
    except SafetensorError as wrong:
        raise NotAState(f"{str(path)!r} is no session, or was cut short: {wrong}") from wrong
    state = model.load_state(path)
    if written != weights:
        raise StateMismatch(
            f"{str(path)!r} is a session of the weights {written!r}, the model at hand has "
            f"{weights!r}: go on with the model that it was begun with, or begin another session"
        )
    return state
