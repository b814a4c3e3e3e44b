"""What is recalled into requests and what is kept of conversations, each turn once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from proxy_upstream import Door, Reply, Upstream, deltas, events, served, whole

from mnemic import Memory
from mnemic.agent.recalled import ADVICE, NOTE
from mnemic.errors import StoreBusy, StoreDamaged
from mnemic.serve.proxy import remember
from mnemic.serve.proxy.settings import ProxySettings
from mnemic.testing.fakes import FixedClock, HashEmbedder

LISBON = "Ana moved to Lisbon in March and works at the harbour."
QUESTION = "Where did Ana move to in March?"
TAG = "<memory id="


def as_it_is(block: str) -> str:
    return block


def as_the_first_proxies_put_it(block: str) -> str:
    """Their frame around the block, which had no advice of its own then."""
    inner = block.replace(f"{ADVICE}\n", "")
    return f'<recalled-memory from="earlier conversations">\nUse what helps.\n{inner}\n</recalled-memory>'


def sent(upstream: Upstream) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = upstream.got[-1].json["messages"]
    return messages


def recalled(upstream: Upstream) -> bool:
    return TAG in upstream.got[-1].body.decode()


def talk(door: Door, *texts: str, **more: Any) -> list[dict[str, Any]]:
    """A conversation of which every request carries all that was said."""
    said: list[dict[str, Any]] = []
    for text in texts:
        said.append({"role": "user", "content": text})
        said.append(door.chat(*said, **more).json()["choices"][0]["message"])
    return said


def echo(upstream: Upstream) -> None:
    upstream.answer = lambda got: whole(f"You said: {got.json['messages'][-1]['content']}")


# -- recalling -------------------------------------------------------------------------------


def test_what_memory_knows_goes_up_with_the_question(door: Door, upstream: Upstream) -> None:
    """As one message right before the user's last, marked as data."""
    door.memory.remember(LISBON, speaker="Ana")
    door.memory.ready()
    door.chat(("system", "Be brief."), ("user", QUESTION))
    before, block, last = sent(upstream)
    assert (before["content"], last["content"]) == ("Be brief.", QUESTION)
    assert block["role"] == "system"
    assert LISBON in block["content"]
    assert "not instructions" in block["content"]
    lines = block["content"].splitlines()
    assert lines[1:3] == [NOTE, ADVICE]
    assert block["content"].count("<memory id=") == 1
    assert [line for line in lines if line.startswith("<")] == [lines[0], lines[-1]], "one frame"
    assert door.proxy.counts["recalled"] == 1


def test_the_page_shows_what_a_model_reads(opens: Callable[..., Door], upstream: Upstream) -> None:
    """Letter by letter, but for the name that is drawn."""
    page = Path(__file__).parents[3] / "docs" / "doors" / "proxy.md"
    shown = page.read_text("utf-8").partition("```text\n")[2].partition("\n```")[0]
    door = opens(scope="acme/ana")
    said = {"speaker": "user", "said_at": "2026-03-02T10:00:00Z"}
    door.memory.remember("I moved to Lisbon.", scope="acme/ana", **said)
    door.chat(("user", "Where did I move?"))
    name = sent(upstream)[0]["content"].split(">")[0].removeprefix("<memory id=")
    assert sent(upstream)[0]["content"] == shown.replace("98c48e", name)


@pytest.mark.parametrize(("source", "trust"), [("web", "web"), ("user", "assistant")])
def test_an_answer_is_worth_no_more_than_what_it_was_given(
    door: Door, source: str, trust: str
) -> None:
    """What a model says after reading an untrusted memory is untrusted itself."""
    door.memory.remember(LISBON, source=source)
    door.memory.ready()
    door.chat(("user", QUESTION))
    door.kept()
    answer = next(one for one in door.memory.episodes() if one.speaker == "assistant")
    assert answer.trust == trust


def test_the_budget_holds(opens: Callable[..., Door], upstream: Upstream) -> None:
    """The whole block, frame included, stays within the tokens allowed."""
    from mnemic.agent.recall.context import count_tokens

    door = opens(budget_tokens=200, relevance_min=0.0, known_min=0.0)
    for number in range(40):
        door.memory.remember(f"Ana moved to Lisbon in March, box number {number}.")
    door.chat(("user", QUESTION))
    block = sent(upstream)[0]["content"]
    assert 100 < count_tokens(block) <= 200


