"""Attention as a rule: the pairs are the state. All of them (softmax), or the last W (window)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mnemic.nn.inputs import Inputs, check_inputs, look_at
from mnemic.nn.precision import full_precision
from mnemic.nn.rules.pairs import (
    CAPACITY_MIN,
    PairState,
    append,
    attend,
    empty_pairs,
    extend,
    pair_magnitude,
)
from mnemic.nn.rules.rule import ALWAYS, Output, chunk_for, own_state, silence_outputs, unrolled
from mnemic.nn.state import State, check_sizes, check_state_dtype, needs_history


@dataclass(frozen=True, slots=True)
class AttentionRule:
    """Softmax attention over the pairs kept. No positional encoding: order does not matter.

    Args:
        name: of the rule, with its width.
        width: tokens that are seen, the current one included; None: all.
    """

    name: str
    width: int | None = None
    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = ALWAYS

    def init_state(
        self,
        batch: int,
        heads: int,
        key_width: int,
        value_width: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> PairState:
        """No pairs yet; a window has its full size from the start.

        Raises:
            InvalidTensor: a size below 1, or a dtype other than float32 and float64.
        """
        check_sizes(batch=batch, heads=heads, key_width=key_width, value_width=value_width)
        check_state_dtype(dtype)
        slots = CAPACITY_MIN if self.width is None else 2 * self.width
        sizes = (batch, heads, key_width, value_width)
        return empty_pairs(self.name, sizes, self.width, slots, dtype, device)

    @full_precision
    def step(self, state: State, inputs: Inputs) -> Output:
        """Keep the pair, then read all that is seen."""
        own, ready = self._ready(state, inputs, over_time=False)
        inputs = inputs.without_idle_mask()
        history = needs_history(ready.q, ready.k, ready.v, own.k, own.v)
        kept = append(own, ready.k, ready.v, inputs.mask, self.width, history=history)
        first = 0 if self.width is None else max(0, kept.filled - self.width)
        here = slice(first, kept.filled)
        seen = kept.live[:, None, None, here] if kept.padded else None
        out = attend(ready.q.unsqueeze(2), kept.k[:, :, here], kept.v[:, :, here], seen)
        return _output(kept, out.squeeze(2), pair_magnitude(ready.k, ready.v), inputs)

    @full_precision
    def run(self, state: State, inputs: Inputs, chunk: int | None = None) -> Output:
        """T tokens, `chunk` queries at a time: memory chunk * (what is seen), never T * T."""
        own, ready = self._ready(state, inputs, over_time=True)
        inputs = inputs.without_idle_mask()
        size = chunk_for(chunk, own.k.dtype)
        if size == 1:
            return Output(*unrolled(self.step, own, inputs))
        q, k, v = (x.transpose(1, 2) for x in (ready.q, ready.k, ready.v))
        everything = extend(own, k, v, inputs.mask, None)
        before, length = own.filled, q.shape[2]
        outs = [
            self._block(everything, q[:, :, start : start + size], before + start)
            for start in range(0, length, size)
        ]
        magnitude = pair_magnitude(ready.k, ready.v)
        kept = everything
        if self.width is not None:
            kept = extend(own, k, v, inputs.mask, self.width)
        return _output(kept, torch.cat(outs, 2).transpose(1, 2), magnitude, inputs)

    def _block(self, pairs: PairState, q: Tensor, at: int) -> Tensor:
        """Outputs of the queries whose own pairs stand in the slots from `at` on."""
        last = at + q.shape[2]
        first = 0 if self.width is None else max(0, at - self.width + 1)
        own = torch.arange(at, last, device=q.device).unsqueeze(1)
        slot = torch.arange(first, last, device=q.device).unsqueeze(0)
        seen = slot <= own
        if self.width is not None:
            seen = seen & (slot > own - self.width)
        if pairs.padded:
            seen = seen & pairs.live[:, None, None, first:last]
        return attend(q, pairs.k[:, :, first:last], pairs.v[:, :, first:last], seen)

    def _ready(self, state: State, inputs: Inputs, *, over_time: bool) -> tuple[PairState, Inputs]:
        own = own_state(state, PairState, self.name)
        batch, heads, _, key_width = own.k.shape
        check_inputs(
            inputs,
            rule=self.name,
            needs=self.needs,
            takes=self.takes,
            over_time=over_time,
            sizes=(batch, heads, key_width, own.v.shape[-1]),
            dtype=own.k.dtype,
            device=own.k.device,
        )
        return own, inputs.cast(own.k.dtype).silence_padding()


def _output(state: PairState, out: Tensor, magnitude: Tensor, inputs: Inputs) -> Output:
    out, magnitude = silence_outputs(out.to(inputs.v.dtype), magnitude.float(), inputs.mask)
    look_at(out, magnitude, inputs)
    return Output(state, out, magnitude)
