"""What tests of doors share: a memory in which a little was said, and that has slept."""

from __future__ import annotations

import pytest

from mnemic import Memory

SAID = (
    ("2026-01-10T10:00:00Z", "I live in Porto."),
    ("2026-03-02T10:00:00Z", "I moved to Lisbon!"),
    ("2026-03-09T10:00:00Z", "My sister Clara visits in June."),
)


@pytest.fixture
def slept(memory: Memory) -> Memory:
    for number, (day, text) in enumerate(SAID):
        memory.remember(
            text, scope="acme/ana", speaker="Ana", session="s", position=number, said_at=day,
            ref=f"r{number}", source="user",
        )  # fmt: skip
    memory.remember("We use tabs.", scope="other/bo", speaker="Bo", said_at=SAID[0][0])
    memory.ready()
    memory.sleep()
    return memory
