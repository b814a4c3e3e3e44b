"""The fit of how sure a recall is: its measures, what it must find, and that held out means held out."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mnemic.agent.recall.confidence import HIT, TOPIC, TOPIC_BY_WORDS, WHOSE
from mnemic.bench import calibration, reliability
from mnemic.bench.calibration import fit, line, run_calibration, strangers, swapped
from mnemic.bench.cases import Case, Question
from mnemic.bench.reliability import Forecasts, auroc, bins, brier, calibration_error, measured
from mnemic.bench.tasks import beam, locomo
from mnemic.errors import ImportFailed, InvalidInput
from mnemic.testing.fakes import HashEmbedder

forecasts = st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=60).map(
    lambda rows: (np.array([p / 10 for p, _ in rows]), np.array([came for _, came in rows]))
)


# -- measures --------------------------------------------------------------------------------


@given(forecasts)
def test_auroc_is_the_share_of_pairs_in_the_right_order(made) -> None:
    p, happened = made
    pairs = list(product(p[happened], p[~happened]))
    if not pairs:
        assert np.isnan(auroc(p, happened))
        return
    right = sum(1.0 if yes > no else 0.5 if yes == no else 0.0 for yes, no in pairs)
    assert auroc(p, happened) == pytest.approx(right / len(pairs))


@given(forecasts)
def test_bins_hold_every_forecast_once_and_as_many_each(made) -> None:
    p, happened = made
    found = bins(p, happened)
    counts = [one["n"] for one in found]
    assert sum(counts) == len(p)
    assert max(counts) - min(counts) <= 1
    assert sum(one["n"] * one["happened"] for one in found) == pytest.approx(happened.sum())
    assert [one["forecast"] for one in found] == sorted(one["forecast"] for one in found)


@given(forecasts)
def test_errors_lie_between_nought_and_one(made) -> None:
    assert 0 <= calibration_error(*made) <= 1
    assert 0 <= brier(*made) <= 1


def test_forecasts_that_come_true_as_often_as_they_say_have_no_error() -> None:
    p = np.repeat([0.0, 0.5, 1.0], reliability.BINS * 20)
    happened = np.concatenate((np.zeros(300), np.tile([0, 1], 150), np.ones(300))).astype(bool)
    assert calibration_error(p, happened) == pytest.approx(0)
    assert calibration_error(1 - p, happened) == pytest.approx(2 / 3)


def test_intervals_hold_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reliability, "RESAMPLES", 200)
    rng = np.random.default_rng(1)
    p = rng.random(400)
    found = measured(Forecasts(p, rng.random(400) < p, np.arange(400)))
    for name in ("auroc", "brier"):
        low, high = found["ci"][name]
        assert low < found[name] < high
    alike = measured(Forecasts(p, rng.random(400) < p, np.zeros(400, dtype=np.int64)), ("auroc",))
    assert alike["ci"]["auroc"] == [alike["auroc"]] * 2  # one group: every resample is the same


# -- fit -------------------------------------------------------------------------------------


def test_a_line_finds_the_weights_that_made_the_data() -> None:
    rng = np.random.default_rng(2)
    signs = {"a": rng.normal(size=20_000), "b": rng.normal(size=20_000)}
    happened = rng.random(20_000) < 1 / (1 + np.exp(-(0.5 + 1.5 * signs["a"] - signs["b"])))
    found = line(signs, happened, np.ones(20_000), {"a": 1, "b": -1})
    assert found.weight["a"] == pytest.approx(1.5, abs=0.1)
    assert found.weight["b"] == pytest.approx(-1.0, abs=0.1)
    assert found.constant == pytest.approx(0.5, abs=0.1)


def test_a_sign_may_not_speak_the_wrong_way() -> None:
    rng = np.random.default_rng(3)
    signs = {"a": rng.normal(size=500)}
    happened = signs["a"] < 0
    weight = np.ones(500)
    assert line(signs, happened, weight, {"a": 1}).weight["a"] == 0
    assert line(signs, happened, weight, {"a": 0}).weight["a"] < 0


# -- questions that need no label ------------------------------------------------------------


def case(name: str, speakers: tuple[str, ...], texts: tuple[str, ...]) -> Case:
    rows = [{"text": "x", "ref": who, "speaker": who} for who in speakers]
    questions = [Question(f"{name}{i}", text, "c", frozenset("x")) for i, text in enumerate(texts)]
    return Case(name, rows, questions)


def test_strangers_ask_here_what_was_asked_there() -> None:
    here = case("here", ("Ana", "Ravi"), ())
    there = case("there", ("Bo", "Cy"), ("Where does Bo live?", *"abcdefgh"))
    found = list(strangers(here, there))
    assert ("stranger", "Where does Bo live?") in [(kind, one.text) for kind, one in found]
    assert ("stranger by name", "Where does Ana live?") in [(kind, one.text) for kind, one in found]
    assert not any(one.answerable or one.evidence for _, one in found)


def test_a_swapped_question_credits_the_other() -> None:
    asked = case("a", ("Ana", "Ravi"), ("Did Ana's cat sleep?", "Did Ana meet Ravi?", "Who slept?"))
    assert [one.text for _, one in swapped(asked)] == ["Did Ravi's cat sleep?"]
    assert not list(swapped(case("b", ("Ana", "user"), ("Did Ana sleep?",))))


# -- the whole -------------------------------------------------------------------------------


def conversation(name: str, first: str, second: str, things: tuple[str, ...]) -> dict:
    turns = [
        turn
        for place, thing in enumerate(things)
        for turn in (
            {"speaker": first, "dia_id": f"D1:{2 * place + 1}",
             "text": f"Yesterday I repaired my old {thing} in the cellar, and it took all day."},
            {"speaker": second, "dia_id": f"D1:{2 * place + 2}",
             "text": f"Did you like the work on your {thing}?"},
        )
    ]  # fmt: skip
    asked = [
        {"question": f"When did {first} repair the {thing}?", "category": 4,
         "evidence": [f"D1:{2 * place + 1}"]}
        for place, thing in enumerate(things)
    ]  # fmt: skip
    other = [
        {"question": f"When did {second} repair the {thing}?", "category": 5,
         "adversarial_answer": "yesterday", "evidence": []}
        for thing in things
    ]  # fmt: skip
    return {
        "sample_id": name,
        "conversation": {"session_1": turns, "session_1_date_time": "1:56 pm on 8 May, 2023"},
        "qa": asked + other,
    }


THINGS = (
    ("bicycle", "lamp", "violin", "kettle", "printer", "camera", "boat", "ladder"),
    ("guitar", "carpet", "window", "engine", "sensor", "bridge", "fence", "laptop"),
    ("mirror", "drawer", "cabinet", "heater", "saddle", "compass", "anchor", "bellows"),
)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(reliability, "RESAMPLES", 20)
    home = tmp_path / "data" / "locomo"
    home.mkdir(parents=True)
    names = (("Ana", "Ravi"), ("Bo", "Cy"), ("Dee", "Eli"))
    made = [conversation(f"c{i}", *names[i], things) for i, things in enumerate(THINGS)]
    (home / "locomo_made.json").write_text(json.dumps(made))
    return tmp_path / "data"


def test_a_run_tells_whose_deed_it_was(root, tmp_path) -> None:
    """In talk where one tells and the other asks, held-out `known` parts the two almost surely."""
    lines, plot = tmp_path / "calibration.json", tmp_path / "plots" / "calibration.png"
    result = run_calibration(root, embedder=HashEmbedder(), write=lines, plot=plot)
    assert result["kinds"]["answerable"] == result["kinds"]["unanswerable"] == 24
    assert result["known"]["all labelled"]["auroc"] > 0.9
    assert result["known_unlabelled"]["auroc"] > 0.9  # without one label
    assert result["known"]["answerable against stranger"]["auroc"] > 0.9
    assert result["relevance"]["all"]["auroc"] > 0.7
    assert plot.read_bytes().startswith(b"\x89PNG")
    table = json.loads(lines.read_text())
    assert [list(table[name]["weight"]) for name in ("topic", "topic_by_words", "whose")] == [
        list(TOPIC), list(TOPIC_BY_WORDS), list(WHOSE),
    ]  # fmt: skip
    assert list(table["relevance"]["weight"]) == list(HIT)
    console = Console(width=200, record=True)
    reliability.show(result, console)
    assert "[" in console.export_text()


def test_held_out_is_judged_by_lines_that_never_saw_the_case(root, monkeypatch) -> None:
    """Each case is judged by a fit that holds none of it, in all three ways of fitting."""
    seen: list[frozenset[str]] = []
    real = fit
    monkeypatch.setattr(
        calibration,
        "fit",
        lambda asked: seen.append(frozenset(one.case for one in asked)) or real(asked),
    )
    run_calibration(root, embedder=None)
    rests = [frozenset({"c0", "c1", "c2"} - {held}) for held in ("c0", "c1", "c2")]
    assert seen == [*rests, *rests, *rests, frozenset({"c0", "c1", "c2"})]


def test_unanswerable_questions_are_there_and_not_in_the_average(root) -> None:
    for made in locomo.read(root / "locomo"):
        assert len(made.questions) == len(made.unanswerable) == 8
        assert all(one.answerable for one in made.questions)
        assert not any(one.answerable or one.evidence for one in made.unanswerable)
        assert made.excluded["no answer in memory"] == 8


def test_only_abstentions_are_unanswerable(tmp_path) -> None:
    """A question whose evidence is missing from the data may well have an answer."""
    made = {
        "conv": "b",
        "messages": [{"id": 1, "role": "user", "time": "March-15-2024", "content": "I sailed."}],
        "questions": [
            {"qid": "1", "type": "abstention", "question": "Which boat?", "evidence_ids": []},
            {"qid": "2", "type": "summarization", "question": "What of it?", "evidence_ids": []},
            {"qid": "3", "type": "preference", "question": "Who sailed?", "evidence_ids": [1]},
        ],
    }
    (tmp_path / "beam_made.jsonl").write_text(json.dumps(made))
    (found,) = beam.read(tmp_path)
    assert [one.qid for one in found.unanswerable] == ["1"]
    assert [one.qid for one in found.questions] == ["3"]
    assert found.excluded["no evidence in memory"] == 2


def test_a_root_without_data_is_refused(tmp_path) -> None:
    with pytest.raises(ImportFailed, match="none of the folders"):
        run_calibration(tmp_path, embedder=None)


def test_data_without_unanswerable_questions_are_refused(tmp_path) -> None:
    home = tmp_path / "code_history"
    home.mkdir()
    (home / "one_commits.jsonl").write_text(
        json.dumps({"id": "c", "date": "2024-05-01T10:00:00+00:00", "subject": "Pools"})
    )
    (home / "one_queries.jsonl").write_text(
        json.dumps({"qid": "q", "query": "pools", "gold": ["c"]})
    )
    with pytest.raises(InvalidInput, match="two are needed"):
        run_calibration(tmp_path, embedder=None)
