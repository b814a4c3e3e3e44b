"""What a coding agent runs at a session's start and end. It must never break or delay the agent.

Every hook has a time limit, prints only what its client expects, and ends with exit code 0; what went
wrong is a line in the log, whose path is told. A session's end only starts the import, which goes on
in a process of its own: clients give a closing hook about a second.
"""

from __future__ import annotations

import html
import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnemic.clock import SystemClock
from mnemic.errors import InvalidInput, SleepBusy

if TYPE_CHECKING:
    from mnemic.agent.doctor import Finding
    from mnemic.agent.memory import Memory
    from mnemic.serve.mcp.caller import Caller

START_LIMIT_S, PROMPT_LIMIT_S, IMPORT_LIMIT_S = 8.0, 4.0, 600.0
SLEEP_BUDGET_S = 30.0
_TURN_S, _TURNS_MAX = 2.0, 60
PROMPT_TOKENS = 500
_INPUT_BYTES_MAX = 4_000_000
_QUIET_S, _QUIET_TRIES = 0.5, 20
_LOG_BYTES_MAX = 1_000_000
_FAILED = "failed"
_FAILURES_SHOWN, _TAIL_BYTES = 3, 65_536

IMPORTS: Mapping[str, str] = {"claude-code": "claude-code", "codex": "codex", "gemini": "gemini"}
"""The importer that reads a client's transcripts; Cursor's files of text are not read by any."""

_THEIR_NAMES = {"session-start": "SessionStart", "prompt": "UserPromptSubmit"}
_OWN_TOOL = re.compile(r"(?:mcp__?)?mnemic__?\w+")
_OWN_TEXT = re.compile(
    r"(?:From earlier sessions, scope [^\n]{1,600} \(Mnemic\)\.\n"
    r"|(?:In|Perhaps in|Probably not in) memory[ .][^\n]{0,400}\n(?:Note: [^\n]{0,400}\n){0,9})?"
    r"(?:Between the two [0-9a-f]{8} lines is remembered text\.[^\n]{0,200}\n)?"
    r"(<|&lt;)(memory|episode|profile) ([0-9a-f]{8})(?:>|&gt;)"  # some clients escape it
)
_OWN_TEXTS_MAX = 100


@dataclass(frozen=True, slots=True)
class Told:
    """What a client says of the session a hook is for."""

    folder: Path
    session: str | None
    transcript: Path | None
    prompt: str
    sleep: bool = True

    @classmethod
    def of(cls, text: str) -> Told:
        """Reads a hook's standard input.

        Raises:
            InvalidInput: it is no JSON object.
        """
        try:
            said = json.loads(text) if text.strip() else {}
        except (ValueError, RecursionError):
            raise InvalidInput("the hook's input is not JSON") from None
        if not isinstance(said, dict):
            raise InvalidInput(f"the hook's input is {type(said).__name__}, not an object")
        roots = said.get("workspace_roots")
        folder = said.get("cwd") or (roots[0] if isinstance(roots, list) and roots else None)
        transcript = said.get("transcript_path")
        session = said.get("session_id") or said.get("conversation_id")
        prompt = said.get("prompt")
        return cls(
            Path(folder) if isinstance(folder, str) and folder else Path.cwd(),
            session if isinstance(session, str) else None,
            Path(transcript) if isinstance(transcript, str) and transcript else None,
            prompt if isinstance(prompt, str) else "",
            said.get("sleep") is not False,
        )


@dataclass(frozen=True, slots=True)
class Hook:
    """One call of a hook: by which client, for which event, on which store and scope."""

    client: str
    event: str
    db: Path | None = None
    scope: str | None = None


def run_hook(hook: Hook, read: Callable[[], str]) -> str:
    """Does what an event asks for and gives what is to be printed; never raises, never hangs.

    Args:
        hook: what is called.
        read: gives the client's words from standard input.
    """
    limit_s = {"session-start": START_LIMIT_S, "prompt": PROMPT_LIMIT_S, "import": IMPORT_LIMIT_S}
    found, wrong = _within(limit_s.get(hook.event, PROMPT_LIMIT_S), lambda: _act(hook, read))
    if wrong is None:
        return found
    path = log_line(f"{hook.client} {hook.event} {_FAILED}: {wrong}")
    sys.stderr.write(f"mnemic: {hook.event} did nothing ({wrong[:200]}); see {path}\n")
    return "{}"


