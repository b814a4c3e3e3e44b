"""What a model may do with a memory: functions whose docstrings tell it how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mnemic.agent.memory import Memory
from mnemic.agent.records import Hit
from mnemic.agent.scopes import check_scope
from mnemic.errors import InvalidScope

K_MAX = 50
BUDGET_TOKENS_MAX = 8_000
EMPTY = "Nothing is remembered yet."


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The functions, bound to a memory and a scope that the model neither sees nor chooses."""

    memory: Memory
    scope: str
    source: str
    speaker: str | None = "assistant"
    session: str | None = None

    def __post_init__(self) -> None:
        check_scope(self.scope)

    def remember(self, text: str) -> str:
        """Keep something worth knowing in later conversations, word for word.

        Args:
            text: One self-contained statement, with names instead of pronouns.
        """
        id_ = self.memory.remember(
            text, scope=self.scope, speaker=self.speaker, session=self.session, source=self.source
        )
        return f"Remembered as {id_[:12]}."

    def recall(self, query: str, k: int = 5) -> list[dict[str, Any]] | str:
        """Find what was said before, the best matches first, each with its date and speaker.

        Args:
            query: A question or some words; "in March" or "last week" narrow the time.
            k: How many to return, 1 to 50.
        """
        try:
            found = self.memory.recall(query, scope=self.scope, k=max(1, min(K_MAX, k)))
        except InvalidScope:
            return EMPTY
        return [told(hit) for hit in found.hits] or "Nothing that fits is remembered."

    def context(self, query: str, budget_tokens: int = 1500) -> str:
        """Get what is remembered about something as dated, numbered lines, oldest first.

        Args:
            query: A question or some words.
            budget_tokens: How long the text may be, up to 8000.
        """
        budget = max(1, min(BUDGET_TOKENS_MAX, budget_tokens))
        try:
            packed = self.memory.context(query, scope=self.scope, budget_tokens=budget)
        except InvalidScope:
            return EMPTY
        return packed.text or "Nothing that fits is remembered."

    def facts(self, about: str) -> list[dict[str, Any]] | str:
        """Get the facts that hold now about somebody or something, each with its confidence.

        Args:
            about: A name or some words, such as "Ana lives".
        """
        try:
            held = self.memory.facts(about, scope=self.scope, quotes=False)
        except InvalidScope:
            return EMPTY
        return [
            {
                "statement": fact.statement, "confidence": round(fact.confidence, 2),
                "status": fact.status,
                "since": fact.valid_from.isoformat() if fact.valid_from else None,
            }
            for fact in held[:K_MAX]
        ] or "No facts are held about that."  # fmt: skip


def told(hit: Hit) -> dict[str, Any]:
    """A hit as a model is told of it."""
    episode = hit.episode
    return {
        "text": episode.text,
        "said_at": episode.said_at.isoformat() if episode.said_at_known else None,
        "speaker": episode.speaker,
        "relevance": round(hit.relevance, 3),
        "id": episode.id[:12],
    }
