"""Files that are not what they should be: a clear error, and nothing is touched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from mnemic import Memory
from mnemic.errors import NewerStore, NotAStore, ReadOnlyStore, StoreError, StoreFull


def test_a_file_that_is_not_sqlite_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary, this is no database at all")
    with pytest.raises(NotAStore, match=r"notes\.txt"):
        Memory(path, embedder=None)
    assert path.read_text().startswith("dear diary")


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NotAStore, match="another program"):
        Memory(path, embedder=None)
    assert path.read_bytes() == before


def test_a_newer_store_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "m.mnemic"
    with Memory(path, embedder=None) as memory:
        memory.remember("x")
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA user_version=999")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NewerStore, match="999"):
        Memory(path, embedder=None)
    assert path.read_bytes() == before


def test_a_missing_folder_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        Memory(tmp_path / "no" / "m.mnemic", embedder=None)
    with pytest.raises(StoreError, match="is a folder"):
        Memory(tmp_path, embedder=None)


def test_reading_never_makes_an_empty_store(tmp_path: Path) -> None:
    path = tmp_path / "m.mnemic"
    with pytest.raises(StoreError, match="no store"):
        Memory(path, embedder=None, read_only=True)
    assert not path.exists()


def test_read_only_recalls_and_refuses_to_write(tmp_path: Path) -> None:
    path = tmp_path / "m.mnemic"
    with Memory(path, embedder=None) as memory:
        memory.remember("the kettle broke")
    with Memory(path, embedder=None, read_only=True) as memory:
        assert len(memory.recall("kettle").hits) == 1
        with pytest.raises(ReadOnlyStore, match="read_only"):
            memory.remember("more")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """On a tiny disk writes end in StoreFull; what was acknowledged is there and recalls go on."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], check=False
    )
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a tmpfs")
    try:
        acknowledged = []
        with Memory(disk / "m.mnemic", embedder=None) as memory:
            with pytest.raises(StoreFull):
                for n in range(10_000):
                    acknowledged.append(memory.remember(f"thing {n} " + "word " * 2000, scope="a"))
            assert acknowledged
            assert {e.id for e in memory.episodes(scope="a")} == set(acknowledged)
            assert memory.recall("thing 0", scope="a").hits
        with Memory(disk / "m.mnemic", embedder=None, read_only=True) as memory:
            assert memory.verify().findings == []
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_read_only_folder(tmp_path: Path) -> None:
    """Writing is refused with the reason; read_only=True still recalls."""
    folder, view = tmp_path / "folder", tmp_path / "view"
    folder.mkdir()
    view.mkdir()
    with Memory(folder / "m.mnemic", embedder=None) as memory:
        memory.remember("the kettle broke")
    if subprocess.run(["mount", "--bind", str(folder), str(view)], check=False).returncode:
        pytest.skip("this machine does not let us mount")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(view)], check=True)
        with pytest.raises(ReadOnlyStore):
            Memory(view / "m.mnemic", embedder=None)
        with pytest.raises(ReadOnlyStore):
            Memory(view / "new.mnemic", embedder=None)
        with Memory(view / "m.mnemic", embedder=None, read_only=True) as memory:
            assert len(memory.recall("kettle").hits) == 1
    finally:
        subprocess.run(["umount", "-l", str(view)], check=True)


def test_importing_mnemic_is_light() -> None:
    """Neither SQLite, numpy, onnxruntime nor torch is loaded by `import mnemic`."""
    code = "import sys, mnemic; print([m for m in ('apsw', 'numpy', 'onnxruntime', 'torch', 'typer') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
