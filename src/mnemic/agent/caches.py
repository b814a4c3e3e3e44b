"""What this process keeps of texts to be quick, and how it lets go of them."""

from __future__ import annotations

from mnemic.agent import terms
from mnemic.agent.channels.graph import node_of
from mnemic.agent.protocols import Embedder, Forgetful
from mnemic.agent.sleep import entities
from mnemic.agent.view import name_terms


def forget_texts(embedder: Embedder | None) -> None:
    """Lets go of every text and word that was read, in this process, by whichever memory.

    An erased password is one word: the caches of single words are emptied too. They fill again as
    words are read; nothing else changes.
    """
    terms.forget()
    node_of.cache_clear()
    entities.shape.cache_clear()
    name_terms.cache_clear()
    keeper: object = embedder
    if isinstance(keeper, Forgetful):
        keeper.forget()
