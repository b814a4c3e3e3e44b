"""REST says of the memory what the table says, and of errors what they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mnemic import Memory
from mnemic.serve.operations import OPERATIONS
from mnemic.serve.rest.openapi import openapi

from .conftest import Door, open_door

SCOPE = "acme/ana"


def _asked(door: Door) -> dict[str, dict[str, Any]]:
    (fact,) = door.get("/v1/facts", params={"about": "lives", "scope": SCOPE}).json()["facts"]
    wings = door.get("/v1/palace", params={"scope": SCOPE}).json()["wings"]
    wing, rooms = next(iter(wings.items()))
    return {
        "remember": {"text": "Tea.", "scope": SCOPE},
        "remember_many": {"rows": [{"text": "a"}, {"text": " "}], "scope": SCOPE},
        "recall": {"query": "Where does Ana live?", "scope": "acme/*", "abstain_below": 0.01},
        "context": {"query": "Ana", "scope": SCOPE, "from": "2026-01-01T00:00:00Z"},
        "episodes": {"scope": SCOPE, "limit": 2, "newest_first": False},
        "episode": {"id": "r1", "scope": SCOPE, "reach": 1},
        "suppress": {"id": "r2", "scope": SCOPE}, "restore": {"id": "r2", "scope": SCOPE},
        "facts": {"scope": SCOPE, "history": True, "as_of": "2026-02-01T00:00:00Z"},
        "fact": {"id": fact["id"], "scope": SCOPE}, "confirm": {"id": fact["id"], "scope": SCOPE},
        "correct": {"id": fact["id"], "value": "Faro", "scope": SCOPE},
        "timeline": {"about": "Ana", "scope": SCOPE, "k": 3},
        "profile": {"scope": SCOPE, "min_confidence": 0.1}, "palace": {"scope": SCOPE},
        "room": {"wing": wing, "room": rooms[0]["room"], "scope": SCOPE},
        "lessons": {"scope": SCOPE}, "summaries": {"scope": SCOPE},
        "sleep": {"scope": SCOPE, "dry_run": True}, "runs": {}, "run": {"run": 1}, "scopes": {},
        "stats": {}, "erase": {"ids": ["r0"], "scope": SCOPE},
    }  # fmt: skip


def ask(door: Door, name: str, asked: dict[str, Any], **more: Any) -> Any:
    method, path = OPERATIONS[name].rest
    here = {key: value for key, value in asked.items() if f"{{{key}}}" in path}
    rest = {key: value for key, value in asked.items() if key not in here}
    if method == "GET":
        return door.get(path.format(**here), params=rest, **more)
    return door.post(path.format(**here), rest, **more)


def test_every_operation_answers_in_the_shape_it_states(door: Door) -> None:
    asked = _asked(door)
    assert asked.keys() == OPERATIONS.keys() - {"reject", "undo"}  # the fact is another by then
    for name, one in asked.items():
        answer = ask(door, name, one)
        assert answer.status_code == 200, (name, answer.text)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        OPERATIONS[name].reply.model_validate_json(answer.content)
        if name == "correct":
            wrong = {"id": answer.json()["id"], "scope": SCOPE}
            assert ask(door, "reject", wrong).json() == {"ids": [wrong["id"]]}


@pytest.mark.parametrize(
    "now", ["2026-11-20T12:00:00Z", "2026-11-20T12:00:00.5+01:00", "2026-11-20 12:00:00Z"]
)
def test_a_time_is_taken_as_text(door: Door, now: str) -> None:
    asked = {"query": "Ana", "scope": SCOPE, "now": now}
    assert door.post("/v1/recall", asked).status_code == 200


def test_a_run_is_undone_once(door: Door) -> None:
    assert door.post("/v1/runs/1/undo").json()["changed"] > 0
    again = door.post("/v1/runs/1/undo")
    assert again.status_code == 409
    assert "undone already" in again.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("POST", "/v1/recall", b"{", 400, None),
        ("POST", "/v1/recall", b"\xff\xfe", 400, None),
        ("POST", "/v1/recall", b"[]", 422, "body"),
        ("POST", "/v1/recall", b"[" * 100_000, 400, None),
        ("POST", "/v1/recall", b"{}", 422, "query"),
        ("POST", "/v1/recall", b'{"query": "a", "k": "5"}', 422, "k"),
        ("POST", "/v1/recall", b'{"query": "a", "k": 5.5}', 422, "k"),
        ("POST", "/v1/recall", b'{"query": "a", "k": 1001}', 422, "k"),
        ("POST", "/v1/recall", b'{"query": "\\ud800"}', 400, None),
        ("POST", "/v1/recall", b'{"query": "a", "now": "2026-01-01T00:00:00"}', 422, "now"),
        ("POST", "/v1/recall", b'{"query": "a", "now": "1767225600"}', 422, "now"),
        ("POST", "/v1/recall", b'{"query": "a", "now": 1767225600}', 422, "now"),
        ("GET", "/v1/facts?believed_at=0.5", b"", 422, "believed_at"),
        ("POST", "/v1/recall", b'{"query": "a", "sql": 1}', 422, "sql"),
        ("POST", "/v1/recall?scope=acme/ana", b'{"query": "a"}', 422, "query"),
        ("POST", "/v1/recall", b'{"query": "a", "scope": "acme/../other"}', 422, None),
        ("POST", "/v1/episodes", b'{"text": "a", "meta": {"x": NaN}}', 422, None),
        ("POST", "/v1/episodes/r1/suppress", b'{"id": "r2"}', 422, "id"),
        ("GET", "/v1/episodes?scope=acme/ana&scope=other/bo", b"", 422, "scope"),
        ("GET", "/v1/episodes?limit=0", b"", 422, "limit"),
        ("GET", "/v1/episodes?scope=%ff", b"", 400, None),
        ("GET", "/v1/episodes/%ff?scope=acme/ana", b"", 400, None),
        ("GET", "/v1/runs/abc", b"", 422, "run"),
        ("GET", "/v1/runs/99999999999999999999999", b"", 422, "run"),
        ("GET", "/v1/nothing", b"", 404, None),
        ("GET", "/v1/episodes/", b"", 404, None),
        ("DELETE", "/v1/episodes", b"", 405, None),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_field_by_field_and_never_repeated(
    door: Door, method: str, path: str, body: bytes, status: int, field: str | None
) -> None:
    answer = door.client.request(
        method, path, content=body, headers={"content-type": "application/json"} if body else {}
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:mnemic:problem:")
    assert "Traceback" not in answer.text
    assert "input_value" not in answer.text
    if field is not None:
        assert field in {one["field"] for one in problem["errors"]}


@pytest.mark.parametrize(
    "id_",
    ["a/b", "../../etc/passwd", "..", "%00", "\x00", "a%2Fb", "é", " ", "r1/suppress", "?x", "#"],
)
def test_no_id_leads_anywhere_but_to_that_id(door: Door, id_: str) -> None:
    """Slashes, dots, NULs and percent signs in a path are characters of an id, nothing more."""
    from urllib.parse import quote

    for path in ("/v1/episodes/{}?scope=acme/ana", "/v1/facts/{}?scope=acme/ana"):
        raw = path.format(quote(id_, safe="").replace(".", "%2E"))
        answer = door.get(raw)
        assert answer.status_code in (404, 422), answer.text
        if "%2E" not in raw:
            assert answer.json()["type"].endswith(("not-found", "invalid-input"))
            assert "nothing at this address" not in answer.text


def test_a_ref_with_a_slash_is_found(slept: Memory) -> None:
    slept.remember("See here.", scope="acme/ana", ref="docs/a b.md")
    with open_door(slept) as door:
        found = door.get("/v1/episodes/docs%2Fa%20b.md?scope=acme/ana").json()
        assert found["episode"]["text"] == "See here."
        done = door.post("/v1/episodes/docs%2Fa%20b.md/suppress", {"scope": "acme/ana"})
        assert done.json() == {"ids": [found["episode"]["id"]]}


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_only_json_is_taken(door: Door, kind: str) -> None:
    """What a page's form can send without asking is refused."""
    answer = door.client.post(
        "/v1/recall", content=b'{"query": "a"}', headers={"content-type": kind}
    )
    assert answer.status_code == 415


