"""The reference of the command line, from the program itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from reference_python import escaped

from mnemic.serve.cli import app

KINDS = {int: "NUMBER", float: "NUMBER", Path: "PATH"}


def cli_page() -> str:
    """Every command with its arguments and options."""
    program = typer.main.get_command(app)
    lines = ["# Command line", ""]
    lines += [escaped(line) for line in (program.help or "").splitlines()]
    lines += ["", "`mnemic COMMAND --help` says the same on a terminal."]
    for path, command in _commands(program, "mnemic"):
        lines += ["", f"## {path}", "", *_described(command)]
    return "\n".join(lines) + "\n"


def _commands(group: Any, path: str) -> list[tuple[str, Any]]:
    """The commands below a group, in the order of the program."""
    found: list[tuple[str, Any]] = []
    for name, command in group.commands.items():
        if command.hidden:
            continue
        here = f"{path} {name}"
        found.append((here, command))
        if getattr(command, "commands", None):
            found += _commands(command, here)
    return found


def _described(command: Any) -> list[str]:
    lines = [escaped(" ".join(part.split())) for part in (command.help or "").split("\n\n")]
    lines = [line for part in lines for line in (part, "")]
    shown = [one for one in command.params if "--help" not in one.opts and not _hidden(one)]
    if not shown:
        return lines
    lines += ["| | default | |", "|---|---|---|"]
    for one in shown:
        lines.append(f"| {_name(one)} | {_default(one)} | {escaped(one.help or '')} |")
    return lines


def _hidden(parameter: Any) -> bool:
    return bool(getattr(parameter, "hidden", False))


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        shown = (parameter.metavar or parameter.name).upper().strip("[]")
        return f"`{shown}`"
    names = [*parameter.opts, *parameter.secondary_opts]
    metavar = "" if parameter.is_flag else f" {_metavar(parameter)}"
    return ", ".join(f"`{name}`" for name in names) + escaped(metavar)


def _metavar(parameter: Any) -> str:
    if parameter.metavar:
        return str(parameter.metavar).upper()
    return KINDS.get(parameter.type_descriptor.annotation, "TEXT")


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    if value is None or callable(value) or value in ((), []):
        return ""
    if parameter.param_type_name == "option" and parameter.is_flag:
        return "on" if value else ""
    return f"`{value}`"
