"""A LangGraph agent whose long-term memory is a Mnemic file; runs offline."""

import tempfile
from pathlib import Path
from typing import TypedDict

from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime

from mnemic import Memory
from mnemic.adapters.langgraph import MnemicStore


class State(TypedDict):
    """What was said, and what was known of it before."""

    said: str
    known: list[str]


def note(state: State, runtime: Runtime) -> dict[str, list[str]]:
    """Looks for what bears on the words, then keeps them."""
    found = runtime.store.search(("notes",), query=state["said"])
    runtime.store.put(("notes",), state["said"], {"text": state["said"]})
    return {"known": [item.value["text"] for item in found]}


with Memory(Path(tempfile.mkdtemp()) / "agent.mnemic", embedder=None) as memory:
    graph = StateGraph(State).add_node("note", note).add_edge(START, "note")
    app = graph.compile(store=MnemicStore(memory, scope="acme/ana"))
    app.invoke({"said": "I moved to Lisbon.", "known": []})
    print(app.invoke({"said": "Who moved to Lisbon?", "known": []})["known"])
