"""What every importer's rows are checked for, and values that a file may hold."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from mnemic.agent.write.prepare import prepare
from mnemic.importers import Report, open_import

SCOPE = "acme/ana"


def load(name: str | None, path: Path, **options: Any) -> tuple[list[Any], Report]:
    """The rows of a source, each of which the store would take, and the report."""
    report = Report()
    rows = list(open_import(name, path, scope=SCOPE, report=report, **options))
    assert report.read == len(rows)
    for row in rows:
        prepare(row)
        json.dumps(row["meta"], allow_nan=False)
        assert row["text"].strip()
        said = row["said_at"]
        assert said is None or (isinstance(said, datetime) and said.utcoffset() is not None)
    return rows, report


def ids(rows: list[Any]) -> list[str]:
    """The identities of rows, in order."""
    return [prepare(row).id for row in rows]


def check_twice(name: str | None, path: Path, **options: Any) -> list[Any]:
    """The rows, after a check that they are all different and the same when read again."""
    rows, _ = load(name, path, **options)
    again, _ = load(name, path, **options)
    assert ids(rows) == ids(again)
    assert len(set(ids(rows))) == len(rows)
    return rows


def told(report: Report) -> str:
    """All that was skipped and why, as one text."""
    return "\n".join(f"{place}: {reason}" for place, reason in report.skipped)


def anything(keys: str, words: str = "") -> st.SearchStrategy[Any]:
    """JSON values built of these keys and words, and of odd ones."""
    leaves = (
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
        | st.sampled_from([*words.split(), "\x00", "\ud800", "2024-01-01T00:00:00Z", 1e308, 10**400])
    )  # fmt: skip
    names = st.sampled_from(keys.split())
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
        max_leaves=25,
    )


DEEP = "[" * 3000 + "]" * 3000
