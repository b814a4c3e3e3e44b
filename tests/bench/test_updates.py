"""`mnemic bench updates`: the made talk has one truth, and faults are found where they are."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mnemic.agent.facts.fact import Fact
from mnemic.agent.knowledge import ClaimRow
from mnemic.bench.updates import PER_SCOPE, cases, judge, rows, run_updates, show
from mnemic.bench.updating import BOTH, ENDING, MATTERS
from mnemic.errors import InvalidInput


@pytest.fixture(scope="module")
def result() -> dict:
    return run_updates(250)


def test_what_is_wholly_extracted_supersedes_rightly(result: dict) -> None:
    """The aims: 98 % of extracted updates right, 99.5 % of look-alikes retire nothing true."""
    assert result["updates"]["extracted_whole"] >= 75
    assert result["updates"]["right_of_whole"] >= 0.98
    assert result["look_alikes"]["nothing_true_retired"] >= 0.995


def test_counts_add_up_and_can_be_shown(result: dict) -> None:
    """Kinds and matters each count every case; the tables name them."""
    for part in ("updates", "look_alikes"):
        by_kind = result[part]["by_kind"]
        for of in (True, False):
            assert sum(v["n"] for k, v in by_kind.items() if k.startswith("of ") is of) == 250
    out = io.StringIO()
    show(result, Console(file=out, width=160))
    assert "no longer" in out.getvalue()


@given(st.integers(0, 10**6), st.booleans())
def test_every_case_has_one_truth(seed: int, update: bool) -> None:
    """Nothing both holds and ended; the old value is told first; the same seed makes the same."""
    made = cases(PER_SCOPE, update=update, seed=seed)
    assert made == cases(PER_SCOPE, update=update, seed=seed)
    for case in made:
        assert not case.held & case.ended
        assert not case.held & case.never
        assert case.old in case.first
        assert case.told_at < case.changed_at
        assert (case.old in case.ended) is update
        assert "{" not in case.first + case.second
        if update:
            assert bool(case.held) is (case.kind not in ENDING)
        assert len(case.held) == 2 if case.kind in BOTH else len(case.held) <= 1


def test_in_a_scope_everyone_speaks_for_themselves() -> None:
    """No two cases of a scope share a speaker, so no case can change another's facts."""
    made = cases(200, update=True) + cases(200, update=False)
    who = [(case.scope, case.speaker) for case in made]
    assert len(set(who)) == len(who)
    told = {row["ref"] for row in rows(made)} - {None}
    assert told == {ref for case in made for ref in case.refs}


def test_every_matter_can_change_and_has_look_alikes() -> None:
    """Values and wordings fill in, and no sentence of a change lacks what it is about."""
    for matter in MATTERS.values():
        assert len(set(matter.values)) == len(matter.values) >= 6
        assert matter.changes
        assert matter.alikes
        assert all("{old}" in said for said in matter.told)
        for kind, forms in matter.changes.items():
            needed = "{old}" if kind in ENDING else "{new}"
            assert all(needed in said for said in forms), (kind, forms)


MOMENT = datetime(2025, 3, 1, tzinfo=UTC)


def _fact(case, value: str, *, ended: datetime | None) -> Fact:
    return Fact(
        id="x", scope=case.scope, subject=case.speaker, relation="lives_in", object=value,
        statement="", denied=False, valid_from=case.told_at, valid_to=ended, believed_from=MOMENT,
        believed_to=None, confidence=0.8, status="unverified", witnesses=1,
    )  # fmt: skip


def _claim(case, value: str) -> ClaimRow:
    who = case.speaker.casefold()
    return ClaimRow(
        1, 1, 0, 0, 5, case.speaker, who, "lives_in", value, value.casefold(), "", 0, 1.0, "",
        None, None, 0, 0, who, 0.95, 1, "rules/0",
    )  # fmt: skip


def test_faults_are_told_apart() -> None:
    """What still holds, what holds no more, and what was never extracted are different faults."""
    moved = next(c for c in cases(500, update=True) if (c.matter, c.kind) == ("home", "moved"))
    new = next(iter(moved.held))
    told, changed = moved.refs
    claims = [(told, _claim(moved, moved.old)), (changed, _claim(moved, new))]
    right = [_fact(moved, moved.old, ended=moved.changed_at), _fact(moved, new, ended=None)]
    assert judge(moved, right, claims).faults == ()
    assert judge(moved, right, claims).whole
    stale = [_fact(moved, moved.old, ended=None), right[1]]
    assert judge(moved, stale, claims).faults == ("the old still holds",)
    assert judge(moved, right[:1], claims).faults == ("the new does not hold",)
    assert not judge(moved, stale, claims[:1]).read
    elsewhere = claims[1][1]._replace(subject_key="someone else's friend")
    lost = judge(moved, stale, [claims[0], (changed, elsewhere)])
    assert lost.read
    assert lost.lost == "another subject"
    alike = replace(moved, update=False, held=frozenset((moved.old,)), ended=frozenset(),
                    never=frozenset((new,)))  # fmt: skip
    faults = judge(alike, right, claims).faults
    assert faults == ("a true fact retired", "something untrue holds")


def test_too_few_are_refused() -> None:
    """The error says how many there must be."""
    with pytest.raises(InvalidInput, match="25"):
        run_updates(3)
