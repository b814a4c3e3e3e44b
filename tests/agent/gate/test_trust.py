"""Trust comes from the source; nothing that is done with a text raises it."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnemic import Memory
from mnemic.agent.recalled import CITATION
from mnemic.agent.trust import TRUST, is_untrusted, lower, source_class
from mnemic.errors import InvalidQuery
from mnemic.importers import Report, open_import
from mnemic.serve.cli import episode_object
from mnemic.serve.terminal import jsonable
from mnemic.testing.fakes import FixedClock, HashEmbedder

SAID = "2026-03-02T10:00:00+00:00"
WEB = {"text": "Ana lives in Zembla.", "scope": "a", "source": "web", "said_at": SAID}


@given(st.lists(st.sampled_from([*TRUST, "no such class", None, 3])))
def test_the_lower_of_classes_is_no_higher_than_any(classes: list) -> None:
    for name in classes:
        assert TRUST[lower(*classes)] <= TRUST.get(name, 1.0)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, "user"), ({"source": "web"}, "web"), ({"source": "slack"}, "user"),
        ({"source": "somewhere"}, "import"), ({"speaker": "assistant"}, "assistant"),
        ({"speaker": "tool"}, "tool"), ({"source": "a.pdf"}, "document"),
        ({"meta": {"trust": "untrusted"}}, "untrusted"), ({"meta": {"trust": ["web"]}}, "user"),
        ({"source": "web", "meta": {"trust": "user"}}, "web"),
    ],
)  # fmt: skip
def test_an_episode_tells_its_trust(memory: Memory, row: dict, expected: str) -> None:
    memory.remember("x", scope="a", **row)
    [episode] = memory.episodes(scope="a")
    assert episode.trust == expected
    assert episode.untrusted == (expected in ("web", "untrusted"))


# -- min_trust ---------------------------------------------------------------------------------

ROWS = [
    {"text": "The boat is red.", "source": "user"}, {"text": "The boat is blue.", "source": "web"},
    {"text": "boat status ok", "speaker": "tool"}, {"text": "I think the boat is old.", "speaker": "assistant"},
    {"text": "boat for sale", "meta": {"trust": "untrusted"}}, {"text": "the boat again", "source": "notes"},
]  # fmt: skip


@pytest.mark.parametrize("least", [*TRUST, None])
def test_a_recall_keeps_to_the_least_trust(memory: Memory, least: str | None) -> None:
    """Before ranking: what is trusted less takes nobody's place, whenever it was written."""
    for start in (0, 3):
        memory.remember_many({**row, "scope": "a", "said_at": SAID} for row in ROWS[start : start + 3])  # fmt: skip
        memory.ready()
        found = memory.recall("boat", scope="a", k=10, min_trust=least)
        expected = {
            row["text"] for row in ROWS[: start + 3]
            if TRUST[source_class(row.get("source"), row.get("speaker"), row.get("meta", {}).get("trust"))]  # type: ignore[attr-defined]
            >= TRUST[least or "untrusted"]
        }  # fmt: skip
        assert {hit.episode.text for hit in found.hits} == expected
    single = memory.recall("boat", scope="a", channels=["lexical"], min_trust=least)
    assert {hit.episode.text for hit in single.hits} == expected
    assert memory.recall("boat", scope="a/*", min_trust=least, k=1).hits


def test_the_least_trust_goes_with_a_window_and_a_past_belief(memory: Memory) -> None:
    memory.remember("The boat is red.", scope="a", said_at=SAID)
    memory.remember("The boat is blue.", scope="a", said_at=SAID, source="web")
    for asked in ({"window": "auto"}, {"believed_at": "2027-01-01T00:00:00Z"}):
        hits = memory.recall("boat in March 2026", scope="a", min_trust="tool", **asked).hits
        assert [hit.episode.text for hit in hits] == ["The boat is red."]


def test_no_fact_rests_on_what_is_trusted_less(memory: Memory) -> None:
    memory.remember(**WEB)
    memory.sleep("a")
    assert memory.recall("Where does Ana live?", scope="a").facts
    assert memory.recall("Where does Ana live?", scope="a", min_trust="tool").facts == []
    memory.remember("I live in Zembla.", scope="a", speaker="Ana", said_at=SAID)
    memory.sleep("a")
    assert memory.recall("Where does Ana live?", scope="a", min_trust="tool").facts


