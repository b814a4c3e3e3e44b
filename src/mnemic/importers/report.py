"""What an import did: counts, and the places where something was wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

LISTED_MAX = 1000
_KINDS_MAX = 200
_REMARKS_TOLD = 20
_OTHER = "other"


@dataclass(slots=True)
class Report:
    """Filled while an importer runs; complete once its iterator is exhausted.

    Attributes:
        read: rows yielded.
        files: files opened.
        skipped: broken pieces of the source that gave no row, the first 1,000 as (place, reason),
            where a place is `file:line` or the like; `skipped_total` counts all.
        remarks: on rows that were read all the same (unknown keys, unreadable times), the first
            1,000 as (place, remark); `remarks_total` counts all.
        left_out: what was passed over on purpose (thinking, joins, …), counted by kind.
        replaced: characters replaced by U+FFFD (NUL, lone surrogates, bytes that are not UTF-8).
        split: texts too long for one episode, yielded in parts.
        without_time: rows whose source gives no time.
        by_modification: rows whose only time is when their file was last modified.
        assumed: times without an offset, counted by the zone in which they were read.
    """

    read: int = 0
    files: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    skipped_total: int = 0
    remarks: list[tuple[str, str]] = field(default_factory=list)
    remarks_total: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    replaced: int = 0
    split: int = 0
    without_time: int = 0
    by_modification: int = 0
    assumed: dict[str, int] = field(default_factory=dict)

    def skip(self, place: str, reason: str) -> None:
        """Something broken was passed over."""
        self.skipped_total += 1
        if len(self.skipped) < LISTED_MAX:
            self.skipped.append((place, reason))

    def note(self, place: str, remark: str) -> None:
        """Something worth knowing about a row that is read all the same."""
        self.remarks_total += 1
        if len(self.remarks) < LISTED_MAX:
            self.remarks.append((place, remark))

    def leave_out(self, kind: str, count: int = 1) -> None:
        """Something was passed over on purpose."""
        _count(self.left_out, kind, count)

    def assume(self, zone: str) -> None:
        """A time without an offset was read in `zone`."""
        _count(self.assumed, zone, 1)

    @property
    def notes(self) -> list[str]:
        """What a reader should know besides what was skipped, in words."""
        told = [
            f"{count:,} times without an offset were read in {zone}"
            for zone, count in sorted(self.assumed.items())
        ]
        if self.without_time:
            told.append(f"{self.without_time:,} rows whose source gives no time")
        if self.by_modification:
            told.append(
                f"{self.by_modification:,} rows have the time their file was last modified, as the "
                "source gives no other"
            )
        if self.replaced:
            told.append(f"{self.replaced:,} unstorable characters were replaced by U+FFFD")
        if self.split:
            told.append(f"{self.split:,} texts were split, being too long for one episode")
        told += [f"left out: {count:,} × {kind}" for kind, count in sorted(self.left_out.items())]
        told += [f"{place}: {remark}" for place, remark in self.remarks[:_REMARKS_TOLD]]
        if self.remarks_total > _REMARKS_TOLD:
            told.append(f"… and {self.remarks_total - _REMARKS_TOLD:,} more such remarks")
        return told


def _count(counts: dict[str, int], kind: str, count: int) -> None:
    key = kind if kind in counts or len(counts) < _KINDS_MAX else _OTHER
    counts[key] = counts.get(key, 0) + count
