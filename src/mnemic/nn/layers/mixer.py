"""The mixer: what makes a layer of a rule. Project, convolve, gate, remember, project back."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, normalize, silu

from mnemic.errors import InvalidTensor, StateMismatch
from mnemic.nn.axes import Gates, Mask
from mnemic.nn.exact import (
    CacheState,
    ExactCache,
    ExactMemory,
    MemoryState,
    PooledCache,
    PooledState,
)
from mnemic.nn.exact.packing import left_padding
from mnemic.nn.inputs import Inputs
from mnemic.nn.layers.config import LayerConfig
from mnemic.nn.layers.conv import ConvState, ShortConv
from mnemic.nn.layers.gates import GATES, StrengthAndDecayPerKey
from mnemic.nn.layers.layer_state import LayerState
from mnemic.nn.layers.norm import RMSNorm
from mnemic.nn.layers.slow import SlowFeatures, SlowState
from mnemic.nn.rules import make_rule
from mnemic.nn.rules.rule import chunk_for
from mnemic.nn.state import State

NORMED = frozenset({"delta", "gated_delta", "linear", "mamba2"})
"""Rules whose queries and keys are made unit vectors; the others take them as they are."""


class MixerOutput(NamedTuple):
    """state after the tokens; out [B, T, D], or [B, D] at one step, zeros at padding."""

    state: LayerState
    out: Tensor


class Prepared(NamedTuple):
    """What is known of the tokens before any memory is asked.

    Args:
        conv: state of the convolution after the tokens.
        slow: state of the slow features after them, or None.
        inputs: of the rule.
        importance: [B, T, owners] logarithm, for a pooled cache, or None.
    """

    conv: ConvState
    slow: SlowState | None
    inputs: Inputs
    importance: Gates | None

    def state(self, rule: State, cache: CacheState | PooledState | None = None) -> LayerState:
        """The layer's state with those of its memory."""
        return LayerState(rule, self.conv, cache, self.slow)


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
        self.slow = SlowFeatures(sum(self.splits), config.slow) if config.slow else None
        features = width + (sum(self.splits) if config.gates_see_conv else 0)
        features += self.slow.out_width if self.slow is not None else 0
        made = StrengthAndDecayPerKey if config.decay_per_key else GATES[config.rule]
        top = 2.0 if config.negative_eigenvalues else 1.0
        self.gates = made(features, config.heads, config.key_width, top)
        self.norm = RMSNorm(config.value_width)
        self.out = nn.Linear(values, width, bias=False)
        self.cache = _make_cache(config)
        self.importance: nn.Linear | None = None
        if isinstance(self.cache, PooledCache):
            self.importance = nn.Linear(features, self.cache.owners)
            nn.init.ones_(self.importance.bias)
        _begin_with(width, self.gates)
        if self.importance is not None:
            # It sees the convolved tokens from the start: begun without them, it ranks late (LOG).
            slow = self.slow.out_width if self.slow is not None else 0
            _begin_with(features - slow, self.importance)

    def init_state(
        self,
        batch: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> LayerState:
        """Before the first token."""
        c = self.config
        sizes = (batch, c.heads, c.key_width, c.value_width)
        cache: CacheState | PooledState | None = None
        if self.cache is not None:
            cache = self.cache.init_state(batch, c.value_width, dtype, device)
        rule = self.rule.init_state(*sizes, dtype, device)
        slow = self.slow.init_state(batch, dtype, device) if self.slow is not None else None
        return LayerState(rule, self.conv.init_state(batch, dtype, device), cache, slow)

    def forward(
        self, x: Tensor, state: LayerState, mask: Mask | None = None, chunk: int | None = None
    ) -> MixerOutput:
        """T tokens.

        Args:
            x: [B, T, D].
            state: before them.
            mask: [B, T], False at padding, which must be on the left.
            chunk: tokens handled at once; changes rounding only. 1 is T steps; None is that in
                float64, see `chunk_for`.
        """
        if x.ndim != 3 or x.shape[1] == 0:
            raise InvalidTensor(f"x has the shape {tuple(x.shape)}; it must be [B, T >= 1, D]")
        size = chunk_for(chunk, x.dtype)
        if size > 1:
            return self._many(x, state, mask, size)
        left_padding(mask, *x.shape[:2])
        outs = []
        for t in range(x.shape[1]):
            state, out = self.step(x[:, t], state, None if mask is None else mask[:, t])
            outs.append(out)
        return MixerOutput(state, torch.stack(outs, 1))

    def _many(self, x: Tensor, state: LayerState, mask: Mask | None, chunk: int) -> MixerOutput:
        ready = self._prepare(x, state, mask)
        if isinstance(self.cache, ExactCache):
            memory = ExactMemory(self.rule, self.cache)
            both = memory.run(_both(state), ready.inputs, chunk)
            return MixerOutput(ready.state(*both.state), self._finish(both.out))
        done = self.rule.run(state.rule, ready.inputs, chunk)
        if self.cache is None:
            return MixerOutput(ready.state(done.state), self._finish(done.out))
        assert isinstance(state.cache, PooledState)
        assert ready.importance is not None
        kept, out = self.cache(
            state.cache, ready.inputs, done.out, done.write_magnitude, ready.importance, chunk
        )
        return MixerOutput(ready.state(done.state, kept), self._finish(out))

    def step(self, x: Tensor, state: LayerState, mask: Mask | None = None) -> MixerOutput:
        """One token: x [B, D], mask [B]; equal to a run of one token, and faster."""
        row_mask = None if mask is None else mask.unsqueeze(1)
        ready = self._prepare(x.unsqueeze(1), state, row_mask)
        token = ready.inputs.at(0)
        if isinstance(self.cache, ExactCache):
            both = ExactMemory(self.rule, self.cache).step(_both(state), token)
            return MixerOutput(ready.state(*both.state), self._finish(both.out))
        done = self.rule.step(state.rule, token)
        if self.cache is None:
            return MixerOutput(ready.state(done.state), self._finish(done.out))
        assert isinstance(state.cache, PooledState)
        assert ready.importance is not None
        kept, out = self.cache.step(
            state.cache, token, done.out, done.write_magnitude, ready.importance[:, 0]
        )
        return MixerOutput(ready.state(done.state, kept), self._finish(out))

    def _prepare(self, x: Tensor, state: LayerState, mask: Mask | None) -> Prepared:
        _check_parts(self, state)
        if mask is not None and bool(mask.all()):
            mask = None
        conv_next, mixed = self.conv(state.conv, self.project(x), mask)
        mixed = silu(mixed)
        q, k, v = torch.split(mixed, self.splits, -1)
        q, k, v = (part.reshape(*x.shape[:-1], self.config.heads, -1) for part in (q, k, v))
        if self.config.rule in NORMED:
            q, k = normalize(q, dim=-1), normalize(k, dim=-1)
        seen, slow_next = [x], None
        if self.config.gates_see_conv:
            seen.append(mixed)
        if self.slow is not None:
            assert state.slow is not None
            slow_next, features = self.slow(state.slow, mixed, mask)
            seen.append(features)
        known = torch.cat(seen, -1)
        told = self.gates(known, k)
        importance = None if self.importance is None else logsigmoid(self.importance(known))
        inputs = Inputs(q, told.k, v, told.beta, told.log_decay, told.a, told.kk, mask=mask)
        return Prepared(conv_next, slow_next, inputs, importance)

    def _finish(self, out: Tensor) -> Tensor:
        return self.out(self.norm(out).flatten(-2))


def _both(state: LayerState) -> MemoryState:
    assert isinstance(state.cache, CacheState)
    return MemoryState(state.rule, state.cache)


def _check_parts(mixer: Mixer, state: LayerState) -> None:
    """Refuses the state of a layer with other parts.

    Raises:
        StateMismatch: names the part.
    """
    made = {ExactCache: CacheState, PooledCache: PooledState, SlowFeatures: SlowState}
    for name, part, own in (
        ("cache", mixer.cache, state.cache),
        ("slow features", mixer.slow, state.slow),
    ):
        wanted = type(None) if part is None else made[type(part)]
        if not isinstance(own, wanted):
            raise StateMismatch(
                f"the state of the {name} is {'missing' if own is None else own.rule!r}, "
                f"the layer's is {'none' if part is None else part.name!r}; use its own init_state"
            )


def _begin_with(width: int, module: nn.Module) -> None:
    """What it sees beside the first `width` features begins without a say."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.zeros_(part.weight[:, width:])


def _make_cache(config: LayerConfig) -> ExactCache | PooledCache | None:
    if config.cache is None:
        return None
    options = {name: value for name, value in config.cache.items() if name != "kind"}
    kinds = {"exact": ExactCache, "pooled": PooledCache}
    kind = config.cache.get("kind", "exact")
    if kind not in kinds:
        raise InvalidTensor(f"there is no cache {kind!r}; the caches are: {', '.join(kinds)}")
    try:
        return kinds[kind](config.heads, config.key_width, **options)
    except TypeError as wrong:
        raise InvalidTensor(f"a cache cannot be made with {config.cache!r}: {wrong}") from wrong
