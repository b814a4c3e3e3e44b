"""Names of machines: what a Host header calls us, and which names mean this machine only."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def hostname(host: str) -> str:
    """A Host header without its port and last dot, in small letters; empty where it names no host."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return ""
    if parts.path or parts.query or parts.username is not None:
        return ""
    return (parts.hostname or "").rstrip(".").lower()


def is_address(name: str) -> bool:
    """Whether it is an IP address, and so no name that could be rebound."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a name or an address means this machine only."""
    name = host.strip("[]").lower()
    return name == "localhost" or (is_address(name) and ipaddress.ip_address(name).is_loopback)