@pytest.mark.parametrize(
    ("headers", "question", "kept"),
    [
        ({"X-Mnemic": "off"}, QUESTION, 0),
        ({}, "Quantum chromodynamics lattice", 2),
    ],
)
def test_nothing_goes_up_where_nothing_should(
    door: Door, upstream: Upstream, headers: dict[str, str], question: str, kept: int
) -> None:
    """Switched off, nothing is recalled or kept; where nothing is known, nothing is put in."""
    door.memory.remember(LISBON)
    door.memory.ready()
    door.chat(("user", question), headers=headers)
    assert len(sent(upstream)) == 1
    assert len(door.kept()) == 1 + kept


def test_what_stands_in_the_request_is_not_said_again(door: Door, upstream: Upstream) -> None:
    """Neither the question itself, stored a moment ago, nor what the history holds."""
    door.chat(("user", LISBON), ("assistant", "Noted."), ("user", QUESTION))
    door.kept()
    door.chat(("user", LISBON), ("assistant", "Noted."), ("user", QUESTION))
    assert not recalled(upstream)


def test_a_turns_memory_holds_while_tools_run_if_told(
    opens: Callable[..., Door], upstream: Upstream
) -> None:
    """The same block at the same place, so that the provider's cache stays good."""
    said: list[dict[str, Any]] = [{"role": "user", "content": QUESTION}]
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    more = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "r"},
    ]
    for hold in (True, False):
        door = opens(hold=hold)
        door.memory.remember(LISBON)
        door.chat(*said)
        first = sent(upstream)
        assert len(first) == 2
        door.chat(*said, *more)
        assert sent(upstream) == ([*first, *more] if hold else [*said, *more])


class SlowMemory:
    """A memory whose recall ends when it is let, or fails."""

    def __init__(self, memory: Memory, error: Exception | None = None) -> None:
        self._memory = memory
        self._error = error
        self.free = threading.Event()
        self.recalls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._memory, name)

    def recall(self, *args: Any, **options: Any) -> Any:
        self.recalls += 1
        if self._error:
            raise self._error
        self.free.wait(60)
        return self._memory.recall(*args, **options)


def test_a_slow_memory_holds_nobody_up(
    opens: Callable[..., Door], memory: Memory, upstream: Upstream
) -> None:
    """The request goes on at the deadline, without memory; more recalls are not begun than allowed."""
    slow = SlowMemory(memory)
    door = opens(memory=slow, recall_s_max=0.1, recalls_at_once=2)
    memory.remember(LISBON)
    for number in range(4):
        assert door.chat(("user", f"{QUESTION} {number}")).status_code == 200
        assert not recalled(upstream)
    assert (door.proxy.counts["recall_late"], door.proxy.counts["recall_busy"]) == (2, 2)
    assert slow.recalls == 2
    slow.free.set()
    assert len(door.kept()) == 9


@pytest.mark.parametrize("error", [StoreDamaged("broken"), RuntimeError("a bug"), OSError("io")])
def test_a_broken_memory_is_no_reason_to_fail(
    opens: Callable[..., Door], memory: Memory, upstream: Upstream, error: Exception
) -> None:
    """The request goes on, the event is counted, and nothing of it is told to the client."""
    door = opens(memory=SlowMemory(memory, error))
    memory.remember(LISBON)
    response = door.chat(("user", QUESTION))
    assert response.status_code == 200
    assert door.proxy.counts["recall_failed"] == 1
    assert "broken" not in response.text


