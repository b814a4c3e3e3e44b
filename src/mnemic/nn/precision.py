"""Memories keep their precision: what sums over a whole text is not narrowed on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")


def full_precision(call: Callable[P, R]) -> Callable[P, R]:
    """The same call, deaf to autocast, which would take products of states in half precision."""

    @wraps(call)
    def deaf(*args: P.args, **kwargs: P.kwargs) -> R:
        if not (torch.is_autocast_enabled("cpu") or torch.is_autocast_enabled("cuda")):
            return call(*args, **kwargs)
        with torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
            return call(*args, **kwargs)

    return deaf
