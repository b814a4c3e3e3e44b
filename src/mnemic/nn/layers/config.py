"""A layer as data: which rule, how large, with or without the exact cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from mnemic.errors import InvalidTensor
from mnemic.nn.rules import make_rule
from mnemic.nn.state import check_sizes

REFLECTING = frozenset({"delta", "gated_delta", "rwkv7"})
"""Rules that take off what a key held, and so may take off twice as much."""


@dataclass(frozen=True, slots=True)
class LayerConfig:
    """One layer. `LayerConfig.of({"rule": "delta", "cache": {"width": 32}}, key_width=16)`.

    Args:
        rule: its name.
        options: of the rule, such as {"width": 48} of the sliding window.
        cache: options of `ExactCache`, or with "kind": "pooled" of `PooledCache`; None: no cache.
        heads: H.
        key_width: K.
        value_width: V.
        conv: taps of the short convolution; 1 sees the current token only.
        gates_see_conv: whether gates see the convolved q, k and v beside the layer's input.
        slow: projections of which gates see slow running means; 0: none. What gates see beside the
            layer's input begins with the weight 0; importance begins without the slow means only.
        decay_per_key: a decay for every key (gated_delta only; rwkv7 always has it).
        negative_eigenvalues: whether a write may turn what a key held into its opposite (delta,
            gated_delta, rwkv7): beta, or a, reaches 2 instead of 1. Needed to count and to follow
            permutations; no more bytes.
        mlp: width of the gated MLP's inside; 0: no MLP.
    """

    rule: str = "delta"
    options: Mapping[str, Any] = field(default_factory=dict)
    cache: Mapping[str, Any] | None = None
    heads: int = 2
    key_width: int = 16
    value_width: int = 32
    conv: int = 4
    gates_see_conv: bool = False
    slow: int = 0
    decay_per_key: bool = False
    negative_eigenvalues: bool = False
    mlp: int = 0

    def __post_init__(self) -> None:
        # Copies: what the caller does with his mappings later is no matter of ours.
        object.__setattr__(self, "options", dict(self.options))
        if self.cache is not None:
            if not isinstance(self.cache, Mapping):
                raise InvalidTensor(f"cache is {self.cache!r}; give its options, or None for none")
            object.__setattr__(self, "cache", dict(self.cache))
        make_rule(self.rule, **self.options)
        check_sizes(
            heads=self.heads, key_width=self.key_width, value_width=self.value_width, conv=self.conv
        )
        for name, size in (("mlp", self.mlp), ("slow", self.slow)):
            if not isinstance(size, int) or isinstance(size, bool) or size < 0:
                raise InvalidTensor(f"{name} is {size!r}; it must be a whole number, 0 for none")
        if self.decay_per_key and self.rule != "gated_delta":
            raise InvalidTensor(f"the rule {self.rule!r} has no choice of decay_per_key")
        if self.negative_eigenvalues and self.rule not in REFLECTING:
            raise InvalidTensor(
                f"the rule {self.rule!r} has no choice of negative_eigenvalues; "
                f"these have: {', '.join(sorted(REFLECTING))}"
            )

    @classmethod
    def of(cls, described: Mapping[str, Any], **defaults: Any) -> LayerConfig:
        """The layer that a mapping describes; what it leaves out is taken from `defaults`.

        Raises:
            InvalidTensor: a key that no layer has, a rule or a size that cannot be.
        """
        known = [f.name for f in fields(cls)]
        for name in (*described, *defaults):
            if name not in known:
                raise InvalidTensor(f"a layer has no {name!r}; it has: {', '.join(known)}")
        return cls(**{**defaults, **described})

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can say it."""
        described = {f.name: getattr(self, f.name) for f in fields(self)}
        described["options"] = dict(self.options)
        described["cache"] = None if self.cache is None else dict(self.cache)
        return described
