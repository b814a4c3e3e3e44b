"""Tokens too random to be words, names or paths, and not of a kind that is public by nature.

Hashes in hexadecimal, UUIDs, checksums of lock files, data in base64, addresses, paths and ids with
a speaking prefix (`msg_…`) are left alone; a secret that looks like one of them is found only where
its surroundings or its first letters give it away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mnemic.agent.write.findings import Finding, changes, entropy_bits, kinds_of

LENGTH_MIN, LENGTH_MAX = 24, 200
"""Shorter tokens are too often ids; longer ones are data."""

BITS_MIN = 3.7
CHANGES_MIN = 0.38
LOWER_RUN_MAX = 7
OF_EACH_MIN = 2

_RUN = re.compile(r"[A-Za-z0-9+/_=-]{24,}+")
_WORDY = re.compile(rf"[a-z]{{{LOWER_RUN_MAX + 1}}}|[A-Z]{{{LOWER_RUN_MAX + 1}}}")
_DATED = re.compile(r"(?:19|20)\d\d[-_]?[01]\d[-_]?[0-3]\d")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_PREFIX = re.compile(r"[A-Za-z]{2,12}[_-](?:[a-z0-9]{1,8}[_-])?")
_SECRET_PREFIX = re.compile(r"(?:secret|token|key|live|prod|pat|sk|auth|priv|pass)", re.IGNORECASE)
_CHECKSUM = re.compile(r"(?:sha\d{1,3}|md5|h1|integrity|fingerprint|blake\w{1,4})[\"']?[-:=~ ]{1,3}[\"']?$", re.IGNORECASE)  # fmt: skip
BEFORE = 420
"""How far back the beginning of an address is looked for."""


def find(text: str) -> Iterator[Finding]:
    """All tokens of a text that look like keys."""
    for match in _RUN.finditer(text):
        token = match[0].strip("=-_/+")
        start = match.start() + match[0].index(token) if token else match.start()
        name, _, value = token.rpartition("=")  # name=value is one run
        if name:
            start, token = start + len(name) + 1, value
        if _is_random(token) and not _is_public(text, match, token):
            yield Finding("high-entropy", start, start + len(token))


def _is_random(token: str) -> bool:
    if _ADDRESS.fullmatch(token):  # of a chain's account; mixed case is its checksum
        return False
    if not LENGTH_MIN <= len(token) <= LENGTH_MAX or _WORDY.search(token) or _DATED.search(token):
        return False
    kinds = kinds_of(token)
    if min(map(kinds.count, "aA0")) < OF_EACH_MIN:
        return False
    if kinds.count("-") > max(len(token) // 8, 1) + 1:  # words with hyphens, steps of a path
        return False
    return changes(kinds) >= CHANGES_MIN and entropy_bits(token) >= BITS_MIN


def _is_public(text: str, match: re.Match[str], token: str) -> bool:
    """Whether what stands around a token says that it is no secret."""
    start, stop = match.span()
    prefix = _PREFIX.match(token)
    if prefix and not _SECRET_PREFIX.search(prefix[0]):
        return True
    if token.startswith("AAAA") or match[0].startswith("/"):  # public keys of ssh; paths
        return True
    before = text[max(start - BEFORE, 0) : start]
    if _CHECKSUM.search(before[-16:]) or _in_address(before):
        return True
    if text[stop : stop + 1] in (".", "/") and text[stop + 1 : stop + 2].isalnum():
        return True  # a file's name, a host
    if before.endswith(("/", "\\", ".", "@", "#")):
        return True
    return _is_data(text, start, stop)


def _in_address(before: str) -> bool:
    if not before or before[-1].isspace():
        return False
    word = before.rsplit(None, 1)[-1]
    return "://" in word or "www." in word or "base64," in word


def _is_data(text: str, start: int, stop: int) -> bool:
    """Whether a token is a line of wrapped base64: alone in its line, with others like it beside."""
    if stop - start < 60:
        return False
    above = text[max(start - 120, 0) : start].rstrip(" \t")
    below = text[stop : stop + 120].lstrip(" \t\r")
    if not (above.endswith("\n") or not above) or not (below.startswith("\n") or not below):
        return False
    line_above = above.rstrip("\n\r ").rpartition("\n")[2].strip()
    line_below = below.lstrip("\n\r ").partition("\n")[0].strip()
    return any(_RUN.fullmatch(line) for line in (line_above, line_below))
