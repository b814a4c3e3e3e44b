"""Processes that read beside this one, so that many callers get the good of several cores.

Python runs one thread at a time: a second core helps a recall only in another process. What writes
stays in the server's own process, where its order is; what only reads may be answered by any process
that has the file open, as each recall looks at what is committed. They are begun when a caller comes
while another is being answered, and end when nobody has asked them for long, so that a server which is
no longer crowded gives their memory back.
"""

from __future__ import annotations

import atexit
import multiprocessing
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path

from mnemic.agent.memory import Memory
from mnemic.errors import MnemicError
from mnemic.serve.rest.calls import Call, Said, carry_out_call, warm_up
from mnemic.serve.rest.journal import Elsewhere, Journal
from mnemic.serve.rest.refusals import Refusal

START_S_MAX = 120.0
END_S_MAX = 5.0
ANSWER_S_MAX = 120.0
"""Who takes longer is stuck: no caller waits any more, and its thread is needed."""
QUIET_S = 5.0
"""After so long without a call a reader writes down its uses and lets go of what was erased."""
RESTS_AFTER_S = 600.0
"""After so long without a call a reader ends: it holds 200 MB."""
RETRY_S = 60.0
"""How long none is begun after one that did not come up."""
RESTS = "rests"
"""The last word of a reader that ends by itself."""

FOR_THE_SERVER = (signal.SIGINT, signal.SIGTERM)
"""Ctrl-C, and what a service manager sends to every process of a service: the server ends its readers
when it has answered who waits.
"""


class Lost(Exception):
    """The reader is gone, or never came; why, where it could say so."""


class Rested(Lost):
    """The reader had ended by itself, as nobody had asked it for long."""


class Stuck(Lost):
    """The reader does not answer. Whatever it stumbled over is not tried again."""


class Reader:
    """One process with the store open; `await_ready` comes first. One caller at a time.

    Args:
        path: of the store.
        zone: as `Memory` takes it.

    Raises:
        Lost: it could not be begun.
    """

    def __init__(self, path: Path, zone: str | None) -> None:
        context = multiprocessing.get_context("spawn")
        try:
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(
                target=read_on, args=(theirs, path, zone), name="mnemic-reader", daemon=True
            )
            with theirs, _deaf_to_signals():  # theirs is closed here, so that its end is seen
                self._process.start()
        except OSError as error:
            raise Lost(str(error)) from error
        self.answered = 0
        self._rests = False

    def await_ready(self) -> None:
        """Returns when it has opened the store.

        Raises:
            Lost: it did not come up.
        """
        said = self._heard(START_S_MAX)
        if isinstance(said, Elsewhere):
            raise Lost(f"{said.kind} at {', '.join(said.places)}")
        if said is not None:
            raise Lost(str(said))

    def ask(self, call: Call) -> Said | Exception:
        """The answer, or what is to be raised: a Refusal, a MnemicError, or an Elsewhere.

        Raises:
            Lost: the process died.
            Rested: it had ended by itself.
            Stuck: it does not answer.
        """
        with suppress(OSError):  # if it has ended, what it said last tells why
            self._pipe.send(call)
        said = self._heard(ANSWER_S_MAX)
        if said == RESTS:
            raise Rested("it had nothing to do")
        self.answered += 1
        assert isinstance(said, Said | Exception)
        return said

    def rests(self) -> bool:
        """Whether it has said that it ends. Nobody may be asking it."""
        if not self._rests:
            with suppress(EOFError, OSError):  # it died: who asks it will see
                self._rests = self._pipe.poll() and self._pipe.recv() == RESTS
        return self._rests

    def _heard(self, patience_s: float) -> object:
        try:
            if self._pipe.poll(patience_s):
                return self._pipe.recv()
        except (EOFError, OSError) as error:
            raise Lost("it ended") from error
        raise Stuck(f"it said nothing for {patience_s:g} s")

    def hang_up(self) -> None:
        """Lets it know that no call will come any more. Nobody may be asking it."""
        self._pipe.close()

    def end(self) -> None:
        """Ends the process; one that has something to write down is given a moment."""
        self.hang_up()
        self._process.join(END_S_MAX)
        if self._process.is_alive():
            self.kill()
            self._process.join()

    def put_down(self) -> None:
        """Ends it at once, and waits until it has."""
        self.kill()
        self.end()

    def kill(self) -> None:
        """Ends it at once: who waits for its answer gets `Lost`."""
        self._process.kill()