def test_erasing_keeps_the_mask_right(memory: Memory) -> None:
    ids = [memory.remember(f"boat {n}", scope="a", source=s) for n, s in enumerate(("web", "user", "web"))]  # fmt: skip
    memory.recall("boat", scope="a", min_trust="tool")
    memory.erase([ids[1]], scope="a")
    memory.remember("boat 4", scope="a", source="user")
    hits = memory.recall("boat", scope="a", min_trust="tool").hits
    assert [hit.episode.text for hit in hits] == ["boat 4"]


@pytest.mark.parametrize("least", ["", "none", "verified", 3])
def test_an_unknown_class_is_refused(memory: Memory, least: object) -> None:
    memory.remember("x", scope="a")
    with pytest.raises(InvalidQuery, match="min_trust"):
        memory.recall("x", scope="a", min_trust=least)  # type: ignore[arg-type]


# -- taint -------------------------------------------------------------------------------------

SPEAKERS = st.sampled_from((None, "Ana", "user", "assistant", "tool"))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), SPEAKERS),
        st.tuples(st.just("web"), st.sampled_from((None, "user", "tool", "web"))),
        st.tuples(st.just("quote"), SPEAKERS),
        st.tuples(st.just("move"), st.booleans()),
        st.tuples(st.just("sleep"), st.none()),
    ),
    min_size=3,
    max_size=9,
)


class _World:
    """A memory that may be exported into another, and what in it comes from the web."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FixedClock(datetime(2026, 11, 20, 12, tzinfo=UTC))
        self.count = 0
        self.memory = self._open()

    def _open(self) -> Memory:
        self.count += 1
        path = self.folder / f"{self.count}.mnemic"
        return Memory(path, embedder=HashEmbedder(), clock=self.clock, background=False)

    def say(self, speaker: str | None) -> None:
        self.memory.remember("I live in Porto.", scope="a", speaker=speaker)

    def web(self, declared: str | None) -> None:
        self.memory.remember(**WEB, ref=declared, meta={"trust": declared})

    def quote(self, speaker: str | None) -> None:
        """Somebody repeats what a context gave, and says it again in words of their own."""
        packed = self.memory.context("Where does Ana live?", scope="a")
        if packed.text:
            told = " Ana lives in Zembla." if packed.untrusted else ""
            self.memory.remember(f"{packed.text}\nYes.{told}", scope="a", speaker=speaker)

    def move(self, again: bool) -> None:
        rows = self.folder / f"{self.count}.jsonl"
        with rows.open("w") as file:
            for episode in self.memory.episodes(scope="a"):
                file.write(json.dumps(episode_object(episode), default=jsonable) + "\n")
        old, self.memory = self.memory, self._open()
        old.close()
        for _ in range(1 + again):
            self.memory.remember_many(open_import("jsonl", rows, scope="a", zone=None, report=Report()))  # fmt: skip

    def sleep(self, _: None) -> None:
        self.memory.sleep("a")

    def check(self) -> None:
        tainted: set[str] = set()
        for episode in self.memory.episodes(scope="a"):
            cited = {
                id_ for mark in CITATION.findall(episode.text) for id_ in mark[11:-1].split(", ")
            }
            if "Zembla" in episode.text or cited & tainted:
                tainted.add(episode.id[:8])
                assert is_untrusted(episode.trust)
        for fact in self.memory.facts(scope="a", history=True):
            if "Zembla" in fact.statement:
                assert fact.confidence <= TRUST["web"]
                assert fact.status != "verified"


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_nothing_raises_the_trust_of_what_comes_from_the_web(steps: list) -> None:
    """Writes, quotations, exports and imports, sleeps, and the same again with another claim."""
    with tempfile.TemporaryDirectory() as folder:
        world = _World(Path(folder))
        world.memory.remember(**WEB)
        for name, with_ in steps:
            world.clock.advance(timedelta(minutes=1))
            getattr(world, name)(with_)
        world.memory.sleep("a")
        world.check()
        world.memory.close()
