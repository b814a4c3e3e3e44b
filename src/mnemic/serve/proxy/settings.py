"""What a proxy is told: where it passes requests on, what it recalls, what it keeps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import urlsplit

from mnemic.agent.llm.settings import Secret
from mnemic.agent.scopes import split_reach
from mnemic.errors import InvalidInput

Placed = Literal["before", "system"]
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """An upstream, and bounds on what is done for it.

    `upstream` is what the client would have as its base URL. `scope` is a path; `acme/*` lets the
    header X-Mnemic-Scope choose below it, `*` anywhere. `scopes_by_key` names the reach of each client
    key by the key's SHA-256 in hex; if it is given, other keys are refused.

    Recall: `known_min` is the least probability that memory holds an answer, `relevance_min` what an
    episode must have itself, `recall_s_max` how long a request may wait. `place` says where memory
    stands: "before" puts a message of its own before the user's last, which keeps what goes before it
    in the provider's prompt cache; "system" appends to the system message, for models that take only
    one. `hold` gives the continuations of a turn (after a tool's result) the block it was given.

    Keeping: `history` keeps also turns that were said before the proxy was there, `tools` calls of
    tools and their results. The same first message within `retry_s` is a retry, later it begins a new
    conversation.

    Raises:
        InvalidInput: a value that cannot be used; the message names the field.
    """

    upstream: str
    upstream_key: Secret = field(default_factory=Secret)
    scope: str = "default"
    scopes_by_key: Mapping[str, str] | None = None
    budget_tokens: int = 1_000
    known_min: float = 0.1
    relevance_min: float = 0.05
    hits_max: int = 20
    recall_s_max: float = 0.15
    recalls_at_once: int = 4
    place: Placed = "before"
    hold: bool = True
    history: bool = True
    tools: bool = True
    connect_s_max: float = 10.0
    silence_s_max: float = 600.0
    body_silence_s_max: float = 60.0
    body_bytes_max: int = 64 * MIB
    answer_bytes_max: int = 16 * MIB
    waiting_chars_max: int = 128 * MIB
    retry_s: float = 600.0
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_upstream(self.upstream)
        _check_reach("scope", self.scope)
        for reach in (self.scopes_by_key or {}).values():
            _check_reach("scopes_by_key", reach)
        if self.place not in get_args(Placed):
            raise InvalidInput(f"place is {self.place!r:.40}; choose from before, system")
        for name in (
            "budget_tokens", "hits_max", "recalls_at_once", "body_bytes_max", "answer_bytes_max",
            "waiting_chars_max",
        ):  # fmt: skip
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InvalidInput(f"{name} is {value!r:.40}; give a whole number from 1")
        for name in ("known_min", "relevance_min"):
            if not 0 <= getattr(self, name) <= 1:
                value = getattr(self, name)
                raise InvalidInput(f"{name} is {value!r:.40}; give a number from 0 to 1")
        for name in (
            "recall_s_max",
            "connect_s_max",
            "silence_s_max",
            "body_silence_s_max",
            "retry_s",
        ):
            value = getattr(self, name)
            if not math.isfinite(value) or value < 0:
                raise InvalidInput(f"{name} is {value!r:.40}; give a number of seconds from 0")


def _check_upstream(url: str) -> None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise InvalidInput("upstream cannot be read as a URL; give http(s)://host/v1") from None
    if parts.username is not None or parts.password is not None:
        raise InvalidInput(
            "upstream holds a user or password; give the key with --upstream-key-env NAME"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(f"upstream {url!r:.80} is no http(s) URL; give https://host/v1")
    if parts.query or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidInput(f"upstream on {parts.hostname!r} is to end in its path, such as '/v1'")


def _check_reach(name: str, reach: str) -> None:
    if reach == "*":
        return
    try:
        split_reach(reach)
    except InvalidInput as error:
        error.add_note(f"in {name}")
        raise
