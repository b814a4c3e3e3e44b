"""A Pydantic AI agent with a memory; its TestModel, which calls every tool, stands in for a real one."""

import asyncio
import tempfile
from pathlib import Path

from pydantic_ai import Agent
from pydantic_ai.conversation import Conversation
from pydantic_ai.models.test import TestModel

from mnemic import Memory
from mnemic.adapters.pydantic_ai import MnemicConversationStore, memory_toolset


async def main(memory: Memory) -> None:
    """A conversation that is saved, loaded and continued."""
    agent = Agent(TestModel(), toolsets=[memory_toolset(memory, scope="acme/ana")])
    store = MnemicConversationStore(memory, scope="acme/ana")
    for words in ("I moved to Lisbon.", "Where do I live?"):
        before = await store.load("chat-7") or Conversation(conversation_id="chat-7")
        await store.save(await agent.run(words, conversation=before))
    kept = await store.load("chat-7")
    print(len(kept.messages if kept else []), "messages")


with Memory(Path(tempfile.mkdtemp()) / "agent.mnemic", embedder=None) as opened:
    asyncio.run(main(opened))
