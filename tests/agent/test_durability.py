"""An acknowledged write survives kill -9; writers of many processes queue and never see a lock."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import apsw
import pytest

from mnemic import Memory
from mnemic.testing.fakes import HashEmbedder

WRITER = Path(__file__).with_name("writer_process.py")
WRITERS, SEED = 8, 20261121
SECONDS = float(os.environ.get("MNEMIC_KILL_SECONDS", "12"))
"""Longer runs find more; the suite has little time."""


def _start(store: Path, name: str, acks: Path, errors: Path) -> subprocess.Popen[bytes]:
    with errors.open("ab") as sink:
        return subprocess.Popen(
            [sys.executable, str(WRITER), str(store), name, str(acks)], stderr=sink, stdout=sink
        )


@pytest.mark.slow
def test_killed_writers_lose_nothing_and_never_see_a_lock(tmp_path: Path) -> None:
    """Eight processes on one file, killed at random and restarted: acked ⊆ stored, verify is clean."""
    store, errors = tmp_path / "shared.mnemic", tmp_path / "errors"
    Memory(store, embedder=None).close()
    rng = random.Random(SEED)
    acks = {f"p{n}": tmp_path / f"acks-{n}" for n in range(WRITERS)}
    running = {name: _start(store, name, path, errors) for name, path in acks.items()}
    deadline = time.monotonic() + SECONDS
    kills = 0
    try:
        while time.monotonic() < deadline:
            time.sleep(rng.uniform(0.05, 0.3))
            name = rng.choice(sorted(running))
            # A process that has acknowledged nothing yet is still starting: killing it tests nothing.
            if (
                not acks[name].exists()
                or not acks[name].stat().st_size
                or running[name].poll() is not None
            ):
                continue
            running[name].send_signal(signal.SIGKILL)
            running[name].wait()
            kills += 1
            running[name] = _start(store, name, acks[name], errors)
    finally:
        for process in running.values():
            process.kill()
            process.wait()
    assert errors.read_bytes() == b"", errors.read_text()
    assert kills >= 5
    with Memory(store, embedder=HashEmbedder(), background=False) as memory:
        assert memory.verify().findings == []
        total = 0
        for name, path in acks.items():
            # The last line may have been cut by the kill.
            lines = path.read_text().splitlines() if path.exists() else []
            acknowledged = {line for line in lines if len(line) == 32}
            total += len(acknowledged)
            if acknowledged:
                stored = {episode.id for episode in memory.episodes(scope=f"w/{name}")}
                assert acknowledged <= stored
        assert total > 50
        memory.ready()
        assert memory.verify().findings == []


def test_writers_take_turns(tmp_path: Path) -> None:
    """With four processes writing at once, none gets less than a third of the median."""
    store, errors = tmp_path / "shared.mnemic", tmp_path / "errors"
    Memory(store, embedder=None).close()
    acks = {f"p{n}": tmp_path / f"acks-{n}" for n in range(4)}
    running = [_start(store, name, path, errors) for name, path in acks.items()]
    try:
        while not all(path.exists() and path.stat().st_size for path in acks.values()):
            time.sleep(0.05)
            assert all(process.poll() is None for process in running), errors.read_text()
        before = {name: len(path.read_text().splitlines()) for name, path in acks.items()}
        time.sleep(3)
        after = {name: len(path.read_text().splitlines()) for name, path in acks.items()}
    finally:
        for process in running:
            process.kill()
            process.wait()
    counts = sorted(after[name] - before[name] for name in acks)
    assert errors.read_bytes() == b""
    assert counts[0] >= (counts[1] + counts[2]) / 2 / 3, counts


def test_a_backup_under_writing_is_whole(tmp_path: Path) -> None:
    """Copies made while a thread writes are clean stores of their own."""
    with Memory(tmp_path / "m.mnemic", embedder=None) as memory:
        memory.remember("first", scope="a")
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                memory.remember(f"thing {number}", scope="a")
                number += 1

        thread = threading.Thread(target=write)
        thread.start()
        try:
            counts = [memory.backup(tmp_path / f"copy-{n}.mnemic") for n in range(5)]
        finally:
            stop.set()
            thread.join()
    assert counts == sorted(counts)
    for n, count in enumerate(counts):
        with Memory(tmp_path / f"copy-{n}.mnemic", embedder=None) as copy:
            assert copy.verify().findings == []
            assert copy.stats()["episodes"] == count


def test_damage_is_found(tmp_path: Path) -> None:
    """The control of verify: a changed word, a lost key and a bent vector are each reported."""
    path = tmp_path / "m.mnemic"
    with Memory(path, embedder=HashEmbedder(), background=False) as memory:
        memory.remember_many({"text": f"thing {n}", "scope": "a"} for n in range(10))
        memory.ready()
        assert memory.verify().clean
    for damage, word in (
        ("UPDATE episodes SET text = 'forged' WHERE seq = 3", "hash"),
        ("DELETE FROM items WHERE seq = 4", "shallow"),
        ("DELETE FROM terms WHERE rowid = 5", "full text"),
        ("DELETE FROM vectors WHERE seq = 6", "missing"),
        ("UPDATE vectors SET vector = zeroblob(128) WHERE seq = 7", "norm"),
    ):
        copy = tmp_path / f"damaged-{word.split()[0]}.mnemic"
        with Memory(path, embedder=None) as memory:
            memory.backup(copy)
        connection = apsw.Connection(str(copy))
        connection.execute(damage)
        connection.close()
        with Memory(copy, embedder=None) as memory:
            findings = memory.verify().findings
        assert any(word in finding for finding in findings), (damage, findings)
