"""A benchmark as data: cases to remember and questions with their evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the refs of all episodes that are its evidence."""

    qid: str
    text: str
    category: str
    evidence: frozenset[str]
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One memory's worth: rows to remember, questions to ask of them, and what was left out."""

    name: str
    rows: Sequence[Mapping[str, Any]]
    questions: Sequence[Question]
    excluded: Mapping[str, int] = field(default_factory=dict)
