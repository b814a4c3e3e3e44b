"""LoCoMo: long dialogues of two people; evidence at the level of turns.

Source:
    Evaluating Very Long-Term Conversational Memory of LLM Agents (Maharana et al., 2024,
    arXiv:2402.17753). Category 5 has no answer in memory and stays out of the average: it credits
    one speaker with what the other did.
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

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}
_TURN = re.compile(r"D:?(\d+):(\d+)")


def read(path: Path) -> Iterator[Case]:
    """A case for each conversation."""
    for file in files(path, "locomo*.json"):
        for number, sample in enumerate(json_of(file)):
            yield _case(sample, number)


def _case(sample: dict[str, Any], number: int) -> Case:
    name = str(sample.get("sample_id", f"conversation-{number}"))
    conversation = sample["conversation"]
    rows, last = [], datetime(2000, 1, 1, tzinfo=UTC)
    for key in sorted(
        (key for key in conversation if re.fullmatch(r"session_\d+", key)),
        key=lambda key: int(key.split("_")[1]),
    ):
        began = datetime.strptime(
            conversation[f"{key}_date_time"], "%I:%M %p on %d %B, %Y"
        ).replace(tzinfo=UTC)
        for place, turn in enumerate(conversation[key] or ()):
            said_at = began + timedelta(seconds=place)
            last = max(last, said_at)
            shared = turn.get("blip_caption")
            rows.append(
                {
                    "text": turn["text"] + (f" [shares a photo: {shared}]" if shared else ""),
                    "speaker": turn["speaker"],
                    "session": key,
                    "position": place,
                    "ref": turn["dia_id"],
                    "said_at": said_at,
                    "source": "locomo",
                }
            )
    known = {row["ref"] for row in rows}
    questions, unanswerable, excluded = [], [], Counter[str]()
    asked_at = last + timedelta(days=1)
    for place, qa in enumerate(sample["qa"]):
        category = CATEGORIES.get(qa.get("category"), str(qa.get("category")))
        qid, text = f"{name}-{place}", str(qa["question"])
        if category == "adversarial":
            excluded["no answer in memory"] += 1
            unanswerable.append(
                Question(qid, text, category, frozenset(), asked_at, answerable=False)
            )
            continue
        evidence = turns(qa.get("evidence") or ())
        if not evidence & known:
            excluded["no usable evidence"] += 1
            continue
        questions.append(Question(qid, text, category, evidence, asked_at))
    return Case(name, rows, questions, excluded, unanswerable)


def turns(evidence: Any) -> frozenset[str]:
    """Ids of turns in a list of evidence, malformed entries put right where they can be."""
    return frozenset(
        f"D{int(session)}:{int(turn)}"
        for entry in evidence
        for session, turn in _TURN.findall(str(entry))
    )
