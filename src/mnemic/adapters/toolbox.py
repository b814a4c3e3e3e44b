"""What a model may do with a memory: functions whose docstrings tell it how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mnemic.agent.memory import Memory
from mnemic.agent.scopes import check_scope
from mnemic.errors import InvalidInput, InvalidScope

K_MAX = 50
BUDGET_TOKENS_MAX = 8_000
EMPTY = "Nothing is remembered yet."
NO_FIT = "Nothing that fits is remembered."


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The functions, bound to a memory and a scope that the model neither sees nor chooses.

    What a model asks wrongly is answered in words, so that it can put it right.
    """

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
        try:
            id_ = self.memory.remember(
                text, scope=self.scope, speaker=self.speaker, session=self.session,
                source=self.source,
            )  # fmt: skip
        except InvalidInput as error:
            return f"Not remembered: {error}"
        return f"Remembered as {id_[:12]}."

    def recall(self, query: str, k: int = 5) -> str:
        """Find what was said before: the best matches, each with its date and speaker.

        Args:
            query: A question or some words; "in March" or "last week" narrow the time.
            k: How many to return, 1 to 50.
        """
        wanted = max(1, min(K_MAX, k))
        return _answered(
            lambda: (
                self.memory.context(
                    query, scope=self.scope, k=wanted, budget_tokens=BUDGET_TOKENS_MAX
                ).text
            )
        )

    def context(self, query: str, budget_tokens: int = 1500) -> str:
        """Get what is remembered about something, as much as fits a budget, oldest first.

        Args:
            query: A question or some words.
            budget_tokens: How long the text may be, up to 8000.
        """
        budget = max(1, min(BUDGET_TOKENS_MAX, budget_tokens))
        return _answered(
            lambda: self.memory.context(query, scope=self.scope, budget_tokens=budget).text
        )

    def facts(self, about: str) -> str:
        """Get the facts that hold now about somebody or something, each with its confidence.

        Args:
            about: A name or some words, such as "Ana lives".
        """
        return _answered(lambda: self._facts(about))

    def _facts(self, about: str) -> str:
        lines = []
        for fact in self.memory.facts(about, scope=self.scope, quotes=False)[:K_MAX]:
            since = f", since {fact.valid_from:%Y-%m-%d}" if fact.valid_from else ""
            lines.append(f"{fact.statement} ({fact.status}, {fact.confidence:.2f}{since})")
        return "\n".join(lines)


def _answered(ask: Callable[[], str]) -> str:
    try:
        return ask() or NO_FIT
    except InvalidScope:  # the scope is sound: nothing was ever said there
        return EMPTY
    except InvalidInput as error:
        return f"Not looked for: {error}"
