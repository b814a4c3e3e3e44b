"""Memory: remember, recall, context. Wiring only; the paths are in write/ and recall/."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.caches import forget_texts
from mnemic.agent.channels.dense import DenseChannel
from mnemic.agent.channels.graph import GraphChannel, KeptMentions
from mnemic.agent.channels.lexical import LexicalChannel
from mnemic.agent.facts.answers import Asked
from mnemic.agent.facts.fact import Status
from mnemic.agent.facts.index import FactIndex
from mnemic.agent.knows import Knows, check_confidence
from mnemic.agent.protocols import Embedder, Progress, Store
from mnemic.agent.recall import CHANNELS, Found, Parts, Query, search
from mnemic.agent.recall import recall as run_recall
from mnemic.agent.recall.context import pack
from mnemic.agent.recall.trusted import Sources
from mnemic.agent.records import Context, Episode, Recall, Verification, Window, WriteReport
from mnemic.agent.sleep.replay import Extractor
from mnemic.agent.stores.sqlite import SqliteStore
from mnemic.agent.uses import Uses
from mnemic.agent.view import Views
from mnemic.agent.when import (
    parse_aim,
    parse_belief,
    parse_event_window,
    parse_moment,
    parse_window,
    zone_of,
)
from mnemic.agent.write import Draft, Redaction, admit
from mnemic.agent.write.deepen import DeepKeys, fill
from mnemic.agent.write.prepare import to_us
from mnemic.clock import Clock, SystemClock
from mnemic.errors import (
    Conflict,
    EmbedderError,
    InvalidInput,
    InvalidQuery,
    NothingNew,
    UnknownScope,
)
from mnemic.vocabulary import Span

BATCH = 500
FOUND_MAX = 100
DEFAULT_SCOPE = "default"


def default_path() -> Path:
    """Where a memory lives if no path is given: $MNEMIC_DB, or the user's data directory."""
    named = os.environ.get("MNEMIC_DB")
    if named:
        return Path(named)
    import platformdirs

    folder = Path(platformdirs.user_data_dir("mnemic", appauthor=False))
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "memory.mnemic"


