"""Mnemic's own format: one JSON object a line, its keys those of a row.

    {"text": "…", "scope": "acme/ana", "speaker": "ana", "session": "s1", "position": 0,
     "source": "notes", "ref": "n-17", "said_at": "2024-05-07T10:00:00+02:00",
     "happened": "2024-05-01T00:00:00+02:00", "meta": {"mood": "good"}}

Only `text` is required (and `scope`, unless the caller gives one). `happened` is a time or a pair
[start, end]. `id` and `ingested_at`, which an export writes, are ignored: they follow from the
rest. Any other key is noted in the report and dropped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from mnemic.agent.records import Row
from mnemic.agent.scopes import check_scope
from mnemic.errors import InvalidScope
from mnemic.importers.report import Report
from mnemic.importers.rows import FIELD_CHARS_MAX, clean, rows_of
from mnemic.importers.source import files_below, json_lines, must_exist, relative
from mnemic.importers.times import Times

SUFFIXES = (".jsonl", ".ndjson")
# What an export holds must come back as it was, so texts are split only above the store's limit.
_TEXT_CHARS_MAX = 1_000_000
_META_CHARS_MAX = 1_000_000
_POSITION_MAX = 2**62
_FIELDS = ("speaker", "session", "source", "ref")
_IGNORED = frozenset(("id", "ingested_at"))
_KNOWN = frozenset((*_FIELDS, "text", "scope", "position", "said_at", "happened", "meta"))


class _UnusableError(Exception):
    """A line that is no row; the message says why."""


def read(
    path: Path,
    *,
    scope: str | None,
    report: Report,
    zone: str | None = None,
    override_scope: bool = False,
) -> Iterator[Row]:
    """Rows of a file, or of every *.jsonl and *.ndjson below a folder.

    Args:
        path: the file or folder.
        scope: used where a line has none; None: every line must name its own.
        report: filled while reading.
        zone: where times without an offset are read; None reads them in UTC, as the report states.
        override_scope: puts every row into `scope`, whatever the line says.

    Raises:
        ImportFailed: there is no such path.
        InvalidScope: `scope` is no plain path, or is missing with `override_scope`.
    """
    must_exist(path)
    if scope is not None:
        check_scope(scope)
    elif override_scope:
        raise InvalidScope("override_scope needs a scope; pass one such as 'acme/ana'")
    return _read(path, scope, report, Times(zone, report), override_scope)


def _read(
    path: Path, scope: str | None, report: Report, times: Times, override: bool
) -> Iterator[Row]:
    for file in files_below(path, SUFFIXES, report):
        for place, line in json_lines(file, report, relative(file, path)):
            try:
                rows = _rows(line, place, scope, report, times, override)
            except _UnusableError as error:
                report.skip(place, str(error))
            except RecursionError:
                report.skip(place, "meta is nested too deeply")
            else:
                yield from rows


def _rows(
    line: dict[str, Any],
    place: str,
    scope: str | None,
    report: Report,
    times: Times,
    override: bool,
) -> list[Row]:
    text = line.get("text")
    if not isinstance(text, str):
        raise _UnusableError(f"text is {type(text).__name__} where a string was expected")
    if not text.strip():
        raise _UnusableError("text is empty or only white space")
    fields = {name: _field(line, name) for name in _FIELDS}
    position = line.get("position")
    if position is not None and (
        not isinstance(position, int) or isinstance(position, bool) or abs(position) > _POSITION_MAX
    ):
        raise _UnusableError(f"position {position!r:.80} is not a whole number of at most 62 bits")
    meta = line.get("meta")
    if meta is not None and not isinstance(meta, dict):
        raise _UnusableError(f"meta is {type(meta).__name__} where an object was expected")
    own = line.get("scope")
    used = scope if override or own is None else own
    if used is None:
        raise _UnusableError("no scope; name one in the line or for the whole import")
    try:
        used = check_scope(used)
    except InvalidScope as error:
        raise _UnusableError(str(error)) from error
    said_at = None
    if line.get("said_at") is not None:
        said_at = _moment(line["said_at"], "said_at", times)
    happened = _happened(line.get("happened"), times)
    _check_meta(meta or {})
    for key in sorted(line.keys() - _KNOWN - _IGNORED):
        report.note(place, f"unknown key {clean(key, report)[:80]!r} dropped")
    return list(
        rows_of(
            text,
            report=report,
            scope=used,
            position=lambda: position,
            said_at=said_at,
            happened=happened,
            meta=meta,
            limit=_TEXT_CHARS_MAX,
            **fields,
        )
    )


def _field(line: dict[str, Any], name: str) -> str | None:
    value = line.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _UnusableError(f"{name} is {type(value).__name__} where a string was expected")
    if len(value) > FIELD_CHARS_MAX:
        raise _UnusableError(f"{name} has {len(value):,} characters; at most {FIELD_CHARS_MAX:,}")
    return value


def _check_meta(meta: dict[str, Any]) -> None:
    try:
        size = len(json.dumps(meta, ensure_ascii=False, allow_nan=False))
    except ValueError as error:
        raise _UnusableError(f"meta is not plain JSON: {error}") from error
    if size > _META_CHARS_MAX:
        raise _UnusableError(f"meta has {size:,} characters as JSON; at most {_META_CHARS_MAX:,}")


def _happened(value: object, times: Times) -> datetime | tuple[datetime, datetime] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        return _moment(value, "happened", times)
    if len(value) != 2:
        raise _UnusableError(f"happened {value!r:.80} is not a pair [start, end]")
    start, end = (_moment(each, "happened", times) for each in value)
    if end <= start:
        raise _UnusableError(f"happened {value!r:.80} ends before it starts")
    return start, end


def _moment(value: object, name: str, times: Times) -> datetime:
    moment = times.parse(value) if isinstance(value, str) else None
    if moment is None:
        raise _UnusableError(f"{name} {value!r:.80} is not a time that can be read; use ISO 8601")
    return moment
