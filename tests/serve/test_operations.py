"""The table of operations: every row works, replies have the shape they state, scopes are kept apart."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from typer.main import get_command

from mnemic import Memory
from mnemic.errors import Conflict, InvalidScope, MnemicError, NotThere, UnknownScope
from mnemic.serve.access import OWNER, Access, Forbidden, check_reach, check_rights
from mnemic.serve.cli import app
from mnemic.serve.operations import OPERATIONS, TOOLS, carry_out
from mnemic.serve.problems import problem_of
from mnemic.serve.terminal import jsonable
from mnemic.testing.fakes import FixedClock


def ask(memory: Memory, name: str, access: Access = OWNER, /, **asked: Any) -> dict[str, Any]:
    """What a door does: a request from JSON, an answer as JSON, checked against the table's reply."""
    operation = OPERATIONS[name]
    request = operation.request.model_validate_json(json.dumps(asked))
    said = json.dumps(carry_out(operation, memory, request, access), default=jsonable)
    operation.reply.model_validate_json(said)
    found: dict[str, Any] = json.loads(said)
    return found


def test_a_run_that_never_was_is_not_there(memory: Memory) -> None:
    """Also in a memory that never slept."""
    with pytest.raises(NotThere):
        ask(memory, "run", run=7)


def test_an_episode_tells_when_it_happened_if_its_words_say_so(memory: Memory) -> None:
    """`happens` is what the words say; None where they say nothing or somebody gave it."""
    said = {"said_at": "2026-03-10T10:00:00Z", "scope": "a"}
    memory.remember("We met on 3 March 2026.", ref="told", **said)
    memory.remember("Good morning.", ref="plain", **said)
    memory.remember(
        "We met on 3 March 2026, I think.", ref="given", happened="2026-01-01T00:00:00Z", **said
    )
    seen = {one["ref"]: one["happens"] for one in ask(memory, "episodes", scope="a")["episodes"]}
    assert seen == {
        "told": ["2026-03-03T00:00:00+00:00", "2026-03-04T00:00:00+00:00"],
        "plain": None,
        "given": None,
    }


def test_every_operation_answers_in_the_shape_it_states(slept: Memory) -> None:
    scope = "acme/ana"
    (fact,) = ask(slept, "facts", about="lives", scope=scope)["facts"]
    room = next(iter(ask(slept, "palace", scope=scope)["wings"].items()))
    asked: dict[str, dict[str, Any]] = {
        "remember": {"text": "Tea.", "scope": scope, "happened": ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]},
        "remember_many": {"rows": [{"text": "a"}, {"text": " "}], "scope": scope},
        "recall": {"query": "Where does Ana live?", "scope": "acme/*", "abstain_below": 0.01},
        "context": {"query": "Ana", "scope": scope, "budget_tokens": 200, "from": "2026-01-01T00:00:00Z"},
        "episodes": {"scope": scope, "limit": 2},
        "episode": {"id": "r1", "scope": scope},
        "suppress": {"id": "r2", "scope": scope},
        "restore": {"id": "r2", "scope": scope},
        "facts": {"scope": scope, "history": True},
        "fact": {"id": fact["id"], "scope": scope},
        "confirm": {"id": fact["id"], "scope": scope},
        "correct": {"id": fact["id"], "value": "Faro", "scope": scope},
        "reject": {"id": fact["id"], "scope": scope},
        "timeline": {"about": "Ana", "scope": scope},
        "profile": {"scope": scope},
        "palace": {"scope": scope},
        "room": {"wing": room[0], "room": room[1][0]["room"], "scope": scope},
        "lessons": {"scope": scope},
        "summaries": {"scope": scope},
        "sleep": {"scope": scope, "dry_run": True},
        "runs": {},
        "run": {"run": 1},
        "undo": {"run": 2},
        "scopes": {},
        "stats": {},
        "erase": {"ids": ["r0"], "scope": scope},
    }  # fmt: skip
    assert asked.keys() == OPERATIONS.keys()
    del asked["reject"], asked["undo"]  # after a correction the fact is another
    for name, request in asked.items():
        assert ask(slept, name, **request), name


def test_a_page_goes_on_where_the_one_before_ended(slept: Memory) -> None:
    first = ask(slept, "episodes", scope="acme/ana", limit=2)
    then = ask(slept, "episodes", scope="acme/ana", limit=2, beyond=first["next"])
    refs = [one["ref"] for one in first["episodes"] + then["episodes"]]
    assert refs == ["r2", "r1", "r0"]
    assert then["next"] is None


def test_an_episode_stands_among_its_neighbours_with_its_facts(slept: Memory) -> None:
    found = ask(slept, "episode", id="r1", scope="acme/ana", reach=1)
    assert [one["ref"] for one in found["neighbours"]] == ["r0", "r1", "r2"]
    assert any("Lisbon" in fact["statement"] for fact in found["facts"])


