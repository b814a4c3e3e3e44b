"""Mnemic behind the seams of agent frameworks, one framework a file; nothing is imported here.

- `mnemic.adapters.langgraph`: `MnemicStore`, a LangGraph `BaseStore`.
- `mnemic.adapters.llama_index`: `MnemicRetriever`, and `MnemicMemoryBlock` for LlamaIndex's `Memory`.
- `mnemic.adapters.pydantic_ai`: `memory_toolset`, and `MnemicConversationStore` for conversations.
- `mnemic.adapters.openai_agents`: `MnemicSession`, and `memory_tools` for agents of the OpenAI SDK.

Each needs its package: `pip install 'mnemic[langgraph]'`, `'mnemic[llama-index]'`,
`'mnemic[pydantic-ai]'`, `'mnemic[openai-agents]'`. An adapter translates and decides nothing; the
scope is the developer's, never the model's. The memory stays the caller's to close.
"""
