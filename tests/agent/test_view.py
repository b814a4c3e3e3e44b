"""A view that grew is the view made at once."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mnemic import Memory
from mnemic.agent.protocols import ITEM_COLUMNS
from mnemic.agent.view import View, grow, make_view

NAMES = {1: "Ana", 2: "Ravi Patel", 3: "user"}

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "session_key": st.sampled_from((0, 0, 7, 8, 9)),
            "position": st.integers(0, 5),
            "said_us": st.integers(0, 5),
            "speaker_key": st.sampled_from((0, 1, 2, 3)),
            "terms": st.integers(0, 600),
        }
    ),
    max_size=30,
)


def columns(rows: list[dict[str, int]], first: int = 1) -> dict[str, np.ndarray]:
    table = {name: np.zeros(len(rows), dtype=np.int64) for name in ITEM_COLUMNS}
    table["seq"][:] = np.arange(first, first + len(rows))
    for place, row in enumerate(rows):
        for name, value in row.items():
            table[name][place] = value
    return table


def alike(one: View, other: View) -> None:
    """Equal in everything, where sessions may be numbered differently."""
    for name in ("seq", "terms", "before", "after", "passage_terms", "lean", "speaker", "said_us"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert (one.speakers, one.talk, one.version) == (other.speakers, other.talk, other.version)
    pairs = set(zip(one.session.tolist(), other.session.tolist(), strict=True))
    assert len(pairs) == len(set(one.session.tolist())) == len(set(other.session.tolist()))
    assert len(one.session_terms) == len(other.session_terms)
    for left, right in pairs:
        assert one.session_terms[left] == other.session_terms[right]


@given(ROWS, ROWS, ROWS)
def test_growing_twice_is_making_at_once(
    old: list[dict[str, int]], new: list[dict[str, int]], newer: list[dict[str, int]]
) -> None:
    grown = make_view(columns(old), NAMES, 3)
    grown = grow(grown, columns(new, len(old) + 1), NAMES, 3)
    grown = grow(grown, columns(newer, len(old) + len(new) + 1), NAMES, 3)
    alike(grown, make_view(columns(old + new + newer), NAMES, 3))


def test_sessions_of_two_scopes_never_meet(memory: Memory) -> None:
    """Read together, equal session names of two scopes stay two sessions."""
    for scope in ("a/x", "a/y"):
        memory.remember(f"A boat in {scope}.", scope=scope, session="monday")
    view = memory.evidence("boat", scope="a/*").view
    assert view.before.tolist() == [-1, -1]
    assert len(set(view.session.tolist())) == 2
