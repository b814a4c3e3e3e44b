"""The date that a text bears: in its front matter, in its file's name, in a heading."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from mnemic.agent.when.calendar import MONTHS, WEEKDAYS
from mnemic.importers.report import Report
from mnemic.importers.times import Times, epoch

MODIFIED = "modification time"

_KEYS = ("date", "created", "created_at", "date_created", "created-at", "published", "updated")
_IN_NAME = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(\d\d)\2(\d\d)(?!\d)")
_SLASHES = re.compile(r"(\d{4})/(\d\d)/(\d\d)", re.ASCII)
_GAP_BEFORE_OFFSET = re.compile(r"[ \t]+(?=(?:Z|[+-]\d\d:?\d\d)\Z)")

# "2025-03-04", "Tuesday, 4 March 2025", "March 4th, 2025". 03/04/2025 may be either day: not read.
_WEEKDAY = rf"(?:(?:{'|'.join((*WEEKDAYS, 'sat', 'sun'))})\b\.?,?\s*)?"
_MONTH = rf"(?P<month>{'|'.join(MONTHS)})\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_TITLES = tuple(
    re.compile(rf"{_WEEKDAY}{form}\Z", re.IGNORECASE | re.ASCII)
    for form in (
        rf"{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)",
        rf"{_DAY}\.?\s+{_MONTH},?\s+{_YEAR}",
        rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}",
    )
)


class TextDates:
    """When the sections of one file were written, and what says so.

    Args:
        file: the file; its name is looked at and, where `modified`, when it was last changed.
        place: the file as reports name it.
        front: its front matter.
        first: its first heading, "" for none.
        times: reads the dates.
        report: gets front matter that should be a date and is none.
        modified: whether the time of the last modification will do where there is no date.
    """

    def __init__(
        self,
        file: Path,
        place: str,
        front: Mapping[str, str],
        first: str,
        *,
        times: Times,
        report: Report,
        modified: bool,
    ) -> None:
        self._times = times
        self._first = first
        self._titles: dict[str, datetime | None] = {}
        self._whole = _in_front(front, place, times, report) or _in_name(file.stem, times)
        self._otherwise = _modified(file) if modified else (None, None)

    def of(self, headings: Sequence[str]) -> tuple[datetime | None, str | None]:
        """The time of a section below these headings and its origin; (None, None) without one."""
        if self._whole is not None:
            return self._whole
        for title in (*reversed(headings), self._first):
            moment = self._of_title(title)
            if moment is not None:
                return moment, "heading"
        return self._otherwise

    def _of_title(self, title: str) -> datetime | None:
        # Kept, as the report counts each reading of a time without an offset.
        if title not in self._titles:
            day = day_of(title)
            self._titles[title] = None if day is None else self._times.parse(day)
        return self._titles[title]


def day_of(title: str) -> str | None:
    """The day that a heading names, as ISO 8601; None where it is not a date, or says more."""
    for form in _TITLES:
        match = form.match(title.strip())
        if match:
            month = match["month"].lower()
            number = MONTHS[month] if month in MONTHS else int(month)
            return f"{match['year']}-{number:02d}-{int(match['day']):02d}"
    return None


def _in_front(
    front: Mapping[str, str], place: str, times: Times, report: Report
) -> tuple[datetime, str] | None:
    lowered = {key.lower(): value for key, value in front.items()}
    for key in _KEYS:
        value = lowered.get(key)
        if not value:
            continue
        tidy = _GAP_BEFORE_OFFSET.sub("", value.removesuffix(" UTC") + "Z" * value.endswith(" UTC"))
        moment = times.parse(_SLASHES.sub(r"\1-\2-\3", tidy))
        if moment is not None:
            return moment, f"front matter: {key}"
        report.note(place, f"front matter {key} {value!r:.80} is not a date that can be read")
    return None


def _in_name(stem: str, times: Times) -> tuple[datetime, str] | None:
    for match in _IN_NAME.finditer(stem):
        moment = times.parse(f"{match[1]}-{match[3]}-{match[4]}")
        if moment is not None:
            return moment, "file name"
    return None


def _modified(file: Path) -> tuple[datetime | None, str | None]:
    try:
        moment = epoch(file.stat().st_mtime_ns / 1e9)
    except OSError:
        return None, None
    return (None, None) if moment is None else (moment, MODIFIED)
