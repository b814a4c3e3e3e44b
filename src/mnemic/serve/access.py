"""Who may do what, where: rights and reach. Decided before an operation runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from mnemic.agent.scopes import check_scope, split_reach
from mnemic.errors import InvalidInput, MnemicError

Right = Literal["read", "write", "erase", "admin"]
RIGHTS: tuple[Right, ...] = get_args(Right)
EVERYWHERE = "*"


class Forbidden(MnemicError):
    """The caller may not do this anywhere."""


class Unauthorized(MnemicError):
    """No key, or none that opens: wrong, expired and revoked ones look the same."""

    def __init__(
        self,
        said: str = "a valid key is needed: send the header 'Authorization: Bearer mnk_…'; "
        "`mnemic key create` makes keys",
    ) -> None:
        super().__init__(said)


@dataclass(frozen=True, slots=True)
class Access:
    """What a caller may do, and the scopes in which.

    `name` says who it is, in logs; keys may share one. `key` is the id of its key, empty without one.
    """

    name: str
    may: frozenset[Right]
    reach: tuple[str, ...]
    key: str = ""

    def covers(self, scope: str) -> bool:
        """Whether a scope, or all that `acme/*` means, lies within reach.

        Raises:
            InvalidScope: it is no scope.
        """
        path, deep = split_reach(scope)
        for one in self.reach:
            if one == EVERYWHERE:
                return True
            granted, below = split_reach(one)
            if path == granted and (below or not deep):
                return True
            if below and path.startswith(granted + "/"):
                return True
        return False

    @property
    def everywhere(self) -> bool:
        """Whether nothing is out of reach."""
        return EVERYWHERE in self.reach

    def require(self, right: Right) -> None:
        """Passes if the caller has the right.

        Raises:
            Forbidden: it has not.
        """
        if right not in self.may:
            raise Forbidden(f"this key may not {right}; it may {', '.join(sorted(self.may))}")


OWNER = Access("owner", frozenset(RIGHTS), (EVERYWHERE,))
"""Who runs the program on their own machine."""


def check_rights(rights: Iterable[str]) -> frozenset[Right]:
    """The rights, if all are known.

    Raises:
        InvalidInput: one is not, or there are none.
    """
    named = [right.strip() for right in rights]
    for right in named:
        if right not in RIGHTS:
            raise InvalidInput(f"there is no right {right!r}; choose from {', '.join(RIGHTS)}")
    if not named:
        raise InvalidInput(f"no right is named; choose from {', '.join(RIGHTS)}")
    return frozenset(named)  # type: ignore[arg-type]


def check_reach(reach: Iterable[str]) -> tuple[str, ...]:
    """Scopes as a key may name them: `acme/ana`, `acme/*`, or `*` for all.

    Raises:
        InvalidScope: one is none.
        InvalidInput: there are none.
    """
    named = tuple(dict.fromkeys(reach))
    if not named:
        raise InvalidInput("no scope is named; pass a path, acme/*, or * for all")
    for one in named:
        if one != EVERYWHERE:
            check_scope(split_reach(one)[0])
    return named
