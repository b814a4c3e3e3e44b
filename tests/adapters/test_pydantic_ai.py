"""Pydantic AI's toolsets and conversation stores, driven by its own agents with test models."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent, BinaryContent
from pydantic_ai.conversation import Conversation
from pydantic_ai.conversation_store import (
    ConversationConflict,
    ConversationStore,
    InMemoryConversationStore,
)
from pydantic_ai.exceptions import UserError
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel

from mnemic import Memory
from mnemic.adapters.pydantic_ai import MnemicConversationStore, memory_toolset, said
from mnemic.errors import InvalidInput
from mnemic.testing.fakes import HashEmbedder

SCOPE = "acme/ana"

MESSAGES: list[ModelMessage] = [
    ModelRequest([SystemPromptPart("Be brief."), UserPromptPart("Where do I live?")]),
    ModelResponse([ThinkingPart("look"), ToolCallPart("recall", {"query": "live"}, "c1")]),
    ModelRequest([ToolReturnPart("recall", [{"text": "I moved to Lisbon."}], "c1")]),
    ModelResponse([TextPart("In Lisbon.")]),
    ModelRequest(
        [
            UserPromptPart(
                ["And this?", BinaryContent(b"\x00\xff" * 9, media_type="application/pdf")]
            )
        ]
    ),
]


@pytest.fixture
def store(memory: Memory) -> MnemicConversationStore:
    return MnemicConversationStore(memory, scope=SCOPE)


def test_the_test_model_can_call_every_tool(memory: Memory) -> None:
    """TestModel calls each tool with arguments made of its schema; none fails."""
    agent = Agent(TestModel(), toolsets=[memory_toolset(memory, scope=SCOPE)])
    result = asyncio.run(agent.run("go"))
    assert set(json.loads(result.output)) == {"remember", "recall", "context", "facts"}
    [kept] = memory.episodes(scope=SCOPE)
    assert (kept.source, kept.speaker) == ("pydantic-ai", "assistant")


def test_the_scope_is_no_argument_and_every_argument_is_explained(memory: Memory) -> None:
    seen: list[AgentInfo] = []

    def model(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        seen.append(info)
        return ModelResponse([TextPart("ok")])

    agent = Agent(FunctionModel(model), toolsets=[memory_toolset(memory, scope=SCOPE)])
    asyncio.run(agent.run("go"))
    tools = {tool.name: tool for tool in seen[0].function_tools}
    assert set(tools) == {"remember", "recall", "context", "facts"}
    for tool in tools.values():
        assert tool.description
        for name, schema in tool.parameters_json_schema["properties"].items():
            assert name != "scope"
            assert schema["description"]


def test_an_agent_recalls_what_it_was_told(memory: Memory) -> None:
    memory.remember("I moved to Lisbon.", scope=SCOPE, speaker="Ana")

    def model(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        last = messages[-1].parts[-1]
        if isinstance(last, ToolReturnPart):
            return ModelResponse([TextPart(last.model_response_str())])
        return ModelResponse([ToolCallPart("recall", {"query": "Where does Ana live?", "k": 999})])

    agent = Agent(FunctionModel(model), toolsets=[memory_toolset(memory, scope=SCOPE)])
    assert "I moved to Lisbon." in asyncio.run(agent.run("Where do I live?")).output


def test_bad_tools_are_refused(memory: Memory) -> None:
    with pytest.raises(InvalidInput, match="erase"):
        memory_toolset(memory, scope=SCOPE, only=["erase"])


def test_a_conversation_comes_back_whole(store: MnemicConversationStore, memory: Memory) -> None:
    """Messages of every kind, usage and labels; each message is an episode that says what was said."""

    async def work() -> None:
        await store.save(Conversation(messages=MESSAGES, conversation_id="c1"), scope="ana")
        found = await store.load("c1")
        assert found is not None
        assert found.messages == MESSAGES
        assert (await store.load("c1", scope="eve")) is None
        last = await store.load("c1", limit=2)
        assert last is not None
        assert last.messages == MESSAGES[-2:]

    asyncio.run(work())
    spoken = [one for one in memory.episodes(scope=SCOPE) if one.text != "∅"]
    assert [one.text for one in spoken] == [
        "Where do I live?",
        'recall({"query":"live"})',
        '[{"text":"I moved to Lisbon."}]',
        "In Lisbon.",
        "And this?\n[binary]",
    ]
    assert [one.speaker for one in spoken] == ["user", "assistant", "tool", "assistant", "user"]
    assert len({one.session for one in spoken}) == 1


def test_equal_messages_are_kept_apart(store: MnemicConversationStore) -> None:
    same: list[ModelMessage] = [MESSAGES[3]] * 4

    async def work() -> None:
        await store.save(Conversation(messages=same, conversation_id="c"))
        found = await store.load("c")
        assert found is not None
        assert len(found.messages) == 4

    asyncio.run(work())


async def walk(store: ConversationStore) -> list[Any]:
    """What a store gives in the course of a life: saves, a branch, a fork, conflicts, a delete."""
    seen: list[Any] = []

    async def look() -> None:
        for name in ("c", "f", "x"):
            found = await store.load(name)
            seen.append(None if found is None else [said(one) for one in found.messages])
        seen.append(
            {one.conversation_id: len(one.branches) for one in await store.list_conversations()}
        )
        seen.append([one.conversation_id for one in await store.list_conversations(scope="ana")])

    await look()
    first = Conversation(messages=MESSAGES[:2], conversation_id="c")
    await store.save(first, scope="ana")
    await look()
    again = await store.load("c")
    assert again is not None
    again.messages.extend(MESSAGES[2:4])
    await store.save(again)
    await look()
    with pytest.raises(ConversationConflict):
        await store.save(first)
    with pytest.raises(ConversationConflict):
        await store.save(Conversation(messages=[], conversation_id="c"))
    branched = await store.branch("c", at=1, expected_revision=again.revision)
    branched.messages.append(MESSAGES[3])
    await store.save(branched)
    await look()
    await store.fork("c", new_conversation_id="f")
    await look()
    await store.delete("c")
    await store.delete("c")
    await look()
    with pytest.raises(UserError):
        await store.branch("c", at=0, expected_revision=None)
    await store.save(Conversation(messages=MESSAGES[:1], conversation_id="c"))
    await look()
    return seen


def test_it_does_what_the_packages_own_store_does(store: MnemicConversationStore) -> None:
    assert asyncio.run(walk(store)) == asyncio.run(walk(InMemoryConversationStore()))


def test_of_two_savers_one_wins(memory: Memory) -> None:
    """Saves that began from the same revision: one is kept, the others are told of the conflict."""
    stores = [MnemicConversationStore(memory, scope=SCOPE) for _ in range(4)]

    async def save(store: MnemicConversationStore, number: int) -> bool:
        conversation = await store.load("c")
        assert conversation is not None
        await barrier.wait()
        conversation.messages.append(ModelResponse([TextPart(f"answer {number}")]))
        try:
            await store.save(conversation)
        except ConversationConflict:
            return False
        return True

    async def work() -> None:
        global barrier
        barrier = asyncio.Barrier(4)
        await stores[0].save(Conversation(messages=MESSAGES[:1], conversation_id="c"))
        for _ in range(3):
            won = await asyncio.gather(*(save(one, n) for n, one in enumerate(stores)))
            assert sum(won) == 1
            found = await stores[0].load("c")
            assert found is not None
            assert said(found.messages[-1]) == f"answer {won.index(True)}"

    asyncio.run(work())
    found = asyncio.run(stores[1].load("c"))
    assert found is not None
    assert len(found.messages) == 4


barrier: asyncio.Barrier


def test_an_agent_goes_on_after_a_restart(tmp_path: Path) -> None:
    """A run's result is saved, loaded by another opening of the file, and continued by the agent."""

    def model(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse([TextPart(f"I have seen {len(messages)} messages")])

    def run(prompt: str) -> str:
        async def work(store: MnemicConversationStore) -> str:
            before = await store.load("c") or Conversation(conversation_id="c")
            result = await Agent(FunctionModel(model)).run(prompt, conversation=before)
            await store.save(result)
            return str(result.output)

        with Memory(tmp_path / "a.mnemic", embedder=HashEmbedder()) as memory:
            return asyncio.run(work(MnemicConversationStore(memory, scope=SCOPE)))

    assert run("I moved to Lisbon.") == "I have seen 1 messages"
    assert run("Where do I live?") == "I have seen 3 messages"
    with Memory(tmp_path / "a.mnemic", embedder=HashEmbedder()) as memory:
        assert memory.recall("Lisbon", scope=SCOPE).hits[0].episode.text == "I moved to Lisbon."


def test_nothing_kept_is_nothing_found(store: MnemicConversationStore) -> None:
    assert asyncio.run(store.load("none")) is None
    assert asyncio.run(store.list_conversations()) == []
    with pytest.raises(LookupError, match="none"):
        asyncio.run(store.read_entry("none"))
