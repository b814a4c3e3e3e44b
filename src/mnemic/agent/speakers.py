"""Who speaks: someone with a name, or a part in a conversation between a person and a machine."""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal

_USER = frozenset(("user", "human"))
_MACHINE = frozenset(("assistant", "system", "tool", "ai", "bot", "model"))


def role_of(speaker: str | None) -> Literal["user", "machine"] | None:
    """The part that a speaker has who is not named; None for a name, and for nobody."""
    folded = (speaker or "").casefold()
    if folded in _USER:
        return "user"
    return "machine" if folded in _MACHINE else None


def speaker_key(speaker: str | None) -> int:
    """A positive 62-bit number for a speaker's name, the same for any case; 0 for nobody."""
    if speaker is None:
        return 0
    return int.from_bytes(blake2b(speaker.casefold().encode(), digest_size=8).digest()) >> 2 or 1
