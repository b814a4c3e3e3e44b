"""Processes that recall beside the server's own: the same answers, and nobody notices when one dies."""

from __future__ import annotations

import asyncio
import io
import json
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from mnemic import Memory, errors
from mnemic.bench.processes import family
from mnemic.bench.serving import served
from mnemic.errors import MnemicError
from mnemic.machine import cores
from mnemic.serve.access import OWNER, Access
from mnemic.serve.rest import Settings, create_app
from mnemic.serve.rest import readers as readers_module
from mnemic.serve.rest.calls import Call, carry_out_call
from mnemic.serve.rest.journal import Elsewhere, Journal
from mnemic.serve.rest.readers import Lost, Reader, Readers, Rested, Stuck, read_until_closed
from mnemic.serve.rest.refusals import Refusal
from mnemic.serve.server import readers_for
from mnemic.testing.fakes import HashEmbedder

ANA = Access("ana", frozenset(("read",)), ("acme/ana",), "k1")


@pytest.fixture
def open_memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "read.mnemic") as memory:
        for number in range(30):
            memory.remember(
                f"Ana put parcel {number} on shelf {number % 7}.", scope="acme/ana", speaker="Ana",
                session=f"s{number % 3}", position=number, said_at=f"2026-03-{1 + number % 28:02d}T09:00:00Z",
            )  # fmt: skip
        memory.remember("Bo keeps bees.", scope="acme/bo", said_at="2026-03-01T09:00:00Z")
        memory.ready()
        yield memory


def call(operation: str, access: Access = OWNER, **said: Any) -> Call:
    return Call(operation, {}, b"", json.dumps(said).encode(), {}, access)


def asked(**more: Any) -> dict[str, Any]:
    return {"scope": "acme/ana", "now": "2026-11-20T12:00:00Z", **more}


@contextmanager
def readers(memory: Memory, count: int = 1) -> Iterator[tuple[Readers, io.StringIO]]:
    """Readers that are up: crowded once, then waited for."""
    log = io.StringIO()
    found = Readers(memory, Path(memory.store.path), count, Journal(stream=log))
    try:
        for _ in range(count):
            found._coming += 1
            found._start()
        wait_until(lambda: found.free == count)
        yield found, log
    finally:
        found.close()


def wait_until(true: Any, seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.02)


def outcome(carry_out: Any, one: Call) -> tuple[Any, ...]:
    """What came of a call, without times."""
    try:
        said = carry_out(one)
    except Refusal as refusal:
        return "refused", refusal.status, refusal.kind, refusal.detail, refusal.headers
    except MnemicError as error:
        return "error", type(error), str(error)
    found = json.loads(said.body)
    assert (said.stages_ms is None) == (one.operation != "recall")
    found.pop("ms", None)
    return "answered", _rounded(found)


def _rounded(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _rounded(value) for name, value in found.items() if name != "block"}
    if isinstance(found, list):
        return [_rounded(value) for value in found]
    return round(found, 4) if isinstance(found, float) else found


def test_a_reader_answers_as_the_server_does(open_memory: Memory) -> None:
    """Answers, refusals and errors, of whoever asks, are the same in either process."""
    calls = [
        call("recall", **asked(query="where is parcel 4")),
        call("recall", **asked(query="parcels in March", k=3)),
        call("recall", **asked(query="zzz", scope="nobody/here")),
        call("recall", **asked(query="bees", scope="acme/bo"), access=ANA),
        call("recall", **asked(query="bees", scope="acme/*"), access=ANA),
        call("recall", **asked(query="parcel 4"), access=Access("w", frozenset(("write",)), ("*",))),
        call("recall", **asked(query="x", k=0)),
        call("recall", **asked(query="x", frm="y")),
        call("recall", **{"query": "x", "from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z", "scope": "acme/ana"}),
        Call("recall", {}, b"", b"{not json", {}, OWNER),
        Call("timeline", {}, b"scope=acme/ana&subject=Ana", b"", {}, OWNER),
    ]  # fmt: skip
    with readers(open_memory) as (found, _):
        for one in calls:
            here = outcome(lambda asked_: carry_out_call(open_memory, asked_), one)
            assert outcome(found.carry_out, one) == here
        assert found.free == 1, "each came back"


