"""The documentation: every block runs or says why not, links lead somewhere, the reference is current."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.docs_blocks import Block, Runner, blocks_of, free_port
from tests.docs_home import environment_of, furnish

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [
    block
    for page in PAGES
    for block in blocks_of(str(page.relative_to(ROOT)), page.read_text(encoding="utf-8"))
]
RUN, PARSED, SHOWN = ("python", "sh"), ("json", "toml"), ("text",)
RUNNING = sorted(
    {block.page for block in BLOCKS if block.language in RUN and block.not_run is None}
)

_LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)\)")


def _named(block: Block) -> str:
    return f"{block.page}:{block.line}"


@pytest.mark.parametrize("block", BLOCKS, ids=_named)
def test_no_block_is_silent(block: Block) -> None:
    """A block runs, is parsed, is output, or says in a sentence why it is none of these."""
    if block.not_run is not None:
        assert len(block.not_run.split()) >= 4, "the reason says nothing"
        return
    assert block.language in (*RUN, *PARSED, *SHOWN), (
        f"nothing runs a block in {block.language!r}; put <!-- not run: reason --> before it"
    )
    if block.language in SHOWN:
        assert not re.search(r"^(\$|>>>) ", block.text, re.MULTILINE), "this is code, not output"
    if block.replaced is not None:
        old, new = block.replaced
        assert old in block.text
        assert new


def test_comments_stand_before_blocks() -> None:
    """A comment that excuses a block stands on the line before it, where the reader of it looks."""
    for page in PAGES:
        lines = page.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines[:-1]):
            if re.match(r"<!-- (not run|run with)", line):
                assert lines[number + 1].startswith("```"), f"{page.name}:{number + 1}"


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language in PARSED], ids=_named)
def test_data_can_be_read(block: Block) -> None:
    if block.not_run is None:
        (json.loads if block.language == "json" else tomllib.loads)(block.text)


@pytest.mark.parametrize("page", RUNNING)
def test_blocks_run(page: str, tmp_path: Path) -> None:
    """The Python and the shell of a page run as they stand, in order, in a home of their own."""
    home = tmp_path / "home"
    furnish(home)
    environment, port = environment_of(home), free_port()
    runners: dict[str, Runner] = {}
    try:
        for block in BLOCKS:
            if block.page == page and block.language in RUN and block.not_run is None:
                if block.language not in runners:
                    known = environment
                    if block.language == "sh" and page != "README.md":
                        # A model to load for every command would take most of the time; the shell
                        # of the README and all Python have it.
                        known = {**environment, "MNEMIC_CACHE": str(home / "no-model")}
                    runners[block.language] = Runner(block.language, home, known, port)
                runners[block.language].run(block)
    finally:
        for runner in runners.values():
            runner.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Files and pictures that a page points to are there; anchors are checked by `make docs`."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in _LINK.findall(re.sub(r"`[^`\n]*`", "", text)):
        if not target.startswith(("http://", "https://", "#", "mailto:")):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_every_page_is_in_the_table_of_contents() -> None:
    listed = set(re.findall(r"([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    assert listed == {str(page.relative_to(ROOT / "docs")) for page in PAGES[1:]}


def test_pictures_are_drawings_only() -> None:
    """No script, no foreign host, no embedded page in a picture."""
    pictures = list((ROOT / "docs" / "pictures").glob("*.svg"))
    assert pictures
    for picture in pictures:
        text = picture.read_text(encoding="utf-8")
        assert not re.search(
            r"<script|<foreignObject|\bon\w+=|@import|url\(http|<image|xlink", text
        )
        assert "<title" in text


def test_the_reference_is_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/reference.py"), "--check"],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_the_site_builds(tmp_path: Path) -> None:
    """`make docs` builds without a warning."""
    zensical = Path(sys.executable).parent / "zensical"
    if not zensical.exists():
        pytest.skip("zensical is not installed: pip install 'mnemic[docs]'")
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path / "mkdocs.yml")
    done = subprocess.run(
        [str(zensical), "build", "--strict", "-f", "mkdocs.yml"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "MNEMIC_DOCS_THEME": "zensical"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "build/site/index.html").exists()
    assert "googleapis" not in (tmp_path / "build/site/index.html").read_text()
