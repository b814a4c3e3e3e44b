"""Mnemic: exact memory for what the state forgets.

The public names are loaded on first use: importing mnemic loads neither SQLite, numpy nor a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnemic.agent.memory import Memory
    from mnemic.agent.records import Context, Episode, Hit, Recall, Window
    from mnemic.agent.write.redact import Redaction
    from mnemic.errors import MnemicError
    from mnemic.serve.tools import tools
    from mnemic.vocabulary import Span

__version__ = "0.1.0"

_HOMES = {
    "Memory": "mnemic.agent.memory",
    "Context": "mnemic.agent.records",
    "Episode": "mnemic.agent.records",
    "Hit": "mnemic.agent.records",
    "Recall": "mnemic.agent.records",
    "Window": "mnemic.agent.records",
    "MnemicError": "mnemic.errors",
    "Redaction": "mnemic.agent.write.redact",
    "Span": "mnemic.vocabulary",
    "tools": "mnemic.serve.tools",
}

__all__ = [
    "Context", "Episode", "Hit", "Memory", "MnemicError", "Recall", "Redaction", "Span", "Window",
    "tools",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mnemic' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