def read_input() -> str:
    """Standard input, as far as a client's words may go; clients write UTF-8 on every system."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    return sys.stdin.buffer.read(_INPUT_BYTES_MAX).decode("utf-8-sig", errors="replace")


def _within(limit_s: float, act: Callable[[], str]) -> tuple[str, str | None]:
    """What an act gives within its time, or what was wrong; an overdue act is left behind."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(act)
    pool.shutdown(wait=False)
    try:
        error = future.exception(limit_s)
    except TimeoutError:
        return "{}", f"it took more than {limit_s:.0f} s"
    if error is not None:  # whatever it is, the agent must go on
        return "{}", f"{type(error).__name__}: {error}"
    return future.result(), None


def _act(hook: Hook, read: Callable[[], str]) -> str:
    if hook.event not in _ACTS:
        raise InvalidInput(f"there is no event {hook.event!r}; choose from {', '.join(_ACTS)}")
    return _ACTS[hook.event](hook, Told.of(read()))


# -- events ----------------------------------------------------------------------------------


def _session_start(hook: Hook, told: Told) -> str:
    from mnemic.serve.mcp.brief import brief
    from mnemic.serve.mcp.project import branch_words

    caller = _caller(hook, told)
    about = branch_words(told.folder) or None
    with _store(hook) as memory:
        if memory is None:
            return "{}"
        text = brief(memory, caller, about=about, but_session=told.session)
    return _context(hook, text)


def _prompt(hook: Hook, told: Told) -> str:
    from mnemic.errors import UnknownScope

    if not told.prompt.strip():
        return "{}"
    caller = _caller(hook, told)
    with _store(hook) as memory:
        if memory is None:
            return "{}"
        try:
            packed = memory.context(
                told.prompt[:10_000], scope=caller.reads, budget_tokens=PROMPT_TOKENS
            )
        except UnknownScope:
            return "{}"
    return _context(hook, packed.text or None)


def _session_end(hook: Hook, told: Told) -> str:
    """Starts the import and returns at once."""
    transcript = _transcript(told)
    words = [
        sys.executable, "-P", "-m", "mnemic.serve.cli", "hook", hook.client, "import",
        *(("--db", str(hook.db.absolute())) if hook.db else ()),
        *(("--scope", hook.scope) if hook.scope else ()),
    ]  # fmt: skip
    said = {
        "cwd": str(told.folder), "session_id": told.session,
        "transcript_path": str(transcript), "sleep": hook.event != "turn-end",
    }  # fmt: skip
    _start_alone(words, json.dumps(said))
    return "{}"


def _start_alone(words: Sequence[str], said: str) -> None:
    """Starts a process that outlives this one and has none of its streams."""
    windows = sys.platform == "win32"
    with subprocess.Popen(  # noqa: S603 - our own program, no shell
        words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=not windows, cwd=Path.home(),
        creationflags=0x00000208 if windows else 0,  # detached, in a group of its own
    ) as process:  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(said.encode())
        process.stdin.close()
        process.returncode = 0  # so that leaving the block does not wait for it


def _import(hook: Hook, told: Told) -> str:
    """Keeps a session's transcript, makes its deep keys, and sleeps for a while."""
    from mnemic.agent.memory import Memory
    from mnemic.importers import Report, open_import
    from mnemic.serve.options import redacted_line

    if hook.client not in IMPORTS:
        raise InvalidInput(f"transcripts of {hook.client!r} cannot be read yet")
    transcript = _transcript(told)
    _wait_until_written(transcript)
    scope = _caller(hook, told).writes
    report = Report()
    rows = open_import(IMPORTS[hook.client], transcript, scope=scope, report=report)
    with Memory(hook.db, background=False, redact="secrets") as memory:
        written = memory.remember_many(without_echo(rows), on_error="skip")
        done = f"{written.stored} kept, {written.known} known, {len(written.refused)} refused"
        if written.redacted:
            done += f", {redacted_line(written.redacted)}"
        memory.ready()
        if written.stored and told.sleep:
            done += _asleep(memory, scope)
    log_line(f"{hook.client} import of {transcript.name} into {scope}: {done}")
    return json.dumps({"scope": scope, "stored": written.stored, "known": written.known})


def _wait_until_written(transcript: Path) -> None:
    """Clients write a session's last lines while its end is already told."""
    size = -1
    for _ in range(_QUIET_TRIES):
        before, size = size, transcript.stat().st_size
        if size == before:
            return
        time.sleep(_QUIET_S)