def test_json_may_name_its_charset_and_a_body_may_be_left_out(door: Door) -> None:
    kind = {"content-type": "Application/JSON; charset=utf-8"}
    asked = json.dumps({"query": "Ana", "scope": SCOPE}).encode()
    assert door.client.post("/v1/recall", content=asked, headers=kind).status_code == 200
    assert door.client.post("/v1/runs/1/undo").status_code == 200


def test_a_request_has_one_number_in_its_answer_and_in_the_log(door: Door) -> None:
    secret = "Where does the unmentionable live?"
    given = door.post(
        "/v1/recall", {"query": secret, "scope": SCOPE}, headers={"x-request-id": "abc-1"}
    )
    made = door.post(
        "/v1/recall", {"query": secret, "scope": SCOPE}, headers={"x-request-id": "a b\tc"}
    )
    assert given.headers["x-request-id"] == "abc-1"
    assert len(made.headers["x-request-id"]) == 32
    lines = [json.loads(line) for line in door.log.getvalue().splitlines()]
    last = [one for one in lines if one["event"] == "request"][-2:]
    assert [one["request_id"] for one in last] == ["abc-1", made.headers["x-request-id"]]
    assert last[0].keys() == {
        "time",
        "level",
        "event",
        "operation",
        "status",
        "ms",
        "caller",
        "request_id",
    }
    assert last[0]["operation"] == "recall"
    for word in ("unmentionable", "acme", "Lisbon"):
        assert word not in door.log.getvalue()


