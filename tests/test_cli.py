"""The command line as a person uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.importers.conftest import write_claude_sessions


def run(*arguments: str, db: Path, code: int = 0, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mnemic.serve.cli", *arguments],
        capture_output=True, text=True, check=False,
        env={**os.environ, "MNEMIC_DB": str(db), "NO_COLOR": "1", "COLUMNS": "200", **environment},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_three_sessions_and_a_question_about_march(tmp_path: Path) -> None:
    """Of sessions in March, June and September, only March's come back, with the window shown."""
    db = tmp_path / "m.mnemic"
    write_claude_sessions(tmp_path / "projects")
    run("import", "claude-code", str(tmp_path / "projects"), "--scope", "me", db=db)
    question = "what did I say about the database in March?"
    now = ("--now", "2025-11-20T12:00:00Z")
    found = json.loads(run("recall", question, "--scope", "me", "--json", *now, db=db))
    assert found["hits"]
    assert {hit["said_at"][:7] for hit in found["hits"]} == {"2025-03"}
    assert "2025-03-01" in run("recall", question, "--scope", "me", *now, db=db)


def test_remember_recall_show_verify_backup_export(tmp_path: Path) -> None:
    db = tmp_path / "m.mnemic"
    id_ = run(
        "remember",
        "The kettle broke.",
        "--speaker",
        "Ana",
        "--said-at",
        "2026-03-02T10:00:00Z",
        db=db,
    ).strip()
    assert (
        run(
            "remember",
            "The kettle broke.",
            "--speaker",
            "Ana",
            "--said-at",
            "2026-03-02T10:00:00Z",
            db=db,
        ).strip()
        == id_
    )
    assert "The kettle broke." in run("recall", "kettle", db=db)
    assert "lexical" in run("recall", "kettle", "--trace", db=db)
    assert "2026-03-02" in run("show", id_[:8], db=db)
    assert "kettle" in run("list", db=db)
    assert "clean" in run("verify", db=db)
    assert "1 episodes" in run("rebuild", db=db)
    assert "1 episodes" in run("backup", str(tmp_path / "copy.mnemic"), db=db)
    run("export", str(tmp_path / "out.jsonl"), db=db)
    assert json.loads((tmp_path / "out.jsonl").read_text())["id"] == id_
    assert "SQLite" in run("doctor", db=db)
    assert json.loads(run("stats", "--json", db=db))["episodes"] == 1


def test_errors_are_one_line_and_a_code(tmp_path: Path) -> None:
    db = tmp_path / "m.mnemic"
    assert "empty" in run("remember", " ", db=db, code=2)
    assert "no time zone" in run("remember", "x", "--said-at", "2026-03-02T10:00:00", db=db, code=2)
    assert "nowhere" in run("recall", "x", "--scope", "nowhere", db=db, code=2)
    assert "k is" in run("recall", "x", "-k", "0", db=db, code=2)
    assert "no store" in run("verify", db=tmp_path / "none.mnemic", code=3)
    db2 = tmp_path / "text"
    db2.write_text("not a store at all, really")
    assert "not a Mnemic store" in run("list", db=db2, code=3)


def test_control_characters_are_shown_not_obeyed(tmp_path: Path) -> None:
    """A remembered escape sequence cannot move the cursor of whoever looks."""
    db = tmp_path / "m.mnemic"
    run("remember", "red \x1b[31malert\x1b[0m \u202eevil", db=db)
    shown = run("recall", "evil", db=db)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\u001b" in shown


def test_without_the_model_it_says_so(tmp_path: Path) -> None:
    db = tmp_path / "m.mnemic"
    empty = str(tmp_path / "empty-cache")
    run("remember", "The kettle broke.", db=db, MNEMIC_CACHE=empty)
    assert "no embedder" in run("recall", "kettle", db=db, MNEMIC_CACHE=empty)
    assert "mnemic model install" in run("doctor", db=db, MNEMIC_CACHE=empty)


def test_looking_makes_no_store(tmp_path: Path) -> None:
    """A mistyped path is an error, not a new and empty memory."""
    db = tmp_path / "mistyped.mnemic"
    for command in (("recall", "x"), ("context", "x"), ("list",), ("show", "abcdefgh"), ("stats",)):
        assert "no store" in run(*command, db=db, code=3)
    assert list(tmp_path.iterdir()) == []


def test_lines_without_a_scope_go_to_default(tmp_path: Path) -> None:
    """And an import of which nothing could be used says so by its exit code."""
    db, good, bad = tmp_path / "m.mnemic", tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_text('{"text": "A boat."}\n{"text": "A lamp.", "scope": "own"}\n{broken\n')
    bad.write_text("{broken\n")
    run("import", "jsonl", str(good), "--no-deep", db=db)
    scopes = json.loads(run("stats", "--json", db=db))["scopes"]
    assert scopes == {"default": 1, "own": 1}
    assert "skipped 1" in run("import", "jsonl", str(bad), "--no-deep", db=db, code=1)
