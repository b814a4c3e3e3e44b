"""Keys: who may come in through a door, what they may do, and where.

A key reads `mnk_<id>_<secret>`. The secret has 256 random bits, so guessing is hopeless and a plain
SHA-256 of it is the right thing to keep: slow hashes are for passwords, which people choose. Keys lie in
a small SQLite file beside the store, readable by its owner only; every request reads it, so what one
process creates, rotates or revokes holds in all others at once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from mnemic.agent.memory import default_path
from mnemic.errors import InvalidInput, NotThere, StoreError
from mnemic.serve.access import OWNER, Access, Unauthorized, check_reach, check_rights

SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, digest BLOB NOT NULL, may TEXT NOT NULL,
    reach TEXT NOT NULL, made_s INTEGER NOT NULL, ends_s INTEGER, revoked_s INTEGER, used_s INTEGER,
    old_digest BLOB, old_ends_s INTEGER
) STRICT, WITHOUT ROWID
"""
USED_EVERY_S = 3_600
"""How coarsely the last use is kept: telling more would write at every request."""

NAME_CHARS_MAX = 100
_TOKEN = re.compile(r"mnk_([0-9a-f]{12})_([0-9a-f]{64})\Z")
_NOBODY = bytes(32)
_COLUMNS = "id, name, may, reach, made_s, ends_s, revoked_s, used_s"


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it may be shown: all but its secret."""

    id: str
    name: str
    may: tuple[str, ...]
    reach: tuple[str, ...]
    made_s: int
    ends_s: int | None
    revoked_s: int | None
    used_s: int | None

    def state(self, now_s: float) -> str:
        """Whether it is "valid", "expired" or "revoked"."""
        if self.revoked_s is not None:
            return "revoked"
        return "expired" if self.ends_s is not None and self.ends_s <= now_s else "valid"


class Keys:
    """The keys of a store. Threads may share them; processes open their own.

    Args:
        path: the file of keys; it is made when the first key is.
        now_s: the present, in seconds since 1970.
    """

    def __init__(self, path: Path, *, now_s: Callable[[], float] = time.time) -> None:
        self.path = path
        self._now_s = now_s
        self._guard = threading.Lock()
        self._connection: apsw.Connection | None = None
        if path.exists():
            self._open()

    @classmethod
    def beside(cls, store: Path | None) -> Keys:
        """The keys of the store at a path, or of the default one."""
        path = store or default_path()
        return cls(path.with_name(path.name + "-keys"))

    def any(self) -> bool:
        """Whether a key was ever made. Revoking the last one does not open the door again."""
        rows = self._rows("SELECT EXISTS (SELECT 1 FROM keys)")
        return bool(rows and rows[0][0])

    def all(self) -> list[Key]:
        """Every key, oldest first."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM keys ORDER BY made_s, id")  # noqa: S608
        return [_key(row) for row in rows]

    def create(
        self, *, may: str, reach: list[str], name: str = "", lives_s: float | None = None
    ) -> tuple[Key, str]:
        """A new key, and the token that is shown this once.

        Args:
            may: rights with commas between them, such as "read,write".
            reach: scopes: `acme/ana`, `acme/*`, or `*` for all.
            name: what it is called in lists and logs; its id if empty.
            lives_s: seconds after which it expires; None is never.

        Raises:
            InvalidInput, InvalidScope: with the value that is wrong.
        """
        rights, scopes = check_rights(may.split(",")), check_reach(reach)
        if len(name) > NAME_CHARS_MAX or not name.isprintable():
            raise InvalidInput(f"name {name[:40]!r} is no name; use up to {NAME_CHARS_MAX} letters")
        if lives_s is not None and lives_s <= 0:
            raise InvalidInput(f"a key that lives {lives_s:g} s is of no use; pass a longer time")
        id_, secret = secrets.token_hex(6), secrets.token_hex(32)
        made = int(self._now_s())
        ends = None if lives_s is None else made + int(lives_s)
        self._change(
            "INSERT INTO keys (id, name, digest, may, reach, made_s, ends_s) VALUES (?,?,?,?,?,?,?)",
            (id_, name or id_, _digest(secret), json.dumps(sorted(rights)), json.dumps(scopes),
             made, ends),
        )  # fmt: skip
        return self.get(id_), f"mnk_{id_}_{secret}"

    def rotate(self, id_or_name: str, *, grace_s: float = 0) -> tuple[Key, str]:
        """The key with a new secret; the old one still opens for `grace_s` seconds.

        Raises:
            NotThere: there is no such key.
            InvalidInput: it is revoked, or the grace is negative.
        """
        key = self.get(id_or_name)
        if key.revoked_s is not None:
            raise InvalidInput(f"key {key.id!r} is revoked; create a new one")
        if not 0 <= grace_s <= 30 * 86_400:
            raise InvalidInput(f"the grace is {grace_s:g} s; pass 0 to 30 days")
        secret = secrets.token_hex(32)
        self._change(
            "UPDATE keys SET old_digest = digest, old_ends_s = ?, digest = ? WHERE id = ?",
            (int(self._now_s() + grace_s), _digest(secret), key.id),
        )
        return key, f"mnk_{key.id}_{secret}"

    def revoke(self, id_or_name: str) -> Key:
        """The key, which opens nothing from now on.

        Raises:
            NotThere: there is no such key.
        """
        key = self.get(id_or_name)
        self._change(
            "UPDATE keys SET revoked_s = coalesce(revoked_s, ?) WHERE id = ?",
            (int(self._now_s()), key.id),
        )
        return self.get(key.id)

    def get(self, id_or_name: str) -> Key:
        """A key by its id, or by a name that only one has.

        Raises:
            NotThere: there is none, or several have the name.
        """
        known = self.all()
        found = [key for key in known if key.id == id_or_name] or [
            key for key in known if key.name == id_or_name
        ]
        if len(found) != 1:
            how = f"{len(found)} keys have the name" if found else "there is no key"
            raise NotThere(f"{how} {id_or_name!r:.60}; `mnemic key list` shows their ids")
        return found[0]

    def access(self, token: str) -> Access:
        """What the bearer of a token may do.

        Raises:
            Unauthorized: it is no key, a wrong one, an expired or a revoked one.
        """
        match = _TOKEN.match(token)
        id_, secret = match.groups() if match else ("", "")
        rows = self._rows(
            f"SELECT digest, old_digest, old_ends_s, {_COLUMNS} FROM keys WHERE id = ?",  # noqa: S608
            (id_,),
        )
        said, now = _digest(secret), self._now_s()
        digest, old, old_ends, *rest = rows[0] if rows else (_NOBODY, None, None)
        # Both are always compared, so that time tells neither which ids exist nor which secret it was.
        right = hmac.compare_digest(said, digest)
        before = hmac.compare_digest(said, old or _NOBODY) and (old_ends or 0) > now
        if not rest or not (right or before):
            raise Unauthorized
        key = _key(rest)
        if key.state(now) != "valid":
            raise Unauthorized
        if now - (key.used_s or 0) > USED_EVERY_S:
            with suppress(StoreError):  # a full disk locks nobody out
                self._change("UPDATE keys SET used_s = ? WHERE id = ?", (int(now), key.id))
        return Access(key.name, check_rights(key.may), key.reach, key.id)

    def close(self) -> None:
        """Closes the file. Closing twice is allowed."""
        with self._guard:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # -- the file ----------------------------------------------------------------------------

    def _rows(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._guard, _explained(self.path):
            if self._connection is None:
                if not self.path.exists():
                    return []
                self._open()
            assert self._connection is not None
            return list(self._connection.execute(statement, values))

    def _change(self, statement: str, values: tuple[object, ...]) -> None:
        with self._guard, _explained(self.path):
            if self._connection is None:
                self._open()
            assert self._connection is not None
            self._connection.execute(statement, values)

    def _open(self) -> None:
        with _explained(self.path):
            # Made first with its mode, so that it is never readable by others; its log takes the same.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._connection = apsw.Connection(str(self.path))
            self._connection.set_busy_timeout(5_000)
            # Readers of a WAL never wait for a writer.
            self._connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
            self._connection.execute(SCHEMA)


class Doorkeeper:
    """Tells by a request's headers what its caller may do. One rule for every door.

    Once a key was made, everyone needs one. Before that, everyone is the owner, if `open_without_keys`.
    """

    def __init__(self, keys: Keys | None, *, open_without_keys: bool) -> None:
        self._keys = keys
        self._open = open_without_keys

    def access_of(self, headers: Mapping[str, str]) -> Access:
        """What the caller may do; names of headers in lower case.

        Raises:
            Unauthorized: a key is needed, and there is none that opens.
        """
        if self._keys is None or not self._keys.any():
            if self._open:
                return OWNER
            raise Unauthorized
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return self._keys.access(token.strip() if scheme.lower() == "bearer" else "")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _key(row: Sequence[Any]) -> Key:
    id_, name, may, reach, *times = row
    return Key(id_, name, tuple(json.loads(may)), tuple(json.loads(reach)), *times)


class _explained(AbstractContextManager[None]):  # noqa: N801
    """Turns the driver's errors into ours."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, apsw.Error | OSError):
            raise StoreError(
                f"the keys in {str(self._path)!r} cannot be used ({error}); check that the file is "
                "yours and its folder writable"
            ) from error
