"""Who speaks: someone with a name, or a part in a conversation between a person and a machine."""

from __future__ import annotations

from hashlib import blake2b

ROLES = frozenset(("user", "human", "assistant", "system", "tool", "ai", "bot", "model"))


def is_name(speaker: str | None) -> bool:
    """Whether a speaker is someone, rather than nobody or a part in a conversation."""
    return bool(speaker) and str(speaker).casefold() not in ROLES


def speaker_key(speaker: str | None) -> int:
    """A positive 62-bit number for a speaker's name, the same for any case; 0 for nobody."""
    if speaker is None:
        return 0
    return int.from_bytes(blake2b(speaker.casefold().encode(), digest_size=8).digest()) >> 2 or 1
