"""Scopes: paths such as `acme/ana`, tenant first. Every read and write names one."""

from __future__ import annotations

import re

from mnemic.errors import InvalidScope

SCOPE_CHARS_MAX = 512
_SEGMENT = re.compile(r"[^\W]([\w.@+:=\- ]*[\w@+:=\-])?\Z")


def check_scope(scope: object) -> str:
    """The scope itself, if it is a plain path.

    Segments are letters, digits and `_ . @ + : = -` or inner spaces, joined by `/`. Comparison is
    exact: `acme` and `acme2` have nothing to do with each other, nor have `acme` and `Acme`.

    Raises:
        InvalidScope: anything else, such as `..`, quotes, `%`, `*` or an empty segment.
    """
    if not isinstance(scope, str):
        raise InvalidScope(f"scope {scope!r} is not a string; use a path such as 'acme/ana'")
    if not scope or len(scope) > SCOPE_CHARS_MAX:
        raise InvalidScope(
            f"scope {scope[:80]!r} has {len(scope)} characters; use 1 to {SCOPE_CHARS_MAX}"
        )
    for segment in scope.split("/"):
        if not _SEGMENT.match(segment):
            raise InvalidScope(
                f"scope {scope!r} has the segment {segment!r}; use letters, digits and _.@+:=- "
                "joined by '/', such as 'acme/ana'"
            )
    return scope


def split_reach(scope: object) -> tuple[str, bool]:
    """The path of a scope to read, and whether everything below it is meant too (`acme/*`)."""
    if scope == "*":
        raise InvalidScope("scope '*' names no tenant; all of one is read with 'acme/*'")
    if isinstance(scope, str) and scope.endswith("/*"):
        return check_scope(scope[:-2]), True
    return check_scope(scope), False
