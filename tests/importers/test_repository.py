"""Repositories: code in chunks, and the history behind it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.importers.reading import check_twice, ids, load

from mnemic.errors import ImportFailed
from mnemic.importers import Report, detect
from mnemic.importers.code import CHUNK_CHARS_MAX, GRAMMARS, Chunk, chunks
from mnemic.importers.repository import _regular as repository_files

pytest.importorskip("tree_sitter_python")

SOURCES = {
    ".py": (
        '"""A module."""\nimport os\n\n# Doubles.\n@cached\ndef double(x):\n    return 2 * x\n\n'
        "class Crane:\n    " + '"""Lifts."""\n' + "    height = 3\n"
        + "".join(f"    def lift{n}(self):\n        {'x = 1; ' * 60}\n\n" for n in range(5)),
        ["", "double", "Crane", "Crane.lift0", "Crane.lift1", "Crane.lift4"],
    ),
    ".ts": (
        "import x from 'y';\n\nexport interface Crane { height: number }\n\n"
        "export const lift = (c: Crane) => {\n  return c;\n};\n\nexport class Quay {\n"
        + "".join(f"  load{n}() {{ {'let x = 1; ' * 60} }}\n" for n in range(5)) + "}\n",
        ["", "Crane", "lift", "Quay.load0", "Quay.load4"],
    ),
    ".js": ("function lift() {}\n" + "// pad\n" * 300 + "module.exports = lift;\n", ["lift"]),
    ".tsx": ("export function View() { return <p/>; }\n" + "// pad\n" * 300, ["View"]),
    ".go": (
        "package main\n\ntype Crane struct{ H int }\n\nfunc (c *Crane) Lift() int { return c.H }\n\n"
        "func main() {}\n" + "// pad\n" * 300, ["Crane", "Lift", "main"],
    ),
    ".rs": (
        "use std::io;\n\npub struct Crane { h: u32 }\n\nimpl Crane {\n"
        + "".join(f"    fn lift{n}(&self) {{ {'let x = 1; ' * 60} }}\n" for n in range(5)) + "}\n",
        ["Crane", "Crane.lift0", "Crane.lift4"],
    ),
    ".java": (
        "package a;\n\npublic class Crane {\n"
        + "".join(f"  int lift{n}() {{ {'int x = 1; ' * 60} return 1; }}\n" for n in range(5)) + "}\n",
        ["Crane.lift0", "Crane.lift4"],
    ),
    ".c": ("#include <a.h>\n\nint *lift(int h) { return 0; }\n" + "/* pad */\n" * 200, ["lift"]),
    ".cpp": (
        "namespace a {\nclass Crane {\n public:\n"
        + "".join(f"  int lift{n}() {{ {'int x = 1; ' * 60} return 1; }}\n" for n in range(5)) + "};\n}\n",
        ["a.Crane.lift0", "a.Crane.lift4"],
    ),
    ".rb": (
        "class Crane\n" + "".join(f"  def lift{n}\n    {'x = 1; ' * 80}\n  end\n" for n in range(5)) + "end\n",
        ["Crane.lift0", "Crane.lift4"],
    ),
    ".sh": ("set -e\n\nlift() {\n  echo up\n}\n" + "# pad\n" * 300, ["lift"]),
    ".cs": (
        "namespace A { public class Crane {\n"
        + "".join(f"  int Lift{n}() {{ {'int x = 1; ' * 60} return 1; }}\n" for n in range(5)) + "} }\n",
        ["A.Crane.Lift0"],
    ),
    ".php": ("<?php\nfunction lift($h) { return $h; }\n" + "// pad\n" * 300, ["lift"]),
}  # fmt: skip


@pytest.mark.parametrize("suffix", SOURCES)
def test_each_language_is_cut_at_its_definitions(suffix: str) -> None:
    text, symbols = SOURCES[suffix]
    found = list(chunks(text, suffix))
    assert set(symbols) <= {chunk.symbol for chunk in found}
    check_chunks(text, found)


def check_chunks(text: str, found: list[Chunk]) -> None:
    """Every line that is not blank is in a chunk, in order, where the chunk says."""
    assert "".join("".join(chunk.text for chunk in found).split()) == "".join(text.split())
    assert all(len(chunk.text) <= CHUNK_CHARS_MAX for chunk in found)
    lines = text.split("\n")
    for chunk in found:
        assert chunk.text.split("\n")[0] in lines[chunk.first - 1]
        assert chunk.text.split("\n")[-1] in lines[chunk.last - 1]
        assert chunk.last - chunk.first == chunk.text.count("\n")


PIECES = st.sampled_from(
    [
        "def a(x):\n    return 1\n", "class B:\n    pass\n", "    def c(self):\n        return 'é'\n",
        "# comment\n", "\n\n", "x = 1\n", "@dec\n", "{", "}", "(", "function f() {}\n", "'''", '"',
        "class K {\n", "export ", "export const f = () => 1;\n", "\t", "é" * 50 + "\n", "y = 2; " * 100,
    ]
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.lists(PIECES, min_size=20, max_size=120), st.sampled_from([*GRAMMARS, ".unknown"]))
def test_chunks_hold_all_of_any_text(parts: list[str], suffix: str) -> None:
    """Whatever the text, valid in its language or not: nothing is lost and nothing is twice."""
    text = "".join(parts)
    check_chunks(text, list(chunks(text, suffix)))


def test_a_comment_belongs_to_what_it_stands_above() -> None:
    found = {chunk.symbol: chunk.text for chunk in chunks(SOURCES[".py"][0], ".py")}
    assert found["double"].startswith("# Doubles.\n@cached\ndef double")
    assert '"""Lifts."""' in found["Crane"]


@pytest.mark.slow
def test_a_text_that_its_parser_does_not_survive_is_cut_by_lines(tmp_path: Path) -> None:
    """Some parsers crash at deep nesting, or go on without end: that costs one file its symbols."""
    (tmp_path / "deep.java").write_text("template<a<\n" * 33_000)
    (tmp_path / "deep.ts").write_text("((((((((((\n" * 9_000)
    (tmp_path / "good.py").write_text(SOURCES[".py"][0])
    rows, report = load("repo", tmp_path)
    for name in ("deep.java", "deep.ts"):
        assert sum(len(row["text"]) for row in rows if row["ref"] == name) > 90_000
    assert "Crane.lift1" in {row["meta"].get("symbol") for row in rows}
    assert all("cut by lines" in text for place, text in report.remarks if place == "deep.java")


# --- repositories ---------------------------------------------------------------------------


def git(folder: Path, *words: str, at: str = "2024-05-07T10:00:00+02:00") -> None:
    environment = {
        **os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "Ana", "GIT_AUTHOR_EMAIL": "a@b.c", "GIT_COMMITTER_NAME": "Ana",
        "GIT_COMMITTER_EMAIL": "a@b.c", "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at,
    }  # fmt: skip
    subprocess.run(["git", *words], cwd=folder, env=environment, check=True, capture_output=True)


def write(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, text in {
        "crane.py": SOURCES[".py"][0], "small.py": "x = 1\n", "README.md": "# Harbour\n\nCranes.\n\n## Use\n\nLift.\n",
        "data.toml": "a = 1\n", "ignored.log": "noise", "uv.lock": "x", "package-lock.json": "{}",
        "app.min.js": "x", "wide.js": "a" * 9_000, "big.txt": "word\n" * 250_000, ".gitignore": "*.log\n",
    }.items():  # fmt: skip
        (folder / name).write_text(text)
    (folder / "image.png").write_bytes(b"\x89PNG\r\n\x00\x00" + bytes(range(256)))
    (folder / "latin.c").write_bytes("/* caffè */ int x;\n".encode("latin-1"))
    (folder / "link.py").symlink_to(folder / "crane.py")
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = write(tmp_path / "harbour")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Cranes")
    return folder


def code(rows: list[Any]) -> list[Any]:
    return [row for row in rows if row["source"] == "repo"]


def test_files_then_history(repository: Path) -> None:
    rows = check_twice("repo", repository)
    assert {row["ref"] for row in code(rows)} == {
        ".gitignore", "README.md", "crane.py", "data.toml", "latin.c", "small.py",
    }  # fmt: skip
    assert [row["text"].split("\n")[0] for row in rows if row["source"] == "git"] == ["Cranes"]
    lift = next(row for row in rows if row["meta"].get("symbol") == "Crane.lift1")
    assert lift["text"].startswith("crane.py · Crane.lift1\n\n    def lift1(self):")
    meta = lift["meta"]
    assert (meta["path"], meta["language"], meta["repository"]) == ("crane.py", "python", "harbour")
    line = SOURCES[".py"][0].split("\n")[meta["lines"][0] - 1]
    assert line == "    def lift1(self):"
    assert len(meta["commit"]) == 12
    assert (lift["said_at"], lift["position"], lift["session"]) == (None, None, "harbour/crane.py")
    readme = [row for row in rows if row["ref"] == "README.md"]
    assert [row["meta"]["symbol"] for row in readme] == ["Harbour", "Harbour › Use"]
    assert readme[1]["meta"]["lines"] == [5, 7]
    _, report = load("repo", repository)
    assert report.left_out == {
        "list of locked versions": 2, "minified file": 2, "file longer than 1 MB": 1, "binary file": 1,
        "symbolic link or submodule": 1,
    }  # fmt: skip
    assert report.skipped == []


def test_a_change_makes_only_its_own_chunk_new(repository: Path) -> None:
    """A function put above moves lines, time and commit of the rest, which stays known."""
    before, _ = load("repo", repository)
    source = repository / "crane.py"
    source.write_text(
        source.read_text().replace("import os\n", "import os\n\ndef new():\n    return 0\n")
    )
    os.utime(source, (1_800_000_000, 1_800_000_000))
    git(repository, "commit", "-qam", "New", at="2024-06-07T10:00:00+02:00")
    after, _ = load("repo", repository)
    new = [row for row in after if row["meta"] and ids([row])[0] not in set(ids(before))]
    assert {row["meta"].get("symbol", row["text"].split("\n")[0]) for row in new} == {"new", "New"}
    gone = set(ids(before)) - set(ids(after))
    assert gone == set()


def test_only_some_files_are_read_where_asked(repository: Path) -> None:
    rows, _ = load("repo", repository, only={(repository / "small.py").absolute()})
    assert [row["ref"] for row in code(rows)] == ["small.py"]
    assert set(ids(rows)) <= set(ids(load("repo", repository)[0]))


def test_a_folder_in_a_repository_has_the_same_identities(repository: Path) -> None:
    inner = repository / "src"
    inner.mkdir()
    (inner / "quay.py").write_text("y = 2\n")
    whole = {row["ref"]: i for row, i in zip(*both(repository), strict=True)}
    part = {row["ref"]: i for row, i in zip(*both(inner), strict=True)}
    assert part == {"src/quay.py": whole["src/quay.py"]}


def both(folder: Path) -> tuple[list[Any], list[str]]:
    rows = code(load("repo", folder)[0])
    return rows, ids(rows)


def test_a_folder_without_git_is_walked(tmp_path: Path) -> None:
    folder = write(tmp_path / "plain")
    for name in ("node_modules", "build", ".venv"):
        (folder / name).mkdir()
        (folder / name / "x.py").write_text("z = 3\n")
    rows, report = load("repo", folder)
    assert "ignored.log" in {row["ref"] for row in rows}
    assert not any("x.py" in row["ref"] for row in rows)
    assert "no git repository" in report.remarks[0][1]
    with pytest.raises(ImportFailed, match="is a file"):
        load("repo", folder / "small.py")
    assert detect(folder) == "text"


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'mnemic\[code\]'"):
        load("repo", tmp_path)


def test_a_repository_cannot_run_its_own_modules(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file named like one of Python's modules, in the folder one stands in, is text and no program."""
    for name in ("json", "queue", "mnemic"):
        (repository / f"{name}.py").write_text("open('ran', 'w').close()\n")
    (repository / "long.py").write_text("def f():\n    return 1\n" * 200)
    monkeypatch.chdir(repository)
    rows, report = load("repo", repository)
    assert not (repository / "ran").exists()
    assert not report.skipped
    assert "long.py" in {row["ref"] for row in code(rows)}


