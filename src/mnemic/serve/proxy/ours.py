"""Blocks of memory that a proxy put in, found again in what a client sends back."""

from __future__ import annotations

from collections.abc import Iterator

from mnemic.agent.recalled import advised

# The first proxies put a frame of their own around the block. A conversation that was begun with one
# may still hold it, and it must neither become evidence now nor make the turn beside it a new one.
_OLDER_OPEN, _OLDER_CLOSE = "<recalled-memory ", "</recalled-memory>"


def without_ours(text: str) -> str:
    """Text without the blocks of memory that we put in; as it is where there are none."""
    kept = "".join(_beside_ours(text))
    return text if len(kept) == len(text) else kept.strip()


def holds_block(text: str) -> bool:
    """Whether a block of memory that we put in stands in a text."""
    return len(without_ours(text)) < len(text)


def _beside_ours(text: str) -> Iterator[str]:
    """What stands before, between and after our blocks."""
    at = 0
    for begin, end in advised(text):
        yield from _beside_older(text[at:begin])
        at = end
    yield from _beside_older(text[at:])


def _beside_older(text: str) -> Iterator[str]:
    at = 0
    while (begin := text.find(_OLDER_OPEN, at)) >= 0:
        end = text.find(_OLDER_CLOSE, begin)
        if end < 0:
            break
        yield text[at:begin]
        at = end + len(_OLDER_CLOSE)
    yield text[at:]
