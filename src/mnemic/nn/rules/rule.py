"""What every rule is: three functions over values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor

from mnemic.errors import StateMismatch
from mnemic.nn.axes import Gates, Keys, Matrix, Values
from mnemic.nn.inputs import Inputs
from mnemic.nn.state import State, check_sizes

S = TypeVar("S", bound=State)


class Output(NamedTuple):
    """What a rule gives back.

    Args:
        state: after the tokens.
        out: [B, T, H, V] over time, [B, H, V] at one step; in the dtype of the values.
        write_magnitude: [B, T, H] or [B, H] float32, detached: ||S_t - D_t S_(t-1)||, the size of
            what was written, after decay. 0 at padding.
    """

    state: State
    out: Values
    write_magnitude: Gates


@runtime_checkable
class Rule(Protocol):
    """A way a state is written and read."""

    @property
    def name(self) -> str:
        """The rule's name, with its options: what a state remembers of its rule."""

    @property
    def needs(self) -> frozenset[str]:
        """Inputs it cannot do without, beyond q, k and v."""

    @property
    def takes(self) -> frozenset[str]:
        """All inputs it makes use of."""

    def init_state(
        self,
        batch: int,
        heads: int,
        key_width: int,
        value_width: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> State:
        """The state before the first token."""

    def step(self, state: State, inputs: Inputs) -> Output:
        """One token, inputs without an axis T."""

    def run(self, state: State, inputs: Inputs, chunk: int | None = None) -> Output:
        """T tokens; equal to T steps in outputs, final state and gradients, up to rounding.

        Args:
            state: before them.
            inputs: over time.
            chunk: tokens at once; 1 is T steps, bit for bit. None: see `chunk_for`.
        """


CHUNK = 64
"""Tokens handled at once where nobody says otherwise."""


def chunk_for(chunk: int | None, dtype: torch.dtype) -> int:
    """The chunk that is meant.

    Float64 is the precision of proofs: there time goes token by token, so that a run cut anywhere
    gives the same bits. Name a chunk to have the parallel form, which changes the rounding.

    Raises:
        InvalidTensor: a chunk below 1.
    """
    if chunk is None:
        return 1 if dtype == torch.float64 else CHUNK
    check_sizes(chunk=chunk)
    return chunk


def unrolled(
    step: Callable[[Any, Inputs], tuple[Any, Values, Gates]], state: Any, inputs: Inputs
) -> tuple[Any, Values, Gates]:
    """T tokens one by one.

    Returns:
        The state after them; outputs [B, T, H, V]; write magnitudes [B, T, H].
    """
    outs, sizes = [], []
    for t in range(inputs.q.shape[1]):
        state, out, size = step(state, inputs.at(t))
        outs.append(out)
        sizes.append(size)
    return state, torch.stack(outs, 1), torch.stack(sizes, 1)


ALWAYS = frozenset({"q", "k", "v", "mask"})
"""Inputs that every rule makes use of."""


def recall(matrix: Matrix, key: Keys) -> Values:
    """S^T k: what the state answers, [B, H, V], for key [B, H, K]."""
    return (key.unsqueeze(-2) @ matrix).squeeze(-2)


def own_state(state: State, kind: type[S], rule: str) -> S:
    """The state, known to be the rule's own.

    Raises:
        StateMismatch: it was made by another rule.
    """
    if not isinstance(state, kind) or state.rule != rule:
        made = getattr(state, "rule", type(state).__name__)
        raise StateMismatch(
            f"the rule {rule!r} was given a state of {made!r}; begin with its own init_state"
        )
    return state


def silence_outputs(out: Tensor, magnitude: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Outputs and magnitudes with zeros at padding."""
    if mask is None:
        return out, magnitude
    hidden = ~mask
    return (
        out.masked_fill(hidden[..., None, None], 0.0),
        magnitude.masked_fill(hidden[..., None], 0.0),
    )