class Memory(Knows):
    """Episodes in one embedded file: kept verbatim, dated and sourced; recalled by scope.

    Threads may share a Memory; processes open their own on the same file.

    Args:
        path: the file; None takes `default_path()`.
        embedder: makes the deep keys. "auto" takes the default model if it is installed, and works
            by words alone, saying so, if it is not. None switches deep keys off.
        zone: the IANA zone in which questions are meant ("last night"), and naive times are read.
            None: questions are read in UTC and naive times are refused.
        clock: the source of the present.
        read_only: opens an existing file without ever writing to it.
        background: whether deep keys follow by themselves; else only at `ready()`.
        write_timeout_s: how long a write waits for its turn among other processes.
        store: another `Store` that is already open, in place of the file at `path`; the memory
            closes it. `read_only` and `write_timeout_s` are then the store's own affair.
        extractor: reads claims from episodes in sleep; None takes the rules.
        hot_bytes_max: what ranking columns and vectors of a scope may take in memory; sleep moves
            the weakest memories beyond it out of recall's reach, not out of the log. None: no limit.
        strengthen: whether a recall strengthens what it returns.
        redact: what is taken out before anything is kept: "secrets" (keys, passwords), "all"
            (personal data too), a `Redaction`, or None. What is not kept cannot be recalled.

    Raises:
        InvalidInput: both a path and a store are given, or `redact` is none of these.
        NotAStore, NewerStore, ReadOnlyStore, StoreDamaged: the file cannot be used as it is.

    Example:
        >>> with Memory("agent.mnemic") as memory:                        # doctest: +SKIP
        ...     memory.remember("I moved to Lisbon.", scope="acme/ana", speaker="Ana")
        ...     memory.recall("Where does Ana live?", scope="acme/ana").hits[0].episode.text
        'I moved to Lisbon.'
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        embedder: Embedder | Literal["auto"] | None = "auto",
        zone: str | None = None,
        clock: Clock | None = None,
        read_only: bool = False,
        background: bool = True,
        write_timeout_s: float = 60.0,
        store: Store | None = None,
        extractor: Extractor | None = None,
        hot_bytes_max: int | None = None,
        strengthen: bool = True,
        redact: Redaction | Literal["secrets", "all"] | None = None,
    ) -> None:
        if hot_bytes_max is not None and hot_bytes_max < 0:
            raise InvalidInput(f"hot_bytes_max is {hot_bytes_max}; pass 0 or more, or None")
        self.extractor = extractor
        self._hot_bytes_max = hot_bytes_max
        self._zone_name = zone
        self._zone = zone_of(zone or "UTC")
        self._redaction = Redaction.of(redact)
        self._redacted: Counter[str] = Counter()
        self._redacted_guard = threading.Lock()
        self._clock = clock or SystemClock()
        if store is not None and path is not None:
            raise InvalidInput(f"path {str(path)!r} and a store are given; pass one of them")
        if store is None:
            store = SqliteStore(
                Path(path) if path is not None else default_path(),
                read_only=read_only,
                write_timeout_s=write_timeout_s,
            )
        self.store: Store = store
        self.embedder_note: str | None = None
        self.embedder = self._find_embedder() if embedder == "auto" else embedder
        self._parts = self._new_parts()
        self._known_erasures = self._erasures()
        self._uses = Uses(store) if strengthen and not store.read_only else None
        self._deep_keys = (
            DeepKeys(store, self.embedder) if self.embedder and not store.read_only else None
        )
        self._background = background
        if self._deep_keys and background and self._has_pending():
            self._deep_keys.notice()

    def _new_parts(self) -> Parts:
        return Parts(
            self.store,
            Views(self.store),
            LexicalChannel(self.store),
            DenseChannel(self.store),
            self.embedder,
            FactIndex(self.store),
            graph=GraphChannel(KeptMentions(self.store)),
            sources=Sources(self.store),
        )

    # -- write -------------------------------------------------------------------------------

    def remember(
        self,
        text: str,
        *,
        scope: str = DEFAULT_SCOPE,
        speaker: str | None = None,
        session: str | None = None,
        position: int | None = None,
        source: str | None = None,
        ref: str | None = None,
        said_at: str | datetime | None = None,
        happened: Any = None,
        meta: Mapping[str, Any] | None = None,
    ) -> str:
        """Keeps one episode durably and gives its id; findable at once by words, time and speaker.

        Args:
            text: verbatim; 1 to 1,000,000 characters.
            scope: a path such as "acme/ana".
            speaker: who said it.
            session: the conversation, document or day it belongs to.
            position: its place in the session.
            source: where it came from ("user", "slack", a file).
            ref: your own reference, such as a message id.
            said_at: when it was said, with an offset; None is now.
            happened: when what it tells of happened: a time or a pair; None reads it from the text.
            meta: anything else, as plain JSON.

        Returns:
            The id, a hash of scope, source, session, position, said_at, speaker and text: saying
            the same again with the same said_at changes nothing and gives the same id.

        Raises:
            NothingNew: the text holds only what a context gave; it is in memory already. Elsewhere
                such entries are cut out, and a citation stands in their place.
            InvalidText, InvalidTime, InvalidScope, InvalidInput: with the value that is wrong.
            StoreFull, ReadOnlyStore, StoreBusy: nothing was kept.
        """
        now = self._clock.now()
        draft = self._admit(
            {
                "text": text, "scope": scope, "speaker": speaker, "session": session,
                "position": position, "source": source, "ref": ref,
                "said_at": now if said_at is None else said_at, "happened": happened, "meta": meta,
            }
        )  # fmt: skip
        appended = self.store.append([draft], now)
        if appended.erased:
            raise InvalidInput(
                f"episode {appended.ids[0]!r} was erased and is not taken in again; to keep it all "
                "the same, say it with another said_at"
            )
        if appended.new[0]:
            self._written()
        return appended.ids[0]

    def remember_once(self, key: str, text: str, *, scope: str = DEFAULT_SCOPE, **row: Any) -> str:
        """What `remember` does, but only the first time that this key comes in this scope.

        Whoever asks again with the key, from any thread or process, gets the id of the first. The
        key is kept as a hash, in the meta; without a ref the episode gets "once:" and that hash.

        Args:
            key: such as a random number that a client sends with a request and its retries.
            text: verbatim, as in `remember`.
            scope: a path.
            row: other arguments of `remember`.

        Raises:
            Conflict: the key came with another text before.
            NothingNew, InvalidInput, StoreError: as `remember` does.
        """
        mark = hashlib.sha256(f"{scope}\n{key}".encode(errors="surrogatepass")).hexdigest()[:32]
        ref = row.get("ref")
        row["ref"] = f"once:{mark}" if ref is None else ref
        row["meta"] = {**(row.get("meta") or {}), "idempotency_key": mark}
        with self.store.once():
            known = self._kept_once(row["ref"], scope, mark)
            if known is None:
                return self.remember(text, scope=scope, **row)
        # What was kept may have been redacted: so the same words are, again.
        now = self._clock.now()
        if admit({**row, "text": text, "scope": scope, "said_at": now}, zone=self._zone_name,
                 redaction=self._redaction).draft.text != known.text:  # fmt: skip
            raise Conflict(
                "this idempotency key was used for another text in this scope; take a new key"
            )
        return known.id

    def _kept_once(self, ref: str, scope: str, mark: str) -> Episode | None:
        try:
            found = self.by_ref(ref, scope=scope, suppressed=True)
        except UnknownScope:
            return None
        return next((one for one in found if one.meta.get("idempotency_key") == mark), None)

    def remember_many(
        self,
        rows: Iterable[Mapping[str, Any]],
        *,
        on_error: Literal["raise", "skip"] = "raise",
        progress: Callable[[int], None] | None = None,
    ) -> WriteReport:
        """Keeps many episodes, in transactions of 500.

        Args:
            rows: mappings with the arguments of `remember` as keys. A row without a scope goes to
                "default"; one without said_at counts as said when it is first ingested, and its
                identity has no time.
            on_error: "raise" stops at the first bad row (earlier rows of the iterable are kept);
                "skip" goes on and reports the row's number and reason.
            progress: called with the number of rows done after each transaction.

        Returns:
            How many were stored, how many were known already, which were refused and why, and
            what was redacted.
        """
        stored = known = done = 0
        redacted: Counter[str] = Counter()
        refused: list[tuple[int, str]] = []
        waiting: list[Draft] = []

        def flush() -> None:
            nonlocal stored, known
            if waiting:
                done_now = self.store.append(waiting, self._clock.now())
                stored += sum(done_now.new)
                known += len(done_now.new) - sum(done_now.new) - len(done_now.erased)
                refused.extend((done - 1, f"episode {id_!r} was erased") for id_ in done_now.erased)
                waiting.clear()
                if progress:
                    progress(done)

        try:
            for number, row in enumerate(rows):
                try:
                    named = {"scope": DEFAULT_SCOPE, **row}
                    waiting.append(self._admit(named, redacted))
                except NothingNew:
                    known += 1
                except InvalidInput as error:
                    if on_error == "raise":
                        error.add_note(f"in row {number} of remember_many (counted from 0)")
                        raise
                    refused.append((number, str(error)))
                done = number + 1
                if len(waiting) >= BATCH:
                    flush()
        finally:
            flush()
            if stored:
                self._written()
        return WriteReport(stored, known, refused, redacted)

    @property
    def redacted(self) -> Mapping[str, int]:
        """What this memory has redacted since it was opened: how often each kind."""
        with self._redacted_guard:
            return Counter(self._redacted)

    def _admit(self, row: Mapping[str, Any], counted: Counter[str] | None = None) -> Draft:
        admitted = admit(row, zone=self._zone_name, redaction=self._redaction)
        if admitted.redacted:
            if counted is not None:
                counted.update(admitted.redacted)
            with self._redacted_guard:
                self._redacted.update(admitted.redacted)
        return admitted.draft

    def ready(self, progress: Progress | None = None) -> None:
        """Returns when every episode has its deep key; at once where there is no embedder.

        Raises:
            EmbedderError, StoreError: what stopped the background worker.
        """
        if self._deep_keys is None or self.embedder is None:
            return
        self._deep_keys.finish(self._deep_keys.own_space().space_id, progress)

    # -- recall ------------------------------------------------------------------------------

    def recall(
        self,
        query: str,
        *,
        scope: str = DEFAULT_SCOPE,
        k: int = 10,
        now: str | datetime | None = None,
        window: Window | Span | Literal["auto"] | None = "auto",
        channels: Sequence[str] = CHANNELS,
        vector: NDArray[np.float32] | None = None,
        abstain_below: float | None = None,
        as_of: str | datetime | Span | None = None,
        believed_at: str | datetime | None = None,
        min_confidence: float = 0.0,
        require: Status | None = None,
        place: str | None = None,
        min_trust: str | None = None,
    ) -> Recall:
        """The best k episodes of a scope for a query, and the facts that bear on it, with traces.

        Args:
            query: a question or some words.
            scope: a path; "acme/*" reads acme and everything below.
            k: 1 to 10,000.
            now: what "yesterday" is relative to; None is the clock.
            window: "auto" reads it from the query; a Span is taken as a hard window on said_at;
                a Window is taken as it is; None looks at all times.
            channels: which of "lexical", "dense", "recent" to ask.
            vector: the query's vector, if it is at hand.
            abstain_below: a probability; where `known` lies below it no hits come back, and the
                nearest are in `misses`. None always gives the hits.
            as_of: when facts are to hold in the world, a moment or a Span; None takes the window
                that the query names, or else now.
            believed_at: looks only at what was stored by then, and at facts as believed then; None
                reads it from the query ("what did we believe on 1 June …").
            min_confidence: the least confidence of a fact.
            require: the status a fact must have, such as "verified".
            place: a wing of the palace, or a room of it ("Ana/r3"); only what lies there.
            min_trust: a class of sources, such as "tool"; only what is trusted as much, and facts
                that such an episode supports.

        Raises:
            InvalidQuery, InvalidScope, InvalidTime: with the value that is wrong.
        """
        check_confidence(min_confidence, require)
        self._let_go()
        asked_text = query
        if believed_at is None and window == "auto" and isinstance(query, str):
            belief = parse_belief(query, self._now(now), self._zone)
            if belief is not None:
                believed_at, query = belief
        plain = self._query(query, scope, k, now, window, channels, vector, abstain_below)
        asked = replace(
            plain, asked=self._asked(plain, as_of, believed_at), confidence_min=min_confidence,
            status=require, place=place, min_trust=min_trust, aim=parse_aim(query), zone=str(self._zone),
            beside=parse_event_window(query, plain.now, self._zone)
            if window == "auto" and plain.window is None
            else None,
        )  # fmt: skip
        found = replace(run_recall(self._parts, asked), query=asked_text)
        if self._uses is not None:
            self._uses.note(found, to_us(self._clock.now()))
        return found

    def _asked(
        self, query: Query, as_of: str | datetime | Span | None, believed_at: str | datetime | None
    ) -> Asked:
        """The times that a query asks of: facts hold then, and were believed then."""
        window = query.window
        valid = as_of if isinstance(as_of, Span) else self._moment(as_of, "as_of")
        if valid is None and window is not None and window.clock in ("happened", None):
            valid = window.span
        return Asked.of(valid or query.now, self._moment(believed_at, "believed_at"))

    def _before_sleep(self) -> None:
        if self._uses is not None:
            self._uses.write()

    def _erasures(self) -> tuple[int, int]:
        """(generation, how many were ever erased); the first moves whenever the second does."""
        return self.store.change_mark()[1], self.store.derived.erasures()

    def _let_go(self) -> None:
        """Forgets what was read of episodes that another process has erased since."""
        generation, erasures = self._known_erasures
        if self.store.change_mark()[1] != generation:
            self._known_erasures = self._erasures()
            if self._known_erasures[1] != erasures:
                self._forget_caches(wait=False)  # a recall waits for no batch of deep keys

    def _forget_caches(self, *, wait: bool = True) -> None:
        self._known_erasures = self._erasures()
        self._parts = self._new_parts()
        if self._deep_keys is not None:  # it may have read an erased text before
            if wait:
                self._deep_keys.settle()
            else:
                self._deep_keys.afterwards(partial(forget_texts, self.embedder))
        forget_texts(self.embedder)

    def evidence(
        self,
        query: str,
        *,
        scope: str = DEFAULT_SCOPE,
        now: str | datetime | None = None,
        window: Window | Span | Literal["auto"] | None = "auto",
    ) -> Found:
        """What speaks for each episode before it is weighed and the best are chosen.

        For research on ranking; rows are numbers in `Found.view`, whose `seq` leads to episodes.
        """
        asked = self._query(query, scope, 1, now, window, CHANNELS, None)
        return search(self._parts, replace(asked, aim=parse_aim(query)))

    def context(
        self,
        query: str,
        *,
        scope: str = DEFAULT_SCOPE,
        budget_tokens: int = 1500,
        k: int = 50,
        block: str | None = None,
        **asked: Any,
    ) -> Context:
        """Text for a prompt: the best hits that fit a budget of tokens, dated, cited, marked as data.

        Takes the other arguments of `recall` too. `block` names the frame around the text; None
        draws a name that nobody can know beforehand.
        """
        if not isinstance(budget_tokens, int) or budget_tokens <= 0:
            raise InvalidQuery(f"budget_tokens is {budget_tokens!r}; pass a whole number above 0")
        return pack(self.recall(query, scope=scope, k=k, **asked), budget_tokens, block=block)

    def _query(
        self,
        text: str,
        scope: str,
        k: int,
        now: str | datetime | None,
        window: Window | Span | Literal["auto"] | None,
        channels: Sequence[str],
        vector: NDArray[np.float32] | None,
        abstain_below: float | None = None,
    ) -> Query:
        moment = self._now(now)
        return Query(
            text=text, scope=scope, k=k, now=moment, window=self._window(text, window, moment),
            channels=tuple(channels), vector=vector, abstain_below=abstain_below,
        )  # fmt: skip

    def _now(self, now: str | datetime | None) -> datetime:
        if now is None:
            return self._clock.now()
        return parse_moment(now, zone=self._zone_name, name="now")

    def _window(
        self, query: str, window: Window | Span | Literal["auto"] | None, now: datetime
    ) -> Window | None:
        if isinstance(window, Span):
            return Window(window, "said", True, "given", str(self._zone))
        if window == "auto":
            return parse_window(query, now, self._zone) if isinstance(query, str) else None
        if window is None or isinstance(window, Window):
            return window
        raise InvalidQuery(f"window is {window!r:.60}; pass a Span, a Window, None or 'auto'")

    # -- looking -----------------------------------------------------------------------------

    def get(self, id_or_ref: str, *, scope: str = DEFAULT_SCOPE) -> list[Episode]:
        """Episodes by id, the first characters of an id (8 or more), or your own ref; 100 at most.

        Raises:
            InvalidInput: `id_or_ref` is no text.
        """
        scope_ids = self.store.scope_ids(scope)
        seqs = self._seqs(id_or_ref, scope_ids)[:FOUND_MAX]
        return list(self.store.episodes(scope_ids, seqs).values())

    def episodes(
        self,
        *,
        scope: str = DEFAULT_SCOPE,
        limit: int | None = None,
        newest_first: bool = False,
        suppressed: bool = True,
    ) -> Iterator[Episode]:
        """The episodes of a scope in the order they were written; `suppressed` ones too, or not."""
        ids = self.store.scope_ids(scope)
        hidden = set() if suppressed else set(self.store.derived.hidden(ids))
        all_or_limit = None if hidden else limit
        walk = self.store.walk(ids, limit=all_or_limit, newest_first=newest_first)
        yield from islice((episode for seq, episode in walk if seq not in hidden), limit)

    @property
    def clock(self) -> Clock:
        """The source of the present."""
        return self._clock

    def vectors(self, scope: str = DEFAULT_SCOPE) -> tuple[list[str], NDArray[np.float32]]:
        """All deep keys of a scope: ids of the episodes, and unit vectors (n, dimension)."""
        ids = self.store.scope_ids(scope)
        space = self.store.vectors.active()
        if space is None:
            return [], np.empty((0, 0), dtype=np.float32)
        found = self.store.vectors.load(space, ids, 0, space.upto_seq)
        names = {seq: episode.id for seq, episode in self.store.walk(ids)}
        return [names[int(seq)] for seq in found.seqs], found.rows_NK.astype(np.float32)

    def stats(self) -> dict[str, Any]:
        """Counts, sizes, engine, embedding spaces, and what is missing."""
        facts = self.store.statistics()
        facts["embedder"] = self.embedder.space if self.embedder else None
        facts["embedder_note"] = self.embedder_note
        error = self._deep_keys.error if self._deep_keys else None
        facts["uses_error"] = self._uses.error if self._uses else None
        facts["deep_keys_error"] = str(error) if error else None
        return facts

    # -- upkeep ------------------------------------------------------------------------------

    def verify(self, progress: Progress | None = None) -> Verification:
        """Checks everything against everything and reports what is wrong."""
        return self.store.verify(progress)

    def rebuild(self, progress: Progress | None = None) -> int:
        """Derives all keys again from the log, deep keys included; how many episodes."""
        count = self.store.rebuild(progress)
        self.ready(progress)
        return count

    def backup(self, target: str | os.PathLike[str]) -> int:
        """A consistent copy while writers work; how many episodes it holds."""
        return self.store.backup(Path(target))

    def reembed(
        self, embedder: Embedder, *, forget_others: bool = True, progress: Progress | None = None
    ) -> None:
        """Fills a new embedding space while recalls go on in the old one, then changes over."""
        space = self.store.vectors.open(embedder.space, embedder.dimension)
        total = self.store.vectors.pending_count(space.space_id)
        while True:
            while fill(self.store, embedder, space.space_id):
                if progress:
                    left = self.store.vectors.pending_count(space.space_id)
                    progress(max(total - left, 0), total)
            if not self.store.vectors.pending_count(space.space_id):
                break
        self.store.vectors.activate(space.space_id, forget_others=forget_others)
        self._adopt(embedder)

    def _adopt(self, embedder: Embedder) -> None:
        if self._deep_keys:
            self._deep_keys.close()
        self.embedder = embedder
        self._parts = replace(self._parts, embedder=embedder)
        self._deep_keys = DeepKeys(self.store, embedder)

    # -- life --------------------------------------------------------------------------------

    def settle(self) -> None:
        """For quiet moments of a process that stays: writes down what recalls have strengthened, and
        lets go of what other processes have erased. The next recall and `close` do so too.
        """
        self._before_sleep()
        self._let_go()

    def close(self) -> None:
        """Stops the background worker and closes the file. What was written is already safe."""
        if self._deep_keys:
            self._deep_keys.close()
        self._before_sleep()
        self.store.close()

    def __enter__(self) -> Memory:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _written(self) -> None:
        if self._deep_keys and self._background:
            self._deep_keys.notice()

    def _has_pending(self) -> bool:
        if self.embedder is None:
            return False
        space = next(
            (s for s in self.store.vectors.spaces() if s.name == self.embedder.space), None
        )
        if space is None:
            return self.store.change_mark()[0] > 0
        return self.store.vectors.pending_count(space.space_id) > 0

    def _find_embedder(self) -> Embedder | None:
        """The embedder of the store's active space, or the default one; None if not installed."""
        from mnemic.agent.embed import default_embedder, load_embedder

        space = self.store.vectors.active()
        try:
            embedder = default_embedder()
            if space is not None and space.name != embedder.space:
                return load_embedder(space.name)
        except EmbedderError as error:  # missing or damaged: words only, and every recall says so
            self.embedder_note = str(error)
            return None
        return embedder
