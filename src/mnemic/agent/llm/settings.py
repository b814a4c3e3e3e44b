"""Which endpoint, which model, and what a run may cost."""

from __future__ import annotations

import ipaddress
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from mnemic.errors import InvalidInput

PREFIX = "MNEMIC_LLM_"
_NAME_CHARS_MAX = 200
_KEY_CHARS_MAX = 4_096


class Secret:
    """A text that shows in no repr, no message and no copy of its owner's fields."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __repr__(self) -> str:
        return "Secret(…)" if self._text else "Secret()"

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not to be written down; read it again from where it came")


@dataclass(frozen=True, slots=True)
class LLMSettings:
    """An OpenAI-compatible endpoint, and bounds on what is asked of it.

    Plain http is refused but to this machine, unless `plain_http`. `tokens_max` and `money_max` bound
    a run, counting every call as dear as it could be before it is made; prices are per million
    tokens, in the currency of `money_max`. `call_s_max` bounds a call from connection to last byte,
    however slowly it drips. After a failure that retries did not mend, nothing is asked for `rest_s`.

    Raises:
        InvalidInput: a value that cannot be used; the message names the field.
    """

    base_url: str
    model: str
    key: Secret = field(default_factory=Secret)
    tokens_max: int = 1_000_000
    money_max: float | None = None
    price_in: float = 0.0
    price_out: float = 0.0
    connect_s_max: float = 10.0
    silence_s_max: float = 60.0
    call_s_max: float = 120.0
    retries: int = 2
    backoff_s: float = 1.0
    retry_after_s_max: float = 30.0
    rest_s: float = 300.0
    calls_at_once: int = 4
    answer_tokens_max: int = 4_096
    answer_bytes_max: int = 1_000_000
    plain_http: bool = False

    def __post_init__(self) -> None:
        _check_url(self.base_url, self.plain_http)
        _check_model(self.model)
        _check_key(self.key)
        for name, least in (
            ("tokens_max", 0),
            ("retries", 0),
            ("calls_at_once", 1),
            ("answer_tokens_max", 1),
            ("answer_bytes_max", 1),
        ):
            _check_count(name, getattr(self, name), least)
        for name in ("connect_s_max", "silence_s_max", "call_s_max"):
            _check_amount(name, getattr(self, name))
            if not getattr(self, name):
                raise InvalidInput(f"{name} is 0; allow some seconds")
        for name in ("price_in", "price_out", "backoff_s", "retry_after_s_max", "rest_s"):
            _check_amount(name, getattr(self, name))
        if self.money_max is not None:
            _check_amount("money_max", self.money_max)
            if not self.price_in and not self.price_out:
                raise InvalidInput("money_max needs price_in and price_out, per million tokens")

    @property
    def local(self) -> bool:
        """Whether the endpoint is on this machine."""
        return _is_loopback(urlsplit(self.base_url).hostname or "")

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> LLMSettings | None:
        """Settings from MNEMIC_LLM_URL, _MODEL, _KEY or _KEY_FILE, _TOKENS_MAX, …; None without a URL.

        Every other number above goes by its name in capitals: MNEMIC_LLM_MONEY_MAX,
        MNEMIC_LLM_PRICE_IN, MNEMIC_LLM_CALL_S_MAX, …; MNEMIC_LLM_PLAIN_HTTP=1 allows plain http.

        Args:
            env: the variables; None reads those of the process.

        Raises:
            InvalidInput: a variable that cannot be used, or a URL without a model.
        """
        env = os.environ if env is None else env
        url = env.get(PREFIX + "URL", "").strip()
        if not url:
            return None
        model = env.get(PREFIX + "MODEL", "").strip()
        if not model:
            raise InvalidInput(f"{PREFIX}URL is set; set {PREFIX}MODEL too")
        counts = {name: _read(env, name, int) for name in _COUNTS}
        amounts = {name: _read(env, name, float) for name in _AMOUNTS}
        numbers = {k: v for k, v in (counts | amounts).items() if v is not None}
        plain = env.get(PREFIX + "PLAIN_HTTP", "").strip() == "1"
        return cls(url, model, _key(env), plain_http=plain, **numbers)  # type: ignore[arg-type]


_COUNTS = ("tokens_max", "retries", "calls_at_once", "answer_tokens_max", "answer_bytes_max")
_AMOUNTS = (
    "money_max", "price_in", "price_out", "connect_s_max", "silence_s_max", "call_s_max",
    "backoff_s", "retry_after_s_max", "rest_s",
)  # fmt: skip


def _read(env: Mapping[str, str], name: str, kind: type[int] | type[float]) -> int | float | None:
    text = env.get(PREFIX + name.upper(), "").strip()
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise InvalidInput(f"{PREFIX}{name.upper()} is {text!r:.40}; give {what}") from None


def _key(env: Mapping[str, str]) -> Secret:
    """The key: named in the environment, or kept in a file of its own."""
    key = env.get(PREFIX + "KEY", "").strip()
    place = env.get(PREFIX + "KEY_FILE", "").strip()
    if key or not place:
        return Secret(key)
    try:
        with Path(place).expanduser().open("rb") as file:
            return Secret(file.read(_KEY_CHARS_MAX + 2).decode("ascii").strip())
    except OSError as error:
        raise InvalidInput(f"{PREFIX}KEY_FILE {place!r}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{PREFIX}KEY_FILE {place!r} holds something that is no key") from None


def _check_url(url: str, plain_http: bool) -> None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise InvalidInput("base_url cannot be read as a URL; give http(s)://host/v1") from None
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("base_url holds a user or password; give the key as MNEMIC_LLM_KEY")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(f"base_url {url!r:.80} is no http(s) URL; give https://host/v1")
    if parts.query or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidInput(f"base_url on {parts.hostname!r} is to end in its path, such as '/v1'")
    if not all(0 < len(label) < 64 for label in parts.hostname.removesuffix(".").split(".")):
        raise InvalidInput(
            f"base_url {url!r:.80} names no host that could be; give https://host/v1"
        )
    if parts.scheme == "http" and not plain_http and not _is_loopback(parts.hostname):
        raise InvalidInput(
            f"base_url {url!r:.80} would send text and key unencrypted; use https, or allow it with "
            "plain_http=True (MNEMIC_LLM_PLAIN_HTTP=1)"
        )


def _is_loopback(host: str) -> bool:
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_model(model: str) -> None:
    if not model or len(model) > _NAME_CHARS_MAX or not model.isprintable():
        raise InvalidInput(
            f"model {model!r:.60} is no name; give 1 to {_NAME_CHARS_MAX} printable characters"
        )


def _check_key(key: object) -> None:
    if not isinstance(key, Secret):
        raise InvalidInput("key is to be wrapped: Secret(key)")
    text = key.reveal()
    if len(text) > _KEY_CHARS_MAX or not text.isascii() or not text.isprintable() or " " in text:
        raise InvalidInput("the key holds characters that no key has, or is too long")


def _check_count(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InvalidInput(f"{name} is {value!r:.40}; give a whole number from {least}")


def _check_amount(name: str, value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InvalidInput(f"{name} is {value!r:.40}; give a number")
    if not math.isfinite(value) or value < 0:
        raise InvalidInput(f"{name} is {value!r}; give a finite number from 0")
