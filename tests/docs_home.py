"""A home as the pages take it for granted: sessions of a coding agent, a repository, some texts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mnemic.agent.embed.build import cache_folder
from tests.importers.conftest import write_claude_sessions

ROOT = Path(__file__).resolve().parent.parent
FAILURE = (
    ("tool_use", {"command": "pytest -q"}),
    ("tool_result", "E   ModuleNotFoundError: No module named 'httpx'\n1 error in 0.10s"),
    ("tool_use", {"command": "uv add httpx"}),
    ("tool_result", "Resolved 3 packages"),
    ("tool_use", {"command": "pytest -q"}),
    ("tool_result", "3 passed in 0.20s"),
)
"""A session from which there is something to learn."""


def environment_of(home: Path) -> dict[str, str]:
    """What a process sees: this home, this program, the model that is installed, nothing else."""
    kept = {name: os.environ[name] for name in ("LANG", "TZ") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONIOENCODING": "utf-8",
        "MNEMIC_DB": str(home / "work" / "agent.mnemic"),
        "MNEMIC_CACHE": str(cache_folder()),
        "NO_COLOR": "1",
        "COLUMNS": "120",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "OMP_NUM_THREADS": "2",
    }


def furnish(home: Path) -> None:
    """Fills an empty home; `work` in it is where blocks run."""
    work = home / "work"
    (work / "notes").mkdir(parents=True)
    _sessions(home / ".claude" / "projects")
    (work / "notes" / "garden.md").write_text("# Garden\n\nThe pear tree was planted in 2019.\n")
    (work / "book.txt").write_text("The boat left at noon. The lamp was lit at dusk.\n" * 400)
    (work / "other.txt").write_text("The lamp left at noon. The boat was lit at dusk.\n" * 40)
    (work / "inventory.py").write_text("def count(trees):\n    return len(trees)\n")
    git = ["git", "-C", str(work), "-c", "user.name=Ana", "-c", "user.email=ana@example.org"]
    for words in (["init", "-q"], ["add", "inventory.py"], ["commit", "-qm", "Count the trees"]):
        subprocess.run(
            [*git, *words], check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
        )


def _sessions(projects: Path) -> None:
    today = datetime.now(UTC)
    for year in (today.year - 1, today.year):  # so that a March lies behind us on any day
        for path in write_claude_sessions(projects / str(year)):
            told = path.read_text(encoding="utf-8").replace("2025-", f"{year}-")
            ids = f"{year}{path.stem[4:8]}"  # the same message twice would be left out
            path.write_text(told.replace(path.stem[:8], ids), encoding="utf-8")
    lines = [json.dumps(_line(n, *one, year=today.year - 1)) for n, one in enumerate(FAILURE)]
    (projects / "failure.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _line(number: int, kind: str, said: Any, *, year: int) -> dict[str, Any]:
    call = {"type": "tool_use", "id": f"t{number // 2}", "name": "Bash", "input": said}
    result = {"type": "tool_result", "tool_use_id": f"t{number // 2}", "content": said}
    role = "assistant" if kind == "tool_use" else "user"
    return {
        "type": role, "uuid": f"f-{number}", "parentUuid": None, "sessionId": "failure",
        "timestamp": f"{year}-05-04T10:{number:02d}:00.000Z", "isSidechain": False,
        "cwd": "/home/dev/orchard", "version": "1.0.0",
        "message": {"role": role, "content": [call if kind == "tool_use" else result]},
    }  # fmt: skip
