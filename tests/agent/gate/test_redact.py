"""Secrets and personal data are found by their form, and little else is."""

from __future__ import annotations

import base64
import hashlib
import random
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.agent.gate.keys import ALNUM, FAMILIES, some

from mnemic.agent.write.personal import iban_chars, is_card
from mnemic.agent.write.redact import MARK, Redaction, redact
from mnemic.agent.write.tokens import FAMILIES as BEGINNINGS
from mnemic.errors import InvalidInput
from mnemic.testing.growth import assert_linear, repeated

SECRETS, ALL = Redaction(), Redaction(pii=True)
MADE_EACH = 60


def kinds(text: str, redaction: Redaction = SECRETS) -> list[str]:
    return [one.kind for one in redact(text, redaction).found]


@pytest.mark.parametrize("family", FAMILIES)
def test_keys_of_every_family_are_redacted(family: str) -> None:
    """At least 97 of 100 made keys leave no trace; of mere random tokens, without a name, 85."""
    rng = random.Random(family)
    kept = made = 0
    for make in FAMILIES[family]:
        for _ in range(MADE_EACH):
            text, secret = make(rng)
            after = redact(f"We set this up: {text}\nand it works.", SECRETS).text
            made += 1
            kept += secret[2:-2] in after or secret[-8:] in after
            assert after.startswith("We set this up: ")
            assert after.endswith("\nand it works.")
    assert kept / made <= (0.15 if family == "high-entropy" else 0.03)


def _harmless(rng: random.Random) -> list[str]:
    digest = hashlib.sha512(rng.randbytes(8))
    packed = base64.b64encode(rng.randbytes(180)).decode()
    return [
        f"commit {rng.randbytes(20).hex()}",
        str(uuid.UUID(bytes=rng.randbytes(16))),
        f"--hash=sha256:{rng.randbytes(32).hex()}",
        f'"integrity": "sha512-{base64.b64encode(digest.digest()).decode()}"',
        f"golang.org/x/net v0.1.0 h1:{base64.b64encode(rng.randbytes(32)).decode()}",
        f"data:image/png;base64,{packed}",
        packed,
        "\n".join(packed[at : at + 64] for at in range(0, 192, 64)),
        f"toolu_01{some(rng, ALNUM, 22)} msg_01{some(rng, ALNUM, 22)} call_{some(rng, ALNUM, 24)}",
        f"https://docs.example.org/document/d/{some(rng, ALNUM, 44)}/edit",
        f"/var/lib/{some(rng, ALNUM, 30)}/data",
        f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5{some(rng, ALNUM, 48)} ana@host",
        f"file-{some(rng, ALNUM, 28)}.json",
    ]


HARMLESS = [
    "AbstractSingletonProxyFactoryBeanManagerImplementation2",
    "test_that_a_very_long_name_with_numbers_123_is_no_secret",
    "src/mnemic/agent/stores/sqlite/schema.py:123",
    "2026-03-02T10-00-00-project-backup-full-v2-final",
    "def connect(password=password, token=tokens[i], api_key=settings.API_KEY):",
    "password = os.environ['DB_PASSWORD']",
    "password: str = getpass('Password: ')",
    "secret_key = config.get('SECRET_KEY')",
    "api_key=${API_KEY} token: <your-token> password: ******** secret: {{ secret }}",
    "password: required, token: optional",
    "Forgot your password? The password must be at least 8 characters long.",
    "The token: a unit of text. max_tokens: 4096, next_page_token: 'CAUQAA12345abcde'",
    "postgresql://user:password@localhost/db and https://example.org:8080/a@b",
    "key: C# minor. The secret of happiness is sleep.",
    "sk-learn-contrib-package-names and sk-xxxxxxxxxxxxxxxxxxxxxxxx",
    "bearer of bad news, Authorization: required",
    "He moved to Lisbon on 2026-03-02 and paid 1.234.567,89 EUR.",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_words_names_and_code_are_left_alone(text: str) -> None:
    assert redact(text, SECRETS).text == text


def test_hashes_ids_data_and_addresses_are_left_alone() -> None:
    """What is random by nature and public is no secret."""
    rng = random.Random(7)
    for _ in range(40):
        for text in _harmless(rng):
            assert redact(text, SECRETS).text == text


@given(st.text(max_size=300), st.lists(st.sampled_from(sorted(FAMILIES)), max_size=4), st.integers(0, 2**32), st.booleans())  # fmt: skip
def test_a_redacted_text_is_not_changed_again(
    text: str, families: list[str], seed: int, pii: bool
) -> None:
    """Redaction is idempotent, and what it reports stands at its places in the original."""
    rng = random.Random(seed)
    for family in families:
        made, _ = rng.choice(FAMILIES[family])(rng)
        at = rng.randint(0, len(text))
        text = text[:at] + made + text[at:]
    redaction = Redaction(pii=pii)
    once = redact(text, redaction)
    assert redact(once.text, redaction).text == once.text
    last = 0
    parts = []
    for one in once.found:
        assert last <= one.start < one.stop <= len(text)
        parts += (text[last : one.start], f"[redacted: {one.kind}]")
        last = one.stop
    assert "".join((*parts, text[last:])) == once.text


@given(st.text(max_size=400))
def test_any_text_can_be_redacted(text: str) -> None:
    for redaction in (SECRETS, ALL, Redaction(secrets=False, pii=True)):
        redact(text, redaction)


def test_the_name_of_a_redaction_is_checked() -> None:
    assert Redaction.of("all") == ALL
    assert Redaction.of("secrets") == SECRETS
    assert Redaction.of(None) is None
    with pytest.raises(InvalidInput, match="everything"):
        Redaction.of("everything")  # type: ignore[arg-type]


# -- personal data -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to ana.silva+x@mail.example.org today", "email"),
        ("Call +351 912 345 678", "phone"),
        ("Call (415) 555-2671 now", "phone"),
        ("Call 415-555-2671 now", "phone"),
        ("Card 4111 1111 1111 1111", "card"),
        ("Card 378282246310005.", "card"),
        ("IBAN GB82 WEST 1234 5698 7654 32 and more", "iban"),
        ("IBAN DE89370400440532013000", "iban"),
        ("SSN 078-05-1120", "ssn"),
        ("from 192.168.17.4:8080", "ip"),
        ("from 2001:db8::8a2e:370:7334 it came", "ip"),
    ],
)
def test_personal_data_is_found_only_where_asked_for(text: str, kind: str) -> None:
    assert kinds(text, ALL) == [kind]
    assert kinds(text, SECRETS) == []


