"""What came over HTTP as the request that an operation takes. Whatever does not fit is told field by field."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from mnemic.serve.operations import Operation
from mnemic.serve.rest.refusals import Refusal

FIELDS_MAX = 64
REASONS_MAX = 20
_PLACE = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"-?[0-9]{1,19}\Z")


def path_fields(operation: Operation) -> tuple[str, ...]:
    """The fields of the request that stand in the path."""
    return tuple(_PLACE.findall(operation.rest[1]))


def read_request(
    operation: Operation,
    path: Mapping[str, str],
    query: bytes,
    body: bytes,
    more: Mapping[str, Any] | None = None,
) -> BaseModel:
    """The request, as its model has it.

    Args:
        operation: what is asked.
        path: the fields in the path, still percent-encoded.
        query: the query string.
        body: JSON, or nothing.
        more: fields that came in headers.

    Raises:
        Refusal: 400 for what is no JSON object or no UTF-8, 422 for what does not fit the model.
    """
    named = {name: _decoded(value) for name, value in path.items()}
    asked = _query(query)
    if operation.rest[0] == "GET":
        return _checked(operation, {**_apart(asked, named), **named})
    if asked:
        raise _unfit([("query", f"{next(iter(asked))!r:.40} belongs in the body, as JSON")])
    if not named and not more:
        return _from_body(operation, body)
    said = _object(body)
    fields = operation.request.model_fields
    own = {
        name: int(value) if fields[name].annotation is int and _NUMBER.match(value) else value
        for name, value in named.items()
    }
    for name, value in (more or {}).items():
        if said.get(name) not in (None, value):
            raise Refusal(409, "conflict", f"{name} in the body is not the one in the header")
        own[name] = value
    return _from_body(operation, json.dumps({**_apart(said, own), **own}).encode())


def _checked(operation: Operation, fields: Mapping[str, str]) -> BaseModel:
    try:
        return operation.request.model_validate_strings(fields)
    except ValidationError as error:
        raise _unfit(_reasons(error.errors(include_input=False, include_url=False))) from None


def _from_body(operation: Operation, body: bytes) -> BaseModel:
    try:
        return operation.request.model_validate_json(body or b"{}", strict=True)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
    if found[0]["type"] == "json_invalid":
        raise _no_json(str(found[0]["msg"]))
    floats = [one["loc"] for one in found if one["type"] in ("int_type", "int_from_float")]
    if len(floats) < len(found):
        raise _unfit(_reasons(found))
    try:
        return operation.request.model_validate_json(_whole(body, floats), strict=True)
    except ValidationError as error:
        raise _unfit(_reasons(error.errors(include_input=False, include_url=False))) from None


def _whole(body: bytes, places: Sequence[tuple[int | str, ...]]) -> bytes:
    """The body with 5 in place of 5.0 there: to JSON they are the same number."""
    said = from_json(body)
    for *above, last in places:
        inside = said
        for step in above:
            inside = inside[step]
        if isinstance(inside[last], float) and inside[last].is_integer():
            inside[last] = int(inside[last])
    return json.dumps(said).encode()


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = from_json(body or b"{}", allow_inf_nan=False)
    except ValueError as error:
        raise _no_json(str(error)) from None
    if not isinstance(said, dict):
        raise _unfit([("body", "pass a JSON object")])
    return said


def _query(query: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict",
            max_num_fields=FIELDS_MAX,
        )  # fmt: skip
    except UnicodeDecodeError:
        raise Refusal(400, "bad-query", "the query string is not percent-encoded UTF-8") from None
    except ValueError:
        raise Refusal(400, "bad-query", f"more than {FIELDS_MAX} fields in the query") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise _unfit([(name[:40], "given twice; pass it once")])
        found[name] = value
    return found


def _decoded(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise Refusal(400, "bad-path", "the path is not percent-encoded UTF-8") from None


def _apart(said: Mapping[str, Any], named: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in named:
        if said.get(name) not in (None, named[name]):
            raise _unfit([(name, "stands in the path already; leave it out here")])
    return said


def _reasons(found: Sequence[Any]) -> list[tuple[str, str]]:
    """Field and reason, never the value: it may be a secret, or a megabyte."""
    return [
        (".".join(str(part)[:40] for part in one["loc"]) or "body", one["msg"])
        for one in found[:REASONS_MAX]
    ]


def _unfit(reasons: list[tuple[str, str]]) -> Refusal:
    said = "; ".join(f"{name}: {reason}" for name, reason in reasons[:3])
    errors = [{"field": name, "reason": reason} for name, reason in reasons]
    return Refusal(422, "invalid-input", said, more={"errors": errors})


def _no_json(reason: str) -> Refusal:
    return Refusal(400, "bad-json", f"the body is no JSON: {reason.removeprefix('Invalid JSON: ')}")
