"""Cutting long texts into consecutive parts, at the best boundary in reach."""

from __future__ import annotations

EPISODE_CHARS_MAX = 900_000
_BOUNDARIES = ("\n\n", "\n", ". ", "? ", "! ", "。", " ")


def pieces(text: str, limit: int = EPISODE_CHARS_MAX) -> list[str]:
    """Parts of at most `limit` characters that make up `text` when joined again.

    Cuts fall behind a blank line, else a line, a sentence, a space, in the second half of the
    part; else exactly at the limit. No two parts are equal, so that none is taken for another.
    """
    if limit < 2:
        raise ValueError(f"limit {limit} is too small; use 2 or more")
    if len(text) <= limit:
        return [text] if text else []
    parts: list[str] = []
    seen: set[str] = set()
    start = 0
    while start < len(text):
        end = _cut(text, start, limit)
        while end > start + 1 and text[start:end] in seen:
            end -= 1
        part = text[start:end]
        seen.add(part)
        parts.append(part)
        start = end
    return parts


def _cut(text: str, start: int, limit: int) -> int:
    end = start + limit
    if end >= len(text):
        return len(text)
    least = start + limit // 2
    for boundary in _BOUNDARIES:
        found = text.rfind(boundary, least, end)
        if found >= 0:
            return found + len(boundary)
    return end
