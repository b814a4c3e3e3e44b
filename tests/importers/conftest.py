"""Sessions to import, invented for these tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

_TALKS: tuple[tuple[str, str, tuple[tuple[str, Any], ...]], ...] = (
    (
        "11111111-aaaa-4aaa-8aaa-000000000001",
        "2025-03-11T09:{:02d}:00.000Z",
        (
            ("user", "Which database should the orchard inventory use?"),
            ("assistant", "For one gardener on one machine, SQLite: a single file, no server."),
            ("user", "Agreed, the orchard inventory uses SQLite for now."),
            ("tool_use", ("Write", {"file_path": "inventory/db.py", "content": "import sqlite3"})),
            ("tool_result", "File created: inventory/db.py"),
        ),
    ),
    (
        "22222222-bbbb-4bbb-8bbb-000000000002",
        "2025-06-17T14:{:02d}:00.000Z",
        (
            ("user", "Six gardeners write at once now and we see 'database is locked' every hour."),
            ("assistant", "Then move the orchard inventory to PostgreSQL; it takes many writers."),
            ("user", "Decided: we migrate from SQLite to PostgreSQL this week."),
            ("tool_use", ("Bash", {"command": "pg_dump --schema-only orchard"})),
            ("tool_result", "CREATE TABLE trees (id bigint PRIMARY KEY, variety text);"),
        ),
    ),
    (
        "33333333-cccc-4ccc-8ccc-000000000003",
        "2025-09-23T16:{:02d}:00.000Z",
        (
            ("user", "The yearly harvest report takes eleven minutes. What can we change?"),
            (
                "assistant",
                "Keep PostgreSQL for writing and copy into DuckDB every night to report.",
            ),
            ("user", "Good. The reports read DuckDB from now on; PostgreSQL stays for the writes."),
            ("tool_use", ("Bash", {"command": "duckdb harvest.db < nightly.sql"})),
            ("tool_result", "report ready in 4 s"),
        ),
    ),
)


def write_claude_sessions(folder: Path) -> list[Path]:
    """Three Claude Code sessions (March, June, September 2025) in which a database choice changes.

    SQLite in March, PostgreSQL from June, and DuckDB for the reports from September. Each has five
    episodes: three of talk, a tool's call and its result.
    """
    project = folder / "-home-dev-orchard"
    project.mkdir(parents=True, exist_ok=True)
    written = []
    for session, clock, talk in _TALKS:
        lines: list[dict[str, Any]] = []
        parent = None
        for minute, (kind, said) in enumerate(talk):
            uuid = f"{session[:8]}-{minute:04d}"
            lines.append(
                {
                    "type": "assistant" if kind in ("assistant", "tool_use") else "user",
                    "uuid": uuid,
                    "parentUuid": parent,
                    "sessionId": session,
                    "timestamp": clock.format(minute),
                    "isSidechain": False,
                    "userType": "external",
                    "cwd": "/home/dev/orchard",
                    "gitBranch": "main",
                    "version": "1.0.0",
                    "message": _message(kind, said, session),
                }
            )
            parent = uuid
        path = project / f"{session}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        written.append(path)
    return written


def _message(kind: str, said: Any, session: str) -> dict[str, Any]:
    tool = f"toolu_{session[:4]}"
    if kind == "user":
        return {"role": "user", "content": said}
    if kind == "tool_result":
        block = {"type": "tool_result", "tool_use_id": tool, "content": said}
        return {"role": "user", "content": [block]}
    block = {"type": "text", "text": said}
    if kind == "tool_use":
        block = {"type": "tool_use", "id": tool, "name": said[0], "input": said[1]}
    return {
        "role": "assistant",
        "model": "claude-test",
        "content": [{"type": "thinking", "thinking": "not to be kept"}, block],
    }


@pytest.fixture
def claude_sessions(tmp_path: Path) -> list[Path]:
    """The three sessions of `write_claude_sessions`, in a folder of their own."""
    return write_claude_sessions(tmp_path / "projects")