class Readers:
    """Readers as they are needed, and the memory at hand where there is none free.

    Args:
        memory: answers until they are up, and where they fail.
        path: of its store.
        count: how many processes.
        journal: told of those that fail.
        zone: as `Memory` takes it.
    """

    def __init__(
        self, memory: Memory, path: Path, count: int, journal: Journal, *, zone: str | None = None
    ) -> None:
        self.count = count
        self._memory, self._path, self._zone, self._journal = memory, path, zone, journal
        self._guard = threading.Lock()
        self._under_way = self._coming = 0
        self._begin_after = 0.0
        self._closed = False
        self._free: list[Reader] = []
        self._busy: set[Reader] = set()  # they answer
        self._rising: set[Reader] = set()  # they start, and are counted among the coming
        self._starting: set[threading.Thread] = set()
        atexit.register(self.close)  # before multiprocessing's own, which would wait

    @property
    def free(self) -> int:
        """How many wait for a call."""
        return len(self._free)

    def carry_out(self, call: Call) -> Said:
        """The answer, from a reader if one is free.

        Raises:
            Refusal, MnemicError: as `carry_out_call` raises them.
            Elsewhere: something went wrong in a reader that nobody foresaw.
            Lost: the reader is stuck, or was ended by `close`.
        """
        with self._guard:
            self._under_way += 1
            rested = [reader for reader in self._free if reader.rests()]
            self._free = [reader for reader in self._free if reader not in rested]
            missing = self._missing() if self._under_way > 1 else 0
            self._coming += missing
            reader = self._free.pop() if self._free else None
            if reader is not None:
                self._busy.add(reader)
        try:
            for gone in rested:
                gone.put_down()
            for _ in range(missing):
                self._start()
            if reader is None:
                return carry_out_call(self._memory, call)
            return self._carried_out(reader, call)
        finally:
            with self._guard:
                self._under_way -= 1

    def _missing(self) -> int:
        """How many to begin, where callers crowd; none for a while after one that did not come up."""
        if time.monotonic() < self._begin_after:
            return 0
        return max(0, self.count - len(self._free) - len(self._busy) - self._coming)

    def close(self) -> None:
        """Ends all of them. Who waits for an answer still gets none."""
        with self._guard:
            self._closed = True
            free, self._free = self._free, []
            for reader in self._busy | self._rising:
                reader.kill()
            starting = list(self._starting)
        for reader in free:
            reader.hang_up()
        for reader in free:
            reader.end()
        for thread in starting:
            thread.join(END_S_MAX)
        atexit.unregister(self.close)

    def _carried_out(self, reader: Reader, call: Call) -> Said:
        try:
            said = reader.ask(call)
        except Stuck as error:
            self._journal.write("warning", "note", note=f"a reader is ended: {error}")
            self._replace(reader)
            raise
        except Rested:
            reader.put_down()
            with self._guard:
                self._busy.discard(reader)
            return carry_out_call(self._memory, call)
        except Lost:
            self._replace(reader)
            if self._closed:
                raise
            self._journal.write("warning", "note", note="a reader died; its call is answered here")
            return carry_out_call(self._memory, call)
        except BaseException:
            self._replace(reader)  # what it still says of this call must reach no other caller
            raise
        self._give_back(reader)
        if isinstance(said, Exception):
            raise said
        return said

    def _replace(self, reader: Reader) -> None:
        reader.put_down()
        again = reader.answered > 0  # one that never did would only be lost again
        with self._guard:
            self._busy.discard(reader)
            self._coming += again
            if not again:
                self._begin_after = time.monotonic() + RETRY_S
        if again:
            self._start()

    def _start(self) -> None:
        """Begins one that is counted among the coming."""
        thread = threading.Thread(target=self._bring, name="mnemic-reader-start", daemon=True)
        with self._guard:
            if self._closed:
                self._coming -= 1
                return
            try:
                thread.start()
            except RuntimeError as error:  # as many threads as the machine allows
                self._coming -= 1
                self._did_not_come(error)
            else:
                self._starting.add(thread)

    def _bring(self) -> None:
        reader, up = None, False
        try:
            reader = Reader(self._path, self._zone)
            with self._guard:
                self._rising.add(reader)
                if self._closed:
                    reader.kill()
            reader.await_ready()
            up = True
        except Lost as error:
            if not self._closed:
                self._did_not_come(error)
        finally:
            self._risen(reader, up=up)

    def _risen(self, reader: Reader | None, *, up: bool) -> None:
        """A start has ended, well or not: the reader waits for a call, or is put down."""
        with self._guard:
            self._coming -= 1
            self._starting.discard(threading.current_thread())
            if reader is not None:
                self._rising.discard(reader)
                if up and not self._closed:
                    self._free.append(reader)
                    return
        if reader is not None:
            reader.put_down()

    def _did_not_come(self, error: Exception) -> None:
        self._begin_after = time.monotonic() + RETRY_S
        note = f"a reader did not come up ({error}); its calls are answered here"
        self._journal.write("warning", "note", note=note)

    def _give_back(self, reader: Reader) -> None:
        with self._guard:
            self._busy.discard(reader)
            if not self._closed:
                self._free.append(reader)
                return
        reader.end()


