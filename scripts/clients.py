"""Real coding agents against Mnemic: Claude Code, Codex and Gemini CLI, with a model that is a script.

    python scripts/clients.py [--into FOLDER] [claude-code] [codex] [gemini]

It fetches the clients with npm into a folder, tells each of Mnemic with `mnemic mcp install`, and runs
two sessions in a new project with a home of its own, of which the second is resumed. What reaches the
model is checked: the brief of the first, by the hook at a session's start, and what the tool `recall`
gives. So is what is kept: the words of both, once, and nothing that memory gave. Claude Code and Codex
then talk through `mnemic proxy`. No model is asked and no account is needed.

What a user does once by hand is set: Codex's trust in hooks (--dangerously-bypass-hook-trust) and its
patience with servers (10 s), Gemini CLI's trust in the folder (a variable) and its consent to tools
(--yolo), Claude Code's consent to ours (--allowedTools).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from mnemic import Memory
from mnemic.agent.embed.build import cache_folder
from mnemic.errors import UnknownScope

FIRST, SECOND = "Paint the lamp green: Ravi likes green.", "Which colour does Ravi like?"
THIRD = "Paint the door blue."
ANSWERS = {
    FIRST: "The lamp is green now.",
    SECOND: "Green, as far as I know.",
    THIRD: "The door is blue now.",
}
LATE_S = 3
"""How long to wait for what should not be kept."""
ASKED = {"query": "What did Ravi say of the lamp?"}
PACKAGES = {
    "claude-code": ("@anthropic-ai/claude-code", "2.1.197"),
    "codex": ("@openai/codex", "0.169.0"),
    "gemini": ("@google/gemini-cli", "0.61.0"),
}
COMMANDS = {
    "claude-code": ("claude", "--allowedTools", "mcp__mnemic", "-p"),
    "codex": ("codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-hook-trust"),
    "gemini": ("gemini", "--yolo", "-p"),
}
RESUMED = {
    "claude-code": ("claude", "--continue", *COMMANDS["claude-code"][1:]),
    "codex": (*COMMANDS["codex"], "resume", "--last"),
    "gemini": ("gemini", "--resume", "latest", *COMMANDS["gemini"][1:]),
}
CODEX_PROVIDER = """model = "scripted"
model_provider = "scripted"
mcp_optional_startup_grace_ms = 10000
[model_providers.scripted]
name = "scripted"
base_url = "{url}/v1"
wire_api = "responses"

"""


@dataclass
class Model:
    """Answers in three APIs: calls `recall` once where it has the tool and is asked, then says its line."""

    asked: list[Any] = field(default_factory=list)
    recalls: bool = False
    line: str = ""

    def answer(self, path: str, body: Mapping[str, Any]) -> tuple[str, bytes]:
        """The type and the bytes of an answer."""
        self.asked.append(body)
        if "/messages" in path:
            return "text/event-stream", _messages(self, body)
        if "/responses" in path:
            return "text/event-stream", _responses(self, body)
        return _generated(self, path, body)

    def calls(self, body: Mapping[str, Any], tool: str, answered: str) -> bool:
        """Whether it is to call a tool now."""
        said = json.dumps(body)
        return self.recalls and f'"{tool}"' in said and answered not in said


def _events(events: list[dict[str, Any]]) -> bytes:
    return b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events)


def _messages(model: Model, body: Mapping[str, Any]) -> bytes:
    tool = "mcp__mnemic__recall"
    calls = model.calls(body, tool, '"tool_result"')
    block = {"type": "tool_use", "id": "toolu_1", "name": tool, "input": {}}
    piece = {"type": "input_json_delta", "partial_json": json.dumps(ASKED)}
    if not calls:
        block, piece = (
            {"type": "text", "text": ""},
            {"type": "text_delta", "text": model.line},
        )
    stop = {"stop_reason": "tool_use" if calls else "end_turn", "stop_sequence": None}
    begun = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": body.get("model"),
        "content": [], "stop_reason": None, "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }  # fmt: skip
    return _events([
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": piece},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ])  # fmt: skip


def _responses(model: Model, body: Mapping[str, Any]) -> bytes:
    item: dict[str, Any] = {
        "type": "message", "role": "assistant", "id": f"msg_{len(model.asked)}",
        "content": [{"type": "output_text", "text": model.line}],
    }  # fmt: skip
    if model.calls(body, "mcp__mnemic", '"function_call_output"'):
        item = {
            "type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "recall",
            "namespace": "mcp__mnemic", "arguments": json.dumps(ASKED),
        }  # fmt: skip
    usage = {
        "input_tokens": 1, "input_tokens_details": None, "output_tokens": 1,
        "output_tokens_details": None, "total_tokens": 2,
    }  # fmt: skip
    return _events([
        {"type": "response.created", "response": {"id": "resp_1"}},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {"id": "resp_1", "usage": usage}},
    ])  # fmt: skip


def _generated(model: Model, path: str, body: Mapping[str, Any]) -> tuple[str, bytes]:
    parts: list[dict[str, Any]] = [{"text": model.line}]
    if "json" in str(body.get("generationConfig", {}).get("responseMimeType")):
        parts = [
            {"text": json.dumps({"reasoning": "", "next_speaker": "user", "model_choice": "flash"})}
        ]
    elif model.calls(body, "mcp_mnemic_recall", '"functionResponse"'):
        parts = [{"functionCall": {"name": "mcp_mnemic_recall", "args": ASKED}}]
    answer = json.dumps({
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
        "totalTokens": 1,
    })  # fmt: skip
    if "alt=sse" in path:
        return "text/event-stream", f"data: {answer}\r\n\r\n".encode()
    return "application/json", answer.encode()


@contextlib.contextmanager
def serving(model: Model) -> Iterator[str]:
    """The address at which a model answers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._say("application/json", b"")

        def do_GET(self) -> None:
            self._say("application/json", b'{"models": [], "data": []}')

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._say(*model.answer(self.path, body))

        def _say(self, kind: str, said: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True)
