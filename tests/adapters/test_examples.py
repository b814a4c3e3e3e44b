"""The examples of adapters run as they stand, offline."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

AGENTS = Path(__file__).resolve().parents[2] / "examples/agents"

SAYS = {
    "langgraph_store": "['I moved to Lisbon.']",
    "llama_index_retriever": "I moved to Lisbon.",
    "openai_agents_session": "You live in Lisbon.",
    "pydantic_ai_toolset": "6 messages",
}


def test_every_example_is_run() -> None:
    assert {path.stem for path in AGENTS.glob("*.py")} == SAYS.keys()


@pytest.mark.parametrize("name", SAYS)
def test_an_example_runs(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(AGENTS / f"{name}.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert SAYS[name] in done.stdout
