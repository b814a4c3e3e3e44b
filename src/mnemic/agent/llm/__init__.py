"""Claims by a language model, beside the rules: better where it is right, harmless where it lies.

settings.py   the endpoint, the key, the bounds of a run
prompt.py     turns of one session as data between random marks; what an answer may hold
ledger.py     what a call may cost is set aside before it, what it did cost is counted after
wire.py       one POST within so many bytes and seconds
client.py     a chat completion: manners of asking, retries, errors that quote nothing
check.py      an element of an answer → a claim that the episode bears out (quotes.py)
merge.py      with the rules' claims; what both say stands once
extractor.py  all of this as an Extractor that raises nothing
"""

from mnemic.agent.llm.client import ChatClient
from mnemic.agent.llm.extractor import LLM_VERSION, LLMExtractor
from mnemic.agent.llm.ledger import Spent
from mnemic.agent.llm.settings import LLMSettings, Secret

__all__ = ["LLM_VERSION", "ChatClient", "LLMExtractor", "LLMSettings", "Secret", "Spent"]
