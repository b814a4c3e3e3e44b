"""A call is bounded in bytes, seconds, tokens and money, whatever the endpoint does."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Barrier, Thread
from typing import Any

import pytest

from mnemic import errors
from mnemic.agent.llm import ChatClient, LLMSettings
from mnemic.agent.llm.ledger import Ledger
from mnemic.testing.fakes import Said, ScriptedEndpoint, completion

ASK = [{"role": "user", "content": "x" * 400}]
Make = Callable[..., LLMSettings]


def timed(run: Callable[[], object]) -> float:
    began = time.monotonic()
    run()
    return time.monotonic() - began


def ask(settings: LLMSettings) -> str:
    return ChatClient(settings).complete(ASK, {"type": "object"})


def test_a_good_answer_comes_back_and_its_usage_is_counted(
    endpoint: ScriptedEndpoint, settings: Make, key: str
) -> None:
    endpoint.says(completion("{}", usage={"prompt_tokens": 300, "completion_tokens": 20}))
    client = ChatClient(settings(price_in=1.0, price_out=10.0))
    assert client.complete(ASK, {}) == "{}"
    spent = client.ledger.spent
    assert (spent.calls, spent.tokens_in, spent.tokens_out) == (1, 300, 20)
    assert spent.money == pytest.approx(0.0005)
    assert endpoint.keys == [f"Bearer {key}"]
    assert endpoint.asked[0]["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize("usage", [None, [], {"prompt_tokens": -5}, {"prompt_tokens": "9"}, {}])
def test_without_usage_the_cost_is_estimated_upwards(
    endpoint: ScriptedEndpoint, settings: Make, usage: Any
) -> None:
    endpoint.says(completion("{}", usage=usage))
    client = ChatClient(settings(answer_tokens_max=50))
    client.complete(ASK, {})
    assert client.ledger.spent.tokens_in >= 400
    assert client.ledger.spent.tokens_out == 50


@pytest.mark.parametrize("told", [0, 10**400])
def test_usage_that_cannot_be_true_is_not_believed(
    endpoint: ScriptedEndpoint, settings: Make, told: int
) -> None:
    endpoint.says(completion("{}", usage={"prompt_tokens": told, "completion_tokens": 0}))
    client = ChatClient(settings(price_in=1.0))
    client.complete(ASK, {})
    assert 50 <= client.ledger.spent.tokens_in <= 10**9


@pytest.mark.parametrize(
    "limits", [{"tokens_max": 0}, {"tokens_max": 4_500}, {"money_max": 0.0, "price_in": 1.0}]
)
def test_a_call_that_could_go_beyond_the_budget_is_not_made(
    endpoint: ScriptedEndpoint, settings: Make, limits: dict[str, Any]
) -> None:
    with pytest.raises(errors.BudgetSpent):
        ask(settings(**limits))
    assert not endpoint.asked


def test_calls_at_the_same_time_cannot_go_beyond_the_budget_together(settings: Make) -> None:
    """Of ten threads with a budget for three, three get to call."""
    ledger = Ledger(settings(tokens_max=360))
    barrier, held = Barrier(10), []

    def hold() -> None:
        barrier.wait()
        with suppress(errors.BudgetSpent):
            held.append(ledger.hold(100, 20))

    threads = [Thread(target=hold) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(held) == 3


def test_an_endpoint_without_schemas_is_asked_in_another_manner_and_that_is_kept(
    endpoint: ScriptedEndpoint, settings: Make
) -> None:
    def answer(asked: dict[str, Any]) -> Said:
        plain = "response_format" not in asked
        return completion("{}") if plain else Said(b"no schemas here", 400)

    endpoint.answer = answer
    client = ChatClient(settings())
    assert client.complete(ASK, {}) == "{}"
    tried = len(endpoint.asked)
    client.complete(ASK, {})
    assert len(endpoint.asked) == tried + 1
    assert client.ledger.spent.tokens_in <= 2 * (len(json.dumps(endpoint.asked[-1])) + 50)


def test_a_request_refused_in_every_manner_is_an_error(
    endpoint: ScriptedEndpoint, settings: Make
) -> None:
    endpoint.says(Said(b"no", 400))
    with pytest.raises(errors.LLMAnswerInvalid, match="400"):
        ask(settings())


def test_ten_megabytes_are_cut_off(endpoint: ScriptedEndpoint, settings: Make) -> None:
    endpoint.says(completion("x" * 10_000_000))
    with pytest.raises(errors.LLMAnswerInvalid, match="answer_bytes_max"):
        ask(settings())
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("part", ["body", "headers"])
def test_an_answer_that_drips_for_ever_ends_by_the_clock(
    endpoint: ScriptedEndpoint, settings: Make, part: str
) -> None:
    """Every byte comes in time; the whole does not."""
    endpoint.says(Said(drips=part))

    def run() -> None:
        with pytest.raises(errors.LLMUnreachable, match=r"not done within 0\.3 s"):
            ask(settings(retries=0, call_s_max=0.3))

    assert timed(run) < 20


def test_a_slow_endpoint_is_not_waited_for(endpoint: ScriptedEndpoint, settings: Make) -> None:
    endpoint.says(Said(wait_s=30))

    def run() -> None:
        with pytest.raises(errors.LLMUnreachable, match=r"no answer for 0\.2 s"):
            ask(settings(retries=0))

    assert timed(run) < 20


def test_a_call_of_unknown_cost_is_counted_at_its_dearest(
    endpoint: ScriptedEndpoint, settings: Make
) -> None:
    endpoint.says(Said(wait_s=30))
    client = ChatClient(settings(retries=0, answer_tokens_max=70))
    with pytest.raises(errors.LLMUnreachable):
        client.complete(ASK, {})
    assert client.ledger.spent.tokens_out == 70
    assert client.ledger.spent.tokens_in > 400


def test_nobody_there_costs_nothing(settings: Make) -> None:
    client = ChatClient(settings(base_url="http://127.0.0.1:1/v1"))
    with pytest.raises(errors.LLMUnreachable):
        client.complete(ASK, {})
    assert client.ledger.spent.tokens_in == 0


def test_a_busy_endpoint_is_asked_again_when_it_says(
    endpoint: ScriptedEndpoint, settings: Make
) -> None:
    endpoint.says(Said(b"slow down", 429, {"Retry-After": "1"}), completion("{}"))
    answers = []
    assert timed(lambda: answers.append(ask(settings(backoff_s=0.0)))) >= 0.95
    assert answers == ["{}"]


def test_a_wait_beyond_patience_is_not_waited(endpoint: ScriptedEndpoint, settings: Make) -> None:
    endpoint.says(Said(b"", 429, {"Retry-After": "99999"}))

    def run() -> None:
        with pytest.raises(errors.LLMUnreachable, match="429"):
            ask(settings())

    assert timed(run) < 20
    assert len(endpoint.asked) == 1


def test_a_broken_endpoint_is_tried_as_often_as_allowed(
    endpoint: ScriptedEndpoint, settings: Make
) -> None:
    endpoint.says(Said(b"oops", 500))
    with pytest.raises(errors.LLMUnreachable, match="500"):
        ask(settings(retries=2))
    assert len(endpoint.asked) == 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(endpoint: ScriptedEndpoint, settings: Make, status: int) -> None:
    """The key and the text go to the address that was given, and to no other."""
    other = ScriptedEndpoint()
    try:
        endpoint.says(Said(b"", status, {"Location": other.url + "/chat/completions"}))
        with pytest.raises(errors.LLMUnreachable, match="not followed"):
            ask(settings())
        assert not other.asked
    finally:
        other.close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"choices": []}',
        b'{"choices": null}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": [{"message": {"content": null}}]}',
        b'{"choices": [{"message": {"content": ["a"], "tool_calls": [{"name": "forget"}]}}]}',
        b"[" * 200_000,
        b'{"n": ' + b"9" * 10_000 + b"}",
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_completion_is_an_error(
    endpoint: ScriptedEndpoint, settings: Make, body: bytes
) -> None:
    endpoint.says(Said(body))
    with pytest.raises(errors.LLMAnswerInvalid):
        ask(settings())


def test_a_packed_answer_is_refused(endpoint: ScriptedEndpoint, settings: Make) -> None:
    endpoint.says(Said(b"\x1f\x8b", 200, {"Content-Encoding": "gzip"}))
    with pytest.raises(errors.LLMAnswerInvalid, match="packed"):
        ask(settings())


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500])
def test_the_key_shows_in_no_error_and_no_log(
    endpoint: ScriptedEndpoint,
    settings: Make,
    status: int,
    key: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also where the endpoint sends it back."""
    caplog.set_level(logging.DEBUG)
    endpoint.says(Said(f"your key {key} is bad".encode(), status, {"X-Key": "Bearer"}))
    with pytest.raises(errors.LLMError) as caught:
        ask(settings(retries=0))
    said = caught.value
    assert key not in f"{said} {said!r} {said.__cause__!r} {said.__context__!r}"
    assert key not in caplog.text


def test_no_cookie_is_kept(endpoint: ScriptedEndpoint, settings: Make) -> None:
    """What an endpoint wants remembered is not sent back to it."""
    good = completion("{}")
    endpoint.says(Said(good.body, 200, {"Set-Cookie": "who=ana; Path=/"}), good)
    client = ChatClient(settings())
    for _ in range(2):
        client.complete(ASK, {})
    assert endpoint.cookies == [None, None]


@pytest.mark.parametrize(
    "url", ["https://xn--0.com/v1", "https://a..com/v1", "https://[::g]/v1", f"https://{'a' * 70}/"]
)
def test_a_host_that_cannot_be_is_refused_before_any_call(settings: Make, url: str) -> None:
    with pytest.raises(errors.InvalidInput):
        ChatClient(settings(base_url=url, retries=0)).complete(ASK, {})


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    endpoint: ScriptedEndpoint, settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    endpoint.says(completion("{}"))
    assert ask(settings()) == "{}"
