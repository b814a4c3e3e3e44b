"""Redaction and trust on the command line."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.agent.gate.keys import ALNUM, some
from tests.test_cli import run

TOKEN = f"ghp_{some(random.Random(1), ALNUM, 36)}"


def test_an_import_redacts_and_says_so_unless_told_otherwise(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"text": f"use {TOKEN} or ask ana@example.org"}) + "\n")
    careful, plain, most = (tmp_path / f"{name}.mnemic" for name in ("careful", "plain", "most"))
    told = run("import", "jsonl", str(rows), db=careful)
    assert "redacted 1: 1 github-token" in told
    assert "redacted" not in run("import", "jsonl", str(rows), "--no-redact", db=plain)
    found = json.loads(run("import", "jsonl", str(rows), "--pii", "--json", db=most))
    assert found["redacted"] == {"github-token": 1, "email": 1}
    assert TOKEN.encode() not in careful.read_bytes()
    assert "ana@example.org" in run("recall", "use ask", db=careful)
    assert TOKEN in run("recall", "use ask", db=plain)
    assert "[redacted: email]" in run("recall", "use ask", db=most)


def test_remember_redacts_where_asked(tmp_path: Path) -> None:
    db = tmp_path / "m.mnemic"
    found = json.loads(run("remember", f"use {TOKEN}", "--redact", "--json", db=db))
    assert found["redacted"] == {"github-token": 1}
    run("remember", f"keep {TOKEN}", db=db)
    assert TOKEN in run("recall", "keep", db=db)


def test_recall_and_context_tell_trust(tmp_path: Path) -> None:
    db = tmp_path / "m.mnemic"
    run("remember", "The boat is blue.", "--source", "web", db=db)
    assert "web · untrusted" in run("recall", "boat", db=db)
    assert json.loads(run("recall", "boat", "--json", db=db))["hits"][0]["trust"] == "web"
    assert json.loads(run("context", "boat", "--json", db=db))["trust"] == "web"
    assert "nothing in memory" in run("recall", "boat", "--min-trust", "tool", db=db, code=1)
    assert "choose from" in run("recall", "boat", "--min-trust", "most", db=db, code=2)
    packed = run("context", "boat", db=db)
    assert "already" in run("remember", packed, db=db, code=2)