class BusyMemory:
    """A memory that cannot be written for a while."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.free = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._memory, name)

    def remember_many(self, *args: Any, **options: Any) -> Any:
        if not self.free.is_set():
            raise StoreBusy("another process writes")
        return self._memory.remember_many(*args, **options)


def test_a_busy_store_delays_nobody_and_loses_nothing(
    opens: Callable[..., Door], memory: Memory
) -> None:
    """Turns wait in order; beyond the bound they are counted as lost."""
    busy = BusyMemory(memory)
    door = opens(memory=busy, waiting_chars_max=200)
    for number in range(3):
        assert door.chat(("user", f"turn {number}")).status_code == 200
    door.chat(("user", "x" * 300))
    assert door.proxy.counts["lost"] >= 1
    busy.free.set()
    assert [text for _, text in door.kept()][:6:2] == ["turn 0", "turn 1", "turn 2"]


def test_what_waits_is_bounded_also_in_number(
    opens: Callable[..., Door], memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests that say next to nothing hold memory too while the store is busy."""
    monkeypatch.setattr(remember, "JOBS_MAX", 3)
    busy = BusyMemory(memory)
    door = opens(memory=busy)
    for number in range(5):
        door.chat(("user", f"{number}"))
    assert door.proxy.counts["lost"] >= 4
    busy.free.set()
    assert 0 < len(door.kept()) <= 3


def test_what_waits_is_stored_at_the_end(memory: Memory, upstream: Upstream) -> None:
    """Ending the proxy stores what a busy store had kept waiting."""
    busy = BusyMemory(memory)
    with served(busy, ProxySettings(upstream.url)) as door:
        door.chat(("user", "last words"))
        busy.free.set()
    assert [one.text for one in memory.episodes()] == ["last words", "Noted."]


# -- keeping ---------------------------------------------------------------------------------


def test_a_growing_conversation_stores_each_turn_once(door: Door, upstream: Upstream) -> None:
    """Ten requests, each with the whole history, grow by one turn and its answer each."""
    echo(upstream)
    said: list[dict[str, Any]] = []
    for number in range(10):
        said.append({"role": "user", "content": f"turn {number}"})
        said.append(door.chat(*said).json()["choices"][0]["message"])
        assert len(door.kept()) == 2 * (number + 1)
    found = list(door.memory.episodes())
    assert [one.position for one in found] == list(range(20))
    assert len({one.session for one in found}) == 1
    assert {one.source for one in found} == {"proxy"}
    assert all(one.said_at_known for one in found)


def test_the_same_request_again_changes_nothing(door: Door) -> None:
    """Retries of a client, with and without a history."""
    for said in ([("user", "a")], [("user", "a"), ("assistant", "Noted."), ("user", "b")]):
        door.chat(*said)
        before = door.kept()
        for _ in range(3):
            door.chat(*said)
        assert door.kept() == before


def test_a_conversation_goes_on_after_a_restart(
    opens: Callable[..., Door], upstream: Upstream
) -> None:
    """Another proxy on the same memory knows what was stored."""
    echo(upstream)
    first = opens()
    said = talk(first, "a", "b")
    first.kept()
    door = opens()
    door.chat(*said, ("user", "c"))
    assert [text for _, text in door.kept()] == [
        "a", "You said: a", "b", "You said: b", "c", "You said: c",
    ]  # fmt: skip
    assert len({one.session for one in door.memory.episodes()}) == 1


def test_an_edited_history_branches(door: Door, upstream: Upstream) -> None:
    """What was edited is stored as a turn at the same place; what stayed is not stored again."""
    echo(upstream)
    said = talk(door, "a", "b")
    door.chat(*said[:2], ("user", "B"))
    found = list(door.kept())
    assert [text for _, text in found] == [
        "a", "You said: a", "b", "You said: b", "B", "You said: B",
    ]  # fmt: skip
    assert [one.position for one in door.memory.episodes()] == [0, 1, 2, 3, 2, 3]


def test_a_trimmed_history_is_still_the_same_conversation(door: Door, upstream: Upstream) -> None:
    """A client that sends only its last turns does not make a new conversation each time."""
    echo(upstream)
    said: list[dict[str, Any]] = []
    for number in range(8):
        said.append({"role": "user", "content": f"turn {number}"})
        said.append(door.chat(*said[-5:]).json()["choices"][0]["message"])
    door.kept()
    found = list(door.memory.episodes())
    assert [one.position for one in found] == list(range(16))
    assert len({one.session for one in found}) == 1


def test_the_same_words_said_again_are_stored_again(door: Door, upstream: Upstream) -> None:
    """A turn is its words at its place, not its words alone."""
    said = talk(door, "go on", "go on", "go on")
    assert len(door.kept()) == 6
    assert len(said) == 6


