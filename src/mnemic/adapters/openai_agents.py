"""Sessions and tools for the OpenAI Agents SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

try:
    from agents import FunctionTool, SessionSettings, function_tool
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "mnemic.adapters.openai_agents needs the OpenAI Agents SDK, which is not installed; "
        "run pip install 'mnemic[openai-agents]'",
        name=error.name,
    ) from error

from mnemic.adapters.log import Entry, Log
from mnemic.adapters.toolbox import Toolbox
from mnemic.agent.memory import Memory
from mnemic.errors import InvalidInput

if TYPE_CHECKING:
    from agents import TResponseInputItem

SOURCE = "openai-agents"


class MnemicSession:
    """A session whose items are episodes: each verbatim, in order, and recalled like any other.

    `get_items` gives back exactly what was added: messages, calls of tools and their outputs,
    reasoning, images. `pop_item` and `clear_session` suppress: the items leave the session and
    every recall, and stay in the log.

    Args:
        session_id: the name of the conversation; the same name goes on where it stopped.
        memory: open for writing; stays the caller's to close.
        scope: where it is kept, such as "acme/ana".
        session_settings: how many items `get_items` returns where it is not told.

    Example:
        >>> session = MnemicSession("chat-7", memory, scope="acme/ana")   # doctest: +SKIP
        ... await Runner.run(agent, "Where do I live?", session=session)
    """

    def __init__(
        self,
        session_id: str,
        memory: Memory,
        *,
        scope: str,
        session_settings: SessionSettings | None = None,
    ) -> None:
        self.session_id = session_id
        self.session_settings: SessionSettings | None = session_settings or SessionSettings()
        self._log = Log(memory, scope=scope, source=SOURCE)
        self._log.ref(session_id)

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """The items in order; with a limit only the latest."""
        if limit is None and self.session_settings is not None:
            limit = self.session_settings.limit
        kept = await asyncio.to_thread(self._log.read, self.session_id, limit)
        return [one.value for one in kept]

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        """Adds items durably, in one transaction; a cancelled call finishes what it began."""
        entries = [Entry(item, said(item), _speaker(item)) for item in items]
        if entries:
            await asyncio.shield(asyncio.to_thread(self._log.append, self.session_id, entries))

    async def pop_item(self) -> TResponseInputItem | None:
        """Takes the latest item away and returns it; None where there is none."""
        return await asyncio.shield(asyncio.to_thread(self._pop))

    async def clear_session(self) -> None:
        """Takes all items away."""
        await asyncio.shield(asyncio.to_thread(self._clear))

    def _pop(self) -> TResponseInputItem | None:
        with self._log.turn:
            kept = self._log.read(self.session_id, last=1)
            self._log.hide(kept)
        return kept[0].value if kept else None

    def _clear(self) -> None:
        with self._log.turn:
            self._log.hide(self._log.read(self.session_id))


def memory_tools(
    memory: Memory,
    *,
    scope: str,
    session: str | None = None,
    speaker: str | None = "assistant",
    only: Sequence[str] = ("remember", "recall"),
) -> list[FunctionTool]:
    """Function tools for an agent's memory.

    Args:
        memory: open for writing; stays the caller's to close.
        scope: what they read and write; the model has no say in it.
        session: the session of what they remember.
        speaker: who is taken to have said it.
        only: which of "remember", "recall", "context" and "facts".

    Raises:
        InvalidInput: a tool that there is not.
    """
    box = Toolbox(memory, scope, SOURCE, speaker, session)

    async def remember(text: str) -> str:
        return await asyncio.to_thread(box.remember, text)

    async def recall(query: str, k: int = 5) -> str:
        return await asyncio.to_thread(box.recall, query, k)

    async def context(query: str, budget_tokens: int = 1500) -> str:
        return await asyncio.to_thread(box.context, query, budget_tokens)

    async def facts(about: str) -> str:
        return await asyncio.to_thread(box.facts, about)

    made: dict[str, FunctionTool] = {}
    for call in (remember, recall, context, facts):
        call.__doc__ = getattr(Toolbox, call.__name__).__doc__
        made[call.__name__] = function_tool(call, docstring_style="google")
    unknown = [name for name in only if name not in made]
    if unknown:
        raise InvalidInput(f"there is no tool {unknown[0]!r}; choose from {', '.join(made)}")
    return [made[name] for name in only]


def said(item: Any) -> str:
    """What an item says to people: its text, or its call, or its output."""
    if not isinstance(item, dict):
        return str(item)
    if item.get("type") == "function_call":
        return f"{item.get('name')}({item.get('arguments')})"
    for name in ("content", "output", "summary"):
        text = _spoken(item.get(name))
        if text:
            return text
    return f"[{item.get('type') or item.get('role') or 'item'}]"


def _spoken(content: Any) -> str:
    """The text of a content: a string, or a list of parts of which some have text."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        return ""
    texts = [
        part.get("text") or part.get("refusal") or part.get("transcript")
        for part in content
        if isinstance(part, dict)
    ]
    return "\n".join(text for text in texts if isinstance(text, str))


def _speaker(item: Any) -> str | None:
    if not isinstance(item, dict):
        return None
    role = item.get("role")
    if isinstance(role, str):
        return role
    kind = str(item.get("type") or "")
    return "tool" if kind.endswith("_output") else "assistant"
