"""A question → facts: what the relation is called counts, and what began later comes first."""

from __future__ import annotations

from datetime import UTC, datetime

from mnemic.agent.facts.answers import Asked, answers
from mnemic.agent.facts.index import make_facts
from mnemic.agent.knowledge import EvidenceRow, FactRow

NOW = datetime(2025, 1, 1, tzinfo=UTC)


def row(number: int, relation: str, value: str, statement: str, since: int = 1) -> FactRow:
    return FactRow(
        1, f"f{number}", 1, "Ana", "ana", relation, value, value.casefold(), statement, 0, since,
        None, 0, None, 1.0, 0.25, 0.8, "unverified", 1, "", None,
    )  # fmt: skip


def asked(question: str, rows: list[FactRow], ranked: dict[int, float] | None = None) -> list[str]:
    evidence = [EvidenceRow(1, one.fact_id, at, 0, "supports") for at, one in enumerate(rows)]
    facts = make_facts(rows, evidence)
    found = answers(facts, question, Asked.of(NOW, None), ranked or {}, frozenset())
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    return [facts.rows[place].object for place, _ in found]


def test_the_relation_that_is_named_comes_first() -> None:
    """Who asks for Ana's job means her occupation before her employer."""
    rows = [
        row(0, "works_at", "Brightwell", "Ana works at Brightwell."),
        row(1, "job", "nurse", "Ana is a nurse."),
    ]
    assert asked("What is the job of Ana?", rows)[0] == "nurse"
    assert asked("Where does Ana work?", rows)[0] == "Brightwell"


def test_of_one_relation_the_latest_comes_first() -> None:
    """Two tools both hold; the one that Ana took up later is shown before, whatever ranks better."""
    rows = [
        row(0, "uses", "Airtable", "Ana uses Airtable.", since=5),
        row(1, "uses", "Evernote", "Ana uses Evernote.", since=9),
        row(2, "uses", "Slack", "Ana uses Slack.", since=2),
    ]
    shown = asked("Which tool does Ana use?", rows, {0: 1.0})
    assert shown == ["Evernote", "Airtable", "Slack"]
