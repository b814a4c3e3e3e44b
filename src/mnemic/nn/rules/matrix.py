"""Rules whose state is one matrix per head: a law for one token, and its form over chunks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from mnemic.errors import InvalidTensor
from mnemic.nn.axes import Gates, Matrix, Values
from mnemic.nn.inputs import Inputs, check_inputs, look_at
from mnemic.nn.precision import full_precision
from mnemic.nn.rules.rule import ALWAYS, Output, chunk_for, own_state, silence_outputs, unrolled
from mnemic.nn.state import State, check_sizes, check_state_dtype

LOG_DECAY_MIN = {torch.float32: -104.0, torch.float64: -746.0}
"""Where exp is 0 at last. Below that, sums of log decays would only lose the digits of their mild
terms; so a state can be reset by -1e9, or by minus infinity."""

Law = Callable[[Matrix, Inputs], tuple[Matrix, Values, Gates]]
"""(matrix, inputs of one token) -> (matrix_next, out [B, H, V], write magnitude [B, H])."""

Chunked = Callable[[Matrix, Inputs, int], tuple[Matrix, Values, Gates]]
"""(matrix, inputs over T, chunk) -> (matrix_next, out [B, T, H, V], write magnitude [B, T, H])."""


@dataclass(frozen=True, eq=False)
class MatrixState(State, kind="matrix"):
    """matrix: [B, H, K, V], float32 or float64; S in the formulas."""

    matrix: Matrix

    def zeros(self) -> Self:
        """A fresh state of the same shapes."""
        return replace(self, position=0, matrix=torch.zeros_like(self.matrix))

    def validate(self) -> None:
        """Refuses what is no matrix per head."""
        if self.matrix.ndim != 4 or self.matrix.dtype not in (torch.float32, torch.float64):
            raise InvalidTensor(
                f"the matrix is {tuple(self.matrix.shape)} of {self.matrix.dtype}; it must be BHKV"
            )


@dataclass(frozen=True, slots=True)
class MatrixRule:
    """A rule made of a law (the definition) and its chunk-parallel form.

    Args:
        name: of the rule.
        needs: inputs it cannot do without.
        optional: inputs it can use.
        law: one token; the definition.
        chunked: T tokens, C at a time; equal to the law up to rounding.
        decay_per_key: whether log_decay must have the axis K.
    """

    name: str
    needs: frozenset[str]
    law: Law
    chunked: Chunked
    optional: frozenset[str] = frozenset()
    decay_per_key: bool = False

    @property
    def takes(self) -> frozenset[str]:
        """All inputs it makes use of."""
        return ALWAYS | self.needs | self.optional

    def init_state(
        self,
        batch: int,
        heads: int,
        key_width: int,
        value_width: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> MatrixState:
        """An empty matrix per head.

        Raises:
            InvalidTensor: a size below 1, or a dtype other than float32 and float64.
        """
        check_sizes(batch=batch, heads=heads, key_width=key_width, value_width=value_width)
        check_state_dtype(dtype)
        shape = (batch, heads, key_width, value_width)
        return MatrixState(self.name, 0, torch.zeros(shape, dtype=dtype, device=device))

    @full_precision
    def step(self, state: State, inputs: Inputs) -> Output:
        """One token by the law."""
        own, ready = self._ready(state, inputs, over_time=False)
        matrix, out, magnitude = self.law(own.matrix, ready)
        state_next = MatrixState(self.name, own.position + 1, matrix)
        return self._output(state_next, out, magnitude, inputs)

    @full_precision
    def run(self, state: State, inputs: Inputs, chunk: int | None = None) -> Output:
        """T tokens, `chunk` at a time; 1 follows the law token by token, as does None in float64."""
        own, ready = self._ready(state, inputs, over_time=True)
        length = inputs.q.shape[1]
        size = min(chunk_for(chunk, own.matrix.dtype), length)
        if ready.log_decay is not None and size > 1:
            lowest = LOG_DECAY_MIN[own.matrix.dtype]
            ready = replace(ready, log_decay=ready.log_decay.clamp_min(lowest))
        form = unroll(self.law) if size == 1 else self.chunked
        matrix, out, magnitude = form(own.matrix, ready, size)
        state_next = MatrixState(self.name, own.position + length, matrix)
        return self._output(state_next, out, magnitude, inputs)

    def _ready(
        self, state: State, inputs: Inputs, *, over_time: bool
    ) -> tuple[MatrixState, Inputs]:
        own = own_state(state, MatrixState, self.name)
        batch, heads, key_width, value_width = own.matrix.shape
        check_inputs(
            inputs,
            rule=self.name,
            needs=self.needs,
            takes=self.takes,
            over_time=over_time,
            sizes=(batch, heads, key_width, value_width),
            dtype=own.matrix.dtype,
            device=own.matrix.device,
        )
        decay = inputs.log_decay
        if self.decay_per_key and decay is not None and decay.shape != inputs.k.shape:
            raise InvalidTensor(
                f"{self.name}: log_decay has the shape {tuple(decay.shape)}; "
                f"it must be {tuple(inputs.k.shape)}, one number per key"
            )
        return own, inputs.cast(own.matrix.dtype).silence_padding()

    def _output(self, state: MatrixState, out: Tensor, size: Tensor, inputs: Inputs) -> Output:
        out, size = silence_outputs(out.to(inputs.v.dtype), size.detach().float(), inputs.mask)
        look_at(out, size, inputs)
        return Output(state, out, size)


def unroll(law: Law) -> Chunked:
    """The law token by token, in the shape of a chunked form: the sequential specification."""

    def run(matrix: Matrix, inputs: Inputs, _size: int) -> tuple[Matrix, Values, Gates]:
        return unrolled(law, matrix, inputs)

    return run
