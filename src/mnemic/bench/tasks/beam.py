"""BEAM: long chats with an assistant; evidence at the level of messages.

Source:
    Beyond a Million Tokens (Tavakoli et al., 2025, arXiv:2510.27246). Questions without evidence
    (abstention) stay out of the average.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mnemic.bench.cases import Case, Question
from mnemic.bench.tasks.reading import files, json_of

_MARK = re.compile(r"\s*->->\s*\d+(?:\s*,\s*\d+)*\s*$")
"""The generator's number of batch and bullet at the end of some messages: not ingested."""


UNANSWERABLE = "abstention"
"""The kind of questions that memory does not answer; others without evidence just lack its ids."""


def read(path: Path) -> Iterator[Case]:
    """A case for each conversation, of the normalised lines or of the published folders."""
    if path.is_dir() and (chats := sorted(path.rglob("chat.json"))):
        for chat in chats:
            yield _case(_published(chat))
        return
    for file in files(path, "*.jsonl", "*.jsonl.gz"):
        lines = json_of(file)
        for conversation in lines if isinstance(lines, list) else [lines]:
            yield _case(conversation)


def _published(chat: Path) -> dict[str, Any]:
    """A published conversation in the normalised form: chat.json beside its probing questions."""
    name = f"{chat.parent.parent.name}-{chat.parent.name}"
    messages = [
        {
            "id": turn["id"],
            "role": turn["role"],
            "time": turn.get("time_anchor") or batch.get("time_anchor"),
            "content": turn["content"],
        }
        for batch in json_of(chat)
        for group in batch["turns"]
        for turn in group
    ]
    probing = next(chat.parent.rglob("probing_questions*.json"), None)
    questions = []
    for kind, asked in (json_of(probing) if probing else {}).items():
        for place, question in enumerate(asked):
            questions.append(
                {
                    "qid": f"{name}-{kind}-{place}",
                    "type": kind,
                    "question": question["question"],
                    "evidence_ids": list(_ids(question.get("source_chat_ids"))),
                }
            )
    return {"conv": name, "messages": messages, "questions": questions}


def _ids(sources: Any) -> Iterator[Any]:
    """The ids in lists and mappings of ids, however they are nested."""
    if isinstance(sources, dict):
        sources = list(sources.values())
    if isinstance(sources, list):
        for one in sources:
            yield from _ids(one)
    elif sources is not None:
        yield sources


def _day(label: str) -> datetime | None:
    try:
        return datetime.strptime(label.strip(), "%B-%d-%Y").replace(tzinfo=UTC)
    except ValueError:
        return None


def _case(conversation: dict[str, Any]) -> Case:
    name = str(conversation["conv"])
    rows, day, session, last_label = [], datetime(2000, 1, 1, tzinfo=UTC), 0, None
    for place, message in enumerate(conversation["messages"]):
        label = message.get("time")
        if label and label != last_label:
            day = _day(label) or day
            last_label = label
            session += 1
        content = _MARK.sub("", message["content"])
        if not content.strip():
            continue
        rows.append(
            {
                "text": content,
                "speaker": message["role"],
                "session": f"session-{session}",
                "position": place,
                "ref": str(message["id"]),
                "said_at": day + timedelta(seconds=place),
                "source": "beam",
            }
        )
    known = {row["ref"] for row in rows}
    questions, unanswerable, excluded = [], [], Counter[str]()
    asked_at = day + timedelta(days=1)
    for question in conversation["questions"]:
        qid, kind = str(question["qid"]), str(question["type"])
        evidence = frozenset(map(str, question.get("evidence_ids") or ()))
        if evidence & known:
            questions.append(Question(qid, question["question"], kind, evidence, asked_at))
            continue
        excluded["no evidence in memory"] += 1
        if kind == UNANSWERABLE:
            unanswerable.append(
                Question(qid, question["question"], kind, frozenset(), asked_at, answerable=False)
            )
    return Case(name, rows, questions, excluded, unanswerable)
