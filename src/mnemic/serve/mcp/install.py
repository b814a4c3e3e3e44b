"""A client's configuration: what would change, as text; then the change, with a backup beside it.

Nothing is rewritten: one entry is put into the text or taken out of it, the rest keeps its bytes.
A file that cannot be changed so (comments in JSON, a broken file) is refused with what to paste.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnemic.clock import SystemClock
from mnemic.errors import InvalidInput
from mnemic.serve.mcp import json_text
from mnemic.serve.mcp.clients import Client, HookPlace, Level

ENTRY = "mnemic"
_MODULE = "mnemic.serve.cli"
_HOOK_TIMEOUT_S = 20
_FILE_BYTES_MAX = 50_000_000
_OURS = re.compile(
    r"\bmnemic(?:\.serve\.cli|\.exe)?[\"']? hook [a-z-]{1,20} (?:session|turn|prompt|pre)\b"
)
_BEGIN, _END = "# >>> mnemic >>>", "# <<< mnemic <<<"


@dataclass(frozen=True, slots=True)
class Change:
    """A file before and after; `before` is None where it is not there yet."""

    path: Path
    before: str | None
    after: str

    @property
    def needed(self) -> bool:
        """Whether anything changes."""
        return (self.before or "") != self.after

    def diff(self) -> str:
        """What changes, line by line."""
        return "".join(
            difflib.unified_diff(
                (self.before or "").splitlines(keepends=True),
                self.after.splitlines(keepends=True),
                str(self.path) if self.before is not None else os.devnull,
                str(self.path),
            )
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """What to install: the program as a command line, its options, hooks or not."""

    program: Sequence[str]
    options: Sequence[str] = ()
    hooks: bool = True
    prompt_hook: bool = False


def program_of(level: Level) -> list[str]:
    """The command line of this program: absolute for oneself, by name in what others share."""
    if level == "project":
        return [ENTRY]
    beside = Path(sys.executable).parent / (ENTRY + (".exe" if sys.platform == "win32" else ""))
    if beside.exists():
        return [str(beside)]
    return [sys.executable, "-P", "-m", _MODULE]  # a project's files are no modules of ours


def planned(
    client: Client, wish: Wish, level: Level, *, home: Path, project: Path, remove: bool = False
) -> list[Change]:
    """The changes to a client's files, in order; those that change nothing are left out.

    Raises:
        InvalidInput: the client has no such file, or a file cannot be changed without touching the
            rest of it; the message says what to paste.
    """
    path = client.file(level, home, project)
    if path is None:
        raise InvalidInput(f"{client.title} has no configuration of a project; leave out --project")
    entry = _entry(client, wish)
    edit = _edit_toml if client.form == "toml" else _edit_json
    before = _text(path)
    after = edit(path, before, client, entry, remove)
    changes = [Change(path, before, after)]
    hook_path = client.hook_file(level, home, project)
    if hook_path is not None and client.hooks is not None and (wish.hooks or remove):
        same = hook_path == path
        before = after if same else _text(hook_path)
        after = _edit_hooks(hook_path, before, client, client.hooks, wish, remove)
        if same:
            changes = [Change(path, changes[0].before, after)]
        else:
            changes.append(Change(hook_path, before, after))
    return [change for change in changes if change.needed]


def write(change: Change) -> Path | None:
    """Writes a file as a whole and gives the backup made of what was there.

    Raises:
        InvalidInput: the file was changed since it was looked at.
        OSError: it cannot be written; it is as it was.
    """
    path = change.path.resolve()  # a link stays a link
    if _text(path) != change.before:
        raise InvalidInput(f"{str(path)!r} was changed meanwhile; run this again")
    path.parent.mkdir(parents=True, exist_ok=True)
    backup = None
    if change.before is not None:
        stamp = f"{SystemClock().now():%Y%m%d-%H%M%S}"
        backup = path.with_name(f"{path.name}.before-mnemic-{stamp}")
        shutil.copy2(path, backup)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(change.after)
        if change.before is not None:
            shutil.copymode(path, name)
        else:
            Path(name).chmod(0o600)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    return backup


def to_paste(client: Client, wish: Wish) -> str:
    """What to put into the client's configuration by hand."""
    entry = _entry(client, wish)
    if client.form == "toml":
        return _toml_block(client, entry)
    return json.dumps({client.key: {ENTRY: entry}}, indent=2, ensure_ascii=False)