def test_files_made_for_secrets_are_left_out(repository: Path) -> None:
    """Also where git tracks them, or would; what shows how such a file looks is read."""
    for name in (
        ".env",
        ".env.production",
        "server.pem",
        "deploy.key",
        "secrets.yaml",
        "id_ed25519",
    ):
        (repository / name).write_text("CANARY=4711\n")
    (repository / ".env.example").write_text("DB_HOST=localhost\n")
    rows, report = load("repo", repository)
    assert not any("CANARY" in row["text"] for row in rows)
    assert ".env.example" in {row["ref"] for row in code(rows)}
    assert report.left_out["file of secrets"] == 6


def test_a_folder_that_became_a_link_is_not_followed(repository: Path, tmp_path: Path) -> None:
    """The index of a repository from elsewhere can name files behind a link out of it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "notes.md").write_text("CANARY\n")
    (repository / "in").mkdir()
    (repository / "in" / "notes.md").write_text("harmless\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Notes")
    shutil.rmtree(repository / "in")
    (repository / "in").symlink_to(outside)
    rows, _ = load("repo", repository)
    assert not any("CANARY" in row["text"] for row in rows)


def test_names_that_lead_outside_are_not_read(tmp_path: Path) -> None:
    """A broken or hostile index can hold any name."""
    (tmp_path / "outside.md").write_text("CANARY\n")
    (tmp_path / "root").mkdir()
    names = ["../outside.md", str(tmp_path / "outside.md"), "x/../../outside.md"]
    assert not list(repository_files(tmp_path / "root", names, Report()))
