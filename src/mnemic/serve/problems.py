"""Errors as callers may see them: a status, a kind, a sentence. What is ours to know stays in the log."""

from __future__ import annotations

from dataclasses import dataclass

from mnemic.errors import (
    Conflict,
    EmbedderError,
    InvalidInput,
    LLMError,
    MnemicError,
    NotThere,
    ReadOnlyStore,
    SleepBusy,
    StoreBusy,
    StoreFull,
)
from mnemic.serve.access import Forbidden, Unauthorized


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong. `status` is HTTP's; `retry_s` says when to ask again, where that helps."""

    status: int
    kind: str
    detail: str
    retry_s: int | None = None

    def as_object(self) -> dict[str, object]:
        """As RFC 9457 writes problems."""
        return {
            "type": f"urn:mnemic:problem:{self.kind}", "title": self.kind.replace("-", " "),
            "status": self.status, "detail": self.detail,
        }  # fmt: skip


def problem_of(error: MnemicError) -> Problem:
    """How an error looks from outside. Only what concerns the caller's own input is told."""
    said = str(error)
    match error:
        case NotThere():
            return Problem(404, "not-found", said)
        case Conflict():
            return Problem(409, "conflict", said)
        case InvalidInput():
            return Problem(422, "invalid-input", said)
        case Unauthorized():
            return Problem(401, "unauthorized", said)
        case Forbidden():
            return Problem(403, "forbidden", said)
        case SleepBusy():
            return Problem(409, "sleep-busy", "another sleep is running; wait for it to end", 5)
        case StoreBusy():
            return Problem(503, "store-busy", "the store is busy; nothing was changed", 1)
        case StoreFull():
            return Problem(507, "store-full", "the disk is full; nothing was kept")
        case ReadOnlyStore():
            return Problem(403, "read-only", "this memory may be read but not written")
        case EmbedderError():
            return Problem(503, "no-embedder", "the model that makes deep keys cannot be used", 30)
        case LLMError():
            return Problem(502, "no-llm", "the language model gave no usable answer", 30)
        case _:
            return Problem(500, "store-error", "the store cannot be used; see the server's log")
