"""MuSiQue, HotpotQA and 2WikiMultiHopQA in HippoRAG's layout; evidence are passages.

Source:
    HippoRAG (Gutiérrez et al., 2024, arXiv:2405.14831); MuSiQue (Trivedi et al., 2022), HotpotQA
    (Yang et al., 2018), 2WikiMultiHopQA (Ho et al., 2020).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mnemic.bench.cases import Case, Question
from mnemic.bench.tasks.reading import json_of
from mnemic.errors import ImportFailed


def read(path: Path) -> Iterator[Case]:
    """A case for each set: its corpus, or else the union of its contexts, and its questions."""
    folders = path.parent if path.is_file() else path
    found = [path] if path.is_file() else sorted(folders.rglob("*.json"))
    sets = [
        file
        for file in found
        if not file.stem.endswith("_corpus")
        and any(name in file.stem.lower() for name in ("musique", "hotpot", "2wiki"))
    ]
    if not sets:
        raise ImportFailed(f"no musique, hotpotqa or 2wiki questions at {str(path)!r}")
    for file in sets:
        yield _case(file)


def _case(file: Path) -> Case:
    samples = json_of(file)
    corpus = file.with_name(f"{file.stem}_corpus.json")
    passages = _corpus(json_of(corpus)) if corpus.exists() else _union(samples)
    rows = [
        {"text": f"{title}\n{text}", "ref": _ref(title, text), "source": file.stem, "said_at": None}
        for title, text in passages
    ]
    known = {row["ref"] for row in rows}
    questions, excluded = [], Counter[str]()
    for place, sample in enumerate(samples):
        evidence = frozenset(_ref(title, text) for title, text in _gold(sample)) & known
        if not evidence:
            excluded["no evidence in the corpus"] += 1
            continue
        qid = str(sample.get("id", sample.get("_id", place)))
        questions.append(Question(qid, sample["question"], file.stem, evidence))
    return Case(file.stem, rows, questions, excluded)


def _ref(title: str, text: str) -> str:
    return f"{title}|{text.strip()[:80]}"


def _corpus(corpus: Any) -> list[tuple[str, str]]:
    pairs = (
        [(title, "".join(sentences)) for title, sentences in corpus.items()]
        if isinstance(corpus, dict)
        else [(entry["title"], entry["text"]) for entry in corpus]
    )
    return list(dict.fromkeys(pairs))


def _union(samples: Any) -> list[tuple[str, str]]:
    return list(dict.fromkeys(pair for sample in samples for pair in _context(sample)))


def _context(sample: Any) -> Iterator[tuple[str, str]]:
    if "paragraphs" in sample:
        for paragraph in sample["paragraphs"]:
            yield paragraph["title"], paragraph.get("paragraph_text", paragraph.get("text", ""))
    else:
        for title, sentences in sample["context"]:
            yield title, "".join(sentences)


def _gold(sample: Any) -> Iterator[tuple[str, str]]:
    if "paragraphs" in sample:
        for paragraph in sample["paragraphs"]:
            if paragraph["is_supporting"]:
                yield paragraph["title"], paragraph.get("paragraph_text", paragraph.get("text", ""))
        return
    titles = {fact[0] for fact in sample["supporting_facts"]}
    for title, text in _context(sample):
        if title in titles:
            yield title, text
