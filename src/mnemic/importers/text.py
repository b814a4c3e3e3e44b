"""Markdown, reStructuredText and plain text files: one episode a section.

The time of a section is the date in its file's front matter, else in the file's name, else the
nearest heading above it that is a date and nothing more, else the file's first heading if that is
one. A text that bears no date gets the time its file was last modified, which may be that of a copy
or a checkout: the report counts these rows, and `undated` can refuse it. `meta["said_at_from"]`
says where a time is from.
"""

from __future__ import annotations

import codecs
import functools
import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from mnemic.agent.records import Row
from mnemic.errors import InvalidInput
from mnemic.importers.dates import MODIFIED, TextDates
from mnemic.importers.pieces import pieces
from mnemic.importers.report import Report
from mnemic.importers.rows import known, rows_of
from mnemic.importers.source import begin, chosen, decoded, files_below, relative, whole
from mnemic.importers.times import Times

Undated = Literal["mtime", "none", "skip"]

SUFFIXES = (".md", ".markdown", ".txt", ".rst")
SECTION_CHARS_MAX = 1_200
_FILE_BYTES_MAX = 64 << 20
_FRONT_LINES_MAX = 400
_FRONT_VALUE_CHARS_MAX = 2_000

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?=[ \t]|\Z)")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*\Z")
_RST_LINE = re.compile(r"([^\w\s])\1+[ \t]*\Z")
_FRONT = re.compile(r"([A-Za-z_][\w-]*)[ \t]*[:=](?:[ \t]+(.*))?\Z")


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a document below its headings, verbatim, its own heading included."""

    headings: tuple[str, ...]
    text: str


def read(
    path: Path,
    *,
    scope: str,
    report: Report,
    zone: str | None = None,
    undated: Undated = "mtime",
    only: Collection[Path] | None = None,
) -> Iterator[Row]:
    """Rows of a text file, or of every text file below a folder.

    Args:
        path: the file or folder.
        scope: where the rows belong.
        report: filled while reading.
        zone: where times without an offset are read; None reads them in UTC, as the report states.
        undated: what becomes of a text that bears no date: "mtime" gives it the time its file was
            last modified, "none" no time at all, "skip" leaves it out.
        only: of the folder, just these files (absolute paths), named as if all were read.

    Raises:
        ImportFailed: there is no such path.
        InvalidInput: there is no such choice for `undated`.
    """
    check_undated(undated)
    times = begin(path, scope=scope, zone=zone, report=report)
    return _read(path, Cutter(scope, report, times, undated), only)


def check_undated(undated: str) -> None:
    """Refuses a choice that there is not."""
    if undated not in get_args(Undated):
        raise InvalidInput(f"undated is {undated!r:.80}; use one of {', '.join(get_args(Undated))}")


def _read(path: Path, cutter: Cutter, only: Collection[Path] | None) -> Iterator[Row]:
    for file in chosen(files_below(path, SUFFIXES, cutter.report), only):
        yield from rows_of_file(file, relative(file, path), cutter)


def rows_of_file(file: Path, name: str, cutter: Cutter) -> Iterator[Row]:
    """The rows of one text file, told of as `name`."""
    text = _content(file, cutter.report, name)
    if text is not None:
        front, body = front_matter(text)
        found: list[tuple[Section, Mapping[str, object]]] = [
            (section, {}) for section in sections(body, file.suffix.lower())
        ]
        yield from cutter.rows(file, name, front, found)


@dataclass(frozen=True, slots=True)
class Cutter:
    """Makes rows of sections: dated, cut into pieces, in order."""

    scope: str
    report: Report
    times: Times
    undated: Undated

    def rows(
        self,
        file: Path,
        name: str,
        front: Mapping[str, str],
        found: Sequence[tuple[Section, Mapping[str, object]]],
        *,
        bears: str = "front matter",
        meta: Mapping[str, object] | None = None,
    ) -> Iterator[Row]:
        """The rows of one document.

        Args:
            file: the document; its name and its time of modification may date it.
            name: how sources, sessions and the report call it.
            front: what it says of itself, a date among it.
            found: its sections, each with what is to be kept of it in meta.
            bears: what `front` is called where a time is from there.
            meta: kept with every row.
        """
        report = self.report
        first = next(iter(found[0][0].headings), "") if found else ""
        dates = TextDates(
            file, name, front, first,
            times=self.times, report=report, modified=self.undated == "mtime",
        )  # fmt: skip
        numbers = itertools.count()
        for section, more in found:
            said_at, origin = dates.of(section.headings)
            if said_at is None and self.undated == "skip":
                report.leave_out("section without a date")
                continue
            origin = origin and origin.replace("front matter", bears)
            kept: dict[str, object] = {**known(said_at_from=origin), **(meta or {}), **more}
            if section.headings:
                kept["headings"] = list(section.headings)
            if front:
                kept[bears.replace(" ", "_")] = dict(front)
            for part in pieces(section.text, SECTION_CHARS_MAX):
                if not part.strip():
                    continue
                report.by_modification += origin == MODIFIED
                yield from rows_of(
                    part.strip("\n"),
                    report=report,
                    scope=self.scope,
                    source=name,
                    session=name,
                    position=functools.partial(next, numbers),
                    ref=name,
                    said_at=said_at,
                    meta=kept,
                )


def _content(file: Path, report: Report, name: str) -> str | None:
    raw = whole(file, report, name, _FILE_BYTES_MAX)
    if raw is None:
        return None
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = raw.decode("utf-16", errors="replace")
    else:
        text = decoded(raw.removeprefix(codecs.BOM_UTF8), report, name)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """The `key: value` lines between a leading pair of `---` (or `+++`), and what follows them.

    Only plain values are read; nested ones are left to the eye of the reader. A text whose front
    matter is never closed has none.
    """
    lines = text.split("\n", _FRONT_LINES_MAX)
    fence = lines[0].rstrip()
    if fence not in ("---", "+++"):
        return {}, text
    ends = ("+++",) if fence == "+++" else ("---", "...")
    for number, line in enumerate(lines[1:_FRONT_LINES_MAX], 1):
        if line.rstrip() in ends:
            pairs: dict[str, str] = {}
            for inner in lines[1:number]:
                match = _FRONT.match(inner.rstrip())
                if match:
                    pairs.setdefault(match[1], _scalar(match[2] or ""))
            if number > 1 and not pairs:
                return {}, text
            return pairs, "\n".join(lines[number + 1 :])
    return {}, text


def _scalar(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] in "\"'":
        end = value.find(value[0], 1)
        if end > 0:
            return value[1:end][:_FRONT_VALUE_CHARS_MAX]
    return value.split(" #", 1)[0].rstrip()[:_FRONT_VALUE_CHARS_MAX]


def sections(text: str, suffix: str = ".md") -> Iterator[Section]:
    """The document cut at its headings; a heading with nothing below joins what follows it."""
    lines = text.split("\n")
    marks: list[_Mark] = []
    if suffix == ".rst":
        marks = _rst_headings(lines)
    elif suffix != ".txt":
        marks = _markdown_headings(lines)
    stack: list[_Mark] = []
    carried = body = 0
    for mark in [*marks, None]:
        end = len(lines) if mark is None else mark.first
        if mark is None or any(line.strip() for line in lines[body:end]):
            chunk = "\n".join(lines[carried:end]).strip("\n")
            if chunk.strip():
                yield Section(tuple(held.title for held in stack), chunk)
            carried = end
        if mark is not None:
            while stack and stack[-1].level >= mark.level:
                stack.pop()
            stack.append(mark)
            body = mark.below


@dataclass(frozen=True, slots=True)
class _Mark:
    """A heading: its first line, the line below it, its level and title."""

    first: int
    below: int
    level: int
    title: str


def _markdown_headings(lines: list[str]) -> list[_Mark]:
    """The headings; code fences hold none."""
    found: list[_Mark] = []
    fence = ""
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line[mark.end() :].strip():
                fence = ""
            continue
        if mark and not (mark[1][0] == "`" and "`" in line[mark.end() :]):
            fence = mark[1]
            continue
        if heading := _ATX.match(line):
            found.append(_Mark(number, number + 1, len(heading[1]), _title(line[heading.end() :])))
        elif number and (under := _SETEXT.match(line)):
            title = lines[number - 1].strip()
            alone = number < 2 or not lines[number - 2].strip()
            taken = bool(found) and found[-1].below >= number
            plain = title and not title.startswith(("-", "*", "+", ">", "|", "#", "`"))
            if plain and alone and not taken and len(under[1]) >= 2:
                level = 1 if under[1][0] == "=" else 2
                found.append(_Mark(number - 1, number + 1, level, title))
    return found


def _title(rest: str) -> str:
    title = rest.strip()
    bare = title.rstrip("#")
    return bare.rstrip() if not bare or bare[-1] in " \t" else title


def _rst_headings(lines: list[str]) -> list[_Mark]:
    """Titles with a line of punctuation below (and perhaps above); levels by first use."""
    found: list[_Mark] = []
    styles: list[str] = []
    for number in range(1, len(lines)):
        under, title = lines[number].rstrip(), lines[number - 1]
        if not _RST_LINE.match(under) or not title.strip() or _RST_LINE.match(title.rstrip()):
            continue
        if len(under) < len(title.rstrip()) or (found and found[-1].below >= number):
            continue
        over = number > 1 and lines[number - 2].rstrip() == under
        if not over and (title[0].isspace() or (number > 1 and lines[number - 2].strip())):
            continue
        style = under[0] * (2 if over else 1)
        if style not in styles:
            styles.append(style)
        first = number - 2 if over else number - 1
        found.append(_Mark(first, number + 1, styles.index(style) + 1, title.strip()))
    return found