def test_a_reader_sees_what_was_just_written(open_memory: Memory) -> None:
    """What was acknowledged is there for the next recall, wherever it runs; what was hidden is not."""
    with readers(open_memory) as (found, _):
        for number in range(5):
            said = open_memory.remember(f"The xylophone {number} is here.", scope="acme/ana")
            body = json.loads(found.carry_out(call("recall", **asked(query="xylophone", k=1))).body)
            assert body["hits"][0]["id"] == said
            open_memory.suppress(said, scope="acme/ana")
            body = json.loads(found.carry_out(call("recall", **asked(query="xylophone"))).body)
            assert said not in [hit["id"] for hit in body["hits"]]
            open_memory.erase(said, scope="acme/ana")


def test_a_reader_that_is_killed_costs_no_answer(open_memory: Memory) -> None:
    """Its call is answered in the server's process, the log tells, and another takes its place."""
    with readers(open_memory) as (found, log):
        one = call("recall", **asked(query="where is parcel 4"))
        before = outcome(found.carry_out, one)
        [reader] = found._free
        os.kill(reader._process.pid, signal.SIGKILL)
        assert outcome(found.carry_out, one) == before
        assert "a reader died" in log.getvalue()
        wait_until(lambda: found.free == 1)
        assert found._free[0] is not reader
        assert outcome(found.carry_out, one) == before


def test_one_that_dies_before_its_first_answer_is_not_begun_again(open_memory: Memory) -> None:
    with readers(open_memory) as (found, _):
        os.kill(found._free[0]._process.pid, signal.SIGKILL)
        found.carry_out(call("recall", **asked(query="parcel")))
        time.sleep(0.2)
        assert (found.free, found._starting) == (0, set())


def test_they_begin_when_a_second_caller_comes(open_memory: Memory) -> None:
    """One user has one process; two at a time get readers, and are answered meanwhile."""
    found = Readers(open_memory, Path(open_memory.store.path), 1, Journal(stream=io.StringIO()))
    one = call("recall", **asked(query="where is parcel 4"))
    try:
        for _ in range(3):
            found.carry_out(one)
        assert not found._starting
        inside, go_on = threading.Event(), threading.Event()
        recall = open_memory.recall

        def slow(*args: Any, **more: Any) -> Any:
            inside.set()
            go_on.wait(60)
            return recall(*args, **more)

        open_memory.recall = slow  # type: ignore[method-assign]
        first = threading.Thread(target=found.carry_out, args=(one,))
        first.start()
        assert inside.wait(60)
        open_memory.recall = recall  # type: ignore[method-assign]
        found.carry_out(one)
        go_on.set()
        first.join()
        wait_until(lambda: found.free == 1)
    finally:
        found.close()
    assert found.free == 0


def crowd(found: Readers, memory: Memory, one: Call, patch: pytest.MonkeyPatch) -> None:
    """Two callers at once: the second comes while the first is being answered."""
    recall = memory.recall

    def twice(*args: Any, **more: Any) -> Any:
        patch.setattr(memory, "recall", recall)
        found.carry_out(one)
        return recall(*args, **more)

    patch.setattr(memory, "recall", twice)
    found.carry_out(one)


