"""Where a model is asked, with which key, and that the key shows nowhere."""

from __future__ import annotations

import copy
import pickle
from dataclasses import asdict
from pathlib import Path

import pytest

from mnemic import errors
from mnemic.agent.llm import LLMSettings, Secret

KEY = "sk-secret-4711"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/v1",
        "file:///etc/passwd",
        "host/v1",
        "",
        "http://models.example/v1",
        "http://localhost.example/v1",
        "http://10.0.0.1/v1",
        "https://ana:hunter2@host/v1",
        "https://host/v1?key=hunter2",
        "https://host/v1#x",
        "https://host:99999/v1",
        "https://ho st/v1",
        "https:///v1",
    ],
)
def test_addresses_that_could_leak_are_refused(url: str) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        LLMSettings(url, "m")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://host/v1", "http://127.0.0.1:8000/v1", "http://[::1]/v1", "http://localhost/v1"]
)
def test_https_and_this_machine_are_taken(url: str) -> None:
    assert LLMSettings(url, "m").base_url == url


def test_plain_http_elsewhere_has_to_be_allowed() -> None:
    assert LLMSettings("http://10.0.0.1/v1", "m", plain_http=True).base_url
    env = {"MNEMIC_LLM_URL": "http://10.0.0.1/v1", "MNEMIC_LLM_MODEL": "m"}
    with pytest.raises(errors.InvalidInput, match="MNEMIC_LLM_PLAIN_HTTP"):
        LLMSettings.from_env(env)
    assert LLMSettings.from_env(env | {"MNEMIC_LLM_PLAIN_HTTP": "1"})


def test_the_key_shows_in_no_repr_and_no_copy() -> None:
    settings = LLMSettings("https://host/v1", "m", Secret(KEY))
    for shown in (repr(settings), str(settings), repr(asdict(settings)), repr(copy.copy(settings))):
        assert KEY not in shown
    with pytest.raises(TypeError):
        pickle.dumps(settings)


@pytest.mark.parametrize("key", [KEY + "\nX: y", KEY + "é", KEY + " x", KEY * 1_000])
def test_a_key_that_is_no_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        LLMSettings("https://host/v1", "m", Secret(key))
    assert KEY not in str(caught.value)


def test_the_environment_gives_every_number_and_a_key_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    settings = LLMSettings.from_env(
        {
            "MNEMIC_LLM_URL": "https://host/v1",
            "MNEMIC_LLM_MODEL": "m",
            "MNEMIC_LLM_KEY_FILE": str(tmp_path / "key"),
            "MNEMIC_LLM_TOKENS_MAX": "500",
            "MNEMIC_LLM_MONEY_MAX": "0.5",
            "MNEMIC_LLM_PRICE_IN": "1",
            "MNEMIC_LLM_CALL_S_MAX": "7.5",
        }
    )
    assert settings is not None
    assert settings.key.reveal() == KEY
    assert (settings.tokens_max, settings.money_max, settings.call_s_max) == (500, 0.5, 7.5)
    assert LLMSettings.from_env({}) is None


@pytest.mark.parametrize(
    "more",
    [
        {"MNEMIC_LLM_MODEL": ""},
        {"MNEMIC_LLM_TOKENS_MAX": "many"},
        {"MNEMIC_LLM_TOKENS_MAX": "-1"},
        {"MNEMIC_LLM_MONEY_MAX": "nan", "MNEMIC_LLM_PRICE_IN": "1"},
        {"MNEMIC_LLM_MONEY_MAX": "1"},
        {"MNEMIC_LLM_CALLS_AT_ONCE": "0"},
        {"MNEMIC_LLM_CALL_S_MAX": "0"},
        {"MNEMIC_LLM_KEY_FILE": "/nowhere/key"},
        {"MNEMIC_LLM_MODEL": "m\nX: y"},
    ],
)
def test_variables_that_cannot_be_used_are_named(more: dict[str, str]) -> None:
    with pytest.raises(errors.InvalidInput):
        LLMSettings.from_env({"MNEMIC_LLM_URL": "https://h/v1", "MNEMIC_LLM_MODEL": "m"} | more)
