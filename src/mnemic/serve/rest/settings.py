"""The figures by which the server runs."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from mnemic.serve.hosts import is_loopback

PORT = 6636
MIB = 1 << 20


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost. A deadline of None lets the work take as long as there is."""

    body_bytes_max: int = 4 * MIB
    body_s_max: float = 20.0
    header_s_max: float = 20.0
    url_bytes_max: int = 32 << 10
    headers_bytes_max: int = 32 << 10
    deadline_s: dict[str, float | None] = field(
        default_factory=lambda: {"quick": 10.0, "model": 30.0, "long": None}
    )
    workers: int = field(default_factory=lambda: 2 * _cores())
    waiting_max: int = 128
    long_workers: int = 2
    long_waiting_max: int = 8
    exports_max: int = 4
    kept_answers_max: int = 10_000
    kept_answers_bytes_max: int = 64 * MIB
    kept_answers_s: float = 86_400.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the server listens, whom it answers, and its limits."""

    host: str = "127.0.0.1"
    port: int = PORT
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    sleep_every_s: float = 0.0
    sleep_budget_s: float = 300.0
    limits: Limits = field(default_factory=Limits)

    @property
    def loopback(self) -> bool:
        """Whether only programs on this machine can reach the server."""
        return is_loopback(self.host)
