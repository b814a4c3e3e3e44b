"""A scripted endpoint, and settings that reach it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mnemic.agent.llm import LLMSettings, Secret
from mnemic.testing.fakes import ScriptedEndpoint


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    made = ScriptedEndpoint()
    yield made
    made.close()


@pytest.fixture
def key() -> str:
    return "sk-loopback-4711"


@pytest.fixture
def settings(endpoint: ScriptedEndpoint, key: str) -> Callable[..., LLMSettings]:
    def make(**changed: Any) -> LLMSettings:
        given: dict[str, Any] = {
            "base_url": endpoint.url,
            "model": "scripted",
            "key": Secret(key),
            "backoff_s": 0.01,
            "silence_s_max": 0.2,
            "call_s_max": 0.4,
            "connect_s_max": 0.5,
            "retries": 1,
        }
        return LLMSettings(**(given | changed))

    return make
