"""An OpenAI Agents session and tools on a Mnemic file; a scripted model stands in for a real one."""

import asyncio
import tempfile
from pathlib import Path

from agents import Agent, RunConfig, Runner
from agents.testing import ScriptedModel, assistant_message, function_call

from mnemic import Memory
from mnemic.adapters.openai_agents import MnemicSession, memory_tools

MODEL = ScriptedModel(
    [
        [function_call("remember", {"text": "Ana moved to Lisbon."}, call_id="1")],
        [assistant_message("Noted.")],
        [function_call("recall", {"query": "Where did Ana move?"}, call_id="2")],
        [assistant_message("You live in Lisbon.")],
    ]
)


async def main(memory: Memory) -> None:
    """Two runs of one session."""
    agent = Agent("Assistant", model=MODEL, tools=[*memory_tools(memory, scope="acme/ana")])
    session = MnemicSession("chat-7", memory, scope="acme/ana")
    for words in ("I moved to Lisbon.", "Where do I live?"):
        config = RunConfig(tracing_disabled=True)
        print((await Runner.run(agent, words, session=session, run_config=config)).final_output)


with Memory(Path(tempfile.mkdtemp()) / "agent.mnemic", embedder=None) as opened:
    asyncio.run(main(opened))
