"""The house's own rules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_the_readmes_figures_are_those_of_results() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/figures.py"), "--check"], check=False
    )
    assert done.returncode == 0


@pytest.mark.parametrize(
    "command",
    [
        "remember",
        "recall",
        "context",
        "import",
        "watch",
        "list",
        "show",
        "stats",
        "doctor",
        "verify",
        "rebuild",
        "backup",
        "export",
        "reembed",
        "bench",
        "lm",
    ],
)
def test_every_command_explains_itself(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mnemic.serve.cli", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Usage" in done.stdout


def test_no_source_file_is_long() -> None:
    """A file of more than 700 lines does too much."""
    long = {
        p.name: n
        for p in (ROOT / "src").rglob("*.py")
        if (n := len(p.read_text().splitlines())) > 700
    }
    assert not long
