"""Keys open what they say, where they say, as long as they say; and nothing tells wrong ones apart."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from mnemic import Memory
from mnemic.errors import InvalidInput, MnemicError, NotThere
from mnemic.serve.access import OWNER, Unauthorized
from mnemic.serve.cli import app
from mnemic.serve.keys import Doorkeeper, Keys
from mnemic.serve.keys_cli import seconds
from mnemic.serve.rest.settings import Settings
from mnemic.serve.server import check_guarded

from .conftest import open_door

DAY_S = 86_400.0


class Hands:
    """A clock in seconds."""

    def __init__(self) -> None:
        self.s = 1.8e9

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def timed(tmp_path: Path, hands: Hands) -> Keys:
    return Keys(tmp_path / "timed-keys", now_s=hands)


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_a_key_opens_what_it_says(timed: Keys) -> None:
    key, token = timed.create(may="read, write", reach=["acme/*", "solo"], name="app")
    access = timed.access(token)
    assert (access.name, access.may, access.reach) == ("app", {"read", "write"}, ("acme/*", "solo"))
    assert token == f"mnk_{key.id}_{token[-64:]}"


def test_only_the_hash_is_kept_and_only_the_owner_reads_the_file(timed: Keys) -> None:
    _, token = timed.create(may="read", reach=["*"])
    for file in timed.path.parent.glob("timed-keys*"):
        assert token[-64:].encode() not in file.read_bytes()
        assert bytes.fromhex(token[-64:]) not in file.read_bytes()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_wrong_expired_revoked_and_unknown_keys_are_refused_in_the_same_words(
    timed: Keys, hands: Hands
) -> None:
    _, good = timed.create(may="read", reach=["*"], lives_s=DAY_S)
    revoked, gone = timed.create(may="read", reach=["*"])
    timed.revoke(revoked.id)
    wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
    unknown = "mnk_" + "0" * 12 + good[16:]
    said = set()
    for token in (wrong, gone, unknown, "", "mnk_", good + "x", good.upper(), "é", f"{good}\n"):
        with pytest.raises(Unauthorized) as caught:
            timed.access(token)
        said.add(str(caught.value))
    timed.access(good)
    hands.s += DAY_S
    with pytest.raises(Unauthorized) as caught:
        timed.access(good)
    assert said == {str(caught.value)}


@given(st.text(max_size=200))
def test_no_text_at_all_opens_a_door(text: str) -> None:
    with pytest.raises(Unauthorized):
        Keys(Path("/nonexistent/keys")).access(text)


def test_a_rotated_key_has_another_secret_and_the_old_one_ends_with_its_grace(
    timed: Keys, hands: Hands
) -> None:
    key, first = timed.create(may="read", reach=["*"], name="app")
    _, second = timed.rotate("app", grace_s=60)
    assert timed.access(first) == timed.access(second)
    hands.s += 61
    with pytest.raises(Unauthorized):
        timed.access(first)
    _, third = timed.rotate(key.id)
    with pytest.raises(Unauthorized):
        timed.access(second)
    assert timed.access(third).name == "app"


def test_what_one_process_changes_holds_in_all_others_at_once(timed: Keys, hands: Hands) -> None:
    other = Keys(timed.path, now_s=hands)
    key, token = timed.create(may="read", reach=["*"])
    assert other.access(token).name == key.id
    other.revoke(key.id)
    with pytest.raises(Unauthorized):
        timed.access(token)
    other.close()


def test_the_last_use_is_kept_to_the_hour(timed: Keys, hands: Hands) -> None:
    key, token = timed.create(may="read", reach=["*"])
    assert timed.get(key.id).used_s is None
    timed.access(token)
    first = timed.get(key.id).used_s
    hands.s += 3_000
    timed.access(token)
    assert timed.get(key.id).used_s == first
    hands.s += 700
    timed.access(token)
    assert timed.get(key.id).used_s == int(hands.s)


@pytest.mark.parametrize(
    "wrong",
    [
        {"may": "fly"}, {"may": ""}, {"reach": []}, {"reach": ["a//b"]}, {"reach": ["acme*"]},
        {"lives_s": -1.0}, {"name": "x" * 101}, {"name": "a\x1b[31m"},
    ],
)  # fmt: skip
def test_a_key_that_makes_no_sense_is_not_made(timed: Keys, wrong: dict[str, object]) -> None:
    with pytest.raises(MnemicError):
        timed.create(**{"may": "read", "reach": ["*"], **wrong})  # type: ignore[arg-type]
    assert not timed.any()


def test_once_there_was_a_key_nobody_comes_in_without(timed: Keys) -> None:
    """Revoking the last key does not open the door again."""
    keeper = Doorkeeper(timed, open_without_keys=True)
    assert keeper.access_of({}) is OWNER
    key, token = timed.create(may="read", reach=["*"])
    timed.revoke(key.id)
    for headers in ({}, _bearer(token), {"authorization": f"Basic {token}"}):
        with pytest.raises(Unauthorized):
            keeper.access_of(headers)


def test_beyond_loopback_the_server_does_not_start_without_a_key(timed: Keys) -> None:
    for host in ("127.0.0.1", "localhost", "::1", "127.8.8.8"):
        check_guarded(Settings(host=host), timed)
    for host in ("0.0.0.0", "::", "192.168.1.4", "example.org"):
        with pytest.raises(InvalidInput, match="mnemic key create"):
            check_guarded(Settings(host=host), timed)
    timed.create(may="read", reach=["*"])
    check_guarded(Settings(host="0.0.0.0"), timed)


def test_over_http_a_wrong_key_is_401_and_a_right_one_sees_its_own_tenant_only(
    slept: Memory, keys: Keys
) -> None:
    _, ana = keys.create(may="read", reach=["acme/*"], name="ana")
    _, all_ = keys.create(may="read,write,erase,admin", reach=["*"], name="root")
    with open_door(slept, keys) as door:
        refused = [
            door.get("/v1/scopes", headers=headers)
            for headers in ({}, _bearer("mnk_x"), _bearer(ana[:-1] + "g"), {"authorization": ana})
        ]
        assert {one.status_code for one in refused} == {401}
        assert len({one.content for one in refused}) == 1
        assert refused[0].headers["www-authenticate"].startswith("Bearer")
        for path in ("/v1/stats", "/metrics"):
            assert door.get(path, headers=_bearer(ana)).status_code == 403
            assert door.get(path, headers=_bearer(all_)).status_code == 200
        assert door.get("/v1/scopes", headers=_bearer(ana)).json() == {
            "scopes": [{"scope": "acme/ana", "episodes": 3}]
        }
        beyond, nowhere = (
            door.post("/v1/recall", {"query": "tabs", "scope": scope}, headers=_bearer(ana))
            for scope in ("other/bo", "nobody/bo")
        )
        assert beyond.status_code == nowhere.status_code == 404
        assert beyond.text.replace("other/bo", "S") == nowhere.text.replace("nobody/bo", "S")
        written = door.post(
            "/v1/episodes", {"text": "x", "scope": "acme/ana"}, headers=_bearer(ana)
        )
        assert written.status_code == 403
        for scope in ("other/bo", "nobody/bo", "*"):
            export = door.get("/v1/export", params={"scope": scope}, headers=_bearer(ana))
            assert export.status_code in (404, 422)
        for path in ("/healthz", "/readyz", "/v1/openapi.json"):
            assert door.get(path).status_code in (200, 503)


def test_a_running_server_sees_keys_that_are_made_and_revoked(slept: Memory, keys: Keys) -> None:
    with open_door(slept, keys) as door:
        assert door.get("/v1/scopes").status_code == 200
        other = Keys(keys.path)
        key, token = other.create(may="read", reach=["*"])
        assert door.get("/v1/scopes").status_code == 401
        assert door.get("/v1/scopes", headers=_bearer(token)).status_code == 200
        other.revoke(key.id)
        assert door.get("/v1/scopes", headers=_bearer(token)).status_code == 401
        other.close()


def test_the_commands_make_list_rotate_and_revoke(tmp_path: Path) -> None:
    run, db = CliRunner(), ["--db", str(tmp_path / "a.mnemic")]
    made = run.invoke(
        app, ["key", "create", "--scope", "acme/*", "--name", "app", "--expires", "90d", *db]
    )
    token = made.stdout.strip()
    keys = Keys.beside(tmp_path / "a.mnemic")
    assert keys.access(token).may == {"read", "write"}
    (listed,) = json.loads(run.invoke(app, ["key", "list", "--json", *db]).stdout)["keys"]
    assert listed["state"] == "valid"
    assert listed["ends_s"] - listed["made_s"] == 90 * DAY_S
    assert "digest" not in json.dumps(listed)
    turned = run.invoke(app, ["key", "rotate", "app", *db]).stdout.strip()
    assert keys.access(turned).name == "app"
    assert "revoked" in run.invoke(app, ["key", "revoke", "app", *db]).stdout
    with pytest.raises(Unauthorized):
        keys.access(turned)
    keys.close()


def test_a_key_that_is_not_there_is_told(timed: Keys) -> None:
    timed.create(may="read", reach=["*"], name="twice")
    timed.create(may="read", reach=["*"], name="twice")
    for which in ("nobody", "twice"):
        with pytest.raises(NotThere, match="mnemic key list"):
            timed.revoke(which)


def test_spans_of_time_are_a_number_and_a_unit() -> None:
    assert [seconds(text, "x") for text in ("90d", "12h", "30m", "5s", "1w", "0", "off")] == [
        90 * DAY_S, 43_200, 1_800, 5, 7 * DAY_S, 0, 0,
    ]  # fmt: skip
    for wrong in ("", "d", "1y", "-1d", "1.5h", "9" * 30 + "d"):
        with pytest.raises(InvalidInput, match="x is"):
            seconds(wrong, "x")
