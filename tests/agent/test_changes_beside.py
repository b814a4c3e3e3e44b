"""What one process changes while another works: nobody is left blind, nothing is lost."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from mnemic import Memory
from mnemic.agent.recall import fuse
from mnemic.agent.write import deepen
from mnemic.errors import EmbedderMismatch
from mnemic.testing.fakes import HashEmbedder


def opened(path: Path, name: str = "hash", **options) -> Memory:
    return Memory(path, embedder=HashEmbedder(32, f"{name}/32"), background=False, **options)


def dense_hits(memory: Memory) -> int:
    return len(memory.recall("line 1", scope="a", k=5, channels=("dense",)).hits)


def test_an_explicit_window_holds_over_a_large_scope(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many better matches lie outside, all that lies inside can come back."""
    monkeypatch.setattr(fuse, "ALL_ROWS_MAX", 50)
    monkeypatch.setattr(fuse, "CANDIDATES", 20)
    with opened(tmp_path / "m.mnemic") as memory:
        memory.remember_many(
            {"text": f"The database again, {n}.", "scope": "a", "said_at": said}
            for said, count in (("2026-03-05T10:00:00Z", 40), ("2026-05-05T10:00:00Z", 300))
            for n in range(count)
        )
        memory.ready()
        found = memory.recall(
            "what did I say about the database in March 2026?", scope="a", k=100,
            now="2026-11-20T12:00:00Z",
        )  # fmt: skip
        assert len(found.hits) == 40
        assert {hit.episode.said_at.month for hit in found.hits} == {3}
        assert len(memory.recall("database", scope="a", k=200).hits) == 200


def test_a_rebuild_while_a_batch_is_embedded_loses_no_deep_key(tmp_path: Path) -> None:
    """The batch that was under way is thrown away, and all is embedded anew."""
    path = tmp_path / "m.mnemic"
    with opened(path) as memory:
        memory.remember_many({"text": f"line {n}", "scope": "a"} for n in range(40))
        space = memory.store.vectors.open("hash/32", 32)
        deepen.fill(memory.store, HashEmbedder(32), space.space_id, batch=20)
        waiting = memory.store.vectors.pending(space.space_id, 20)
        memory.store.rebuild()
        vectors = HashEmbedder(32).embed([one.text for one in waiting])
        memory.store.vectors.put(space.space_id, waiting, [(n, 0) for n in range(20)], vectors)
        assert memory.store.vectors.pending_count(space.space_id) == 40
        memory.ready()
        assert memory.verify().findings == []
        assert dense_hits(memory) == 5


def test_a_rebuild_by_another_process_leaves_dense_search_its_eyes(tmp_path: Path) -> None:
    path = tmp_path / "m.mnemic"
    with opened(path) as memory, opened(path) as other:
        memory.remember_many({"text": f"line {n}", "scope": "a"} for n in range(20))
        memory.ready()
        assert dense_hits(memory) == 5
        other.rebuild()
        assert dense_hits(memory) == 5


def test_a_forgotten_space_never_answers_for_a_new_one(tmp_path: Path) -> None:
    """Numbers of spaces may come again; what was kept in memory of the old one must not."""
    with opened(tmp_path / "m.mnemic", "a") as memory:
        memory.remember_many({"text": f"line {n}", "scope": "a"} for n in range(20))
        memory.ready()
        for name, forget in (("b", False), ("a", True), ("c", True)):
            memory.reembed(HashEmbedder(32, f"{name}/32"), forget_others=forget)
            assert dense_hits(memory) == 5, name


def test_a_change_of_model_by_another_process_is_not_undone(tmp_path: Path) -> None:
    """The old model's memory says so, and does not make its space again."""
    path = tmp_path / "m.mnemic"
    with opened(path, "old") as memory, opened(path, "new") as other:
        memory.remember("A boat.", scope="a")
        memory.ready()
        other.reembed(HashEmbedder(32, "new/32"))
        memory.remember("Another boat.", scope="a")
        with pytest.raises(EmbedderMismatch, match="open it again"):
            memory.ready()
        assert [space.name for space in memory.store.vectors.spaces()] == ["new/32"]
        assert any("new/32" in note for note in memory.recall("boat", scope="a").notes)


def test_a_passing_error_does_not_end_the_background_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deepen, "RETRY_S", 0.05)
    failing = threading.Event()
    failing.set()

    class Flaky(HashEmbedder):
        def embed(self, texts):
            if failing.is_set():
                raise RuntimeError("out of memory, for now")
            return super().embed(texts)

    with Memory(tmp_path / "m.mnemic", embedder=Flaky(32)) as memory:
        memory.remember("A boat.", scope="a")
        while memory.stats()["deep_keys_error"] is None:
            threading.Event().wait(0.01)
        failing.clear()
        while memory.stats()["spaces"][0]["pending"]:
            threading.Event().wait(0.01)
        assert len(memory.recall("boat", scope="a", channels=("dense",)).hits) == 1


def test_connections_of_threads_that_ended_are_closed(tmp_path: Path) -> None:
    """A server with a thread for each request does not run out of files."""
    with opened(tmp_path / "m.mnemic") as memory:
        memory.remember("A boat.", scope="a")
        for _ in range(30):
            thread = threading.Thread(target=memory.recall, args=("boat",), kwargs={"scope": "a"})
            thread.start()
            thread.join()
        assert len(memory.store._opened) <= 3


def test_a_backup_opened_as_a_store_lets_readers_and_writers_be(tmp_path: Path) -> None:
    path, copy = tmp_path / "m.mnemic", tmp_path / "copy.mnemic"
    with opened(path) as memory:
        memory.remember("A boat.", scope="a")
        memory.backup(copy)
    with opened(copy) as memory:
        [(mode,)] = memory.store.reader().execute("PRAGMA journal_mode")
        assert mode == "wal"


def test_the_newest_come_first_where_only_recency_is_asked(tmp_path: Path) -> None:
    """And recency adds nothing where it is not asked."""
    with opened(tmp_path / "m.mnemic") as memory:
        for day in (3, 1, 2):
            memory.remember(f"day {day}", scope="a", said_at=f"2026-03-0{day}T10:00:00Z")
        found = memory.recall("anything", scope="a", channels=("recent",))
        assert [hit.episode.text for hit in found.hits] == ["day 3", "day 2", "day 1"]
        without = memory.recall("day", scope="a", channels=("lexical", "dense"))
        assert {line.channel for line in without.hits[0].trace}.isdisjoint({"recent"})
