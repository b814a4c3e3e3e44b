"""The fenced blocks of a Markdown page, and processes that run them one after the other."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_COMMENT = re.compile(r"<!-- (not run|run with): ?(.*?) ?-->\Z")
_DRIVER = """
import os, pathlib, sys, traceback
space = {"__name__": "__main__"}
for line in sys.stdin:
    path = pathlib.Path(line.rstrip("\\n"))
    try:
        exec(compile(path.read_text(encoding="utf-8"), path.name, "exec"), space)
    except BaseException:
        traceback.print_exc()
        sys.stdout.flush()
        os._exit(1)  # threads that a block started must not keep a failure from being told
    sys.stdout.flush()
    path.with_suffix(".done").touch()
"""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: `line` is where it begins.

    `not_run` is the reason in the comment before it, None where there is none; `replaced` is the
    pair of texts that makes the block fit the test (fewer steps, an id that is there).
    """

    page: str
    line: int
    language: str
    text: str
    not_run: str | None
    replaced: tuple[str, str] | None

    def code(self, port: int) -> str:
        """What runs; `{port}` in what is replaced stands for a port that is free."""
        if self.replaced is None:
            return self.text
        old, new = self.replaced
        return self.text.replace(old, new.replace("{port}", str(port)))


def free_port() -> int:
    """A port of loopback that nobody listens on just now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def blocks_of(page: str, markdown: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    lines = markdown.splitlines()
    number = 0
    while number < len(lines):
        if not lines[number].lstrip().startswith("```"):
            number += 1
            continue
        begin = number
        number += 1
        while number < len(lines) and lines[number].strip() != "```":
            number += 1
        found.append(_block(page, lines, begin, number))
        number += 1
    return found


def _block(page: str, lines: list[str], begin: int, end: int) -> Block:
    before = lines[begin - 1].strip() if begin else ""
    comment = _COMMENT.match(before)
    not_run = comment[2] if comment and comment[1] == "not run" else None
    replaced = None
    if comment and comment[1] == "run with":
        old, _, new = comment[2].partition(" => ")
        replaced = (old, new)
    text = "".join(f"{line}\n" for line in lines[begin + 1 : end])
    language = lines[begin].strip().removeprefix("```").strip()
    return Block(page, begin + 1, language, text, not_run, replaced)


class Runner:
    """A process that runs blocks in order and keeps what they leave: names, variables, servers."""

    def __init__(self, language: str, home: Path, environment: dict[str, str], port: int) -> None:
        self._port = port
        self._language = language
        self._folder = home / f".blocks-{language}"
        self._folder.mkdir()
        self._output = self._folder / "output"
        command = {
            "python": [sys.executable, "-c", _DRIVER],
            "sh": ["bash", "-euo", "pipefail"],
        }[language]
        with self._output.open("wb") as sink:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=sink, stderr=sink, cwd=home / "work",
                env=environment, start_new_session=True,
            )  # fmt: skip

    def run(self, block: Block, timeout_s: float = 60.0) -> None:
        """Runs a block to its end; fails with what it printed if it fails."""
        path = self._folder / f"{Path(block.page).stem}-line-{block.line}.{self._language}"
        code = block.code(self._port)
        path.write_text(code, encoding="utf-8")
        done = path.with_suffix(".done")
        line = (
            f"{path}\n"
            if self._language == "python"
            else f"source '{path}' </dev/null\ntouch '{done}'\n"
        )
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has failed: said below
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
        deadline = time.monotonic() + timeout_s
        while not done.exists():
            ended = self._process.poll() is not None
            if (ended and not done.exists()) or time.monotonic() > deadline:
                why = "failed" if ended else f"did not end within {timeout_s:.0f} s"
                printed = self._output.read_text(errors="replace")[-3000:]
                raise AssertionError(f"{block.page}:{block.line} {why}:\n{code}\n{printed}")
            time.sleep(0.01)

    def close(self) -> None:
        """Ends the process and everything it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()
