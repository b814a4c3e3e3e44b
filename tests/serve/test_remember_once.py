"""An idempotency key keeps one episode, whoever retries, whatever was redacted."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mnemic import Memory
from mnemic.errors import Conflict
from mnemic.serve.access import OWNER
from mnemic.serve.operations import OPERATIONS, carry_out

KEYS = 30
TWO_AT_ONCE = """
import sys, time, pathlib
from mnemic import Memory
from mnemic.serve.access import OWNER
from mnemic.serve.operations import OPERATIONS, carry_out
folder = pathlib.Path(sys.argv[1])
remember = OPERATIONS["remember"]
with Memory(folder / "a.mnemic", embedder=None, background=False) as memory:
    (folder / sys.argv[2]).touch()
    while not (folder / "go").exists():
        time.sleep(0.001)
    for key in range(int(sys.argv[3])):
        asked = remember.request(text=f"line {key}", scope="a", idempotency_key=f"key {key}")
        print(carry_out(remember, memory, asked, OWNER)["id"])
"""


def test_two_processes_with_one_key_keep_one_episode(tmp_path: Path) -> None:
    """Both are told the same id; nothing is kept twice."""
    Memory(tmp_path / "a.mnemic", embedder=None).close()
    running = [
        subprocess.Popen(
            [sys.executable, "-c", TWO_AT_ONCE, str(tmp_path), name, str(KEYS)],
            stdout=subprocess.PIPE, text=True, env={**os.environ},
        )
        for name in ("one", "two")
    ]  # fmt: skip
    deadline = time.monotonic() + 60
    while not all((tmp_path / name).exists() for name in ("one", "two")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (tmp_path / "go").touch()
    said = [process.communicate(timeout=60)[0].split() for process in running]
    assert said[0] == said[1]
    with Memory(tmp_path / "a.mnemic", embedder=None) as memory:
        assert [one.id for one in memory.episodes(scope="a")] == said[0]
        assert len(set(said[0])) == KEYS


def test_threads_with_one_key_keep_one_episode(memory: Memory) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: memory.remember_once("k", "Tea.", scope="a"), range(16)))
    assert len(ids) == 1
    assert [one.id for one in memory.episodes(scope="a")] == list(ids)


def test_a_retry_of_what_was_redacted_is_no_conflict(tmp_path: Path) -> None:
    """The key came with the same words; that some of them were not kept changes nothing."""
    remember = OPERATIONS["remember"]
    secret = "AKIA" + "IOSFODNN7EXAMPLE"
    with Memory(tmp_path / "a.mnemic", embedder=None, redact="secrets") as memory:
        asked = remember.request(text=f"my key is {secret} ok", idempotency_key="k")
        first = carry_out(remember, memory, asked, OWNER)
        assert carry_out(remember, memory, asked, OWNER) == first
        (kept,) = memory.episodes()
        assert secret not in kept.text
        other = remember.request(text="my key is lost", idempotency_key="k")
        with pytest.raises(Conflict):
            carry_out(remember, memory, other, OWNER)