class Desk:
    """A home, a project in it, and a store: what a client of this name sees."""

    client: str
    folder: Path
    clients: Path

    @property
    def store(self) -> Path:
        """The file of its memory."""
        return self.folder / "memory.mnemic"

    def environment(self, url: str) -> dict[str, str]:
        """A home of its own, the model's address, and what keeps clients from calling elsewhere."""
        bins = f"{Path(sys.executable).parent}:{self.clients / 'node_modules/.bin'}"
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "PATH": f"{bins}:{os.environ['PATH']}", "HOME": str(self.folder / "home"),
            "MNEMIC_DB": str(self.store), "MNEMIC_CACHE": str(cache_folder()),
            "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "none", "OPENAI_API_KEY": "none",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
            "GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": "none", "GEMINI_CLI_TRUST_WORKSPACE": "true",
        }  # fmt: skip

    def run(self, url: str, *command: str) -> str:
        """What a command says; a failure ends all with it."""
        done = subprocess.run(
            command, cwd=self.folder / "project", env=self.environment(url), check=False, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def kept(self) -> list[tuple[str | None, str]]:
        """Who said what, of all that the store holds."""
        if not self.store.exists():
            return []
        with Memory(self.store, background=False) as memory, contextlib.suppress(UnknownScope):
            return [(one.speaker, one.text) for one in memory.episodes(scope="code/project")]
        return []


def set_up(desk: Desk, url: str, *, mcp: bool) -> None:
    """A home and a project, the client told of its model, and of Mnemic if it is to be."""
    (desk.folder / "project").mkdir(parents=True)
    home = desk.folder / "home"
    (home / ".codex").mkdir(parents=True)
    (home / ".gemini").mkdir()
    (home / ".codex/config.toml").write_text(CODEX_PROVIDER.format(url=url))
    chosen = {"security": {"auth": {"selectedType": "gemini-api-key"}}}
    (home / ".gemini/settings.json").write_text(json.dumps(chosen))
    desk.run(url, "git", "init", "-q")
    if mcp:
        desk.run(url, "mnemic", "mcp", "install", desk.client, "--yes", "--db", str(desk.store))


def say(desk: Desk, model: Model, url: str, words: str, *, resume: bool = False) -> None:
    """A session of one prompt, or the last one resumed with it."""
    model.line = ANSWERS[words]
    desk.run(url, *(RESUMED if resume else COMMANDS)[desk.client], words)


def turns(*asked: str) -> list[tuple[str, str]]:
    """Who says what where these prompts are answered, in the order of the alphabet."""
    said = [("user", one) for one in asked]
    return sorted(said + [("assistant", ANSWERS[one]) for one in asked])


def checked(claim: str, *, holds: bool) -> bool:
    """Prints a claim and whether it holds."""
    print(f"  {'yes' if holds else 'NO '}  {claim}")
    return holds


def judged(results: list[bool], kept: list[tuple[str | None, str]]) -> bool:
    """Whether all claims hold; where one does not, what was kept is printed."""
    if not all(results):
        print(json.dumps(kept, indent=1)[:4_000])
    return all(results)


def remembers(desk: Desk) -> bool:
    """Two sessions with hooks and tools; whether all that should reach model and store does."""
    model = Model()
    with serving(model) as url:
        set_up(desk, url, mcp=True)
        say(desk, model, url, FIRST)
        _until(lambda: len(desk.kept()) >= 2)
        model.asked.clear()
        model.recalls = True
        say(desk, model, url, SECOND)
        first, told = json.dumps(model.asked[:1]), json.dumps(model.asked)
        _until(lambda: len(desk.kept()) >= 4)
        say(desk, model, url, THIRD, resume=True)
        _until(lambda: len(desk.kept()) >= 6)
        time.sleep(LATE_S)
        kept = desk.kept()
    results = [
        checked("the hook at the start tells the second session of the first",
                holds="From earlier sessions" in first and FIRST in first),
        checked("the tool recall is called, and answers with what was said",
                holds="In memory (known" in told and "is remembered text" in told),
        checked("both sessions are kept, each turn once, also the resumed one's, and nothing that memory gave",
                holds=sorted(kept) == turns(FIRST, SECOND, THIRD)),
    ]  # fmt: skip
    return judged(results, kept)


def passes(desk: Desk) -> bool:
    """Two sessions through the proxy, without hooks or tools."""
    model = Model()
    with serving(model) as upstream, _proxy(desk, upstream) as url:
        say(desk, model, url, FIRST)
        say(desk, model, url, SECOND)
        told = json.dumps(model.asked[-1])
        _until(lambda: len(desk.kept()) >= 4)
        time.sleep(LATE_S)
        kept = desk.kept()
    results = [
        checked("through the proxy the second session is given the first",
                holds="Remembered text" in told and FIRST in told),
        checked("the proxy keeps the turns of both, and nothing that the client put in",
                holds=sorted(kept) == turns(FIRST, SECOND)),
    ]  # fmt: skip
    return judged(results, kept)


@contextlib.contextmanager
def _proxy(desk: Desk, upstream: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    set_up(desk, url, mcp=False)
    command = ["mnemic", "proxy", "--upstream", f"{upstream}/v1", "--scope", "code/project"]
    process = subprocess.Popen(
        [*command, "--port", str(port)], env=desk.environment(upstream),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def answers() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    try:
        _until(answers)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _until(true: Any) -> None:
    ends = time.monotonic() + 30
    while not true() and time.monotonic() < ends:
        time.sleep(0.3)


def main() -> int:
    """Runs the clients; 0 if all that is claimed holds."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("clients", nargs="*", help=f"of {', '.join(PACKAGES)}; all without")
    asked.add_argument("--into", type=Path, help="keep the fetched clients in this folder")
    options = asked.parse_args()
    if unknown := set(options.clients) - set(PACKAGES):
        asked.error(f"no client {', '.join(sorted(unknown))}; choose from {', '.join(PACKAGES)}")
    if shutil.which("npm") is None:
        sys.stderr.write("no npm on this machine: the clients are fetched with it\n")
        return 1
    good = True
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        into = (options.into or Path(scratch) / "clients").absolute()
        into.mkdir(parents=True, exist_ok=True)
        for client in options.clients or PACKAGES:
            package, version = PACKAGES[client]
            place = into / "node_modules" / package / "package.json"
            if not place.exists() or json.loads(place.read_text())["version"] != version:
                subprocess.run(
                    ["npm", "install", "--silent", "--no-audit", "--no-fund", f"{package}@{version}"],
                    cwd=into, check=True,
                )  # fmt: skip
            print(f"{client} {version}")
            good &= remembers(Desk(client, Path(scratch) / client, into))
            if client != "gemini":  # it speaks neither API that the proxy passes on
                good &= passes(Desk(client, Path(scratch) / f"{client}-proxy", into))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
