"""Parsers in a process of their own, where a crash or an endless loop costs one file.

A module that is a worker runs `answer` in its `main`: a line of JSON in, a line of JSON out. The
other side is `Worker`.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

START_S_MAX = 120.0
MEMORY_BYTES_MAX = 6 << 30
_WORDS_CHARS_MAX = 300
_TOLD_CHARS_MAX = 20_000


def answer(ask: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answers requests on standard input until there are no more.

    What a parser prints goes to standard error: it is no answer. An exception ends the process, and
    its last line is the reason that the other side is told.
    """
    answers, sys.stdout = sys.stdout, sys.stderr
    answers.write('{"ready": true}\n')
    answers.flush()
    for line in sys.stdin:
        answers.write(json.dumps(ask(json.loads(line))) + "\n")
        answers.flush()


def limit_memory(limit: int = MEMORY_BYTES_MAX) -> None:
    """Makes an attempt to take more memory than that fail, where the system can."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    soft = limit if most == resource.RLIM_INFINITY else min(limit, most)
    resource.setrlimit(resource.RLIMIT_AS, (soft, most))


class Worker:
    """A process that answers; started at the first question, and again after each that ends it.

    Args:
        module: what it runs.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()
        self._said: IO[str] | None = None

    def ask(self, request: dict[str, Any], *, seconds: float) -> dict[str, Any]:
        """The answer, or `error`: why there is none."""
        if self._process is None and (failed := self._start()):
            return {"error": failed}
        process = self._process
        if process is None or process.stdin is None:
            return {"error": "its reader did not start"}
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        except OSError:
            return {"error": self._end("it cannot be read")}
        return self._answer(seconds)

    def close(self) -> None:
        """Ends the process, if there is one."""
        self._end("")

    def _start(self) -> str | None:
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        known = os.pathsep.join(filter(None, sys.path))
        self._process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
            [sys.executable, "-P", "-m", self._module],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True,
            encoding="utf-8", env={**os.environ, "PYTHONPATH": known, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
        self._answers = queue.Queue()
        threading.Thread(
            target=_pass_on, args=(self._process.stdout, self._answers), daemon=True
        ).start()
        told = self._answer(START_S_MAX)
        return None if told.get("ready") else str(told.get("error", "its reader did not start"))

    def _answer(self, seconds: float) -> dict[str, Any]:
        try:
            line = self._answers.get(timeout=seconds)
        except queue.Empty:
            self._end("")
            return {"error": f"reading it took longer than {seconds:.0f} s"}
        if not line:
            return {"error": self._end("it cannot be read")}
        told: dict[str, Any] = json.loads(line)
        return told

    def _end(self, what: str) -> str:
        """Ends the process; `what` and its last words, or the signal that ended it."""
        words = ""
        if self._process is not None:
            self._process.kill()
            code = self._process.wait()
            words = f"its reader was ended by signal {-code}" if code < 0 and what else ""
            if self._process.stdin is not None:
                with suppress(OSError):  # what it was not told any more
                    self._process.stdin.close()
            self._process = None
        if self._said is not None:
            self._said.seek(0)
            told = [
                line for line in self._said.read()[-_TOLD_CHARS_MAX:].splitlines() if line.strip()
            ]
            words = told[-1].strip()[:_WORDS_CHARS_MAX] if told else words
            self._said.close()
            self._said = None
        return f"{what}: {words}" if words else what


def _pass_on(stream: IO[str], answers: queue.Queue[str]) -> None:
    """Hands on each line, then an empty text for the end."""
    with stream:
        for line in stream:
            answers.put(line)
    answers.put("")
