"""The contracts that ship in mnemic.testing, kept by what ships with mnemic."""

from __future__ import annotations

import pytest

from mnemic.agent.channels.scan import ExactScan, FourBitScan
from mnemic.agent.embed import default_embedder
from mnemic.agent.stores.sqlite import SqliteStore
from mnemic.testing.contracts import EmbedderContract, StoreContract, VectorIndexContract
from mnemic.testing.fakes import HashEmbedder


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def open_store(self, tmp_path):
        return lambda: SqliteStore(tmp_path / "contract.mnemic")


class TestHashEmbedder(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return HashEmbedder()


class TestMiniLM(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return default_embedder()


class TestFourBitScan(VectorIndexContract):
    recall_min = 0.98

    @pytest.fixture
    def make_index(self):
        return FourBitScan


class TestExactScan(VectorIndexContract):
    @pytest.fixture
    def make_index(self):
        return ExactScan
