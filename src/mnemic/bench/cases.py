"""A benchmark as data: cases to remember and questions with their evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the refs of all episodes that are its evidence.

    One that is not `answerable` asks for what memory does not hold; it has no evidence, and stands
    in `Case.unanswerable`.
    """

    qid: str
    text: str
    category: str
    evidence: frozenset[str]
    now: datetime | None = None
    answerable: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """One memory's worth: rows to remember, questions to ask of them, and what was left out.

    A question stays in if some of its evidence is in memory; evidence that is not there counts as
    missed, so that nobody's share is flattered. `missing_evidence` counts it. `excluded` counts the
    questions left out of the average, by reason; those among them that memory does not answer are
    in `unanswerable`.
    """

    name: str
    rows: Sequence[Mapping[str, Any]]
    questions: Sequence[Question]
    excluded: Mapping[str, int] = field(default_factory=dict)
    unanswerable: Sequence[Question] = ()

    @property
    def missing_evidence(self) -> int:
        """How many ids of evidence name nothing that can be remembered."""
        known = {row["ref"] for row in self.rows}
        return sum(len(question.evidence - known) for question in self.questions)
