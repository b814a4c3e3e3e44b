"""What the OpenAPI document promises holds, whatever is sent: Schemathesis with all its checks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mnemic import Memory

from .conftest import listening

pytest.importorskip("schemathesis")

CONFIG = Path(__file__).parents[3] / "schemathesis.toml"


@pytest.mark.slow
@pytest.mark.parametrize("phases", ["coverage", "fuzzing,stateful"])
def test_schemathesis_finds_nothing(slept: Memory, tmp_path: Path, phases: str) -> None:
    """No 5xx, no status, header or body that is not stated, nothing valid refused, nothing else let in."""
    slept.remember("I live in Porto.", speaker="Ana", session="s", said_at="2026-01-10T10:00:00Z")
    slept.sleep()
    with listening(slept) as url:
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run",
             f"{url}/v1/openapi.json", "--checks", "all", "--max-time", "25", "--no-color",
             "--phases", phases],
            cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert "27 selected / 27 total" in done.stdout
