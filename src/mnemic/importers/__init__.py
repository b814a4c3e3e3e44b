"""Importers: from what other programs wrote to rows. One format a module, each with `read`."""

from __future__ import annotations

import importlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from mnemic.agent.records import Row
from mnemic.errors import ImportFailed
from mnemic.importers.report import Report

__all__ = ["FORMATS", "Importer", "Report", "detect", "open_import"]


@dataclass(frozen=True, slots=True)
class Importer:
    """One format: its name, what it reads, and the module that reads it."""

    name: str
    reads: str
    module: str

    def read(
        self,
        path: Path,
        *,
        scope: str | None,
        report: Report,
        zone: str | None = None,
        **options: Any,
    ) -> Iterator[Row]:
        """The module's own `read`; paths, scopes and zones are checked before it returns."""
        module = importlib.import_module(self.module)
        rows: Iterator[Row] = module.read(path, scope=scope, report=report, zone=zone, **options)
        return rows


FORMATS: dict[str, Importer] = {
    name: Importer(name, reads, f"mnemic.importers.{module}")
    for name, module, reads in (
        ("jsonl", "jsonl", "rows, one JSON object a line, as `mnemic export` writes them"),
        ("text", "text", "Markdown, reStructuredText and text files, or a folder of them"),
        ("claude-code", "claude_code", "Claude Code sessions: a .jsonl file or a folder of them"),
        ("codex", "codex", "Codex CLI sessions: a rollout-….jsonl file or a folder of them"),
        ("chatgpt", "chatgpt", "a ChatGPT export: conversations.json, its folder or .zip"),
        ("slack", "slack", "a Slack export: its folder or .zip"),
        ("git", "git_history", "the history of a git repository"),
    )
}

_ALIASES = {"claude": "claude-code", "git-history": "git", "markdown": "text", "md": "text"}
# Options of one format; the others, which have no such choice to make, do without.
_OPTIONS = {"override_scope": "jsonl", "undated": "text"}
_SNIFF_BYTES = 1 << 20
_SNIFF_FILES = 200
_CODEX = frozenset(("session_meta", "response_item", "event_msg", "turn_context", "compacted"))
_CLAUDE = frozenset(("user", "assistant", "system", "summary"))


def open_import(
    format: str | None,  # noqa: A002 - the word that the command line uses
    path: str | Path,
    *,
    scope: str | None,
    report: Report,
    zone: str | None = None,
    **options: Any,
) -> Iterator[Row]:
    """The rows of a source, read as they are asked for.

    Args:
        format: a key of FORMATS; None or "auto" looks at the source (see `detect`).
        path: the file or folder.
        scope: where the rows belong; only `jsonl` may do without.
        report: filled while the rows are read.
        zone: where times without an offset are read; None reads them in UTC, as the report states.
        options: passed to the importer: `override_scope` for `jsonl`, `undated` for `text`.

    Raises:
        ImportFailed: no such path or format, or a source that cannot be read at all.
        InvalidScope, InvalidTime, InvalidInput: a scope, zone or option that cannot be used.
    """
    from mnemic.importers.source import must_exist

    path = must_exist(Path(path).expanduser())
    if format in (None, "auto"):
        found = detect(path)
        if found is None:
            raise ImportFailed(
                f"the format of {str(path)!r} is not recognised; name one of {', '.join(FORMATS)}"
            )
        name = found
    else:
        name = str(format).lower().replace("_", "-")
        name = _ALIASES.get(name, name)
        if name not in FORMATS:
            raise ImportFailed(f"unknown format {format!r}; use one of {', '.join(FORMATS)}")
    for option, owner in _OPTIONS.items():
        if name != owner:
            options.pop(option, None)
    return FORMATS[name].read(path, scope=scope, report=report, zone=zone, **options)


def detect(path: str | Path) -> str | None:
    """The format of a file or folder, judged by its names and first lines; None where unclear.

    A folder is, in this order: a Slack export, a ChatGPT export, a git repository (only at its
    root), then whatever its first .jsonl file holds, then text.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return _detect_folder(path)
        if path.is_file():
            return _detect_file(path)
    except OSError:
        pass
    return None


def _detect_file(path: Path) -> str | None:
    from mnemic.importers import chatgpt, jsonl, text

    suffix = path.suffix.lower()
    if suffix == ".zip":
        try:
            with zipfile.ZipFile(path) as archive:
                return _by_names(archive.namelist())
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            return None
    if suffix == ".json":
        if chatgpt.is_conversations(path.name):
            return "chatgpt"
        with path.open("rb") as stream:
            head = stream.read(_SNIFF_BYTES)
        return "chatgpt" if b'"mapping"' in head and b'"message"' in head else None
    if suffix in text.SUFFIXES:
        return "text"
    return _by_lines(path, sure=suffix in jsonl.SUFFIXES)


def _by_names(names: list[str]) -> str | None:
    from mnemic.importers import chatgpt, slack

    lasts = {name.rsplit("/", 1)[-1] for name in names if name.count("/") <= 1}
    if lasts & {"users.json", "channels.json"} and any(map(slack.is_day, names)):
        return "slack"
    if any(map(chatgpt.is_conversations, names)):
        return "chatgpt"
    return "slack" if any(map(slack.is_day, names)) else None


def _detect_folder(path: Path) -> str | None:
    from mnemic.importers import jsonl, text
    from mnemic.importers.source import files_below, relative

    found = files_below(path, (".json",), Report())
    named = _by_names([relative(file, path) for file in islice(found, 20 * _SNIFF_FILES)])
    if named:
        return named
    if (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir()):
        return "git"
    for file in islice(files_below(path, jsonl.SUFFIXES, Report()), _SNIFF_FILES):
        if name := _by_lines(file, sure=False):
            return name
    return "text" if next(files_below(path, text.SUFFIXES, Report()), None) else None


def _by_lines(path: Path, *, sure: bool) -> str | None:
    with path.open("rb") as stream:
        head = stream.read(_SNIFF_BYTES)
    lines = head.removeprefix(b"\xef\xbb\xbf").splitlines()[:200]
    for line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        name = _by_keys(value) if isinstance(value, dict) else None
        if name:
            return name
    # One line longer than what was read is most likely a first message with an image in it.
    if sure and len(head) == _SNIFF_BYTES:
        if b'"sessionId"' in head:
            return "claude-code"
        if b'"payload"' in head:
            return "codex"
    return None


def _by_keys(line: dict[str, Any]) -> str | None:
    kind = line.get("type")
    kind = kind if isinstance(kind, str) else ""
    if ("payload" in line and kind in _CODEX) or "record_type" in line:
        return "codex"
    if "sessionId" in line or (kind in _CLAUDE and ("message" in line or "leafUuid" in line)):
        return "claude-code"
    if isinstance(line.get("text"), str) and not kind:
        return "jsonl"
    if kind == "message" and "role" in line and "content" in line:
        return "codex"
    return None
