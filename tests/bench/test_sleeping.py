"""`mnemic bench sleep` and `mnemic bench slept`, on little data with a small embedder of our own."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from tests.bench.test_bench_run import BagOfWords

from mnemic.bench import sleeping, slept
from mnemic.errors import InvalidInput


def test_sleep_is_measured_and_undone_exactly() -> None:
    """Undo, a second sleep and a rebuild come to equal rows; rates and sizes are there."""
    result = sleeping.run_sleeping(sizes=(120,), embedder=BagOfWords())
    found = result["corpora"]["made 120"]
    assert found["undo_is_exact"]
    assert found["slept_again_is_equal"]
    assert found["rebuilt_is_equal"]
    assert found["n"] == 120
    assert found["per_s"] > 0
    assert found["derived_bytes_per_episode"] > 0
    assert {"replays", "mentions", "places"} <= set(found["derived_rows"])
    out = io.StringIO()
    sleeping.show(result, Console(file=out, width=160))
    assert "made 120" in out.getvalue()


def test_made_talk_is_the_same_for_the_same_seed() -> None:
    """A run can be repeated, and speaks of people as well as of anything."""
    made = list(sleeping.rows(200))
    assert made == list(sleeping.rows(200)) != list(sleeping.rows(200, seed=1))
    assert any(row["text"].startswith("I ") for row in made)
    assert all("{" not in row["text"] for row in made)


def test_too_little_is_refused() -> None:
    """The error says how much there must be."""
    with pytest.raises(InvalidInput, match="100"):
        sleeping.run_sleeping(sizes=(5,), embedder=BagOfWords())


SAID = {"a": 1, "b": 2, "c": 3}


def test_the_newest_evidence_stands_before_all_older() -> None:
    """Ahead only where older evidence is found too, and none of it stands before."""
    evidence = frozenset("abc")
    assert list(slept.newest(["c", "x", "a"], evidence, SAID)) == [
        "asked",
        "found",
        "both",
        "ahead",
    ]
    assert list(slept.newest(["b", "c", "a"], evidence, SAID)) == ["asked", "found", "both"]
    assert list(slept.newest(["c", "x"], evidence, SAID)) == ["asked", "found"]
    assert list(slept.newest(["a", "b"], evidence, SAID)) == ["asked"]
    assert list(slept.newest(["a"], frozenset("a"), SAID)) == []
    deep = ["x"] * slept.TOP + ["c"]
    assert list(slept.newest(deep, evidence, SAID)) == ["asked"]


def test_before_and_after_sleep(tmp_path: Path) -> None:
    """All three systems are asked the same questions, and changes are counted."""
    folder = tmp_path / "beam"
    folder.mkdir()
    messages = [
        {"id": 0, "role": "user", "time": "March-01-2024", "content": "I live in Porto."},
        {"id": 1, "role": "assistant", "time": None, "content": "Good to know."},
        {"id": 2, "role": "user", "time": "April-01-2024", "content": "I moved to Lisbon."},
    ]
    asked = {"qid": "q", "type": "knowledge_update", "question": "Where do I live now?",
             "evidence_ids": [0, 2]}  # fmt: skip
    case = {"conv": "100K-0", "messages": messages, "questions": [asked]}
    (folder / "dev.jsonl").write_text(json.dumps(case) + "\n")
    result = slept.run_slept(tmp_path, tasks=("beam",), embedder=BagOfWords())
    assert result["sets"]["beam 100K"]["n"] == 1
    assert result["sets"]["beam 100K"]["episodes"] == 3
    assert set(result["changed"]["beam 100K"]) == set(slept.SYSTEMS)
    out = io.StringIO()
    slept.show(result, Console(file=out, width=160))
    assert "beam 100K" in out.getvalue()


def test_an_unknown_set_is_refused(tmp_path: Path) -> None:
    """The error names the sets there are."""
    with pytest.raises(InvalidInput, match="locomo"):
        slept.run_slept(tmp_path, tasks=("chess",))
