"""Files of a path, and a clear refusal where there are none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from mnemic.errors import ImportFailed


def files(path: Path, *patterns: str) -> list[Path]:
    """The file itself, or the files of a folder that match a pattern.

    Raises:
        ImportFailed: there are none.
    """
    if path.is_file():
        return [path]
    found = [file for pattern in patterns for file in sorted(path.glob(pattern))]
    if not found:
        raise ImportFailed(f"no {' or '.join(patterns)} at {str(path)!r}; give the data's path")
    return found


def text_of(path: Path) -> str:
    """The text of a file, unpacked if it is gzipped."""
    raw = path.read_bytes()
    return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8")


def json_of(path: Path) -> Any:
    """One JSON document, or a list of those on each line, as every .jsonl file has them.

    Raises:
        ImportFailed: it is neither.
    """
    text = text_of(path)
    if ".jsonl" not in path.suffixes:
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            pass
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise ImportFailed(f"{str(path)!r} is not JSON, nor JSON on each line: {error}") from error
