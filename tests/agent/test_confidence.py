"""How sure a recall is: what `known`, `relevance` and abstention promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnemic import Memory
from mnemic.agent.recall import confidence
from mnemic.agent.recall.confidence import HIT, TOPIC, TOPIC_BY_WORDS, WHOSE, Signs, fitted, judge
from mnemic.errors import InvalidQuery
from mnemic.testing.fakes import FixedClock, HashEmbedder

TALK = [
    ("Ana", "I moved to a small flat by the harbour last week."),
    ("Ravi", "Congratulations! Did you take the bicycle with you?"),
    ("Ana", "No, the bicycle went to a neighbour, I hardly used it."),
    ("Ravi", "I adopted a grey cat called Miso from the shelter yesterday, she sleeps all day."),
    ("Ana", "What a lovely cat! Did you get her from the shelter?"),
    ("Ravi", "Yes. I also started violin lessons in May and my teacher is strict."),
    ("Ana", "Do you like your violin lessons?"),
]


@pytest.fixture
def talk(tmp_path: Path, clock: FixedClock):
    with Memory(tmp_path / "t.mnemic", embedder=None, clock=clock) as memory:
        memory.remember_many(
            {
                "text": text, "speaker": speaker, "session": "s", "position": place, "scope": "a",
                "said_at": f"2026-03-02T10:{place:02}:00+00:00",
            }
            for place, (speaker, text) in enumerate(TALK)
        )  # fmt: skip
        yield memory


numbers = st.floats(-1, 1)
recalls = st.fixed_dictionaries(dict.fromkeys({**TOPIC, **WHOSE}, numbers))


def signs(recall: dict[str, float], near: bool, hits: int = 3) -> Signs:
    each = {name: np.linspace(0, 1, hits) for name in HIT if name != "known"}
    return Signs(recall, each, near)


def test_the_shipped_lines_weigh_every_sign_the_way_it_may_speak() -> None:
    lines = fitted()
    for line, may in (
        (lines.topic, TOPIC),
        (lines.topic_by_words, TOPIC_BY_WORDS),
        (lines.whose, WHOSE),
        (lines.relevance, HIT),
    ):
        assert list(line.weight) == list(may)
        assert all(way * line.weight[name] >= 0 for name, way in may.items())


@given(recalls, st.booleans(), st.integers(1, 40))
def test_probabilities_are_probabilities(recall, near: bool, hits: int) -> None:
    sure = judge(signs(recall, near, hits))
    assert 0 <= sure.known <= 1
    assert sure.relevance.shape == (hits,)
    assert ((sure.relevance >= 0) & (sure.relevance <= 1)).all()


@given(recalls, st.booleans())
def test_a_lone_hit_is_the_answer_if_there_is_one(recall, near: bool) -> None:
    """There is nothing beside it to weigh it against."""
    sure = judge(signs(recall, near, 1))
    assert sure.relevance.tolist() == [sure.known]


def test_the_first_thing_remembered_is_relevant_to_its_question(memory: Memory) -> None:
    memory.remember("I moved to Porto last spring.", speaker="Ana")
    found = memory.recall("Did Ana move to Porto?")
    assert found.hits[0].relevance == found.known > 0.5


@given(recalls, st.booleans(), st.sampled_from(list({**TOPIC, **WHOSE})), st.floats(0, 2))
def test_more_of_what_speaks_for_it_never_makes_it_less_sure(recall, near, name, more) -> None:
    way = {**TOPIC, **WHOSE}[name]
    changed = {**recall, name: recall[name] + way * more}
    before, after = judge(signs(recall, near)), judge(signs(changed, near))
    assert after.known >= before.known - 1e-12
    if way:
        assert (after.relevance >= before.relevance - 1e-12).all()


def test_nothing_found_is_nothing_known(talk: Memory) -> None:
    """A window in which nothing was said."""
    found = talk.recall("What did they say about the cat in May 2019?", scope="a")
    assert not found.hits
    assert found.known == 0


def test_what_one_did_is_not_known_of_the_other(talk: Memory) -> None:
    """Ravi tells of his cat; Ana only asks about it."""
    his = talk.recall("Which cat did Ravi get from the shelter?", scope="a").known
    hers = talk.recall("Which cat did Ana get from the shelter?", scope="a").known
    nobodys = talk.recall("Which cat came from the shelter?", scope="a").known
    assert hers < 0.5 < his
    assert hers < 0.5 < nobodys


def test_what_nobody_spoke_of_is_not_known(talk: Memory) -> None:
    spoken = talk.recall("strict violin teacher", scope="a").known
    assert talk.recall("submarine licence in Mongolia", scope="a").known < spoken


def test_the_hit_that_bears_on_it_is_the_most_relevant(talk: Memory) -> None:
    found = talk.recall("What is the grey cat of Ravi called?", scope="a")
    best = max(found.hits, key=lambda hit: hit.relevance)
    assert "Miso" in best.episode.text


@settings(max_examples=30, deadline=None)
@given(k=st.integers(1, 60), query=st.sampled_from(["violin lessons", "Did Ana move?", "cat"]))
def test_how_many_are_wanted_changes_nothing(tmp_path_factory, k: int, query: str) -> None:
    """`known`, and the relevance of a hit, are the same for every k."""
    path = tmp_path_factory.getbasetemp() / "k.mnemic"
    with Memory(path, embedder=HashEmbedder(), background=False) as memory:
        if not memory.stats()["episodes"]:
            memory.remember_many(
                {"text": f"{text} ({number})", "speaker": speaker, "scope": "a"}
                for number in range(8)
                for speaker, text in TALK
            )
            memory.ready()
        some = memory.recall(query, scope="a", k=k)
        many = memory.recall(query, scope="a", k=100)
    assert some.known == pytest.approx(many.known)
    both = list(zip(some.hits, many.hits, strict=False))
    assert len(both) == min(k, len(many.hits))
    for one, other in both:
        assert one.episode.id == other.episode.id
        assert one.relevance == pytest.approx(other.relevance)


# -- abstaining ------------------------------------------------------------------------------


def test_below_the_threshold_hits_become_misses(talk: Memory) -> None:
    """With a threshold above `known` no hits come back; the nearest misses are the hits of before."""
    asked = talk.recall("Which cat did Ana get from the shelter?", scope="a", k=3)
    assert asked.hits
    assert not asked.abstained
    assert not asked.misses
    abstaining = talk.recall(
        "Which cat did Ana get from the shelter?", scope="a", k=3, abstain_below=0.5
    )
    assert abstaining.abstained
    assert not abstaining.hits
    assert [m.episode.id for m in abstaining.misses] == [h.episode.id for h in asked.hits]
    assert any(note.startswith("not in memory: ") for note in abstaining.notes)
    assert abstaining.known == asked.known


def test_above_the_threshold_nothing_changes(talk: Memory) -> None:
    asked = talk.recall("grey cat called Miso", scope="a")
    same = talk.recall("grey cat called Miso", scope="a", abstain_below=asked.known)
    assert not same.abstained
    assert [hit.episode.id for hit in same.hits] == [hit.episode.id for hit in asked.hits]
    assert list(same.notes) == list(asked.notes)


def test_a_threshold_of_zero_never_abstains(talk: Memory) -> None:
    found = talk.recall("anything in May 2019?", scope="a", abstain_below=0.0)
    assert not found.abstained


def test_a_context_of_what_is_not_in_memory_is_empty(talk: Memory) -> None:
    packed = talk.context("submarine licence in Mongolia", scope="a", abstain_below=0.99)
    assert packed.text == ""
    assert packed.recall.abstained


@pytest.mark.parametrize("floor", [-0.1, 1.1, float("nan"), "0.5"])
def test_a_threshold_that_is_no_probability_is_refused(talk: Memory, floor) -> None:
    with pytest.raises(InvalidQuery, match="abstain_below"):
        talk.recall("cat", scope="a", abstain_below=floor)


# -- edges -----------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [("lexical",), ("dense",), ("recent",), ("lexical", "dense")])
def test_every_choice_of_channels_gives_probabilities(memory: Memory, channels) -> None:
    memory.remember_many({"text": text, "speaker": who, "scope": "a"} for who, text in TALK)
    memory.ready()
    found = memory.recall("Which cat did Ana get?", scope="a", channels=channels)
    assert 0 <= found.known <= 1
    assert found.hits
    assert all(0 <= hit.relevance <= 1 for hit in found.hits)


def test_a_part_in_a_conversation_is_no_name(tmp_path: Path) -> None:
    """A query with the word "user" in it names nobody where one of the speakers is "user"."""
    with Memory(tmp_path / "r.mnemic", embedder=None) as memory:
        memory.remember("The user tests went well.", scope="a", speaker="user")
        memory.remember("Good to hear!", scope="a", speaker="assistant")
        found = memory.evidence("user tests", scope="a")
        asked = confidence._asked(found.view, found.fused.rows, ["user", "test"])
    assert not asked


def test_a_window_without_the_one_asked_about_compares_nobody(talk: Memory) -> None:
    """Only what the window lets through is set against each other."""
    talk.remember("I slept.", scope="a", speaker="Ravi", said_at="2026-05-02T10:00:00+00:00")
    found = talk.recall("What did Ana say in May 2026?", scope="a")
    assert [hit.episode.text for hit in found.hits] == ["I slept."]
    assert 0 <= found.known <= 1


def test_hostile_text_costs_no_time(tmp_path: Path) -> None:
    """Long runs of what the rules look for, and a query of many terms."""
    with Memory(tmp_path / "h.mnemic", embedder=None) as memory:
        for number, text in enumerate(("?!. " * 25_000, "you " * 25_000, "." * 100_000)):
            memory.remember(f"cat {text}", scope="a", speaker=("Ana", "Ravi")[number % 2])
        query = "cat Ana " + " ".join(f"w{number}" for number in range(2_000))
        took_ms = min(
            memory.recall(query, scope="a").cost.stages_ms["confidence"] for _ in range(5)
        )
    assert took_ms < 50
