"""The fit of the fusion's weights: what it must find, and that held-out means held out."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mnemic.agent.recall.fuse import PARTS
from mnemic.bench import fusion
from mnemic.bench.fusion import Asked, fit, run_fusion
from mnemic.errors import ImportFailed, InvalidInput
from mnemic.testing.fakes import HashEmbedder

NAMES = list(PARTS)


def made(case: str, talk: float, telling: str, seed: int, questions: int = 40) -> list[Asked]:
    """Questions whose evidence stands out in one part; all other parts are noise."""
    rng = np.random.default_rng(seed)
    asked = []
    for _ in range(questions):
        parts = rng.random((30, len(NAMES))).astype(np.float32)
        evidence = np.zeros(30, dtype=bool)
        evidence[rng.integers(30)] = True
        parts[evidence, NAMES.index(telling)] += 0.5
        asked.append(Asked("made", case, talk, parts, evidence, 1))
    return asked


def test_a_telling_part_gets_the_weight() -> None:
    """Among documents meaning tells, in conversation passages do, and the weights say so."""
    weights = fit(made("d", 0.0, "meaning", 1) + made("c", 1.0, "passage", 2))
    assert max(weights.documents, key=weights.documents.get) == "meaning"
    assert max(weights.conversation, key=weights.conversation.get) == "passage"
    others = [weights.documents[name] for name in NAMES if name != "meaning"]
    assert weights.documents["meaning"] > 2 * max(others)
    assert min([*weights.documents.values(), *weights.conversation.values()]) >= 0


def test_the_fit_hangs_on_neither_order_nor_start() -> None:
    """The loss is convex: shuffled questions give the same weights."""
    asked = made("a", 0.3, "words", 3)
    one = fit(asked)
    other = fit(asked[::-1])
    assert one.documents == pytest.approx(other.documents, abs=0.02)
    assert one.conversation == pytest.approx(other.conversation, abs=0.02)


def test_no_step_away_from_the_fit_is_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidence that always comes first already gets no endless weight: SMALL holds it."""
    monkeypatch.setattr(fusion, "SMALL", 1.0)
    tight = fit(made("a", 0.0, "words", 4))
    monkeypatch.setattr(fusion, "SMALL", 1e-3)
    loose = fit(made("a", 0.0, "words", 4))
    assert tight.documents["words"] < loose.documents["words"]
    assert sum(loose.conversation.values()) == 0  # nothing was said in conversation


def test_held_out_shares_come_from_weights_that_never_saw_the_case(tmp_path, monkeypatch) -> None:
    """The fit before each case's questions are asked holds none of that case."""
    root = tmp_path / "data"
    home = root / "code_history"
    home.mkdir(parents=True)
    for repo in ("one", "two"):
        commits = [
            {"id": f"{repo}{i}", "date": f"2024-05-{i + 1:02}T10:00:00+00:00",
             "subject": f"Rework {noun}", "body": "", "files": []}
            for i, noun in enumerate(("retries", "proxies", "cookies", "pools"))
        ]  # fmt: skip
        queries = [
            {"qid": f"{repo}-{i}", "query": noun, "gold": [f"{repo}{i}"]}
            for i, noun in enumerate(("retries", "proxies", "cookies", "pools"))
        ]
        for kind, lines in (("commits", commits), ("queries", queries)):
            (home / f"{repo}_{kind}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    seen: list[set[str]] = []
    real = fit
    monkeypatch.setattr(
        fusion, "fit", lambda asked: seen.append({one.case for one in asked}) or real(asked)
    )
    kept = tmp_path / "weights.json"
    result = run_fusion(root, embedder=HashEmbedder(), write=kept)
    assert seen == 2 * [{"one", "two"}, {"two"}, {"one"}]  # without the graph, and with it
    assert (result["n"], result["cases"]) == (8, 2)
    found = result["tasks"]["code-history"]
    assert found["held_out"]["recall@1"] == 1.0  # the noun stands in one commit only
    table = json.loads(kept.read_text())
    assert set(table["documents"]) == set(table["with_graph"]["documents"]) == set(PARTS)
    assert table["documents"]["graph"] == pytest.approx(0, abs=0.002)


def test_a_root_without_data_is_refused(tmp_path) -> None:
    with pytest.raises(ImportFailed, match="none of the folders"):
        run_fusion(tmp_path, embedder=None)


def test_one_case_cannot_be_held_out(tmp_path) -> None:
    home = tmp_path / "code_history"
    home.mkdir()
    (home / "one_commits.jsonl").write_text(
        json.dumps({"id": "c", "date": "2024-05-01T10:00:00+00:00", "subject": "Pools"})
    )
    (home / "one_queries.jsonl").write_text(
        json.dumps({"qid": "q", "query": "pools", "gold": ["c"]})
    )
    with pytest.raises(InvalidInput, match="two are needed"):
        run_fusion(tmp_path, embedder=None)
