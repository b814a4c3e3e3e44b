"""Memories of tensors: a fixed-size state, and the exact cache for what it forgets.

`rules` write and read a state; `exact` keeps the pairs the state failed to absorb; `state` is the
value both carry, and `state_file` makes it a file. The letters of all shapes are in `axes`.
"""

from __future__ import annotations

try:
    import torch as _torch  # noqa: F401  a missing PyTorch is said here, once, in words
except ModuleNotFoundError as missing:
    if missing.name != "torch":
        raise
    raise ModuleNotFoundError(
        "mnemic.nn needs PyTorch, which is not installed; run pip install 'mnemic[nn]'",
        name="torch",
    ) from missing

from mnemic.nn.inputs import Inputs, check_finite
from mnemic.nn.rules import Output, Rule, make_rule, rule_names
from mnemic.nn.state import State
from mnemic.nn.state_file import fingerprint, load_states, save_states

__all__ = [
    "Inputs",
    "Output",
    "Rule",
    "State",
    "check_finite",
    "fingerprint",
    "load_states",
    "make_rule",
    "rule_names",
    "save_states",
]
