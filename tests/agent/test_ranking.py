"""What speaks for an episode beside its own words: who said it, what stood around it, a second look."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnemic import Memory
from mnemic.agent.channels import lexical
from mnemic.agent.channels.lexical import K1, B
from mnemic.agent.recall import second
from mnemic.agent.recall.fuse import PARTS, fitted
from mnemic.agent.terms import query_terms, terms_of
from mnemic.errors import InvalidInput, InvalidQuery
from mnemic.testing.fakes import FixedClock, HashEmbedder

DAY = "2026-03-{:02d}T10:00:00+00:00"


def talk(memory: Memory, lines: list[tuple[str, str]], session: str = "s", day: int = 2) -> None:
    memory.remember_many(
        {
            "text": text, "speaker": speaker, "session": session, "position": place,
            "said_at": DAY.format(day), "scope": "a",
        }
        for place, (speaker, text) in enumerate(lines)
    )  # fmt: skip


def texts(found) -> list[str]:
    return [hit.episode.text for hit in found.hits]


def adds(found, text: str, channel: str) -> float:
    hit = next(hit for hit in found.hits if hit.episode.text == text)
    return sum(line.contribution for line in hit.trace if line.channel == channel)


@pytest.fixture
def words_only(tmp_path: Path, clock: FixedClock):
    with Memory(tmp_path / "w.mnemic", embedder=None, clock=clock) as memory:
        yield memory


def test_who_said_it_counts(words_only: Memory) -> None:
    """Of two equal sentences the one by the speaker whom the query names comes first."""
    talk(words_only, [("Ravi", "I sold the red bicycle."), ("Ana", "I sold the red bicycle!")])
    found = words_only.recall("When did Ana sell the bicycle?", scope="a")
    assert texts(found)[0] == "I sold the red bicycle!"
    assert adds(found, "I sold the red bicycle!", "speaker") > 0
    assert adds(found, "I sold the red bicycle.", "speaker") == 0


def test_a_speaker_is_found_without_any_of_her_words(words_only: Memory) -> None:
    talk(words_only, [("Ravi", "Rain again."), ("Ana", "The ferry was late.")])
    assert texts(words_only.recall("Ana", scope="a"))[0] == "The ferry was late."


def test_roles_are_no_names(words_only: Memory) -> None:
    """A question about "the user" does not call for every turn of the role user."""
    talk(words_only, [("user", "My cat is ill."), ("assistant", "The user manual is here.")])
    found = words_only.recall("user manual", scope="a")
    assert texts(found) == ["The user manual is here.", "My cat is ill."]
    assert adds(found, "The user manual is here.", "speaker") == 0


def test_a_turn_is_known_by_what_stood_beside_it(words_only: Memory) -> None:
    """The answer holds no word of the query; the question before it does."""
    talk(words_only, [("Ana", "Which colour will the kitchen be?"), ("Ravi", "Green, I decided.")])
    talk(words_only, [("Ana", "How was the match?"), ("Ravi", "Lost, sadly.")], "t", 3)
    found = words_only.recall("colour of the kitchen", scope="a")
    assert texts(found)[:2] == ["Which colour will the kitchen be?", "Green, I decided."]
    assert adds(found, "Green, I decided.", "neighbours") > 0


def test_a_second_look_follows_the_first_hits(words_only: Memory) -> None:
    """The second link of a chain shares no word with the question, only with the first link."""
    words_only.remember_many(
        {"text": text, "scope": "a", "said_at": DAY.format(2)}
        for text in (
            "The Harbour Lantern was painted by Odile Ferrand.",
            "Odile Ferrand was born in Quimper.",
            *(f"Note {n}: nothing of interest on shelf {n % 7}." for n in range(40)),
        )
    )
    found = words_only.recall("Where was the painter of The Harbour Lantern from?", scope="a", k=5)
    assert texts(found)[:2] == [
        "The Harbour Lantern was painted by Odile Ferrand.",
        "Odile Ferrand was born in Quimper.",
    ]
    assert adds(found, "Odile Ferrand was born in Quimper.", "feedback") > 0


def test_a_second_look_over_many_scopes_asks_for_few_counts(
    words_only: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts are terms times scopes; the number asked for is bounded, and the answer stays right."""
    words_only.remember_many(
        {"text": f"The ferry number{n} left with cargo{n} and crew{n}.", "scope": f"fleet/{n}"}
        for n in range(60)
    )
    asked: list[int] = []
    real = words_only.store.document_counts

    def counted(scope_ids, terms):
        asked.append(len(scope_ids) * len(terms))
        return real(scope_ids, terms)

    monkeypatch.setattr(second, "LOOKUPS_MAX", 120)
    monkeypatch.setattr(words_only.store, "document_counts", counted)
    found = words_only.recall("ferry number7", scope="fleet/*")
    assert texts(found)[0] == "The ferry number7 left with cargo7 and crew7."
    assert max(asked) <= 120


