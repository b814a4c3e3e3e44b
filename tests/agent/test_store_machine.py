"""Any course of writes, reopenings and rebuilds leaves what a plain list would hold."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mnemic.agent.stores.sqlite import SqliteStore
from mnemic.agent.terms import searchable, terms_of
from mnemic.agent.write import prepare

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SCOPES = st.sampled_from(("a", "a/b", "ab"))
WORDS = st.lists(st.sampled_from(("boat", "lamp", "Boats", "東京", "x")), min_size=1, max_size=4)
SPEAKERS = st.sampled_from((None, "Ana", "user"))


class StoreMachine(RuleBasedStateMachine):
    """A SqliteStore beside the law: a list of drafts, each id once."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name) / "m.mnemic"
        self._store = SqliteStore(self._path)
        self._kept: dict[str, list[tuple[str, str, str | None]]] = {}
        self._ids: set[str] = set()

    @rule(scope=SCOPES, words=WORDS, speaker=SPEAKERS)
    def append(self, scope: str, words: list[str], speaker: str | None) -> None:
        text = " ".join(words)
        row = prepare({"text": text, "scope": scope, "speaker": speaker, "said_at": NOW}, zone=None)
        [new] = self._store.append([row], NOW).new
        assert new == (row.id not in self._ids)
        if new:
            self._ids.add(row.id)
            self._kept.setdefault(scope, []).append((row.id, text, speaker))

    @precondition(lambda self: self._kept)
    @rule(data=st.data())
    def append_again(self, data: st.DataObject) -> None:
        scope = data.draw(st.sampled_from(sorted(self._kept)))
        id_, text, speaker = data.draw(st.sampled_from(self._kept[scope]))
        row = prepare({"text": text, "scope": scope, "speaker": speaker, "said_at": NOW}, zone=None)
        again = self._store.append([row, row], NOW)
        assert (again.ids, again.new) == ([id_, id_], [False, False])

    @rule()
    def reopen(self) -> None:
        self._store.close()
        self._store = SqliteStore(self._path)

    @rule()
    def rebuild(self) -> None:
        assert self._store.rebuild() == len(self._ids)

    @rule()
    def back_up_and_go_on_with_the_copy(self) -> None:
        copy = self._path.with_name(f"copy-{len(list(self._path.parent.iterdir()))}.mnemic")
        self._store.backup(copy)
        self._store.close()
        self._path, self._store = copy, SqliteStore(copy)

    @rule()
    def verify(self) -> None:
        checked = self._store.verify()
        assert (checked.findings, checked.episodes) == ([], len(self._ids))

    @invariant()
    def every_scope_holds_its_own(self) -> None:
        assert dict(self._store.scopes()) == {
            scope: len(kept) for scope, kept in self._kept.items()
        }
        for scope, kept in self._kept.items():
            ids = self._store.scope_ids(scope)
            walked = list(self._store.walk(ids))
            assert [(e.id, e.text, e.speaker) for _, e in walked] == kept
            terms = ("boat", "user", "東京")
            for term in terms:
                expected = [
                    seq
                    for seq, e in walked
                    for one in terms_of(searchable(e.text, e.speaker))
                    if one == term
                ]
                assert self._store.postings(ids, term).tolist() == expected
            assert self._store.document_counts(ids, terms) == [
                len(set(self._store.postings(ids, term).tolist())) for term in terms
            ]

    def teardown(self) -> None:
        self._store.close()
        self._folder.cleanup()


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)