@pytest.mark.parametrize(
    "text",
    [
        "at 10:20:30 on 2026-03-02", "version 1.2.3.4", "git@github.com:a/b.git", "icon@2x.png",
        "4111 1111 1111 1112", "GB83 WEST 1234 5698 7654 32", "000-12-3456", "127.0.0.1 ::1",
        "de:ad:be:ef:00:01", "std::vector", "1234567890", "12345678-1234-5678-1234-567812345678",
        "1716239022123456789",
    ],
)  # fmt: skip
def test_what_only_looks_like_personal_data_is_left_alone(text: str) -> None:
    assert kinds(text, ALL) == []


@given(st.integers(0, 10**14 - 1))
def test_cards_have_the_check_digit_of_luhn(number: int) -> None:
    """Of the ten last digits exactly one makes a number of a card."""
    digits = f"4{number:014d}"
    if len(set(digits)) > 1:
        assert sum(is_card(digits + last) for last in "0123456789") == 1


@given(st.integers(0, 10**18 - 1))
def test_ibans_have_the_checksum_of_their_standard(number: int) -> None:
    body = f"{number:018d}"
    right = 98 - int(f"{body}131400") % 97
    assert iban_chars(f"DE{right:02d}{body}") == 22
    assert iban_chars(f"DE{(right + 1) % 97:02d}{body}") == 0


# -- time --------------------------------------------------------------------------------------

_UNITS = [
    *(family.beginning + more for family in BEGINNINGS for more in ("", "-", "aB3")),
    *(
        'password token= api_key=" --password password__is__ ://a:a: eyJaaaaaaaa. -----BEGIN_ a@ @a. '
        "login_x_password_ bearer_a +1_2 4111_1 GB82_WEST_ 1. :: a: sig= <memory [1_ ( --a-token "
        "-----BEGIN_RSA_PRIVATE_KEY-----x Authorization:_Bearer_a aB3aB3aB3aB3aB3aB3aB3aB3_ pwd:x_ "
        "[redacted:_x]token= sk-aaaaaaaaaaaaaaa- A1b2A1b2A1b2A1b2A1b2A1b2/"
    ).replace("_", "\x00").split(" "),
]  # fmt: skip


def test_time_is_linear_in_hostile_text() -> None:
    """A hundred thousand characters made of any beginning; 0.05 s on an idle core."""
    for unit in _UNITS:
        assert_linear(lambda text: redact(text, ALL), repeated(unit.replace("\x00", " ")))


def test_marks_in_a_text_divide_it() -> None:
    """A mark is no secret, and hides none beside it."""
    rng = random.Random(1)
    secret = f"ghp_{some(rng, ALNUM, 36)}"
    after = redact(f"[redacted: x]{secret}[redacted: y]", SECRETS).text
    assert secret not in after
    assert len(MARK.findall(after)) == 3


_KEY = "Zk3vQ9pL7xW2mN8bT5rY"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("API key: fc323bdde269fd35b554afa8050933ff", "fc323bdde269fd35b554afa8050933ff"),
        ("export DB_PASS=hunter2x", "hunter2x"),
        ('smtp_pass: "mail1box"', "mail1box"),
        (f"git clone https://{_KEY}a@git.example.org/x", f"{_KEY}a"),
        ("otpauth://totp/Acme:ana?secret=JBSWY3DPEHPK3PXPJBSWY3DP&issuer=Acme", "JBSWY3DPEHPK3PXPJBSWY3DP"),
        (f"Cookie: theme=dark; connect.sid=s%3A{_KEY}.{_KEY}", _KEY),
        ("Set-Cookie: sessionid=n1ulnb41rv00unqr6fbzqsiufkfnqn5h; Path=/", "n1ulnb41rv00unqr6fbzqsiufkfnqn5h"),
    ],
)  # fmt: skip
def test_common_places_of_secrets(text: str, secret: str) -> None:
    assert secret not in redact(text, SECRETS).text


@pytest.mark.parametrize(
    "text",
    [
        "sent to 0x742d35Cc6634C0532925a3b844Bc454e4438f44e",
        "The public key: ssh-ed25519 is on the server, the API key: see the vault",
        "test_pass_rate: 97.5percent", "we passed: 12of15", "Cookie: theme=dark; lang=en",
        "mailto://anna-maria-von-der-heide@example.org", "const first_pass = renderScene(2)",
    ],
)  # fmt: skip
def test_what_only_stands_in_such_places_is_left_alone(text: str) -> None:
    assert redact(text, SECRETS).text == text


def test_new_places_take_linear_time() -> None:
    for made in (repeated("otpauth://a?a=&"), repeated("cookie: "), repeated("a1", "cookie: a="),
                 repeated("_pass "), repeated("a1", "://"), repeated("a=b&", "otpauth://a?")):  # fmt: skip
        assert_linear(lambda text: redact(text, SECRETS), made)
