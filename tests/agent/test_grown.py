"""The parts of the exact scan: rows that grow in place, and their products with one vector."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mnemic.agent.channels.grown import Grown
from mnemic.agent.channels.products import times

floats = st.floats(-1, 1, width=32)


@given(st.integers(0, 5), st.lists(st.integers(0, 40), max_size=20))
def test_what_was_handed_out_stays_as_it_was(first: int, more: list[int]) -> None:
    """Rows are added behind what others look at; all of them together are what was given."""
    numbers = iter(range(10_000))

    def fresh(count: int) -> np.ndarray:
        return np.array([[next(numbers)] * 3 for _ in range(count)], dtype=np.int64).reshape(-1, 3)

    parts = [fresh(first)]
    grown = Grown(parts[0].copy())
    seen = [(grown.values, grown.values.copy())]
    for count in more:
        parts.append(fresh(count))
        grown.extend(parts[-1])
        seen.append((grown.values, grown.values.copy()))
        assert len(grown) == len(grown.values)
    assert np.array_equal(grown.values, np.concatenate(parts))
    assert all(np.array_equal(view, copy) for view, copy in seen)


@given(arrays.arrays(np.float32, st.tuples(st.integers(0, 50), st.just(7)), elements=floats),
       arrays.arrays(np.float32, 7, elements=floats))  # fmt: skip
def test_products_are_those_of_the_matrix(rows: np.ndarray, query: np.ndarray) -> None:
    found = times(rows, query)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, rows.astype(np.float64) @ query, atol=1e-5)


def test_products_without_vecdot_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """numpy 1.26 has none."""
    rows = np.linspace(-1, 1, 21, dtype=np.float32).reshape(3, 7)
    expected = times(rows, rows[1])
    monkeypatch.delattr(np, "vecdot", raising=False)
    np.testing.assert_allclose(times(rows, rows[1]), expected, atol=1e-6)
