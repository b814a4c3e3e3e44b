"""`mnemic.tools()`: schemas for any client, calls answered in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mnemic
from mnemic import Memory
from mnemic.errors import InvalidInput

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_model_remembers_and_recalls(memory: Memory) -> None:
    memory.remember("The zebra's code is 4711.", scope="other")
    given_ = mnemic.tools(memory, scope="acme/ana")
    assert "Not in memory" in given_.call("recall", {"query": "kettle"})
    kept = given_.call("remember", '{"text": "The kettle broke in March."}')
    assert kept.startswith("Remembered in scope acme/ana")
    memory.ready()
    assert "The kettle broke" in given_.call("recall", {"query": "kettle"})
    assert "4711" not in given_.call("recall", {"query": "zebra code", "k": 50})


@pytest.mark.parametrize("style", ["openai", "responses", "anthropic"])
def test_schemas_fit_each_style(memory: Memory, style: str) -> None:
    found = mnemic.tools(memory).schemas(style)  # type: ignore[arg-type]
    assert len(found) == 8
    for one in found:
        plain = one.get("function", one)
        schema = plain.get("parameters", plain.get("input_schema"))
        assert schema["type"] == "object"
        assert plain["name"].isidentifier()
    assert len(json.dumps(found)) < 7_000


def test_who_may_only_read_is_offered_no_write(memory: Memory) -> None:
    reading = mnemic.tools(memory, may=("read",))
    names = {one["function"]["name"] for one in reading.schemas()}
    assert names == {"recall", "context", "facts", "timeline"}
    assert "no tool" in reading.call("remember", {"text": "x"})
    with pytest.raises(InvalidInput):
        mnemic.tools(memory, may=("fly",))
    with pytest.raises(InvalidInput):
        mnemic.tools(memory).schemas("soap")  # type: ignore[arg-type]


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(["recall", "remember", "facts", "forget", "correct", "sleep", "x"]),
    arguments=ANY_JSON | st.dictionaries(st.sampled_from(["query", "text", "id", "k"]), ANY_JSON),
)
def test_a_models_mistakes_are_answered_in_words(
    memory: Memory, name: str, arguments: object
) -> None:
    said = mnemic.tools(memory).call(name, arguments)  # type: ignore[arg-type]
    assert said
    assert "Traceback" not in said


def test_a_retry_of_a_secret_is_the_same_episode(tmp_path: Path) -> None:
    """What is redacted as it is kept can be sent again: it is no other text under the same key."""
    told = {"text": "The staging password is tr0ub4dor&3, says Ana."}
    with Memory(tmp_path / "a.mnemic", embedder=None, redact="secrets") as other:
        given_ = mnemic.tools(other, scope="acme/ana")
        first = given_.call("remember", told)
        assert first.startswith("Remembered")
        assert given_.call("remember", told) == first


@pytest.mark.parametrize(
    ("name", "given_"),
    [("recall", {"query": "x", "k": "90"}), ("context", {"query": "x", "budget_tokens": "90000"}),
     ("sleep", {"budget_s": "5000"})],
)  # fmt: skip
def test_a_number_as_text_is_bounded_too(memory: Memory, name: str, given_: Any) -> None:
    assert "pass at most" in mnemic.tools(memory, scope="acme/ana").call(name, given_)


def test_a_write_out_of_reach_is_not_told_as_a_search_that_found_nothing(memory: Memory) -> None:
    given_ = mnemic.tools(memory, scope="acme/ana")
    said = given_.call("remember", {"text": "x", "scope": "evil"})
    assert "'evil'" in said
    assert "Not in memory" not in said
    assert "'evil'" in given_.call("recall", {"query": "x", "scope": "evil"})
