"""What a detector gives, and what its candidates are judged by."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import NamedTuple

_PLACEHOLDER = re.compile(
    r"(?:<|\$|\{|%|\[|\(|\*|\.\.\.|your[-_ ]?|example|change[-_]?(?:me|it)|insert|replace|placeholder"
    r"|redacted|dummy|fake[-_]|sample[-_]?|xxx|todo|none\b|null\b|nil\b|true\b|false\b|undefined|str\b"
    r"|string\b|required|optional|process\.env|os\.environ|getenv|env[.\[]|pass(?:word|wd|phrase)?\d?$"
    r"|secret\d?$|token\d?$|hidden|masked|empty|default\b|enter\b|must\b|unknown|invalid|wrong|incorrect)",
    re.IGNORECASE,
)


class Finding(NamedTuple):
    """What was found, and where: text[start:stop]."""

    kind: str
    start: int
    stop: int


def is_placeholder(value: str) -> bool:
    """Whether a value only stands for one: `<token>`, `your-key-here`, `********`."""
    return len(set(value)) < 4 or _PLACEHOLDER.match(value) is not None


def entropy_bits(text: str) -> float:
    """Shannon's entropy of a text's characters, in bits each."""
    count = len(text)
    return -sum(n / count * math.log2(n / count) for n in Counter(text).values())


def kinds_of(text: str) -> str:
    """The kind of each character: a lower, A upper, 0 digit, - another."""
    return text.translate(_KINDS) if text.isascii() else "-" * len(text)


def changes(kinds: str) -> float:
    """How often neighbours differ in kind, of `kinds_of`; about 0.6 for random keys."""
    return sum(map(kinds.count, _CHANGES)) / max(len(kinds) - 1, 1)


_KINDS = {
    code: "a" if chr(code).islower() else "A" if chr(code).isupper() else "0" if chr(code).isdigit() else "-"
    for code in range(128)
}  # fmt: skip
_CHANGES = [one + other for one in "aA0-" for other in "aA0-" if one != other]
