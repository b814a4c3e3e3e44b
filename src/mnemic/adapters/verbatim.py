"""Any JSON value as text that a memory gives back exactly, and text of it that can be searched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mnemic.errors import InvalidInput

NOTHING = "∅"
"""The text of what has none to be found by: no term of any question."""

TEXT_CHARS_MAX = 1_000_000
"""As much as an episode holds."""


def frozen(value: Any, what: str) -> str:
    """A JSON value as ASCII text, the order of keys and every character kept.

    Args:
        value: dicts with string keys, lists, tuples (which come back as lists), strings, numbers.
        what: what the value is, for errors.

    Raises:
        InvalidInput: it is no JSON value.
    """
    try:
        _check_keys(value, what)
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(
            f"{what} {value!r:.80} is not plain JSON ({error}); turn it into dicts, lists, "
            "strings and numbers first"
        ) from error


def thawed(text: str) -> Any:
    """The inverse of `frozen`."""
    return json.loads(text)


def searchable(text: str) -> str:
    """The text as an episode can hold it: without NULs and lone surrogates, and never empty."""
    clean = text[:TEXT_CHARS_MAX].replace("\x00", "\ufffd")
    clean = clean.encode("utf-8", "surrogatepass").decode("utf-8", "replace")[:TEXT_CHARS_MAX]
    return clean if clean.strip() else NOTHING


def leaves(value: Any, name: str = "") -> Iterator[str]:
    """A line for every string and number of a value, after the name it stands under."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from leaves(inner, name)
    elif value is not None:
        yield f"{name}: {value}" if name else str(value)


def _check_keys(value: Any, what: str) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise InvalidInput(f"{what} has the key {key!r:.60}; JSON knows strings only")
            _check_keys(inner, what)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _check_keys(inner, what)
