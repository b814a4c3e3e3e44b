"""PDF, Word, PowerPoint, Excel, HTML and EPUB files: one episode a section or page, cut like text.

The time of a document is when it says it was made, else as for text (see text.py).
"""

from __future__ import annotations

import importlib.util
import os
import re
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

from mnemic.agent.records import Row
from mnemic.importers import text as texts
from mnemic.importers.report import Report
from mnemic.importers.source import RATIO_MAX, begin, chosen, files_below, relative
from mnemic.importers.text import Cutter, Section, Undated, check_undated, rows_of_file, sections
from mnemic.importers.worker import Worker

_ZIPPED = (".docx", ".pptx", ".xlsx", ".epub")
SUFFIXES = (".pdf", *_ZIPPED, ".html", ".htm", ".xhtml")
FILE_BYTES_MAX = 100 << 20
UNPACKED_BYTES_MAX = 256 << 20
_RATIO_FREE_BYTES = 16 << 20
_PARTS_MAX = 20_000
_PROLOG_BYTES_MAX = 1 << 20
TIME_S_MAX = 120.0
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SLIDE = re.compile(r"^<!-- Slide number: (\d{1,6}) -->$", re.MULTILINE)
_WHERE = "document"


def read(
    path: Path,
    *,
    scope: str,
    report: Report,
    zone: str | None = None,
    undated: Undated = "mtime",
    only: Collection[Path] | None = None,
) -> Iterator[Row]:
    """Rows of a document, or of every document and text file below a folder.

    Headings, and the numbers of pages and slides, are kept in meta. Documents that are encrypted,
    damaged, without text, too large or too slow to read are skipped, and the report says why.
    Nothing that a document names elsewhere is fetched.

    Args:
        path: the file or folder.
        scope: where the rows belong.
        report: filled while reading.
        zone: where times without an offset are read; None reads them in UTC, as the report states.
        undated: what becomes of a document that bears no date: "mtime" gives it the time its file
            was last modified, "none" no time at all, "skip" leaves it out.
        only: of the folder, just these files (absolute paths), named as if all were read.

    Raises:
        ImportFailed: there is no such path.
        InvalidInput: there is no such choice for `undated`.
        ModuleNotFoundError: the extra `documents` is not installed.
    """
    check_undated(undated)
    times = begin(path, scope=scope, zone=zone, report=report)
    if importlib.util.find_spec("markitdown") is None:
        raise ModuleNotFoundError(
            "reading PDF, Office and HTML files needs markitdown; run pip install "
            "'mnemic[documents]', or import the folder as 'text' to leave them out"
        )
    return _read(path, Cutter(scope, report, times, undated), only)


def _read(path: Path, cutter: Cutter, only: Collection[Path] | None) -> Iterator[Row]:
    converter = Worker("mnemic.importers.convert")
    try:
        found = files_below(path, (*SUFFIXES, *texts.SUFFIXES), cutter.report)
        for file in chosen(found, only):
            name = relative(file, path)
            if file.suffix.lower() in texts.SUFFIXES:
                yield from rows_of_file(file, name, cutter)
            else:
                yield from _document(file, name, cutter, converter)
    finally:
        converter.close()


def _document(file: Path, name: str, cutter: Cutter, converter: Worker) -> Iterator[Row]:
    report = cutter.report
    suffix = file.suffix.lower()
    try:
        reason = unreadable(file, suffix)
    except OSError as error:
        reason = f"the file cannot be read: {error.strerror or error}"
    if reason is not None:
        report.skip(name, reason)
        return
    report.files += 1
    asked = {"path": os.fspath(file.resolve()), "suffix": suffix}
    answer = converter.ask(asked, seconds=TIME_S_MAX)
    if "error" in answer:
        report.skip(name, str(answer["error"]))
        return
    found = list(parts(str(answer["text"]), suffix))
    if not found:
        report.skip(name, "there is no text in it; scanned pages and pictures are not read")
        return
    about = {str(key): str(value) for key, value in answer["about"].items()}
    yield from cutter.rows(
        file, name, about, found, bears=_WHERE, meta={"format": suffix.removeprefix(".")}
    )


def unreadable(file: Path, suffix: str) -> str | None:
    """Why a document had better not be given to a parser, judged by its bytes; None where it may."""
    size = file.stat().st_size
    if not size:
        return "the file is empty"
    if size > FILE_BYTES_MAX:
        return f"the file is longer than {FILE_BYTES_MAX:,} bytes"
    with file.open("rb") as stream:
        head = stream.read(1024)
    if suffix == ".pdf":
        return None if b"%PDF-" in head else "not a PDF: the mark %PDF- is missing"
    if suffix not in _ZIPPED:
        return None
    if head.startswith(_OLE):
        return "the file is encrypted, or in the format of before 2007; save it anew without a password"
    try:
        with zipfile.ZipFile(file) as archive:
            return _unpacked(archive, suffix)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        return f"not a readable {suffix} file: {error}"


def _unpacked(archive: zipfile.ZipFile, suffix: str) -> str | None:
    infos = archive.infolist()
    if len(infos) > _PARTS_MAX:
        return f"it has {len(infos):,} parts; at most {_PARTS_MAX:,} are read"
    if any(info.flag_bits & 1 for info in infos):
        return "the file is encrypted; save it without its password and import that"
    packed, whole = sum(i.compress_size for i in infos), sum(i.file_size for i in infos)
    if whole > UNPACKED_BYTES_MAX:
        return f"unpacks to {whole:,} bytes; at most {UNPACKED_BYTES_MAX:,} are read"
    if whole > max(_RATIO_FREE_BYTES, RATIO_MAX * max(1, packed)):
        return f"unpacks {packed:,} bytes to {whole:,}, more than {RATIO_MAX} times its size"
    for info in infos:
        if info.filename.lower().endswith((".xml", ".rels", ".opf", ".ncx", ".xhtml")):
            try:
                with archive.open(info) as part:
                    prolog = part.read(_PROLOG_BYTES_MAX)
            except (OSError, RuntimeError, zipfile.BadZipFile, EOFError) as error:
                return f"its part {info.filename[:80]!r} cannot be unpacked: {error}"
            # Entities can name files and addresses, and grow without bound. No such part needs one.
            if b"<!ENTITY" in prolog or (b"<!DOCTYPE" in prolog and suffix != ".epub"):
                return f"its part {info.filename[:80]!r} defines entities, which is not read"
    return None


def parts(text: str, suffix: str) -> Iterator[tuple[Section, dict[str, object]]]:
    """The sections of a converted document, with the page or slide that each stands on."""
    if suffix == ".pdf" and "\f" in text:
        for number, page in enumerate(text.split("\f"), 1):
            if page.strip():
                yield Section((), page.strip("\n")), {"page": number}
        return
    if suffix == ".pptx":
        _, *slides = _SLIDE.split(text)
        for slide_number, slide in zip(slides[::2], slides[1::2], strict=True):
            for section in sections(slide.strip("\n")):
                yield section, {"slide": int(slide_number)}
        return
    for section in sections(text):
        yield section, {}
