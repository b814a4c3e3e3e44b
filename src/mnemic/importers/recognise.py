"""Which format a file or folder is in, judged by its names, its tables and its first lines."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from mnemic.importers.report import Report

_SNIFF_BYTES = 1 << 20
_SNIFF_FILES = 200
_CODEX = frozenset(("session_meta", "response_item", "event_msg", "turn_context", "compacted"))
_CLAUDE = frozenset(("user", "assistant", "system", "summary"))
_DATABASES = (".vscdb", ".sqlite3", ".sqlite", ".db")


def detect(path: str | Path) -> str | None:
    """The format of a file or folder; None where unclear.

    A folder is, in this order: an export of Slack, ChatGPT or Claude.ai, sessions of Gemini CLI,
    a git repository (only at its root), a store of Cursor, MemPalace or mem0, then whatever its
    first .jsonl file holds, then documents, then text.
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
    from mnemic.importers import documents, jsonl, sqlite, text

    suffix = path.suffix.lower()
    if suffix == ".zip":
        try:
            with zipfile.ZipFile(path) as archive:
                return _by_names(archive.namelist(), lambda name: _zipped_head(archive, name))
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            return None
    if sqlite.is_sqlite(path):
        return _by_tables(path)
    if suffix == ".json":
        return _by_json(path.name, _head(path))
    if suffix in documents.SUFFIXES:
        return "documents"
    if suffix in text.SUFFIXES:
        return "text"
    return _by_lines(path, sure=suffix in jsonl.SUFFIXES)


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_SNIFF_BYTES)


def _zipped_head(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        with archive.open(name) as stream:
            return stream.read(_SNIFF_BYTES)
    except (KeyError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error, NotImplementedError):
        return b""


def _by_tables(path: Path) -> str | None:
    from mnemic.importers import cursor, mem0, mempalace, sqlite

    tables = sqlite.tables_in(path)
    if tables & cursor.TABLES:
        return "cursor"
    if tables >= mempalace.TABLES:
        return "mempalace"
    if "history" in tables and path.suffix.lower() in mem0.SUFFIXES:
        return "mem0"
    return None


def _by_json(name: str, head: bytes) -> str | None:
    """What a JSON file holds, by its name and its beginning."""
    from mnemic.importers import chatgpt, gemini

    if chatgpt.is_conversations(name):
        return _whose_conversations(head)
    if b'"chat_messages"' in head:
        return "claude-ai"
    if b'"mapping"' in head and b'"message"' in head:
        return "chatgpt"
    if b'"sessionId"' in head and (b'"projectHash"' in head or b'"messageId"' in head):
        return "gemini"
    if name.startswith(gemini.CHECKPOINT) and b'"role"' in head and b'"parts"' in head:
        return "gemini"
    if b'"memory"' in head and (b'"results"' in head or b'"created_at"' in head):
        return "mem0"
    return None


def _whose_conversations(head: bytes) -> str:
    """ChatGPT's or Claude.ai's, by the key that comes first: a text may quote the other one."""
    mapping, messages = head.find(b'"mapping"'), head.find(b'"chat_messages"')
    if messages >= 0 and (mapping < 0 or messages < mapping):
        return "claude-ai"
    # In Claude.ai's, a long summary may stand before the messages; ChatGPT's have no uuid.
    if mapping < 0 and head.lstrip(b"\xef\xbb\xbf \t\r\n[{").startswith(b'"uuid"'):
        return "claude-ai"
    return "chatgpt"


def _by_names(names: list[str], head: Any) -> str | None:
    from mnemic.importers import chatgpt, slack

    lasts = {name.rsplit("/", 1)[-1] for name in names if name.count("/") <= 2}
    if lasts & {"users.json", "channels.json"} and any(map(slack.is_day, names)):
        return "slack"
    talks = next(filter(chatgpt.is_conversations, names), None)
    if talks is not None:
        return _whose_conversations(head(talks))
    if any(map(slack.is_day, names)):
        return "slack"
    return "gemini" if any(map(_is_gemini, names)) else None


def _is_gemini(name: str) -> bool:
    from mnemic.importers import gemini

    *folders, last = name.split("/")
    if last.startswith("session-") and last.endswith(gemini.SUFFIXES):
        return "chats" in folders[-2:] or not folders
    return bool(folders) and last == gemini.LOGS and len(folders[-1]) == 64


def _detect_folder(path: Path) -> str | None:
    from mnemic.importers import documents, gemini, jsonl, text
    from mnemic.importers.source import relative

    found = islice(_below(path, gemini.SUFFIXES), 20 * _SNIFF_FILES)
    files = {f"{path.name}/{relative(file, path)}": file for file in found}
    named = _by_names([*files], lambda name: _head(files[name]))
    if named:
        return named
    if (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir()):
        return "git"
    for file in islice(_below(path, _DATABASES), _SNIFF_FILES):
        if name := _by_tables(file):
            return name
    for file in islice(_below(path, jsonl.SUFFIXES), _SNIFF_FILES):
        if name := _by_lines(file, sure=False):
            return name
    if next(_below(path, documents.SUFFIXES), None):
        return "documents"
    return "text" if next(_below(path, text.SUFFIXES), None) else None


def _below(path: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    from mnemic.importers.source import files_below

    return files_below(path, suffixes, Report())


def _by_lines(path: Path, *, sure: bool) -> str | None:
    head = _head(path)
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
    from mnemic.importers import gemini

    kind = line.get("type")
    kind = kind if isinstance(kind, str) else ""
    if gemini.is_session(line) or "$rewindTo" in line or "$set" in line:
        return "gemini"
    if ("payload" in line and kind in _CODEX) or "record_type" in line:
        return "codex"
    if "sessionId" in line or (kind in _CLAUDE and ("message" in line or "leafUuid" in line)):
        return "claude-code"
    if isinstance(line.get("text"), str) and not kind:
        return "jsonl"
    if kind == "message" and "role" in line and "content" in line:
        return "codex"
    return None
