"""The page's files and how they are served: nothing that could turn a memory into code or a request."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mnemic.serve.operations import OPERATIONS
from mnemic.serve.web import HEADERS, page_routes

STATIC = Path(__file__).parents[3] / "src/mnemic/serve/web/static"
FILES = sorted(path for path in STATIC.rglob("*") if path.is_file())
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
BYTES_MAX = 60_000

# Ways for a text to become elements, code or an address, and for code to stand in markup.
FORBIDDEN = (
    r"innerHTML|outerHTML|insertAdjacentHTML|setHTML|document\.write|createContextualFragment",
    r"DOMParser|srcdoc|XSLTProcessor|Range\(\)",
    r"\beval\b|new Function|setTimeout\(\s*['\"`]|javascript:",
    r"importScripts|XMLHttpRequest|WebSocket|EventSource|sendBeacon|\bimport\(",
    r"localStorage|document\.cookie|serviceWorker|postMessage",
    r"'style',|setAttribute\('on",
)


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=page_routes())) as client:
        yield client


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_can_make_markup_or_code_of_a_text(path: Path) -> None:
    """Texts become text nodes; no script has a way to do anything else with them."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    assert not [match[0] for rule in FORBIDDEN for match in re.finditer(rule, text)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_names_another_place(path: Path) -> None:
    """No address of elsewhere, but for the names of markup languages."""
    names = {"http://www.w3.org/2000/svg"}
    found = set(re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s'\"`)]*", path.read_text()))
    assert found <= names
    assert "@import" not in path.read_text()


def test_the_markup_has_no_script_or_style_of_its_own() -> None:
    """Nothing inline: the policy would refuse it."""
    text = (STATIC / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)


def test_the_whole_page_is_small_compressed() -> None:
    """All that a browser loads takes less than 60 kB."""
    total = sum(len(gzip.compress(path.read_bytes(), 9)) for path in FILES)
    assert total < BYTES_MAX


def test_every_route_that_the_page_asks_is_in_the_table() -> None:
    """The page asks nothing that REST does not answer."""
    known = [re.sub(r"\{\w+\}", "*", one.rest[1]) for one in OPERATIONS.values()]
    asked = set()
    for path in SCRIPTS:
        text = path.read_text()
        base = dict(re.findall(r"const (base) = `(/v1/[^`]*)`", text)).get("base", "")
        calls = r"\b(?:get|post)\(\s*(?:'(/v1[^']+)'|`((?:/v1|\$\{base)[^`]+)`)"
        for plain, template in re.findall(calls, text):
            address = (plain or template).replace("${base}", base)
            asked.add(re.sub(r"\$\{[^}]*\}", "*", address))
    assert len(asked) > 15
    for address in asked:
        pattern = re.escape(address).replace(r"\*", "[^/]+")
        assert any(re.fullmatch(pattern, one) for one in known), address


def test_the_page_comes_with_strict_headers(client: TestClient) -> None:
    """Every answer carries the policy, whether the file is there or not."""
    index = client.get("/")
    assets = re.findall(r'(?:href|src)="(/assets/[^"]+)"', index.text)
    assert len(assets) >= len(SCRIPTS)
    for address in ["/", "/favicon.ico", "/assets/none", *assets]:
        answer = client.get(address)
        assert answer.status_code == (404 if address == "/assets/none" else 200)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
    policy = HEADERS["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy


def test_assets_are_kept_for_ever_and_the_page_is_asked_for_anew(client: TestClient) -> None:
    """The page names its assets by their digest, so an old one is never used with a new one."""
    index = client.get("/")
    assert index.headers["cache-control"] == "no-cache"
    assert client.get("/", headers={"if-none-match": index.headers["etag"]}).status_code == 304
    style = client.get(re.findall(r'href="(/assets/[^"]+css)"', index.text)[0])
    assert "immutable" in style.headers["cache-control"]
    assert style.headers["content-type"] == "text/css; charset=utf-8"


def test_assets_come_compressed_to_who_takes_it(client: TestClient) -> None:
    """The same bytes, with and without."""
    plain = client.get("/", headers={"accept-encoding": "identity"})
    packed = client.get("/", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.content == packed.content


@pytest.mark.parametrize(
    "path",
    [
        "../__init__.py",
        "..%2f__init__.py",
        "%2e%2e/__init__.py",
        "js/app.js",
        "//etc/passwd",
        "%00",
    ],
)
def test_no_other_file_can_be_had(client: TestClient, path: str) -> None:
    """Only the files that were read at the start, under their whole name."""
    assert client.get(f"/assets/{path}").status_code == 404
