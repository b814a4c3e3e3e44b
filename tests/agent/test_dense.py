"""The dense channel over a scan finds what it finds by comparing everything."""

from __future__ import annotations

import numpy as np
import pytest

from mnemic import Memory
from mnemic.agent.channels import dense
from mnemic.agent.channels.dense import DenseChannel
from mnemic.agent.channels.scan import ExactScan, FourBitScan
from mnemic.testing.fakes import HashEmbedder

WORDS = ("boat", "lamp", "tree", "kettle", "rain", "bread", "glove", "river", "stone", "wheel")
NONE = np.empty(0, dtype=np.int64)


@pytest.fixture
def memory(tmp_path):
    rng = np.random.default_rng(2)
    embedder = HashEmbedder(100)  # no multiple of 8
    with Memory(tmp_path / "m.mnemic", embedder=embedder, background=False) as memory:
        memory.remember_many(
            {"text": f"{' '.join(rng.choice(WORDS, 4))} {n}", "scope": "a"} for n in range(600)
        )
        memory.ready()
        yield memory


@pytest.mark.parametrize("scan", [ExactScan, FourBitScan])
@pytest.mark.parametrize("share", [None, 0.03, 0.5])
def test_a_scan_finds_the_best(memory, monkeypatch, scan, share) -> None:
    """The best ten cosines, of all rows, of a few allowed and of half; no other row comes back."""
    ids = memory.store.scope_ids("a")
    view = memory.evidence("boat", scope="a").view
    space = memory.store.vectors.active()
    allowed = None if share is None else np.random.default_rng(7).random(len(view)) < share

    def score(channel: DenseChannel, query: str) -> dense.Dense:
        vector = memory.embedder.embed([query])[0]
        return channel.score(space, ids, view, vector, generation=0, allowed=allowed, also=NONE)

    exact = DenseChannel(memory.store)
    expected = {query: score(exact, query) for query in ("boat rain", "kettle", "stone 17")}
    monkeypatch.setattr(dense, "EXACT_MAX", 100)
    scanned = DenseChannel(memory.store, scan)
    for query, law in expected.items():
        found = score(scanned, query)
        assert len(found.rows) < len(law.rows) or share == 0.03
        assert allowed is None or allowed[found.rows].all()
        cosine_of = dict(zip(law.rows.tolist(), law.cosines.tolist(), strict=True))
        near = [cosine_of[row] for row in found.rows.tolist()]
        np.testing.assert_allclose(found.cosines, near, atol=1e-5)
        best, law_best = np.sort(found.cosines)[::-1][:10], np.sort(law.cosines)[::-1][:10]
        np.testing.assert_allclose(best, law_best, atol=1e-5 if scan is ExactScan else 0.02)
