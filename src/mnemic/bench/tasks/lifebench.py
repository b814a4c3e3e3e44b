"""LifeBench: a year of one person's phone; evidence are records of the phone.

Source:
    LifeBench (repository 1754955896/LifeBench, Apache-2.0). The generator's own truth (daily
    events, persona, locations, the number of the event behind a record) is not ingested.

Contacts bear no date, as on a real phone, and are remembered without one: they count as said when
they were stored, which lies in no window of the recorded year. An invented day would put them
into that day's window.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from mnemic.bench.cases import Case, Question
from mnemic.bench.tasks.reading import json_of
from mnemic.errors import ImportFailed

ZONE = timezone(timedelta(hours=8))
_HIDDEN = {"event_id", "phone_id", "type", "datetime"}
_TIME = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_TIME_FIELDS = ("datetime", "start_time", "date", "日期")


def read(path: Path) -> Iterator[Case]:
    """A case for each user below a folder."""
    users = sorted(folder.parent for folder in path.rglob("phone_data"))
    if not users:
        raise ImportFailed(
            f"no folder phone_data below {str(path)!r}; give LifeBench's data folder"
        )
    for user in users:
        yield _case(user)


def _case(user: Path) -> Case:
    rows = []
    for file in sorted((user / "phone_data").glob("*.json")):
        for place, record in enumerate(json_of(file)):
            row = _row(file.stem, record, place)
            if row is not None:
                rows.append(row)
    rows.sort(key=lambda row: (row["said_at"] is not None, row["said_at"] or 0))
    for place, row in enumerate(rows):
        row["position"] = place
    last = rows[-1]["said_at"] if rows else None
    known = {row["ref"] for row in rows}
    questions, excluded = [], Counter[str]()
    for place, qa in enumerate(json_of(user / "QA" / "QA_clean.json")):
        evidence = frozenset(f"{e['type']}:{e['id']}" for e in qa.get("evidence") or ())
        if not evidence & known:
            excluded["no evidence in memory"] += 1
            continue
        now = _asked(qa.get("ask_time")) or (last and last + timedelta(days=1))
        questions.append(
            Question(
                f"{user.name}-{place}", qa["question"], str(qa.get("question_type")), evidence, now
            )
        )
    return Case(user.name, rows, questions, excluded)


def _row(kind: str, record: Mapping[str, Any], place: int) -> dict[str, Any] | None:
    number = record.get("phone_id", place)
    moment = next((m for f in _TIME_FIELDS if (m := _moment(record.get(f)))), None)
    text = "\n".join(_lines(record))
    if not text.strip():
        return None
    return {
        "text": f"{kind.replace('_', ' ')}: {text}",
        "session": f"{moment:%Y-%m-%d}" if moment else None,
        "ref": f"{kind}:{number}",
        "said_at": moment,
        "source": kind,
    }


def _lines(value: Any, name: str = "") -> Iterator[str]:
    """The fields of a record as readable lines."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _HIDDEN:
                yield from _lines(inner, str(key))
    elif isinstance(value, list):
        if all(isinstance(item, (str, int, float)) for item in value):
            yield from _lines(", ".join(map(str, value)), name)
        else:
            for item in value:
                yield from _lines(item, name)
    elif value not in (None, "", "none"):
        yield f"{name.replace('_', ' ')}: {value}"


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    found = _TIME.match(value)
    if not found:
        return None
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=ZONE)
    except ValueError:
        return None


def _asked(value: Any) -> datetime | None:
    """The end of the day or month at which a question is asked."""
    found = re.match(r"(\d{4})-(\d{2})(?:-(\d{2}))?", value) if isinstance(value, str) else None
    if not found:
        return None
    year, month = int(found[1]), int(found[2])
    day = int(found[3]) if found[3] else monthrange(year, month)[1]
    return datetime(year, month, day, 23, 59, tzinfo=ZONE)
