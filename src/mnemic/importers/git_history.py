"""The history of a git repository: one episode a commit."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from mnemic.agent.records import Row
from mnemic.errors import ImportFailed
from mnemic.importers.report import Report
from mnemic.importers.rows import known, rows_of
from mnemic.importers.source import begin, decoded
from mnemic.importers.times import Times

SOURCE = "git"
FILES_NAMED_MAX = 50
_FILES_IN_META_MAX = 1_000
_PATH_CHARS_MAX = 500
_TOKEN_BYTES_MAX = 16 << 20
_CHUNK = 1 << 16
_NUMSTAT = re.compile(rb"\n?(\d+|-)\t(\d+|-)\t(.*)\Z", re.DOTALL)
# Nothing that the repository's own configuration names may run: no filters, no hooks, no pagers.
_SAFE = (
    "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "log.showSignature=false",
    "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never",
)  # fmt: skip
_MISLEADING = frozenset(
    ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_NAMESPACE",
     "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_PREFIX",
     "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS", "GIT_TRACE", "GIT_REPLACE_REF_BASE")
)  # fmt: skip
_LOG = (
    "log", "--reverse", "--date-order", "-z", "--numstat", "-M", "--no-ext-diff", "--no-textconv",
    "--no-color", "--no-relative", "--no-show-signature", "--no-notes", "--encoding=UTF-8",
)  # fmt: skip


@dataclass(slots=True)
class _Commit:
    hash: str
    parents: int
    author: str
    date: str
    message: str
    files: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0


def read(path: Path, *, scope: str, report: Report, zone: str | None = None) -> Iterator[Row]:
    """Rows of a repository's history as seen from HEAD, oldest first.

    A folder inside a repository gives the commits that touched it. The text of a row is
    `commit_text`: the commit's message and the files it changed. Commits have no session: those of
    a month, or of a whole repository, are no conversation whose parts explain each other. A position
    is the author's second times 1,000, and counts up where several commits share one, so that
    commits merged later do not move the others.

    Args:
        path: the repository, or a folder in it.
        scope: where the rows belong.
        report: filled while reading.
        zone: checked, but not needed: git keeps every commit's offset.

    Raises:
        ImportFailed: no such path, not a repository, or git is not installed.
    """
    times = begin(path, scope=scope, zone=zone, report=report)
    if not path.is_dir():
        raise ImportFailed(f"{str(path)!r} is a file; pass the repository's folder")
    git = program()
    bare = ask(git, path, "rev-parse", "--is-bare-repository") == "true"
    asked = "--absolute-git-dir" if bare else "--show-toplevel"
    top = Path(ask(git, path, "rev-parse", asked))
    whole = bare or _same(top, path)
    return _read(git, path, top, whole, scope, report, times)


def program() -> str:
    """Where git is.

    Raises:
        ImportFailed: it is not installed.
    """
    git = shutil.which("git")
    if git is None:
        raise ImportFailed("git is not installed or not on the PATH; install it and try again")
    return git


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def environment() -> dict[str, str]:
    """Ours, without what would point git elsewhere or make it ask."""
    kept = {key: value for key, value in os.environ.items() if key not in _MISLEADING}
    return {
        **kept,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_PAGER": "cat",
        "LC_ALL": "C",
    }


def ask(git: str, path: Path, *words: str) -> str:
    """What git answers in that folder.

    Raises:
        ImportFailed: it cannot be run, or fails.
    """
    try:
        done = subprocess.run(  # noqa: S603 - no shell, a fixed program and fixed words
            [git, *_SAFE, *words],
            cwd=path, env=environment(), stdin=subprocess.DEVNULL,
            capture_output=True, check=False, timeout=60,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ImportFailed(f"git cannot be run in {str(path)!r}: {error}") from error
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip() or "git gave no reason"
        raise ImportFailed(f"{str(path)!r} cannot be read as a git repository: {told}")
    return os.fsdecode(done.stdout).strip("\n")


def _read(
    git: str, path: Path, top: Path, whole: bool, scope: str, report: Report, times: Times
) -> Iterator[Row]:
    report.files += 1
    try:
        ask(git, path, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except ImportFailed:
        report.note(str(path), "the repository has no commit yet")
        return
    if ask(git, path, "rev-parse", "--is-shallow-repository") == "true":
        report.note(str(path), "a shallow clone: its history begins in the middle")
    name = top.name.removesuffix(".git") or top.parent.name
    taken: dict[int, int] = {}
    for commit in _commits(git, path, whole, report):
        said_at = times.parse(commit.date)
        if said_at is None:
            report.note(commit.hash, f"author date {commit.date!r:.80} cannot be read")
        yield from _rows(commit, name, said_at, taken, scope, report)


def _rows(
    commit: _Commit,
    name: str,
    said_at: datetime | None,
    taken: dict[int, int],
    scope: str,
    report: Report,
) -> Iterator[Row]:
    second = 0 if said_at is None else int(said_at.timestamp())

    def position() -> int:
        nth = taken.get(second, 0)
        taken[second] = nth + 1
        return second * 1000 + nth

    named = [file["path"] for file in commit.files[:FILES_NAMED_MAX]]
    yield from rows_of(
        commit_text(commit.message, named, commit.count),
        report=report,
        scope=scope,
        source=SOURCE,
        position=position,
        speaker=commit.author or None,
        ref=commit.hash[:12],
        said_at=said_at,
        happened=said_at,
        meta=known(
            repository=name,
            hash=commit.hash,
            parents=commit.parents,
            files=commit.files or None,
            files_total=commit.count if commit.count > len(commit.files) else None,
        ),
    )


def commit_text(message: str, paths: Sequence[str], paths_total: int | None = None) -> str:
    """What is remembered of a commit: its message, and the first 50 of the files it changed.

    The benchmark of code histories makes its texts here too, so that it measures this importer.

    Args:
        message: subject, blank line and body, as git keeps them.
        paths: the files it changed, by their new names.
        paths_total: how many it changed, where `paths` does not hold them all.
    """
    message = message.strip() or "(no message)"
    named = paths[:FILES_NAMED_MAX]
    if not named:
        return message
    rest = (len(paths) if paths_total is None else paths_total) - len(named)
    more = f" and {rest:,} more" if rest > 0 else ""
    return f"{message}\n\nFiles: {', '.join(named)}{more}"


def _commits(git: str, path: Path, whole: bool, report: Report) -> Iterator[_Commit]:
    # A line that no path or message can hold, as nobody can foresee it, begins each commit.
    mark = f"mnemic-{secrets.token_hex(16)}"
    words = [*_LOG, f"--format=tformat:%x00{mark}%x00%H%x00%P%x00%an%x00%aI%x00%B%x00", "HEAD"]
    words += ["--"] if whole else ["--", "."]
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(  # noqa: S603 - no shell, a fixed program and fixed words
            [git, *_SAFE, *words],
            cwd=path, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=told,
        )  # fmt: skip
        try:
            if process.stdout is None:
                raise ImportFailed("git gave no output to read")
            yield from _parse(_tokens(process.stdout), mark.encode(), report)
            code = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        if code:
            told.seek(0)
            why = told.read(2_000).decode(errors="replace").strip()
            report.skip(str(path), f"git log ended early: {why or f'exit status {code}'}")


def _tokens(stream: IO[bytes]) -> Iterator[bytes]:
    """What stands between NULs; anything beyond 16 MiB of one is cut off."""
    held: list[bytes] = []
    size = 0
    while chunk := stream.read(_CHUNK):
        first, *rest = chunk.split(b"\0")
        if size < _TOKEN_BYTES_MAX:
            held.append(first)
            size += len(first)
        for part in rest:
            yield b"".join(held)
            held, size = [part], len(part)
    if size:
        yield b"".join(held)


def _parse(tokens: Iterator[bytes], mark: bytes, report: Report) -> Iterator[_Commit]:
    commit: _Commit | None = None
    for token in tokens:
        if token.endswith(mark):
            if commit is not None:
                yield commit
            commit = _header(tokens, report)
            continue
        match = _NUMSTAT.match(token)
        if match is None or commit is None:
            continue
        added, deleted, path = match.groups()
        old = b""
        if not path:
            old, path = next(tokens, b""), next(tokens, b"")
        commit.count += 1
        if len(commit.files) < _FILES_IN_META_MAX:
            commit.files.append(
                known(
                    path=_path(path),
                    add=None if added == b"-" else int(added),
                    **{"del": None if deleted == b"-" else int(deleted)},
                    old=_path(old) if old else None,
                )
            )
    if commit is not None:
        yield commit


def _header(tokens: Iterator[bytes], report: Report) -> _Commit:
    whole, parents, author, date, message = (next(tokens, b"") for _ in range(5))
    name = whole.decode("ascii", errors="replace")
    return _Commit(
        hash=name,
        parents=len(parents.split()),
        author=decoded(author, report, name).strip(),
        date=date.decode("ascii", errors="replace"),
        message=decoded(message, report, name),
    )


def _path(raw: bytes) -> str:
    return raw.decode(errors="replace")[:_PATH_CHARS_MAX]
