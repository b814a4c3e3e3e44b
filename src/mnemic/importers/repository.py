"""A repository as it stands: its code and texts, file by file, then its history."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from mnemic.agent.records import Row
from mnemic.errors import ImportFailed
from mnemic.importers import git_history
from mnemic.importers.code import (
    GRAMMARS,
    Chunk,
    by_lines,
    check_installed,
    chunks,
    is_parsed,
)
from mnemic.importers.pieces import pieces
from mnemic.importers.report import Report
from mnemic.importers.rows import known, rows_of
from mnemic.importers.source import begin, chosen, files_below, relative
from mnemic.importers.text import SUFFIXES as TEXT_SUFFIXES
from mnemic.importers.text import sections
from mnemic.importers.worker import Worker

SOURCE = "repo"
FILE_BYTES_MAX = 1 << 20
TIME_S_MAX = 20.0
_SNIFFED = 8_192
_LINE_CHARS_MAX = 2_000
_MINIFIED_SUFFIXES = (".min.js", ".min.css", ".map", ".bundle.js")
_LOCKS = frozenset(
    ("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "bun.lock", "composer.lock",
     "go.sum", "gemfile.lock", "flake.lock", "packages.lock.json", "pubspec.lock", "podfile.lock")
)  # fmt: skip
# What is there to hold secrets: keys, and settings that are kept out of the code for that reason.
_SECRET = frozenset(
    (".env", ".envrc", ".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass", ".git-credentials",
     ".htpasswd", ".dockercfg", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "credentials",
     "credentials.json", "service-account.json", "service_account.json", "secrets.json",
     "secrets.yml", "secrets.yaml", "secrets.toml", "secrets.env", "terraform.tfvars")
)  # fmt: skip
_SECRET_SUFFIXES = (
    ".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".ppk", ".kdbx", ".tfstate",
    ".tfstate.backup", ".auto.tfvars", ".env",
)  # fmt: skip
_EXAMPLES = (".example", ".sample", ".template", ".dist", ".defaults")
_BUILT = frozenset(
    ("build", "dist", "target", "out", "vendor", "venv", "env", "coverage", "htmlcov", "obj",
     "bower_components", "third_party", "site-packages")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Tree:
    """Where the files are: the root that their paths are told from, its name and its commit."""

    root: Path
    name: str
    commit: str | None


def read(
    path: Path,
    *,
    scope: str,
    report: Report,
    zone: str | None = None,
    only: Collection[Path] | None = None,
) -> Iterator[Row]:
    """Rows of the files of a repository, then of the commits behind them.

    In a git repository the files are those that git tracks, and those that it would: .gitignore is
    honoured. Elsewhere hidden folders and the usual folders of builds are left out. Files that are
    binary, minified, lists of locked versions, made to hold secrets, or longer than 1 MB are left out, and the report
    counts them.

    A chunk is known by repository, path, symbol and text alone. It has no position and no time: a
    function inserted above would change its position, and another commit to its file its time, and
    each would make a new episode of code that has not changed. So a second import stores only chunks
    whose text is new. When code changed, and why, is in the history, whose commits are dated.

    Args:
        path: the repository, or a folder in it.
        scope: where the rows belong.
        report: filled while reading.
        zone: where times without an offset are read; git gives none of those.
        only: of the files, just these (absolute paths).

    Raises:
        ImportFailed: no such path, or not a folder.
        ModuleNotFoundError: the extra `code` is not installed.
    """
    begin(path, scope=scope, zone=zone, report=report)
    if not path.is_dir():
        raise ImportFailed(f"{str(path)!r} is a file; pass the repository's folder")
    check_installed()
    return _read(path, scope, report, zone, only)


def _read(
    path: Path, scope: str, report: Report, zone: str | None, only: Collection[Path] | None
) -> Iterator[Row]:
    listed = _tracked(path, report)
    if listed is None:
        report.note(str(path), "no git repository: its files are read, and it has no history")
        tree = _Tree(path, path.resolve().name, None)
        files = _walked(path, report)
    else:
        tree, files = listed
    parser = Worker("mnemic.importers.code")
    try:
        for file in chosen(files, only):
            yield from _file(file, relative(file, tree.root), tree, parser, scope, report)
    finally:
        parser.close()
    if listed is not None:
        yield from git_history.read(path, scope=scope, report=report, zone=zone)


def _tracked(path: Path, report: Report) -> tuple[_Tree, Iterator[Path]] | None:
    """The files that git knows or would know; None where there is no git or no work tree."""
    try:
        git = git_history.program()
        if git_history.ask(git, path, "rev-parse", "--is-inside-work-tree") != "true":
            return None
        root = Path(git_history.ask(git, path, "rev-parse", "--show-toplevel"))
    except ImportFailed:
        return None
    try:
        commit = git_history.ask(git, path, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except ImportFailed:
        commit = ""
    names = git_history.ask(
        git, path, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--full-name",
        "--deduplicate",
    )  # fmt: skip
    found = sorted(name for name in names.split("\0") if name)
    return _Tree(root, root.name, commit[:12] or None), _regular(root, found, report)


def _regular(root: Path, names: list[str], report: Report) -> Iterator[Path]:
    real: dict[Path, bool] = {root: True}
    for name in names:
        file = root / name
        if ".." in file.parts[len(root.parts) :] or not _is_inside(file.parent, real):
            report.leave_out("file outside, or behind a symbolic link")
            continue
        try:
            mode = file.lstat().st_mode
        except OSError:
            report.leave_out("file that git tracks but that is not there")
            continue
        if stat.S_ISREG(mode):
            yield file
        else:
            report.leave_out("symbolic link or submodule")


def _is_inside(folder: Path, known_: dict[Path, bool]) -> bool:
    """Whether no step from the root to a folder is a link: an index can name what lies behind one."""
    if folder.parent == folder:
        return False
    if folder not in known_:
        known_[folder] = _is_inside(folder.parent, known_) and not folder.is_symlink()
    return known_[folder]


def _walked(path: Path, report: Report) -> Iterator[Path]:
    for file in files_below(path, ("",), report):
        parts = relative(file, path).split("/")[:-1]
        if any(part.lower() in _BUILT for part in parts):
            report.leave_out("file of a build folder")
        else:
            yield file


def _file(
    file: Path, name: str, tree: _Tree, parser: Worker, scope: str, report: Report
) -> Iterator[Row]:
    text = _content(file, name, report)
    if text is None:
        return
    suffix = file.suffix.lower()
    grammar = GRAMMARS.get(suffix)
    language = grammar.name if grammar else suffix.removeprefix(".") or None
    if suffix in TEXT_SUFFIXES:
        found = _sections(text, suffix)
    elif is_parsed(text, suffix):
        found = _parsed(text, suffix, name, parser, report)
    else:
        found = chunks(text, suffix)
    for chunk in found:
        # The path stands above the text: questions name files, and code seldom names its own.
        title = f"{name} · {chunk.symbol}" if chunk.symbol else name
        yield from rows_of(
            f"{title}\n\n{chunk.text}",
            report=report,
            scope=scope,
            source=SOURCE,
            session=f"{tree.name}/{name}",
            position=lambda: None,
            ref=name,
            meta=known(
                repository=tree.name,
                path=name,
                language=language,
                symbol=chunk.symbol or None,
                lines=[chunk.first, chunk.last],
                commit=tree.commit,
            ),
        )


def _parsed(text: str, suffix: str, name: str, parser: Worker, report: Report) -> Iterator[Chunk]:
    told = parser.ask({"text": text, "suffix": suffix}, seconds=TIME_S_MAX)
    if "error" in told:
        report.note(name, f"cut by lines: {told['error']}")
        return by_lines(text)
    return (Chunk(*held) for held in told["chunks"])


def _sections(text: str, suffix: str) -> Iterator[Chunk]:
    """A text by its headings; the last of them is the symbol."""
    at = line = 0
    for section in sections(text, suffix):
        for part in pieces(section.text, 2 * _LINE_CHARS_MAX):
            found = text.find(part, at)
            if found >= 0:
                line += text.count("\n", at, found)
                at = found
            if part.strip():
                last = line + 1 + part.rstrip("\n").count("\n")
                yield Chunk(" › ".join(section.headings), part.strip("\n"), line + 1, last)


def _is_settings(name: str) -> bool:
    """Whether it is `.env.production` and the like, and not `.env.example`."""
    return name.startswith(".env.") and not name.endswith(_EXAMPLES)


def _content(file: Path, name: str, report: Report) -> str | None:
    """The file's text; None where it is none, or none to keep."""
    last = name.rsplit("/", 1)[-1].lower()
    if last in _LOCKS or last.endswith(".lock"):
        report.leave_out("list of locked versions")
        return None
    if last in _SECRET or last.endswith(_SECRET_SUFFIXES) or _is_settings(last):
        report.leave_out("file of secrets")
        return None
    if last.endswith(_MINIFIED_SUFFIXES):
        report.leave_out("minified file")
        return None
    try:
        with file.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size > FILE_BYTES_MAX:
                report.leave_out("file longer than 1 MB")
                return None
            raw = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        report.skip(name, f"the file cannot be read: {error.strerror or error}")
        return None
    report.files += 1
    if b"\0" in raw[:_SNIFFED]:
        report.leave_out("binary file")
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode(errors="replace")
        if text.count("�") * 10 > max(len(text), 200):
            report.leave_out("binary file")
            return None
        report.note(name, "bytes that are not UTF-8 were replaced")
    if len(raw) > _SNIFFED and len(text) > _LINE_CHARS_MAX * (text.count("\n") + 1):
        report.leave_out("minified file")
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")
