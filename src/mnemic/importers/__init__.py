"""Importers: from what other programs wrote to rows. One format a module, each with `read`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnemic.agent.records import Row
from mnemic.errors import ImportFailed
from mnemic.importers.fetched import marked
from mnemic.importers.recognise import detect
from mnemic.importers.report import Report

__all__ = ["FORMATS", "Importer", "Report", "detect", "named", "open_import"]


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
        return marked(rows)


FORMATS: dict[str, Importer] = {
    name: Importer(name, reads, f"mnemic.importers.{module}")
    for name, module, reads in (
        ("jsonl", "jsonl", "rows, one JSON object a line, as `mnemic export` writes them"),
        ("text", "text", "Markdown, reStructuredText and text files, or a folder of them"),
        ("claude-code", "claude_code", "Claude Code sessions: a .jsonl file or a folder of them"),
        ("codex", "codex", "Codex CLI sessions: a rollout-….jsonl file or a folder of them"),
        ("gemini", "gemini", "Gemini CLI sessions: a session file, logs.json or ~/.gemini/tmp"),
        ("cursor", "cursor", "Cursor's chats: state.vscdb, or Cursor's folder User"),
        ("chatgpt", "chatgpt", "a ChatGPT export: conversations.json, its folder or .zip"),
        ("claude-ai", "claude_ai", "a Claude.ai export: conversations.json, its folder or .zip"),
        ("slack", "slack", "a Slack export: its folder or .zip"),
        ("documents", "documents", "PDF, Word, PowerPoint, Excel, HTML and EPUB files, and text"),
        ("git", "git_history", "the history of a git repository"),
        ("repo", "repository", "a repository's code, cut into functions and classes, and history"),
        ("mem0", "mem0", "a mem0 store: history.db, or the JSON of get_all() or an export"),
        ("mempalace", "mempalace", "a MemPalace store: the palace's folder or chroma.sqlite3"),
    )
}

_ALIASES = {
    "claude": "claude-code", "git-history": "git", "markdown": "text", "md": "text",
    "gemini-cli": "gemini", "claude.ai": "claude-ai", "claudeai": "claude-ai",
    "repository": "repo", "code": "repo", "pdf": "documents", "docx": "documents",
    "html": "documents", "document": "documents",
}  # fmt: skip
# Options of some formats; the others, which have no such choice to make, do without.
_OPTIONS = {
    "override_scope": ("jsonl",),
    "undated": ("text", "documents"),
    "only": ("text", "documents", "repo"),
}


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
        options: passed to the importer: `override_scope` for `jsonl`; `undated` for `text` and
            `documents`; `only`, some of a folder's files, for these and `repo`.

    Raises:
        ImportFailed: no such path or format, or a source that cannot be read at all.
        InvalidScope, InvalidTime, InvalidInput: a scope, zone or option that cannot be used.
        ModuleNotFoundError: the format needs an extra that is not installed.
    """
    from mnemic.importers.source import must_exist

    path = must_exist(Path(path).expanduser())
    name = named(format)
    if name is None:
        name = detect(path)
    if name is None:
        raise ImportFailed(
            f"the format of {str(path)!r} is not recognised; name one of {', '.join(FORMATS)}"
        )
    for option, owners in _OPTIONS.items():
        if name not in owners:
            options.pop(option, None)
    return FORMATS[name].read(path, scope=scope, report=report, zone=zone, **options)


def named(format: str | None) -> str | None:  # noqa: A002
    """The format's own name for what the user calls it; None where it is to be found out.

    Raises:
        ImportFailed: there is no such format.
    """
    if format in (None, "auto"):
        return None
    name = str(format).lower().replace("_", "-")
    name = _ALIASES.get(name, name)
    if name not in FORMATS:
        raise ImportFailed(f"unknown format {format!r}; use one of {', '.join(FORMATS)}")
    return name
