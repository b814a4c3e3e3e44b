"""A memory as plain function-calling tools, for any client that takes JSON schemas.

The tools are those of MCP: eight rows of the table, shown to a model in few words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from mnemic.errors import InvalidInput, MnemicError, UnknownScope
from mnemic.serve.access import Access, check_reach, check_rights
from mnemic.serve.mcp import shown
from mnemic.serve.mcp.caller import Caller
from mnemic.serve.mcp.tools import described, request_of
from mnemic.serve.operations import TOOLS, carry_out
from mnemic.serve.problems import problem_of

if TYPE_CHECKING:
    from mnemic.agent.memory import Memory

Style = Literal["openai", "responses", "anthropic"]


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools of a memory: what a model is told of them, and what happens when it calls one."""

    memory: Memory
    caller: Caller

    def schemas(self, style: Style = "openai") -> list[dict[str, Any]]:
        """The tools as a client's API wants them.

        Args:
            style: "openai" (Chat Completions, and whatever is compatible with it), "responses"
                (OpenAI Responses) or "anthropic" (Messages).

        Raises:
            InvalidInput: there is no such style.
        """
        if style not in get_args(Style):
            raise InvalidInput(f"style is {style!r}; choose from {', '.join(get_args(Style))}")
        made: list[dict[str, Any]] = []
        for one in described(self.caller):
            plain = {"name": one["name"], "description": one["description"]}
            if style == "anthropic":
                made.append({**plain, "input_schema": one["schema"]})
            elif style == "responses":
                made.append({"type": "function", **plain, "parameters": one["schema"]})
            else:
                made.append(
                    {"type": "function", "function": {**plain, "parameters": one["schema"]}}
                )
        return made

    def call(self, name: str, arguments: Mapping[str, Any] | str | None = None) -> str:
        """What to tell the model that called a tool; its mistakes are answered in words.

        Args:
            name: the tool.
            arguments: as the model gave them: a mapping, or JSON.

        Raises:
            StoreError: the store cannot be used; that is no mistake of the model.
        """
        given: Mapping[str, Any] = {}
        try:
            given = _given(arguments)
            if name not in {one["name"] for one in described(self.caller)}:
                raise InvalidInput(f"there is no tool {name!r:.60}")
            operation, request = request_of(name, given, self.caller)
            said = carry_out(operation, self.memory, request, self.caller.access)
        except UnknownScope as error:
            if TOOLS[name].writes:
                return shown.harmless(problem_of(error).detail)
            asked = given.get("scope")
            return shown.nothing(asked if isinstance(asked, str) else self.caller.reads)
        except MnemicError as error:
            if problem_of(error).status >= 500:
                raise
            return shown.harmless(problem_of(error).detail)
        return shown.answer(name, said, self.caller.reads)[0]


def tools(
    memory: Memory, *, scope: str = "default", may: tuple[str, ...] = ("read", "write")
) -> Tools:
    """A memory as tools for any function-calling client.

    Args:
        memory: the memory.
        scope: the scope that the model is confined to; with `/*` it may choose below it.
        may: "read", "write" or both; a model is never let erase.

    Raises:
        InvalidScope, InvalidInput: a scope or right that there is not.

    Example:
        >>> given = mnemic.tools(memory, scope="acme/ana")                # doctest: +SKIP
        >>> client.chat.completions.create(..., tools=given.schemas())    # doctest: +SKIP
        >>> given.call("recall", '{"query": "Where does Ana live?"}')     # doctest: +SKIP
    """
    rights = check_rights(may) - {"erase", "admin"}
    return Tools(memory, Caller.of(Access("tools", rights, check_reach([scope]))))


def _given(arguments: Mapping[str, Any] | str | None) -> Mapping[str, Any]:
    if arguments is None or arguments == "":
        return {}
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"the arguments are no JSON: {str(error)[:100]}") from None
    if not isinstance(arguments, Mapping):
        raise InvalidInput(f"the arguments are {type(arguments).__name__}; pass an object")
    return arguments
