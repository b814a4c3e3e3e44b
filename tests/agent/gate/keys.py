"""Keys made up in the public formats of their issuers; none was ever valid."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Mapping, Sequence

UPPER, LOWER, DIGITS = string.ascii_uppercase, string.ascii_lowercase, string.digits
ALNUM = UPPER + LOWER + DIGITS
WORD = ALNUM + "_-"
BASE64 = ALNUM + "+/"
HEX = "0123456789abcdef"


def some(rng: random.Random, letters: str, count: int) -> str:
    return "".join(rng.choice(letters) for _ in range(count))


def base64_of(rng: random.Random, count: int) -> str:
    return base64.b64encode(rng.randbytes(count)).decode()


def _jwt(rng: random.Random) -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": some(rng, DIGITS, 10), "name": "Ana"})
    coded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join((*coded, some(rng, WORD, 43)))


def _pem(rng: random.Random) -> str:
    lines = [some(rng, BASE64, 64) for _ in range(12)]
    name = rng.choice(("RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "EC PRIVATE KEY"))
    joint = rng.choice(("\n", "\\n", "\r\n"))
    return joint.join((f"-----BEGIN {name}-----", *lines, f"-----END {name}-----"))


def _uuid(rng: random.Random) -> str:
    return "-".join(some(rng, HEX, n) for n in (8, 4, 4, 4, 12))


def _password(rng: random.Random) -> str:
    return some(rng, LOWER, 5) + some(rng, DIGITS, 3) + rng.choice("!#%&*?") + some(rng, ALNUM, 4)


Made = Callable[[random.Random], tuple[str, str]]


def key(*parts: str | tuple[str, int]) -> Made:
    """A maker of texts that are the key alone: literals, and (letters, how many)."""

    def made(rng: random.Random) -> tuple[str, str]:
        text = "".join(p if isinstance(p, str) else some(rng, *p) for p in parts)
        return text, text

    return made


def around(text: str, secret: Callable[[random.Random], str]) -> Made:
    """A maker of texts in which the secret stands at the place of `{}`."""

    def made(rng: random.Random) -> tuple[str, str]:
        value = secret(rng)
        return text.replace("{}", value), value

    return made


def whole(secret: Callable[[random.Random], str]) -> Made:
    return around("{}", secret)


def run(letters: str, count: int) -> Callable[[random.Random], str]:
    return lambda rng: some(rng, letters, count)


FAMILIES: Mapping[str, Sequence[Made]] = {
    "aws-access-key": (key("AKIA", (UPPER + "234567", 16)), key("ASIA", (UPPER + "234567", 16))),
    "aws-secret-key": (
        around("aws_secret_access_key = {}", run(BASE64, 40)),
        around('"SecretAccessKey": "{}"', run(BASE64, 40)),
    ),
    "github-token": (
        key("ghp_", (ALNUM, 36)), key("gho_", (ALNUM, 36)), key("ghs_", (ALNUM, 36)),
        key("github_pat_", (ALNUM, 22), "_", (ALNUM, 59)),
    ),
    "gitlab-token": (key("glpat-", (WORD, 20)), key("gldt-", (WORD, 20)), key("glrt-", (WORD, 20))),
    "slack-token": (
        key("xoxb-", (DIGITS, 12), "-", (DIGITS, 13), "-", (ALNUM, 24)),
        key("xoxp-", (DIGITS, 12), "-", (DIGITS, 12), "-", (DIGITS, 12), "-", (HEX, 32)),
        key("xapp-1-A", (UPPER + DIGITS, 10), "-", (DIGITS, 13), "-", (HEX, 64)),
    ),
    "slack-webhook": (
        key("https://hooks.slack.com/services/T", (UPPER + DIGITS, 8), "/B", (UPPER + DIGITS, 8), "/", (ALNUM, 24)),
    ),
    "stripe-key": (
        key("sk_live_", (ALNUM, 24)), key("rk_live_", (ALNUM, 99)), key("sk_test_", (ALNUM, 24)),
        key("whsec_", (ALNUM, 32)),
    ),
    "google-api-key": (key("AIza", (WORD, 35)),),
    "google-oauth": (key("GOCSPX-", (WORD, 28)), key("ya29.", (WORD, 60))),
    "openai-key": (
        key("sk-proj-", (WORD, 74), "T3BlbkFJ", (WORD, 74)), key("sk-", (ALNUM, 20), "T3BlbkFJ", (ALNUM, 20)),
    ),
    "anthropic-key": (key("sk-ant-api03-", (WORD, 93), "AA"), key("sk-ant-admin01-", (WORD, 93), "AA")),
    "openrouter-key": (key("sk-or-v1-", (HEX, 64)),),
    "huggingface-token": (key("hf_", (UPPER + LOWER, 34)),),
    "groq-key": (key("gsk_", (ALNUM, 52)),),
    "npm-token": (key("npm_", (ALNUM, 36)),),
    "pypi-token": (key("pypi-AgEIcHlwaS5vcmc", (WORD, 150)),),
    "rubygems-token": (key("rubygems_", (HEX, 48)),),
    "docker-token": (key("dckr_pat_", (WORD, 27)),),
    "sendgrid-key": (key("SG.", (WORD, 22), ".", (WORD, 43)),),
    "mailgun-key": (key("key-", (HEX, 32)),),
    "mailchimp-key": (key((HEX, 32), "-us12"),),
    "twilio-key": (key("SK", (HEX, 32)),),
    "telegram-token": (key((DIGITS, 10), ":AA", (WORD, 33)),),
    "discord-token": (key("MT", (ALNUM, 24), ".", (WORD, 6), ".", (WORD, 38)),),
    "digitalocean-token": (key("dop_v1_", (HEX, 64)),),
    "shopify-token": (key("shpat_", (HEX, 32)),),
    "databricks-token": (key("dapi", (HEX, 32)),),
    "grafana-token": (key("glsa_", (ALNUM, 32), "_", (HEX, 8)),),
    "vault-token": (key("hvs.", (WORD, 95)),),
    "doppler-token": (key("dp.pt.", (ALNUM, 43)),),
    "linear-key": (key("lin_api_", (ALNUM, 40)),),
    "notion-token": (key("ntn_", (ALNUM, 46)),),
    "figma-token": (key("figd_", (WORD, 40)),),
    "airtable-token": (key("pat", (ALNUM, 14), ".", (HEX, 64)),),
    "atlassian-token": (key("ATATT3xFfGF0", (WORD, 180)),),
    "newrelic-key": (key("NRAK-", (UPPER + DIGITS, 27)),),
    "postman-key": (key("PMAK-", (HEX, 24), "-", (HEX, 34)),),
    "tailscale-key": (key("tskey-auth-", (ALNUM, 12), "CNTRL-", (ALNUM, 32)),),
    "age-key": (key("AGE-SECRET-KEY-1", (UPPER + DIGITS, 58)),),
    "azure-storage": (
        around("DefaultEndpointsProtocol=https;AccountName=x;AccountKey={};", lambda rng: base64_of(rng, 64)),
    ),
    "azure-secret": (key((ALNUM, 3), "8Q~", (WORD, 34)),),
    "plaid-token": (around("access-production-{}", _uuid),),
    "jwt": (whole(_jwt),),
    "private-key": (whole(_pem),),
    "url-password": (
        around("postgresql://ana:{}@db.example.org:5432/shop", run(ALNUM, 14)),
        around("mongodb+srv://root:{}@cluster0.example.net", run(ALNUM, 14)),
        around("redis://:{}@cache:6379/0", run(ALNUM, 14)),
    ),
    "authorization": (
        around("curl -H 'Authorization: Bearer {}' https://api.example.org", run(ALNUM + "._-", 40)),
        around("Authorization: Basic {}", lambda rng: base64_of(rng, 18)),
        around('{"authorization": "token {}"}', run(HEX, 40)),
    ),
    "password": (
        around("password={}", _password), around('"password": "{}"', _password),
        around("DB_PASSWORD={}\nDEBUG=1", _password), around("dbPassword: {}", _password),
        around("mysql --user root --password {} shop", _password),
        around("My password is: {}", _password),
        around("The wifi password is {}.", lambda rng: some(rng, LOWER, 6) + some(rng, DIGITS, 3)),
        around("machine example.org login ana password {}", _password),
        around("curl -u ana:{} https://example.org", run(ALNUM, 12)),
        around("passphrase: '{}'", _password),
    ),
    "named-key": (
        around("The api key is {} by the way", run(ALNUM, 32)),
        around("api_key: {}", run(ALNUM, 32)), around('API_KEY="{}"', run(HEX, 32)),
        around("client_secret={}", run(ALNUM, 40)), around("X-Api-Key: {}", run(ALNUM, 32)),
        around("https://example.org/v1?access_token={}&x=1", run(ALNUM, 40)),
        around("session_token => '{}'", run(BASE64, 64)), around("tool --api-key {}", run(ALNUM, 32)),
    ),
    "high-entropy": (
        key((ALNUM, 32)), key((ALNUM, 40)), key((ALNUM, 64)), key((BASE64, 40)), key((WORD, 43)),
    ),
}  # fmt: skip
