"""The reference of `mnemic.Memory` and of the values it gives, from signatures and docstrings."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable
from typing import Any

from mnemic import Memory
from mnemic.agent import records, shown
from mnemic.agent.facts import fact
from mnemic.agent.facts.answers import FactHit
from mnemic.agent.sleep.run import SleepReport
from mnemic.serve.tools import tools
from mnemic.vocabulary import Cost, Span

VALUES = (
    records.Episode, records.Recall, records.Hit, records.Evidence, records.Window,
    records.Context, records.Citation, records.WriteReport, records.Verification,
    FactHit, fact.Fact, fact.Quote, SleepReport,
    shown.Profile, shown.Moment, shown.Room, shown.Lesson, shown.Seen, shown.Run, shown.Change,
    shown.Receipt, Span, Cost,
)  # fmt: skip

_SECTION = re.compile(r"(Args|Returns|Raises|Example|Source|Yields):\s*\Z")
_ITEM = re.compile(r"([\w*][\w*, ]{0,200}): (.*)\Z")
_CODE = re.compile(r"(`[^`\n]*`)")
_WIDTH = 88


def python_page() -> str:
    """Memory's public methods, then the values they give."""
    lines = [
        "# Python",
        "",
        "`from mnemic import Memory` is all that most programs need.",
        "",
        "## Memory",
        "",
        *_signature("Memory", Memory.__init__),
        "",
        *rendered(inspect.getdoc(Memory) or ""),
    ]
    for name, method in _methods():
        lines += ["", f"### {name}", "", *_signature(name, method), ""]
        lines += rendered(inspect.getdoc(method) or "")
    lines += ["", "## tools", "", *_signature("tools", tools, skip=0), ""]
    lines += rendered(inspect.getdoc(tools) or "")
    lines += ["", "## Values", "", "Frozen dataclasses; times are aware datetimes."]
    for kind in VALUES:
        lines += ["", f"### {kind.__name__}", "", *rendered(inspect.getdoc(kind) or "")]
        lines += ["", "| field | type |", "|---|---|"]
        lines += [f"| `{one.name}` | `{_type(one.type)}` |" for one in dataclasses.fields(kind)]
    return "\n".join(lines) + "\n"


def _methods() -> list[tuple[str, Callable[..., Any]]]:
    """Public methods in the order of the source, Memory's own first."""
    found: dict[str, Callable[..., Any]] = {}
    for owner in Memory.__mro__[:-1]:
        for name, value in vars(owner).items():
            if not name.startswith("_") and inspect.isfunction(value):
                found.setdefault(name, value)
    return list(found.items())


def _signature(name: str, function: Callable[..., Any], skip: int = 1) -> list[str]:
    given = inspect.signature(function)
    parts, starred = [], False
    for parameter in list(given.parameters.values())[skip:]:
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        parts.append(_parameter(parameter))
    result = given.return_annotation
    gives = "" if result in (inspect.Signature.empty, None, "None") else f" -> {_bare(result)}"
    short = f"{name}({', '.join(parts)}){gives}"
    if len(short) <= _WIDTH:
        return ["```text", short, "```"]
    return ["```text", f"{name}(", *[f"    {part}," for part in parts], f"){gives}", "```"]


def _parameter(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    text = f"{stars}{parameter.name}"
    if parameter.annotation is not parameter.empty:
        text += f": {_bare(parameter.annotation)}"
    if parameter.default is not parameter.empty:
        text += f" = {parameter.default!r}"
    return text


def _bare(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _type(annotation: object) -> str:
    return _bare(annotation).replace("|", "or")


def rendered(doc: str) -> list[str]:
    """A Google docstring as Markdown: sections in bold, their items as a list."""
    lines: list[str] = []
    section = ""
    for line in doc.splitlines():
        match = _SECTION.match(line)
        if match:
            section = match[1]
            lines += [f"**{section}**", ""]
        elif section == "Example":
            continue
        elif section in ("Args", "Raises") and line.startswith("    "):
            lines += _item(line[4:], lines)
        else:
            lines.append(escaped(line.strip()))
    return _without_examples(lines)


def _item(line: str, before: list[str]) -> list[str]:
    """An item of a list, or what goes on from the line before."""
    match = None if line.startswith(" ") else _ITEM.match(line)
    if match:
        names = ", ".join(f"`{name.strip()}`" for name in match[1].split(","))
        return [f"- {names}: {escaped(match[2])}"]
    if before and before[-1].startswith("- "):
        before[-1] += f" {escaped(line.strip())}"
        return []
    return [f"- {escaped(line.strip())}"]


def _without_examples(lines: list[str]) -> list[str]:
    kept = [line for line in lines if line != "**Example**"]
    while kept and not kept[-1]:
        kept.pop()
    return kept


def escaped(text: str) -> str:
    """Text in which Markdown sees no emphasis, tag or column, except inside of backticks."""
    parts = _CODE.split(text)
    for place in range(0, len(parts), 2):
        parts[place] = parts[place].replace("*", r"\*").replace("<", "&lt;").replace("|", r"\|")
    for place in range(1, len(parts), 2):
        parts[place] = parts[place].replace("|", r"\|")
    return "".join(parts)
