"""Claims become facts with validity, versions of belief, and links."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnemic.agent.facts.belief import Word, believe
from mnemic.agent.facts.reconcile import (
    Act,
    Stated,
    Tally,
    Version,
    believed,
    functional,
    tally,
    versions,
)
from mnemic.agent.trust import TRUST, source_class

DAY = 86_400_000_000


def said(
    value: str,
    day: int,
    *,
    number: int = 0,
    denied: bool = False,
    change: str = "",
    witness: str = "ana",
    own: bool = True,
    trust: float = 0.95,
    certainty: float = 1.0,
    ingested: int | None = None,
    valid_from: int | None = None,
    valid_to: int | None = None,
    relation: str = "lives_in",
) -> Stated:
    return Stated(
        scope="s", seq=1000 + day, number=number, subject="Ana",
        relation=relation, object=value, object_key=value.casefold(),
        statement=f"Ana lives in {value}.", denied=denied, certainty=certainty, change=change,
        valid_from_us=None if valid_from is None else valid_from * DAY,
        valid_to_us=None if valid_to is None else valid_to * DAY,
        said_us=day * DAY, ingested_us=(day if ingested is None else ingested) * DAY,
        witness=witness, trust=trust, own=own,
    )  # fmt: skip


def holding(found: list[Version], day: int) -> list[str]:
    at = day * DAY
    return sorted(
        one.object
        for one in found
        if not one.denied
        and (one.valid_from_us is None or one.valid_from_us <= at)
        and (one.valid_to_us is None or at < one.valid_to_us)
    )


def test_a_later_value_closes_the_earlier_and_is_linked() -> None:
    """Where somebody lives has one value at a time, and each knows what came after it."""
    found = believed([said("Porto", 1), said("Lisbon", 60, change="begins")], [], True)
    assert holding(found, 30) == ["Porto"]
    assert holding(found, 61) == ["Lisbon"]
    porto = next(one for one in found if one.object == "Porto")
    lisbon = next(one for one in found if one.object == "Lisbon")
    assert porto.successor == lisbon.fact_id
    assert porto.reason == "changed"


def test_a_move_told_later_takes_effect_when_it_happened() -> None:
    """ "I moved in February", said in March, closes the old value in February."""
    found = believed(
        [said("Porto", 1), said("Porto", 40), said("Lisbon", 60, valid_from=32, change="begins")],
        [],
        True,
    )
    assert holding(found, 31) == ["Porto"]
    assert holding(found, 33) == ["Lisbon"]


def test_an_old_import_does_not_retire_what_is_true() -> None:
    """A statement from long ago, ingested last, holds only until what was said after it."""
    found = versions([said("Lisbon", 60), said("Porto", 1, ingested=100)], [], one_at_a_time=True)
    now = [one for one in found if one.believed_to_us is None]
    assert holding(now, 101) == ["Lisbon"]
    assert holding(now, 2) == ["Porto"]
    before = [one for one in found if one.believed_from_us <= 70 * DAY]
    assert holding(before, 61) == ["Lisbon"]


def test_a_past_stretch_leaves_the_present_alone() -> None:
    """ "I lived in Berlin until day 10" closes nothing but Berlin."""
    found = believed([said("Lisbon", 20), said("Berlin", 30, valid_to=10)], [], True)
    assert holding(found, 31) == ["Lisbon"]
    assert holding(found, 5) == ["Berlin"]


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(
    ("value", "ended", "still"),
    [
        ("an old Skoda to work", "Skoda", []),
        ("ibuprofen for my back", "ibuprofen", []),
        ("New York", "York", ["New York"]),
        ("green tea", "black tea", ["green tea"]),
        ("tea", "green tea", ["tea"]),
        ("flour without gluten", "gluten", ["flour without gluten"]),
    ],
)
def test_what_is_no_longer_so_takes_finer_values_along(
    value: str, ended: str, still: list[str], alone: bool
) -> None:
    """ "I no longer drive a Skoda" ends "an old Skoda to work"; nothing else, and no part of a name."""
    first = replace(said(value, 1), object_key=value.removeprefix("an ").casefold())
    found = believed([first, said(ended, 50, denied=True, change="ends")], [], alone)
    assert holding(found, 51) == still
    assert holding(found, 49) == [value]
    plain = believed([first, said(ended, 50, denied=True)], [], alone)
    assert holding(plain, 51) == [value]


def test_a_denial_closes_and_is_a_fact() -> None:
    """ "I no longer live in Porto" ends Porto without naming another."""
    found = believed([said("Porto", 1), said("Porto", 50, denied=True, change="ends")], [], True)
    assert holding(found, 51) == []
    assert [one.denied for one in found if one.valid_to_us is None] == [True]


def test_values_side_by_side_stay() -> None:
    """Who likes tea and then coffee likes both; who then hates tea likes coffee."""
    claims = [
        said("tea", 1, relation="likes"),
        said("coffee", 2, relation="likes"),
        said("tea", 30, relation="likes", denied=True),
    ]
    assert holding(believed(claims[:2], [], False), 10) == ["coffee", "tea"]
    assert holding(believed(claims, [], False), 31) == ["coffee"]


def test_more_exact_is_the_same_fact() -> None:
    """ "Graça, Lisbon" says Lisbon and more; "New York" does not say York."""
    found = believed([said("Lisbon", 1), said("Graça, Lisbon", 9)], [], True)
    assert [one.object for one in found] == ["Graça, Lisbon"]
    found = believed([said("York", 1), said("New York", 9)], [], True)
    assert holding(found, 10) == ["New York"]
    assert len(found) == 2


def test_a_stranger_does_not_overrule_the_person() -> None:
    """What somebody else says about Ana contests her word, and closes nothing."""
    found = believed([said("Lisbon", 1), said("Porto", 9, witness="ravi", own=False)], [], True)
    assert "Lisbon" in holding(found, 10)
    assert all(one.belief.status == "experimental" for one in found)


def test_a_web_page_does_not_overrule_the_person() -> None:
    """A source of low trust cannot close a fact of a trusted one, whatever it says."""
    web = said("Atlantis", 9, witness="web", own=False, trust=TRUST["web"], change="begins")
    found = believed([said("Lisbon", 1), web], [], True)
    assert "Lisbon" in holding(found, 10)
    assert next(one for one in found if one.object == "Atlantis").belief.confidence <= TRUST["web"]


def test_a_correction_changes_one_fact_and_keeps_what_was_believed() -> None:
    """From the correction on the new value holds over the old validity; before it the old one did."""
    claims = [said("Porto", 1), said("Lisbon", 60)]
    wrong = next(one for one in believed(claims, [], True) if one.object == "Lisbon")
    act = Act(wrong.fact_id, "correct", 70 * DAY, "Lagos", "lagos", 2000, 1)
    found = versions(claims, [act], one_at_a_time=True)
    then = [
        one
        for one in found
        if one.believed_from_us <= 65 * DAY and (one.believed_to_us or 10**18) > 65 * DAY
    ]
    now = [one for one in found if one.believed_to_us is None]
    assert holding(then, 66) == ["Lisbon"]
    assert holding(now, 66) == ["Lagos"]
    assert holding(now, 30) == ["Porto"]
    lagos = next(one for one in now if one.object == "Lagos")
    assert lagos.belief.status == "verified"
    assert next(one for one in now if one.object == "Porto").successor == lagos.fact_id


def test_an_added_value_teaches_that_a_relation_holds_several() -> None:
    """Wording of addition, and values that return, outweigh the vocabulary's opinion."""
    seen = tally([said("tea", 1), said("coffee", 2, change="adds"), said("tea", 3)])
    assert seen == Tally(alone=0, together=2)
    assert functional(0.6, Tally())
    assert not functional(0.6, Tally(0, 4))
    assert functional(0.4, Tally(4, 0))