def test_two_conversations_that_begin_alike_stay_apart(
    opens: Callable[..., Door], upstream: Upstream, clock: FixedClock, memory: Memory
) -> None:
    """A first message again after a while is a new conversation; each goes on as itself."""
    made = ProxySettings(upstream.url, recall_s_max=5.0)
    with served(memory, made, clock=clock) as door:
        upstream.says(whole("first"))
        one = talk(door, "hi")
        clock.advance(timedelta(hours=1))
        upstream.says(whole("second"))
        two = talk(door, "hi")
        upstream.says(whole("third"))
        door.chat(*one, ("user", "to the first"))
        door.chat(*two, ("user", "to the second"))
        door.kept()
        sessions: dict[str | None, list[str]] = {}
        for episode in memory.episodes():
            sessions.setdefault(episode.session, []).append(episode.text)
    assert sorted(sessions.values()) == [
        ["hi", "first", "to the first", "third"], ["hi", "second", "to the second", "third"],
    ]  # fmt: skip


def test_a_history_from_before_the_proxy_is_kept_once(opens: Callable[..., Door]) -> None:
    """If told so; else only what is new."""
    said = [("user", "old"), ("assistant", "old answer"), ("user", "new")]
    door = opens(history=False)
    door.chat(*said)
    assert [text for _, text in door.kept()] == ["new", "Noted."]
    other = opens(scope="other")
    other.chat(*said)
    other.chat(*said)
    assert [text for _, text in other.kept("other")] == ["old", "old answer", "new", "Noted."]


def test_what_was_erased_or_hidden_does_not_come_back_with_the_history(
    opens: Callable[..., Door], upstream: Upstream
) -> None:
    """A client goes on sending it; nothing of it is stored again, also after a restart."""
    echo(upstream)
    door = opens()
    said = talk(door, "a", "my secret", "b", "c")
    door.kept()
    ids = {one.text: one.id for one in door.memory.episodes()}
    door.memory.erase([ids["my secret"]])
    door.memory.suppress(ids["b"])
    for again in (door, opens()):
        said = [*said, {"role": "user", "content": "on"}]
        said.append(again.chat(*said).json()["choices"][0]["message"])
        assert "my secret" not in [text for _, text in again.kept()]
        assert sum(text == "b" for _, text in again.kept()) <= 1


@pytest.mark.parametrize("put", [as_it_is, as_the_first_proxies_put_it])
def test_memory_that_was_put_in_is_not_kept_as_evidence(
    door: Door, upstream: Upstream, put: Callable[[str], str]
) -> None:
    """Also where a client sends it back in its history, and as an earlier proxy had put it in."""
    door.memory.remember(LISBON)
    door.chat(("user", QUESTION))
    assert recalled(upstream)
    block = put(sent(upstream)[0]["content"])
    asked = [
        [("system", block), ("user", QUESTION), ("assistant", "Noted."), ("user", "Thanks!")],
        [("user", f"{block}\n\n{QUESTION}"), ("assistant", "Noted."), ("user", "Bye!")],
    ]
    for said in asked:
        door.chat(*said)
        assert door.proxy.counts["recalled"] == 1, "nothing is put in twice"
    kept = [text for _, text in door.kept()]
    assert kept == [LISBON, QUESTION, "Noted.", "Thanks!", "Noted.", "Bye!", "Noted."]
    assert len({one.session for one in door.memory.episodes() if one.source == "proxy"}) == 1


def test_what_is_left_of_a_block_is_cut_by_the_gate(door: Door, upstream: Upstream) -> None:
    """A client that sends back half of it, or a model that quotes it, adds a citation at most."""
    door.memory.remember(LISBON)
    door.chat(("user", QUESTION))
    block = sent(upstream)[0]["content"]
    for quoted in (block.rpartition("\n")[0], block.splitlines()[3]):
        door.chat(("user", f"Look:\n{quoted}"), headers={"X-Mnemic-Session": quoted[:5]})
    texts = [text for _, text in door.kept()]
    assert sum(LISBON in text for text in texts) == 1
    assert not any(TAG in text or ADVICE in text for text in texts)
    assert sum(text.startswith("Look:\n[recalled: ") for text in texts) == 2


