"""Markdown, reStructuredText and plain text files: one episode a section.

The time of a file is its front matter's date, else the date in its name, else the time it was last
modified; `meta["said_at_from"]` says which.
"""

from __future__ import annotations

import codecs
import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mnemic.agent.records import Row
from mnemic.agent.scopes import check_scope
from mnemic.importers.pieces import pieces
from mnemic.importers.report import Report
from mnemic.importers.rows import rows_of
from mnemic.importers.source import decoded, files_below, must_exist, opened, relative
from mnemic.importers.times import Times, epoch

SUFFIXES = (".md", ".markdown", ".txt", ".rst")
SECTION_CHARS_MAX = 1_200
_FILE_BYTES_MAX = 64 << 20
_FRONT_LINES_MAX = 400
_FRONT_VALUE_CHARS_MAX = 2_000
_DATE_KEYS = ("date", "created", "created_at", "date_created", "created-at", "published", "updated")

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?=[ \t]|\Z)")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*\Z")
_RST_LINE = re.compile(r"([^\w\s])\1+[ \t]*\Z")
_FRONT = re.compile(r"([A-Za-z_][\w-]*)[ \t]*[:=](?:[ \t]+(.*))?\Z")
_FILE_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(\d\d)\2(\d\d)(?!\d)")
_SLASH_DATE = re.compile(r"(\d{4})/(\d\d)/(\d\d)", re.ASCII)
_GAP_BEFORE_OFFSET = re.compile(r"[ \t]+(?=(?:Z|[+-]\d\d:?\d\d)\Z)")


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a document below its headings, verbatim, its own heading included."""

    headings: tuple[str, ...]
    text: str


def read(path: Path, *, scope: str, report: Report, zone: str | None = None) -> Iterator[Row]:
    """Rows of a text file, or of every text file below a folder.

    Args:
        path: the file or folder.
        scope: where the rows belong.
        report: filled while reading.
        zone: where times without an offset are read; None reads them in UTC, as the report states.

    Raises:
        ImportFailed: there is no such path.
    """
    must_exist(path)
    check_scope(scope)
    return _read(path, scope, report, Times(zone, report))


def _read(path: Path, scope: str, report: Report, times: Times) -> Iterator[Row]:
    for file in files_below(path, SUFFIXES, report):
        name = relative(file, path)
        text = _content(file, report, name)
        if text is None:
            continue
        front, body = front_matter(text)
        said_at, origin = _dated(file, name, front, times, report)
        numbers = itertools.count()
        for section in sections(body, file.suffix.lower()):
            meta: dict[str, object] = {"said_at_from": origin}
            if section.headings:
                meta["headings"] = list(section.headings)
            if front:
                meta["front_matter"] = front
            for part in pieces(section.text, SECTION_CHARS_MAX):
                if not part.strip():
                    continue
                yield from rows_of(
                    part.strip("\n"),
                    report=report,
                    scope=scope,
                    source=name,
                    session=name,
                    position=functools.partial(next, numbers),
                    ref=name,
                    said_at=said_at,
                    meta=meta,
                )


def _content(file: Path, report: Report, name: str) -> str | None:
    with opened(file, report, name) as stream:
        if stream is None:
            return None
        try:
            raw = stream.read(_FILE_BYTES_MAX + 1)
        except OSError as error:
            report.skip(name, f"the file cannot be read: {error.strerror or error}")
            return None
    if len(raw) > _FILE_BYTES_MAX:
        report.skip(name, f"the file is longer than {_FILE_BYTES_MAX:,} bytes")
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


def _dated(
    file: Path, name: str, front: dict[str, str], times: Times, report: Report
) -> tuple[datetime | None, str]:
    lowered = {key.lower(): value for key, value in front.items()}
    for key in _DATE_KEYS:
        value = lowered.get(key)
        if not value:
            continue
        tidy = _GAP_BEFORE_OFFSET.sub("", value.removesuffix(" UTC") + "Z" * value.endswith(" UTC"))
        moment = times.parse(_SLASH_DATE.sub(r"\1-\2-\3", tidy))
        if moment is not None:
            return moment, f"front matter: {key}"
        report.note(name, f"front matter {key} {value!r:.80} is not a date that can be read")
    for match in _FILE_DATE.finditer(file.stem):
        moment = times.parse(f"{match[1]}-{match[3]}-{match[4]}")
        if moment is not None:
            return moment, "file name"
    try:
        return epoch(file.stat().st_mtime_ns / 1e9), "modification time"
    except OSError:
        return None, "nothing"


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