@contextmanager
def _deaf_to_signals() -> Iterator[None]:
    """A process begun meanwhile keeps Ctrl-C waiting until it can say that it does not mind."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # else `start` does it, which unblocks them
    before = signal.pthread_sigmask(signal.SIG_BLOCK, FOR_THE_SERVER)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def read_on(pipe: Connection, path: Path, zone: str | None) -> None:
    """What a reader does: answers until the other end of the pipe is closed."""
    for number in FOR_THE_SERVER:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FOR_THE_SERVER)
    with pipe:
        read_until_closed(pipe, path, zone)


def read_until_closed(pipe: Connection, path: Path, zone: str | None) -> None:
    """Opens the store, says so (None) or why not, and answers. Nothing of it goes to standard error."""
    with ExitStack() as stack:
        try:
            memory = stack.enter_context(Memory(path, zone=zone, background=False))
            warm_up(memory)
            said = None
        except Exception as error:  # noqa: BLE001 - the server's log tells of it
            said = _portable(error)
        try:
            pipe.send(said)
            if said is None:
                _answer(pipe, memory)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return  # the server ended


def _answer(pipe: Connection, memory: Memory) -> None:
    # Aside: it may have to wait for its turn to write, and a call must not wait for that.
    with ThreadPoolExecutor(1, thread_name_prefix="mnemic-settle") as aside:
        settling: Future[None] | None = None
        asked = time.monotonic()
        while True:
            if pipe.poll(QUIET_S):
                pipe.send(_tried(memory, pipe.recv()))
                asked = time.monotonic()
            elif time.monotonic() - asked > RESTS_AFTER_S:
                pipe.send(RESTS)
                return
            elif settling is None or settling.done():
                settling = aside.submit(memory.settle)  # if it fails, the next one does it


def _tried(memory: Memory, call: Call) -> Said | Exception:
    try:
        return carry_out_call(memory, call)
    except Exception as error:  # noqa: BLE001 - the server logs it as if it had happened there
        return _portable(error)


def _portable(error: Exception) -> Exception:
    """An error as another process is told of it: those that nobody foresaw as kind and place."""
    return error if isinstance(error, Refusal | MnemicError) else Elsewhere.of(error)
