"""Pictures of the page for docs/: each view at desktop and phone width, from the example's conversation.

    python scripts/screenshots.py [--out docs/screenshots]

It plays examples/ana-and-ravi.jsonl as it happened, sleeps, corrects nothing, serves the store, and
looks at it with the machine's own Chromium. With Pillow the pictures get a palette, and are small.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from mnemic import Memory
from mnemic.agent.when import parse_moment
from mnemic.importers import Report, open_import
from mnemic.testing.fakes import FixedClock

ROOT = Path(__file__).resolve().parent.parent
SCOPE = "demo/chat"
NOW = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
WIDTHS = {1280: 860, 380: 780}
HEIGHT_MAX = {1280: 1100, 380: 1500}
COLOURS = 64
HERE = f"scope={SCOPE}"
VIEWS = {
    "search": f"#/search?q=Where+does+Ana+live+now%3F&{HERE}",
    "window": f"#/search?q=What+did+Ana+say+about+the+database+in+March%3F&{HERE}",
    "not-in-memory": f"#/search?q=Which+school+do+Ravi%27s+children+go+to%3F&abstain_below=0.5&{HERE}",
    "timeline": f"#/timeline?about=Ana&{HERE}",
    "palace": f"#/palace?{HERE}",
    "room": f"#/room?wing=Ana&room={{room}}&{HERE}",
    "episode": f"#/episode/s13:0?{HERE}",
    "facts": f"#/facts?{HERE}",
    "fact": f"#/fact/{{fact}}?{HERE}",
    "sleep": f"#/sleep?{HERE}",
    "run": f"#/run/1?{HERE}",
    "health": f"#/health?{HERE}",
}
DARK = ("search", "timeline")


def main() -> int:
    """Makes the pictures; 0 if all were made."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--out", type=Path, default=ROOT / "docs/screenshots")
    out: Path = asked.parse_args().out
    found = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if found is None:
        sys.stderr.write("no Chromium on this machine: install one, then run this again\n")
        return 1
    from playwright.sync_api import sync_playwright

    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        store = Path(folder) / "demo.mnemic"
        places = play(store)
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        with serving(store) as address:
            print(f"ready {ready_s(browser, address):.2f} s after it is opened")
            for name, hash_ in VIEWS.items():
                for width in WIDTHS:
                    picture(
                        browser,
                        address + hash_.format(**places),
                        out / f"{name}-{width}.png",
                        width,
                    )
            for name in DARK:
                picture(
                    browser, address + VIEWS[name], out / f"{name}-dark-1280.png", 1280, dark=True
                )
        browser.close()
    total = sum(one.stat().st_size for one in out.glob("*.png"))
    print(f"{len(list(out.glob('*.png')))} pictures, {total / 1e6:.2f} MB, in {out}")
    return 0


def play(store: Path) -> dict[str, str]:
    """Remembers the conversation as it happened, and sleeps; the places that have ids of their own."""
    clock = FixedClock(NOW)
    rows = open_import("jsonl", ROOT / "examples/ana-and-ravi.jsonl", scope=SCOPE, report=Report())
    with Memory(store, clock=clock) as memory:
        for _, session in groupby(rows, key=lambda row: row["session"]):
            turns = list(session)
            clock.advance(max(parse_moment(turn["said_at"]) for turn in turns) - clock.now())
            memory.remember_many(turns)
        clock.advance(NOW - clock.now())
        memory.ready()
        memory.sleep("demo/*")
        (fact,) = memory.facts("lives Almada", scope=SCOPE)
        return {"fact": fact.id, "room": memory.palace(SCOPE)["Ana"][0].room}


@contextlib.contextmanager
def serving(store: Path) -> Iterator[str]:
    """A server over the store, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mnemic.serve.cli", "serve", "--db", str(store)]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--sleep-every", "off", "--log-level", "error"],
        env=os.environ,
    )
    address = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(300):
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"{address}readyz").close()
                break
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def ready_s(browser: Any, address: str) -> float:
    """How long the page takes from nothing to the newest episodes; the least of five, in seconds."""
    took = []
    for _ in range(5):
        context = browser.new_context()
        page = context.new_page()
        began = time.perf_counter()
        page.goto(f"{address}#/search?{HERE}")
        page.get_by_text("Said last").wait_for()
        took.append(time.perf_counter() - began)
        context.close()
    return min(took)


def picture(browser: Any, address: str, path: Path, width: int, *, dark: bool = False) -> None:
    """One picture, as tall as the view but for a limit, with a palette where Pillow is there."""
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]}, locale="en-GB", timezone_id="UTC",
        color_scheme="dark" if dark else "light", reduced_motion="reduce",
    )  # fmt: skip
    page = context.new_page()
    page.goto(address)
    page.locator("main h1").wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    page.evaluate("document.activeElement.blur()")
    tall = min(HEIGHT_MAX[width], page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": width, "height": max(WIDTHS[width], tall)})
    page.wait_for_timeout(200)
    page.screenshot(path=path)
    context.close()
    with contextlib.suppress(ModuleNotFoundError):
        from PIL import Image

        with Image.open(path) as image:
            image.convert("RGB").quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
