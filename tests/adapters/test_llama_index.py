"""LlamaIndex's retrievers and memory blocks, in its own query engine, memory and agent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from llama_index.core.agent import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM, MockLLM
from llama_index.core.memory import Memory as ChatMemory
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import get_response_synthesizer
from llama_index.core.schema import MetadataMode
from llama_index.core.tools import QueryEngineTool

from mnemic import Memory
from mnemic.adapters.llama_index import MnemicMemoryBlock, MnemicRetriever
from mnemic.errors import InvalidScope

SCOPE = "acme/ana"


def words(text: str) -> list[str]:
    """A tokenizer that needs no download."""
    return text.split()


@pytest.fixture
def full(memory: Memory) -> Memory:
    for number, text in enumerate(
        ["I moved to Lisbon.", "The cat sleeps.", "Walnut cake is good."]
    ):
        memory.remember(
            text, scope=SCOPE, speaker="Ana", session="s1", position=number, source="user",
            ref=f"D{number}", said_at="2026-03-02T10:00:00Z",
        )  # fmt: skip
    memory.ready()
    return memory


def test_nodes_are_episodes_with_their_relevance(full: Memory) -> None:
    nodes = MnemicRetriever(full, scope=SCOPE, k=2).retrieve("Where did Ana move?")
    hits = full.recall("Where did Ana move?", scope=SCOPE, k=2).hits
    assert [one.node_id for one in nodes] == [hit.episode.id for hit in hits]
    assert [one.score for one in nodes] == [hit.relevance for hit in hits]
    assert nodes[0].text == "I moved to Lisbon."
    assert nodes[0].metadata == {
        "said_at": "2026-03-02T10:00:00+00:00", "speaker": "Ana", "id": hits[0].episode.id,
        "scope": SCOPE, "session": "s1", "position": 0, "source": "user", "ref": "D0",
    }  # fmt: skip
    shown = nodes[0].node.get_content(metadata_mode=MetadataMode.LLM)
    assert "speaker: Ana" in shown
    assert "scope" not in shown
    assert nodes[0].node.get_content(metadata_mode=MetadataMode.EMBED) == "I moved to Lisbon."


def test_async_retrieval_is_the_same_and_reaches_below(full: Memory) -> None:
    retriever = MnemicRetriever(full, scope="acme/*", k=1)
    found = asyncio.run(retriever.aretrieve("walnut"))
    assert [one.text for one in found] == ["Walnut cake is good."]


def test_an_empty_scope_gives_no_nodes_and_a_bad_one_an_error(memory: Memory) -> None:
    assert MnemicRetriever(memory, scope="new").retrieve("anything") == []
    with pytest.raises(InvalidScope):
        MnemicRetriever(memory, scope="/")


def test_arguments_of_recall_pass_through(full: Memory) -> None:
    assert MnemicRetriever(full, scope=SCOPE, abstain_below=1.0).retrieve("zebra crossing") == []


def test_a_query_engine_answers_from_memory(full: Memory) -> None:
    """The engine puts the nodes into the prompt of its model; as a tool it is called the same way."""
    llm = MockLLM()
    engine = RetrieverQueryEngine(
        MnemicRetriever(full, scope=SCOPE, k=1), get_response_synthesizer(llm=llm)
    )
    answer = engine.query("Where did Ana move?")
    assert [one.text for one in answer.source_nodes] == ["I moved to Lisbon."]
    assert "I moved to Lisbon." in str(answer)  # the mock repeats its prompt
    tool = QueryEngineTool.from_defaults(engine, name="memory", description="what Ana said")
    assert "I moved to Lisbon." in str(tool.call(input="Where did Ana move?"))


def chat(block: MnemicMemoryBlock) -> ChatMemory:
    return ChatMemory.from_defaults(
        session_id="chat-7", token_limit=60, token_flush_size=10, memory_blocks=[block],
        tokenizer_fn=words,
    )  # fmt: skip


async def close(conversation: ChatMemory) -> None:
    """Closes what LlamaIndex's own chat store leaves open."""
    await conversation.sql_store._async_engine.dispose()  # type: ignore[attr-defined]


