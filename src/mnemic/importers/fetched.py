"""What an agent's tools brought from the web is anyone's words: such rows declare where they come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mnemic.agent.records import Row

_WEB_TOOL = re.compile(
    r"(?:\w{1,80}__?)?(?:(?:google_|brave_)?web[_-]?(?:search|fetch)|fetch|fetch_url|browser_\w{1,40})",
    re.IGNORECASE,
)  # names in Claude Code, Claude.ai, Codex, Gemini CLI, Cursor and the usual MCP servers


def _call_of(row: Row) -> object:
    """The id by which a tool's call and its result name each other; None where there is none."""
    meta = row.get("meta") or {}
    return meta.get("tool_use_id") or meta.get("call_id")


def marked(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows; results of tools that read the web have `trust: web` in meta."""
    calls: set[object] = set()
    for row in rows:
        meta = row.get("meta") or {}
        kind, call = meta.get("kind"), _call_of(row)
        tool = meta.get("tool")
        of_web = isinstance(tool, str) and _WEB_TOOL.fullmatch(tool) is not None
        if kind == "tool_use" and of_web and call is not None:
            calls.add(call)
        if kind == "tool_result" and (of_web or call in calls):
            row = {**row, "meta": {"trust": "web", **meta}}
        yield row
