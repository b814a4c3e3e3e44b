"""Words that both levels share: a Span of time, and what a result cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mnemic.errors import InvalidTime


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open interval of time, [start, end), both ends time-zone aware.

    Raises:
        InvalidTime: an end is naive, or `end` is not after `start`.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name, value in (("start", self.start), ("end", self.end)):
            if value.tzinfo is None or value.utcoffset() is None:
                raise InvalidTime(
                    f"{name} {value.isoformat()!r} has no time zone; add one, e.g. '+00:00'"
                )
        if self.end <= self.start:
            raise InvalidTime(
                f"end {self.end.isoformat()!r} is not after start {self.start.isoformat()!r}; "
                "swap them or widen the span"
            )

    @classmethod
    def instant(cls, moment: datetime) -> Span:
        """The shortest span that holds `moment`: one microsecond."""
        try:
            return cls(moment, moment + timedelta(microseconds=1))
        except OverflowError:
            return cls(moment - timedelta(microseconds=1), moment)

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def overlaps(self, other: Span) -> bool:
        """Whether the two spans share any moment."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Cost:
    """What an operation took. Times in milliseconds of wall clock, by stage."""

    stages_ms: dict[str, float] = field(default_factory=dict)

    @property
    def total_ms(self) -> float:
        """The sum of all stages."""
        return sum(self.stages_ms.values())
