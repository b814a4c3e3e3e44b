"""After an erasure no cache of the process knows the text: no vector by its text, no word of it."""

from __future__ import annotations

import functools
import gc
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnemic import Memory
from mnemic.agent.embed.minilm import MiniLM

SECRET = "Xylquorphin77"
TEXT = f"the old password is {SECRET}"


def _cached_words() -> list[str]:
    """Where any function of the process with a cache has the secret among what it was asked."""
    return [
        wrapper.__qualname__
        for wrapper in gc.get_objects()
        if type(wrapper) is functools._lru_cache_wrapper
        for kept in gc.get_referents(wrapper)
        if isinstance(kept, dict)
        if any(SECRET.casefold() in str(key).casefold() for key in kept)
    ]


def test_erased_text_is_in_no_cache(tmp_path: Path, model: MiniLM) -> None:
    """Neither as the text of a vector nor as a word; the same recall gives the same answer after."""
    with Memory(tmp_path / "a.mnemic", embedder=model, background=False) as memory:
        id_ = memory.remember(TEXT, scope="a", speaker=f"{SECRET} Smith")
        memory.remember("tea is hot", scope="a")
        memory.ready()
        memory.sleep()
        memory.recall(TEXT, scope="a")
        before = memory.recall("tea", scope="a").hits[0].episode
        assert TEXT in model._asked
        assert _cached_words()
        memory.erase(id_, scope="a")
        assert not [text for text in model._asked if SECRET in text]
        assert _cached_words() == []
        assert memory.recall("tea", scope="a").hits[0].episode == before


def test_a_text_that_is_being_read_when_all_is_forgotten_is_not_kept(model: MiniLM) -> None:
    """Its vector is given, and not kept."""
    reading, forgotten = threading.Event(), threading.Event()

    class Slow(MiniLM):
        def _embed(self, texts: object) -> NDArray[np.float32]:
            reading.set()
            assert forgotten.wait(60)
            return np.ones((1, self.dimension), dtype=np.float32)

    slow = Slow(Path("nowhere"), space="slow", dimension=4)
    found: list[NDArray[np.float32]] = []
    thread = threading.Thread(target=lambda: found.append(slow.embed([TEXT])))
    thread.start()
    assert reading.wait(60)
    slow.forget()
    forgotten.set()
    thread.join()
    assert found[0].shape == (1, 4)
    assert not slow._asked
