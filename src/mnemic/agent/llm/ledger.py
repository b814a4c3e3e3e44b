"""What calls have cost, and whether the next one could cost too much."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from mnemic.agent.llm.settings import LLMSettings
from mnemic.errors import BudgetSpent

BYTES_A_TOKEN = 8
"""More bytes than a token of common text has: no usage below this is believed."""

_TOKENS_SANE = 10**9
"""What a report is cut to: enough to end any budget, not enough to overflow a sum."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens read and written, and the money they cost."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0


@dataclass(frozen=True, slots=True)
class Hold:
    """What a call under way may cost at most."""

    tokens_in: int
    tokens_out: int


class Ledger:
    """Counts tokens and money over threads; refuses a call that could go beyond the budget."""

    def __init__(self, settings: LLMSettings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._spent = Spent()
        self._held: dict[int, Hold] = {}

    @property
    def spent(self) -> Spent:
        """What the calls that have ended cost."""
        with self._lock:
            return self._spent

    def hold(self, request_bytes: int, answer_tokens: int) -> Hold:
        """Sets aside what a call may cost: a token has at least a byte, so bytes bound tokens.

        Raises:
            BudgetSpent: this call, beside those under way, could go beyond the budget.
        """
        hold = Hold(request_bytes, answer_tokens)
        with self._lock:
            asked = [*self._held.values(), hold]
            tokens_in = self._spent.tokens_in + sum(one.tokens_in for one in asked)
            tokens_out = self._spent.tokens_out + sum(one.tokens_out for one in asked)
            most = self._settings.tokens_max
            if tokens_in + tokens_out > most:
                raise BudgetSpent(
                    f"another call could bring this run to {tokens_in + tokens_out} tokens, beyond "
                    f"tokens_max={most}; raise it, or sleep again later"
                )
            money, money_max = self._price(tokens_in, tokens_out), self._settings.money_max
            if money_max is not None and money > money_max:
                raise BudgetSpent(
                    f"another call could bring this run to {money:.4f}, beyond money_max="
                    f"{money_max}; raise it, or sleep again later"
                )
            self._held[id(hold)] = hold
        return hold

    def settle(self, hold: Hold, tokens_in: int, tokens_out: int) -> None:
        """Counts what a call has cost in place of what was set aside for it."""
        with self._lock:
            del self._held[id(hold)]
            total_in = self._spent.tokens_in + tokens_in
            total_out = self._spent.tokens_out + tokens_out
            self._spent = Spent(
                self._spent.calls + 1, total_in, total_out, self._price(total_in, total_out)
            )

    def lose(self, hold: Hold) -> None:
        """Counts a call whose cost nobody knows at its dearest."""
        self.settle(hold, hold.tokens_in, hold.tokens_out)

    def free(self, hold: Hold) -> None:
        """Counts a call that the endpoint turned away: it cost nothing."""
        self.settle(hold, 0, 0)

    def _price(self, tokens_in: int, tokens_out: int) -> float:
        s = self._settings
        return (tokens_in * s.price_in + tokens_out * s.price_out) / 1_000_000


def charged(reported: object, size_bytes: int, dearest: int) -> int:
    """The tokens to count: those reported, if they can be believed, else what it could be at most.

    Args:
        reported: what the endpoint says; anything but a whole number from 0 is no report.
        size_bytes: of the text; fewer tokens than an eighth of it are not believed.
        dearest: what to count without a report.
    """
    if isinstance(reported, bool) or not isinstance(reported, int) or reported < 0:
        return dearest
    return min(max(reported, size_bytes // BYTES_A_TOKEN), _TOKENS_SANE)
