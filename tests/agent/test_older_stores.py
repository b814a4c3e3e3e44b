"""A store that an older version wrote: it opens, works, is called stale and not broken, and renews."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from mnemic import Memory
from mnemic.agent.knowledge import NAMES
from mnemic.testing.fakes import HashEmbedder


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store as version 1 of the layout had it: no speakers among the shallow keys."""
    path = tmp_path / "old.mnemic"
    with Memory(path, embedder=HashEmbedder(), background=False) as memory:
        memory.remember("I sold the red bicycle.", scope="a", speaker="Ravi", session="s")
        memory.remember("I sold the red bicycle!", scope="a", speaker="Ana", session="t")
        memory.ready()
    connection = apsw.Connection(str(path))
    connection.execute("ALTER TABLE items DROP COLUMN speaker_key")
    connection.execute("DROP TABLE speakers")
    for name in (*NAMES, "acts", "hidden", "erased", "uses", "runs", "run_changes"):
        connection.execute(f"DROP TABLE {name}")
    connection.execute("UPDATE properties SET value = 'older' WHERE name = 'shallow_version'")
    connection.execute("UPDATE items SET terms = terms + 1")  # other rules, other lengths
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    return path


def speakers_part(memory: Memory) -> list[float]:
    found = memory.recall("What did Ana sell?", scope="a")
    return [e.contribution for e in found.hits[0].trace if e.channel == "speaker"]


def test_it_opens_recalls_and_takes_new_episodes(old: Path) -> None:
    with Memory(old, embedder=HashEmbedder(), background=False) as memory:
        memory.remember("A third bicycle.", scope="a", speaker="Ana")
        assert len(memory.recall("bicycle", scope="a").hits) == 3


def test_stale_is_not_broken(old: Path) -> None:
    """verify finds nothing wrong with keys of other rules, and says that they are of other rules."""
    with Memory(old, embedder=HashEmbedder(), background=False) as memory:
        checked = memory.verify()
        assert checked.findings == []
        assert any("older rules" in line for line in checked.checks)
        assert memory.stats()["shallow_keys_stale"]


def test_rebuild_renews_it(old: Path) -> None:
    with Memory(old, embedder=HashEmbedder(), background=False) as memory:
        assert sum(speakers_part(memory)) == 0
        memory.rebuild()
        assert sum(speakers_part(memory)) > 0
        checked = memory.verify()
        assert checked.findings == []
        assert not any("older rules" in line for line in checked.checks)
        assert not memory.stats()["shallow_keys_stale"]


def test_lost_episodes_are_found_even_in_a_stale_store(old: Path) -> None:
    """What does not hang on the rules is still compared."""
    connection = apsw.Connection(str(old))
    connection.execute("UPDATE episodes SET text = 'I sold nothing.' WHERE speaker = 'Ana'")
    connection.execute("DELETE FROM items WHERE seq = 1")
    connection.close()
    with Memory(old, embedder=HashEmbedder(), background=False) as memory:
        findings = " ".join(memory.verify().findings)
    assert "does not match its hash" in findings
    assert "no shallow keys" in findings
