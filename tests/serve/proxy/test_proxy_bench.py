"""`mnemic bench proxy` asks the same questions three ways and says what the proxy adds."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from mnemic.bench import proxying
from mnemic.bench.proxying import Took
from mnemic.errors import InvalidInput
from mnemic.serve.cli import app


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_the_command_measures_both_forms_and_keeps_a_line(tmp_path: Path) -> None:
    """Every request with memory was counted by the proxy, and a model's thinking is in every time."""
    done = CliRunner().invoke(
        app, ["bench", "proxy", "--n", "100", "--requests", "2", "--clients", "2", "--think-ms", "20",
              "--results", str(tmp_path), "--json"], catch_exceptions=False,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    [line] = (tmp_path / "proxy.jsonl").read_text().splitlines()
    result = json.loads(line)
    assert json.loads(done.stdout) == result
    assert [result[name] for name in ("task", "n", "requests", "think_ms")] == ["proxy", 100, 2, 20]
    for form in ("whole", "stream"):
        found = result[form]
        for part in ("first_byte", "last_byte"):
            assert set(found[f"{part}_ms"]) == {"direct", "off", "on"}
            assert all(20 <= one["p50"] <= one["p95"] for one in found[f"{part}_ms"].values())
            assert set(found["adds_ms"][part]) == {"off", "on"}
        assert set(found["cpu_ms_a_request"]) == {"off", "on"}
    assert result["counts"]["requests"] == 4
    assert result["embedder"]
    shown = io.StringIO()
    proxying.show(result, Console(file=shown, width=80))
    assert "with memory" in shown.getvalue()


def test_what_is_added_is_taken_question_by_question() -> None:
    """A slow moment that hits a question all ways adds nothing."""
    rows = [
        {
            "direct": Took(wait, wait),
            "off": Took(wait + 1, wait + 2),
            "on": Took(wait + 5, wait + 7),
        }
        for wait in (100.0, 900.0, 300.0)
    ]
    adds = proxying._figures(rows)["adds_ms"]
    assert adds["first_byte"] == {"off": {"p50": 1, "p95": 1}, "on": {"p50": 5, "p95": 5}}
    assert adds["last_byte"] == {"off": {"p50": 2, "p95": 2}, "on": {"p50": 7, "p95": 7}}


def test_no_question_comes_twice() -> None:
    """The proxy would take it for a retry."""
    assert len(set(proxying._questions(500))) == 500


def test_too_little_is_refused() -> None:
    """The error names what was given and what there must be."""
    with pytest.raises(InvalidInput, match=r"n is 5.*take 100"):
        proxying.run_proxying(5)
