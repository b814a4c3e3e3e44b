"""Who asks over MCP, and which scope is meant where they name none."""

from __future__ import annotations

from dataclasses import dataclass

from mnemic.agent.scopes import split_reach
from mnemic.serve.access import EVERYWHERE, Access


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: what they may do, where they write, and where they read, if they do not say."""

    access: Access
    writes: str
    reads: str

    @classmethod
    def of(cls, access: Access) -> Caller:
        """A caller whose usual scope is the first that lies within reach."""
        first = access.reach[0]
        if first == EVERYWHERE:
            return cls(access, "default", "default")
        return cls(access, split_reach(first)[0], first)

    @property
    def chooses(self) -> bool:
        """Whether there is more than one scope to choose from."""
        return len(self.access.reach) > 1 or self.access.reach[0].endswith("*")
