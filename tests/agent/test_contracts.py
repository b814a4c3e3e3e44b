"""The contracts that ship in mnemic.testing, kept by what ships with mnemic."""

from __future__ import annotations

import subprocess
import sys

import apsw
import pytest

from mnemic import Memory
from mnemic.agent.channels.scan import ExactScan, FourBitScan
from mnemic.agent.embed import default_embedder
from mnemic.agent.stores.sqlite import SqliteStore
from mnemic.errors import EmbedderMissing, InvalidInput, StoreError
from mnemic.testing.contracts import (
    NOW,
    EmbedderContract,
    StoreContract,
    VectorIndexContract,
    draft,
)
from mnemic.testing.derived import DerivedContract
from mnemic.testing.fakes import HashEmbedder

DAMAGES = {
    "text": "UPDATE episodes SET text = 'forged' WHERE seq = 2",
    "items": "DELETE FROM items WHERE seq = 2",
    "postings": "DELETE FROM terms WHERE rowid = 2",
    "lost vector": "DELETE FROM vectors WHERE seq = 2",
    "bent vector": "UPDATE vectors SET vector = zeroblob(length(vector)) WHERE seq = 2",
}


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def open_store(self, tmp_path):
        return lambda: SqliteStore(tmp_path / "contract.mnemic")

    @pytest.fixture
    def open_read_only(self, tmp_path):
        return lambda: SqliteStore(tmp_path / "contract.mnemic", read_only=True)

    @pytest.fixture
    def open_copy(self):
        return SqliteStore

    @pytest.fixture
    def do_damage(self, tmp_path):
        def damage(kind: str) -> None:
            connection = apsw.Connection(str(tmp_path / "contract.mnemic"))
            connection.execute(DAMAGES[kind])
            connection.close()

        return damage

    def test_reading_makes_no_lock_file(self, open_store, open_read_only, tmp_path) -> None:
        """A read-only opening asks for nothing beside the store, not even for the work."""
        open_store().close()
        for lock in tmp_path.glob("*-lock*"):
            lock.unlink()
        reading = open_read_only()
        with reading.working():
            assert reading.verify().clean
        reading.close()
        assert not list(tmp_path.glob("*-lock*"))

    def test_a_key_in_a_foreign_scope_is_found(self, open_store, tmp_path) -> None:
        """An item of an episode under the number of another scope would break isolation."""
        store = open_store()
        store.append([draft("one"), draft("two", "other")], NOW)
        store.close()
        connection = apsw.Connection(str(tmp_path / "contract.mnemic"))
        connection.execute("INSERT INTO items SELECT 2, * FROM (SELECT seq, session_key, position, "
                           "said_us, happened_from_us, happened_to_us, ingested_us, terms, "
                           "speaker_key FROM items WHERE seq = 1)")  # fmt: skip
        connection.close()
        store = open_store()
        findings = store.verify().findings
        store.close()
        assert any("belong to no episode" in finding for finding in findings)

    def test_one_loss_is_told_once(self, open_store, do_damage) -> None:
        """Lost items are no reason to call the words of the same episode strays."""
        store = open_store()
        store.append([draft("one"), draft("two")], NOW)
        store.close()
        do_damage("items")
        store = open_store()
        findings = store.verify().findings
        store.close()
        assert any("no shallow keys" in finding for finding in findings)
        assert not any("no episode" in finding for finding in findings)


class TestSqliteDerivedTables(DerivedContract):
    @pytest.fixture
    def open_store(self, tmp_path):
        return lambda: SqliteStore(tmp_path / "derived.mnemic")


class TestHashEmbedder(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return HashEmbedder()


class TestMiniLM(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        try:
            return default_embedder()
        except EmbedderMissing as missing:
            pytest.skip(str(missing))


class TestFourBitScan(VectorIndexContract):
    recall_min = 0.98

    @pytest.fixture
    def make_index(self):
        return FourBitScan


class TestExactScan(VectorIndexContract):
    @pytest.fixture
    def make_index(self):
        return ExactScan


def test_the_fakes_need_no_pytest() -> None:
    """Only who uses a contract must have pytest."""
    code = "import sys; sys.modules['pytest'] = None; import mnemic.testing.fakes"
    subprocess.run([sys.executable, "-c", code], check=True)


class Counted(SqliteStore):
    """A store that is false as long as it is empty."""

    def __len__(self) -> int:
        return self.change_mark()[0]


def test_a_memory_works_on_a_store_that_is_open(tmp_path) -> None:
    """It takes the very store it is given, an empty one too, and closes it in the end."""
    store = Counted(tmp_path / "m.mnemic")
    with Memory(store=store, embedder=HashEmbedder(), background=False) as memory:
        assert memory.store is store
        memory.remember("A boat.")
        memory.ready()
        assert memory.recall("boat").hits
    with pytest.raises(StoreError, match="closed"):
        store.change_mark()


def test_a_memory_asks_its_store_whether_it_may_write(tmp_path) -> None:
    """Over a read-only store no deep keys are tried, though the memory was not told."""
    path = tmp_path / "m.mnemic"
    with Memory(path, embedder=None) as memory:
        memory.remember("A boat.")
    reading = SqliteStore(path, read_only=True)
    with Memory(store=reading, embedder=HashEmbedder()) as memory:
        memory.ready()
        assert memory.recall("boat").hits
        assert memory.stats()["deep_keys_error"] is None


def test_a_path_and_a_store_are_one_too_many(tmp_path) -> None:
    store = SqliteStore(tmp_path / "m.mnemic")
    with pytest.raises(InvalidInput, match=r"other\.mnemic"):
        Memory(tmp_path / "other.mnemic", store=store)
    store.close()
    assert not (tmp_path / "other.mnemic").exists()
