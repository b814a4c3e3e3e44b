"""What an import did: counts, and the places where something was wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

LISTED_MAX = 1000
_KINDS_MAX = 200
_OTHER = "other"


@dataclass(slots=True)
class Report:
    """Filled while an importer runs; complete once its iterator is exhausted.

    Attributes:
        read: rows yielded.
        files: files opened.
        skipped: broken pieces of the source that gave no row; the first 1,000 are in `reasons` as
            (place, reason), where a place is `file:line` or the like.
        left_out: what was passed over on purpose (thinking, joins, …), counted by kind.
        noted: remarks on rows that were read all the same (unknown keys, unreadable times); the
            first 1,000 are in `notes`.
        replaced: characters replaced by U+FFFD (NUL, lone surrogates, bytes that are not UTF-8).
        split: texts too long for one episode, yielded in parts.
        without_time: rows whose source gives no time.
        assumed: times without an offset, counted by the zone in which they were read.
    """

    read: int = 0
    files: int = 0
    skipped: int = 0
    reasons: list[tuple[str, str]] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    noted: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)
    replaced: int = 0
    split: int = 0
    without_time: int = 0
    assumed: dict[str, int] = field(default_factory=dict)

    def skip(self, place: str, reason: str) -> None:
        """Something broken was passed over."""
        self.skipped += 1
        if len(self.reasons) < LISTED_MAX:
            self.reasons.append((place, reason))

    def note(self, place: str, remark: str) -> None:
        """Something worth knowing about a row that is read all the same."""
        self.noted += 1
        if len(self.notes) < LISTED_MAX:
            self.notes.append((place, remark))

    def leave_out(self, kind: str, count: int = 1) -> None:
        """Something was passed over on purpose."""
        _count(self.left_out, kind, count)

    def assume(self, zone: str) -> None:
        """A time without an offset was read in `zone`."""
        _count(self.assumed, zone, 1)

    def lines(self) -> list[str]:
        """The report in words, most important first."""
        told = [f"{self.read:,} rows read from {self.files:,} files"]
        if self.skipped:
            told.append(f"{self.skipped:,} broken pieces skipped")
        told += [f"{count:,} × {kind} left out" for kind, count in sorted(self.left_out.items())]
        if self.without_time:
            told.append(f"{self.without_time:,} rows whose source gives no time")
        told += [
            f"{count:,} times without an offset were read in {zone}"
            for zone, count in sorted(self.assumed.items())
        ]
        if self.replaced:
            told.append(f"{self.replaced:,} unstorable characters replaced by U+FFFD")
        if self.split:
            told.append(f"{self.split:,} texts split because they are too long for one episode")
        if self.noted:
            told.append(f"{self.noted:,} remarks")
        return told


def _count(counts: dict[str, int], kind: str, count: int) -> None:
    key = kind if kind in counts or len(counts) < _KINDS_MAX else _OTHER
    counts[key] = counts.get(key, 0) + count