def test_parts_lie_between_0_and_1_and_add_up(memory: Memory) -> None:
    """Every part is a share, and a hit's score is the sum of its trace."""
    talk(memory, [("Ana", f"Line {n} about a kettle and a boat.") for n in range(30)])
    memory.ready()
    found = memory.evidence("What about Ana's boat?", scope="a")
    assert found.speaks is not None
    assert set(found.speaks.parts) == set(PARTS) - {"window", "graph", "dated"}
    for name, part in found.speaks.parts.items():
        assert part.dtype == np.float32
        assert part.min() >= 0, name
        assert part.max() <= 1 + 1e-6, name
    for hit in memory.recall("Ana's boat", scope="a").hits:
        assert hit.score == pytest.approx(sum(e.contribution for e in hit.trace), abs=1e-4)


def test_the_shipped_weights_are_whole() -> None:
    """Every part has two weights, none below 0: evidence never speaks against a row."""
    weights = fitted()
    for table in (weights.documents, weights.conversation):
        assert set(table) == set(PARTS)
        assert min(table.values()) >= 0
    assert weights.at(0.0) == dict(weights.documents)
    assert weights.at(1.0) == pytest.approx(dict(weights.conversation))


def plain_bm25(documents: list[list[str]], query: list[str]) -> list[float]:
    """BM25 written out: the law that the channel's arrays must keep."""
    mean = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        score = 0.0
        for term in query:
            holding = sum(term in other for other in documents)
            if not holding:
                continue
            idf = np.log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
            frequency = document.count(term)
            norm = K1 * (1 - B + B * len(document) / mean)
            score += idf * (K1 + 1) * frequency / (frequency + norm)
        scores.append(float(score))
    return scores


def test_passages_and_sessions_are_bm25_of_their_joined_texts(words_only: Memory) -> None:
    lines = ["boat kettle boat", "lamp", "kettle on a boat", "boat", "lamp lamp kettle", "tree"]
    talk(words_only, [("", line) for line in lines[:4]], "s", 2)
    talk(words_only, [("", line) for line in lines[4:]], "t", 3)
    found = words_only.evidence("boat kettle", scope="a")
    assert found.words is not None
    terms = [terms_of(line) for line in lines]
    passages = [
        [term for near in range(place - 1, place + 2)
         if 0 <= near < 6 and (near < 4) == (place < 4) for term in terms[near]]
        for place in range(6)
    ]  # fmt: skip
    sessions = [list(chain(*terms[:4])), list(chain(*terms[4:]))]
    query = query_terms("boat kettle")
    assert found.words.episode_N == pytest.approx(plain_bm25(terms, query), abs=1e-5)
    assert found.words.passage_N == pytest.approx(plain_bm25(passages, query), abs=1e-5)
    by_session = plain_bm25(sessions, query)
    assert found.words.session_S == pytest.approx(by_session, abs=1e-5)


