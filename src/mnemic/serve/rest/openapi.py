"""The OpenAPI 3.1 document, made of the table of operations and its models."""

from __future__ import annotations

import copy
from typing import Any

from pydantic.json_schema import models_json_schema

from mnemic import __version__
from mnemic.agent.scopes import SCOPE_CHARS_MAX
from mnemic.serve.operations import OPERATIONS, Operation
from mnemic.serve.rest.export import EXPORT
from mnemic.serve.rest.reading import path_fields

Schema = dict[str, Any]

_WORDS = {"pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"}
_NO_NUL = {"pattern": r"^[^\x00]*$"}
_SEGMENT = r"[^\W]([\w.@+:=\- ]*[\w@+:=\-])?"
_SAYS_MORE: dict[str, Schema] = {
    "scope": {"pattern": f"^{_SEGMENT}(/{_SEGMENT})*$"},
    "speaker": _NO_NUL, "session": _NO_NUL, "source": _NO_NUL, "ref": _NO_NUL, "place": _NO_NUL,
    "text": _WORDS, "query": {"pattern": r"\S"}, "value": _WORDS,
}  # fmt: skip
"""What the memory asks of a field beyond its model, so that the document promises no more than holds."""

_REACH = {"pattern": f"^{_SEGMENT}(/{_SEGMENT})*(/\\*)?$", "maxLength": SCOPE_CHARS_MAX}
"""Of a scope that may take in what lies below; its model allows two characters more."""

_REFS = "#/components/schemas/"
_ASKED = "Ask"
PROBLEMS = {
    400: "The request is no JSON, no UTF-8, or lacks its Host.",
    401: "A valid key is needed.",
    403: "The key may not do this, or Host or Origin is wrong.",
    404: "There is no such thing, or it is beyond the key's reach.",
    408: "The body came too slowly.",
    409: "It contradicts what was done before, or another sleep is running.",
    413: "The body is too large.",
    414: "The address is too long.",
    415: "The body is not application/json.",
    422: "A field has a value that cannot be used.",
    429: "Too much is waiting; nothing was done. Retry-After says when to ask again.",
    431: "The headers are too large.",
    500: "Something went wrong inside.",
    503: "The store or the model is not to be had now; nothing was done.",
    504: "The work had begun and took too long; it may still take effect.",
    507: "The disk is full; nothing was kept.",
}
_WITH_RETRY = (409, 429, 503)
_OF_POST = (408, 409, 413, 415, 507)


def openapi() -> Schema:
    """The whole document."""
    operations = [*OPERATIONS.values(), EXPORT]
    requests, replies = _schemas(operations)
    paths: dict[str, Schema] = {}
    for operation in operations:
        method, path = operation.rest
        paths.setdefault(path, {})[method.lower()] = _operation(operation, requests)
    components = {
        "schemas": {
            **{_ASKED + name: schema for name, schema in requests.items()},
            **replies, "Problem": _PROBLEM,
        },
        "responses": {f"Problem{status}": _problem(status) for status in PROBLEMS},
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
    }  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mnemic", "version": __version__,
            "description": "Exact memory for language models: what was said, by whom and when.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths, "components": components, "security": [{}, {"key": []}],
    }  # fmt: skip


def _schemas(operations: list[Operation]) -> tuple[dict[str, Schema], dict[str, Schema]]:
    _, asked = models_json_schema(
        [(one.request, "validation") for one in operations],
        ref_template=f"{_REFS}{_ASKED}{{model}}",
    )
    _, told = models_json_schema(
        [(one.reply, "serialization") for one in operations], ref_template=_REFS + "{model}"
    )
    for schema in asked["$defs"].values():
        for name, field in schema.get("properties", {}).items():
            for option in field.get("anyOf", [field]):
                if option.get("type") == "string":
                    deep = name == "scope" and option.get("maxLength", 0) > SCOPE_CHARS_MAX
                    option.update(_REACH if deep else _SAYS_MORE.get(name, {}))
    return asked["$defs"], told["$defs"]


def _operation(operation: Operation, requests: dict[str, Schema]) -> Schema:
    schema = requests[operation.request.__name__]
    in_path = path_fields(operation)
    is_get = operation.rest[0] == "GET"
    said: Schema = {
        "operationId": operation.name, "summary": operation.help,
        "parameters": [
            _parameter(name, one, schema, in_path)
            for name, one in schema.get("properties", {}).items()
            if is_get or name in in_path
        ],
        "responses": _responses(operation),
    }  # fmt: skip
    if not is_get:
        said["requestBody"] = _body(operation, schema, in_path)
        if operation.writes:
            said["parameters"].append(_IDEMPOTENCY)
    return said


def _parameter(name: str, schema: Schema, of: Schema, in_path: tuple[str, ...]) -> Schema:
    said = _without_null(schema)
    placed = name in in_path
    parameter = {
        "name": name, "in": "path" if placed else "query",
        "required": placed or name in of.get("required", ()), "schema": said,
    }  # fmt: skip
    if "description" in said:
        parameter["description"] = said.pop("description")
    return parameter


def _without_null(schema: Schema) -> Schema:
    """In an address there is no null; a field that is left out has its default."""
    said = {key: value for key, value in copy.deepcopy(schema).items() if key != "title"}
    options = [one for one in said.get("anyOf", ()) if one.get("type") != "null"]
    if len(options) == 1:
        del said["anyOf"]
        said = {**options[0], **said}
    if said.get("default", 0) is None:
        del said["default"]
    return said


def _body(operation: Operation, schema: Schema, in_path: tuple[str, ...]) -> Schema:
    name = operation.request.__name__
    body: Schema = {"$ref": f"{_REFS}{_ASKED}{name}"}
    required = [one for one in schema.get("required", ()) if one not in in_path]
    if in_path:
        body = {key: value for key, value in schema.items() if key != "required"}
        body["title"] = f"{operation.name} body"
        body["properties"] = {
            key: value for key, value in schema["properties"].items() if key not in in_path
        }
        if required:
            body["required"] = required
    return {"required": bool(required), "content": {"application/json": {"schema": body}}}


def _responses(operation: Operation) -> Schema:
    found: Schema = {"200": {"description": "Done.", "content": _content(operation)}}
    if operation is EXPORT:
        found["200"]["headers"] = {"Content-Disposition": {"schema": {"type": "string"}}}
    for status in PROBLEMS:
        if status not in _OF_POST or operation.rest[0] == "POST":
            found[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    return found


def _content(operation: Operation) -> Schema:
    if operation is EXPORT:
        return {"application/x-ndjson": {"schema": {"type": "string"}}}
    return {"application/json": {"schema": {"$ref": f"{_REFS}{operation.reply.__name__}"}}}


def _problem(status: int) -> Schema:
    said: Schema = {
        "description": PROBLEMS[status],
        "content": {"application/problem+json": {"schema": {"$ref": _REFS + "Problem"}}},
    }
    if status in _WITH_RETRY:
        said["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 0}}}
    if status == 401:
        said["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return said


_PROBLEM: Schema = {
    "type": "object", "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"}, "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object", "required": ["field", "reason"],
                "properties": {"field": {"type": "string"}, "reason": {"type": "string"}},
            },
        },
    },
}  # fmt: skip

_IDEMPOTENCY: Schema = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "description": "A retry with the same key is answered and not done again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]*[!-~][ -~]*$"},
}  # fmt: skip
