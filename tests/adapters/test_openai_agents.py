"""Sessions and tools of the OpenAI Agents SDK, driven by its own runner with a scripted model."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, RunConfig, Runner
from agents.memory import Session, SessionSettings, SQLiteSession
from agents.testing import ScriptedModel, assistant_message, function_call
from hypothesis import given, settings
from hypothesis import strategies as st

from mnemic import Memory
from mnemic.adapters.openai_agents import MnemicSession, memory_tools, said
from mnemic.adapters.toolbox import EMPTY, NO_FIT, Toolbox
from mnemic.errors import InvalidInput, InvalidScope

SCOPE = "acme/ana"
QUIET = RunConfig(tracing_disabled=True)

ITEMS: list[Any] = [
    {"role": "user", "content": "Where do I live?"},
    {"type": "reasoning", "id": "r1", "summary": [{"type": "summary_text", "text": "look"}]},
    {"type": "function_call", "call_id": "c1", "name": "recall", "arguments": '{"query": "live"}'},
    {"type": "function_call_output", "call_id": "c1", "output": "In Lisbon.\x00\ud800"},
    {"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AA"}]},
    {"id": "m1", "type": "message", "role": "assistant", "status": "completed",
     "content": [{"type": "output_text", "text": "In Lisbon.", "annotations": []}]},
    {"role": "user", "content": ""},
]  # fmt: skip

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def session(memory: Memory) -> MnemicSession:
    return MnemicSession("chat-7", memory, scope=SCOPE)


def test_it_is_a_session(session: MnemicSession) -> None:
    assert isinstance(session, Session)
    assert asyncio.run(session.get_items()) == []
    assert asyncio.run(session.pop_item()) is None


def test_items_come_back_exactly_and_in_order(session: MnemicSession, memory: Memory) -> None:
    """Calls, outputs, images and empty words are as they were added."""

    async def work() -> None:
        await session.add_items(ITEMS[:3])
        await session.add_items(ITEMS[3:])
        found = await session.get_items()
        assert found == ITEMS
        assert await session.get_items(limit=2) == ITEMS[-2:]
        assert await session.get_items(limit=0) == []
        assert await session.get_items(limit=99) == ITEMS

    asyncio.run(work())
    kept = list(memory.episodes(scope=SCOPE))
    assert [one.speaker for one in kept] == [
        "user", "assistant", "assistant", "tool", "user", "assistant", "user",
    ]  # fmt: skip
    assert kept[2].text == 'recall({"query": "live"})'
    assert {one.source for one in kept} == {"openai-agents"}
    assert [one.position for one in kept] == list(range(7))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.dictionaries(st.text(), values, max_size=4), max_size=5), st.data())
def test_it_does_what_the_sdks_own_session_does(
    tmp_path_factory: pytest.TempPathFactory, items: list[Any], data: st.DataObject
) -> None:
    """Adds, pops and clears in any order leave the same items as in SQLiteSession."""
    steps = data.draw(st.lists(st.sampled_from(["add", "pop", "clear", "get"]), max_size=6))

    async def work(memory: Memory) -> None:
        ours, theirs = MnemicSession("s", memory, scope="a"), SQLiteSession("s")
        for step in steps:
            for_both: list[Any] = []
            for one in (ours, theirs):
                if step == "add":
                    for_both.append(await one.add_items(items))
                elif step == "pop":
                    for_both.append(await one.pop_item())
                elif step == "clear":
                    for_both.append(await one.clear_session())
                else:
                    for_both.append(await one.get_items(2))
            assert for_both[0] == for_both[1]
        assert await ours.get_items() == await theirs.get_items()
        theirs.close()

    path = tmp_path_factory.mktemp("s") / "a.mnemic"
    with Memory(path, embedder=None, background=False) as memory:
        asyncio.run(work(memory))


def test_a_large_item_lies_in_parts_and_comes_back_whole(session: MnemicSession) -> None:
    image = {"role": "user", "content": [{"type": "input_image", "image_url": "é" * 700_000}]}

    async def work() -> None:
        await session.add_items([ITEMS[0], image, ITEMS[1]])  # type: ignore[list-item]
        assert await session.get_items() == [ITEMS[0], image, ITEMS[1]]
        assert await session.get_items(2) == [image, ITEMS[1]]
        await session.pop_item()
        assert await session.pop_item() == image
        assert await session.get_items() == [ITEMS[0]]

    asyncio.run(work())


def test_what_is_popped_or_cleared_leaves_recall_and_stays_in_the_log(
    session: MnemicSession, memory: Memory
) -> None:
    async def work() -> None:
        await session.add_items([{"role": "user", "content": "walnut cake"}])
        await session.pop_item()
        await session.add_items([{"role": "user", "content": "walnut cake"}])
        assert len(await session.get_items()) == 1
        await session.clear_session()
        assert await session.get_items() == []

    asyncio.run(work())
    assert memory.recall("walnut", scope=SCOPE).hits == []
    assert len(list(memory.episodes(scope=SCOPE))) == 2
    assert memory.verify().clean


def test_sessions_are_apart_and_writers_lose_nothing(memory: Memory) -> None:
    one, other = (MnemicSession(name, memory, scope=SCOPE) for name in ("a", "b"))

    async def work() -> None:
        same: Any = [{"role": "user", "content": "yes"}]
        await asyncio.gather(*(one.add_items(same) for _ in range(20)))
        assert len(await one.get_items()) == 20
        assert await other.get_items() == []

    asyncio.run(work())


def test_settings_limit_what_is_read(memory: Memory) -> None:
    session = MnemicSession("s", memory, scope=SCOPE, session_settings=SessionSettings(limit=1))
    asyncio.run(session.add_items(ITEMS))
    assert asyncio.run(session.get_items()) == ITEMS[-1:]


def test_bad_names_are_refused(memory: Memory) -> None:
    with pytest.raises(InvalidScope):
        MnemicSession("s", memory, scope="a/../b")
    with pytest.raises(InvalidInput, match="no string"):
        MnemicSession(7, memory, scope="a")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="forget"):
        memory_tools(memory, scope="a", only=["forget"])


def test_an_agent_remembers_recalls_and_goes_on(tmp_path: Path) -> None:
    """The runner calls the tools, and a later run with the same session sees the first one."""
    path = tmp_path / "agent.mnemic"

    def run(question: str, *steps: Any) -> tuple[str, ScriptedModel]:
        model = ScriptedModel(list(steps))
        with Memory(path, embedder=None) as memory:
            agent = Agent("a", model=model, tools=list(memory_tools(memory, scope=SCOPE)))
            session = MnemicSession("chat", memory, scope=SCOPE)
            result = asyncio.run(Runner.run(agent, question, session=session, run_config=QUIET))
            return str(result.final_output), model

    answer, _ = run(
        "Remember that I moved to Lisbon.",
        [function_call("remember", {"text": "Ana moved to Lisbon."}, call_id="c1")],
        [assistant_message("Noted.")],
    )
    assert answer == "Noted."
    answer, model = run(
        "Where do I live?",
        [function_call("recall", {"query": "Where did Ana move?", "k": 3}, call_id="c2")],
        [assistant_message("Lisbon.")],
    )
    assert answer == "Lisbon."
    seen = model.calls[-1].input
    assert "Ana moved to Lisbon." in seen[-1]["output"]
    assert [one["content"] for one in seen if one.get("role") == "user"] == [
        "Remember that I moved to Lisbon.",
        "Where do I live?",
    ]
    tool = model.calls[0].tools[0]
    assert "scope" not in json.dumps(tool.params_json_schema)  # type: ignore[union-attr]


def test_every_tool_answers_an_empty_memory(memory: Memory) -> None:
    model = ScriptedModel(
        [
            [function_call("recall", {"query": "x"}, call_id="c3")],
            [function_call("context", {"query": "x"}, call_id="c4")],
            [function_call("facts", {"about": "x"}, call_id="c5")],
            [assistant_message("Nothing.")],
        ]
    )
    tools = memory_tools(memory, scope="new", only=["recall", "context", "facts"])
    agent = Agent("a", model=model, tools=list(tools))
    asyncio.run(Runner.run(agent, "?", run_config=QUIET))
    outputs = [one["output"] for one in model.calls[-1].input if "output" in one]
    assert outputs == ["Nothing is remembered yet."] * 3


def test_what_a_tool_is_asked_wrongly_is_answered_in_words(memory: Memory) -> None:
    """A model that passes nonsense is told what is wrong, and the run goes on."""
    box = Toolbox(memory, SCOPE, "test")
    assert "empty" in box.remember("  ")
    assert box.recall("x") == EMPTY
    box.remember("Ana lives in Lisbon.")
    assert box.recall("").startswith("Not looked for: ")
    assert "Ana lives in Lisbon." in box.recall("Lisbon", k=-3)
    assert box.context("Lisbon", budget_tokens=1) == NO_FIT
    assert box.facts("Ana") == NO_FIT


def test_facts_are_told_with_their_confidence(memory: Memory) -> None:
    memory.remember(
        "I live in Porto.", scope=SCOPE, speaker="Ana", said_at="2026-01-10T10:00:00Z",
        source="user",
    )  # fmt: skip
    memory.sleep()
    line = Toolbox(memory, SCOPE, "test").facts("Ana")
    assert "Porto" in line
    assert "unverified" in line


def test_text_that_only_quotes_a_recall_is_still_an_item(session: MnemicSession) -> None:
    """Whatever a memory makes of words it gave itself, the session holds the item."""
    item: Any = {"role": "user", "content": "[1 9f8e7d6c1a2b] (2026-03-02) Ana: I moved."}
    asyncio.run(session.add_items([item]))
    assert asyncio.run(session.get_items()) == [item]


def test_every_item_says_something() -> None:
    assert [said(item) for item in ITEMS][4:] == ["[user]", "In Lisbon.", "[user]"]
    assert (
        said({"type": "computer_call_output", "output": {"type": "x"}}) == "[computer_call_output]"
    )


def test_two_sessions_of_one_name_lose_nothing_and_pop_nothing_twice(memory: Memory) -> None:
    """Also where the clock stands still, so that what is added differs by its place alone."""

    async def both() -> tuple[list[Any], list[Any], list[Any]]:
        one = MnemicSession("chat", memory, scope=SCOPE)
        other = MnemicSession("chat", memory, scope=SCOPE)
        said = {"role": "user", "content": "hi"}
        await asyncio.gather(*(each.add_items([said]) for each in (one, other) * 15))
        added = await one.get_items()
        popped = await asyncio.gather(*(each.pop_item() for each in (one, other) * 5))
        return added, popped, await other.get_items()

    added, popped, left = asyncio.run(both())
    assert (len(added), len(popped), len(left)) == (30, 10, 20)
