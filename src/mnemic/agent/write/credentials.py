"""Secrets that their surroundings give away: what a key file, a header or a name says of a value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from mnemic.agent.write.findings import Finding, changes, entropy_bits, is_placeholder

KEY_FILE_CHARS_MAX = 20_000

_NAMES = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|auth[_-]?key|account[_-]?key|signing[_-]?key|encryption[_-]?key|master[_-]?key"
    r"|service[_-]?key|license[_-]?key|subscription[_-]?key|credential)"
)
_STATED = re.compile(
    rf"({_NAMES})([A-Za-z0-9_-]{{0,24}}+)[\"'\\\])]{{0,4}}+[ \t]{{0,4}}+(?::=|=>|=|:)[ \t]{{0,4}}+"
    r"(?:\\{0,3}+([\"'`])((?:(?!\3)[^\n]){1,300}+)|([^\s\"'`,;)}\]<>]{4,300}+))",
    re.IGNORECASE,
)
_OPTION = re.compile(
    rf"--(?:[a-z-]{{0,24}}?)({_NAMES})[ ]{{1,2}}([\"']?)([^\s\"'`;|&<>-][^\s\"'`;|&<>]{{3,300}}+)",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"\b(?:password|passcode|passphrase)(?:[ ](?:for|to|of|on)[ ][\w' ]{1,30}?)?[ ](?:is|was|=)[ ]"
    r"[\"'“`]?([^\s\"'“”`]{6,64}+)",
    re.IGNORECASE,
)
_NETRC = re.compile(r"\blogin[ \t]{1,8}\S{1,128}\s{1,8}password[ \t]{1,8}(\S{3,256}+)")
_USER_OPTION = re.compile(r"[ ](?:-u|--user|--proxy-user)[ =][\"']?[^\s:\"'/]{1,64}+:([^\s\"'@]{3,256}+)")
_IN_ADDRESS = re.compile(r"://[^\s/?#@:\"'<>`]{0,128}+:([^\s/?#@\"'<>`]{1,256}+)@")
_HEADER = re.compile(
    r"authorization[\"'\\]{0,3}+[ ]{0,4}+[:=,][ ]{0,4}+[\"'\\]{0,3}+"
    r"(?:bearer|basic|token|digest|apikey|api-key)[ ]{1,4}+([A-Za-z0-9._~+/=:-]{8,4000}+)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\bbearer[ ]{1,4}+([A-Za-z0-9._~+/=-]{16,4000}+)", re.IGNORECASE)
_JWT = re.compile(
    r"eyJ(?<![A-Za-z0-9_.-]eyJ)[A-Za-z0-9_-]{8,2000}+\.eyJ[A-Za-z0-9_-]{8,8000}+\.[A-Za-z0-9_-]{0,2000}+"
)
_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_REST_OF_KEY = re.compile(r"[A-Za-z0-9+/=\s\\:,-]{0,20000}+")

# Formats without a beginning of their own that a search for literals could use.
_SHAPES = tuple(
    (kind, needle, re.compile(pattern))
    for kind, needle, pattern in (
        ("telegram-token", ":A", r"(?<![0-9A-Za-z])([0-9]{8,10}:A[A-Za-z0-9_-]{34})(?![A-Za-z0-9_-])"),
        ("discord-token", ".", r"(?<![A-Za-z0-9_.-])([MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,45})"),
        ("mailchimp-key", "-us", r"(?<![0-9A-Za-z])([0-9a-f]{32}-us[0-9]{1,2})(?![0-9A-Za-z])"),
        ("airtable-token", "pat", r"pat(?<![A-Za-z0-9]pat)([A-Za-z0-9]{14}\.[0-9a-f]{64})"),
        ("plaid-token", "access-", r"access-(?:sandbox|development|production)-([0-9a-f]{8}-[0-9a-f-]{27})"),
        ("azure-secret", "Q~", r"(?<![A-Za-z0-9_~.-])([A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})"),
        ("azure-signature", "sig=", r"[?&;]sig=([A-Za-z0-9%+/=_-]{40,200}+)"),
        ("cloudflare-key", "v1.0-", r"v1\.0-([0-9a-f]{24}-[0-9a-f]{140,160})"),
        ("putty-key", "Private-MAC: ", r"Private-MAC: ([0-9a-f]{40,64})"),
        ("putty-key", "Private-Lines: ", r"Private-Lines: \d{1,3}\s{1,2}((?:[A-Za-z0-9+/=]{1,64}\s{1,2}){1,60})"),
    )
)  # fmt: skip

_PASSWORD = re.compile(r"pass|pwd", re.IGNORECASE)
_NOT_SECRET_BEFORE = re.compile(r"(?:next|page|continuation|sync|pad|eos|bos|cls|sep|unk|mask|stop|max|public|primary)[_-]?$", re.IGNORECASE)  # fmt: skip
_NOT_SECRET_AFTER = re.compile(r"[_-]?(?:id|ids|name|type|count|limit|length|url|uri|path|file|field|policy|hint|label|arn|endpoint|expir|at\b|s\b)", re.IGNORECASE)  # fmt: skip
_CODE = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::|->)[A-Za-z_]\w*)*[(\[]|[A-Za-z_]\w*(?:\.|::|->)[A-Za-z_]|[/~.]|https?:|arn:")
_NAMED_AFTER = re.compile(r"pass|pwd|secret|token|key|cred", re.IGNORECASE)
_IDENTIFIER = re.compile(r"[A-Za-z_]+\d{0,2}")
_LETTER, _DIGIT = re.compile(r"[A-Za-z]"), re.compile(r"[0-9]")
_SYMBOL = re.compile(r"[!@#$%^&*+?~]")
_WORDS = re.compile(r"[a-z]{5}|[A-Z]{5}")


def find(text: str) -> Iterator[Finding]:
    """All secrets of a text that stand where secrets stand."""
    folded = text.casefold() if text.isascii() else text.lower()
    yield from _key_files(text)
    if "eyJ" in text:
        yield from (Finding("jwt", *match.span()) for match in _JWT.finditer(text))
    if "://" in text:
        yield from _first_group("url-password", _IN_ADDRESS, text)
    if "authorization" in folded:
        yield from _first_group("authorization", _HEADER, text)
    if "bearer" in folded:
        for one in _first_group("authorization", _BEARER, text):
            if _DIGIT.search(text, one.start, one.stop):
                yield one
    for kind, needle, pattern in _SHAPES:
        if needle in text:
            yield from _first_group(kind, pattern, text)
    if _named_in(folded):
        yield from _stated(text)
    if "login" in text:
        yield from _first_group("password", _NETRC, text)
    if " -u" in text or "user" in text:
        yield from _first_group("password", _USER_OPTION, text)


def _named_in(folded: str) -> bool:
    return any(name in folded for name in ("pass", "pwd", "secret", "token", "key", "credential"))


def _first_group(kind: str, pattern: re.Pattern[str], text: str) -> Iterator[Finding]:
    for match in pattern.finditer(text):
        if not is_placeholder(match[1]):
            yield Finding(kind, *match.span(1))


def _key_files(text: str) -> Iterator[Finding]:
    """Private keys, from BEGIN to END, or as far as their letters go where the end is missing."""
    place = text.find("-----BEGIN ")
    while place >= 0:
        begin = _BEGIN.match(text, place)
        if begin is None:
            place = text.find("-----BEGIN ", place + 1)
            continue
        last = min(begin.end() + KEY_FILE_CHARS_MAX, len(text))
        end = text.find("-----END ", begin.end(), last)
        if end >= 0:
            line = text.find("-----", end + 9, end + 80)
            stop = line + 5 if line >= 0 else end + 9
        else:
            rest = _REST_OF_KEY.match(text, begin.end())
            stop = rest.end() if rest else begin.end()
        yield Finding("private-key", begin.start(), stop)
        place = text.find("-----BEGIN ", stop)


def _stated(text: str) -> Iterator[Finding]:
    """Values of what is called a password, a token, a key: `DB_PASSWORD=…`, `"token": "…"`, …"""
    for match in _STATED.finditer(text):
        name, after = match[1], match[2]
        group = 4 if match[4] is not None else 5
        value = match[group].rstrip("\\")
        before = text[max(match.start() - 16, 0) : match.start()]
        if _NOT_SECRET_BEFORE.search(before) or _NOT_SECRET_AFTER.match(after):
            continue
        if group == 5:
            value = value.rstrip(".:!?")
        if is_secret(name, value, quoted=group == 4):
            yield Finding(_kind(name), match.start(group), match.start(group) + len(value))
        elif group == 5 and _is_environment(text, match, value):
            yield Finding(_kind(name), match.start(group), match.start(group) + len(value))
    for match in chain(_OPTION.finditer(text)):
        if is_secret(match[1], match[3], quoted=bool(match[2])):
            yield Finding(_kind(match[1]), *match.span(3))
    for match in _SAID.finditer(text):
        value = match[1].rstrip(".,;:!?)")
        if is_secret("password", value, quoted=False):
            yield Finding("password", match.start(1), match.start(1) + len(value))


def _kind(name: str) -> str:
    if _PASSWORD.search(name):
        return "password"
    return "secret" if name.casefold() in ("secret", "credential") else "token" if name.casefold() == "token" else "api-key"


def is_secret(name: str, value: str, *, quoted: bool) -> bool:
    """Whether a value under the name of a secret is one, rather than a word, code or a placeholder.

    Args:
        name: what the value is called, such as "password" or "api_key".
        value: without its quotation marks.
        quoted: whether it had any; code has none.
    """
    if any(char.isspace() for char in value) or is_placeholder(value) or "redacted:" in value:
        return False
    if _CODE.match(value):
        return False
    if _PASSWORD.search(name):
        if quoted:
            return len(value) >= 4
        if _IDENTIFIER.fullmatch(value) and _NAMED_AFTER.search(value):
            return False
        mixed = bool(_LETTER.search(value) and (_DIGIT.search(value) or _SYMBOL.search(value)))
        return len(value) >= 6 and mixed
    if len(value) < (10 if quoted else 12) or not (_LETTER.search(value) and _DIGIT.search(value)):
        return False
    if _IDENTIFIER.fullmatch(value) or entropy_bits(value) < 3.0:
        return False
    return changes(value) >= 0.2 and len(_WORDS.findall(value)) * 5 < len(value) / 2


def _is_environment(text: str, match: re.Match[str], value: str) -> bool:
    """Whether it is a line of a file of settings, `DB_PASSWORD=letmein`, whose values are plain."""
    name = match[1] + match[2]
    end = match.end()
    return (
        name.isupper()
        and bool(_PASSWORD.search(match[1]))
        and text[match.start(5) - 1] == "="
        and (end == len(text) or text[end] in "\r\n")
        and len(value) >= 6
        and not is_placeholder(value)
        and not _CODE.match(value)
        and not _NAMED_AFTER.search(value)
    )