@given(st.integers(0, 2**32), st.booleans())
def test_order_of_arrival_does_not_matter(seed: int, one_at_a_time: bool) -> None:
    """The same claims in any order give the same versions, bit for bit."""
    draw = random.Random(seed)
    claims = [
        said(
            draw.choice(["Porto", "Lisbon", "Graça, Lisbon", "York"]),
            draw.randrange(60),
            number=number,
            denied=draw.random() < 0.2,
            change=draw.choice(["", "", "begins", "ends", "adds"]),
            witness=draw.choice(["ana", "ravi"]),
            own=draw.random() < 0.7,
            trust=draw.choice([0.5, 0.95]),
            ingested=draw.randrange(60, 80),
            valid_from=draw.choice([None, None, draw.randrange(60)]),
        )
        for number in range(draw.randrange(1, 9))
    ]
    first = versions(claims, [], one_at_a_time=one_at_a_time)
    draw.shuffle(claims)
    assert versions(claims, [], one_at_a_time=one_at_a_time) == first


@given(st.integers(0, 2**32))
def test_every_belief_is_what_was_known_then(seed: int) -> None:
    """The versions believed at a moment are what the claims ingested by then come to."""
    draw = random.Random(seed)
    claims = [
        said(
            draw.choice(["Porto", "Lisbon", "Lagos"]), draw.randrange(40), number=number,
            denied=draw.random() < 0.15, change=draw.choice(["", "begins", "ends"]),
            ingested=draw.randrange(40, 50),
        )
        for number in range(draw.randrange(1, 8))
    ]  # fmt: skip
    made = versions(claims, [], one_at_a_time=True)
    for moment in range(40, 50):
        at = moment * DAY
        then = {
            one.fact_id: replace(one, believed_from_us=0, believed_to_us=None, evidence=())
            for one in made
            if one.believed_from_us <= at
            and (one.believed_to_us is None or at < one.believed_to_us)
        }
        known = [claim for claim in claims if claim.ingested_us <= at]
        expected = [replace(one, evidence=()) for one in believed(known, [], True)]
        assert then == {one.fact_id: one for one in expected}


