"""PDF, Office, HTML and EPUB files."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.importers.reading import ids, load

from mnemic.importers import detect, documents
from mnemic.importers.convert import pdf_date

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("markitdown") is None, reason="the extra documents is not installed"
)

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'officeDocument" Target="word/document.xml"/></Relationships>'
)
CORE = "<c:coreProperties><dcterms:created xsi:type='W3CDTF'>2023-01-02T03:04:05Z</dcterms:created></c:coreProperties>"


def docx(path: Path, body: str, *, before: str = "", **more: bytes) -> Path:
    heading = '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>'
    paragraphs = "".join(
        f"<w:p>{heading if line.startswith('# ') else ''}"
        f"<w:r><w:t>{line.removeprefix('# ')}</w:t></w:r></w:p>"
        for line in body.split("\n")
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", TYPES)
        packed.writestr("_rels/.rels", RELATIONS)
        packed.writestr("docProps/core.xml", CORE)
        packed.writestr(
            "word/document.xml",
            f'<?xml version="1.0"?>{before}<w:document xmlns:w="{WORD}"><w:body>{paragraphs}</w:body></w:document>',
        )
        for name, raw in more.items():
            packed.writestr(f"word/media/{name}.bin", raw)
    return path


def pdf(path: Path, *pages: str, info: str = "", trailer: str = "") -> Path:
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        drawn = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
            f" /Contents {5 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    objects.append(f"<< {info} >>")
    out, offsets = b"%PDF-1.4\n", []
    for number, held in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{held}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    end = (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size {len(objects) + 1} "
        f"/Root 1 0 R /Info {len(objects)} 0 R {trailer} >>\nstartxref\n{len(out)}\n%%EOF\n"
    )
    path.write_bytes(out + end.encode())
    return path


LOCKED = (
    "/ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>] /Encrypt << /Filter "
    f"/Standard /V 1 /R 2 /P -4 /O <{'11' * 32}> /U <{'22' * 32}> >>"
)


def epub(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("mimetype", "application/epub+zip")
        packed.writestr(
            "META-INF/container.xml",
            '<container><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>',
        )
        packed.writestr(
            "a.opf",
            '<package xmlns:dc="d"><metadata><dc:title>Pears</dc:title><dc:date>2020-01-02</dc:date></metadata>'
            '<manifest><item id="i" href="x.xhtml"/></manifest><spine><itemref idref="i"/></spine></package>',
        )
        packed.writestr("x.xhtml", "<html><body><h1>One</h1><p>A pear fell.</p></body></html>")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document of each kind, good and bad."""
    made = tmp_path_factory.mktemp("documents")
    pdf(
        made / "a.pdf",
        "Crane repaired",
        "Nothing else",
        info="/CreationDate (D:20240507100000+02'00') /Title (Harbour)",
    )
    pdf(made / "scan.pdf", "")
    pdf(made / "locked.pdf", "Secret", trailer=LOCKED)
    (made / "cut.pdf").write_bytes((made / "a.pdf").read_bytes()[:400])
    (made / "none.pdf").write_text("hello")
    docx(made / "b.docx", "# Roof\nIt leaks.\n# Floor\nIt is dry.")
    docx(
        made / "entity.docx",
        "&x;",
        before='<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
    )
    docx(made / "bomb.docx", "x", zeros=b"\0" * (40 << 20))
    (made / "old.docx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    (made / "torn.docx").write_bytes((made / "b.docx").read_bytes()[:-200])
    (made / "empty.xlsx").write_bytes(b"")
    epub(made / "e.epub")
    (made / "h.html").write_text(
        "<html><head><meta name='date' content='2024-05-07'><title>T</title></head><body><h1>Café</h1>"
        "<p>Open.</p><script>alert(1)</script></body></html>"
    )
    (made / "2024-01-02.md").write_text("# Note\n\nText beside it.")
    return made


@pytest.fixture(scope="module")
def loaded(folder: Path) -> tuple[list[Any], Any]:
    return load(None, folder)


def test_each_kind_is_read_in_sections_with_page_and_date(loaded: Any) -> None:
    rows, _ = loaded
    assert [(row["source"], row["position"], row["text"]) for row in rows] == [
        ("2024-01-02.md", 0, "# Note\n\nText beside it."),
        ("a.pdf", 0, "Crane repaired"), ("a.pdf", 1, "Nothing else"),
        ("b.docx", 0, "# Roof\n\nIt leaks."), ("b.docx", 1, "# Floor\n\nIt is dry."),
        ("e.epub", 0, "**Title:** Pears\n**Date:** 2020-01-02"), ("e.epub", 1, "# One\n\nA pear fell."),
        ("h.html", 0, "# Café\n\nOpen."),
    ]  # fmt: skip
    dates = {row["source"]: row["said_at"].isoformat() for row in rows}
    assert dates == {
        "2024-01-02.md": "2024-01-02T00:00:00+00:00", "a.pdf": "2024-05-07T10:00:00+02:00",
        "b.docx": "2023-01-02T03:04:05+00:00", "e.epub": "2020-01-02T00:00:00+00:00",
        "h.html": "2024-05-07T00:00:00+00:00",
    }  # fmt: skip
    assert [row["meta"].get("page") for row in rows[1:3]] == [1, 2]
    assert rows[1]["meta"]["document"]["title"] == "Harbour"
    assert rows[1]["meta"]["said_at_from"] == "document: created"
    assert rows[3]["meta"]["headings"] == ["Roof"]


def test_every_document_that_cannot_be_read_says_why(loaded: Any) -> None:
    _, report = loaded
    reasons = dict(report.skipped)
    for name, words in {
        "scan.pdf": "no text", "locked.pdf": "encrypted", "cut.pdf": "", "none.pdf": "not a PDF",
        "entity.docx": "entities", "bomb.docx": "more than 200 times", "old.docx": "encrypted, or",
        "torn.docx": "not a readable .docx", "empty.xlsx": "empty",
    }.items():  # fmt: skip
        assert words in reasons.pop(name)
    assert reasons == {}


def test_a_second_reading_and_a_single_file_give_the_same(folder: Path, loaded: Any) -> None:
    assert detect(folder) == "documents"
    rows, _ = loaded
    assert ids(load(None, folder)[0]) == ids(rows)
    chosen = {(folder / "b.docx").absolute(), (folder / "2024-01-02.md").absolute()}
    some, report = load("documents", folder, only=chosen)
    assert ids(some) == [
        i for i, row in zip(ids(rows), rows, strict=True) if row["source"][0] in "b2"
    ]
    assert report.skipped == []


def test_presentations_and_tables(tmp_path: Path) -> None:
    openpyxl, pptx = pytest.importorskip("openpyxl"), pytest.importorskip("pptx")
    shown = pptx.Presentation()
    for title in ("Crane", "Quay"):
        slide = shown.slides.add_slide(shown.slide_layouts[0])
        slide.shapes.title.text = title
    shown.save(tmp_path / "s.pptx")
    book = openpyxl.Workbook()
    book.active.title = "Costs"
    book.active.append(["part", "price"])
    book.active.append(["rope", 12])
    book.save(tmp_path / "t.xlsx")
    rows, report = load(None, tmp_path)
    assert [(row["meta"].get("slide"), row["text"]) for row in rows[:2]] == [
        (1, "# Crane"),
        (2, "# Quay"),
    ]
    assert rows[2]["meta"]["headings"] == ["Costs"]
    assert "| rope | 12 |" in rows[2]["text"]
    assert report.skipped == []


def test_nothing_is_fetched(tmp_path: Path) -> None:
    """Neither what a page shows, nor what a document relates to, is asked for."""
    asked: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    stop = threading.Event()

    def listen() -> None:
        while not stop.is_set():
            try:
                client, _ = server.accept()
            except TimeoutError:
                continue
            asked.append(client.recv(100))
            client.close()

    thread = threading.Thread(target=listen)
    thread.start()
    address = f"http://127.0.0.1:{server.getsockname()[1]}"
    (tmp_path / "p.html").write_text(
        f"<html><head><link rel=stylesheet href='{address}/s.css'></head><body><img src='{address}/i.png'>"
        f"<iframe src='{address}'></iframe><p>Text.</p></body></html>"
    )
    page = tmp_path / "q.xhtml"
    page.write_text(
        f'<!DOCTYPE html SYSTEM "{address}/d.dtd"><html><body><p>More.</p></body></html>'
    )
    rows, _ = load("documents", tmp_path)
    stop.set()
    thread.join()
    server.close()
    assert len(rows) == 2
    assert asked == []


def test_the_reading_process_can_reach_no_network() -> None:
    """Even a parser that tried would be stopped."""
    code = (
        "import sys, socket; from mnemic.importers.convert import _refuse; sys.addaudithook(_refuse);"
        "socket.create_connection(('127.0.0.1', 9))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "is not allowed while a document is read" in done.stderr


def test_a_document_that_takes_too_long_or_ends_its_reader_costs_only_itself(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(folder / "cut.pdf", tmp_path / "1.pdf")
    shutil.copy(folder / "a.pdf", tmp_path / "2.pdf")
    rows, report = load("documents", tmp_path)
    assert [row["source"] for row in rows] == ["2.pdf", "2.pdf"]
    assert report.skipped_total == 1
    monkeypatch.setattr(documents, "TIME_S_MAX", 0.0)
    rows, report = load("documents", tmp_path / "2.pdf")
    assert rows == []
    assert "longer than 0 s" in report.skipped[0][1]


def test_sizes_are_limited(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "FILE_BYTES_MAX", 100)
    assert "longer than 100 bytes" in str(documents.unreadable(folder / "a.pdf", ".pdf"))
    monkeypatch.undo()
    monkeypatch.setattr(documents, "UNPACKED_BYTES_MAX", 100)
    assert "at most 100" in str(documents.unreadable(folder / "b.docx", ".docx"))


def test_a_missing_extra_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *a: None if name == "markitdown" else find(name, *a),
    )
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'mnemic\[documents\]'"):
        load("documents", folder)


def test_pdf_dates() -> None:
    for written, read in (
        ("D:20240507100000+02'00'", "2024-05-07T10:00:00+02:00"), ("D:20240507", "2024-05-07T00:00:00"),
        ("D:20240507101112Z", "2024-05-07T10:11:12Z"), ("D:2024050710-05'30", "2024-05-07T10:00:00-05:30"),
        ("yesterday", None), ("", None),
    ):  # fmt: skip
        assert pdf_date(written) == read


@given(st.text(alphabet="D:0123456789+-'Z x", max_size=40))
def test_any_text_is_a_pdf_date_or_none(text: str) -> None:
    pdf_date(text)


@given(
    st.text(alphabet="a#\n\f-<>! Slide number: 1", max_size=200),
    st.sampled_from([".pdf", ".pptx", ".html"]),
)
def test_parts_lose_no_words(text: str, suffix: str) -> None:
    found = "\n".join(section.text for section, _ in documents.parts(text, suffix))
    if suffix == ".html":
        assert found.split() == text.split()


def test_what_a_reader_prints_is_no_answer(folder: Path) -> None:
    """The process answers a line of JSON for a line of JSON, whatever is printed between."""
    asked = json.dumps({"path": os.fspath(folder / "h.html"), "suffix": ".html"}) + "\n"
    done = subprocess.run(
        [sys.executable, "-m", "mnemic.importers.convert"],
        input=asked * 2, capture_output=True, text=True, check=True,
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers[0] == {"ready": True}
    assert answers[1] == answers[2]