def test_tools_are_kept_as_tools(opens: Callable[..., Door], upstream: Upstream) -> None:
    """Calls and results with the speaker "tool", once; not at all if told so."""
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
    said = [{"role": "user", "content": "Look!"}]
    for tools, scope in ((True, "with"), (False, "without")):
        door = opens(tools=tools, scope=scope)
        upstream.says(whole("", tool_calls=[call]))
        answer = door.chat(*said).json()["choices"][0]["message"]
        upstream.says(whole("A cat."))
        result = {"role": "tool", "tool_call_id": "1", "content": "cat"}
        for _ in range(2):
            door.chat(*said, answer, result)
        tool = [("tool", 'look({"at": 1})'), ("tool", "cat")] if tools else []
        assert door.kept(scope) == [("user", "Look!"), *tool, ("assistant", "A cat.")]


def test_of_several_choices_the_first_is_kept(door: Door, upstream: Upstream) -> None:
    """Another one is kept once the client goes on with it."""
    body = json.loads(whole("one").pieces[0])
    body["choices"].append({"index": 1, "message": {"role": "assistant", "content": "two"}})
    upstream.says(Reply([json.dumps(body).encode()]))
    door.chat(("user", "Pick"), n=2)
    assert door.kept()[-1] == ("assistant", "one")
    door.chat(("user", "Pick"), ("assistant", "two"), ("user", "Good"))
    assert ("assistant", "two") in door.kept()
    both = [
        {**d, "choices": [*d["choices"], {"index": 1, "delta": {"content": "no"}}]}
        for d in deltas("a", "b")
    ]
    upstream.says(Reply([events(*both)], type="text/event-stream"))
    door.chat(("user", "Stream"), n=2, stream=True)
    assert door.kept()[-1] == ("assistant", "ab")


def test_json_answers_and_parts_are_kept_as_they_are(door: Door, upstream: Upstream) -> None:
    """JSON mode, content in parts, NUL and lone surrogates, white space."""
    upstream.says(whole('{"a": 1}'))
    parts = [
        {"type": "text", "text": "one\x00"},
        {"type": "image_url", "image_url": {}},
        {"type": "text", "text": "two"},
    ]
    door.chat({"role": "user", "content": parts}, response_format={"type": "json_object"})
    raw = b'{"messages":[{"role":"user","content":"half \\ud83d"}]}'
    assert door.client.post(f"{door.url}/chat/completions", content=raw).status_code == 200
    assert door.kept()[:3] == [
        ("user", "one\ufffd\ntwo"),
        ("assistant", '{"a": 1}'),
        ("user", "half \ufffd"),
    ]


def test_a_turn_longer_than_an_episode_is_kept_in_pieces(door: Door) -> None:
    """Nothing of it is lost."""
    text = "".join(f"{n} " for n in range(400_000))
    door.chat(("user", text))
    kept = [said for speaker, said in door.kept() if speaker == "user"]
    assert len(kept) == 3
    assert "".join(kept) == text


# -- sessions, speakers, scopes --------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "body", "session"),
    [
        ({"X-Mnemic-Session": "s1"}, {"metadata": {"session_id": "s2"}}, "s1"),
        ({}, {"metadata": {"session_id": "s2"}}, "s2"),
        ({}, {"conversation": {"id": "c"}}, "c"),
        ({}, {"conversation": "c"}, "c"),
        ({"session-id": "s3"}, {"conversation": "c"}, "c"),
        ({"session-id": "s3", "Thread-Id": "t"}, {}, "thread-id:t"),
        ({"Session_Id": "s4"}, {"user": "ana"}, "session_id:s4:ana"),
    ],
)
def test_a_session_has_the_name_that_the_client_gives(
    door: Door, headers: dict[str, str], body: dict[str, Any], session: str
) -> None:
    """In a header, or in the request."""
    door.chat(("user", "x"), headers=headers, **body)
    door.kept()
    assert {one.session for one in door.memory.episodes()} == {session}


def test_what_a_client_says_in_the_users_name_is_neither_asked_nor_kept(
    door: Door, upstream: Upstream
) -> None:
    """A coding agent's surroundings and reminders, as messages or as parts of one."""
    door.memory.remember(LISBON)
    part = {"type": "text", "text": "<system-reminder>Tests fail in Porto.</system-reminder>"}
    door.chat(
        ("user", "<environment_context><cwd>/w</cwd></environment_context>"),
        {"role": "user", "content": [part, {"type": "text", "text": QUESTION}]},
    )
    assert [text for who, text in door.kept() if who == "user"][-1:] == [QUESTION]
    assert not [text for _, text in door.kept() if "<" in text]
    assert recalled(upstream)
    assert "environment_context" in upstream.got[-1].body.decode(), "it still goes to the model"