def _entry(client: Client, wish: Wish) -> dict[str, Any]:
    command, *rest = wish.program
    return {**client.extra, "command": command, "args": [*rest, "mcp", *wish.options]}


def _text(path: Path) -> str | None:
    """The file's text with its own line ends; None where there is no file."""
    try:
        if path.stat().st_size > _FILE_BYTES_MAX:
            raise InvalidInput(f"{str(path)!r} has more than {_FILE_BYTES_MAX:,} bytes")
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{str(path)!r} is not UTF-8 (byte {error.start})") from None


# -- JSON ------------------------------------------------------------------------------------


def _edit_json(
    path: Path, before: str | None, client: Client, entry: dict[str, Any], remove: bool
) -> str:
    mark, text = _mark_and_text(before)
    place = (client.key, ENTRY)
    try:
        if remove:
            return mark + (json_text.take(text, place) if text else text)
        if text and json_text.value_at(text, place) == entry:
            return mark + text
        return mark + json_text.put(text, place, entry)
    except InvalidInput as error:
        pasted = json.dumps({client.key: {ENTRY: entry}}, indent=2, ensure_ascii=False)
        what = f'take the entry "{ENTRY}" out of "{client.key}"' if remove else f"add:\n{pasted}"
        raise InvalidInput(
            f"{str(path)!r} is left as it is, since {error}. By hand, {what}"
        ) from None


# -- TOML ------------------------------------------------------------------------------------


def _edit_toml(
    path: Path, before: str | None, client: Client, entry: dict[str, Any], remove: bool
) -> str:
    text = before or ""
    block = _toml_block(client, entry)
    try:
        held = tomllib.loads(text).get(client.key, {})
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(
            f"{str(path)!r} is left as it is, since it is not TOML ({error}). "
            f"By hand, {'remove' if remove else 'add'}:\n{block}"
        ) from None
    newline = "\r\n" if "\r\n" in text else "\n"
    by_hand = InvalidInput(
        f"{str(path)!r} has a table [{client.key}.{ENTRY}] of its own; remove it"
        + ("" if remove else f", or put there:\n{block}")
    )
    rest = _without_block(text, newline)
    if rest is None:
        if isinstance(held, dict) and ENTRY in held:
            raise by_hand
        rest = text
    elif not _differs_by_entry(text, rest, client):
        raise by_hand
    if remove:
        return rest
    if rest != text and _holds(text, client, entry):
        return text
    gap = "" if not rest else newline if rest.endswith("\n") else newline * 2
    after = rest + gap + block.replace("\n", newline)
    if not _holds(after, client, entry):
        raise InvalidInput(
            f"{str(path)!r} writes {client.key} in a way to which nothing can be appended; "
            f"add by hand:\n{block}"
        )
    return after


def _holds(text: str, client: Client, entry: dict[str, Any]) -> bool:
    try:
        return bool(tomllib.loads(text)[client.key][ENTRY] == entry)
    except tomllib.TOMLDecodeError:
        return False


def _without_block(text: str, newline: str) -> str | None:
    """The text without our table and its marks; None where it has none.

    A client that adds a table of its own may put it between our marks: what begins another table
    is not ours, and stays.
    """
    lines = text.splitlines(keepends=True)
    bare = [line.strip() for line in lines]
    if _BEGIN not in bare or _END not in bare[bare.index(_BEGIN) :]:
        return None
    first = bare.index(_BEGIN)
    last = bare.index(_END, first)
    theirs = next((at for at in range(first + 2, last) if bare[at].startswith("[")), last)
    before, after = "".join(lines[:first]), "".join((*lines[theirs:last], *lines[last + 1 :]))
    if before.endswith(newline * 2):
        before = before.removesuffix(newline)  # the blank line that came with the block
    return before + after


def _differs_by_entry(text: str, rest: str, client: Client) -> bool:
    """Whether a TOML text holds what another holds, but for our entry."""
    whole = tomllib.loads(text)
    servers = whole.get(client.key)
    if isinstance(servers, dict):
        servers.pop(ENTRY, None)
    try:
        left = tomllib.loads(rest)
    except tomllib.TOMLDecodeError:
        return False
    if not servers:
        left.setdefault(client.key, servers)
    return left == whole


