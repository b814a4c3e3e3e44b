"""What coding clients say in a person's name, and which words are the person's own.

Clients put their surroundings, rules, reminders and what hooks told them into the messages of the
user, between two tags. It is said anew in every session and is nobody's memory; where a hook of ours
told it, it would come back as new evidence of itself.

Source:
    Seen in the logs and requests of Claude Code 2.1, Codex 0.169 and Gemini CLI 0.61.
"""

from __future__ import annotations

import re

TAGS = (
    "environment_context", "user_instructions", "permissions instructions", "turn_aborted",
    "INSTRUCTIONS", "system-reminder", "ide_opened_file", "ide_selection", "session_context",
    "hook_context",
)  # fmt: skip
_ANY = "|".join(TAGS)
_HEADING = r"# AGENTS\.md instructions[^\n]{0,1000}+\s*+"
# No client puts a space behind a tag; a person who writes of one does.
_OPENING = re.compile(rf"\s*+(?:{_HEADING})?<({_ANY})>(?! )")
# A block's end is the end of a line, or stands before another block; rules may speak of a tag.
_CLOSINGS = {tag: re.compile(rf"</{tag}>(?=[ \t]*+(?:[\n\r<]|\Z))") for tag in TAGS}
_LAST = re.compile(rf"</({_ANY})>\s*+\Z")
_RULES = re.compile(rf"\s*+{_HEADING}<INSTRUCTIONS>")
_LAST_CHARS = 200
"""How much of a text's end may be the closing tag and white space."""
_SHOWN = re.compile(rf"<(?=[\s/]{{0,4}}(?:{_ANY})\b)", re.IGNORECASE)


def own_words(text: str) -> str:
    """A person's message, or a part of one, without the blocks that a client put before and after it.

    A text without such blocks comes back as it is. What was never closed, what holds a line that
    begins as it does, or begins in a line of the person's own words, is theirs.
    """
    begin, end = 0, len(text)
    if _RULES.match(text) and text.endswith("</INSTRUCTIONS>", 0, len(text.rstrip())):
        return ""  # a file of rules, which may speak of any tag
    while match := _OPENING.match(text, begin):
        close = _CLOSINGS[match[1]].search(text, match.end())
        if close is None or text.find(f"\n<{match[1]}>", match.end(), close.start()) >= 0:
            break
        begin = close.end()
    while close := _LAST.search(text, max(begin, end - _LAST_CHARS), end):
        opening = f"<{close[1]}>"
        found = text.rfind(f"\n{opening}", begin, end) + 1
        if found == 0 and text.startswith(opening, begin):
            found = begin
        elif found == 0:
            break
        if not _OPENING.match(text, found):
            break
        end = found
    return text if (begin, end) == (0, len(text)) else text[begin:end].strip()


def without_tags(text: str) -> str:
    """A text that no client takes for the beginning or the end of such a block, as it is to be shown.

    A hook's words stand in one: what was remembered must not end it and go on as the user.
    """
    return _SHOWN.sub("‹", text)
