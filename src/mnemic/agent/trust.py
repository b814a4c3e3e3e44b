"""Where an episode came from → how far it is to be believed. Never from what it says."""

from __future__ import annotations

TRUST = {
    "user": 0.95,
    "import": 0.9,
    "tool": 0.85,
    "document": 0.8,
    "assistant": 0.7,
    "web": 0.5,
    "untrusted": 0.3,
}
"""How far a class of source is to be believed at most; "untrusted" is what declares itself so."""

UNTRUSTED_BELOW = 0.6
"""What is trusted less than this is marked as untrusted wherever it is shown to a model."""

_BY_SOURCE = {
    **dict.fromkeys(
        ("web", "http", "https", "url", "browser", "search", "rss", "feed", "html", "scrape", "crawl"),
        "web",
    ),
    **dict.fromkeys(("file", "document", "pdf", "text", "markdown"), "document"),
    **dict.fromkeys(("tool", "git", "repo"), "tool"),
    **dict.fromkeys(("email", "mail"), "import"),
    **dict.fromkeys(
        ("user", "cli", "chat", "slack", "chatgpt", "claude-ai", "claude-code", "codex", "cursor",
         "gemini", "api", "mcp", "proxy", "note", "correction", "langgraph", "llama-index",
         "pydantic-ai", "openai-agents"),
        "user",
    ),
}  # fmt: skip
_DOCUMENTS = (".pdf", ".docx", ".doc", ".odt", ".md", ".txt", ".rst", ".html", ".htm", ".epub", ".csv")  # fmt: skip
_BY_ROLE = {"assistant": "assistant", "system": "assistant",
            "developer": "assistant", "tool": "tool", "function": "tool",
            "ai": "assistant", "bot": "assistant", "model": "assistant"}  # fmt: skip


def _class_of(head: str) -> str:
    """The class of a source's name; one that is unknown was imported from somewhere."""
    if not head:
        return "user"
    if head in _BY_SOURCE:
        return _BY_SOURCE[head]
    if head.startswith("www.") or "://" in head:
        return "web"
    return "document" if head.endswith(_DOCUMENTS) else "import"


def source_class(source: str | None, speaker: str | None, declared: object = None) -> str:
    """The class of a source, from where an episode came from and who spoke: never from its text.

    Args:
        source: the episode's source ("user", "slack", "web", a file, an address).
        speaker: who spoke; roles such as "assistant" are classes of their own.
        declared: a class the writer declared (`meta["trust"]`); it can only lower the trust.
    """
    head = (source or "").casefold().split(":", 1)[0].strip()
    role = _BY_ROLE.get((speaker or "").strip().casefold(), "user")
    return lower(_class_of(head), role, declared)


def lower(*classes: object) -> str:
    """The least trusted of these classes; what is none counts for nothing, none at all as "user"."""
    known = [name for name in classes if isinstance(name, str) and name in TRUST]
    return min(known, key=TRUST.__getitem__, default="user")


def is_untrusted(name: str) -> bool:
    """Whether a class of source is to be marked as untrusted."""
    return TRUST[name] < UNTRUSTED_BELOW
