"""What `generate` carries from token to token: a model's state, in transformers' wrapping."""

from __future__ import annotations

from typing import NoReturn

import torch
from torch import Tensor

from mnemic.errors import InvalidTensor
from mnemic.nn.models.model_state import ModelState


class StateCache:
    """Holds the state after the tokens read so far.

    transformers changes caches in place, so this box does: a forward puts the next state into it.
    The states themselves stay values; `StateCache(cache.state)` is a copy that costs nothing.

    Args:
        state: before the next token; None: nothing was read.
    """

    is_compileable = False

    def __init__(self, state: ModelState | None = None) -> None:
        self.state = state

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Tokens read, padding included."""
        return 0 if self.state is None else self.state.position

    def has_previous_state(self, layer_idx: int | None = None) -> bool:
        """Whether anything was read."""
        return self.get_seq_length() > 0

    def get_max_cache_shape(self, layer_idx: int = 0) -> int:
        """-1: there is no limit to the tokens."""
        return -1

    def reorder_cache(self, beam_idx: Tensor) -> None:
        """Goes on with these rows, in this order: which beams live."""
        self.batch_select_indices(beam_idx)

    def batch_select_indices(self, indices: Tensor) -> None:
        """Goes on with these rows only."""
        if self.state is not None:
            self.state = self.state.rows(indices)

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Goes on with every row `repeats` times, such as one per beam."""
        if self.state is not None:
            batch = next(iter(self.state.layers[0].conv.tensors()))[1].shape[0]
            self.state = self.state.rows(torch.arange(batch).repeat_interleave(repeats))

    def reset(self) -> None:
        """Goes back to before the first token."""
        self.state = None

    def crop(self, max_length: int) -> NoReturn:
        """Refused: what was read cannot be unread.

        Raises:
            InvalidTensor: always; says what to do instead.
        """
        raise InvalidTensor(
            f"a state of {self.get_seq_length()} tokens cannot be cropped to {max_length}: a memory "
            "cannot unread; keep StateCache(cache.state) from before, it costs nothing. Assisted "
            "generation crops, so generate without assistant_model"
        )

    def __len__(self) -> int:
        return 0 if self.state is None else len(self.state.layers)
