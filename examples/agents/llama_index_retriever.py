"""A LlamaIndex query engine over a Mnemic file; a mock model repeats the prompt it is given."""

import tempfile
from pathlib import Path

from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import get_response_synthesizer

from mnemic import Memory
from mnemic.adapters.llama_index import MnemicRetriever

with Memory(Path(tempfile.mkdtemp()) / "agent.mnemic", embedder=None) as memory:
    memory.remember("I moved to Lisbon.", scope="acme/ana", speaker="Ana")
    retriever = MnemicRetriever(memory, scope="acme/ana", k=3)
    engine = RetrieverQueryEngine(retriever, get_response_synthesizer(llm=MockLLM()))
    answer = engine.query("Who moved to Lisbon?")
    print(answer.source_nodes[0].text)
