"""States as the package `rwkv` holds them: the border where [K, V] becomes [V, K]."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mnemic.errors import NotAState, StateMismatch
from mnemic.nn.layers import ConvState, LayerState
from mnemic.nn.models.model_state import ModelState
from mnemic.nn.models.rwkv7.model import Rwkv7Model
from mnemic.nn.models.rwkv7.token_shift import NAME
from mnemic.nn.rules.matrix import MatrixState


def official_state(state: ModelState, row: int = 0) -> list[Tensor]:
    """One row as the official list: of each layer the token before [D], S [H, V, K], and again [D].

    Raises:
        StateMismatch: the state is not RWKV-7's, or has no such row.
    """
    listed: list[Tensor] = []
    for layer in state.layers:
        if not isinstance(layer.rule, MatrixState) or layer.shift is None:
            raise StateMismatch(f"a state of {layer.rule.rule!r} is no state of an RWKV-7 model")
        if not 0 <= row < layer.rule.matrix.shape[0]:
            raise StateMismatch(f"row is {row}; the state has {layer.rule.matrix.shape[0]} rows")
        listed += [
            layer.conv.tail[row, 0].clone(),
            layer.rule.matrix[row].transpose(-1, -2).contiguous(),
            layer.shift.tail[row, 0].clone(),
        ]
    return listed


def from_official_state(
    model: Rwkv7Model, listed: Sequence[Tensor], position: int = 0
) -> ModelState:
    """A state of one row for `model` from the official list.

    Args:
        model: whose state it will be.
        listed: three tensors a layer, as `official_state` gives them.
        position: tokens it has seen, which the list does not say.

    Raises:
        NotAState: names the tensor that is missing or of another shape.
    """
    fresh = model.init_state(1)
    if len(listed) != 3 * len(fresh.layers):
        raise NotAState(
            f"{len(listed)} tensors are no state of {len(fresh.layers)} layers; give 3 a layer"
        )

    def like(index: int, wanted: torch.Size, old: Tensor) -> Tensor:
        given = listed[index]
        if given.shape != wanted:
            raise NotAState(
                f"tensor {index} of the state has the shape {tuple(given.shape)}; "
                f"it must be {tuple(wanted)}"
            )
        return given.to(device=old.device, dtype=old.dtype, copy=True).unsqueeze(0)

    layers: list[LayerState] = []
    for i, layer in enumerate(fresh.layers):
        assert isinstance(layer.rule, MatrixState)
        old, tail = layer.rule.matrix, layer.conv.tail
        turned = like(3 * i + 1, old[0].transpose(-1, -2).shape, old)
        layers.append(
            LayerState(
                MatrixState(layer.rule.rule, position, turned.transpose(-1, -2).contiguous()),
                ConvState(NAME, position, like(3 * i, tail[0, 0].shape, tail).unsqueeze(1)),
                shift=ConvState(
                    NAME, position, like(3 * i + 2, tail[0, 0].shape, tail).unsqueeze(1)
                ),
            )
        )
    return ModelState(tuple(layers))
