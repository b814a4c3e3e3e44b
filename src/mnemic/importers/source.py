"""Files, folders and archives, read with bounds: lines, JSON documents, members."""

from __future__ import annotations

import codecs
import json
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mnemic.agent.scopes import check_scope
from mnemic.errors import ImportFailed
from mnemic.importers.report import Report
from mnemic.importers.times import Times

LINE_BYTES_MAX = 64 << 20
ITEM_CHARS_MAX = 256 << 20
_DEPTH_MAX = 100
ARCHIVE_BYTES_MAX = 8 << 30
RATIO_MAX = 200
_RATIO_FREE_BYTES = 16 << 20
_CHUNK = 1 << 20
_BOM = codecs.BOM_UTF8
_SKIPPED_FOLDERS = frozenset(("node_modules", "__pycache__", "__MACOSX"))


def begin(path: Path, *, scope: str, zone: str | None, report: Report) -> Times:
    """How every import into one scope begins: path, scope and zone are checked before any row.

    Returns:
        What reads the times of the source, in the zone.

    Raises:
        ImportFailed: there is no such path.
        InvalidScope, InvalidTime: a scope or zone that cannot be used.
    """
    must_exist(path)
    check_scope(scope)
    return Times(zone, report)


def must_exist(path: Path) -> Path:
    """The path, if it is a file or a folder.

    Raises:
        ImportFailed: it is neither.
    """
    try:
        if path.is_file() or path.is_dir():
            return path
        found = path.exists()
    except (OSError, ValueError) as error:
        raise ImportFailed(f"{os.fspath(path)!r} cannot be read: {error}") from error
    if found:
        raise ImportFailed(f"{os.fspath(path)!r} is neither a file nor a folder")
    raise ImportFailed(f"{os.fspath(path)!r} does not exist; check the path")


def files_below(root: Path, suffixes: tuple[str, ...], report: Report) -> Iterator[Path]:
    """The file itself, or a folder's files by suffix, in order of name.

    Hidden folders and symbolic links inside the folder are left out: what a link points to within
    the folder is read at its own place, and what lies outside was not asked for.
    """
    if not root.is_dir():
        yield root
        return
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            report.skip(str(folder), f"the folder cannot be read: {error.strerror or error}")
            continue
        folders: list[Path] = []
        for entry in entries:
            kind = _kind(entry)
            if kind == "folder":
                if entry.name.startswith(".") or entry.name in _SKIPPED_FOLDERS:
                    report.leave_out("hidden or generated folder")
                else:
                    folders.append(Path(entry.path))
            elif entry.name.lower().endswith(suffixes):
                if kind == "file":
                    yield Path(entry.path)
                else:
                    report.leave_out(kind)
            elif kind == "symbolic link":
                report.leave_out(kind)
        waiting.extend(reversed(folders))


def chosen(files: Iterator[Path], only: Collection[Path] | None) -> Iterator[Path]:
    """The files, or of them those whose absolute paths are in `only`."""
    for file in files:
        if only is None or Path(os.path.abspath(file)) in only:  # noqa: PTH100 - links stay links
            yield file


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        if entry.is_symlink():
            return "symbolic link"
        if entry.is_dir(follow_symlinks=False):
            return "folder"
        if entry.is_file(follow_symlinks=False):
            return "file"
    except OSError:
        pass
    return "special file"


def relative(path: Path, root: Path) -> str:
    """A path as told in reports and sources: relative to the folder imported, with `/`."""
    if path == root or root not in path.parents:
        return path.name
    return path.relative_to(root).as_posix()


@contextmanager
def opened(path: Path, report: Report, place: str) -> Iterator[IO[bytes] | None]:
    """The open file, or None where it cannot be opened (which is then in the report)."""
    try:
        stream = path.open("rb")
    except OSError as error:
        report.skip(place, f"the file cannot be opened: {error.strerror or error}")
        yield None
        return
    with stream:
        report.files += 1
        yield stream


def whole(path: Path, report: Report, place: str, bytes_max: int) -> bytes | None:
    """A file's bytes; None where it cannot be read or is longer (which is then in the report)."""
    with opened(path, report, place) as stream:
        if stream is None:
            return None
        try:
            raw = stream.read(bytes_max + 1)
        except OSError as error:
            report.skip(place, f"the file cannot be read: {error.strerror or error}")
            return None
    if len(raw) > bytes_max:
        report.skip(place, f"the file is longer than {bytes_max:,} bytes")
        return None
    return raw


