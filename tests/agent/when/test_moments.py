"""Moments and zones, read strictly."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnemic.agent.when import parse_moment, zone_of
from mnemic.agent.when.calendar import easter, holiday
from mnemic.errors import InvalidTime


@pytest.mark.parametrize(
    ("value", "zone", "utc"),
    [
        ("2024-05-07T10:00:00Z", None, "2024-05-07T10:00:00+00:00"),
        ("2024-05-07T10:00:00+02:00", None, "2024-05-07T08:00:00+00:00"),
        ("2024-05-07 10:00", "Europe/Berlin", "2024-05-07T08:00:00+00:00"),
        ("2024-05-07", "Europe/Berlin", "2024-05-06T22:00:00+00:00"),
        (date(2024, 5, 7), "UTC", "2024-05-07T00:00:00+00:00"),
        ("2024-10-27T02:30", "Europe/Berlin", "2024-10-27T00:30:00+00:00"),  # repeated: the first
        ("2024-03-31T02:30", "Europe/Berlin", "2024-03-31T01:30:00+00:00"),  # skipped: forward
        ("0001-01-01T00:00:00Z", None, "0001-01-01T00:00:00+00:00"),
        ("9999-12-31T23:59:59Z", None, "9999-12-31T23:59:59+00:00"),
    ],
)
def test_read(value: Any, zone: str | None, utc: str) -> None:
    assert parse_moment(value, zone=zone).astimezone(UTC).isoformat() == utc


def test_a_skipped_time_shows_the_time_it_became() -> None:
    moment = parse_moment("2024-03-31T02:30", zone="Europe/Berlin")
    assert moment.isoformat() == "2024-03-31T03:30:00+02:00"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2024-05-07T10:00:00", "add an offset"),
        ("2024-05-07", "state a zone"),
        (datetime(2024, 5, 7), "no time zone"),  # noqa: DTZ001
        (date(2024, 5, 7), "no time zone"),
        ("9999-13-01", "9999-13-01"),
        ("10000-01-01T00:00:00Z", "10000"),
        ("0000-01-01T00:00:00Z", "0000"),
        ("", "''"),
        ("yesterday", "yesterday"),
        (float("nan"), "nan"),
        (1_700_000_000, "1700000000"),
        (None, "None"),
        ("0001-01-01T00:00:00+14:00", "1 to 9999"),
        ("9999-12-31T23:59:59-12:00", "1 to 9999"),
        ("2024-05-07T10:00:00+99:00", "ISO 8601"),
    ],
)
def test_refused(value: Any, words: str) -> None:
    with pytest.raises(InvalidTime) as caught:
        parse_moment(value)
    assert words in str(caught.value)
    assert "said_at" in str(caught.value)


@given(st.text(max_size=40), st.sampled_from([None, "UTC", "Pacific/Apia"]))
def test_any_text_is_read_or_refused(value: str, zone: str | None) -> None:
    with suppress(InvalidTime):
        assert parse_moment(value, zone=zone).utcoffset() is not None


@given(st.datetimes(), st.sampled_from(["UTC", "Pacific/Kiritimati", "America/Havana"]))
def test_any_wall_time_is_read_or_refused(value: datetime, zone: str) -> None:
    try:
        moment = parse_moment(value, zone=zone)
    except InvalidTime:
        assert value.year in (1, 9999)
    else:
        assert moment.astimezone(UTC).astimezone(moment.tzinfo) == moment


def test_zones() -> None:
    assert zone_of(None) is UTC
    assert zone_of("UTC") is UTC
    assert zone_of(UTC) is UTC
    assert str(zone_of("Europe/Lisbon")) == "Europe/Lisbon"
    assert datetime.now(zone_of("local")).utcoffset() is not None


def test_local_is_a_zone_and_not_an_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    local = zone_of("local")
    assert datetime(2024, 1, 1, tzinfo=local).utcoffset() == timedelta(hours=1)
    assert datetime(2024, 7, 1, tzinfo=local).utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize("name", ["Mars/Base", "", "../etc/passwd", "a\0b", "\ud800", 3, "/etc"])
def test_unknown_zones(name: Any) -> None:
    with pytest.raises(InvalidTime):
        zone_of(name)


def test_easter() -> None:
    known = {1961: (4, 2), 2000: (4, 23), 2008: (3, 23), 2023: (4, 9), 2024: (3, 31), 2038: (4, 25)}
    for year, (month, day) in known.items():
        assert easter(year) == date(year, month, day)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("thanksgiving", date(2023, 11, 23)),
        ("labor day", date(2023, 9, 4)),
        ("memorial day", date(2023, 5, 29)),
        ("good friday", date(2023, 4, 7)),
        ("pentecost", date(2023, 5, 28)),
        ("ash wednesday", date(2023, 2, 22)),
        ("christmas eve", date(2023, 12, 24)),
        ("epiphany", date(2023, 1, 6)),
    ],
)
def test_holidays(name: str, day: date) -> None:
    assert holiday(name, 2023) == day