def test_what_a_run_changed_is_told_and_undone(slept: Memory) -> None:
    changes = ask(slept, "run", run=1)["changes"]
    assert any(one["table"] == "facts" and "Lisbon" in one["about"] for one in changes)
    assert ask(slept, "undo", run=1)["changed"] > 0
    assert not ask(slept, "facts", scope="acme/ana")["facts"]


@pytest.mark.parametrize("name", [n for n, one in OPERATIONS.items() if one.scope == "named"])
def test_a_scope_beyond_reach_answers_as_one_that_does_not_exist(slept: Memory, name: str) -> None:
    """The same error, word for word but for the scope's name, and nothing is written."""
    access = Access("ana", frozenset(("read", "write", "erase")), ("acme/*",))
    fields = OPERATIONS[name].request.model_fields
    asked = {
        key: value
        for key, value in {
            "text": "x", "rows": [{"text": "x"}], "query": "tabs", "id": "once-upon", "ids": ["x" * 8],
            "value": "x", "about": "Bo", "wing": "Bo", "room": "r1",
        }.items()
        if key in fields and (key != "about" or fields[key].is_required())
    }  # fmt: skip
    said = []
    for scope in ("other/bo", "nobody/bo"):
        with pytest.raises(MnemicError) as caught:
            ask(slept, name, access, scope=scope, **asked)
        said.append(str(caught.value).replace(scope, "SCOPE"))
        assert isinstance(caught.value, UnknownScope)
    assert said[0] == said[1]
    assert [path for path, _ in slept.scopes()] == ["acme/ana", "other/bo"]


def test_what_goes_through_everything_leaves_out_what_is_beyond_reach(slept: Memory) -> None:
    access = Access("ana", frozenset(("read",)), ("acme/*",))
    assert ask(slept, "scopes", access) == {"scopes": [{"scope": "acme/ana", "episodes": 3}]}
    assert ask(slept, "runs", access) == {"runs": []}  # the sleep was over everything
    with pytest.raises(NotThere, match="there is no run 1"):
        ask(slept, "run", access, run=1)
    with pytest.raises(Forbidden, match="may not write"):
        ask(slept, "sleep", access, scope="acme/ana")


def test_reach_is_a_path_and_not_a_prefix() -> None:
    access = Access("a", frozenset(("read",)), ("acme/*", "solo"))
    for scope in ("acme", "acme/ana", "acme/*", "acme/ana/*", "solo"):
        assert access.covers(scope)
    for scope in ("acme2", "acme2/ana", "solo/x", "solo/*"):
        assert not access.covers(scope)
    with pytest.raises(InvalidScope):
        access.covers("acme/../other")


def test_rights_and_reaches_are_checked() -> None:
    assert check_rights(["read", "write"]) == {"read", "write"}
    assert check_reach(["acme/*", "*", "acme/*"]) == ("acme/*", "*")
    for wrong in (["fly"], []):
        with pytest.raises(MnemicError):
            check_rights(wrong)
    for wrong in (["a//b"], ["/*"], []):
        with pytest.raises(MnemicError):
            check_reach(wrong)


def test_a_retry_with_the_same_key_keeps_nothing_twice(memory: Memory, clock: FixedClock) -> None:
    first = ask(memory, "remember", text="Tea at four.", idempotency_key="k1")
    clock.advance(timedelta(seconds=1))
    again = ask(memory, "remember", text="Tea at four.", idempotency_key="k1")
    other = ask(memory, "remember", text="Tea at four.", idempotency_key="k2")
    assert first == again != other
    with pytest.raises(Conflict):
        ask(memory, "remember", text="Coffee.", idempotency_key="k1")
    assert len(list(memory.episodes())) == 2


def test_every_operation_has_its_command() -> None:
    """What a door offers, the command line does too."""
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert {one.command.split()[0] for one in OPERATIONS.values()} <= known


def test_an_agent_is_offered_eight_tools() -> None:
    assert set(TOOLS) == {
        "remember", "recall", "context", "timeline", "facts", "correct", "forget", "sleep",
    }  # fmt: skip


def test_paths_and_methods_are_unique() -> None:
    assert len({one.rest for one in OPERATIONS.values()}) == len(OPERATIONS)


def test_problems_tell_what_the_caller_did_and_nothing_of_ours() -> None:
    for kind in _all(MnemicError):
        problem = problem_of(kind("secret /srv/path") if kind is not MnemicError else kind())
        assert 400 <= problem.status < 600
        if problem.status >= 500:
            assert "/srv" not in problem.detail


def _all(kind: type[MnemicError]) -> list[type[MnemicError]]:
    return [kind, *(below for one in kind.__subclasses__() for below in _all(one))]