def decoded(raw: bytes, report: Report, place: str) -> str:
    """UTF-8 as text; bytes that are none are replaced by U+FFFD and counted."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        text = raw.decode(errors="replace")
        replaced = text.count("�") - raw.count("�".encode())
        report.replaced += replaced
        report.note(place, f"{replaced} bytes that are not UTF-8 were replaced")
        return text


def json_lines(
    path: Path, report: Report, place: str, *, line_bytes_max: int | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a file with one JSON value a line, each with its place (`file:line`).

    Lines that are too long, broken or no object are reported and skipped; blank ones are fine.
    """
    limit = LINE_BYTES_MAX if line_bytes_max is None else line_bytes_max
    with opened(path, report, place) as stream:
        if stream is None:
            return
        number = 0
        while True:
            number += 1
            here = f"{place}:{number}"
            try:
                raw = stream.readline(limit + 1)
                if not raw:
                    return
                if len(raw) > limit and not raw.endswith(b"\n"):
                    while rest := stream.readline(_CHUNK):
                        if rest.endswith(b"\n"):
                            break
                    report.skip(here, f"the line is longer than {limit:,} bytes")
                    continue
            except OSError as error:
                report.skip(here, f"the file cannot be read on: {error.strerror or error}")
                return
            if number == 1:
                raw = raw.removeprefix(_BOM)
            if not raw.strip():
                continue
            value = parsed(decoded(raw, report, here), report, here)
            if isinstance(value, dict):
                yield here, value
            elif value is not BROKEN:
                report.skip(here, f"{type(value).__name__} where an object was expected")


BROKEN = object()


def parsed(text: str, report: Report, place: str) -> Any:
    """The JSON value of `text`, or BROKEN, which is then in the report."""
    try:
        value = json.loads(text)
        if not _too_deep(value):
            return value
        report.skip(place, f"nested more than {_DEPTH_MAX} levels deep")
    except json.JSONDecodeError as error:
        report.skip(place, f"not JSON: {error.msg} at character {error.pos}")
    except RecursionError:
        report.skip(place, "not JSON that can be read: nested too deeply")
    except ValueError as error:
        report.skip(place, f"not JSON that can be read: {error}")
    return BROKEN


def _too_deep(value: Any) -> bool:
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(_DEPTH_MAX):
        if not level:
            return False
        level = [
            inner
            for held in level
            for inner in (held.values() if isinstance(held, dict) else held)
            if isinstance(inner, (dict, list))
        ]
    return bool(level)


_OUTSIDE = re.compile(r'["{}\[\],]')
_INSIDE = re.compile(r'["\\]')


def array_items(
    stream: IO[bytes], report: Report, place: str, *, item_chars_max: int | None = None
) -> Iterator[tuple[str, Any]]:
    """The items of a JSON array one at a time, each with its place (`file[index]`).

    Items that are broken but closed are reported and skipped; the array itself is never held whole.
    A single top-level object counts as an array of one.
    """
    limit = ITEM_CHARS_MAX if item_chars_max is None else item_chars_max
    chunks = _text_chunks(stream, report, place)
    head = ""
    for chunk in chunks:
        head = (head + chunk).lstrip()
        if head:
            break
    if not head:
        return
    alone = head[0] == "{"
    if not alone and head[0] != "[":
        report.skip(place, f"neither a JSON array nor an object; it begins {head[:20]!r}")
        return
    buffer = head if alone else head[1:]
    depth, quoted, at, start, index = 0, False, 0, 0, 0
    too_long = False
    while True:
        match = (_INSIDE if quoted else _OUTSIDE).search(buffer, at)
        if match is None or (match[0] == "\\" and match.end() >= len(buffer)):
            at = len(buffer) if match is None else match.start()
            if at - start > limit and not too_long:
                too_long = True
                report.skip(f"{place}[{index}]", f"the item is longer than {limit:,} characters")
            buffer = buffer[at:] if too_long else buffer[start:]
            at = 0 if too_long else at - start
            start = 0
            more = next(chunks, None)
            if more is None:
                if buffer.strip() and not too_long:
                    report.skip(f"{place}[{index}]", "the file ends within this item")
                elif not alone or depth:
                    report.skip(place, "the file ends before the array is closed")
                return
            buffer += more
            continue
        mark, at = match[0], match.end()
        if mark == "\\":
            at += 1
        elif mark == '"':
            quoted = not quoted
        elif mark in "{[":
            depth += 1
        elif depth and mark in "}]":
            depth -= 1
            if alone and not depth:
                value = parsed(buffer[start:at], report, place)
                if value is not BROKEN:
                    yield place, value
                if buffer[at:].strip():
                    report.skip(place, "more follows after the object; it is not read")
                return
        elif not depth and mark in ",]}":
            item = "" if too_long else buffer[start : match.start()]
            here = f"{place}[{index}]"
            if item.strip():
                value = parsed(item, report, here)
                if value is not BROKEN:
                    yield here, value
            elif mark == "," and not too_long:
                report.skip(here, "an empty item")
            if mark != ",":
                return
            start, too_long, index = at, False, index + 1
            if start > _CHUNK:
                buffer, start, at = buffer[start:], 0, 0


