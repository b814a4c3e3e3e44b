"""Who may come in, and to which scope: hosts, origins, keys."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mnemic.agent.scopes import check_scope, split_reach
from mnemic.errors import InvalidInput, InvalidScope
from mnemic.serve.access import Access, check_reach
from mnemic.serve.hosts import hostname, is_loopback
from mnemic.serve.proxy.settings import ProxySettings

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class Refused(Exception):
    """A request that is not let in; `status` is HTTP's. Told to the client by the door itself."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Scopes(Protocol):
    """Finds the scope of a request by its headers."""

    def scope_of(self, headers: Mapping[str, str]) -> str:
        """The scope in which a request recalls and is kept; names of headers in small letters.

        Raises:
            Refused: its key is unknown, or its scope is beyond reach.
        """


@dataclass(frozen=True, slots=True)
class OneReach:
    """Every client has the same reach; a header chooses within it."""

    reach: str

    def scope_of(self, headers: Mapping[str, str]) -> str:
        """As in `Scopes`."""
        return choose(self.reach, headers.get("x-mnemic-scope"))


@dataclass(frozen=True, slots=True)
class ReachByKey:
    """Each client key has its reach; other keys are refused."""

    reaches: Mapping[str, str]

    def scope_of(self, headers: Mapping[str, str]) -> str:
        """As in `Scopes`."""
        reach = self.reaches.get(digest(key_in(headers)))
        if reach is None:
            raise Refused(
                401, "this key is not known to the proxy; add its SHA-256 to the file of --scope-of"
            )
        return choose(reach, headers.get("x-mnemic-scope"))


def scopes_for(settings: ProxySettings) -> Scopes:
    """How scopes are found, by the settings."""
    if settings.scopes_by_key is not None:
        return ReachByKey(settings.scopes_by_key)
    return OneReach(settings.scope)


def choose(reach: str, named: str | None) -> str:
    """The scope that a header names, if it lies within reach; without one, the reach's own.

    Raises:
        Refused: it lies beyond, or is no scope.
    """
    if named is None:
        return "default" if reach == "*" else split_reach(reach)[0]
    try:
        scope = check_scope(named)
        if Access("proxy", frozenset(("read", "write")), (reach,)).covers(scope):
            return scope
    except InvalidScope as error:
        raise Refused(400, f"X-Mnemic-Scope: {error}") from None
    raise Refused(403, f"X-Mnemic-Scope {scope!r:.80} is beyond the reach of this client")


def key_in(headers: Mapping[str, str]) -> str:
    """The client's key as OpenAI's, Azure's and Anthropic's clients send it; empty without one."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key") or headers.get("api-key") or ""


def digest(key: str) -> str:
    """How a key stands in the file of `--scope-of`."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def read_scopes(path: Path) -> dict[str, str]:
    """The reach of each key, from lines such as `5e88…=acme/ana`; `#` begins a comment.

    Raises:
        InvalidInput: a line that is none; the message names its number, never its key.
    """
    reaches: dict[str, str] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        key, _, reach = (part.strip() for part in line.partition("="))
        if not _DIGEST.match(key.lower()):
            raise InvalidInput(
                f"line {number} of {str(path)!r} does not begin with the SHA-256 of a key in hex; "
                "`printf %s KEY | sha256sum` gives it; a line reads HASH=scope"
            )
        (reaches[key.lower()],) = check_reach([reach])
    if not reaches:
        raise InvalidInput(f"{str(path)!r} names no key; a line reads HASH=scope")
    return reaches


def check_caller(headers: Mapping[str, str], settings: ProxySettings) -> None:
    """Passes if Host and Origin are what they would be without a page elsewhere behind them.

    Raises:
        Refused: they are not.
    """
    host = hostname(headers.get("host", ""))
    if not host:
        raise Refused(400, "the header Host is missing, or names no host")
    if not (is_loopback(host) or host in settings.hosts):
        raise Refused(
            421, f"Host {host!r:.80} is not served here; allow it with --allow-host {host:.80}"
        )
    origin = headers.get("origin")
    if origin is None and headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        origin = "elsewhere"  # a page's plain GET names none, but browsers say where it comes from
    if origin is None or origin in settings.origins:
        return
    raise Refused(
        403, f"a page of {origin!r:.80} may not use this proxy; allow it with --allow-origin"
    )


def check_bind(host: str, settings: ProxySettings) -> None:
    """Passes if an address may be listened on with these settings.

    Raises:
        InvalidInput: others could reach it and no keys are asked for.
    """
    if not is_loopback(host) and settings.scopes_by_key is None:
        raise InvalidInput(
            f"--host {host!r:.80} can be reached by others; name the keys that may come in with "
            "--scope-of FILE, or listen on 127.0.0.1"
        )
