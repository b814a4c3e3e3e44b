"""JSON values as a memory's meta gives them back exactly, and text of them that can be searched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mnemic.agent.recalled import cut
from mnemic.errors import InvalidInput

NOTHING = "∅"
"""The text of what has none to be found by: no term of any question."""

TEXT_CHARS_MAX = 1_000_000
"""As much as an episode holds."""


PART_CHARS = 400_000
"""A longer value lies in parts: an image in a message has more than one meta holds."""

DEPTH_MAX = 400
"""How deep a value may be nested: as far as it can be read back from any call of Python's."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def held(value: Any, what: str) -> list[dict[str, Any]]:
    """A JSON value as the meta of one episode, or of several where it is long.

    It stands there as it is; one that is long, or that no meta can hold (a lone surrogate, NaN),
    stands there as ASCII text.

    Args:
        value: dicts with string keys, lists, tuples (which come back as lists), strings, numbers.
        what: what the value is, for errors.

    Raises:
        InvalidInput: it is no JSON value, or is nested too deep.
    """
    try:
        _check_keys(value, what)
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(
            f"{what} {value!r:.80} is not plain JSON ({error}); turn it into dicts, lists, "
            "strings and numbers first"
        ) from error
    if len(text) <= PART_CHARS and _is_storable(value):
        return [{"value": value}]
    starts = range(0, len(text), PART_CHARS)
    return [
        {"json": text[start : start + PART_CHARS], "part": part, "parts": len(starts)}
        for part, start in enumerate(starts)
    ]


def given_back(metas: Sequence[Mapping[str, Any]]) -> Any:
    """The value that `held` made these of."""
    if "value" in metas[0]:
        return metas[0]["value"]
    return json.loads("".join(one["json"] for one in metas))


def searchable(text: str) -> str:
    """The text as an episode can hold it: without NULs and lone surrogates, and never empty.

    Of what is nothing but a recall's own words there is nothing new to find; the value is kept.
    """
    clean = text[:TEXT_CHARS_MAX].replace("\x00", "\ufffd")
    clean = _SURROGATE.sub("\ufffd", clean)
    return clean if clean.strip() and not cut(clean).empty else NOTHING


def in_words(value: Any) -> list[str]:
    """A line for every string and number of a value, after the name it stands under.

    A value that says only one thing is that thing.
    """
    found = list(_leaves(value, ""))
    if len(found) == 1:
        return [found[0][1]]
    return [f"{name}: {text}" if name else text for name, text in found]


def _leaves(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _leaves(inner, name)
    elif value is not None:
        yield name, str(value)


def _is_storable(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:  # a lone surrogate, or no number
        return False
    return True


def _check_keys(value: Any, what: str, depth: int = 0) -> None:
    if depth > DEPTH_MAX:
        raise InvalidInput(f"{what} is nested deeper than {DEPTH_MAX}; make it flatter")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise InvalidInput(f"{what} has the key {key!r:.60}; JSON knows strings only")
            _check_keys(inner, what, depth + 1)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _check_keys(inner, what, depth + 1)
