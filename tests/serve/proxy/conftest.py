"""A scripted upstream and a proxy before it, for every test here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from proxy_upstream import Door, Upstream, served

from mnemic import Memory
from mnemic.serve.proxy.settings import ProxySettings


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    one = Upstream()
    yield one
    one.close()


@pytest.fixture
def opens(memory: Memory, upstream: Upstream) -> Iterator[Callable[..., Door]]:
    """Opens proxies before the upstream; settings by name."""
    with ExitStack() as stack:

        def opened(**settings: Any) -> Door:
            over = settings.pop("memory", memory)
            made = ProxySettings(upstream.url, **{"recall_s_max": 5.0, **settings})
            return stack.enter_context(served(over, made))

        yield opened


@pytest.fixture
def door(opens: Callable[..., Door]) -> Door:
    return opens()
