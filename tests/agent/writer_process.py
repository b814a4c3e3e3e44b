"""A process that writes until it is killed, and says what was acknowledged.

Arguments: the store, this writer's name, the file of acknowledgements.
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from mnemic import Memory
from mnemic.testing.fakes import HashEmbedder

SAID = "2026-03-02T10:00:00+00:00"


def main(path: str, name: str, acks: str) -> None:
    """Writes single episodes and batches in turn, a line of acknowledgement after each."""
    with Memory(path, embedder=HashEmbedder()) as memory, Path(acks).open("a", buffering=1) as log:
        for number in count():
            if number % 5:
                log.write(
                    memory.remember(f"{name} single {number}", scope=f"w/{name}", said_at=SAID)
                    + "\n"
                )
            else:
                texts = [f"{name} batch {number} row {row}" for row in range(20)]
                memory.remember_many(
                    {"text": t, "scope": f"w/{name}", "said_at": SAID} for t in texts
                )
                known = [memory.remember(t, scope=f"w/{name}", said_at=SAID) for t in texts[-1:]]
                log.write("\n".join(known) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