@pytest.mark.parametrize("says", ["before", "meanwhile"])
def test_one_that_nobody_asks_ends_and_a_crowd_brings_it_back(
    open_memory: Memory, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    """Who asks after it is answered here, the log has nothing to tell, and nothing is left of it."""
    one = call("recall", **asked(query="where is parcel 4"))
    with readers(open_memory) as (found, log):
        before = outcome(found.carry_out, one)
        [reader] = found._free
        if says == "before":
            monkeypatch.setattr(reader, "rests", lambda: True)
        else:
            monkeypatch.setattr(reader, "ask", lambda _: (_ for _ in ()).throw(Rested("quiet")))
        assert outcome(found.carry_out, one) == before
        assert (found.free, found._coming, log.getvalue()) == (0, 0, "")
        assert found._busy == set()
        assert not reader._process.is_alive()
        crowd(found, open_memory, one, monkeypatch)
        wait_until(lambda: found.free == 1)
        assert found._free[0] is not reader
        assert outcome(found.carry_out, one) == before


def test_after_one_that_did_not_come_up_none_is_begun_for_a_while(
    open_memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    found = Readers(open_memory, Path(open_memory.store.path), 1, Journal(stream=log))
    one = call("recall", **asked(query="where is parcel 4"))
    try:
        with monkeypatch.context() as patch:
            patch.setattr(
                readers_module, "Reader", lambda *_: (_ for _ in ()).throw(Lost("no room"))
            )
            for _ in range(2):
                crowd(found, open_memory, one, patch)
                wait_until(lambda: not found._starting)
        assert len(log.getvalue().splitlines()) == 1
        found._begin_after = time.monotonic()
        crowd(found, open_memory, one, monkeypatch)
        wait_until(lambda: found.free == 1)
    finally:
        found.close()


def test_those_that_start_are_counted_once(
    open_memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever crowds meanwhile begins what is missing and no more, and none is lost to an error."""
    go_on = threading.Event()

    def slow(_: Reader) -> None:
        assert go_on.wait(60)
        raise EOFError

    found = Readers(open_memory, Path(open_memory.store.path), 3, Journal(stream=io.StringIO()))
    monkeypatch.setattr(Reader, "await_ready", slow)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)  # it is told of, and no more
    try:
        for _ in range(2):
            found._coming += 1
            found._start()
        wait_until(lambda: len(found._rising) == 2)
        assert found._missing() == 1
        go_on.set()
        wait_until(lambda: not found._starting)
        assert (found._missing(), found._rising, found._busy) == (3, set(), set())
    finally:
        found.close()


def test_one_that_cannot_come_up_is_done_without(tmp_path: Path, memory: Memory) -> None:
    """A store that cannot be opened there is told in the log; recalls go on here."""
    broken = tmp_path / "no.mnemic"
    broken.write_bytes(b"no store at all, and long enough to be read")
    log = io.StringIO()
    found = Readers(memory, broken, 1, Journal(stream=log))
    memory.remember("Ana keeps bees.")
    found._coming += 1
    found._start()
    wait_until(lambda: "did not come up" in log.getvalue())
    assert "is not a Mnemic store" in log.getvalue()
    assert json.loads(found.carry_out(call("recall", query="bees")).body)["hits"]
    found.close()


def test_closing_ends_them_even_while_they_start(open_memory: Memory) -> None:
    with readers(open_memory, 2) as (found, _):
        pids = [reader._process.pid for reader in found._free]
        found._coming += 1
        found._start()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()] or os.name == "nt"
    assert (found.free, found._starting) == (0, set())


@pytest.mark.parametrize(
    ("said", "expected"),
    [("100000 100000", 1), ("150000 100000", 1), ("50000 100000", 1), ("max 100000", 3),
     ("900000 100000", 3), ("200000 100000", 2), ("nonsense", 3), ("1 0", 3), (None, 3)],
)  # fmt: skip
def test_a_container_s_share_of_the_cores_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None, expected: int
) -> None:
    """A container with one core of a large machine begins no readers."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    if said is not None:
        (tmp_path / "cpu.max").write_text(said)
    assert cores(tmp_path / "cpu.max") == expected
    assert [readers_for(number) for number in (1, 2, 4, 64)] == [0, 2, 4, 4]


def test_errors_survive_the_way_between_processes() -> None:
    """Whatever Mnemic raises arrives as it was raised; what nobody foresaw, as kind and place."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    for kind in kinds:
        if issubclass(kind, MnemicError):
            again = pickle.loads(pickle.dumps(kind("what is wrong")))
            assert (type(again), str(again)) == (kind, "what is wrong")
    refusal = Refusal(422, "unfit", "no", headers={"a": "b"}, more={"errors": [1]})
    again = pickle.loads(pickle.dumps(refusal))
    assert vars(again) == vars(refusal)
    try:
        {}["secret text of a user"]
    except KeyError as error:
        told = pickle.loads(pickle.dumps(Elsewhere.of(error)))
    assert told.kind == "KeyError"
    assert told.places[0].startswith("test_readers.py:")
    log = io.StringIO()
    Journal(stream=log).failed("r1", "recall", told)
    assert json.loads(log.getvalue())["error"] == "KeyError"
    assert "secret" not in log.getvalue()


def test_what_another_process_erased_is_let_go_of(tmp_path: Path) -> None:
    """At the next recall, or when a process that stays has a quiet moment."""

    class Keeper(HashEmbedder):
        forgot = 0

        def forget(self) -> None:
            self.forgot += 1

    path = tmp_path / "two.mnemic"
    with (
        Memory(path, embedder=(keeper := Keeper()), background=False) as mine,
        Memory(path, embedder=HashEmbedder(), background=False) as other,
    ):
        said = [mine.remember(f"Ana's word {number} is plugh{number}.") for number in range(3)]
        mine.recall("plugh0")
        parts = mine._parts
        mine.settle()
        assert (keeper.forgot, mine._parts is parts) == (0, True)
        other.suppress(said[0])  # a new generation, but nothing is gone
        mine.recall("plugh0")
        assert (keeper.forgot, mine._parts is parts) == (0, True)
        other.erase(said[0])
        mine.settle()
        assert (keeper.forgot, mine._parts is parts) == (1, False)
        other.erase(said[1])
        mine.recall("plugh1")
        assert keeper.forgot == 2
        mine.erase(said[2])
        mine.settle()
        assert keeper.forgot == 3


def test_uses_are_written_down_where_the_same_few_come_back_all_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that is never quiet does not gather them for ever."""
    monkeypatch.setattr("mnemic.agent.uses.MOMENTS_MAX", 10, raising=False)
    with Memory(tmp_path / "few.mnemic", embedder=None) as memory:
        memory.remember("Ana keeps bees.")
        for _ in range(25):
            memory.recall("bees")
        ids = memory.store.scope_ids("default")
        wait_until(lambda: memory.store.derived.uses(ids), 5)
        memory.settle()
        [used] = memory.store.derived.uses(ids)
        assert used.times == 25, "none is lost, none is told twice"


def test_a_recall_waits_for_no_batch_of_deep_keys(tmp_path: Path) -> None:
    """Nor where another process erased something; what the batch had read is let go of after it."""
    inside, go_on = threading.Event(), threading.Event()

    class Keeper(HashEmbedder):
        forgot = 0

        def embed(self, texts: Any) -> Any:
            if len(texts) > 1:
                inside.set()
                assert go_on.wait(60)
            return super().embed(texts)

        def forget(self) -> None:
            self.forgot += 1

    path = tmp_path / "two.mnemic"
    with Memory(path, embedder=HashEmbedder(), background=False) as other:
        said = [other.remember(f"Ana's word {number} is plugh{number}.") for number in range(3)]
        with Memory(path, embedder=(keeper := Keeper())) as mine:
            assert inside.wait(60)
            other.erase(said[0])
            asked_ = threading.Thread(target=mine.recall, args=("plugh1",), daemon=True)
            asked_.start()
            asked_.join(60)
            waited = asked_.is_alive()
            go_on.set()
            asked_.join(60)
            assert not waited
            mine.ready()
            wait_until(lambda: keeper.forgot == 2)


def test_over_http_a_crowd_is_read_to_by_others(open_memory: Memory) -> None:
    """A loaded app has its readers answer, /metrics names their pool, and its end ends them."""
    log = Journal(stream=io.StringIO())
    found = Readers(open_memory, Path(open_memory.store.path), 2, log)
    app = create_app(open_memory, Settings(), journal=log, readers=found)

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:6636") as client,
        ):
            statuses: list[int] = []
            ends = time.monotonic() + 60
            while found.free < 2 or not all(reader.answered for reader in found._free):
                assert time.monotonic() < ends
                answers = await asyncio.gather(
                    *(client.post("/v1/recall", json=asked(query=f"parcel {n}")) for n in range(8))
                )
                statuses += [answer.status_code for answer in answers]
            assert "mnemic_recall_running" in (await client.get("/metrics")).text
            return statuses

    assert set(asyncio.run(ask())) == {200}
    assert found.free == 0


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_a_server_that_is_killed_leaves_none_behind(tmp_path: Path) -> None:
    """Readers end with the server, however it ends."""
    path = tmp_path / "a.mnemic"
    with Memory(path) as memory:
        memory.remember("Ana keeps bees.", scope="acme/ana")

    with served(path, "--readers", "1") as server:
        url = f"http://{server.host}:{server.port}/v1/recall"
        stop = threading.Event()

        def press() -> None:
            while not stop.is_set():
                httpx.post(url, json=asked(query="bees"), timeout=30)

        crowd = [threading.Thread(target=press) for _ in range(2)]
        for thread in crowd:
            thread.start()
        # Itself, a reader, and the process by which Python watches what they share.
        wait_until(lambda: len(family(server.process.pid)) >= 2)
        time.sleep(1.0)
        members = family(server.process.pid)
        stop.set()
        for thread in crowd:
            thread.join()
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        wait_until(lambda: not [pid for pid in members[1:] if _runs(pid)], 30)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_reader_that_never_starts_is_lost(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"something else entirely, no store")
    reader = Reader(tmp_path / "x", None)
    with pytest.raises(Lost, match="is not a Mnemic store"):
        reader.await_ready()
    reader.end()


needs_signals = pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")


def held_up(found: Readers, one: Call) -> tuple[int, threading.Thread, list[BaseException]]:
    """A call that waits for a reader which was stopped: its process, the waiting thread, its error."""
    pid = found._free[0]._process.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            found.carry_out(one)
        except BaseException as error:  # noqa: BLE001 - told to the test
            errors.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    wait_until(lambda: found.free == 0)
    return pid, thread, errors


@needs_signals
def test_closing_frees_who_waits_for_one_that_hangs(open_memory: Memory) -> None:
    """Else its thread would keep the server from ending."""
    with readers(open_memory) as (found, _):
        pid, thread, errors = held_up(found, call("recall", **asked(query="parcel 4")))
        found.close()
        thread.join(60)
        assert not thread.is_alive()
        assert isinstance(errors[0], Lost)
        assert not _runs(pid)


@needs_signals
def test_one_that_hangs_is_ended(open_memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its thread goes on, the log tells, and another takes its place."""
    with readers(open_memory) as (found, log):
        one = call("recall", **asked(query="where is parcel 4"))
        before = outcome(found.carry_out, one)
        monkeypatch.setattr(readers_module, "ANSWER_S_MAX", 0.5)
        pid, thread, errors = held_up(found, one)
        thread.join(60)
        assert isinstance(errors[0], Stuck)
        assert "said nothing for 0.5 s" in log.getvalue()
        assert not _runs(pid)
        monkeypatch.undo()
        wait_until(lambda: found.free == 1)
        assert outcome(found.carry_out, one) == before


@needs_signals
def test_closing_waits_for_none_that_starts(open_memory: Memory) -> None:
    """Ctrl-C while they load a model is answered at once."""
    found = Readers(open_memory, Path(open_memory.store.path), 1, Journal(stream=io.StringIO()))
    known = set(multiprocessing.active_children())
    found._start()
    wait_until(lambda: set(multiprocessing.active_children()) - known)
    [process] = set(multiprocessing.active_children()) - known
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)  # so that it never comes up
    found.close()
    wait_until(lambda: not _runs(process.pid))
    assert (found.free, found._busy, found._starting) == (0, set(), set())


@needs_signals
def test_signals_to_all_processes_end_only_the_server(open_memory: Memory) -> None:
    """Ctrl-C and a service manager's SIGTERM reach readers too, even before they are up: they go on
    until the server ends them, and write down what they noted.
    """
    found = Readers(
        open_memory, Path(open_memory.store.path), 1, log := Journal(stream=io.StringIO())
    )
    known = set(multiprocessing.active_children())
    found._start()
    wait_until(lambda: set(multiprocessing.active_children()) - known)
    [process] = set(multiprocessing.active_children()) - known
    assert process.pid is not None
    try:
        for _ in range(3):
            os.kill(process.pid, signal.SIGINT)
            os.kill(process.pid, signal.SIGTERM)
            time.sleep(0.1)
        wait_until(lambda: found.free == 1 or not found._starting)
        assert found.free == 1, log._stream.getvalue()  # type: ignore[union-attr]
        os.kill(process.pid, signal.SIGTERM)
        time.sleep(0.2)
        one = call("recall", **asked(query="where is parcel 4", k=1))
        hit = json.loads(found.carry_out(one).body)["hits"][0]["id"]
        assert found._free[0].answered == 1
    finally:
        found.close()
    ids = open_memory.store.scope_ids("acme/ana")
    [used] = open_memory.store.derived.uses(ids)
    assert open_memory.store.episodes(ids, [used.seq])[used.seq].id == hit


def test_an_answer_that_went_wrong_on_its_way_reaches_no_other_caller(open_memory: Memory) -> None:
    """A reader whose answer could not be taken in is done with."""
    with readers(open_memory) as (found, _):
        [reader] = found._free

        def no_room() -> Any:
            raise MemoryError

        reader._pipe.recv = no_room  # type: ignore[method-assign]
        with pytest.raises(MemoryError):
            found.carry_out(call("recall", **asked(query="where is parcel 4")))
        assert reader not in found._free
        said = json.loads(found.carry_out(call("recall", **asked(query="x", scope="acme/bo"))).body)
        assert said["scope"] == "acme/bo"


def test_one_that_cannot_be_begun_is_told_in_the_log(
    open_memory: Memory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as where no more files may be open; nothing goes to standard error."""

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(24, "Too many open files")

    log = io.StringIO()
    found = Readers(open_memory, Path(open_memory.store.path), 1, Journal(stream=log))
    monkeypatch.setattr(multiprocessing.connection, "Pipe", full)
    found._coming += 2
    found._start()
    wait_until(lambda: not found._starting)
    assert "Too many open files" in log.getvalue()
    monkeypatch.undo()
    monkeypatch.setattr(
        threading.Thread, "start", lambda _: (_ for _ in ()).throw(RuntimeError("no"))
    )
    found._start()
    found.close()
    assert len(log.getvalue().splitlines()) == 2
    assert found._coming == 0
    assert capsys.readouterr().err == ""


def within(monkeypatch: pytest.MonkeyPatch, path: Path) -> tuple[Any, threading.Thread]:
    """What a reader does, in a thread, with a short patience: the other end of its pipe."""
    monkeypatch.setattr(readers_module, "QUIET_S", 0.05)
    mine, theirs = multiprocessing.Pipe()
    thread = threading.Thread(target=read_until_closed, args=(theirs, path, None), daemon=True)
    thread.start()
    return mine, thread


@pytest.mark.parametrize("ask", [True, False])
def test_a_reader_that_nobody_asks_says_so_and_ends(
    open_memory: Memory, monkeypatch: pytest.MonkeyPatch, ask: bool
) -> None:
    """Whoever asks it at that moment hears that it rests, and no answer to another call."""
    monkeypatch.setattr(readers_module, "RESTS_AFTER_S", 0.3)
    pipe, thread = within(monkeypatch, Path(open_memory.store.path))
    assert pipe.recv() is None
    pipe.send(call("recall", **asked(query="where is parcel 4")))
    assert json.loads(pipe.recv().body)["hits"]
    reader = Reader.__new__(Reader)
    reader._pipe, reader._rests = pipe, False
    assert pipe.poll(60)
    if ask:
        with pytest.raises(Rested):
            reader.ask(call("recall", **asked(query="parcel")))
    else:
        assert [reader.rests(), reader.rests()] == [True, True]
    thread.join(60)
    assert not thread.is_alive()


def test_a_quiet_moment_that_fails_costs_no_answer(
    open_memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the reader nor the next caller hears of a store that was busy for a moment."""
    tried = threading.Event()

    def busy(_: Memory) -> None:
        tried.set()
        raise errors.StoreBusy("held for a moment")

    monkeypatch.setattr(Memory, "settle", busy)
    pipe, thread = within(monkeypatch, Path(open_memory.store.path))
    assert pipe.recv() is None
    assert tried.wait(60)
    pipe.send(call("recall", **asked(query="where is parcel 4")))
    assert json.loads(pipe.recv().body)["hits"]
    pipe.close()
    thread.join(60)
    assert not thread.is_alive()


def test_a_call_waits_for_no_turn_to_write(
    open_memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another process writes for long, a reader that has uses to write down still answers."""
    pipe, _ = within(monkeypatch, Path(open_memory.store.path))
    assert pipe.recv() is None
    one = call("recall", **asked(query="where is parcel 4"))
    with open_memory.store.turnstile.pass_through():  # type: ignore[attr-defined]
        for _ in range(2):
            pipe.send(one)
            assert pipe.poll(20), "it waits for its turn"
            assert json.loads(pipe.recv().body)["hits"]
            time.sleep(0.5)  # a quiet moment
    ids = open_memory.store.scope_ids("acme/ana")
    wait_until(lambda: open_memory.store.derived.uses(ids), 20)
    pipe.close()


def test_what_nobody_foresaw_at_its_start_is_told_as_kind_and_place(
    open_memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A traceback on standard error could hold what a user wrote."""

    def broken(_: Memory) -> None:
        raise KeyError("secret text of a user")

    monkeypatch.setattr(readers_module, "warm_up", broken)
    pipe, thread = within(monkeypatch, Path(open_memory.store.path))
    said = pipe.recv()
    assert (type(said), said.kind) == (Elsewhere, "KeyError")
    assert "secret" not in str(said)
    thread.join(60)
    assert not thread.is_alive()
