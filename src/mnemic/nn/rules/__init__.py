"""Rules by name. One memory, one folder: spec.py is the law, chunk.py its parallel form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from mnemic.errors import InvalidTensor
from mnemic.nn.rules.delta import delta
from mnemic.nn.rules.gated_delta import gated_delta
from mnemic.nn.rules.linear import linear
from mnemic.nn.rules.mamba2 import mamba2
from mnemic.nn.rules.rule import Output, Rule
from mnemic.nn.rules.rwkv7 import rwkv7
from mnemic.nn.rules.softmax import softmax
from mnemic.nn.rules.window import window

__all__ = ["RULES", "Output", "Rule", "make_rule", "rule_names"]

RULES: Mapping[str, Callable[..., Rule]] = MappingProxyType(
    {
        "delta": delta,
        "gated_delta": gated_delta,
        "linear": linear,
        "mamba2": mamba2,
        "rwkv7": rwkv7,
        "softmax": softmax,
        "window": window,
    }
)
"""Makers of rules; each takes its own options by keyword."""


def rule_names() -> tuple[str, ...]:
    """All names, in order."""
    return tuple(sorted(RULES))


def make_rule(name: str, **options: Any) -> Rule:
    """The rule of that name.

    Args:
        name: one of `rule_names()`.
        options: of the rule, such as `width` of the sliding window.

    Raises:
        InvalidTensor: no rule has that name, or it has no such option.
    """
    if not isinstance(name, str) or name not in RULES:
        near = get_close_matches(str(name), RULES, n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise InvalidTensor(
            f"there is no rule {name!r}.{guess} The rules are: {', '.join(rule_names())}"
        )
    try:
        return RULES[name](**options)
    except TypeError as wrong:
        raise InvalidTensor(
            f"the rule {name!r} cannot be made with {options!r}: {wrong}"
        ) from wrong