def test_what_leaves_the_queue_is_remembered_and_comes_back(memory: Memory) -> None:
    """Messages pushed out of the chat's queue are episodes, and return as context when asked for."""
    filler = "so many words about the weather of today and other small things"
    turns = ["I moved to Lisbon.", "Noted."] + [filler, "Right."] * 6

    async def work() -> list[ChatMessage]:
        conversation = chat(MnemicMemoryBlock(memory=memory, scope=SCOPE))
        for number, text in enumerate(turns):
            role = MessageRole.ASSISTANT if number % 2 else MessageRole.USER
            await conversation.aput(ChatMessage(text, role=role))
        memory.ready()
        found = await conversation.aget(input="Where did I move?")
        await close(conversation)
        return found

    found = asyncio.run(work())
    assert found[0].role == MessageRole.SYSTEM
    assert "I moved to Lisbon." in str(found[0].content)
    kept = list(memory.episodes(scope=SCOPE))
    assert [one.text for one in kept[:2]] == ["I moved to Lisbon.", "Noted."]
    assert [one.speaker for one in kept[:2]] == ["user", "assistant"]
    assert {one.session for one in kept} == {"chat-7"}
    assert {one.source for one in kept} == {"llama-index"}
    assert [one.position for one in kept] == list(range(len(kept)))


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning:inspect")
def test_an_agent_calls_the_memory_and_is_given_its_block(full: Memory) -> None:
    """LlamaIndex's agent, with a model that calls the retriever as a tool, then answers from it."""
    retriever = MnemicRetriever(full, scope=SCOPE, k=1)
    prompts: list[str] = []

    async def recall(query: str) -> str:
        """What was said before."""
        return "\n".join(one.text for one in await retriever.aretrieve(query))

    def model(messages: Sequence[ChatMessage], **_: Any) -> ChatMessage:
        prompts.append("\n".join(str(one.content) for one in messages))
        if messages[-1].role == MessageRole.TOOL:
            return ChatMessage(f"You said: {messages[-1].content}", role=MessageRole.ASSISTANT)
        call = ToolCallBlock(tool_call_id="c1", tool_name="recall", tool_kwargs={"query": "moved"})
        return ChatMessage(role=MessageRole.ASSISTANT, blocks=[call])

    async def work() -> str:
        conversation = chat(MnemicMemoryBlock(memory=full, scope=SCOPE))
        agent = FunctionAgent(tools=[recall], llm=MockFunctionCallingLLM(response_generator=model))
        answer = await agent.run("Is walnut cake good?", memory=conversation)
        await close(conversation)
        return str(answer)

    assert asyncio.run(work()) == "You said: I moved to Lisbon."
    assert "Walnut cake is good." in prompts[0]


def test_a_message_is_kept_whole_and_not_changed(memory: Memory) -> None:
    block = MnemicMemoryBlock(memory=memory, scope=SCOPE)
    message = ChatMessage(
        role=MessageRole.USER, blocks=[ImageBlock(image=b"aGk=", image_mimetype="image/png")],
        additional_kwargs={"n": 1},
    )  # fmt: skip
    asyncio.run(block.aput([message], session_id="s"))
    [episode] = memory.episodes(scope=SCOPE)
    assert episode.text == "[image]"
    assert episode.session == "s"
    assert ChatMessage.model_validate(episode.meta["value"]).blocks == message.blocks


def test_without_a_question_there_is_no_context(full: Memory) -> None:
    block = MnemicMemoryBlock(memory=full, scope=SCOPE)
    assert asyncio.run(block.aget([])) == ""
    assert asyncio.run(block.aget([ChatMessage("moved", role=MessageRole.ASSISTANT)])) == ""
    assert asyncio.run(block.aget([ChatMessage("  ", role=MessageRole.USER)])) == ""
    empty = MnemicMemoryBlock(memory=full, scope="new")
    assert asyncio.run(empty.aget([ChatMessage("moved?", role=MessageRole.USER)])) == ""


def test_a_budget_is_held_and_bad_arguments_are_refused(full: Memory) -> None:
    question = [ChatMessage("Who moved to Lisbon?", role=MessageRole.USER)]
    small, large = (
        asyncio.run(MnemicMemoryBlock(memory=full, scope=SCOPE, budget_tokens=n).aget(question))
        for n in (2, 500)
    )
    assert small == ""
    assert "I moved to Lisbon." in large
    with pytest.raises(ValueError, match=r"pass a mnemic\.Memory"):
        MnemicMemoryBlock(memory="a.mnemic", scope=SCOPE)
    with pytest.raises(ValueError, match="segment"):
        MnemicMemoryBlock(memory=full, scope="a/../b")
    with pytest.raises(ValueError, match="budget_tokens"):
        MnemicMemoryBlock(memory=full, scope=SCOPE, budget_tokens=0)
    assert "memory" not in MnemicMemoryBlock(memory=full, scope=SCOPE).model_dump()
