"""The main job through the public API: kept verbatim, found, dated, by scope."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnemic import Memory, Span
from mnemic.errors import (
    InvalidInput,
    InvalidQuery,
    InvalidScope,
    InvalidText,
    InvalidTime,
    MnemicError,
)
from mnemic.testing.fakes import FixedClock, HashEmbedder

SAID = "2026-03-02T10:00:00+00:00"


def texts(found) -> list[str]:
    return [hit.episode.text for hit in found.hits]


def test_the_readmes_example_works(memory: Memory) -> None:
    """An episode comes back verbatim with its ref, time and a trace that adds up."""
    id_ = memory.remember(
        "I moved to Lisbon.", scope="acme/ana", speaker="Ana", session="s1", said_at=SAID,
        source="user", ref="D1:3",
    )  # fmt: skip
    memory.ready()
    found = memory.recall(
        "Where in Lisbon does Ana live?", scope="acme/ana", now="2026-11-20T12:00:00Z"
    )
    hit = found.hits[0]
    assert (hit.episode.id, hit.episode.ref, hit.episode.text) == (
        id_,
        "D1:3",
        "I moved to Lisbon.",
    )
    assert hit.episode.said_at == datetime.fromisoformat(SAID)
    assert hit.score == pytest.approx(
        sum(evidence.contribution for evidence in hit.trace), abs=1e-5
    )
    assert {e.channel for e in hit.trace} >= {"lexical", "dense", "neighbours", "session", "recent"}
    packed = memory.context("Lisbon", scope="acme/ana", budget_tokens=100)
    assert "2026-03-02" in packed.text
    assert packed.citations[0].episode.ref == "D1:3"


def test_a_write_is_found_before_its_deep_key(memory: Memory) -> None:
    """Shallow keys are there at once; the result says that deep ones are on their way."""
    memory.remember("The kettle broke.")
    memory.ready()
    memory.remember("The toaster broke.")
    found = memory.recall("toaster")
    assert texts(found)[0] == "The toaster broke."
    assert "some deep keys are still on their way" in found.notes


def test_without_an_embedder_recall_says_so(tmp_path: Path) -> None:
    with Memory(tmp_path / "m.mnemic", embedder=None) as memory:
        memory.remember("The kettle broke.")
        found = memory.recall("kettle")
    assert texts(found) == ["The kettle broke."]
    assert "dense" not in found.channels
    assert any("no embedder" in note for note in found.notes)


def test_importing_twice_changes_nothing(memory: Memory) -> None:
    rows = [
        {"text": f"line {n}", "scope": "a", "said_at": SAID, "position": n} for n in range(1200)
    ]
    assert memory.remember_many(rows).stored == 1200
    again = memory.remember_many(rows)
    assert (again.stored, again.known) == (0, 1200)
    assert memory.stats()["episodes"] == 1200


def test_identity_ignores_the_offset_but_not_the_moment(memory: Memory) -> None:
    first = memory.remember("x", said_at="2026-03-02T10:00:00+00:00")
    assert memory.remember("x", said_at="2026-03-02T11:00:00+01:00") == first
    assert memory.remember("x", said_at="2026-03-02T11:00:00+00:00") != first


@pytest.mark.parametrize("other", ["acme2", "acme/ana", "Acme", "acme-1"])
def test_scopes_do_not_see_each_other(memory: Memory, other: str) -> None:
    """Neither words, vectors nor ids reach from one scope into another."""
    memory.remember("the secret plan", scope="acme")
    id_ = memory.remember("the secret plan of the others", scope=other)
    memory.ready()
    assert texts(memory.recall("secret plan", scope="acme")) == ["the secret plan"]
    assert texts(memory.recall("secret plan", scope=other)) == ["the secret plan of the others"]
    assert memory.get(id_, scope="acme") == []


def test_a_scope_with_a_star_reads_what_lies_below(memory: Memory) -> None:
    for scope in ("acme", "acme/ana", "acme2"):
        memory.remember(f"note of {scope}", scope=scope)
    assert sorted(texts(memory.recall("note", scope="acme/*"))) == [
        "note of acme",
        "note of acme/ana",
    ]


def test_another_scopes_words_do_not_change_a_ranking(memory: Memory) -> None:
    """Term statistics are of the scope alone."""
    for n in range(5):
        memory.remember(f"apple number {n}", scope="a", said_at=SAID)
    before = [(h.episode.id, h.score) for h in memory.recall("apple", scope="a").hits]
    memory.remember_many({"text": f"apple {n}", "scope": "b", "said_at": SAID} for n in range(300))
    assert [(h.episode.id, h.score) for h in memory.recall("apple", scope="a").hits] == before


def test_an_explicit_window_excludes_before_ranking(memory: Memory) -> None:
    """However well they match, episodes outside an explicit window do not come back."""
    for month in (3, 6, 9):
        for n in range(40):
            memory.remember(
                f"we spoke about the database, take {n}", session=f"m{month}", position=n,
                said_at=f"2026-{month:02}-10T10:00:{n:02}+00:00",
            )  # fmt: skip
    memory.ready()
    found = memory.recall("what did I say about the database in March?", k=100)
    assert found.window is not None
    assert found.window.hard
    assert len(found.hits) == 40
    assert {hit.episode.said_at.month for hit in found.hits} == {3}
    june = Span(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
    given_ = memory.recall("database in March", window=june, k=100)
    assert {hit.episode.said_at.month for hit in given_.hits} == {6}
    assert (
        len(memory.recall("what did I say about the database in March?", window=None, k=500).hits)
        == 120
    )


def test_an_episode_counts_by_the_time_it_tells_of(memory: Memory) -> None:
    memory.remember("Yesterday we signed the lease.", said_at="2026-04-01T09:00:00+00:00")
    memory.remember("The lease is on the table.", said_at="2026-04-01T09:01:00+00:00")
    found = memory.recall("what happened in March?")
    assert texts(found) == ["Yesterday we signed the lease."]


def test_rebuilding_from_the_log_gives_the_same_answers(memory: Memory) -> None:
    """Everything derived can be deleted and derived again: same hits, same scores."""
    memory.remember_many(
        {"text": f"{word} and {other} on day {n}", "scope": "a", "session": f"s{n % 7}",
         "position": n, "speaker": word, "said_at": f"2026-05-{n % 28 + 1:02}T10:00:00+02:00"}
        for n, (word, other) in enumerate(
            (w, o) for w in ("kettle", "boat", "lamp", "quilt") for o in ("rain", "sun", "snow", "fog")
        )
    )  # fmt: skip
    memory.ready()
    queries = ("kettle rain", "what did lamp say on May 3?", "the boat in the fog", "day")

    def answers() -> list[list[tuple[str, float]]]:
        return [
            [(h.episode.id, h.score) for h in memory.recall(q, scope="a").hits] for q in queries
        ]

    before = answers()
    with memory.store.writing() as writer:
        writer.execute("DELETE FROM items")
        writer.execute("INSERT INTO terms (terms) VALUES ('delete-all')")
        writer.execute("DELETE FROM vectors")
    assert not memory.verify().clean
    memory.rebuild()
    assert memory.verify().findings == []
    assert answers() == before


def test_changing_the_model_goes_on_answering(memory: Memory) -> None:
    """Two spaces are alive while the new one fills; then recalls use it."""
    memory.remember_many({"text": f"thing {n}", "scope": "a", "said_at": SAID} for n in range(300))
    memory.ready()
    asked = []

    def during(done: int, total: int) -> None:
        asked.append(len(memory.recall("thing 7", scope="a").hits))

    memory.reembed(HashEmbedder(32, "other/32"), progress=during)
    assert asked
    assert all(asked)
    assert [space["name"] for space in memory.stats()["spaces"]] == ["other/32"]
    assert "dense" in memory.recall("thing 7", scope="a").channels
    assert memory.verify().clean


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("a\x00b", "NUL"),
        ("a\ud800", "surrogate"),
        ("x" * 10_000_000, "10,000,000"),
        (3, "int"),
    ],
)
def test_bad_text_is_refused_with_a_reason(memory: Memory, text: str, complaint: str) -> None:
    with pytest.raises(InvalidText, match=complaint):
        memory.remember(text)


@pytest.mark.parametrize(
    "text", ["‮abc", "a​b", "\ufeffx", "👩‍👩‍👧‍👦", "é", "a\r\nb\tc", "' OR 1=1 --"]
)
def test_odd_text_is_kept_verbatim(memory: Memory, text: str) -> None:
    memory.remember(text, scope="a")
    assert [e.text for e in memory.episodes(scope="a")] == [text]
    assert memory.verify().clean


@pytest.mark.parametrize(
    "said_at",
    [
        "2026-03-02",
        "2026-03-02T10:00:00",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "soon",
        7,
    ],
)
def test_bad_times_are_refused(memory: Memory, said_at: str) -> None:
    with pytest.raises(InvalidTime, match=str(said_at)):
        memory.remember("x", said_at=said_at)


def test_extreme_times_are_kept(memory: Memory) -> None:
    for said_at in ("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"):
        memory.remember("once upon a time", scope="a", said_at=said_at)
    assert len(memory.recall("once upon", scope="a").hits) == 2
    assert len(memory.recall("what did I say yesterday?", scope="a").hits) == 0


def test_an_end_before_its_start_is_refused(memory: Memory) -> None:
    with pytest.raises(InvalidTime, match="not after"):
        memory.remember("x", happened=("2026-03-02T10:00:00Z", "2026-03-01T10:00:00Z"))


@pytest.mark.parametrize(
    "scope",
    [
        "",
        "a//b",
        "../a",
        "a/..",
        "a%",
        "a'b",
        'a"b',
        "a/*",
        "*",
        "a\nb",
        "/a",
        "a/",
        None,
        "a" * 600,
    ],
)
def test_bad_scopes_are_refused_in_writing(memory: Memory, scope: str) -> None:
    with pytest.raises(InvalidScope):
        memory.remember("x", scope=scope)


def test_an_unknown_scope_is_named(memory: Memory) -> None:
    with pytest.raises(InvalidScope, match="nowhere"):
        memory.recall("x", scope="nowhere")


@pytest.mark.parametrize("k", [0, -1, 10**9, 1.5, True, None])
def test_bad_k_is_refused(memory: Memory, k: int) -> None:
    memory.remember("x")
    with pytest.raises(InvalidQuery, match="k is"):
        memory.recall("x", k=k)


@pytest.mark.parametrize(
    "query",
    [
        '" OR 1=1 --',
        "NEAR(",
        'x"y',
        "a AND",
        "col:*",
        "^",
        "the of and",
        "(((",
        "kettle'); DROP TABLE episodes;--",
        "-",
        "💧",
    ],
)
def test_query_syntax_means_nothing(memory: Memory, query: str) -> None:
    memory.remember("the kettle of the house")
    memory.recall(query)
    assert memory.verify().clean


def test_unknown_fields_and_meta_that_is_not_json_are_refused(memory: Memory) -> None:
    with pytest.raises(InvalidInput, match="colour"):
        memory.remember_many([{"text": "x", "scope": "a", "colour": "red"}])
    with pytest.raises(InvalidInput, match="meta"):
        memory.remember("x", meta={"a": float("nan")})


def test_bad_rows_are_skipped_and_reported_on_request(memory: Memory) -> None:
    rows = [
        {"text": "good", "scope": "a"},
        {"text": "", "scope": "a"},
        {"text": "fine", "scope": "a"},
    ]
    report = memory.remember_many(rows, on_error="skip")
    assert report.stored == 2
    assert report.refused[0][0] == 1


def test_export_reads_back_to_the_same_ids(memory: Memory, tmp_path: Path) -> None:
    from mnemic.agent.export import write_jsonl
    from mnemic.importers import Report, open_import
    from mnemic.serve.cli import _jsonable, episode_object

    memory.remember(
        "dated",
        scope="a",
        said_at="2026-03-02T10:00:00+02:00",
        meta={"k": [1, "é"]},
        session="s",
        position=3,
    )
    memory.remember_many([{"text": "undated", "scope": "a", "speaker": "Bo"}])
    memory.remember(
        "spanned",
        scope="a",
        happened=("2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z"),
        said_at=SAID,
    )
    path = tmp_path / "out.jsonl"
    assert write_jsonl(path, map(episode_object, memory.episodes(scope="a")), _jsonable) == 3
    with Memory(tmp_path / "copy.mnemic", embedder=None) as copy:
        copy.remember_many(open_import("jsonl", path, scope=None, report=Report()))
        assert [e.id for e in copy.episodes(scope="a")] == [
            e.id for e in memory.episodes(scope="a")
        ]
        assert [e.happened for e in copy.episodes(scope="a")][2] == [
            e.happened for e in memory.episodes(scope="a")
        ][2]
    assert json.loads(path.read_text().splitlines()[0])["meta"] == {"k": [1, "é"]}


def test_a_context_keeps_to_its_budget(memory: Memory) -> None:
    for n in range(30):
        memory.remember(
            f"the kettle story, part {n}: " + "words " * 20,
            scope="a",
            said_at=f"2026-03-01T10:00:{n:02}Z",
        )
    packed = memory.context("kettle story", scope="a", budget_tokens=200)
    assert 0 < packed.tokens <= 200
    times = [citation.episode.said_at for citation in packed.citations]
    assert times == sorted(times)
    with pytest.raises(InvalidQuery):
        memory.context("kettle", scope="a", budget_tokens=0)


def test_deep_keys_follow_in_the_background(tmp_path: Path) -> None:
    """And go on at the next start where they were cut off."""
    path = tmp_path / "m.mnemic"
    with Memory(path, embedder=HashEmbedder(), background=False) as memory:
        memory.remember_many({"text": f"thing {n}", "scope": "a"} for n in range(700))
    with Memory(path, embedder=HashEmbedder()) as memory:
        memory.ready()
        assert memory.stats()["spaces"][0]["pending"] == 0
        assert memory.verify().clean


class Broken(HashEmbedder):
    def embed(self, texts):
        raise MnemicError("the model is on fire")


def test_a_broken_embedder_loses_nothing(tmp_path: Path) -> None:
    with Memory(tmp_path / "m.mnemic", embedder=Broken(), background=False) as memory:
        memory.remember("kept")
        with pytest.raises(MnemicError, match="on fire"):
            memory.ready()
        assert [e.text for e in memory.episodes()] == ["kept"]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.text(max_size=60), st.sampled_from(["a", "a2", "b/c"])), max_size=8),
    st.text(max_size=40),
)
def test_any_text_is_kept_or_refused_and_any_query_answered(tmp_path_factory, rows, query) -> None:
    """What was accepted comes back verbatim, in its own scope and order, whatever it is."""
    path = tmp_path_factory.mktemp("any") / "m.mnemic"
    kept: dict[str, list[str]] = {}
    with Memory(path, embedder=None, clock=FixedClock(datetime(2026, 1, 1, tzinfo=UTC))) as memory:
        for n, (text, scope) in enumerate(rows):
            try:
                memory.remember(
                    text,
                    scope=scope,
                    position=n,
                    said_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n),
                )
            except InvalidText:
                continue
            kept.setdefault(scope, []).append(text)
        for scope, expected in kept.items():
            assert [e.text for e in memory.episodes(scope=scope)] == expected
            if query.strip():
                assert set(texts(memory.recall(query, scope=scope))) <= set(expected)
        assert memory.verify().findings == []


def test_a_fork_is_told_to_open_again(memory: Memory) -> None:
    memory.remember("x")
    memory.store._process = os.getpid() + 1
    with pytest.raises(MnemicError, match="fork"):
        memory.recall("x")
    memory.store._process = os.getpid()


def test_a_damaged_model_degrades_to_words_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cut model file does not keep anyone from their memories."""
    from mnemic.agent.embed.build import SPACE, model_folder

    monkeypatch.setenv("MNEMIC_CACHE", str(tmp_path / "cache"))
    folder = model_folder(SPACE)
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{not json")
    with Memory(tmp_path / "m.mnemic") as memory:
        memory.remember("The kettle broke.")
        assert memory.recall("kettle").hits
        assert memory.embedder_note
