"""A call as a value: what came over HTTP, which this process or another carries out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnemic.agent.memory import Memory
from mnemic.serve.access import Access
from mnemic.serve.operations import OPERATIONS, carry_out
from mnemic.serve.rest.reading import read_request
from mnemic.serve.terminal import jsonable


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked, by whom: the operation's name, fields of the path, query, body, and headers'
    fields.
    """

    operation: str
    path: Mapping[str, str]
    query: bytes
    body: bytes
    more: Mapping[str, Any]
    access: Access


@dataclass(frozen=True, slots=True)
class Said:
    """The answer as JSON, and of a recall how long its stages took."""

    body: bytes
    stages_ms: Mapping[str, float] | None


def carry_out_call(memory: Memory, call: Call) -> Said:
    """Reads the request, carries it out, and writes the answer.

    Raises:
        Refusal: it is no such request.
        MnemicError: as the operation raises it.
    """
    operation = OPERATIONS[call.operation]
    asked = read_request(operation, call.path, call.query, call.body, call.more)
    found = carry_out(operation, memory, asked, call.access)
    body = json.dumps(found, ensure_ascii=False, default=jsonable).encode()
    return Said(body, found["ms"] if operation.name == "recall" else None)


def warm_up(memory: Memory) -> None:
    """Loads the model and the largest scope, so that the first recall is quick."""
    scopes = memory.scopes()
    if scopes:
        largest, _ = max(scopes, key=lambda one: one[1])
        memory.evidence("what was said", scope=largest, window=None)
    elif memory.embedder is not None:
        memory.embedder.embed(["what was said"])
