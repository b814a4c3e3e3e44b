"""One moment, read strictly: never guessed, never without a zone."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mnemic.errors import InvalidTime


def zone_of(name: str | tzinfo | None) -> tzinfo:
    """A time zone by its IANA name; None and 'UTC' are UTC, 'local' is the machine's.

    Raises:
        InvalidTime: there is no such zone.
    """
    if isinstance(name, tzinfo):
        return name
    if name is None or name == "UTC":
        return UTC
    if name == "local":
        return _local()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError, AttributeError) as error:
        raise InvalidTime(
            f"there is no time zone {name!r}; use an IANA name such as 'Europe/Lisbon'"
        ) from error


def _local() -> tzinfo:
    """The machine's zone; its present offset where the zone's name is unknown."""
    name = os.environ.get("TZ", "").lstrip(":")
    if not name:
        name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return datetime.now().astimezone().tzinfo or UTC


def parse_moment(
    value: str | datetime | date, *, zone: str | None = None, name: str = "said_at"
) -> datetime:
    """An aware datetime from ISO 8601 or a datetime.

    Args:
        value: with an offset or `Z`; without one only if `zone` is given.
        zone: the IANA zone of naive values and bare dates. In the hour that a change of clocks
            repeats, the first one is meant; a time that it skips is moved forward by as much.
        name: what to call the value in an error.

    Raises:
        InvalidTime: unreadable, naive without a zone, or outside the years 1 to 9999.
    """
    moment, naive = _read(value, name), False
    if moment.tzinfo is None or moment.utcoffset() is None:
        if zone is None:
            raise InvalidTime(
                f"{name} {value!r} has no time zone; add an offset such as '+00:00' or 'Z', "
                "or state a zone"
            )
        moment = moment.replace(tzinfo=zone_of(zone))
        naive = True
    try:
        utc = moment.astimezone(UTC)
        if naive:
            moment = utc.astimezone(moment.tzinfo)
    except (OverflowError, ValueError) as error:
        raise InvalidTime(f"{name} {value!r} lies outside the years 1 to 9999 in UTC") from error
    return moment


def _read(value: object, name: str) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001  the zone follows
    if not isinstance(value, str):
        raise InvalidTime(
            f"{name} is {type(value).__name__} {value!r:.60}; pass ISO 8601 text or a datetime"
        )
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError as error:
        raise InvalidTime(
            f"{name} {value[:60]!r} is not a time in ISO 8601 ({error}); "
            "write it like '2026-03-02T10:00:00+00:00'"
        ) from error
