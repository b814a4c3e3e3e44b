"""What a cache refuses before it looks at any number."""

from __future__ import annotations

from mnemic.errors import InvalidTensor, StateMismatch
from mnemic.nn.axes import Gates, Values
from mnemic.nn.inputs import Inputs
from mnemic.nn.state import State


def check_own(state: State, kind: type[State], name: str) -> None:
    """Refuses the state of another cache.

    Raises:
        StateMismatch: says whose it is.
    """
    if not isinstance(state, kind) or state.rule != name:
        made = getattr(state, "rule", type(state).__name__)
        raise StateMismatch(
            f"the cache {name!r} was given a state of {made!r}; begin with its own init_state"
        )


def check_call(
    inputs: Inputs,
    out: Values,
    write: Gates,
    *,
    like: Values,
    sizes: tuple[int, int, int, int],
    over_time: bool,
) -> None:
    """Refuses tensors that do not fit the cache, its state or each other.

    Args:
        inputs: of the rule.
        out: [B, T, H, V] or [B, H, V] of the rule.
        write: [B, T, H] or [B, H], the rule's write magnitude.
        like: any tensor of the state, whose device counts.
        sizes: B, H, K, V.
        over_time: whether there is an axis T.

    Raises:
        InvalidTensor: names the tensor.
        StateMismatch: the state has another number of rows.
    """
    batch, heads, key_width, value_width = sizes
    if inputs.q.shape[0] != batch:
        raise StateMismatch(
            f"the inputs have {inputs.q.shape[0]} rows, the cache's state {batch}; "
            "the batch cannot change between calls: begin with init_state"
        )
    if over_time and inputs.q.ndim == 4 and inputs.q.shape[1] == 0:
        raise InvalidTensor("q has T = 0; give at least one token")
    lead = (batch, *inputs.q.shape[1:2], heads) if over_time else (batch, heads)
    keys, values, device = (*lead, key_width), (*lead, value_width), like.device
    if (
        inputs.q.shape == inputs.k.shape == keys
        and inputs.v.shape == out.shape == values
        and write.shape == lead
        and inputs.q.device == out.device == write.device == device
        and inputs.q.is_floating_point()
        and out.is_floating_point()
    ):
        return
    for name, tensor, shape in (
        ("q", inputs.q, keys),
        ("k", inputs.k, keys),
        ("v", inputs.v, values),
        ("out", out, values),
        ("write_magnitude", write, lead),
    ):
        if tensor.shape != shape:
            raise InvalidTensor(f"{name} has the shape {tuple(tensor.shape)}, not {shape}")
        if tensor.device != device:
            raise InvalidTensor(f"{name} is on {tensor.device}, the state on {device}; move one")
        if not tensor.is_floating_point():
            raise InvalidTensor(f"{name} has the dtype {tensor.dtype}; it must be a float")