def test_an_error_inside_is_logged_without_its_words_and_told_without_its_kind(
    slept: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the user said: my password is hunter2")

    monkeypatch.setattr(slept, "recall", broken)
    with open_door(slept) as door:
        answer = door.post("/v1/recall", {"query": "a", "scope": SCOPE})
        assert answer.status_code == 500
        assert "hunter2" not in answer.text
        assert "RuntimeError" not in answer.text
        failed = next(
            one
            for one in map(json.loads, door.log.getvalue().splitlines())
            if one["event"] == "failed"
        )
    assert failed["error"] == "RuntimeError"
    assert failed["request_id"] == answer.headers["x-request-id"]
    assert "hunter2" not in door.log.getvalue()


def test_the_document_names_every_operation_and_every_reference_in_it_leads_somewhere(
    door: Door,
) -> None:
    said = door.get("/v1/openapi.json").json()
    assert said["openapi"].startswith("3.1")
    named = {one["operationId"] for path in said["paths"].values() for one in path.values()}
    assert named == OPERATIONS.keys() | {"export"}

    def check(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                found: Any = said
                for step in value["$ref"].removeprefix("#/").split("/"):
                    found = found[step]
            for one in value.values():
                check(one)
        elif isinstance(value, list):
            for one in value:
                check(one)

    check(said)
    assert said == json.loads(json.dumps(openapi()))


def test_ten_thousand_scopes_are_listed_and_answer(memory: Memory) -> None:
    memory.remember_many({"text": "Tea.", "scope": f"acme/u{number}"} for number in range(10_000))
    with open_door(memory) as door:
        assert len(door.get("/v1/scopes").json()["scopes"]) == 10_000
        found = door.post("/v1/recall", {"query": "tea", "scope": "acme/*"})
        assert found.status_code == 200
        assert len(found.json()["hits"]) == 10
        assert door.get("/v1/episodes", params={"scope": "acme/u9999"}).json()["episodes"]
