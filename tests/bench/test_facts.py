"""The sheet of judged claims: no text in it, and a score that finds the claims again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mnemic.bench.facts import sample, score
from mnemic.errors import ImportFailed


@pytest.fixture
def data(tmp_path: Path) -> Path:
    history = {
        "2024-05-08": [{"query": "I live in Porto. I like tea.", "response": "I live here too."}]
    }
    file = tmp_path / "memory_bank_en.json"
    file.write_text(json.dumps({"Ana": {"history": history}}))
    return tmp_path


def test_a_sheet_holds_no_text_and_is_scored_by_hash(data: Path, tmp_path: Path) -> None:
    """Claims that the rules no longer make are counted as unjudged, not as right."""
    rows = [row for row, _, _ in sample(data, n=10, seed=1)]
    assert len(rows) == 2
    assert not any("Porto" in json.dumps(row) or "tea" in json.dumps(row) for row in rows)
    rows[0]["verdict"], rows[1]["verdict"], rows[1]["reason"] = "right", "wrong", "time"
    gone = {**rows[0], "hash": "0" * 16}
    sheet = tmp_path / "sheet.jsonl"
    sheet.write_text("".join(json.dumps(row) + "\n" for row in (*rows, gone)))
    result = score(sheet, data)
    assert result["of_these_today"]["seed 1"]["n"] == 2
    assert result["of_these_today"]["seed 1"]["precision"] == 0.5
    assert result["of_these_today"]["seed 1"]["unjudged_now"] == 1
    (judged,) = {made["n"] for made in result["when_judged"].values()}
    assert judged == 3
    assert result["wrong_because"] == {"time": 1}
    assert result["claims_per_1000"] == {"memorybank": 1000.0}


def test_other_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match="neither"):
        sample(tmp_path, n=1, seed=1)


def test_the_kept_sheet_has_a_verdict_and_no_text_in_every_line() -> None:
    sheet = Path(__file__).resolve().parents[2] / "results/facts-judged.jsonl"
    rows = [json.loads(line) for line in sheet.read_text().splitlines()]
    assert len(rows) >= 300
    assert all(row["verdict"] in ("right", "wrong") for row in rows)
    assert all(bool(row["reason"]) == (row["verdict"] == "wrong") for row in rows)
    assert not any({"statement", "object", "text", "quote"} & row.keys() for row in rows)