def test_a_last_message_without_words_moves_no_answer(door: Door, upstream: Upstream) -> None:
    """A reminder after an answer: what comes next stands behind both, each at its own place."""
    reminder = ("user", "<system-reminder>\nStill there?</system-reminder>")
    upstream.says(whole("A1"))
    door.chat(("user", "Q1"))
    upstream.says(whole("A2"))
    door.chat(("user", "Q1"), ("assistant", "A1"), reminder)
    upstream.says(whole("A3"))
    door.chat(("user", "Q1"), ("assistant", "A1"), reminder, ("assistant", "A2"), ("user", "Q2"))
    door.kept()
    said = sorted((one.position, one.text) for one in door.memory.episodes())
    assert said == [(0, "Q1"), (1, "A1"), (2, "A2"), (3, "Q2"), (4, "A3")]
    assert len({one.session for one in door.memory.episodes()}) == 1


def test_a_tools_answer_that_is_not_kept_moves_no_answer(
    opens: Callable[..., Door], upstream: Upstream
) -> None:
    """Where tools do not count, what the model said before it called one stays where it was."""
    door = opens(tools=False)
    call = {"id": "c1", "type": "function", "function": {"name": "ls", "arguments": "{}"}}
    look = {"role": "assistant", "content": "Let me look.", "tool_calls": [call]}
    result = {"role": "tool", "tool_call_id": "c1", "content": "a b"}
    upstream.says(whole("Let me look.", tool_calls=[call]))
    door.chat(("user", "Q1"))
    upstream.says(whole("Done."))
    door.chat(("user", "Q1"), look, result)
    upstream.says(whole("Next."))
    door.chat(("user", "Q1"), look, result, ("assistant", "Done."), ("user", "Q2"))
    door.kept()
    said = sorted((one.position, one.text) for one in door.memory.episodes())
    assert said == [(0, "Q1"), (1, "Let me look."), (2, "Done."), (3, "Q2"), (4, "Next.")]
    assert len({one.session for one in door.memory.episodes()}) == 1


def test_a_picture_alone_keeps_its_place_in_a_conversation_that_has_a_name(
    door: Door, upstream: Upstream
) -> None:
    """It says nothing, and what is answered to it is said."""
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}
    name = {"X-Mnemic-Session": "s"}
    for number, asked in enumerate((("user", "Hello"), picture, ("user", "Bye"))):
        upstream.says(whole(f"A{number}"))
        door.chat(asked, headers=name)
    door.kept()
    said = sorted((one.position, one.text) for one in door.memory.episodes())
    assert said == [(0, "Hello"), (1, "A0"), (2, "A1"), (3, "Bye"), (4, "A2")]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_question_is_asked_wherever_a_reminder_stands(
    door: Door, upstream: Upstream, at: int
) -> None:
    """Before it, behind it in the same message, or in a message of its own."""
    door.memory.remember(LISBON)
    reminder = "<system-reminder>\nTests fail in Porto.\n</system-reminder>"
    parts = [{"type": "text", "text": one} for one in (QUESTION, reminder)]
    messages: list[Any] = [{"role": "user", "content": parts if at else parts[::-1]}]
    if at == 2:
        messages = [("user", QUESTION), ("user", reminder)]
    door.chat(*messages)
    assert recalled(upstream)
    assert [text for who, text in door.kept() if who == "user"][-1:] == [QUESTION]


def test_a_picture_after_an_answer_asks_no_old_question(door: Door, upstream: Upstream) -> None:
    door.memory.remember(LISBON)
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}
    door.chat(("user", QUESTION), ("assistant", "Lisbon."), picture)
    assert not recalled(upstream)


def test_a_session_by_name_counts_on_when_only_new_messages_are_sent(door: Door) -> None:
    """As with conversations that the upstream keeps."""
    for text in ("yes", "yes", "no"):
        door.chat(("user", text), conversation="c")
        door.kept()
    found = list(door.memory.episodes())
    assert [one.text for one in found][::2] == ["yes", "yes", "no"]
    assert [one.position for one in found] == [0, 1, 2, 3, 4, 5]


