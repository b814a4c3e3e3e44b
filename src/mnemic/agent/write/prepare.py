"""Row → Draft: checked, its times read, its identity computed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from mnemic.agent.scopes import check_scope
from mnemic.agent.when import parse_moment, tells_of
from mnemic.errors import InvalidInput, InvalidText, InvalidTime
from mnemic.vocabulary import Span

TEXT_CHARS_MAX = 1_000_000
FIELD_CHARS_MAX = 4_096
META_CHARS_MAX = 1_000_000
POSITION_MAX = 2**62

ROW_KEYS = frozenset(
    ("text", "scope", "speaker", "session", "position", "source", "ref", "said_at", "happened",
     "meta")
)  # fmt: skip

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 UTC; exact, negative before."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """The inverse of `to_us`, in UTC."""
    return _EPOCH + timedelta(microseconds=us)


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked episode on its way to the store. `said_at` None: the source has no time."""

    id: str
    text: str
    scope: str
    speaker: str | None
    session: str | None
    position: int | None
    source: str | None
    ref: str | None
    meta_json: str
    said_at: datetime | None
    happened: Span | None
    digest_base: str

    def digest(self, ingested_us: int) -> bytes:
        """SHA-256 over everything that is kept of the episode."""
        return sha256(f"{self.digest_base}\x00{ingested_us}".encode()).digest()


def prepare(row: Mapping[str, Any], *, zone: str | None = None) -> Draft:
    """A row, checked and identified.

    Args:
        row: the arguments of `Memory.remember` as a mapping.
        zone: an IANA zone in which naive times are read; None refuses them.

    Raises:
        InvalidText, InvalidTime, InvalidScope, InvalidInput: naming the field and its value.
    """
    unknown = row.keys() - ROW_KEYS
    if unknown:
        raise InvalidInput(
            f"unknown field {sorted(map(str, unknown))[0]!r}; the fields are "
            f"{', '.join(sorted(ROW_KEYS))}; put anything else into meta"
        )
    text = _text(row.get("text"))
    scope = check_scope(row.get("scope"))
    said_at = row.get("said_at")
    moment = None if said_at is None else _fixed(parse_moment(said_at, zone=zone, name="said_at"))
    return draft_of(
        text=text,
        scope=scope,
        speaker=_field(row, "speaker"),
        session=_field(row, "session"),
        position=_position(row.get("position")),
        source=_field(row, "source"),
        ref=_field(row, "ref"),
        meta_json=_meta(row.get("meta")),
        said_at=moment,
        happened=_happened(row.get("happened"), zone),
    )


def draft_of(
    *,
    text: str,
    scope: str,
    speaker: str | None,
    session: str | None,
    position: int | None,
    source: str | None,
    ref: str | None,
    meta_json: str,
    said_at: datetime | None,
    happened: Span | None,
) -> Draft:
    """The draft of fields already checked; also how `verify` recomputes identities."""
    said_us = None if said_at is None else to_us(said_at)
    identity = json.dumps(
        ["mnemic-episode-1", scope, source, session, position, said_us, speaker, text],
        ensure_ascii=True,
    )
    everything = json.dumps(
        [
            identity,
            ref,
            meta_json,
            None if said_at is None else said_at.isoformat(),
            None if happened is None else [happened.start.isoformat(), happened.end.isoformat()],
        ],
        ensure_ascii=True,
    )
    return Draft(
        id=sha256(identity.encode()).hexdigest()[:32],
        text=text,
        scope=scope,
        speaker=speaker,
        session=session,
        position=position,
        source=source,
        ref=ref,
        meta_json=meta_json,
        said_at=said_at,
        happened=happened,
        digest_base=everything,
    )


def happened_span(text: str, said_at: datetime, given: Span | None) -> Span:
    """When an episode happened: as given, as its text tells, or else when it was said."""
    if given is not None:
        return given
    return tells_of(text, said_at) or Span.instant(said_at)


def _fixed(moment: datetime) -> datetime:
    """The same moment with its offset fixed, exactly as it will be read back from the file."""
    return datetime.fromisoformat(moment.isoformat())


def _text(text: object) -> str:
    if not isinstance(text, str):
        raise InvalidText(f"text is {type(text).__name__} {text!r:.80}; pass a string")
    if not text.strip():
        raise InvalidText(
            f"text {text[:40]!r} is empty or only white space; there is nothing to keep"
        )
    if len(text) > TEXT_CHARS_MAX:
        raise InvalidText(
            f"text has {len(text):,} characters, at most {TEXT_CHARS_MAX:,} fit in one episode; "
            f"split it into parts (it begins {text[:40]!r})"
        )
    _storable("text", text)
    return text


def _storable(name: str, text: str) -> None:
    """Refuses what UTF-8 or a database cannot hold; everything else is kept verbatim."""
    if "\x00" in text:
        raise InvalidText(
            f"{name} holds a NUL at character {text.index(chr(0))}; remove it or replace it by "
            "U+FFFD"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidText(
            f"{name} holds the lone surrogate {text[error.start]!r} at character {error.start}; "
            "decode the source with errors='replace'"
        ) from None


def _field(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidInput(f"{name} is {type(value).__name__} {value!r:.80}; pass a string or None")
    if len(value) > FIELD_CHARS_MAX:
        raise InvalidInput(
            f"{name} {value[:40]!r}… has {len(value):,} characters; at most {FIELD_CHARS_MAX:,}"
        )
    _storable(name, value)
    return value


def _position(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > POSITION_MAX:
        raise InvalidInput(f"position is {value!r:.80}; pass a whole number of at most 62 bits")
    return value


def _meta(value: object) -> str:
    if value is None:
        return "{}"
    if not isinstance(value, Mapping):
        raise InvalidInput(f"meta is {type(value).__name__} {value!r:.80}; pass a mapping")
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"meta {value!r:.80} is not plain JSON: {error}") from error
    if len(text) > META_CHARS_MAX:
        raise InvalidInput(f"meta has {len(text):,} characters as JSON; at most {META_CHARS_MAX:,}")
    _storable("meta", text)
    return text


def _happened(value: object, zone: str | None) -> Span | None:
    if value is None or isinstance(value, Span):
        return value
    if isinstance(value, (list, tuple)):
        if len(value) != 2:
            raise InvalidTime(f"happened {value!r:.80} is not a pair (start, end)")
        start = parse_moment(value[0], zone=zone, name="happened start")
        return Span(start, parse_moment(value[1], zone=zone, name="happened end"))
    if isinstance(value, (str, datetime)):
        return Span.instant(parse_moment(value, zone=zone, name="happened"))
    raise InvalidTime(f"happened is {type(value).__name__} {value!r:.80}; pass a time or a pair")
