"""Real git histories: the query is a bullet of a changelog, the evidence the commits behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from mnemic.bench.cases import Case, Question
from mnemic.bench.tasks.reading import files, json_of

FILES_MAX = 30


def read(path: Path) -> Iterator[Case]:
    """A case for each repository: NAME_commits.jsonl beside NAME_queries.jsonl.

    Commits that touch only the changelog are in memory, as in a real history, but never evidence.
    """
    if path.name.endswith("_queries.jsonl"):
        path = path.with_name(path.name.replace("_queries.jsonl", "_commits.jsonl"))
    for commits in files(path, "*_commits.jsonl"):
        name = commits.name.removesuffix("_commits.jsonl")
        rows = []
        for place, commit in enumerate(json_of(commits)):
            paths = [file["path"] for file in commit.get("files") or ()][:FILES_MAX]
            parts = [commit["subject"], commit.get("body") or ""]
            if paths:
                parts.append("Files: " + ", ".join(paths))
            rows.append(
                {
                    "text": "\n".join(part for part in parts if part.strip()),
                    "position": place,
                    "ref": commit["id"],
                    "said_at": commit["date"],
                    "source": "git",
                }
            )
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
