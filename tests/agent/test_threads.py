"""Threads share a memory: what one of them reads is not spoilt by what another does at the same time."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from mnemic.agent.terms import _stem, terms_of

ENDINGS = ("ing", "ations", "ness", "fully", "edly", "izers", "ies", "s", "ousness")


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads that give way at every few steps."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hurried")
def test_words_that_are_stemmed_at_once_have_the_stems_they_have_alone() -> None:
    words = [f"{first}{middle}{ending}" for first in ("relat", "condit", "hop", "gener") for middle in ("", "i", "or", "al") for ending in ENDINGS]  # fmt: skip
    alone = [_stem.__wrapped__(word) for word in words]
    wrong: list[object] = []

    def again() -> None:
        for _ in range(20):
            try:
                if [_stem.__wrapped__(word) for word in words] != alone:
                    wrong.append("a stem is another")
            except IndexError as error:
                wrong.append(error)

    threads = [threading.Thread(target=again) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert terms_of("Relations") == ["relat"]
