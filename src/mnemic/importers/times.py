"""Times as sources write them, read into aware datetimes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from mnemic.errors import InvalidTime
from mnemic.importers.report import Report

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(r"\d{4}(-\d\d-\d\d|\d{4})([Tt ]\d\d.*)?\Z", re.ASCII)
_MILLISECONDS_FROM = 1e11


class Times:
    """Reads times; those without an offset in one zone, stating so in the report.

    Raises:
        InvalidTime: `zone` is not the name of a time zone.
    """

    def __init__(self, zone: str | None, report: Report) -> None:
        self._tz: tzinfo = UTC if zone is None else zone_named(zone)
        self._name = "UTC (no zone was given)" if zone is None else zone
        self._report = report

    def read(self, value: object, place: str, name: str = "said_at") -> datetime | None:
        """The moment that `value` names; None, with a note, where it names none."""
        if value is None:
            return None
        moment = self.parse(value)
        if moment is None:
            self._report.note(place, f"{name} {value!r:.80} is not a time that can be read")
        return moment

    def parse(self, value: object) -> datetime | None:
        """The moment that `value` (ISO 8601, or seconds since 1970) names, else None."""
        if isinstance(value, str):
            return self._iso(value.strip())
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return epoch(value)
        return None

    def place(self, naive: datetime) -> datetime | None:
        """A time without an offset, read in the zone."""
        try:
            moment = datetime.fromisoformat(naive.replace(tzinfo=self._tz).isoformat())
            moment.astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        self._report.assume(self._name)
        return moment

    def _iso(self, text: str) -> datetime | None:
        if not _ISO.match(text):
            return None
        try:
            moment = datetime.fromisoformat(text)
            if moment.utcoffset() is None:
                return self.place(moment)
            moment.astimezone(UTC)  # an offset may lead out of the years 1 to 9999
        except (ValueError, OverflowError):
            return None
        return moment


def epoch(seconds: float) -> datetime | None:
    """The moment so many seconds (milliseconds where the number is too large) after 1970 UTC."""
    try:
        if abs(seconds) >= _MILLISECONDS_FROM:
            return _EPOCH + timedelta(milliseconds=seconds)
        return _EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None


def zone_named(name: str) -> ZoneInfo:
    """The time zone of that IANA name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidTime(
            f"zone {name!r} is not a known time zone; use an IANA name such as 'Europe/Rome'"
        ) from error
