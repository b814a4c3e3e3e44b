"""What the OpenAPI document promises holds, whatever is sent: Schemathesis with all its checks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mnemic import Memory

from .conftest import listening

pytest.importorskip("schemathesis")


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        ("--phases", "coverage"),
        # What no schema can say, such as that a span ends after it starts, is refused with 422.
        ("--phases", "fuzzing,stateful", "--exclude-checks", "positive_data_acceptance"),
    ],
)  # fmt: skip
def test_schemathesis_finds_nothing(
    slept: Memory, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """No 5xx, no status, header or body that is not stated, nothing accepted that is forbidden."""
    slept.remember("I live in Porto.", speaker="Ana", session="s", said_at="2026-01-10T10:00:00Z")
    slept.sleep()
    with listening(slept) as url:
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/v1/openapi.json", "--checks", "all",
             "--max-time", "25", "--no-color", *options],
            cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert "27 selected / 27 total" in done.stdout
