"""The real client of OpenAI before the proxy: it changes only its base URL."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from proxy_upstream import Door, Reply, Upstream, deltas, events, whole

openai = pytest.importorskip("openai")

LISBON = "Ana moved to Lisbon in March and works at the harbour."
QUESTION = "Where did Ana move to in March?"


def item(text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
        "content": content,
    }  # fmt: skip


def response(id_: str, text: str, status: str = "completed") -> dict[str, Any]:
    return {
        "id": id_, "object": "response", "created_at": 1, "model": "m", "status": status,
        "output": [item(text)] if text else [], "parallel_tool_calls": True, "tool_choice": "auto",
        "tools": [],
    }  # fmt: skip


def client_of(door: Door) -> Any:
    return openai.OpenAI(base_url=door.url, api_key="sk-test", max_retries=0)


def test_the_client_asks_and_is_answered(door: Door, upstream: Upstream) -> None:
    """Whole and streamed, with memory in the request and the turns kept."""
    door.memory.remember(LISBON)
    with client_of(door) as client:
        said: Any = [{"role": "user", "content": QUESTION}]
        done = client.chat.completions.create(model="m", messages=said)
        assert done.choices[0].message.content == "Noted."
        assert LISBON in upstream.got[-1].body.decode()
        assert upstream.got[-1].header("authorization") == "Bearer sk-test"
        upstream.says(Reply([events(*deltas("To ", "Lisbon."))], type="text/event-stream"))
        said = [
            *said,
            {"role": "assistant", "content": "Noted."},
            {"role": "user", "content": "Well?"},
        ]
        stream = client.chat.completions.create(model="m", messages=said, stream=True)
        assert "".join(part.choices[0].delta.content for part in stream) == "To Lisbon."
    assert door.kept()[1:] == [
        ("user", QUESTION), ("assistant", "Noted."), ("user", "Well?"), ("assistant", "To Lisbon."),
    ]  # fmt: skip


def test_the_responses_api(door: Door, upstream: Upstream) -> None:
    """A text as input, then a chain by previous_response_id, streamed."""
    door.memory.remember(LISBON)
    with client_of(door) as client:
        upstream.says(Reply([json.dumps(response("resp_1", "Lisbon.")).encode()]))
        one = client.responses.create(model="m", input=QUESTION)
        assert one.output_text == "Lisbon."
        assert upstream.got[-1].json["input"][1] == {"role": "user", "content": QUESTION}
        assert LISBON in upstream.got[-1].json["input"][0]["content"]
        stream = [
            {"type": "response.created", "response": response("resp_2", "", "in_progress")},
            {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "i", "delta": "In ", "logprobs": []},
            {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "i", "delta": "March.", "logprobs": []},
            {"type": "response.output_item.done", "output_index": 0, "item": item("In March.")},
            {"type": "response.completed", "response": response("resp_2", "In March.")},
        ]  # fmt: skip
        numbered = [{**event, "sequence_number": n} for n, event in enumerate(stream)]
        upstream.says(Reply([events(*numbered, done=False)], type="text/event-stream"))
        came = list(
            client.responses.create(
                model="m", input="When?", previous_response_id="resp_1", stream=True
            )
        )
        assert [one.type for one in came] == [one["type"] for one in stream]
    assert door.kept()[1:] == [
        ("user", QUESTION), ("assistant", "Lisbon."), ("user", "When?"), ("assistant", "In March."),
    ]  # fmt: skip
    found = [one for one in door.memory.episodes() if one.source == "proxy"]
    assert len({one.session for one in found}) == 1
    assert [one.position for one in found] == [0, 1, 2, 3]
    assert not any("partial" in one.meta for one in found)


def test_a_failing_upstream_raises_what_the_client_knows(door: Door, upstream: Upstream) -> None:
    """Its own errors, with the upstream's words."""
    upstream.says(Reply([b'{"error":{"message":"too fast","type":"x","code":"y"}}'], 429))
    said: Any = [{"role": "user", "content": "x"}]
    with client_of(door) as client, pytest.raises(openai.RateLimitError, match="too fast"):
        client.chat.completions.create(model="m", messages=said)


def test_many_at_once(door: Door, upstream: Upstream) -> None:
    """Forty conversations at the same time, each with its own answer."""
    upstream.answer = lambda got: whole(f"re: {got.json['messages'][-1]['content']}")

    async def ask(client: Any, text: str) -> str:
        said: Any = [{"role": "user", "content": text}]
        done = await client.chat.completions.create(model="m", messages=said)
        return str(done.choices[0].message.content)

    async def all_of_them() -> list[str]:
        async with openai.AsyncOpenAI(base_url=door.url, api_key="k", max_retries=0) as client:
            return list(await asyncio.gather(*(ask(client, f"n{n}") for n in range(40))))

    assert asyncio.run(all_of_them()) == [f"re: n{n}" for n in range(40)]
    kept = door.kept()
    assert sorted(kept) == sorted(
        [("user", f"n{n}") for n in range(40)] + [("assistant", f"re: n{n}") for n in range(40)]
    )


def test_anthropics_messages(door: Door, upstream: Upstream) -> None:
    """Blocks, tools and events of /v1/messages."""
    door.memory.remember(LISBON)
    said: list[dict[str, Any]] = [{"role": "user", "content": QUESTION}]
    stream = [
        {"type": "message_start", "message": {"id": "msg_1", "role": "assistant", "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Let me look."}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t", "name": "look", "input": {}}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"at"'}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": ":1}"}},
        {"type": "message_stop"},
    ]  # fmt: skip
    upstream.says(Reply([events(*stream, done=False)], type="text/event-stream"))
    url = f"{door.url}/messages"
    door.client.post(url, json={"model": "m", "messages": said, "stream": True})
    (block, question) = upstream.got[-1].json["messages"][0]["content"]
    assert LISBON in block["text"]
    assert question == {"type": "text", "text": QUESTION}
    content = [
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "id": "t", "name": "look", "input": {"at": 1}},
    ]
    result = [{"type": "tool_result", "tool_use_id": "t", "content": "the harbour"}]
    said += [{"role": "assistant", "content": content}, {"role": "user", "content": result}]
    whole_answer = {
        "id": "msg_2",
        "role": "assistant",
        "content": [{"type": "text", "text": "Lisbon."}],
    }
    upstream.says(Reply([json.dumps(whole_answer).encode()]))
    door.client.post(url, json={"model": "m", "messages": said})
    first, *after = upstream.got[-1].json["messages"]
    assert first["content"] == [block, question], "the turn keeps the memory it was given"
    assert after == said[1:], "nothing is put in after a tool's result"
    assert door.kept()[1:] == [
        ("user", QUESTION), ("assistant", "Let me look."), ("tool", 'look({"at":1})'),
        ("tool", "the harbour"), ("assistant", "Lisbon."),
    ]  # fmt: skip
