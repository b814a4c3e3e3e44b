"""The eight tools as a model sees them: a few fields of each request, and when to use which.

The requests are those of the table; here is only the choice of what a model is shown. A field that
is not shown is refused, so that a typing error is never silently ignored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from mnemic.clock import SystemClock
from mnemic.errors import InvalidInput
from mnemic.serve.mcp.caller import Caller
from mnemic.serve.operations import TOOLS, Operation

SOURCE = "mcp"
SPEAKER = "assistant"
_DROPPED = (
    "title", "default", "minLength", "maxLength", "examples", "additionalProperties", "minItems",
    "maxItems",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A tool as shown to a model: what it is for, its fields, their words and tighter bounds.

    `fields` names them as the request does on the wire; a text here replaces the request's own
    description, None keeps it. `most` lowers the greatest number a field may have, `usual` is what
    a field is where the model does not say.
    """

    about: str
    fields: Mapping[str, str | None]
    most: Mapping[str, int]
    usual: Mapping[str, Any]


def _shown(
    about: str,
    fields: Mapping[str, str | None],
    most: Mapping[str, int] | None = None,
    usual: Mapping[str, Any] | None = None,
) -> Shown:
    return Shown(about, fields, most or {}, usual or {})


_WHEN = "ISO 8601 with offset."
SHOWN: Mapping[str, Shown] = {
    "recall": _shown(
        "Search long-term memory: what was said, decided or done in earlier sessions, and the facts "
        "that follow. Use it before answering about the past, about the user or project, or before "
        "asking something the user may have told already. Gives dated, sourced items with ids.",
        {
            "query": "A question or words; times such as 'in March' are understood.",
            "k": "Most hits.",
            "from": f"Only said from here on. {_WHEN}",
            "to": f"Only said before. {_WHEN}",
            "as_of": f"Facts as they held then. {_WHEN}",
        },
        most={"k": 50},
        usual={"k": 8},
    ),
    "context": _shown(
        "Everything memory has on a topic, packed into a token budget, dated and cited. Use it once "
        "when a task begins; use recall for single questions.",
        {"query": "What the task is about.", "budget_tokens": "Most tokens."},
        most={"budget_tokens": 20_000},
        usual={"budget_tokens": 1500},
    ),
    "remember": _shown(
        "Keep something for later sessions, word for word: a decision and its reason, a preference, "
        "a fact about user or project, a lesson from a mistake. One self-contained statement with "
        "names and dates. Not for secrets, nor for what files already say. A retry is safe.",
        {
            "text": None,
            "speaker": "'user' if the user said it; else it is kept as said by the assistant.",
            "said_at": f"When it was said, if not now. {_WHEN}",
            "session": "Conversation it belongs to.",
        },
    ),
    "timeline": _shown(
        "The history of a person, thing or topic, oldest first: what held from when to when, and "
        "what replaced it. Use it for 'how did X change' or 'since when'.",
        {"about": "A name or words.", "k": "Most episodes."},
        most={"k": 100},
        usual={"k": 20},
    ),
    "facts": _shown(
        "What memory holds to be true, with confidence and the time it holds. Use it for 'what do we "
        "know about X'; recall finds the words it came from.",
        {
            "about": "Words the facts must share.",
            "as_of": f"As it was then. {_WHEN}",
            "history": None,
        },
    ),
    "correct": _shown(
        "Replace one wrong or outdated fact when the user says so. Take the fact's id from facts or "
        "recall. The old value stays known as history.",
        {"id": None, "value": "The right value, or a sentence."},
    ),
    "forget": _shown(
        "Hide one remembered episode from every recall when the user wants it forgotten. The user "
        "can restore it, or erase it for good, with the mnemic command.",
        {"id": None},
    ),
    "sleep": _shown(
        "Consolidate what is new into facts, lessons and summaries. Use it at the end of a long "
        "session; nothing is lost without it.",
        {"budget_s": "Most seconds."},
        most={"budget_s": 300},
        usual={"budget_s": 20},
    ),
}
"""What a model is shown of each tool, in the order it should think of them."""

