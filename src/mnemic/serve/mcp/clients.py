"""The clients we can tell of Mnemic: where each keeps its servers and hooks, and in which form.

Facts about other programs; each with the page it was read from. A client that is not here takes the
command line `mnemic mcp` as any other server.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Level = Literal["user", "project"]
Form = Literal["json", "toml"]


@dataclass(frozen=True, slots=True)
class HookPlace:
    """Where a client keeps its hooks.

    Attributes:
        files: the file by level, relative to the home or the project.
        nested: whether an entry is `{"hooks": [{"type": "command", …}]}` or `{"command": …}` itself.
        events: our events by the client's names for them.
        optional: events that are only installed when asked for.
        unit_s: how many of the client's units of time are a second; None where we do not know.
        fixed: members that the file must have beside the hooks.
    """

    files: Mapping[Level, str]
    events: Mapping[str, str]
    nested: bool = True
    optional: Mapping[str, str] = field(default_factory=dict)
    unit_s: int | None = 1
    fixed: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Client:
    """A client: its name, the file of its servers by level, the key they stand under, extra members.

    `trust` is what the client wants of its user before it runs what stands there.
    """

    name: str
    title: str
    files: Mapping[Level, str]
    key: str
    docs: str
    form: Form = "json"
    extra: Mapping[str, object] = field(default_factory=dict)
    hooks: HookPlace | None = None
    trust: str = ""

    def file(self, level: Level, home: Path, project: Path) -> Path | None:
        """The file of servers; None where the client has none at this level."""
        return _place(self.files, level, home, project)

    def hook_file(self, level: Level, home: Path, project: Path) -> Path | None:
        """The file of hooks; None where there is none."""
        return _place(self.hooks.files, level, home, project) if self.hooks else None


def _place(files: Mapping[Level, str], level: Level, home: Path, project: Path) -> Path | None:
    named = files.get(level)
    if named is None:
        return None
    if level == "project":
        return project / named
    return Path(named.format(config=_config_home(home), home=home))


def _config_home(home: Path) -> Path:
    """Where programs with a window keep their settings on this system."""
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
    return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")


_CLAUDE_EVENTS = {
    "SessionStart": "session-start",
    "SessionEnd": "session-end",
    "PreCompact": "pre-compact",
}

CLIENTS: Mapping[str, Client] = {
    one.name: one
    for one in (
        Client(
            "claude-code",
            "Claude Code",
            {"user": "{home}/.claude.json", "project": ".mcp.json"},
            "mcpServers",
            "https://code.claude.com/docs/en/mcp and …/hooks",
            extra={"type": "stdio"},
            hooks=HookPlace(
                {"user": "{home}/.claude/settings.json", "project": ".claude/settings.json"},
                _CLAUDE_EVENTS,
                optional={"UserPromptSubmit": "prompt"},
            ),
        ),
        Client(
            "codex",
            "Codex",
            {"user": "{home}/.codex/config.toml", "project": ".codex/config.toml"},
            "mcp_servers",
            "https://developers.openai.com/codex/mcp and …/hooks",
            form="toml",
            hooks=HookPlace(
                {"user": "{home}/.codex/hooks.json", "project": ".codex/hooks.json"},
                {"SessionStart": "session-start", "Stop": "turn-end"},
                optional={"UserPromptSubmit": "prompt"},
            ),
            trust="Codex runs hooks only after you have trusted them: when it starts, or with /hooks",
        ),
        Client(
            "cursor",
            "Cursor",
            {"user": "{home}/.cursor/mcp.json", "project": ".cursor/mcp.json"},
            "mcpServers",
            "https://cursor.com/docs/context/mcp and …/agent/hooks",
            hooks=HookPlace(
                {"user": "{home}/.cursor/hooks.json", "project": ".cursor/hooks.json"},
                {"sessionStart": "session-start"},
                nested=False,
                unit_s=None,
                fixed={"version": 1},
            ),
        ),
        Client(
            "gemini",
            "Gemini CLI",
            {"user": "{home}/.gemini/settings.json", "project": ".gemini/settings.json"},
            "mcpServers",
            "https://geminicli.com/docs/tools/mcp-server and …/hooks/reference",
            hooks=HookPlace(
                {"user": "{home}/.gemini/settings.json", "project": ".gemini/settings.json"},
                {
                    "SessionStart": "session-start",
                    "SessionEnd": "session-end",
                    "PreCompress": "pre-compact",
                },
                unit_s=1000,
            ),
            trust="Gemini CLI starts servers and hooks only in folders that you trust: /permissions",
        ),
        Client(
            "vscode",
            "VS Code",
            {"user": "{config}/Code/User/mcp.json", "project": ".vscode/mcp.json"},
            "servers",
            "https://code.visualstudio.com/docs/copilot/reference/mcp-configuration",
            extra={"type": "stdio"},
        ),
        Client(
            "windsurf",
            "Windsurf",
            {"user": "{home}/.codeium/windsurf/mcp_config.json"},
            "mcpServers",
            "https://docs.windsurf.com/windsurf/cascade/mcp",
        ),
        Client(
            "claude-desktop",
            "Claude Desktop",
            {"user": "{config}/Claude/claude_desktop_config.json"},
            "mcpServers",
            "https://modelcontextprotocol.io/quickstart/user",
        ),
        Client(
            "zed",
            "Zed",
            {
                "user": "{home}/.config/zed/settings.json"
                if sys.platform != "win32"
                else "{config}/Zed/settings.json",
                "project": ".zed/settings.json",
            },
            "context_servers",
            "https://zed.dev/docs/ai/mcp",
        ),
    )
}
"""Every client by the name that `mnemic mcp install` takes."""
