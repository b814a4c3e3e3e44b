"""Servers of this program in processes of their own: begun, watched and ended by a benchmark."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mnemic.errors import InvalidInput

_ADDRESS = re.compile(r"http://([^/:]+):(\d+)/")


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs."""

    host: str
    port: int
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"http://{self.host}:{self.port}"

    def cpu_s(self) -> float | None:
        """The processor time that it and the processes it began have had."""
        return _sum(_processor_s(pid) for pid in family(self.process.pid))

    def rss_mb(self) -> float | None:
        """What they have in memory; pages that they share count for each."""
        found = _sum(_resident_mb(pid) for pid in family(self.process.pid))
        return None if found is None else round(found, 1)


@contextmanager
def started(module: str, *arguments: str) -> Iterator[Served]:
    """A module of ours as a process, ended with SIGTERM.

    Args:
        module: what `python -m` runs; its first line on standard error is to name its address.
        arguments: what it is told.

    Raises:
        InvalidInput: that line names no address; the message has the line.
    """
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert process.stderr is not None
        found = _ADDRESS.search(line := process.stderr.readline())
        if found is None:
            raise InvalidInput(f"the server did not start: {line.strip()}")
        yield Served(found[1], int(found[2]), process)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def family(pid: int) -> list[int]:
    """A process and those it began; only itself where there is no /proc."""
    found = [pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended meanwhile
            continue
        if parent == pid:
            found.append(int(stat.parent.name))
    return found


def _processor_s(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mb(pid: int) -> float | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), None)


def _sum(parts: Iterable[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
