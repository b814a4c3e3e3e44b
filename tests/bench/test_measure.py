"""The arithmetic of the metrics, against values worked out by hand."""

import pytest

from mnemic.bench.cases import Case, Question
from mnemic.bench.measure import reciprocal_rank_fusion, score, summary
from mnemic.errors import InvalidInput


def test_share_is_of_all_evidence_not_of_any():
    one = score(["x", "a", "y", "b", "z", "w", "c"], frozenset("abc"))
    assert one.recall == pytest.approx((0, 2 / 3, 1, 1))
    assert one.reciprocal_rank == 1 / 2
    assert one.hit_at_1 == 0


def test_evidence_that_is_never_found_counts_as_missed():
    assert score(["a"], frozenset({"a", "not in memory"})).recall == (0.5, 0.5, 0.5, 0.5)
    assert score(["x", "y"], frozenset("a")).reciprocal_rank == 0
    assert score([], frozenset("a")).recall == (0, 0, 0, 0)


def test_a_ref_that_comes_twice_counts_once_at_its_best_rank():
    one = score(["a", "a", "a", None, "b"], frozenset("abc"))
    assert one.recall == pytest.approx((1 / 3, 2 / 3, 2 / 3, 2 / 3))
    assert one.hit_at_1 == 1


def test_each_k_ends_where_it_says():
    ranked = [f"x{i}" for i in range(1, 30)]
    for rank, expected in ((1, (1, 1, 1, 1)), (5, (0, 1, 1, 1)), (6, (0, 0, 1, 1)),
                           (10, (0, 0, 1, 1)), (20, (0, 0, 0, 1)), (21, (0, 0, 0, 0))):  # fmt: skip
        assert score(ranked, frozenset({f"x{rank}"})).recall == expected


def test_no_evidence_is_refused():
    with pytest.raises(InvalidInput, match="without evidence"):
        score(["a"], frozenset())


def test_means_and_intervals_over_questions():
    scores = [score(["a"], frozenset("a")), score(["x", "a"], frozenset("a"))] * 50
    found = summary(scores)
    assert found["recall@1"] == 0.5
    assert found["recall@5"] == 1
    assert found["mrr"] == 0.75
    assert found["hit@1"] == 0.5
    low, high = found["ci"]["recall@1"]
    assert low < 0.5 < high
    # Standard error of a mean of 100 coin flips is 0.05; 1.96 of them each way, by 1,000 resamples.
    assert high - low == pytest.approx(2 * 1.96 * 0.05, rel=0.15)
    assert found["ci"]["recall@5"] == [1, 1]
    assert summary(scores) == found


def test_no_questions_give_zeros_in_the_same_shape():
    empty, some = summary([]), summary([score(["a"], frozenset("a"))])
    assert empty.keys() == some.keys()
    assert empty["ci"].keys() == some["ci"].keys()


def test_reciprocal_rank_fusion_by_hand():
    # a: 1/61 + 1/63; b: 1/62 + 1/61; c: 1/63; d: 1/62
    assert reciprocal_rank_fusion([["a", "b", "c"], ["b", "d", "a"]]) == ["b", "a", "d", "c"]


def test_fusion_counts_a_ref_once_a_ranking():
    # Twice in one ranking would give b 1/62 + 1/63 > a's 1/61.
    assert reciprocal_rank_fusion([["a", "b", "b"]]) == ["a", "b"]


def test_a_case_counts_evidence_that_is_not_in_memory():
    case = Case("c", [{"text": "t", "ref": "a"}], [Question("1", "?", "x", frozenset({"a", "b"}))])
    assert case.missing_evidence == 1
