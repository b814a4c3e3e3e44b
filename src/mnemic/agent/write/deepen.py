"""Deep keys: vectors follow in the background, one process at a time, resumable after a kill."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from mnemic.agent.protocols import Chunker, Embedder, Progress, Store
from mnemic.agent.records import Space
from mnemic.agent.speakers import is_name
from mnemic.errors import EmbedderMismatch, MnemicError

BATCH = 256
PIECE_CHARS_MAX = 1_000
PIECES_MAX = 16
CHARS_MAX = 2 * PIECES_MAX * PIECE_CHARS_MAX
"""How much of a text is cut at all."""

WHOLE_BYTES_MAX = 250
"""A text of at most this length in UTF-8 has no more tokens than any model reads. Characters would
not do: one of Korean is up to three tokens."""

IDLE_S, RETRY_S = 0.5, 15.0


def pieces_of(text: str, embedder: Embedder) -> list[str]:
    """The pieces of a text that get a vector each.

    An embedder that knows its tokens cuts by them; else pieces end at white space after about
    1,000 characters. Of very long texts the first 16 pieces have vectors; all of it can be found by
    its words.
    """
    if len(text.encode()) <= WHOLE_BYTES_MAX:
        return [text]
    if isinstance(embedder, Chunker):
        return embedder.chunks(text[:CHARS_MAX], overlap=0)[:PIECES_MAX]
    return _cut(text)[:PIECES_MAX]


def _cut(text: str) -> list[str]:
    pieces: list[str] = []
    start = 0
    while start < len(text) and len(pieces) < PIECES_MAX:
        end = min(start + PIECE_CHARS_MAX, len(text))
        if end < len(text):
            gap = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
            end = gap if gap > start + PIECE_CHARS_MAX // 2 else end
        piece = text[start:end].strip()
        if piece:
            pieces.append(piece)
        start = end
    return pieces


def keyed_text(text: str, speaker: str | None) -> str:
    """What the deep key is made from: who said it is part of what was said."""
    return f"{speaker}: {text}" if is_name(speaker) else text


def fill(store: Store, embedder: Embedder, space_id: int, *, batch: int = BATCH) -> int:
    """Makes the next batch of deep keys of a space; how many episodes it covered, 0 when done."""
    waiting = store.vectors.pending(space_id, batch)
    if not waiting:
        return 0
    parts, texts = [], []
    for which, episode in enumerate(waiting):
        for part, piece in enumerate(
            pieces_of(keyed_text(episode.text, episode.speaker), embedder)
        ):
            parts.append((which, part))
            texts.append(piece)
    store.vectors.put(space_id, waiting, parts, embedder.embed(texts))
    return len(waiting)


class DeepKeys:
    """A thread that fills the active space while the memory is open.

    Only one process at a time does the work; the others look again later, and take over when it
    dies. An error is raised at the next `ready()`, shown in `stats`, and tried again after a while.
    """

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self._store, self._embedder = store, embedder
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._turn = threading.Lock()
        self._acts: deque[Callable[[], None]] = deque()
        self._thread: threading.Thread | None = None
        self.error: MnemicError | OSError | ValueError | RuntimeError | None = None

    def notice(self) -> None:
        """Says that something was written; starts the thread at the first time."""
        if self._thread is None and not self._stop.is_set():
            self._thread = threading.Thread(target=self._run, name="mnemic-deep-keys", daemon=True)
            self._thread.start()
        self._wake.set()

    def settle(self) -> None:
        """Returns when the batch that is under way is done, with whatever texts it had read."""
        with self._turn:
            pass

    def afterwards(self, act: Callable[[], None]) -> None:
        """Has this done when the batch that is under way is done; not at all where there is none."""
        if self._rests():
            return
        self._acts.append(act)
        if self._rests():  # it ended meanwhile
            self._act()

    def _rests(self) -> bool:
        free = self._turn.acquire(blocking=False)
        if free:
            self._turn.release()
        return free

    def _act(self) -> None:
        while True:
            try:
                act = self._acts.popleft()
            except IndexError:
                return
            act()

    def own_space(self) -> Space:
        """The space that this embedder fills.

        Raises:
            EmbedderMismatch: another process has changed the store over to another model; the space
                it gave up is not made again.
        """
        active = self._store.vectors.active()
        if active is not None and active.name != self._embedder.space:
            raise EmbedderMismatch(
                f"the store has changed over to {active.name!r}, this memory makes "
                f"{self._embedder.space!r}; open it again"
            )
        return self._store.vectors.open(self._embedder.space, self._embedder.dimension)

    def finish(self, space_id: int, progress: Progress | None = None) -> None:
        """Fills a space to the end, in this thread, together with other processes."""
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        total = self._store.vectors.pending_count(space_id)
        while True:
            left = self._store.vectors.pending_count(space_id)
            if progress:
                progress(max(total - left, 0), total)
            if not left:
                return
            if not self._fill_in_turn(space_id):
                self._stop.wait(0.05)

    def close(self) -> None:
        """Stops the thread after its present batch."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _fill_in_turn(self, space_id: int) -> int:
        try:
            with self._turn, self._store.working() as mine:
                return fill(self._store, self._embedder, space_id) if mine else 0
        finally:
            self._act()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                space = self.own_space()
                while not self._stop.is_set() and self._fill_in_turn(space.space_id):
                    pass
                waiting = self._store.vectors.pending_count(space.space_id)
            except (MnemicError, OSError, ValueError, RuntimeError) as error:
                self.error = error
                self._stop.wait(RETRY_S)  # a full disk or a busy store may pass
                continue
            self.error = None
            # Another process may be at work, or die at it, or write: look again from time to time.
            self._wake.wait(IDLE_S if waiting else RETRY_S)