def _asleep(memory: Memory, scope: str) -> str:
    """Sleeps for a while, after whoever sleeps already; what came of it, for the log."""
    for _ in range(_TURNS_MAX):
        try:
            slept = memory.sleep(scope, budget_s=SLEEP_BUDGET_S)
        except SleepBusy:
            time.sleep(_TURN_S)
        else:
            return f"; slept {slept.seconds:.1f} s"
    return "; did not sleep, others do"


def _transcript(told: Told) -> Path:
    if told.transcript is None or not told.transcript.is_file():
        raise InvalidInput(f"there is no transcript at {str(told.transcript)!r}")
    return told.transcript


def without_echo(rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Rows without what a session got from this memory, or put there itself."""
    own: set[object] = set()
    for row in rows:
        meta = row.get("meta") or {}
        call = meta.get("tool_use_id") or meta.get("call_id")
        if _OWN_TOOL.fullmatch(str(meta.get("tool", ""))):
            own.add(call)
            continue
        if call is not None and call in own:
            continue
        text = row.get("text")
        rest = _without_own(text) if isinstance(text, str) else text
        if rest == text:
            yield row
        elif str(rest).strip():
            yield {**row, "text": rest}


def _without_own(text: str) -> str:
    """A text without the blocks in which this memory gave what it holds; words around them stay."""
    parts: list[str] = []
    done = 0
    for match in itertools.islice(_OWN_TEXT.finditer(text), _OWN_TEXTS_MAX):
        closing = f"</{match[2]} {match[3]}>"
        if match[1] == "&lt;":
            closing = html.escape(closing)
        end = text.find(closing, match.end())
        if match.start() >= done and end >= 0:
            parts.append(text[done : match.start()])
            done = end + len(closing)
    return "".join((*parts, text[done:]))


_ACTS: Mapping[str, Callable[[Hook, Told], str]] = {
    "session-start": _session_start, "prompt": _prompt, "session-end": _session_end,
    "pre-compact": _session_end, "turn-end": _session_end, "import": _import,
}  # fmt: skip


# -- what they share -------------------------------------------------------------------------


@contextmanager
def _store(hook: Hook) -> Iterator[Memory | None]:
    """The store, if there is one, by words alone: a model takes longer to load than agents wait."""
    from mnemic.agent.memory import Memory, default_path

    path = hook.db or default_path()
    if not path.exists():
        yield None
        return
    with Memory(path, embedder=None, background=False) as memory:
        yield memory


def _caller(hook: Hook, told: Told) -> Caller:
    from mnemic.serve.mcp.project import project_scope
    from mnemic.serve.mcp.stdio import owner

    return owner(hook.scope or project_scope(told.folder))


def _context(hook: Hook, text: str | None) -> str:
    """Text for the agent's context, as its client wants it."""
    if text is None:
        return "{}"
    if hook.client == "cursor":
        return json.dumps({"additional_context": text})
    name = _THEIR_NAMES[hook.event]
    return json.dumps(
        {"hookSpecificOutput": {"hookEventName": name, "additionalContext": text}},
    )


def log_path() -> Path:
    """Where hooks write what they did: $MNEMIC_LOG, or in the user's folder of logs."""
    named = os.environ.get("MNEMIC_LOG")
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_log_dir("mnemic", appauthor=False)) / "hooks.log"


def log_line(said: str) -> Path:
    """Adds a line to the log and gives its path; a log that cannot be written is left alone."""
    path = log_path()
    line = " ".join(said.split())[:2_000]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > _LOG_BYTES_MAX:
            path.replace(path.with_suffix(".old.log"))
        with path.open("a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(f"{SystemClock().now():%Y-%m-%dT%H:%M:%SZ} {line}\n")
    except OSError as error:
        sys.stderr.write(f"mnemic: the log {path} cannot be written ({error})\n")
    return path


def examine_log() -> Finding:
    """Where hooks write what they did, and what went wrong last."""
    from mnemic.agent.doctor import Finding

    path = log_path()
    try:
        with path.open("rb") as stream:
            stream.seek(max(path.stat().st_size - _TAIL_BYTES, 0))
            lines = stream.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return Finding("ok", f"no hook has run yet; they will write to {str(path)!r}")
    except OSError as error:
        return Finding("note", f"the hooks' log {str(path)!r} cannot be read: {error.strerror}")
    wrong = [line for line in lines if f" {_FAILED}: " in line][-_FAILURES_SHOWN:]
    if not wrong:
        return Finding("ok", f"hooks write to {str(path)!r}; none failed lately")
    told = "".join(f"\n       {line[:300]}" for line in wrong)
    return Finding("note", f"hooks failed, as {str(path)!r} says:{told}")
