"""Decisions and cleaning that outlive erasures, better readings and kills."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.agent.facts.test_reconcile import said

from mnemic import Memory
from mnemic.agent.facts.claims import Claim
from mnemic.agent.facts.reconcile import versions
from mnemic.agent.sleep.replay import Replayed, RuleExtractor
from mnemic.agent.stores.sqlite.erasure import is_unclean, remove
from mnemic.errors import InvalidInput

SCOPE = "acme/ana"


@pytest.fixture
def memory(tmp_path: Path) -> Any:
    with Memory(tmp_path / "a.mnemic", embedder=None, background=False) as found:
        yield found


def told(memory: Memory, text: str, day: int, **more: Any) -> str:
    return memory.remember(
        text, scope=SCOPE, speaker="Ana", said_at=f"2026-01-{day:02}T10:00:00Z", **more
    )


def homes(memory: Memory) -> list[str]:
    return [f.object for f in memory.facts(scope=SCOPE) if f.relation == "lives_in"]


def test_a_correction_outlives_the_erasure_of_the_first_evidence(memory: Memory) -> None:
    """The corrected value stays when the episode that first said the wrong one is erased."""
    first = told(memory, "I live in Porto.", 1)
    told(memory, "I live in Porto.", 9, session="s")
    memory.sleep()
    [fact] = [f for f in memory.facts(scope=SCOPE) if f.relation == "lives_in"]
    memory.correct(fact.id, "Lagos", scope=SCOPE)
    memory.erase(first, scope=SCOPE)
    assert homes(memory) == ["Lagos"]
    memory.sleep()
    memory.forget_derived()
    memory.sleep()
    assert homes(memory) == ["Lagos"]


class Eager(RuleExtractor):
    """Reads one claim more, ahead of the others."""

    def __init__(self) -> None:
        super().__init__()
        self.version = "eager/1"

    def claims(self, batch: Any) -> list[list[Claim]]:
        def more(one: Replayed) -> Claim:
            return Claim(0, 1, "Ana", "mood", "fine", "Ana is fine.")

        found = super().claims(batch)
        return [[more(one), *claims] for one, claims in zip(batch, found, strict=True)]


def test_a_rejection_outlives_a_better_reading(tmp_path: Path) -> None:
    """A fact keeps its name when another extractor reads more claims in its episode."""
    path = tmp_path / "a.mnemic"
    with Memory(path, embedder=None, background=False) as memory:
        told(memory, "I live in Porto.", 1)
        memory.sleep()
        [fact] = memory.facts(scope=SCOPE)
        memory.reject(fact.id, scope=SCOPE)
    with Memory(path, embedder=None, background=False, extractor=Eager()) as memory:
        memory.sleep()
        assert homes(memory) == []
        assert [f.relation for f in memory.facts(scope=SCOPE)] == ["mood"]


def test_an_unfinished_erasure_is_finished_at_the_next_opening(tmp_path: Path) -> None:
    """A kill between the removal and the cleaning leaves a mark, and opening the store cleans it."""
    path = tmp_path / "a.mnemic"
    with Memory(path, embedder=None, background=False) as memory:
        told(memory, "The zyxquora is blue.", 1)
        told(memory, "The boat is red.", 2)
        scope_id = memory.store.scope_ids(SCOPE)[0]
        remove(memory.store, scope_id, [1], [], [])  # type: ignore[arg-type]
        assert is_unclean(memory.store)  # type: ignore[arg-type]
    assert b"zyxquora" in path.read_bytes()
    with Memory(path, embedder=None, background=False) as memory:
        assert not is_unclean(memory.store)  # type: ignore[arg-type]
        assert memory.verify().findings == []
    assert b"zyxquora" not in path.read_bytes()


def test_summaries_of_what_is_left_stay(memory: Memory) -> None:
    """Erasing one turn of a session keeps a summary of the others, and other sessions' too."""
    for day, text in enumerate(
        ("The harbour crane broke this morning.", "The crane needs a new motor from Porto.",
         "The secret word is zyxquora for the crane."), 1
    ):  # fmt: skip
        last = told(memory, text, day, session="s")
    told(memory, "The garden has eleven old olive trees.", 9, session="t")
    memory.sleep()
    assert len(memory.summaries(scope=SCOPE)) == 2
    memory.erase(last, scope=SCOPE)
    left = memory.summaries(scope=SCOPE)
    assert {row.key for row in left} == {"s", "t"}
    assert not any("zyxquora" in row.text + row.title for row in left)


def test_a_hidden_episode_does_not_make_a_fact_more_exact(memory: Memory) -> None:
    """What only a suppressed episode says is in no fact, and returns when it is shown again."""
    told(memory, "I live in Lisbon.", 1)
    exact = told(memory, "I live in Graça, Lisbon.", 2)
    memory.sleep()
    assert homes(memory) == ["Graça, Lisbon"]
    before = memory.store.derived.dump()
    memory.suppress(exact, scope=SCOPE)
    assert homes(memory) == ["Lisbon"]
    memory.undo(memory.runs()[0].number)
    assert memory.store.derived.dump() == before
    assert memory.store.derived.hidden(memory.store.scope_ids(SCOPE)) == []


def test_acts_keep_no_words_but_the_correction(memory: Memory) -> None:
    """What a person decided names a fact by its id; the words are an episode that can be erased."""
    told(memory, "My sister Zyxquora lives in Berlin.", 1)
    memory.sleep()
    [fact] = [f for f in memory.facts(scope=SCOPE) if f.relation == "lives_in"]
    corrected = memory.correct(fact.id, "Paris", scope=SCOPE)
    assert "Zyxquora" in corrected.statement
    for act in memory.store.derived.acts(memory.store.scope_ids(SCOPE)):
        assert "Zyxquora" not in json.dumps(act)


def test_an_undone_run_without_a_journal_is_refused(memory: Memory) -> None:
    """A killed run whose journal an erasure took cannot be undone, and says so."""
    told(memory, "I live in Porto.", 1)
    other = told(memory, "I love figs.", 2)
    memory.sleep()
    memory.store.derived.begin(SCOPE, "nrem", 5)
    memory.erase(other, scope=SCOPE)
    for run in memory.runs():
        with pytest.raises(InvalidInput, match="no longer"):
            memory.undo(run.number)


def test_many_claims_of_one_thing_are_no_burden() -> None:
    """What is said in order is taken in as it comes: a thousand claims in well under a second each."""
    claims = [said("Porto", day, ingested=day, number=0) for day in range(1_000)]
    made = versions(claims, [], one_at_a_time=True)
    assert len(made) == 1
    assert len(made[0].evidence) == 1_000
