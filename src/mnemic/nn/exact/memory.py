"""A rule and its exact cache as one memory."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch

from mnemic.errors import InvalidTensor
from mnemic.nn.axes import Gates, Values
from mnemic.nn.exact.cache import ExactCache
from mnemic.nn.exact.entries import CacheState
from mnemic.nn.exact.packing import left_padding
from mnemic.nn.inputs import Inputs
from mnemic.nn.rules.matrix import MatrixState
from mnemic.nn.rules.rule import Rule, chunk_for, unrolled
from mnemic.nn.state import State


class MemoryState(NamedTuple):
    """The rule's state and the cache's."""

    rule: State
    cache: CacheState

    @property
    def nbytes(self) -> int:
        """Bytes of both."""
        return self.rule.nbytes + self.cache.nbytes

    def detach(self) -> MemoryState:
        """Both without their history."""
        return MemoryState(self.rule.detach(), self.cache.detach())


class MemoryOutput(NamedTuple):
    """What the memory gives back; shapes as in a rule's `Output`."""

    state: MemoryState
    out: Values
    write_magnitude: Gates


class ExactMemory:
    """Wiring only: the rule writes, the cache keeps what it wrote most of, both are read.

    Args:
        rule: any rule.
        cache: its learned part and options; a module of its own, so that models may own it.
    """

    def __init__(self, rule: Rule, cache: ExactCache) -> None:
        self.rule = rule
        self.cache = cache

    def init_state(
        self,
        batch: int,
        value_width: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> MemoryState:
        """Both before the first token."""
        heads, key_width = self.cache.heads, self.cache.key_width
        return MemoryState(
            self.rule.init_state(batch, heads, key_width, value_width, dtype, device),
            self.cache.init_state(batch, value_width, dtype, device),
        )

    def step(self, state: MemoryState, inputs: Inputs) -> MemoryOutput:
        """One token, inputs without an axis T."""
        rule_next, out, size = self.rule.step(state.rule, inputs)
        matrix = self._matrix(rule_next)
        cache_next, total = self.cache.step(state.cache, inputs, out, size, matrix=matrix)
        return MemoryOutput(MemoryState(rule_next, cache_next), total, size)

    def run(self, state: MemoryState, inputs: Inputs, chunk: int | None = None) -> MemoryOutput:
        """T tokens; the score recall_error is asked at every block's end, so it goes by blocks.

        Args:
            state: before them.
            inputs: over time.
            chunk: tokens the rule handles at once; 1, and None in float64: token by token, so that
                both forms of the cache are the online one and time may be cut anywhere.
        """
        dtype = state.cache.slots.k.dtype
        if chunk_for(chunk, dtype) == 1 and inputs.q.ndim == 4 and inputs.q.shape[1]:
            left_padding(inputs.mask, *inputs.q.shape[:2])
            return MemoryOutput(*unrolled(self.step, state, inputs))
        if self.cache.score != "recall_error" or self.cache.width == 0:
            return self._piece(state, inputs, chunk)
        if inputs.q.ndim != 4 or inputs.q.shape[1] == 0:
            return self._piece(state, inputs, chunk)
        length, size = inputs.q.shape[1], self.cache.chunk
        phases = set(state.cache.phases)
        if len(phases) > 1 or inputs.without_idle_mask().mask is not None:
            raise InvalidTensor(
                "the score recall_error takes no padding: rows would end their blocks at "
                "different times; use another score, or rows of one length"
            )
        first = size - min(phases)
        cuts = [0, *range(first, length, size), length]
        outs, sizes = [], []
        for start, stop in pairwise(cuts):
            state, out, magnitude = self._piece(state, inputs.cut(start, stop), chunk)
            outs.append(out)
            sizes.append(magnitude)
        return MemoryOutput(state, torch.cat(outs, 1), torch.cat(sizes, 1))

    def _piece(self, state: MemoryState, inputs: Inputs, chunk: int | None) -> MemoryOutput:
        rule_next, out, size = self.rule.run(state.rule, inputs, chunk)
        matrix = self._matrix(rule_next)
        cache_next, total = self.cache(state.cache, inputs, out, size, matrix=matrix)
        return MemoryOutput(MemoryState(rule_next, cache_next), total, size)

    def _matrix(self, state: State) -> torch.Tensor | None:
        if self.cache.score != "recall_error":
            return None
        if not isinstance(state, MatrixState):
            raise InvalidTensor(
                f"the score recall_error asks a matrix what it recalls; the rule "
                f"{self.rule.name!r} keeps none"
            )
        return state.matrix
