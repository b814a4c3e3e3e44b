"""A browser, and servers over made stores: real processes, words only, so that nothing is loaded."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from mnemic import Memory
from mnemic.agent.when import parse_moment
from mnemic.importers import Report, open_import
from mnemic.testing.fakes import FixedClock, HashEmbedder

EXAMPLE = Path(__file__).parents[3] / "examples/ana-and-ravi.jsonl"
SCOPE = "demo/chat"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip


@dataclass
class Served:
    """A server that runs, and the address of its page."""

    address: str
    process: subprocess.Popen[bytes]
    store: Path

    def at(self, hash_: str) -> str:
        """The address of a view."""
        return self.address + hash_

    def end(self) -> None:
        """Ends it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


@pytest.fixture(
    scope="module"
)  # its event loop runs until it is closed, which others could not bear
def chromium() -> Iterator[Any]:
    found = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if found is None:
        pytest.skip("no Chromium on this machine")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A tab that notes what went wrong in it: errors, violations of the policy, foreign requests."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 860}, locale="en-GB", timezone_id="UTC"
    )
    page = context.new_page()
    page.set_default_timeout(8_000)
    page.wrong = []
    page.asked = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on(
        "console", lambda said: page.wrong.append(said.text) if _is_violation(said.text) else None
    )
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("dialog", lambda dialog: (page.wrong.append("a dialog of the text"), dialog.dismiss()))
    yield page
    context.close()
    assert not page.wrong


def _is_violation(text: str) -> bool:
    return "Content Security Policy" in text or "Trusted" in text or "Refused to" in text


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's conversation, played as it happened, and slept on.

    The palace needs vectors: those of a fake embedder, which the servers do not have.
    """
    path = tmp_path_factory.mktemp("web") / "example.mnemic"
    clock = FixedClock(NOW)
    rows = list(open_import("jsonl", EXAMPLE, scope=SCOPE, report=Report()))
    with Memory(path, embedder=HashEmbedder(), clock=clock, background=False) as memory:
        for _, session in groupby(rows, key=lambda row: row["session"]):
            turns = list(session)
            clock.advance(max(map(_said, turns)) - clock.now())
            memory.remember_many(turns)
        memory.ready()
        clock.advance(NOW - clock.now())
        memory.sleep("demo/*")
    return path


def _said(turn: Any) -> datetime:
    return parse_moment(turn["said_at"])


@pytest.fixture(scope="session")
def shown(example: Path) -> Iterator[Served]:
    """A server over the example that no test changes."""
    with serving(example) as served:
        yield served


@pytest.fixture(scope="session")
def own(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over a copy of the example, to be changed; each test changes what no other reads."""
    path = tmp_path_factory.mktemp("own") / "own.mnemic"
    shutil.copy(example, path)
    with serving(path) as served:
        yield served


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path], Served]]:
    """Starts a server over a store; all end with the session."""
    with ExitStack() as running:
        yield lambda store: running.enter_context(serving(store))


@contextmanager
def serving(store: Path) -> Iterator[Served]:
    """A real server over a store, ended at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "mnemic.serve.cli", "serve", "--db", str(store), "--port", str(port), "--sleep-every", "off", "--log-level", "error"],
        env={**os.environ, "MNEMIC_MODEL_DIR": str(store.parent / "no-model")},
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    served = Served(f"http://127.0.0.1:{port}/", process, store)
    try:
        _wait(served)
        yield served
    finally:
        if process.poll() is None:
            served.end()


def _wait(served: Served) -> None:
    ends = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{served.address}readyz") as answer:
                json.load(answer)
                return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > ends or served.process.poll() is not None:
                raise
            time.sleep(0.1)
