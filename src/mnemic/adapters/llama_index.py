"""A retriever and a memory block for LlamaIndex."""

from __future__ import annotations

import asyncio
from typing import Any

try:
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.base.llms.types import ChatMessage
    from llama_index.core.bridge.pydantic import Field, PrivateAttr
    from llama_index.core.memory import BaseMemoryBlock
    from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "mnemic.adapters.llama_index needs LlamaIndex, which is not installed; "
        "run pip install 'mnemic[llama-index]'",
        name=error.name,
    ) from error

from mnemic.adapters.log import Entry, Log
from mnemic.agent.memory import Memory
from mnemic.agent.records import Episode
from mnemic.agent.scopes import split_reach
from mnemic.errors import InvalidInput, InvalidScope

SOURCE = "llama-index"
_FOR_PROGRAMS = ["id", "scope", "session", "position", "source", "ref"]


class MnemicRetriever(BaseRetriever):
    """Episodes of a scope as nodes, for any query engine.

    A node's id is the episode's, its score the calibrated relevance, and its metadata tells the
    date and the speaker to the model, and everything else about the episode to programs.

    Args:
        memory: stays the caller's to close.
        scope: what is read; with `/*` all below too.
        k: how many nodes at most.
        asked: other arguments of `Memory.recall`, such as `abstain_below`.

    Example:
        >>> retriever = MnemicRetriever(memory, scope="acme/ana")         # doctest: +SKIP
        ... retriever.retrieve("Where does Ana live?")[0].text
        'I moved to Lisbon.'
    """

    def __init__(self, memory: Memory, *, scope: str, k: int = 10, **asked: Any) -> None:
        split_reach(scope)
        self._memory = memory
        self._scope = scope
        self._k = k
        self._recall_arguments = asked
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        try:
            found = self._memory.recall(
                query_bundle.query_str, scope=self._scope, k=self._k, **self._recall_arguments
            )
        except InvalidScope:  # the scope is sound: nothing was ever said there
            return []
        return [NodeWithScore(node=node_of(hit.episode), score=hit.relevance) for hit in found.hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class MnemicMemoryBlock(BaseMemoryBlock[str]):
    """A block for LlamaIndex's `Memory`: messages that leave its queue are kept for good.

    What is put is kept word for word as episodes, each whole message in the meta. What comes back
    is a context for the latest message of the user: dated, numbered lines within a budget.

    Args:
        memory: open for writing; stays the caller's to close, and is not serialised.
        scope: where the messages are kept and looked for, such as "acme/ana".
        budget_tokens: how long the context may be.

    Example:
        >>> block = MnemicMemoryBlock(memory=memory, scope="acme/ana")    # doctest: +SKIP
        ... chat = llama_index.core.memory.Memory.from_defaults(memory_blocks=[block])
    """

    name: str = Field(default="RememberedConversations", description="The name of the block.")
    memory: Any = Field(description="The mnemic.Memory.", exclude=True)
    scope: str = Field(description="Where messages are kept and looked for.")
    budget_tokens: int = Field(default=1500, description="How long the context may be.", gt=0)
    _log: Log = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Opens the log of messages."""
        super().model_post_init(context)
        if not isinstance(self.memory, Memory):
            raise InvalidInput(f"memory is {self.memory!r:.60}; pass a mnemic.Memory")
        self._log = Log(self.memory, scope=self.scope, source=SOURCE)

    async def _aget(self, messages: list[ChatMessage] | None = None, **block_kwargs: Any) -> str:
        asked = next(
            (one.content for one in reversed(messages or []) if one.role.value == "user"), None
        )
        if not asked or not asked.strip():
            return ""
        return await asyncio.to_thread(self._context, asked)

    async def _aput(self, messages: list[ChatMessage]) -> None:
        await asyncio.shield(asyncio.to_thread(self._keep, messages))

    def _context(self, asked: str) -> str:
        try:
            return self._log.memory.context(
                asked, scope=self.scope, budget_tokens=self.budget_tokens
            ).text
        except InvalidScope:  # nothing was ever said there
            return ""

    def _keep(self, messages: list[ChatMessage]) -> None:
        sessions: dict[str, list[Entry]] = {}
        for message in messages:
            value = message.model_dump(mode="json")
            session = value["additional_kwargs"].pop("session_id", None) or self.name
            text = message.content or "\n".join(f"[{one.block_type}]" for one in message.blocks)
            sessions.setdefault(str(session), []).append(Entry(value, text, message.role.value))
        for session, entries in sessions.items():
            self._log.append(session, entries)


def node_of(episode: Episode) -> TextNode:
    """An episode as a node; the model is shown its date and speaker."""
    about = {
        "said_at": episode.said_at.isoformat() if episode.said_at_known else None,
        "speaker": episode.speaker, "id": episode.id, "scope": episode.scope,
        "session": episode.session, "position": episode.position, "source": episode.source,
        "ref": episode.ref,
    }  # fmt: skip
    return TextNode(
        id_=episode.id,
        text=episode.text,
        metadata={name: value for name, value in about.items() if value is not None},
        excluded_llm_metadata_keys=_FOR_PROGRAMS,
        excluded_embed_metadata_keys=list(about),
    )
