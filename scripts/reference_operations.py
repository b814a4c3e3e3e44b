"""The reference of the operations, from the one table that every door is made of."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from reference_python import escaped

from mnemic.serve.operations import OPERATIONS, TOOLS, Operation

COSTS = {"quick": "milliseconds", "model": "a model's forward pass", "long": "as long as it takes"}
LIMITS = (
    ("minLength", "at least {} characters"), ("maxLength", "at most {} characters"),
    ("minItems", "at least {}"), ("maxItems", "at most {}"),
    ("minimum", "from {}"), ("maximum", "to {}"),
)  # fmt: skip


def operations_page() -> str:
    """Every operation: how it is reached, what it needs, what it is asked and what it answers."""
    lines = [
        "# Operations",
        "",
        "One table stands behind every door.",
        f"REST is made from it, the tools of MCP are {len(TOOLS)} of its rows.",
        "The command line is checked against it.",
        "Unknown fields are refused.",
        "Times are ISO 8601 with an offset.",
        "",
        "| operation | REST | right | MCP tool | command |",
        "|---|---|---|---|---|",
    ]
    for one in OPERATIONS.values():
        tool = f"`{one.tool}`" if one.tool else ""
        lines.append(
            f"| [{one.name}](#{one.name}) | `{' '.join(one.rest)}` | {one.may} | {tool} | "
            f"`mnemic {one.command}` |"
        )
    asked: dict[str, dict[str, Any]] = {}
    answered: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS.values():
        lines += ["", *_operation(one, asked, answered)]
    for title, objects in (("requests", asked), ("replies", answered)):
        lines += ["", f"## Objects in {title}"]
        for name in sorted(objects):
            said = escaped(_flat(objects[name].get("description", "")))
            lines += ["", f"### {name} object", "", said, ""]
            lines += _fields(objects[name], limits=title == "requests")
    return "\n".join(lines) + "\n"


def _operation(
    one: Operation, asked_kept: dict[str, dict[str, Any]], answered: dict[str, dict[str, Any]]
) -> list[str]:
    scope = (
        "The caller must reach the whole scope that the request names."
        if one.scope == "named"
        else "What is beyond the caller's reach is left out."
    )
    lines = [
        f"## {one.name}",
        "",
        escaped(one.help),
        f"`{' '.join(one.rest)}`, right `{one.may}`, cost: {COSTS[one.cost]}.",
        scope,
    ]
    asked = _schema(one.request, asked_kept)
    if asked.get("properties"):
        lines += ["", "Request:", "", *_fields(asked, limits=True)]
    answer = _schema(one.reply, answered)
    lines += ["", "Reply:", "", *_fields(answer, limits=False)]
    return lines


def _schema(model: type[BaseModel], kept: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A model's schema; the models it is made of go into `kept`."""
    schema = model.model_json_schema(by_alias=True)
    kept.update(schema.get("$defs", {}))
    return schema


def _fields(schema: dict[str, Any], *, limits: bool) -> list[str]:
    needed = set(schema.get("required", ()))
    if not limits:
        return [
            "| field | type |",
            "|---|---|",
            *[
                f"| `{name}` | {escaped(_type(field))} |"
                for name, field in schema.get("properties", {}).items()
            ],
        ]
    lines = ["| field | type | default | limits | |", "|---|---|---|---|---|"]
    for name, field in schema["properties"].items():
        default = "required" if name in needed else f"`{_default(field)}`"
        lines.append(
            f"| `{name}` | {escaped(_type(field))} | {default} | {', '.join(_limits(field))} | "
            f"{escaped(_flat(field.get('description', '')))} |"
        )
    return lines


def _flat(text: str) -> str:
    return " ".join(text.split())


def _default(field: dict[str, Any]) -> str:
    value = field.get("default")
    return {None: "none", True: "true", False: "false"}.get(value, str(value))


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()}-object)"
    if "allOf" in field:
        return _type(field["allOf"][0])
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_type(one) for one in field["anyOf"]))
    if "enum" in field:
        return " or ".join(f"`{one}`" for one in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    if field.get("format") == "date-time":
        return "time"
    values = field.get("additionalProperties")
    if field.get("type") == "object" and isinstance(values, dict):
        return f"object of {_type(values)}"
    return {"null": "none", "": "any"}.get(field.get("type", ""), field.get("type", "any"))


def _number(value: float) -> str:
    exponent = abs(int(value)).bit_length() - 1
    if abs(value) > 2**53 and abs(value) == 2**exponent:
        return f"{'−' if value < 0 else ''}2^{exponent}"
    return f"{value:,}"


def _limits(field: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for one in (field, *field.get("anyOf", ())):
        for name, words in LIMITS:
            if name in one and not (name == "minLength" and one[name] == 1):
                found.append(words.format(_number(one[name])))
    return list(dict.fromkeys(found))
