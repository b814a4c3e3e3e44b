"""Documents to Markdown, in a process of their own: `python -m mnemic.importers.convert`.

The parsers of documents are large, and the documents may be anyone's. So they run where a crash, an
endless loop or too much memory costs one document, and where nothing can be asked of a network. A
request is `{"path", "suffix"}`, an answer `{"text", "about"}` or `{"error"}` (see worker.py).
"""

from __future__ import annotations

import importlib
import io
import re
import sys
import zipfile
from typing import IO, Any

from mnemic.importers.worker import answer, limit_memory

_FORBIDDEN = (
    "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto",
    "socket.sendmsg", "socket.bind", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn",
    "os.spawn", "os.fork",
)  # fmt: skip
_PDF_DATE = re.compile(r"D:(\d{4})(\d\d)(\d\d)(\d\d)?(\d\d)?(\d\d)?(?:([+-])(\d\d)'?(\d\d)?|Z)?")
_CREATED = re.compile(r"<dcterms:created[^<>]{0,200}>([^<>]{4,40})</dcterms:created>")
_EPUB_DATE = re.compile(r"<dc:date[^<>]{0,200}>([^<>]{4,40})</dc:date>")
_HTML_DATES = (
    "article:published_time",
    "date",
    "dc.date",
    "dcterms.created",
    "dcterms.date",
    "datepublished",
)
_PROPERTIES_BYTES_MAX = 1 << 20


def main() -> None:
    """Answers requests until there are no more."""
    limit_memory()
    converters = _converters()
    sys.addaudithook(_refuse)

    def converted(asked: dict[str, Any]) -> dict[str, Any]:
        with open(asked["path"], "rb") as stream:  # noqa: PTH123
            return _answer(stream, asked["suffix"], converters)

    answer(converted)


def _refuse(event: str, _: tuple[Any, ...]) -> None:
    """Ends the process at any try to reach a network or to run a program."""
    if event in _FORBIDDEN:
        raise PermissionError(f"{event} is not allowed while a document is read")


def _converters() -> dict[str, Any]:
    made = importlib.import_module("markitdown.converters")
    names = {
        ".pdf": "Pdf", ".docx": "Docx", ".pptx": "Pptx", ".xlsx": "Xlsx", ".epub": "Epub",
        ".html": "Html", ".htm": "Html", ".xhtml": "Html",
    }  # fmt: skip
    return {suffix: getattr(made, f"{name}Converter")() for suffix, name in names.items()}


def _answer(stream: IO[bytes], suffix: str, converters: dict[str, Any]) -> dict[str, Any]:
    from markitdown import StreamInfo
    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect
    from pdfminer.pdfparser import PDFSyntaxError

    raw = stream.read()
    try:
        about = _about(raw, suffix)
        charset = "utf-8" if suffix in (".html", ".htm", ".xhtml") and _is_utf8(raw) else None
        told = converters[suffix].convert(
            io.BytesIO(raw), StreamInfo(extension=suffix, charset=charset)
        )
    except (PDFPasswordIncorrect, PDFEncryptionError):
        return {"error": "the PDF is encrypted; save it without its password and import that"}
    except PDFSyntaxError as error:
        return {"error": f"the PDF is damaged: {error}"}
    if told.title:
        about.setdefault("title", str(told.title)[:500])
    return {"text": told.markdown or "", "about": about}


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _about(raw: bytes, suffix: str) -> dict[str, str]:
    """What a document says of itself: its title, and when it was made.

    Not when it was last changed: that would give all its pieces another time at every change.
    """
    if suffix == ".pdf":
        return _about_pdf(raw)
    if suffix in (".html", ".htm", ".xhtml"):
        return _about_html(raw)
    found: dict[str, str] = {}
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for name in archive.namelist():
            if name == "docProps/core.xml" or name.endswith(".opf"):
                with archive.open(name) as part:
                    told = part.read(_PROPERTIES_BYTES_MAX).decode(errors="replace")
                match = (_EPUB_DATE if name.endswith(".opf") else _CREATED).search(told)
                if match:
                    found.setdefault("created", match[1].strip())
    return found


def _about_pdf(raw: bytes) -> dict[str, str]:
    from pdfminer.pdfdocument import PDFDocument
    from pdfminer.pdfparser import PDFParser
    from pdfminer.psparser import PSLiteral
    from pdfminer.utils import decode_text

    found: dict[str, str] = {}
    for info in PDFDocument(PDFParser(io.BytesIO(raw))).info:
        for key, name in (("Title", "title"), ("CreationDate", "created")):
            value = info.get(key)
            if isinstance(value, PSLiteral):
                value = value.name
            text = decode_text(value) if isinstance(value, bytes) else value
            if isinstance(text, str) and text.strip():
                found.setdefault(name, text.strip()[:500])
    if "created" in found:
        date = pdf_date(found.pop("created"))
        if date:
            found["created"] = date
    return found


def pdf_date(text: str) -> str | None:
    """A date as PDF writes it, as ISO 8601; None where it is none."""
    match = _PDF_DATE.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, sign, hours, minutes = match.groups()
    offset = f"{sign}{hours}:{minutes or '00'}" if sign else ("Z" if text.endswith("Z") else "")
    return f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:{second or '00'}{offset}"


def _about_html(raw: bytes) -> dict[str, str]:
    from bs4 import BeautifulSoup

    head = BeautifulSoup(raw[:_PROPERTIES_BYTES_MAX], "html.parser")
    found: dict[str, str] = {}
    dates: dict[str, str] = {}
    for tag in head.find_all("meta", limit=500):
        key = str(tag.get("property") or tag.get("name") or tag.get("itemprop") or "").lower()
        if key in _HTML_DATES and tag.get("content"):
            dates.setdefault(key, str(tag["content"]).strip()[:80])
    for key in _HTML_DATES:
        if key in dates:
            found.setdefault("created", dates[key])
    return found


if __name__ == "__main__":
    main()
