"""Processes that read beside this one, so that many callers get the good of several cores.

Python runs one thread at a time: a second core helps a recall only in another process. What writes
stays in the server's own process, where its order is; what only reads may be answered by any process
that has the file open, as each recall looks at what is committed. They are begun when a caller comes
while another is being answered, so that a server with one user has one process.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from mnemic.agent.memory import Memory
from mnemic.errors import MnemicError
from mnemic.serve.rest.calls import Call, Said, carry_out_call, warm_up
from mnemic.serve.rest.journal import Elsewhere, Journal
from mnemic.serve.rest.refusals import Refusal

START_S_MAX = 120.0
END_S_MAX = 5.0
QUIET_S = 5.0
"""After so long without a call a reader writes down its uses and lets go of what was erased."""


class Lost(Exception):
    """The reader is gone, or never came; why, where it could say so."""


class Reader:
    """One process with the store open. One caller at a time.

    Args:
        path: of the store.
        zone: as `Memory` takes it.

    Raises:
        Lost: it did not come up.
    """

    def __init__(self, path: Path, zone: str | None) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=read_on, args=(theirs, path, zone), name="mnemic-reader", daemon=True
        )
        self.answered = 0
        try:
            self._process.start()
        except OSError as error:
            raise Lost(str(error)) from error
        theirs.close()  # so that its end is seen
        try:
            self._await()
        except BaseException:
            self.end()
            raise

    def _await(self) -> None:
        """Returns when it has opened the store."""
        try:
            if not self._pipe.poll(START_S_MAX):
                raise Lost(f"it was not ready after {START_S_MAX:g} s")
            said = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise Lost("it ended") from error
        if said is not None:
            raise Lost(str(said))

    def carry_out(self, call: Call) -> Said:
        """The answer.

        Raises:
            Lost: the process died.
            Refusal, MnemicError: as `carry_out_call` raises them.
            Elsewhere: something went wrong that nobody foresaw.
        """
        try:
            self._pipe.send(call)
            said = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise Lost from error
        self.answered += 1
        if isinstance(said, Exception):
            raise said
        assert isinstance(said, Said)
        return said

    def end(self) -> None:
        """Ends the process; one that reads is given a moment."""
        self._pipe.close()
        self._process.join(END_S_MAX)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


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
        self._under_way = 0
        self._begun = self._closed = False
        self._free: list[Reader] = []
        self._starting: set[threading.Thread] = set()

    @property
    def free(self) -> int:
        """How many wait for a call."""
        return len(self._free)

    def carry_out(self, call: Call) -> Said:
        """The answer, from a reader if one is free.

        Raises:
            Refusal, MnemicError: as `carry_out_call` raises them.
        """
        with self._guard:
            self._under_way += 1
            crowded = self._under_way > 1 and not self._begun
            self._begun = self._begun or crowded
            reader = self._free.pop() if self._free else None
        try:
            if crowded:
                for _ in range(self.count):
                    self._start()
            if reader is None:
                return carry_out_call(self._memory, call)
            return self._carried_out(reader, call)
        finally:
            with self._guard:
                self._under_way -= 1

    def close(self) -> None:
        """Ends all of them. Nobody may be waiting for an answer any more."""
        with self._guard:
            self._closed = True
            free, self._free = self._free, []
        for reader in free:
            reader.end()
        for thread in list(self._starting):
            thread.join(START_S_MAX)

    def _carried_out(self, reader: Reader, call: Call) -> Said:
        try:
            said = reader.carry_out(call)
        except Lost:
            self._journal.write("warning", "note", note="a reader died; its call is answered here")
            reader.end()
            if reader.answered:  # one that never did would only die again
                self._start()
            return carry_out_call(self._memory, call)
        except BaseException:
            self._give_back(reader)
            raise
        self._give_back(reader)
        return said

    def _start(self) -> None:
        thread = threading.Thread(target=self._bring, name="mnemic-reader-start", daemon=True)
        with self._guard:
            if self._closed:
                return
            self._starting.add(thread)
        thread.start()

    def _bring(self) -> None:
        try:
            self._give_back(Reader(self._path, self._zone))
        except Lost as error:
            note = f"a reader did not come up ({error}); its calls are answered here"
            self._journal.write("warning", "note", note=note)
        finally:
            self._starting.discard(threading.current_thread())

    def _give_back(self, reader: Reader) -> None:
        with self._guard:
            if not self._closed:
                self._free.append(reader)
                return
        reader.end()


def read_on(pipe: Connection, path: Path, zone: str | None) -> None:
    """What a reader does: answers until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends its readers
    with pipe:
        try:
            with Memory(path, zone=zone, background=False) as memory:
                warm_up(memory)
                pipe.send(None)
                _answer(pipe, memory)
        except MnemicError as error:
            pipe.send(error)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return  # the server ended


def _answer(pipe: Connection, memory: Memory) -> None:
    while True:
        if pipe.poll(QUIET_S):
            pipe.send(_tried(memory, pipe.recv()))
        else:
            memory.settle()


def _tried(memory: Memory, call: Call) -> Said | Exception:
    try:
        return carry_out_call(memory, call)
    except (Refusal, MnemicError) as error:
        return error
    except Exception as error:  # noqa: BLE001 - the server logs it as if it had happened there
        return Elsewhere.of(error)
