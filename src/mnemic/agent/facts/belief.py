"""Witnesses for and against → how sure, and what that is called.

A fact starts from Beta(1, 1/4), about how often an extracted claim is right. Each independent witness
adds its certainty to α and the rest to β; a witness against adds to β. The same person repeating
something is one witness. No amount of evidence lifts a fact above the trust of its best source.

Source:
    The Beta reputation system (Jøsang & Ismail, 2002). Differs: a witness counts once, with its best
    statement, and sources have ceilings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mnemic.agent.facts.fact import Status

PRIOR_FOR, PRIOR_AGAINST = 1.0, 0.25
VERIFIED_MIN = 0.9
"""Trust and confidence that a fact needs to be verified by witnesses alone."""

CONFIRMED = 0.99
"""The trust of a person's explicit word about a fact; nothing said in a text reaches it."""

TRUST = {
    "user": 0.95,
    "import": 0.9,
    "tool": 0.85,
    "document": 0.8,
    "assistant": 0.7,
    "web": 0.5,
}
"""How far a class of source is to be believed at most."""

_BY_SOURCE = {
    "web": "web",
    "http": "web",
    "https": "web",
    "url": "web",
    "browser": "web",
    "search": "web",
    "tool": "tool",
    "file": "document",
    "document": "document",
    "pdf": "document",
    "text": "document",
    "markdown": "document",
    "note": "user",
    "git": "tool",
    "rss": "web",
    "feed": "web",
    "html": "web",
    "scrape": "web",
    "crawl": "web",
    "email": "import",
    "mail": "import",
    **dict.fromkeys(
        (
            "user",
            "cli",
            "chat",
            "slack",
            "chatgpt",
            "claude-code",
            "codex",
            "api",
            "mcp",
            "correction",
        ),
        "user",
    ),
}
_DOCUMENTS = (".pdf", ".docx", ".doc", ".odt", ".md", ".txt", ".rst", ".html", ".htm", ".epub", ".csv")  # fmt: skip
_BY_ROLE = {"assistant": "assistant", "system": "assistant", "tool": "tool", "function": "tool",
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
    found = min(_class_of(head), role, key=TRUST.__getitem__)
    if isinstance(declared, str) and TRUST.get(declared, 1.0) < TRUST[found]:
        return declared
    return found


@dataclass(frozen=True, slots=True)
class Word:
    """What one witness has to say: for (`certainty` near 1) or against a fact, with what trust."""

    witness: str
    certainty: float
    trust: float
    against: bool = False


@dataclass(frozen=True, slots=True)
class Belief:
    """How sure a fact is: the Beta parameters, their mean under the ceiling, and its name."""

    supports: float
    contradicts: float
    confidence: float
    status: Status
    witnesses: int


def believe(words: Iterable[Word], *, confirmed: bool = False) -> Belief:
    """The belief that these words make, whatever their order.

    Args:
        words: everything said for and against the fact; a witness that repeats itself counts once.
        confirmed: whether a person explicitly confirmed the fact.
    """
    best: dict[tuple[str, bool], Word] = {}
    for word in words:
        key = (word.witness, word.against)
        if key not in best or (word.certainty, word.trust) > (
            best[key].certainty,
            best[key].trust,
        ):
            best[key] = word
    alpha, beta = PRIOR_FOR, PRIOR_AGAINST
    # A sum whose order is fixed, so that the same words give the same bits.
    for _, word in sorted(best.items()):
        if word.against:
            beta += word.certainty * word.trust
        else:
            alpha += word.certainty
            beta += 1 - word.certainty
    supporting = [word for word in best.values() if not word.against]
    contested = any(word.against for word in best.values())
    ceiling = CONFIRMED if confirmed else max((word.trust for word in supporting), default=0.0)
    confidence = min(CONFIRMED if confirmed else alpha / (alpha + beta), ceiling)
    hedged = all(word.certainty < 1 for word in supporting)
    status: Status = "unverified"
    trusted = sum(word.trust >= VERIFIED_MIN and word.certainty == 1 for word in supporting)
    if confirmed or (trusted >= 2 and not contested and confidence >= VERIFIED_MIN):
        status = "verified"
    elif hedged or contested:
        status = "experimental"
    return Belief(alpha, beta, confidence, status, len(supporting))
