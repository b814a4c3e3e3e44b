"""What one layer carries: the state of its memory, of its cache, and the convolution's tail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mnemic.errors import NotAState
from mnemic.nn.exact import CacheState, PooledState
from mnemic.nn.layers.conv import ConvState
from mnemic.nn.layers.slow import SlowState
from mnemic.nn.state import State


@dataclass(frozen=True, eq=False)
class LayerState:
    """Values all: `state_next = layer.run(x, state).state` leaves `state` as it was.

    Args:
        rule: of the rule.
        conv: of the short convolution; of RWKV-7's time mixing, the token before.
        cache: of the exact or the pooled cache; None: there is none.
        slow: of the slow features; None: there are none.
        shift: of RWKV-7's channel mixing, the token before; None: there is none.
    """

    rule: State
    conv: ConvState
    cache: CacheState | PooledState | None = None
    slow: SlowState | None = None
    shift: ConvState | None = None

    def states(self) -> dict[str, State]:
        """The states by name, for a file."""
        named: dict[str, State] = {"rule": self.rule, "conv": self.conv}
        if self.cache is not None:
            named["cache"] = self.cache
        if self.slow is not None:
            named["slow"] = self.slow
        if self.shift is not None:
            named["shift"] = self.shift
        return named

    @classmethod
    def of(cls, states: Mapping[str, State]) -> LayerState:
        """The layer's state from what `states` gave.

        Raises:
            NotAState: one is missing, or of the wrong kind.
        """
        rule, conv = states.get("rule"), states.get("conv")
        cache, slow, shift = states.get("cache"), states.get("slow"), states.get("shift")
        if (
            rule is None
            or not isinstance(conv, ConvState)
            or not isinstance(cache, CacheState | PooledState | None)
            or not isinstance(slow, SlowState | None)
            or not isinstance(shift, ConvState | None)
            or not set(states) <= {"rule", "conv", "cache", "slow", "shift"}
        ):
            kinds = {name: state.kind for name, state in states.items()}
            raise NotAState(f"{kinds} is not the state of a layer")
        return cls(rule, conv, cache, slow, shift)

    def change(self, how: Callable[[State], State]) -> LayerState:
        """Every state changed."""
        return LayerState.of({name: how(state) for name, state in self.states().items()})

    @property
    def state_bytes(self) -> int:
        """Bytes of the rule's state, the tails and the slow features."""
        return sum(s.nbytes for name, s in self.states().items() if name != "cache")

    @property
    def cache_bytes(self) -> int:
        """Bytes of the exact cache, its block and its bookkeeping included."""
        return 0 if self.cache is None else self.cache.nbytes
