"""From what an importer found to rows: cleaned, split where too long, counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from mnemic.agent.records import Row
from mnemic.importers.pieces import EPISODE_CHARS_MAX, pieces
from mnemic.importers.report import Report

FIELD_CHARS_MAX = 4_096
_UNSTORABLE = dict.fromkeys((0, *range(0xD800, 0xE000)), "�")


def clean(text: str, report: Report) -> str:
    """The text with NUL and lone surrogates replaced by U+FFFD and counted."""
    if "\x00" not in text and _encodes(text):
        return text
    replaced = text.translate(_UNSTORABLE)
    report.replaced += sum(1 for old, new in zip(text, replaced, strict=True) if old != new)
    return replaced


def _encodes(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def clean_value(value: Any, report: Report) -> Any:
    """A JSON value with every text in it cleaned, and no number beyond JSON."""
    if isinstance(value, str):
        return clean(value, report)
    if isinstance(value, Mapping):
        return {clean(str(key), report): clean_value(held, report) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_value(held, report) for held in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _field(value: str | None, report: Report) -> str | None:
    if value is None:
        return None
    value = clean(value, report)
    return value if len(value) <= FIELD_CHARS_MAX else value[: FIELD_CHARS_MAX - 1] + "…"


def as_text(value: object) -> str | None:
    """The value, if it is a text that is not blank."""
    return value if isinstance(value, str) and value.strip() else None


def as_dict(value: object) -> dict[str, Any]:
    """The value, if it is an object; else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value, if it is an array; else an empty one."""
    return value if isinstance(value, list) else []


def known(**fields: Any) -> dict[str, Any]:
    """The fields that have a value, for a row's meta."""
    return {name: value for name, value in fields.items() if value is not None}


def rows_of(
    text: str,
    *,
    report: Report,
    scope: str,
    position: Callable[[], int | None],
    source: str | None = None,
    session: str | None = None,
    speaker: str | None = None,
    ref: str | None = None,
    said_at: datetime | None = None,
    happened: datetime | tuple[datetime, datetime] | None = None,
    meta: Mapping[str, Any] | None = None,
    limit: int = EPISODE_CHARS_MAX,
) -> Iterator[Row]:
    """One row, or several where the text is too long for one episode; none where it is blank."""
    text = clean(text, report)
    parts = [part for part in pieces(text, limit) if part.strip()]
    if not parts:
        report.leave_out("blank text")
        return
    if len(parts) > 1:
        report.split += 1
    kept = clean_value(meta or {}, report)
    speaker, session = _field(speaker, report), _field(session, report)
    source, ref = _field(source, report), _field(ref, report)
    for number, part in enumerate(parts, 1):
        row: Row = {
            "text": part,
            "scope": scope,
            "speaker": speaker,
            "session": session,
            "position": position(),
            "source": source,
            "ref": ref,
            "said_at": said_at,
            "meta": {**kept, "part": f"{number}/{len(parts)}"} if len(parts) > 1 else kept,
        }
        if happened is not None:
            row["happened"] = happened
        report.read += 1
        if said_at is None:
            report.without_time += 1
        yield row