def _toml_block(client: Client, entry: dict[str, Any]) -> str:
    rows = [f"{name} = {_toml_value(value)}" for name, value in entry.items()]
    return "\n".join([_BEGIN, f"[{client.key}.{ENTRY}]", *rows, _END, ""])


def _toml_value(value: Any) -> str:
    """A string or list of strings: JSON's strings are TOML's, but for DEL, which is escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


# -- hooks -----------------------------------------------------------------------------------


def _edit_hooks(
    path: Path, before: str | None, client: Client, place: HookPlace, wish: Wish, remove: bool
) -> str:
    mark, text = _mark_and_text(before)
    wanted = {} if remove else dict(place.events)
    if wish.prompt_hook and not remove:
        wanted |= place.optional
    try:
        for name, value in place.fixed.items():
            if not remove and json_text.value_at(text or "{}", (name,)) is None:
                text = json_text.put(text, (name,), value)
        for theirs in (*place.events, *place.optional):
            ours = wanted.get(theirs)
            text = _with_hook(text, theirs, _hook(client, place, wish, ours) if ours else None)
        if text and remove and json_text.value_at(text, ("hooks",)) == {}:
            text = json_text.take(text, ("hooks",))
    except InvalidInput as error:
        told = f"remove the hooks of {ENTRY}" if remove else "run this with --no-hooks"
        raise InvalidInput(
            f"{str(path)!r} is left as it is, since {error}. By hand, {told}"
        ) from None
    return mark + text


def _mark_and_text(before: str | None) -> tuple[str, str]:
    """A JSON file's byte order mark, and its text, which is empty where it is blank."""
    text = before or ""
    mark, text = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    return (mark, text) if text.strip() else (mark + text, "")


def _hook(client: Client, place: HookPlace, wish: Wish, event: str) -> dict[str, Any]:
    words = [*wish.program, "hook", client.name, event, *_hook_options(wish.options)]
    line = " ".join(shlex.quote(word) for word in words)
    if sys.platform == "win32":
        line = " ".join(f'"{word}"' if " " in word else word for word in words)
    one: dict[str, Any] = {"command": line}
    if place.unit_s is not None:
        one["timeout"] = _HOOK_TIMEOUT_S * place.unit_s
    return {"hooks": [{"type": "command", **one}]} if place.nested else one


def _hook_options(options: Sequence[str]) -> list[str]:
    """What hooks understand of the server's options."""
    return [word for word in options if word != "--scope-any"]


def _with_hook(text: str, event: str, entry: dict[str, Any] | None) -> str:
    """The text with our entry of an event, or without one; other entries keep their places."""
    held = json_text.value_at(text or "{}", ("hooks", event))
    if held is None:
        return text if entry is None else json_text.put(text, ("hooks", event), [entry])
    if not isinstance(held, list):
        raise InvalidInput(f"hooks.{event} is not a list")
    text = _without_inner(text, event, held)
    ours = [number for number, one in enumerate(held) if _is_ours(one)]
    if entry is not None and [held[number] for number in ours] == [entry]:
        return text
    for number in reversed(ours):
        text = json_text.take(text, ("hooks", event, number))
    if entry is not None:
        return json_text.put(text, ("hooks", event, len(held) - len(ours)), entry)
    if ours and len(ours) == len(held):
        return json_text.take(text, ("hooks", event))
    return text


def _without_inner(text: str, event: str, held: list[Any]) -> str:
    """The text without our commands in groups that hold others, too; those others stay."""
    for number, group in enumerate(held):
        inner = group.get("hooks") if isinstance(group, dict) else None
        if not isinstance(inner, list) or _is_ours(group):
            continue
        for at in reversed(range(len(inner))):
            if _is_our_command(inner[at]):
                text = json_text.take(text, ("hooks", event, number, "hooks", at))
    return text


def _is_ours(entry: Any) -> bool:
    """Whether an entry holds our command and no other."""
    inner = entry.get("hooks") if isinstance(entry, dict) else None
    if isinstance(inner, list) and inner:
        return all(map(_is_our_command, inner))
    return _is_our_command(entry)


def _is_our_command(one: Any) -> bool:
    return isinstance(one, dict) and bool(_OURS.search(str(one.get("command", ""))))
