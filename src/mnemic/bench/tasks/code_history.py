"""Real git histories: the query is a bullet of a changelog, the evidence the commits behind it.

A commit is remembered as the git importer does it: the same text, no session, and what it did
happened when it was made. The data names no authors, so there are no speakers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mnemic.bench.cases import Case, Question
from mnemic.bench.tasks.reading import files, json_of
from mnemic.importers.git_history import SOURCE, commit_text

_RENAMED = re.compile(r"\{[^{}]* => ([^{}]*)\}|^[^{}]* => ")


def read(path: Path) -> Iterator[Case]:
    """A case for each repository: NAME_commits.jsonl beside NAME_queries.jsonl.

    Commits that touch only the changelog are in memory, as in a real history, but never evidence.
    """
    if path.name.endswith("_queries.jsonl"):
        path = path.with_name(path.name.replace("_queries.jsonl", "_commits.jsonl"))
    for commits in files(path, "*_commits.jsonl"):
        name = commits.name.removesuffix("_commits.jsonl")
        rows = [_row(place, commit) for place, commit in enumerate(json_of(commits))]
        known = {row["ref"] for row in rows}
        last = max(datetime.fromisoformat(row["said_at"]) for row in rows)
        questions, excluded = [], Counter[str]()
        [queries] = files(commits.parent, f"{name}_queries.jsonl")
        for query in json_of(queries):
            evidence = frozenset(query["gold"])
            if not evidence & known:
                excluded["no evidence in the history"] += 1
                continue
            questions.append(
                Question(query["qid"], query["query"], name, evidence, last + timedelta(days=1))
            )
        yield Case(name, rows, questions, excluded)


def _row(place: int, commit: Any) -> dict[str, Any]:
    paths = [_new_name(file["path"]) for file in commit.get("files") or ()]
    return {
        "text": commit_text(f"{commit['subject']}\n\n{commit.get('body') or ''}", paths),
        "position": place,
        "ref": commit["id"],
        "said_at": commit["date"],
        "happened": commit["date"],
        "source": SOURCE,
    }


def _new_name(path: str) -> str:
    """The new name of a file that git tells as `old => new` or `folder/{old => new}/file`."""
    return _RENAMED.sub(r"\1", path).replace("//", "/")
