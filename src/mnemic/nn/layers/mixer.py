"""The mixer: what makes a layer of a rule. Project, convolve, gate, remember, project back."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, silu

from mnemic.errors import InvalidTensor, StateMismatch
from mnemic.nn.axes import Mask
from mnemic.nn.exact import ExactCache, ExactMemory, MemoryState
from mnemic.nn.inputs import Inputs
from mnemic.nn.layers.config import LayerConfig
from mnemic.nn.layers.conv import ConvState, ShortConv
from mnemic.nn.layers.gates import GATES, StrengthAndDecayPerKey
from mnemic.nn.layers.layer_state import LayerState
from mnemic.nn.layers.norm import RMSNorm
from mnemic.nn.rules import make_rule

NORMED = frozenset({"delta", "gated_delta", "linear", "mamba2"})
"""Rules whose queries and keys are made unit vectors; the others take them as they are."""


class MixerOutput(NamedTuple):
    """state after the tokens; out [B, T, D], or [B, D] at one step, zeros at padding."""

    state: LayerState
    out: Tensor


class Mixer(nn.Module):
    """Tokens in, what memory says to them out.

        q, k, v = silu(conv(W x));  o = memory(q, k, v, gates(x));  out = W_out rmsnorm(o)

    Args:
        width: D, of input and output.
        config: the layer as data; its MLP is not the mixer's.

    A sliding window counts padding among its tokens: padding in a later call shortens it.

    Source:
        Gated DeltaNet (Yang et al., 2024), figure 1, arXiv:2412.06464. Differs: no output gate.
    """

    def __init__(self, width: int, config: LayerConfig) -> None:
        super().__init__()
        if config.rule not in GATES:
            raise InvalidTensor(
                f"no gates are known for the rule {config.rule!r}; known are: {', '.join(GATES)}"
            )
        self.config = config
        self.rule = make_rule(config.rule, **config.options)
        keys, values = config.heads * config.key_width, config.heads * config.value_width
        self.splits = [keys, keys, values]
        self.project = nn.Linear(width, sum(self.splits), bias=False)
        self.conv = ShortConv(sum(self.splits), config.conv)
        features = width + (sum(self.splits) if config.gates_see_conv else 0)
        made = StrengthAndDecayPerKey if config.decay_per_key else GATES[config.rule]
        self.gates = made(features, config.heads, config.key_width)
        self.norm = RMSNorm(config.value_width)
        self.out = nn.Linear(values, width, bias=False)
        self.cache = _make_cache(config)

    def init_state(
        self,
        batch: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> LayerState:
        """Before the first token."""
        c = self.config
        sizes = (batch, c.heads, c.key_width, c.value_width)
        cache = None
        if self.cache is not None:
            cache = self.cache.init_state(batch, c.value_width, dtype, device)
        rule = self.rule.init_state(*sizes, dtype, device)
        return LayerState(rule, self.conv.init_state(batch, dtype, device), cache)

    def forward(
        self, x: Tensor, state: LayerState, mask: Mask | None = None, chunk: int = 64
    ) -> MixerOutput:
        """T tokens.

        Args:
            x: [B, T, D].
            state: before them.
            mask: [B, T], False at padding, which must be on the left.
            chunk: tokens the rule handles at once; changes rounding only.
        """
        conv_next, inputs = self._prepare(x, state, mask)
        if self.cache is None:
            done = self.rule.run(state.rule, inputs, chunk)
            state_next = LayerState(done.state, conv_next)
            return MixerOutput(state_next, self._finish(done.out))
        memory = ExactMemory(self.rule, self.cache)
        both = memory.run(_both(state), inputs, chunk)
        state_next = LayerState(both.state.rule, conv_next, both.state.cache)
        return MixerOutput(state_next, self._finish(both.out))

    def step(self, x: Tensor, state: LayerState, mask: Mask | None = None) -> MixerOutput:
        """One token: x [B, D], mask [B]; equal to a run of one token, and faster."""
        row_mask = None if mask is None else mask.unsqueeze(1)
        conv_next, inputs = self._prepare(x.unsqueeze(1), state, row_mask)
        token = inputs.at(0)
        if self.cache is None:
            done = self.rule.step(state.rule, token)
            return MixerOutput(LayerState(done.state, conv_next), self._finish(done.out))
        both = ExactMemory(self.rule, self.cache).step(_both(state), token)
        state_next = LayerState(both.state.rule, conv_next, both.state.cache)
        return MixerOutput(state_next, self._finish(both.out))

    def _prepare(self, x: Tensor, state: LayerState, mask: Mask | None) -> tuple[ConvState, Inputs]:
        if (state.cache is None) != (self.cache is None):
            has = "no cache" if state.cache is None else "a cache"
            raise StateMismatch(f"the state has {has}, the layer differs; use its own init_state")
        conv_next, mixed = self.conv(state.conv, self.project(x), mask)
        mixed = silu(mixed)
        q, k, v = torch.split(mixed, self.splits, -1)
        q, k, v = (part.reshape(*x.shape[:-1], self.config.heads, -1) for part in (q, k, v))
        if self.config.rule in NORMED:
            q, k = normalize(q, dim=-1), normalize(k, dim=-1)
        seen = torch.cat([x, mixed], -1) if self.config.gates_see_conv else x
        told = self.gates(seen, k)
        return conv_next, Inputs(
            q, told.k, v, told.beta, told.log_decay, told.a, told.kk, mask=mask
        )

    def _finish(self, out: Tensor) -> Tensor:
        return self.out(self.norm(out).flatten(-2))


def _both(state: LayerState) -> MemoryState:
    assert state.cache is not None
    return MemoryState(state.rule, state.cache)


def _make_cache(config: LayerConfig) -> ExactCache | None:
    if config.cache is None:
        return None
    try:
        return ExactCache(config.heads, config.key_width, **config.cache)
    except TypeError as wrong:
        raise InvalidTensor(f"a cache cannot be made with {config.cache!r}: {wrong}") from wrong
