"""Recalls beside writers: what was kept while a scope grew answers as a memory that was just opened."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from mnemic import Memory
from mnemic.agent.channels import dense, lexical
from mnemic.testing.fakes import HashEmbedder

NOW = "2026-11-20T12:00:00Z"
ASKED = ("common word{}", "word{} word3 in March 2026", "item{} of Ana", "when was word{}")


@pytest.mark.parametrize(("exact_max", "rebuilds"), [(30_000, True), (150, False)])
def test_what_grew_under_recalls_is_as_if_opened_afresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact_max: int, *, rebuilds: bool
) -> None:
    """Two memories write, erase and recall in five threads; both then answer as a third does."""
    monkeypatch.setattr(dense, "EXACT_MAX", exact_max)
    monkeypatch.setattr(lexical, "POSTINGS_KEPT", 800)
    monkeypatch.setattr(lexical, "TERMS_KEPT", 20)
    path = tmp_path / "grown.mnemic"
    went_wrong: list[BaseException] = []
    written = threading.Event()
    with (
        Memory(path, embedder=HashEmbedder(), strengthen=False) as mine,
        Memory(path, embedder=HashEmbedder(), background=False, strengthen=False) as other,
        Memory(path, embedder=HashEmbedder(), background=False, strengthen=False) as afresh,
    ):
        for scope in ("a/0", "a/1"):
            mine.remember("common word1", scope=scope, said_at="2026-03-01T00:00:00Z")

        def write(number: int) -> None:
            draw = random.Random(number)
            for place in range(150):
                words = " ".join(
                    f"word{draw.randrange(60)}" for _ in range(300 if place % 20 == 0 else 8)
                )
                said = draw.choice((mine, other)).remember(
                    f"common {words} item{place}", scope=f"a/{number}", speaker=draw.choice(("Ana", "Bo")),
                    session=f"s{place // 10}", position=place % 10,
                    said_at=f"2026-03-{1 + place % 28:02d}T0{number}:00:00Z",
                )  # fmt: skip
                if place % 30 == 7:
                    draw.choice((mine, other)).erase(said, scope=f"a/{number}")
                if place % 50 == 20:
                    other.ready()

        def ask(number: int) -> None:
            draw = random.Random(10 + number)
            while not written.is_set():
                query = draw.choice(ASKED).format(draw.randrange(60))
                memory = draw.choice((mine, mine, other))
                memory.recall(query, scope=draw.choice(("a/0", "a/1", "a/*")), now=NOW)

        def watched(act: object, number: int) -> None:
            try:
                act(number)  # type: ignore[operator]
            except BaseException as error:  # noqa: BLE001 - told to the test
                went_wrong.append(error)

        writers = [threading.Thread(target=watched, args=(write, n)) for n in range(2)]
        askers = [threading.Thread(target=watched, args=(ask, n)) for n in range(3)]
        for thread in writers + askers:
            thread.start()
        for thread in writers:
            thread.join()
        if rebuilds:
            mine.rebuild()
        written.set()
        for thread in askers:
            thread.join()
        assert not went_wrong
        mine.ready()
        for number in range(0, 60, 4):
            for scope in ("a/0", "a/1", "a/*"):
                query = ASKED[number % 4].format(number)
                told = [_told(memory, query, scope) for memory in (mine, other, afresh)]
                assert _same(told[0], told[2])
                assert _same(told[1], told[2])
        kept = mine._parts.lexical
        assert kept._kept_postings == sum(known.size for known in kept._kept.values())


def _told(memory: Memory, query: str, scope: str) -> tuple[float, list[float], set[str]]:
    """What came back: how sure, the scores, and whose they are as far as no tie decides."""
    found = memory.recall(query, scope=scope, now=NOW, k=20)
    scores = [hit.score for hit in found.hits]
    clear = {hit.episode.id for hit in found.hits if hit.score > scores[-1] + 1e-3}
    return found.known, scores, clear


def _same(
    one: tuple[float, list[float], set[str]], two: tuple[float, list[float], set[str]]
) -> bool:
    """But for the last digits, which hang on the order in which numbers are added up."""
    return (
        one[0] == pytest.approx(two[0], abs=1e-3)
        and one[1] == pytest.approx(two[1], abs=1e-4)
        and one[2] == two[2]
    )
