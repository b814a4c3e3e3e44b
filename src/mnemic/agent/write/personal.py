"""Personal data with a form of its own: e-mail, telephone, cards, bank accounts, US SSN, IPs.

Names and addresses of people have no form; they are not found.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from mnemic.agent.write.findings import Finding

_LOCAL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%+-"
_DOMAIN = re.compile(r"@((?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})(?![A-Za-z0-9-])")
_FILES = frozenset(("png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "json", "py", "ts"))
_ABROAD = re.compile(r"\+(?<![\w+]\+)[1-9](?:[ ().\-/]{0,2}[0-9]){7,14}(?![0-9])")
_AMERICAN = re.compile(r"(?<![\w.+-])(?:\([2-9][0-9]{2}\)[ ]?|[2-9][0-9]{2}[-. ])[2-9][0-9]{2}[-. ][0-9]{4}(?![\w-])")  # fmt: skip
_CARD = re.compile(r"(?<![\w.+-])[2-6](?:[ -]?[0-9]){12,18}(?![\w-])")
_SSN = re.compile(r"(?<![\w-])([0-9]{3})-([0-9]{2})-([0-9]{4})(?![\w-])")
_IBAN = re.compile(r"(?<![A-Za-z0-9])([A-Z]{2}[0-9]{2}(?:[ ]?[A-Z0-9]){11,30})")
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_IP4 = re.compile(rf"(?<![\w.])(?:{_BYTE}\.){{3}}{_BYTE}(?![\w]|\.[0-9])")
_IP6 = re.compile(r"[0-9A-Fa-f:]{4,39}+")
_NOT_PERSONAL = re.compile(r"(?:version|ver|release|==|>=|<=|~=|\bv)[ =:]{0,3}$", re.IGNORECASE)

# Lengths from the public registry of IBANs.
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL", 19: "MK SI", 20: "AT BA EE KZ LT LU XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "PT ST", 26: "IS TR",
        27: "FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB PL SV", 29: "BR EG PS QA UA",
        30: "JO KW MU", 31: "MT SC", 32: "LC",
    }.items()
    for country in countries.split()
}  # fmt: skip


def find(text: str) -> Iterator[Finding]:
    """All personal data of a text that its form gives away."""
    if "@" in text:
        yield from _addresses(text)
    if not any(char in text for char in "0123456789"):
        return
    for pattern in (_ABROAD, _AMERICAN):
        yield from (Finding("phone", *match.span()) for match in pattern.finditer(text))
    for match in _CARD.finditer(text):
        if is_card(match[0]):
            yield Finding("card", *match.span())
    for match in _SSN.finditer(text):
        area, group, serial = match.groups()
        if area not in ("000", "666") and area < "900" and group != "00" and serial != "0000":
            yield Finding("ssn", *match.span())
    for match in _IBAN.finditer(text):
        length = iban_chars(match[1])
        if length:
            yield Finding("iban", match.start(), match.start() + length)
    yield from _hosts(text)


def _addresses(text: str) -> Iterator[Finding]:
    for match in _DOMAIN.finditer(text):
        head = text[max(match.start() - 64, 0) : match.start()]
        local = head[len(head.rstrip(_LOCAL)) :].lstrip("._%+-")
        last = match[1].rpartition(".")[2].casefold()
        if local and local != "git" and last not in _FILES:
            yield Finding("email", match.start() - len(local), match.end())


def _hosts(text: str) -> Iterator[Finding]:
    for match in _IP4.finditer(text):
        before = text[max(match.start() - 12, 0) : match.start()]
        if not match[0].startswith(("127.", "0.")) and not _NOT_PERSONAL.search(before):
            yield Finding("ip", *match.span())
    for match in _IP6.finditer(text) if text.count(":") > 1 else ():
        if _is_ip6(match[0].rstrip(":") if not match[0].endswith("::") else match[0]):
            yield Finding("ip", *match.span())


def _is_ip6(text: str) -> bool:
    if "::" not in text and text.count(":") != 7:
        return False
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return not address.is_loopback and not address.is_unspecified and len(text) >= 6


def is_card(text: str) -> bool:
    """Whether digits are a number of a payment card: of an issuer, and with Luhn's check digit."""
    digits = [int(char) for char in text if char.isdigit()]
    first = int("".join(map(str, digits[:4])))
    count = len(digits)
    issued = (
        (digits[0] == 4 and count in (13, 16, 19))
        or ((5100 <= first <= 5599 or 2221 <= first <= 2720) and count == 16)
        or (first // 100 in (34, 37) and count == 15)
        or ((first == 6011 or first // 100 == 65 or 6440 <= first <= 6499) and 16 <= count <= 19)
        or (3528 <= first <= 3589 and 16 <= count <= 19)
        or ((3000 <= first <= 3059 or first // 100 in (36, 38)) and count == 14)
        or (first // 100 == 62 and 16 <= count <= 19)
    )
    if not issued or len(set(digits)) < 2:
        return False
    doubled = (digit * 2 if place % 2 else digit for place, digit in enumerate(reversed(digits)))
    return sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0


def iban_chars(text: str) -> int:
    """How many characters of a text are an IBAN with a right checksum; 0 where it begins with none."""
    wanted = _IBAN_LENGTHS.get(text[:2])
    if wanted is None:
        return 0
    letters = 0
    for place, char in enumerate(text, 1):
        letters += char != " "
        if letters == wanted:
            plain = text[:place].replace(" ", "")
            number = int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4]))
            return place if number % 97 == 1 else 0
    return 0
