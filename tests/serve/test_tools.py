"""`mnemic.tools()`: schemas for any client, calls answered in words."""

from __future__ import annotations

import json

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