def _text_chunks(stream: IO[bytes], report: Report, place: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    own, shown, tail = 0, 0, b""
    first = True
    while True:
        try:
            raw = stream.read(_CHUNK)
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
            report.skip(place, f"cannot be read on: {error}")
            raw = b""
        if first:
            raw = raw.removeprefix(_BOM)
            first = False
        text = decoder.decode(raw, final=not raw)
        own += (tail + raw).count("�".encode())
        tail = (tail + raw)[-2:]
        shown += text.count("�")
        if text:
            yield text
        if not raw:
            break
    if shown > own:
        report.replaced += shown - own
        report.note(place, f"{shown - own} bytes that are not UTF-8 were replaced")


@dataclass(slots=True)
class Member:
    """One file of a folder or an archive."""

    name: str
    path: Path | None = None
    info: zipfile.ZipInfo | None = None


class Bundle:
    """A folder or a .zip file, seen alike. Nothing is ever unpacked to disk.

    Raises:
        ImportFailed: a .zip that is damaged, or altogether larger than 8 GiB unpacked.
    """

    def __init__(self, path: Path, report: Report) -> None:
        self._report = report
        self._zip: zipfile.ZipFile | None = None
        self.members: list[Member] = []
        if path.is_dir():
            for file in files_below(path, (".json",), report):
                name = relative(file, path)
                self.members.append(Member(name, path=file))
            return
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise ImportFailed(f"{os.fspath(path)!r} is not a readable .zip: {error}") from error
        total = 0
        for info in sorted(self._zip.infolist(), key=lambda info: info.filename):
            name = info.filename.replace("\\", "/")
            link = stat.S_ISLNK(info.external_attr >> 16)
            hidden = any(p.startswith(".") or p in _SKIPPED_FOLDERS for p in name.split("/")[:-1])
            if not info.is_dir() and not link and not hidden and name.lower().endswith(".json"):
                self.members.append(Member(name, info=info))
                total += info.file_size
        if total > ARCHIVE_BYTES_MAX:
            self._zip.close()
            raise ImportFailed(
                f"{os.fspath(path)!r} holds more than {ARCHIVE_BYTES_MAX:,} bytes of JSON; unpack "
                "it and import the folder"
            )

    def close(self) -> None:
        """Closes the archive."""
        if self._zip is not None:
            self._zip.close()

    @contextmanager
    def open(self, member: Member) -> Iterator[IO[bytes] | None]:
        """The member's bytes, or None where they cannot be had (which is then in the report)."""
        if member.path is not None:
            with opened(member.path, self._report, member.name) as stream:
                yield stream
            return
        info = member.info
        if self._zip is None or info is None:
            raise ValueError(f"{member.name!r} is not a member of this bundle")
        if info.file_size > max(_RATIO_FREE_BYTES, RATIO_MAX * max(1, info.compress_size)):
            self._report.skip(
                member.name,
                f"unpacks {info.compress_size:,} bytes to {info.file_size:,}, more than "
                f"{RATIO_MAX} times its size; unpack it yourself if you trust it",
            )
            yield None
            return
        try:
            stream = self._zip.open(info)
        except (OSError, RuntimeError, zipfile.BadZipFile, NotImplementedError) as error:
            self._report.skip(member.name, f"cannot be unpacked: {error}")
            yield None
            return
        with stream:
            self._report.files += 1
            yield stream


def exported(
    path: Path, report: Report, wanted: Callable[[str], bool], missing: str
) -> Iterator[tuple[str, Any]]:
    """The items of an export's JSON arrays, each with its place: one file, a folder, or a .zip.

    Args:
        path: the export; a single file is read whatever its name.
        report: filled while reading.
        wanted: which names in a folder or a .zip are read.
        missing: what to say is not there if none is.

    Raises:
        ImportFailed: no member is wanted, or as `Bundle` raises it.
    """
    if path.is_file() and path.suffix.lower() != ".zip":
        with opened(path, report, path.name) as stream:
            if stream is not None:
                yield from array_items(stream, report, path.name)
        return
    bundle = Bundle(path, report)
    try:
        members = [member for member in bundle.members if wanted(member.name)]
        if not members:
            raise ImportFailed(f"{str(path)!r} holds no {missing}")
        for member in members:
            with bundle.open(member) as stream:
                if stream is not None:
                    yield from array_items(stream, report, member.name)
    finally:
        bundle.close()
