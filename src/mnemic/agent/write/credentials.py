"""Secrets that their surroundings give away: what a key file, a header or a name says of a value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mnemic.agent.write.findings import Finding, changes, entropy_bits, is_placeholder, kinds_of

KEY_FILE_CHARS_MAX = 20_000
OPTION_CHARS_MAX = 26

# Looked for in the text in lower case, which is much faster than ignoring case.
_NAMES = (
    r"(?:pass(?:word|wd|phrase|code)|(?<=_)pass(?=[\"'\\\])]{0,4}[ \t]{0,4}[=:])"
    r"|pwd|secret|token|credential|key)"
)
_STATED = re.compile(
    rf"({_NAMES})([a-z0-9_-]{{0,24}}+)[\"'\\\])]{{0,4}}+[ \t]{{0,4}}+(?::=|=>|=|:)[ \t]{{0,4}}+"
    r"(?:\\{0,3}+([\"'`])((?:(?!\3)[^\n]){1,300}+)|([^\s\"'`,;)}\]<>]{4,300}+))"
)
_OPTION = re.compile(rf"({_NAMES})[ ]{{1,2}}([\"']?)([^\s\"'`;|&<>-][^\s\"'`;|&<>]{{3,300}}+)")
_SAID = re.compile(
    r"\b(pass(?:word|code|phrase)|(?:api|access|secret)[ _-]key)"
    r"(?:[ ](?:for|to|of|on)[ ][\w' ]{1,30}?)?[ ](?:is|was|=)[:]?[ ]"
    r"[\"'“`]?([^\s\"'“”`]{6,300}+)"
)
_KEYS = (
    "api", "access", "private", "auth", "account", "signing", "encryption", "master", "service",
    "license", "subscription",
)  # fmt: skip
_NETRC = re.compile(r"\blogin[ \t]{1,8}\S{1,128}\s{1,8}password[ \t]{1,8}(\S{3,256}+)")
_USER_OPTION = re.compile(
    r"[ ](?:-u|--user|--proxy-user)[ =][\"']?[^\s:\"'/]{1,64}+:([^\s\"'@]{3,256}+)"
)
_IN_ADDRESS = re.compile(r"://[^\s/?#@:\"'<>`]{0,128}+:([^\s/?#@\"'<>`]{1,256}+)@")
_ALONE_IN_ADDRESS = re.compile(r"://([A-Za-z0-9_-]{20,200}+)@")
_COOKIES = re.compile(r"\bcookie[\"']?[ ]?:[ ]?[\"']?([^\n\"']{1,4096}+)")
_COOKIE = re.compile(r"=([A-Za-z0-9%+/=_.~:|-]{16,1024}+)")
_HEADER = re.compile(
    r"authorization[\"'\\]{0,3}+[ ]{0,4}+[:=,][ ]{0,4}+[\"'\\]{0,3}+"
    r"(?:bearer|basic|token|digest|apikey|api-key)[ ]{1,4}+([a-z0-9._~+/=:-]{8,4000}+)"
)
_BEARER = re.compile(r"\bbearer[ ]{1,4}+([a-z0-9._~+/=-]{16,4000}+)")
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
        ("totp-secret", "otpauth://", r"otpauth://[^\s?]{1,200}+\?(?:[a-z]{1,12}=[^\s&]{0,100}&){0,5}secret=([A-Za-z2-7]{16,256}+)"),
        ("azure-signature", "sig=", r"[?&;]sig=([A-Za-z0-9%+/=_-]{40,200}+)"),
        ("cloudflare-key", "v1.0-", r"v1\.0-([0-9a-f]{24}-[0-9a-f]{140,160})"),
        ("putty-key", "Private-MAC: ", r"Private-MAC: ([0-9a-f]{40,64})"),
        ("putty-key", "Private-Lines: ", r"Private-Lines: \d{1,3}\s{1,2}((?:[A-Za-z0-9+/=]{1,64}\s{1,2}){1,60})"),
    )
)  # fmt: skip

_KINDS = {"secret": "secret", "credential": "secret", "token": "token", "key": "api-key"}
"""What is found under a name; under all others, a password."""

_ASCII_LOWER = {code: code + 32 for code in range(65, 91)}
_NOT_SECRET_BEFORE = (
    "next", "page", "continuation", "sync", "pad", "eos", "bos", "cls", "sep", "unk", "mask", "stop",
    "max", "public", "primary",
)  # fmt: skip
_NOT_SECRET_AFTER = re.compile(r"[_-]?(?:id|ids|name|type|count|limit|length|url|uri|path|file|field|policy|hint|label|arn|endpoint|expir|at\b|s\b)")  # fmt: skip
_CODE = re.compile(
    r"[A-Za-z_]\w*(?:(?:\.|::|->)[A-Za-z_]\w*)*[(\[]|[A-Za-z_]\w*(?:\.|::|->)[A-Za-z_]|(?:\.{0,2}|~)/[A-Za-z._-]{2,30}(?:[/.]|$)|https?:|arn:"
)
_NAMED_AFTER = re.compile(r"pass|pwd|secret|token|key|cred", re.IGNORECASE)
_IDENTIFIER = re.compile(r"[A-Za-z_]+\d{0,2}")
_LETTER, _DIGIT = re.compile(r"[A-Za-z]"), re.compile(r"[0-9]")
_SYMBOL = re.compile(r"[!@#$%^&*+?~]")
_WORDS = re.compile(r"[a-z]{5}|[A-Z]{5}")


def find(text: str) -> Iterator[Finding]:
    """All secrets of a text that stand where secrets stand."""
    folded = _lowered(text)
    if "-----BEGIN " in text:
        yield from _key_files(text)
    if "eyJ" in text:
        yield from (Finding("jwt", *match.span()) for match in _JWT.finditer(text))
    if "://" in text:
        yield from _first_group("url-password", _IN_ADDRESS, text)
        for one in _first_group("url-password", _ALONE_IN_ADDRESS, text):
            value = text[one.start : one.stop]
            if _DIGIT.search(value) and changes(kinds_of(value)) >= 0.3:
                yield one
    if "cookie" in folded:
        yield from _cookies(text, folded)
    if "authorization" in folded:
        yield from _first_group("authorization", _HEADER, folded)
    if "bearer" in folded:
        for one in _first_group("authorization", _BEARER, folded):
            if _DIGIT.search(text, one.start, one.stop):
                yield one
    for kind, needle, pattern in _SHAPES:
        if needle in text:
            yield from _first_group(kind, pattern, text)
    if any(name in folded for name in ("pass", "pwd", "secret", "token", "key", "credential")):
        yield from _stated(text, folded)
        if "--" in text:
            yield from _options(text, folded)
        if "password" in text and "login" in text:
            yield from _first_group("password", _NETRC, text)
    if " -u" in text or "user" in text:
        yield from _first_group("password", _USER_OPTION, text)


def _lowered(text: str) -> str:
    """The text in lower case, of the same length."""
    folded = text.lower()
    return folded if len(folded) == len(text) else text.translate(_ASCII_LOWER)


def _first_group(kind: str, pattern: re.Pattern[str], text: str) -> Iterator[Finding]:
    for match in pattern.finditer(text):
        if not is_placeholder(match[1]):
            yield Finding(kind, *match.span(1))


def _cookies(text: str, folded: str) -> Iterator[Finding]:
    """Values of a header of cookies that are long enough to open a session."""
    for header in _COOKIES.finditer(folded):
        for match in _COOKIE.finditer(text, *header.span(1)):
            if (
                _LETTER.search(match[1])
                and _DIGIT.search(match[1])
                and not is_placeholder(match[1])
            ):
                yield Finding("cookie", *match.span(1))


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


def _stated(text: str, folded: str) -> Iterator[Finding]:
    """Values of what is called a password, a token, a key: `DB_PASSWORD=…`, `"token": "…"`, …"""
    for match in _STATED.finditer(folded):
        name = match[1]
        before = folded[max(match.start() - 16, 0) : match.start()].rstrip("_- ")
        if before.endswith(_NOT_SECRET_BEFORE) or _NOT_SECRET_AFTER.match(match[2]):
            continue
        if name == "key" and not before.endswith(_KEYS):
            continue
        quoted = match[4] is not None
        start, stop = match.span(4 if quoted else 5)
        value = text[start:stop].rstrip("\\" if quoted else ".:!?")
        if is_secret(name, value, quoted=quoted) or (
            not quoted and _is_setting(text, match, value)
        ):
            yield Finding(_KINDS.get(name, "password"), start, start + len(value))
    for match in _SAID.finditer(folded):
        name = "key" if match[1].endswith("key") else "password"
        start, stop = match.span(2)
        value = text[start:stop].rstrip(".,;:!?)")
        if is_secret(name, value, quoted=False):
            yield Finding(_KINDS.get(name, "password"), start, start + len(value))


def _options(text: str, folded: str) -> Iterator[Finding]:
    """Values of options of a command: `--db-password …`."""
    for match in _OPTION.finditer(folded):
        word = folded[max(match.start() - OPTION_CHARS_MAX, 0) : match.start()].rpartition(" ")[2]
        if not word.startswith("--") or (
            match[1] == "key" and not word.rstrip("-_").endswith(_KEYS)
        ):
            continue
        start, stop = match.span(3)
        if is_secret(match[1], text[start:stop], quoted=bool(match[2])):
            yield Finding(_KINDS.get(match[1], "password"), start, stop)


def is_secret(name: str, value: str, *, quoted: bool) -> bool:
    """Whether a value under the name of a secret is one, rather than a word, code or a placeholder.

    Args:
        name: what the value is called, in lower case, such as "password" or "key".
        value: without its quotation marks.
        quoted: whether it had any; code has none.
    """
    if any(char.isspace() for char in value) or is_placeholder(value) or "redacted:" in value:
        return False
    if _CODE.match(value):
        return False
    if name.startswith(("pass", "pwd")):
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
    return changes(kinds_of(value)) >= 0.2 and len(_WORDS.findall(value)) * 5 < len(value) / 2


def _is_setting(text: str, match: re.Match[str], value: str) -> bool:
    """Whether it is a line of a file of settings, `DB_PASSWORD=letmein`, whose values are plain."""
    end = match.end()
    return (
        text[match.start() : match.end(2)].isupper()
        and match[1].startswith(("pass", "pwd"))
        and text[match.start(5) - 1] == "="
        and (end == len(text) or text[end] in "\r\n")
        and len(value) >= 6
        and not is_placeholder(value)
        and not _CODE.match(value)
        and not _NAMED_AFTER.search(value)
    )
