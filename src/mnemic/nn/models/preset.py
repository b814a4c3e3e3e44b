"""A model from a few numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mnemic.nn.models.config import ModelConfig
from mnemic.nn.state import check_sizes

CACHED_EVERY = 3
"""Of so many layers the uppermost has an exact cache: what is kept there is already understood."""


def preset(
    vocabulary: int,
    *,
    layers: int = 3,
    width: int = 128,
    heads: int = 4,
    rule: str = "gated_delta",
    cache_width: int = 64,
    pattern: Sequence[Mapping[str, Any]] | None = None,
) -> ModelConfig:
    """Layers of one rule, every third from the top with an exact cache, MLPs of twice the width.

    Args:
        vocabulary: how many tokens there are.
        layers: how many; with a pattern, that many from it, begun again at its end.
        width: D.
        heads: H; keys are half as wide as values, which together are as wide as the model.
        rule: of the layers.
        cache_width: W, and the size of a block; 0: no cache.
        pattern: the layers instead, as mappings of what differs from these defaults.

    Raises:
        InvalidTensor: a size, rule or option that cannot be.
    """
    check_sizes(layers=layers, width=width, heads=heads)
    if pattern is None:
        cache = {"width": cache_width, "chunk": cache_width} if cache_width else None
        cached = [(layers - 1 - i) % CACHED_EVERY == 0 for i in range(layers)]
        pattern = [{"cache": cache} if here else {} for here in cached]
    value_width = max(1, width // heads)
    defaults = {
        "rule": rule,
        "heads": heads,
        "key_width": max(1, value_width // 2),
        "value_width": value_width,
        "mlp": 2 * width,
    }
    chosen = [pattern[i % len(pattern)] for i in range(layers)] if pattern else []
    return ModelConfig(vocabulary, width, chosen, defaults)
