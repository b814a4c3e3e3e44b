"""What coding clients say in a person's name, and which words are the person's own.

Clients put their surroundings, rules, reminders and what hooks told them into the messages of the
user, between two tags. It is said anew in every session and is nobody's memory; where a hook of ours
told it, it would come back as new evidence of itself.

Source:
    Seen in the logs and requests of Claude Code 2.1, Codex 0.169 and Gemini CLI 0.61.
"""

from __future__ import annotations

import re

_TAGS = (
    "environment_context", "user_instructions", "permissions instructions", "turn_aborted",
    "INSTRUCTIONS", "system-reminder", "ide_opened_file", "ide_selection", "session_context",
    "hook_context",
)  # fmt: skip
_HEADING = r"# AGENTS\.md instructions[^\n]{0,1000}+\s*+"
# No client puts a space behind a tag; a person who writes of one does.
_OPENING = re.compile(rf"\s*+(?:{_HEADING})?<({'|'.join(_TAGS)})>(?! )")
_CLOSING = re.compile(rf"</({'|'.join(_TAGS)})>\s*+\Z")
_RULES = re.compile(rf"\s*+{_HEADING}<INSTRUCTIONS>")
_LAST_CHARS = 200
"""How much of a text's end may be the closing tag and white space."""


def own_words(text: str) -> str:
    """A person's message, or a part of one, without the blocks that a client put before and after it.

    A text without such blocks comes back as it is. What was never closed, what holds a tag like its
    own, or begins in a line of the person's own words, is theirs.
    """
    begin, end = 0, len(text)
    if _RULES.match(text) and text.endswith("</INSTRUCTIONS>", 0, len(text.rstrip())):
        return ""  # a file of rules, which may speak of any tag
    while match := _OPENING.match(text, begin):
        close = f"</{match[1]}>"
        found = text.find(close, match.end())
        if found < 0 or text.find(f"<{match[1]}>", match.end(), found) >= 0:
            break
        begin = found + len(close)
    while closed := _CLOSING.search(text, max(begin, end - _LAST_CHARS), end):
        found = text.rfind(f"<{closed[1]}>", begin, end)
        if (
            found < 0
            or (found > begin and text[found - 1] != "\n")
            or not _OPENING.match(text, found)
        ):
            break
        end = found
    return text if (begin, end) == (0, len(text)) else text[begin:end].strip()