@given(st.integers(0, 2**32))
def test_one_value_at_a_time_means_one(seed: int) -> None:
    """Of one person's own words about one-valued things no two hold at the same moment."""
    draw = random.Random(seed)
    claims = [
        said(
            draw.choice(["Porto", "Lisbon", "Lagos", "Faro"]), draw.randrange(60), number=number,
            change=draw.choice(["", "begins"]), valid_from=draw.choice([None, draw.randrange(80)]),
        )
        for number in range(draw.randrange(1, 9))
    ]  # fmt: skip
    found = believed(claims, [], True)
    for day in range(90):
        assert len(holding(found, day)) <= 1
    links = {one.fact_id: one.successor for one in found}
    for name in links:
        seen = set()
        at: str | None = name
        while at is not None:
            assert at not in seen, "supersession goes in a circle"
            seen.add(at)
            at = links.get(at)


def test_saying_it_again_is_one_witness() -> None:
    """The same witness repeated a hundred times counts once; another witness counts."""
    once = believe([Word("ana", 1.0, 0.95)])
    often = believe([Word("ana", 1.0, 0.95)] * 100)
    two = believe([Word("ana", 1.0, 0.95), Word("ravi", 1.0, 0.95)])
    assert once == often
    assert two.confidence > once.confidence
    assert (once.status, two.status) == ("unverified", "verified")


def test_a_hedge_is_less_and_experimental() -> None:
    """Maybe is less than yes."""
    assert (
        believe([Word("ana", 0.5, 0.95)]).confidence < believe([Word("ana", 1.0, 0.95)]).confidence
    )
    assert believe([Word("ana", 0.5, 0.95)]).status == "experimental"


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"), st.floats(0, 1), st.sampled_from([0.5, 0.85]), st.booleans()
        )
    )
)
def test_no_crowd_lifts_a_fact_above_its_sources(
    words: list[tuple[str, float, float, bool]],
) -> None:
    """However many witnesses of low trust agree, the ceiling of their trust stands, and it is never verified."""
    found = believe(Word(w, c, t, against=a) for w, c, t, a in words)
    assert found.confidence <= max((t for _, _, t, a in words if not a), default=0)
    assert found.status != "verified"


@pytest.mark.parametrize(
    ("source", "speaker", "declared", "expected"),
    [
        ("slack", "Ana", None, "user"),
        ("web", "Ana", "user", "web"),
        ("user", "Ana", "web", "web"),
        ("chat", "assistant", None, "assistant"),
        ("https://example.org", None, None, "web"),
        ("user", None, "verified", "user"),
    ],
)
def test_trust_comes_from_the_source_and_is_only_lowered(
    source: str, speaker: str | None, declared: str | None, expected: str
) -> None:
    """What a writer declares may lower the trust of a source, never raise it."""
    assert source_class(source, speaker, declared) == expected
