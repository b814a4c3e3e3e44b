"""Whole runs on the product's own API, with a small embedder of our own."""

import json
import re
from hashlib import blake2b

import numpy as np
import pytest

from mnemic import bench
from mnemic.bench import scale, words
from mnemic.bench.measure import METRICS
from mnemic.errors import InvalidInput


class BagOfWords:
    """Every word has a random direction; a text is the sum of its words."""

    space, dimension = "bag-of-words/64", 64

    def embed(self, texts):
        made = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(made, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                seed = int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little")
                row += np.random.default_rng(seed).normal(size=self.dimension)
            row += 1e-3
        return made / np.linalg.norm(made, axis=1, keepdims=True)


@pytest.fixture
def histories(tmp_path):
    home = tmp_path / "data"
    home.mkdir()
    nouns = "retries proxies cookies timeouts headers streams redirects pools".split()  # noqa: SIM905
    for repo in ("one", "two"):
        commits = [
            {"id": f"{repo}{i}", "date": f"2024-05-{i + 1:02}T10:00:00+00:00",
             "subject": f"Rework {noun} in {repo}", "body": "", "files": []}
            for i, noun in enumerate(nouns)
        ]  # fmt: skip
        queries = [
            {"qid": f"{repo}-{i}", "query": f"Better {noun}", "gold": [f"{repo}{i}"]}
            for i, noun in enumerate(nouns)
        ] + [{"qid": "none", "query": "Lost", "gold": ["nowhere"]}]
        for kind, lines in (("commits", commits), ("queries", queries)):
            (home / f"{repo}_{kind}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return home


def test_shape_of_the_json_object(histories, tmp_path, capsys):
    results = tmp_path / "results"
    bench.run(
        "code-history", histories, json_output=True, results_dir=results, embedder=BagOfWords()
    )
    [printed] = capsys.readouterr().out.splitlines()
    found = json.loads(printed)
    assert (results / "code-history.jsonl").read_text().splitlines() == [printed]
    assert list(found)[:4] == ["task", "n", "systems", "by_category"]
    assert (found["task"], found["n"]) == ("code-history", 16)
    assert list(found["systems"]) == ["mnemic", "bm25", "dense", "rrf"]
    for system in found["systems"].values():
        assert list(system) == [*METRICS, "ci"]
        assert list(system["ci"]) == list(METRICS)
        assert system["recall@10"] == 1
    assert found["systems"]["bm25"]["hit@1"] == 1
    assert list(found["by_category"]) == ["one", "two"]
    for category in found["by_category"].values():
        assert list(category) == ["n", "mnemic", "bm25", "dense", "rrf"]
        assert category["n"] == 8
    assert found["excluded"] == {"no evidence in the history": 2}
    assert found["missing_evidence"] == 0
    assert found["episodes"] == 16
    assert found["embedder"] == "bag-of-words/64"
    assert {"p50", "p95"} == set(found["latency_ms"])
    assert {"version", "commit", "seed", "made_at", "machine"} <= set(found)


def test_without_an_embedder_there_is_no_dense_and_it_says_so(histories, tmp_path, capsys):
    found = bench.run("code-history", histories, results_dir=tmp_path, embedder=None, limit=3)
    assert list(found["systems"]) == ["mnemic", "bm25"]
    assert found["n"] == 6
    assert "dense and rrf were not run" in found["notes"][0]
    shown = capsys.readouterr().out
    assert "dense and rrf were not run" in shown
    assert "left out: 2 questions (no evidence in the history)" in shown


def test_results_are_appended(histories, tmp_path):
    for _ in range(2):
        bench.run("code-history", histories, results_dir=tmp_path, embedder=None, limit=1)
    assert len((tmp_path / "code-history.jsonl").read_text().splitlines()) == 2


def test_bad_arguments_are_refused_in_words(tmp_path):
    with pytest.raises(InvalidInput, match="choose from locomo"):
        bench.run("nosuch", tmp_path, results_dir=tmp_path)
    with pytest.raises(InvalidInput, match="needs the path"):
        bench.run("locomo", None, results_dir=tmp_path)
    with pytest.raises(InvalidInput, match="100 episodes at least"):
        bench.run("scale", None, n=5, results_dir=tmp_path, embedder=BagOfWords())
    assert not list(tmp_path.iterdir())


def test_scale(tmp_path, monkeypatch):
    monkeypatch.setattr(scale, "QUERIES", 5)
    monkeypatch.setattr(scale, "WRITES", 5)
    found = bench.run("scale", None, n=200, results_dir=tmp_path, embedder=BagOfWords())
    assert found["n"] == 200
    for name in ("recall_ms", "recall_with_embedding_ms", "write_ms"):
        assert 0 < found[name]["p50"] <= found[name]["p95"]
    for name in ("ingest_per_s", "deep_keys_per_s", "bytes_per_memory"):
        assert found[name] > 0
    assert found["open_s"] >= 0
    assert found["ann_recall@10"] > 0.9
    assert "rss_mb" in found


def test_generated_text_is_the_same_for_the_same_seed_and_differs_within():
    texts = [row["text"] for row in scale.rows(300)]
    assert texts == [row["text"] for row in scale.rows(300)]
    assert len(set(texts)) == 300
    assert 15 <= np.mean([len(text.split()) for text in texts]) <= 30
    assert len(words.RARE) == len(set(words.RARE)) == 24_389


def test_made_vectors_are_unit_and_hang_on_the_text_alone():
    made = scale.AroundReal(BagOfWords(), [row["text"] for row in scale.rows(100)])
    first, again = made.embed(["x", "y"]), made.embed(["y", "x"])
    assert np.allclose(np.linalg.norm(first, axis=1), 1, atol=1e-5)
    assert np.array_equal(first, again[::-1])
    assert not np.allclose(first[0], first[1])
