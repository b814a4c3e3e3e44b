"""What a model carries from one call to the next; as a file, its memory of a session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from mnemic.errors import NotAState
from mnemic.nn.layers import LayerState
from mnemic.nn.state import State
from mnemic.nn.state_file import load_states, save_states


@dataclass(frozen=True, eq=False)
class ModelState:
    """layers: the state of each, from bottom to top."""

    layers: tuple[LayerState, ...]

    @property
    def position(self) -> int:
        """Tokens seen, padding included."""
        return self.layers[0].rule.position

    @property
    def state_bytes(self) -> int:
        """Bytes of all rules' states and convolutions' tails."""
        return sum(layer.state_bytes for layer in self.layers)

    @property
    def cache_bytes(self) -> int:
        """Bytes of all exact caches."""
        return sum(layer.cache_bytes for layer in self.layers)

    @property
    def nbytes(self) -> int:
        """Bytes of everything, counted."""
        return self.state_bytes + self.cache_bytes

    def detach(self) -> ModelState:
        """The same numbers without their history."""
        return ModelState(tuple(layer.change(lambda s: s.detach()) for layer in self.layers))

    def to(
        self, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> ModelState:
        """The state elsewhere, or in another precision."""
        return ModelState(tuple(one.change(lambda s: s.to(dtype, device)) for one in self.layers))

    def rows(self, index: Tensor) -> ModelState:
        """The rows named by `index` [N], in its order, as often as named; see `State.rows`."""
        return ModelState(tuple(layer.change(lambda s: s.rows(index)) for layer in self.layers))

    def equals(self, other: ModelState) -> bool:
        """Whether both hold the same bits."""
        mine, theirs = self.states(), other.states()
        return list(mine) == list(theirs) and all(mine[n].equals(theirs[n]) for n in mine)

    def states(self) -> dict[str, State]:
        """All states by name, such as `layers.0.cache`."""
        return {
            f"layers.{i}.{name}": state
            for i, layer in enumerate(self.layers)
            for name, state in layer.states().items()
        }

    def save(self, path: str | Path, *, fingerprint: str) -> None:
        """Writes one file, whole or not at all; `fingerprint` is the model configuration's."""
        save_states(path, self.states(), fingerprint=fingerprint)

    @classmethod
    def load(
        cls, path: str | Path, *, fingerprint: str, device: torch.device | str = "cpu"
    ) -> ModelState:
        """Reads what `save` wrote.

        Raises:
            NotAState: no state file, a damaged one, or not the state of a model.
            NewerState: written by a later version of Mnemic.
            StateMismatch: of another model.
        """
        grouped: dict[int, dict[str, State]] = {}
        for name, state in load_states(path, fingerprint=fingerprint, device=device).items():
            words = name.split(".")
            plain = len(words) == 3 and words[1].isascii() and words[1].isdecimal()
            if not plain or words[0] != "layers" or words[1] != str(int(words[1][:9])):
                raise NotAState(f"{str(path)!r} holds {name!r}, which no model has")
            grouped.setdefault(int(words[1]), {})[words[2]] = state
        if not grouped or sorted(grouped) != list(range(len(grouped))):
            raise NotAState(f"{str(path)!r} holds the layers {sorted(grouped)}, not 0 and on")
        return cls(tuple(LayerState.of(grouped[i]) for i in range(len(grouped))))
