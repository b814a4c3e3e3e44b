"""Lessons of a coding session: when this fails, do that; and rules that were stated.

A lesson is found where a command fails, something is done, and the same command succeeds; or where
somebody says "always run X before Y", "use uv, not pip". What only an assistant proposes, with no
command that succeeds after it, is no lesson.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mnemic.agent.sleep.extract import sentences, words
from mnemic.agent.sleep.extract.turns import Turn

Quote = tuple[int, int, int]
"""Index of the episode in the session, and the bounds of the words in it."""

_I = re.IGNORECASE
_TEXT_CHARS_MAX = 20_000
_REACH = 40
_CHARS_MAX = 200
_ERROR = re.compile(
    r"^(?P<line>[^\n]{0,200}?(?:\b(?:[A-Z]\w{2,40}(?:Error|Exception|Warning)\b(?::|$)|error(?:\[\w+\])?:|Error:|ERROR\b|fatal:|"
    r"FAILED\b|panicked\s+at|command\s+not\s+found|No\s+such\s+file|permission\s+denied|npm\s+ERR!|"
    r"cannot\s+find|Traceback\s+\(most)|E\s{3})[^\n]{0,200})$",
    re.MULTILINE,
)
_EXIT = re.compile(
    r"\b(?:exit(?:ed)?\s+(?:code|status|with(?:\s+(?:code|status))?)|exit_code|returncode)[\"']?\s*[:=]?\s*(?P<code>\d{1,3})\b",
    _I,
)
_FAILED_COUNT = re.compile(r"\b(?!0\b)\d+\s+(?:failed|errors?)\b", _I)
_PASSED = re.compile(
    r"\b(?:\d+\s+passed|0\s+(?:errors|failures|failed)|all\s+checks\s+passed|success(?:ful(?:ly)?)?|build\s+succeeded)\b",
    _I,
)
_CALL = re.compile(r"(?P<tool>[\w.-]{1,60})\s+(?P<given>[\[{].*)\Z", re.DOTALL)
_EDITS = words.of(
    "edit write multiedit notebookedit apply_patch str_replace str_replace_editor create_file update"
)
_SHELLS = words.of(
    "bash shell exec local_shell exec_command container.exec run_terminal_cmd terminal"
)
_CHANGES = re.compile(
    r"(?:^|&&|;|\|\|)\s*(?:sudo\s+)?(?:\w+=\S*\s+)*(?:pip3?|uv|poetry|conda|npm|pnpm|yarn|bun|cargo|go|gem|bundle|apt(?:-get)?|brew|dnf|"
    r"export|chmod|chown|mkdir|ln|cp|mv|rm|git|docker|systemctl|alembic|source|touch|sed|make|python3?|createdb|direnv|nvm|pyenv|kill)\b"
)
_LOOKS = re.compile(
    r"^\s*(?:ls|cat|head|tail|grep|rg|find|pwd|which|echo|git\s+(?:status|diff|log|show|grep|blame)|sed\s+-n|wc|tree|less|type|env|printenv|ps)\b"
)

_TOOL = r"`?(?P<{0}>[\w./@:+=-]+(?:\s(?!(?:before|after|when|not|instead|because|and|or|first|then|in|on|for|to|with|while|until|rather)\b)[\w./@:+=-]+){{0,4}})`?"
_STATED = (
    ("before", re.compile(rf"(?:always|make\s+sure\s+(?:to|you)|remember\s+to|you\s+must|please\s+always|never\s+forget\s+to)\s+(?:run\s+)?{_TOOL.format('do')}\s+before\s+(?:you\s+|running\s+)?{_TOOL.format('when')}", _I)),
    ("not", re.compile(rf"(?:please\s+)?(?:always\s+)?use\s+{_TOOL.format('do')},?\s+(?:not|instead\s+of|rather\s+than|never)\s+{_TOOL.format('when')}", _I)),
    ("never", re.compile(rf"(?:please\s+)?(?:don['’]t|do\s+not|never)\s+(?:use|run)\s+{_TOOL.format('when')}(?:\s+here)?[,;]\s*(?:always\s+)?(?:use|run)\s+{_TOOL.format('do')}(?:\s+instead)?", _I)),
    ("need", re.compile(r"(?:the\s+)?(?P<when>[\w./-]+(?:\s[\w./-]+){0,2})\s+(?:need|needs|require|requires)\s+(?P<do>`?[A-Z][A-Z0-9_]{2,}`?)(?:\s+to\s+be)?\s+(?:set|exported|defined)", _I)),
    ("need", re.compile(r"(?P<do>`?[A-Z][A-Z0-9_]{2,}`?)\s+must\s+be\s+(?:set|exported|defined)\s+(?:for|before|when|to\s+run)\s+(?:running\s+)?(?:the\s+)?(?P<when>[\w./-]+(?:\s[\w./-]+){0,2})", _I)),
)  # fmt: skip
_COMMON = words.of("it that this them you me the a an one something anything things case caution")


@dataclass(frozen=True, slots=True)
class Lesson:
    """When the trigger is met, the action helps; with the words that show it.

    `trigger` is a symptom ("`pytest` fails: ModuleNotFoundError: …") or an occasion ("before
    `git push`"); `certainty` is higher where the command was seen to succeed after the action.
    """

    trigger: str
    action: str
    quotes: tuple[Quote, ...]
    certainty: float


@dataclass(frozen=True, slots=True)
class _Step:
    """A tool call with what came of it: a command of the shell, or a change to a file."""

    index: int
    call: tuple[int, int]
    command: str
    edits: str
    result: int | None
    failed: tuple[int, int] | None
    symptom: str
    passed: bool


def lessons(turns: Sequence[Turn]) -> list[Lesson]:
    """The lessons of one session, in the order in which they were learned.

    Args:
        turns: the session's episodes in order, as importers make them: what was said by the user
            and the assistant, and by "tool" each call ("Bash {…}") and each result.
    """
    return [*_repaired(list(_steps(turns))), *_stated(turns)]


def _steps(turns: Sequence[Turn]) -> Iterator[_Step]:
    for index, turn in enumerate(turns):
        if turn.speaker != "tool":
            continue
        call = _CALL.match(turn.text[:_TEXT_CHARS_MAX])
        if call is None:
            continue
        tool = call["tool"].lower()
        given = _json(call["given"])
        result = _result_of(turns, index)
        failed, passed = _outcome(turns[result].text) if result is not None else (None, False)
        command = _command(given) if tool in _SHELLS or "command" in given or "cmd" in given else ""
        edits = ""
        if tool in _EDITS and not command:
            name = given.get("file_path") or given.get("path") or given.get("notebook_path")
            edits = str(name) if name else "a file"
        if command or edits:
            symptom = turns[result].text[slice(*failed)] if result is not None and failed else ""
            yield _Step(
                index, (0, min(len(turn.text), 400)), command, edits, result, failed,
                " ".join(symptom.split()).removeprefix("E "), passed,
            )  # fmt: skip


def _json(given: str) -> dict[str, object]:
    try:
        found = json.loads(given)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _command(given: dict[str, object]) -> str:
    """The command in one line, without the shell around it."""
    value = given.get("command") or given.get("cmd") or ""
    if isinstance(value, list):
        parts = [str(word) for word in value]
        inner = len(parts) >= 3 and parts[0].rsplit("/", 1)[-1] in ("bash", "sh", "zsh")
        value = parts[2] if inner else " ".join(parts)
    return " ".join(str(value).split())


def _result_of(turns: Sequence[Turn], at: int) -> int | None:
    """The result that follows a call, before the next call or the next thing that is said."""
    for index in range(at + 1, min(at + 4, len(turns))):
        turn = turns[index]
        if turn.speaker != "tool":
            continue
        call = _CALL.match(turn.text[:_TEXT_CHARS_MAX])
        return None if call is not None and _json(call["given"]) else index
    return None


def _outcome(text: str) -> tuple[tuple[int, int] | None, bool]:
    """Bounds of the line that says what failed, if it failed; and whether it is known to be well."""
    text = text[:_TEXT_CHARS_MAX]
    exits = list(_EXIT.finditer(text))
    code = int(exits[-1]["code"]) if exits else None
    if code == 0:
        return None, True
    errors = list(_ERROR.finditer(text))
    if code or _FAILED_COUNT.search(text) or errors:
        if not errors:
            found = _FAILED_COUNT.search(text) or (exits[-1] if exits else None)
            return (found.span() if found else None), False
        best = next((e for e in reversed(errors) if "Traceback" not in e[0]), errors[-1])
        return best.span("line"), False
    return None, bool(_PASSED.search(text)) or bool(text.strip())


def _repaired(steps: list[_Step]) -> Iterator[Lesson]:
    """A command that fails and later succeeds, with the changes in between."""
    told: set[str] = set()
    for number, step in enumerate(steps):
        key = _key(step.command)
        if not step.command or step.failed is None or step.result is None or key in told:
            continue
        if _LOOKS.match(step.command):
            continue
        done: list[_Step] = []
        for later in steps[number + 1 : number + 1 + _REACH]:
            if later.command and _key(later.command) == key:
                if later.failed is not None:
                    continue
                if later.passed and done:
                    told.add(key)
                    yield _lesson(step, done, later)
                break
            if later.edits or (
                later.failed is None
                and not _LOOKS.match(later.command)
                and _CHANGES.search(later.command)
            ):
                done.append(later)


def _key(command: str) -> str:
    """A command without what may differ between tries: pipes into head, redirections."""
    bare = re.split(r"\s*(?:\|\s*(?:head|tail|grep)\b|2>&1|>\s*\S+)", command, maxsplit=1)[0]
    bare = re.sub(r"^cd\s+\S+\s*&&\s*", "", bare)
    return " ".join(bare.split())


def _lesson(step: _Step, done: list[_Step], later: _Step) -> Lesson:
    last = done[-3:]
    actions: list[str] = []
    for change in last:
        action = f"`{change.command[:_CHARS_MAX]}`" if change.command else f"change {change.edits}"
        if action not in actions:
            actions.append(action)
    commands = [change for change in done if change.command]
    certainty = 0.9 if len(done) == 1 else (0.7 if len(done) <= 3 and commands else 0.5)
    quotes: list[Quote] = [(step.index, *step.call)]
    if step.result is not None and step.failed is not None:
        quotes.append((step.result, *step.failed))
    quotes.extend((change.index, *change.call) for change in last)
    quotes.append((later.index, *later.call))
    trigger = f"`{_key(step.command)[:_CHARS_MAX]}` fails"
    if step.symptom:
        trigger += f": {step.symptom[:_CHARS_MAX]}"
    return Lesson(trigger, "; then ".join(actions), tuple(quotes), certainty)


def _stated(turns: Sequence[Turn]) -> Iterator[Lesson]:
    """What the user says is to be done, always or instead."""
    told: set[tuple[str, str]] = set()
    for index, turn in enumerate(turns):
        if turn.speaker in ("assistant", "tool", "system") or not sentences.meant(
            turn.text[:_TEXT_CHARS_MAX]
        ):
            continue
        clean = sentences.masked(turn.text[:_TEXT_CHARS_MAX])
        for begin, end, mark in sentences.sentences(clean):
            if (
                "?" in mark
                or end - begin > 400
                or re.search(
                    r"\b(?:if|would|could|should\s+we|maybe|said|says)\b", clean[begin:end], _I
                )
            ):
                continue
            for kind, pattern in _STATED:
                found = pattern.search(clean, begin, end)
                if found is None:
                    continue
                lesson = _rule_of(kind, found, index)
                if lesson and (lesson.trigger, lesson.action) not in told:
                    told.add((lesson.trigger, lesson.action))
                    yield lesson
                break


def _rule_of(kind: str, found: re.Match[str], index: int) -> Lesson | None:
    do, when = found["do"].strip("`. "), found["when"].strip("`. ")
    if not do or not when or do.lower() in _COMMON or when.lower() in _COMMON:
        return None
    trigger, action = {
        "before": (f"before `{when}`", f"run `{do}`"),
        "not": (f"about to use `{when}`", f"use `{do}` instead"),
        "never": (f"about to use `{when}`", f"use `{do}` instead"),
        "need": (f"running {when}", f"set {do}"),
    }[kind]
    return Lesson(trigger, action, ((index, *found.span()),), 0.9)
