"""Row → the row as it may be kept: what memory itself gave is cut out, then secrets are redacted.

Both depend on the row alone, and come before its identity is computed, so that the same row is the
same episode whenever it comes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mnemic.agent.recalled import cut
from mnemic.agent.trust import is_untrusted, lower
from mnemic.agent.write.prepare import FIELD_CHARS_MAX, TEXT_CHARS_MAX, Draft, prepare
from mnemic.agent.write.redact import Redaction, named_secret, redact
from mnemic.errors import InvalidInput, NothingNew

FIELDS = ("speaker", "session", "source", "ref")

_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"')


@dataclass(frozen=True, slots=True)
class Admitted:
    """A draft that may be kept, and what was redacted in it: how often each kind."""

    draft: Draft
    redacted: Mapping[str, int] = field(default_factory=dict)


def admit(row: Mapping[str, Any], *, zone: str | None, redaction: Redaction | None) -> Admitted:
    """The draft of a row, after the gate.

    Args:
        row: the arguments of `Memory.remember`.
        zone: as for `prepare`.
        redaction: what is redacted; None for nothing.

    Raises:
        NothingNew: the text holds nothing but what a recall gave.
        InvalidText, InvalidTime, InvalidScope, InvalidInput: as for `prepare`.
    """
    fresh = _without_recalled(row)
    if redaction is None:
        return Admitted(prepare(fresh, zone=zone))
    found: Counter[str] = Counter()
    clean = _redacted(fresh, redaction, found)
    return Admitted(prepare(clean, zone=zone), found)


def _without_recalled(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row without recalled entries; what stood beside untrusted ones is as little trusted."""
    text = row.get("text")
    if not isinstance(text, str) or len(text) > TEXT_CHARS_MAX:
        return row  # `prepare` refuses it
    rest = cut(text)
    if not rest.ids:
        return row
    if rest.empty:
        raise NothingNew(
            f"text {text[:40]!r}… holds only what a recall gave (episodes {', '.join(rest.ids[:5])}); "
            "it is in memory already and was not stored again"
        )
    kept = {**row, "text": rest.text}
    meta = row.get("meta")
    if rest.trust and is_untrusted(rest.trust) and (meta is None or isinstance(meta, Mapping)):
        declared = (meta or {}).get("trust")
        kept["meta"] = {**(meta or {}), "trust": lower(rest.trust, declared)}
    return kept


def _redacted(
    row: Mapping[str, Any], redaction: Redaction, found: Counter[str]
) -> Mapping[str, Any]:
    clean = dict(row)
    for name, longest in (("text", TEXT_CHARS_MAX), *((name, FIELD_CHARS_MAX) for name in FIELDS)):
        value = row.get(name)
        if isinstance(value, str) and len(value) <= longest:
            clean[name] = _noted(value, redaction, found)
    if row.get("meta"):
        clean["meta"] = _redacted_meta(row["meta"], redaction, found)
    return clean


def _noted(text: str, redaction: Redaction, found: Counter[str]) -> str:
    done = redact(text, redaction)
    found.update(one.kind for one in done.found)
    return done.text


def _redacted_meta(meta: object, redaction: Redaction, found: Counter[str]) -> object:
    """Meta with its keys and values redacted, whatever its depth; as it is where it is not JSON."""
    try:
        text = json.dumps(meta, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return meta  # `prepare` refuses it and says why
    before = found.total()
    parts: list[str] = []
    last, key, in_list = 0, "", False
    for match in _STRING.finditer(text):
        value = json.loads(match[0])
        is_key = text.startswith(":", match.end())
        between = text[last : match.start()]
        in_list = between == ": [" or (in_list and between == ", ")
        kind = None
        if redaction.secrets and not is_key and (in_list or between == ": "):
            kind = named_secret(key.removesuffix("s") if in_list else key, value)
        if kind:
            found[kind] += 1
            clean = f"[redacted: {kind}]"
        else:
            clean = _noted(value, redaction, found)
        parts += (between, json.dumps(clean, ensure_ascii=False))
        last = match.end()
        if is_key or not in_list:
            key = value if is_key else ""
    if found.total() == before:
        return meta
    try:
        return json.loads("".join((*parts, text[last:])), object_pairs_hook=_distinct)
    except RecursionError:
        raise InvalidInput("meta is nested too deeply to be redacted; make it flatter") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Keys that became the same are numbered, so that no value is lost."""
    kept: dict[str, Any] = {}
    for key, value in pairs:
        number, name = 1, key
        while name in kept:
            number += 1
            name = f"{key} {number}"
        kept[name] = value
    return kept
