"""What tests share: a memory with an embedder that needs no weights, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mnemic import Memory
from mnemic.testing.fakes import FixedClock, HashEmbedder

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def memory(tmp_path: Path, clock: FixedClock) -> Iterator[Memory]:
    with Memory(
        tmp_path / "test.mnemic", embedder=HashEmbedder(), clock=clock, background=False
    ) as opened:
        yield opened
