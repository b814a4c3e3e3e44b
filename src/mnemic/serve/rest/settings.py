"""The figures by which the server runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mnemic.errors import InvalidInput
from mnemic.machine import cores
from mnemic.serve.hosts import hostname, is_loopback

PORT = 6636
MIB = 1 << 20
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\s*]+/?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost. A deadline of None lets the work take as long as there is."""

    body_bytes_max: int = 4 * MIB
    body_s_max: float = 20.0
    header_s_max: float = 20.0
    url_bytes_max: int = 56 << 10  # the longest id, percent-encoded, is 48 kB
    headers_bytes_max: int = 32 << 10
    deadline_s: dict[str, float | None] = field(
        default_factory=lambda: {"quick": 10.0, "model": 30.0, "long": None}
    )
    workers: int = field(default_factory=lambda: max(2, cores()))
    waiting_max: int = 128
    long_workers: int = 2
    long_waiting_max: int = 8
    exports_max: int = 4
    kept_answers_max: int = 10_000
    kept_answers_bytes_max: int = 64 * MIB
    kept_answers_s: float = 86_400.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the server listens, whom it answers, and its limits.

    Raises:
        InvalidInput: an origin or a name that no request could ever match.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    sleep_every_s: float = 0.0
    sleep_budget_s: float = 300.0
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        for origin in self.allowed_origins:
            if not _ORIGIN.match(origin):
                raise InvalidInput(
                    f"--allow-origin {origin!r:.80} is no origin; pass scheme and host, with the port "
                    "if it is not the usual one, such as https://app.example or http://localhost:3000"
                )
        for host in self.allowed_hosts:
            name = f"[{host}]" if host.count(":") > 1 and "[" not in host else host
            if not host or "*" in host or hostname(name) != name.strip("[]").lower():
                raise InvalidInput(
                    f"--allowed-host {host!r:.80} is no name of a host; leave out scheme, port and "
                    "path, such as memory.example"
                )

    @property
    def loopback(self) -> bool:
        """Whether only programs on this machine can reach the server."""
        return is_loopback(self.host)