def test_users_are_kept_apart(door: Door) -> None:
    """The field `user` names a person, not a conversation."""
    for user in ("ana", "ben"):
        door.chat(("user", "hi"), user=user)
    assert len(door.kept()) == 4
    assert len({one.session for one in door.memory.episodes()}) == 2


def test_the_speaker_is_named_by_a_header(door: Door) -> None:
    """So that facts are known of someone."""
    door.chat(("user", "I moved."), headers={"X-Mnemic-Speaker": "Zoë".encode()})
    assert door.kept()[0] == ("Zoë", "I moved.")


def test_scopes_come_from_the_header_or_the_key(
    opens: Callable[..., Door], upstream: Upstream
) -> None:
    """Each client is kept in its own; a key that is not named stays out."""
    from mnemic.serve.proxy.gate import digest

    door = opens(scope="acme/*")
    assert door.chat(("user", "a"), headers={"X-Mnemic-Scope": "acme/ana"}).status_code == 200
    assert door.chat(("user", "b")).status_code == 200
    assert door.chat(("user", "c"), headers={"X-Mnemic-Scope": "acme2"}).status_code == 403
    assert [t for _, t in door.kept("acme/ana")] == ["a", "Noted."]
    assert [t for _, t in door.kept("acme")] == ["b", "Noted."]
    door = opens(scopes_by_key={digest("sk-ana"): "keys/ana", digest("sk-all"): "keys/*"})
    for headers, status in (
        ({"Authorization": "Bearer sk-ana"}, 200),
        ({"x-api-key": "sk-ana"}, 200),
        ({"Authorization": "Bearer sk-ana", "X-Mnemic-Scope": "keys/ben"}, 403),
        ({"Authorization": "Bearer sk-all", "X-Mnemic-Scope": "keys/ben"}, 200),
        ({"Authorization": "Bearer sk-an"}, 401),
        ({}, 401),
    ):
        assert door.chat(("user", f"{len(headers)}"), headers=headers).status_code == status
    assert door.client.get(f"{door.url}/models").status_code == 401


# -- anything --------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5)
    | st.sampled_from(["user", "assistant", "tool", "system", "text", "tool_result", "function_call"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["role", "content", "type", "text", "tool_calls", "function", "name", "output", "index"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def anything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Door, Upstream]]:
    path: Path = tmp_path_factory.mktemp("any") / "m.mnemic"
    upstream = Upstream()
    with Memory(path, embedder=HashEmbedder(), background=False) as memory:
        memory.remember(LISBON)
        made = ProxySettings(upstream.url, known_min=0.0, relevance_min=0.0, recall_s_max=5.0)
        with served(memory, made) as door:
            yield door, upstream
    upstream.close()


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from(["chat/completions", "responses", "messages"]),
    name=st.sampled_from(["messages", "input"]),
    listed=VALUES | st.lists(VALUES, max_size=4),
    answer=VALUES,
    more=st.dictionaries(st.sampled_from(["user", "metadata", "conversation", "previous_response_id", "system"]), VALUES, max_size=3),
    stream=st.booleans(),
)  # fmt: skip
def test_no_shape_of_request_or_answer_is_an_error_of_ours(
    anything: tuple[Door, Upstream],
    path: str,
    name: str,
    listed: Any,
    answer: Any,
    more: Any,
    stream: bool,
) -> None:
    """Whatever is sent and whatever comes back: both pass, and nothing is lost on the way."""
    door, upstream = anything
    value = json.dumps(answer).encode()
    body = b"data: " + value + b"\n\n" if stream else value
    upstream.says(Reply([body], type="text/event-stream" if stream else "application/json"))
    raw = json.dumps({name: listed, **more}).encode()
    response = door.client.post(f"{door.url}/{path}", content=raw)
    assert (response.status_code, response.content) == (200, body)
    left = iter(upstream.got[-1].body)
    assert all(byte in left for byte in raw)
    door.proxy.settle()
    assert door.proxy.counts["lost"] == 0
    assert door.proxy.counts["recall_failed"] == 0
