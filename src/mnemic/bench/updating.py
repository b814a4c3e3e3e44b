"""How people say that something changed, and what sounds like it and is no change.

The wording is in updating.json, written as people talk, without looking at how claims are extracted. `{old}` and `{new}` are values,
`{month}` a month between both statements, `{year}` one long past, `{friend}` somebody else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Matter:
    """Something of a person that can change: its relations, values, and how it is spoken of.

    `told` states the old value. `changes` are sentences by kind after which the old value holds no
    more; the kinds of ENDING give no new one. After `alikes` the old value still holds; in those of
    BOTH the new one holds as well. `of` says whose it is: "" the speaker's own, else "{friend}" or
    the like.
    """

    relations: frozenset[str]
    values: Sequence[str]
    told: Sequence[str]
    changes: Mapping[str, Sequence[str]]
    alikes: Mapping[str, Sequence[str]]
    of: str = ""


ENDING = frozenset(("no longer",))
"""Kinds of change that give no new value."""

BOTH = frozenset(("also",))
"""Kinds of look-alike after which both values hold."""

_WORDING = json.loads(files(__package__).joinpath("updating.json").read_text("utf-8"))

MATTERS: Mapping[str, Matter] = {
    name: Matter(frozenset(one["relations"]), one["values"], one["told"], one["changes"],
                 one["alikes"], one["of"])
    for name, one in _WORDING["matters"].items()
}  # fmt: skip
NAMES: Sequence[str] = _WORDING["names"]
CHATTER: Sequence[str] = _WORDING["chatter"]
REPLIES: Sequence[str] = _WORDING["replies"]
BEFORE: Sequence[str] = _WORDING["before"]
AFTER: Sequence[str] = _WORDING["after"]
