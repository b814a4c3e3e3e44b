"""MuSiQue, HotpotQA and 2WikiMultiHopQA in HippoRAG's layout; evidence are passages.

Source:
    HippoRAG (Gutiérrez et al., 2024, arXiv:2405.14831); MuSiQue (Trivedi et al., 2022), HotpotQA
    (Yang et al., 2018), 2WikiMultiHopQA (Ho et al., 2020).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

from mnemic.bench.cases import Case, Question
from mnemic.bench.tasks.reading import json_of
from mnemic.errors import ImportFailed

SETS = {"musique": "musique", "hotpot": "hotpotqa", "2wiki": "2wiki"}


def read(path: Path) -> Iterator[Case]:
    """A case for each set: its corpus, or else the union of its contexts, and its questions."""
    found = [path] if path.is_file() else sorted(path.rglob("*.json"))
    sets = [file for file in found if not file.stem.endswith("_corpus") and _set_of(file)]
    if not sets:
        raise ImportFailed(f"no musique, hotpotqa or 2wiki questions at {str(path)!r}")
    for file in sets:
        yield _case(file)


def _set_of(file: Path) -> str | None:
    name = file.stem.lower()
    return next((label for part, label in SETS.items() if part in name), None)


def _case(file: Path) -> Case:
    samples = json_of(file)
    corpus = file.with_name(f"{file.stem}_corpus.json")
    passages = _corpus(json_of(corpus)) if corpus.exists() else _union(samples)
    by_ref = {_ref(title, text): (title, text) for title, text in passages}
    rows = [
        {"text": f"{title}\n{text}", "ref": ref, "source": file.stem, "said_at": None}
        for ref, (title, text) in by_ref.items()
    ]
    by_title: dict[str, list[str]] = {}
    for ref, (title, _) in by_ref.items():
        by_title.setdefault(title, []).append(ref)
    questions, excluded = [], Counter[str]()
    for place, sample in enumerate(samples):
        evidence = frozenset(_find(by_ref, by_title, title, text) for title, text in _gold(sample))
        if sample.get("answerable") is False or not evidence & by_ref.keys():
            excluded["no answer or evidence in the corpus"] += 1
            continue
        qid = str(sample.get("id", sample.get("_id", place)))
        questions.append(Question(qid, sample["question"], str(_set_of(file)), evidence))
    return Case(file.stem, rows, questions, excluded)


def _ref(title: str, text: str) -> str:
    """A title and a digest of the text without its spaces, which the published files vary."""
    digest = blake2b("".join(text.split()).encode(), digest_size=6).hexdigest()
    return f"{title}|{digest}"


def _find(by_ref: Any, by_title: dict[str, list[str]], title: str, text: str) -> str:
    """The ref of a passage in the corpus; where its text differs, of the one with its title."""
    ref = _ref(title, text)
    alike = by_title.get(title, [])
    return alike[0] if ref not in by_ref and len(alike) == 1 else ref


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
