"""What a rule is given at each token, and the checks that name what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from mnemic.errors import InvalidTensor, StateMismatch
from mnemic.nn.axes import Gates, Keys, Mask, Values
from mnemic.nn.state import needs_history


@dataclass(frozen=True, slots=True)
class Inputs:
    """Queries, keys, values and gates, over T tokens or at one.

    Args:
        q: [B, T, H, K] what to read; `r` of RWKV-7, `C` of Mamba-2.
        k: [B, T, H, K] where to write; `B` of Mamba-2.
        v: [B, T, H, V] what to write.
        beta: [B, T, H] strength of the write; `Δ` of Mamba-2.
        log_decay: [B, T, H], or [B, T, H, K] per key; natural logarithm of what is kept, <= 0.
        a: [B, T, H, K] RWKV-7: in-context learning rate.
        kk: [B, T, H, K] RWKV-7: the unit key that is removed.
        mask: [B, T] bool; False marks padding, which leaves the state as it was and reads zeros.

    At one step every shape loses its T.
    """

    q: Keys
    k: Keys
    v: Values
    beta: Gates | None = None
    log_decay: Gates | Keys | None = None
    a: Keys | None = None
    kk: Keys | None = None
    mask: Mask | None = None

    def map(self, change: Callable[[Tensor], Tensor]) -> Inputs:
        """The same inputs with every tensor changed."""
        q, k, v, *rest = self.as_tuple()
        assert q is not None
        assert k is not None
        assert v is not None
        changed = (None if t is None else change(t) for t in rest)
        return Inputs(change(q), change(k), change(v), *changed)

    def as_tuple(self) -> tuple[Tensor | None, ...]:
        """All fields in order."""
        return (self.q, self.k, self.v, self.beta, self.log_decay, self.a, self.kk, self.mask)

    def at(self, t: int) -> Inputs:
        """Token t alone, without the axis T."""
        return self.map(lambda x: x[:, t])

    def cut(self, start: int, stop: int) -> Inputs:
        """Tokens start to stop - 1."""
        return self.map(lambda x: x[:, start:stop])

    def over_time(self) -> Inputs:
        """One step as a sequence of one token."""
        return self.map(lambda x: x.unsqueeze(1))

    def cast(self, dtype: torch.dtype) -> Inputs:
        """All numbers in one precision; the mask stays a mask."""
        return self.map(lambda x: x.to(dtype) if x.is_floating_point() else x)

    def without_idle_mask(self) -> Inputs:
        """The same without a mask that hides nothing, which would only cost time."""
        if self.mask is None or not bool(self.mask.all()):
            return self
        return replace(self, mask=None)

    def silence_padding(self) -> Inputs:
        """Padding as a write of nothing: no key, no value, no strength, no decay; no mask left.

        Filled, not multiplied, so that a NaN in the padding stays there.
        """
        if self.mask is None:
            return self
        hidden = ~self.mask

        def fill(x: Tensor) -> Tensor:
            return x.masked_fill(hidden.reshape(hidden.shape + (1,) * (x.ndim - hidden.ndim)), 0.0)

        return replace(self, mask=None).map(fill)


def check_inputs(
    inputs: Inputs,
    *,
    rule: str,
    needs: frozenset[str],
    takes: frozenset[str],
    over_time: bool,
    sizes: tuple[int, int, int, int],
    dtype: torch.dtype,
    device: torch.device,
) -> None:
    """Refuses inputs that do not fit the rule or the state; looks at no number inside.

    Args:
        rule: name for the messages.
        needs: fields that must be given, beyond q, k and v.
        takes: fields that may be given.
        over_time: whether there is an axis T.
        sizes: B, H, K, V of the state.
        dtype: of the state.
        device: of the state.

    Raises:
        InvalidTensor: names the field, what it is and what it should be.
        StateMismatch: the state has another number of rows.
    """
    batch, heads, key_width, value_width = sizes
    axes = "[B, T, H, K]" if over_time else "[B, H, K]"
    if inputs.q.ndim != (4 if over_time else 3):
        raise InvalidTensor(f"{rule}: q has the shape {tuple(inputs.q.shape)}; it must be {axes}")
    if inputs.q.shape[0] != batch:
        raise StateMismatch(
            f"{rule}: the inputs have {inputs.q.shape[0]} rows, the state {batch}; "
            "the batch cannot change between calls: begin with init_state"
        )
    lead = tuple(inputs.q.shape[:2]) if over_time else (batch,)
    if over_time and lead[1] == 0:
        raise InvalidTensor(f"{rule}: q has T = 0; give at least one token")
    keys, gates = (*lead, heads, key_width), (*lead, heads)
    allowed: dict[str, tuple[tuple[int, ...], ...]] = {
        "q": (keys,),
        "k": (keys,),
        "v": ((*gates, value_width),),
        "beta": (gates,),
        "log_decay": (gates, keys),
        "a": (keys,),
        "kk": (keys,),
        "mask": (lead,),
    }
    for field in fields(Inputs):
        tensor = getattr(inputs, field.name)
        if tensor is None:
            if field.name in needs:
                raise InvalidTensor(f"{rule} needs {field.name}, which is None")
            continue
        if field.name not in takes:
            raise InvalidTensor(f"{rule} makes no use of {field.name}; leave it out")
        _check_one(tensor, f"{rule}: {field.name}", allowed[field.name], dtype, device)


def _check_one(
    tensor: Tensor,
    name: str,
    shapes: tuple[tuple[int, ...], ...],
    dtype: torch.dtype,
    device: torch.device,
) -> None:
    if tuple(tensor.shape) not in shapes:
        wanted = " or ".join(map(str, shapes))
        raise InvalidTensor(f"{name} has the shape {tuple(tensor.shape)}; it must be {wanted}")
    if tensor.device != device:
        raise InvalidTensor(f"{name} is on {tensor.device}, the state on {device}; move one")
    if name.endswith(": mask"):
        if tensor.dtype != torch.bool:
            raise InvalidTensor(f"{name} has the dtype {tensor.dtype}; it must be torch.bool")
    elif not tensor.is_floating_point():
        raise InvalidTensor(f"{name} has the dtype {tensor.dtype}; it must be a float")
    elif tensor.element_size() > dtype.itemsize:
        raise InvalidTensor(
            f"{name} has the dtype {tensor.dtype}, the state only {dtype}: "
            "begin with init_state(dtype=torch.float64), or narrow the inputs"
        )


def look_at(out: Values, size: Gates, inputs: Inputs) -> None:
    """Refuses inputs that made an output NaN or infinite; looks at sums only, until one is.

    Not on a GPU, which would have to be waited for, and not where a graph is kept: training looks
    at its loss.

    Args:
        out: of the rule.
        size: its write magnitude.
        inputs: what it was given.

    Raises:
        InvalidTensor: names the field and the place of the first offender.
    """
    if out.device.type != "cpu" or needs_history(out):
        return
    if not math.isfinite((out.sum() + size.sum()).item()):
        check_finite(inputs.silence_padding())


def check_finite(inputs: Inputs) -> None:
    """Refuses NaN and infinity, but for a log_decay of minus infinity, which resets a state.

    Raises:
        InvalidTensor: names the field and the place of the first offender.
    """
    for field in fields(Inputs):
        tensor = getattr(inputs, field.name)
        if tensor is None or tensor.dtype == torch.bool:
            continue
        wrong = ~torch.isfinite(tensor)
        if field.name == "log_decay":
            wrong &= tensor != -torch.inf
        if bool(wrong.any()):
            place = tuple(wrong.nonzero()[0].tolist())
            raise InvalidTensor(
                f"{field.name} holds {tensor[place].item()} at {place}, "
                f"one of {int(wrong.sum())} such numbers; find out where they come from"
            )
