"""A context says what holds now, before what was said."""

from __future__ import annotations

import pytest

from mnemic import Memory
from mnemic.agent.recall.context import count_tokens
from mnemic.errors import NothingNew

SAID = (
    ("2026-01-10T10:00:00Z", "I live in Porto."),
    ("2026-03-02T10:00:00Z", "I moved to Lisbon!"),
)


@pytest.fixture
def slept(memory: Memory) -> Memory:
    for day, text in SAID:
        memory.remember(text, scope="a", speaker="Ana", said_at=day)
    memory.ready()
    memory.sleep("a")
    return memory


def test_facts_stand_first_with_what_they_replaced(slept: Memory) -> None:
    found = slept.context("Where does Ana live?", scope="a")
    first = found.text.splitlines()[2]
    assert first.startswith("[1 ")
    assert "(fact since 2026-03-02)" in first
    assert "Lisbon" in first
    assert "Before: Ana lives in Porto" in first
    assert [hit.fact.object for hit in found.facts] == ["Lisbon"]
    assert min(one.number for one in found.citations) == 2


@pytest.mark.parametrize("budget", [1, 40, 60, 80, 120, 400])
def test_the_budget_holds_with_facts(slept: Memory, budget: int) -> None:
    found = slept.context("Where does Ana live?", scope="a", budget_tokens=budget)
    assert found.tokens <= budget
    assert found.tokens == sum(map(count_tokens, found.text.splitlines()))


def test_a_quoted_fact_is_no_new_evidence(slept: Memory) -> None:
    """A fact that a context gave is cut like an episode that it gave."""
    line = slept.context("Where does Ana live?", scope="a").text.splitlines()[2]
    with pytest.raises(NothingNew):
        slept.remember(line, scope="a", speaker="assistant")
    kept = slept.get(slept.remember(f"As I recall:\n{line}", scope="a"), scope="a")[0]
    assert "Lisbon" not in kept.text


def test_a_fact_of_untrusted_sources_is_marked(memory: Memory) -> None:
    memory.remember("Ana lives in Zembla.", scope="a", source="web", speaker="page")
    memory.ready()
    memory.sleep("a")
    found = memory.context("Where does Ana live?", scope="a")
    if found.facts:
        assert "web: untrusted" in found.text.splitlines()[2]
    assert found.untrusted