def test_kept_postings_never_hide_a_new_episode(memory: Memory, tmp_path: Path) -> None:
    """What was read once is read again when the scope grew, by this process or another."""
    memory.remember("A boat.", scope="a")
    assert len(memory.recall("boat", scope="a").hits) == 1
    memory.remember("Another boat.", scope="a")
    assert len(memory.recall("boat", scope="a").hits) == 2
    with Memory(memory.store.path, embedder=HashEmbedder(), background=False) as other:
        other.remember("A third boat.", scope="a")
    assert len(memory.recall("boat", scope="a").hits) == 3


WORDS = st.lists(
    st.sampled_from(("boat", "lamp", "tree", "kettle", "rain")), min_size=1, max_size=6
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=12), st.integers(1, 6))
def test_postings_that_grew_are_those_read_at_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[list[str], list[str]]], fresh: int
) -> None:
    """After any course of writes and questions the scores are those of a memory opened anew."""
    path = tmp_path_factory.mktemp("m") / "m.mnemic"
    with (
        pytest.MonkeyPatch.context() as patch,
        Memory(path, embedder=None) as memory,
        Memory(path, embedder=None) as late,
    ):
        patch.setattr(lexical, "FRESH_MAX", fresh)
        for number, (said, asked) in enumerate(steps):
            memory.remember(" ".join(said) + f" {number}", scope="a", session="s")
            found = memory.evidence(" ".join(asked), scope="a").words
            if number % 3 == 2:
                again = late.evidence(" ".join(asked), scope="a").words
                np.testing.assert_allclose(again.episode_N, found.episode_N, rtol=1e-5)
        with Memory(path, embedder=None) as other:
            for _, asked in steps:
                law = other.evidence(" ".join(asked), scope="a").words
                for one in (memory, late):
                    kept = one.evidence(" ".join(asked), scope="a").words
                    np.testing.assert_allclose(kept.episode_N, law.episode_N, rtol=1e-5)
                    np.testing.assert_allclose(kept.passage_N, law.passage_N, rtol=1e-5)
                    np.testing.assert_allclose(
                        np.sort(kept.session_S), np.sort(law.session_S), rtol=1e-5
                    )


def test_kept_postings_are_bounded(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many terms are asked, what is kept stays below its bound, and answers stay right."""
    monkeypatch.setattr(lexical, "TERMS_KEPT", 5)
    monkeypatch.setattr(lexical, "POSTINGS_KEPT", 20)
    memory.remember_many({"text": f"word{n} and common", "scope": "a"} for n in range(30))
    for n in range(30):
        assert texts(memory.recall(f"word{n} common", scope="a"))[0] == f"word{n} and common"
    channel = memory._parts.lexical
    assert len(channel._kept) <= 5
    assert channel._kept_postings <= 20
    assert channel._kept_postings == sum(
        len(one.postings[0]) for one in channel._kept.values() if one.postings
    )


def test_threads_share_kept_postings(memory: Memory) -> None:
    """Many threads ask at once, while one writes; nobody sees a wrong or broken answer."""
    memory.remember_many({"text": f"boat {n}", "scope": "a"} for n in range(200))

    def ask() -> None:
        for n in range(40):
            assert texts(memory.recall(f"boat {n}", scope="a", k=1)) == [f"boat {n}"]

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask) for _ in range(4)]
        for n in range(200, 260):
            memory.remember(f"boat {n}", scope="a")
        for one in asked:
            one.result()


def test_a_query_that_is_no_text_or_no_vector_is_refused(memory: Memory) -> None:
    """Lone surrogates, wrong shapes and NaN are named, not met somewhere deep down."""
    memory.remember("A boat.", scope="a")
    memory.ready()
    with pytest.raises(InvalidQuery, match="surrogate"):
        memory.recall("boat \ud800", scope="a")
    for vector in (np.zeros(3, dtype=np.float32), np.full(64, np.nan, dtype=np.float32)):
        with pytest.raises(InvalidQuery, match="64 finite floats"):
            memory.recall("boat", scope="a", vector=vector)
    for name in (None, "x\ud800"):
        with pytest.raises(InvalidInput, match="no text"):
            memory.get(name, scope="a")
