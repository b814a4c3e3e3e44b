"""TimeQA: questions that hang on a time, over articles; evidence are the answer's paragraphs.

Source:
    A Dataset for Answering Time-Sensitive Questions (Chen et al., 2021, arXiv:2108.06314).

A paragraph of an article was said at no time that the data tells, so it is remembered without one,
and a question that the product takes to ask when something was *said* finds nothing. That is the
product's to answer for and stays in the average.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mnemic.bench.cases import Case, Question
from mnemic.bench.tasks.reading import files, json_of


def read(path: Path) -> Iterator[Case]:
    """A case for each file: all its articles in one memory."""
    for file in files(path, "*.json", "*.json.gz", "*.json.gzip"):
        if file.name == "relations.json":
            continue
        yield _case(file)


def _case(file: Path) -> Case:
    rows: dict[str, dict[str, Any]] = {}
    questions, excluded = [], Counter[str]()
    for sample in json_of(file):
        article = sample["idx"].split("#")[0]
        for place, paragraph in enumerate(sample["paragraphs"]):
            ref = f"{article}#{place}"
            text = f"{paragraph['title'].strip()}\n{paragraph['text'].strip()}".strip()
            if text:
                rows.setdefault(
                    ref,
                    {"text": text, "session": article, "position": place, "ref": ref,
                     "source": "timeqa", "said_at": None},
                )  # fmt: skip
        answers = [answer for answer in sample["targets"] if answer.strip()]
        evidence = _evidence(sample, article, answers)
        if not evidence:
            excluded["answer not in the article" if answers else "no answer in memory"] += 1
            continue
        category = "hard" if ".hard" in file.name else "easy"
        questions.append(Question(sample["idx"], sample["question"], category, evidence))
    return Case(file.name.split(".json")[0], list(rows.values()), questions, excluded)


def _evidence(sample: Any, article: str, answers: list[str]) -> frozenset[str]:
    """The paragraphs that hold the characters marked as answer."""
    found = set()
    starts = sample.get("from") or []
    place_of: list[tuple[int, int, int]] = []
    at = 0
    for place, paragraph in enumerate(sample["paragraphs"]):
        text = paragraph["text"].strip()
        begin = sample["context"].find(text[:80], at) if text else -1
        if begin >= 0:
            place_of.append((begin, begin + len(text), place))
            at = begin
    for start in starts:
        found |= {f"{article}#{place}" for begin, end, place in place_of if begin <= start < end}
    if found or not answers:
        return frozenset(found)
    return frozenset(
        f"{article}#{place}"
        for place, paragraph in enumerate(sample["paragraphs"])
        if any(answer in paragraph["text"] for answer in answers)
    )
