"""What all adapters owe: light imports, clear words about a missing package, a scope of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

PACKAGES = {
    "langgraph": "langgraph",
    "llama_index": "llama_index",
    "pydantic_ai": "pydantic_ai",
    "openai_agents": "agents",
}


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("adapter", PACKAGES)
def test_a_missing_package_is_named_with_what_to_install(adapter: str) -> None:
    package = PACKAGES[adapter]
    said = python(f"import sys; sys.modules['{package}'] = None; import mnemic.adapters.{adapter}")
    assert f"pip install 'mnemic[{adapter.replace('_', '-')}]'" in said.splitlines()[-1]


def test_the_package_itself_loads_no_framework_and_no_memory() -> None:
    code = (
        "import sys, mnemic, mnemic.adapters;"
        f"print([m for m in {[*PACKAGES.values(), 'apsw', 'numpy']!r} if m in sys.modules])"
    )
    assert python(code).strip() == "[]"