_SCOPE = "Whose memory: a path such as acme/ana."
_ONE_PLACE = frozenset(("remember", "forget"))
"""What happens in one scope and never in all below it."""


def described(caller: Caller) -> list[dict[str, Any]]:
    """Every tool the caller may use: name, description, input schema, and whether it only reads."""
    return [
        {
            "name": name,
            "description": shown.about,
            "schema": schema_of(name, caller),
            "reads": not TOOLS[name].writes,
        }
        for name, shown in SHOWN.items()
        if TOOLS[name].may in caller.access.may
    ]


def schema_of(name: str, caller: Caller) -> dict[str, Any]:
    """The input schema of a tool: its request's, as far as a model is shown it."""
    operation, shown = TOOLS[name], SHOWN[name]
    whole = operation.request.model_json_schema(by_alias=True)
    properties: dict[str, Any] = {}
    for field, words in shown.fields.items():
        part = _brief(whole["properties"][field])
        if words is not None:
            part["description"] = words
        if field in shown.most:
            part["maximum"] = shown.most[field]
        if field in shown.usual:
            part["default"] = shown.usual[field]
        properties[field] = part
    if caller.chooses:
        properties["scope"] = {"type": "string", "description": _SCOPE}
    needed = [field for field in whole.get("required", ()) if field in properties]
    return {
        "type": "object", "properties": properties, "additionalProperties": False,
        **({"required": needed} if needed else {}),
    }  # fmt: skip


def _brief(part: Mapping[str, Any]) -> dict[str, Any]:
    """A field's schema without what a model does not need: titles, nulls, lengths."""
    options = [option for option in part.get("anyOf", ()) if option.get("type") != "null"]
    merged = {**part, **(options[0] if len(options) == 1 else {})}
    merged.pop("anyOf", None)
    merged.pop("format", None)  # our descriptions say it
    return {key: value for key, value in merged.items() if key not in _DROPPED}


def request_of(name: str, given: Mapping[str, Any], caller: Caller) -> tuple[Operation, BaseModel]:
    """The operation a tool stands for, and its request made of a model's arguments.

    Raises:
        InvalidInput: an argument is unknown, missing or has a wrong value.
    """
    operation, shown = TOOLS[name], SHOWN[name]
    fields = operation.request.model_fields
    unknown = [str(key)[:40] for key in given if key not in shown.fields and key != "scope"]
    if unknown:
        raise InvalidInput(
            f"{name} has no argument {', '.join(map(repr, unknown[:5]))}; "
            f"it takes {', '.join(shown.fields)}"
        )
    row = {**shown.usual, **{key: value for key, value in given.items() if value is not None}}
    if "scope" in fields:
        row.setdefault("scope", caller.writes if name in _ONE_PLACE else caller.reads)
    if name == "remember":
        row = _told(row)
    try:
        request = operation.request.model_validate(row)
    except ValidationError as error:
        raise InvalidInput(_wrong(name, error)) from None
    for field, most in shown.most.items():
        value = getattr(request, field)
        if value is not None and value > most:
            raise InvalidInput(f"{field} is {value!r:.40}; pass at most {most}")
    return operation, request


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """What `remember` adds: who speaks, that it came through MCP, and a key that makes retries safe.

    The key is one for the same words of a day: a client whose connection broke sends its request
    again under a new id, perhaps to a new process, and must not be remembered twice.
    """
    row = {"speaker": SPEAKER, **row, "source": SOURCE}
    day = row.get("said_at") or SystemClock().now().date().isoformat()
    said = "\n".join(str(row.get(part)) for part in ("speaker", "session", "text"))
    whole = f"{day}\n{said}".encode(errors="surrogatepass")
    return {**row, "idempotency_key": hashlib.sha256(whole).hexdigest()}


def _wrong(name: str, error: ValidationError) -> str:
    """A sentence a model can act on; never the value of a field that is not its own."""
    parts = []
    for one in error.errors(include_url=False, include_context=False, include_input=False)[:4]:
        where = ".".join(str(step) for step in one["loc"] if isinstance(step, str)) or "arguments"
        parts.append(f"{where}: {one['msg'][:160]}")
    return f"{name} cannot be asked so: {'; '.join(parts)}"
