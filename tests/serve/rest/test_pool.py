"""Work is done fairly, refused honestly, and never twice."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnemic import Memory
from mnemic.serve.rest import Limits
from mnemic.serve.rest.pool import Overloaded, Pool, TooLong, Vanished
from mnemic.serve.rest.refusals import Refusal
from mnemic.serve.rest.replay import Replay

from .conftest import open_door


def test_what_the_work_returns_or_raises_comes_back() -> None:
    async def main() -> None:
        pool = Pool("t", threads=2, waiting_max=4)
        assert await pool.run(lambda: 7, lane="a", deadline_s=1) == 7
        with pytest.raises(KeyError):
            await pool.run(lambda: {}[1], lane="a", deadline_s=1)
        with pytest.raises(TimeoutError, match="of the work"):
            await pool.run(_raise(TimeoutError("of the work")), lane="a", deadline_s=1)
        assert (pool.running, pool.waiting) == (0, 0)
        assert await pool.close(1)

    asyncio.run(main())


def _raise(error: Exception) -> Any:
    def work() -> None:
        raise error

    return work


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), min_size=1, max_size=40),
    st.integers(1, 3), st.integers(0, 10),
)  # fmt: skip
def test_every_call_ends_once_and_the_counts_come_back_to_nothing(
    calls: list[tuple[str, bool]], threads: int, waiting_max: int
) -> None:
    """Done, refused or given up: whatever happens, no thread and no place in the queue is lost."""

    async def main() -> None:
        pool, done = Pool("t", threads=threads, waiting_max=waiting_max), Counter[int]()

        async def one(number: int, lane: str, *, hurried: bool) -> str:
            def work() -> None:
                time.sleep(0.001)
                done[number] += 1

            try:
                await pool.run(work, lane=lane, deadline_s=0.0005 if hurried else None)
            except Overloaded:
                return "refused"
            except TooLong as error:
                return "begun" if error.begun else "never begun"
            return "done"

        said = await asyncio.gather(
            *(one(n, lane, hurried=hurried) for n, (lane, hurried) in enumerate(calls))
        )
        assert await pool.close(2)
        assert (pool.running, pool.waiting) == (0, 0)
        assert pool.refused == said.count("refused")
        for number, outcome in enumerate(said):
            assert done[number] == (outcome in ("done", "begun"))

    asyncio.run(main())


def test_who_asks_a_hundred_times_delays_nobody_else() -> None:
    async def main() -> None:
        pool, order = Pool("t", threads=1, waiting_max=200), []
        many = [
            asyncio.create_task(
                pool.run(lambda: order.append("greedy"), lane="greedy", deadline_s=None)
            )
            for _ in range(100)
        ]
        await asyncio.sleep(0)
        few = [
            asyncio.create_task(pool.run(lambda n=n: order.append(n), lane=str(n), deadline_s=None))
            for n in range(5)
        ]  # fmt: skip
        await asyncio.gather(*many, *few)
        assert all(order.index(n) < 15 for n in range(5))
        await pool.close(1)

    asyncio.run(main())


def test_a_full_queue_refuses_whoever_takes_most_of_it() -> None:
    async def main() -> None:
        pool, go = Pool("t", threads=1, waiting_max=4), threading.Event()
        greedy = [
            asyncio.create_task(pool.run(go.wait, lane="greedy", deadline_s=None)) for _ in range(6)
        ]
        await asyncio.sleep(0.01)
        assert sum(isinstance(one.exception(), Overloaded) for one in greedy if one.done()) == 1
        modest = asyncio.create_task(pool.run(lambda: "served", lane="modest", deadline_s=None))
        await asyncio.sleep(0.01)
        go.set()
        assert await modest == "served"
        said = await asyncio.gather(*greedy, return_exceptions=True)
        assert sum(isinstance(one, Overloaded) for one in said) == 2
        assert all(one.retry_s >= 1 for one in said if isinstance(one, Overloaded))
        await pool.close(1)

    asyncio.run(main())


def test_a_deadline_says_whether_the_work_had_begun() -> None:
    async def main() -> None:
        pool, go = Pool("t", threads=1, waiting_max=4), threading.Event()
        first = asyncio.create_task(pool.run(go.wait, lane="a", deadline_s=0.05))
        await asyncio.sleep(0)
        with pytest.raises(TooLong, match="nothing was done"):
            await pool.run(lambda: None, lane="b", deadline_s=0.02)
        with pytest.raises(TooLong, match="may still take effect"):
            await first
        assert pool.running == 1
        go.set()
        assert await pool.close(1)

    asyncio.run(main())


def test_work_of_who_hung_up_while_waiting_is_not_begun() -> None:
    async def main() -> None:
        pool, go, done = Pool("t", threads=1, waiting_max=4), threading.Event(), []
        first = asyncio.create_task(pool.run(go.wait, lane="a", deadline_s=None))
        await asyncio.sleep(0)

        async def gone() -> bool:
            return True

        second = asyncio.create_task(
            pool.run(lambda: done.append(1), lane="b", deadline_s=None, is_gone=gone)
        )
        await asyncio.sleep(0)
        go.set()
        await first
        with pytest.raises(Vanished):
            await second
        assert not done
        assert await pool.close(1)

    asyncio.run(main())


def test_an_overloaded_server_says_so_and_when_to_ask_again(
    slept: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some are served, the others get 429 with Retry-After at once, and health answers all the while."""
    go = threading.Event()
    recall = slept.recall

    def slow(*args: Any, **asked: Any) -> Any:
        go.wait(60)
        return recall(*args, **asked)

    monkeypatch.setattr(slept, "recall", slow)
    said: list[Any] = []
    with open_door(slept, limits=Limits(workers=1, waiting_max=2)) as door:
        ask = {"query": "Ana", "scope": "acme/ana"}
        threads = [
            threading.Thread(target=lambda: said.append(door.post("/v1/recall", ask)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        ends = time.monotonic() + 60
        while len(said) < 5 and time.monotonic() < ends:
            time.sleep(0.01)
        assert [one.status_code for one in said] == [429] * 5
        assert all(int(one.headers["retry-after"]) >= 1 for one in said)
        assert door.get("/healthz").status_code == 200
        assert door.get("/readyz").json()["waiting"] == 2
        go.set()
        for thread in threads:
            thread.join()
        assert Counter(one.status_code for one in said) == {429: 5, 200: 3}
        assert "mnemic_refused 5.0" in door.get("/metrics").text


def test_a_request_past_its_deadline_is_answered(
    slept: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slept, "recall", lambda *_, **__: time.sleep(0.3))
    limits = Limits(deadline_s={"quick": 1.0, "model": 0.05, "long": None})
    with open_door(slept, limits=limits) as door:
        answer = door.post("/v1/recall", {"query": "Ana", "scope": "acme/ana"})
        assert answer.status_code == 504
        assert "0.05 s" in answer.json()["detail"]


def test_a_long_act_holds_up_no_recall(slept: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    sleep = slept.sleep
    monkeypatch.setattr(slept, "sleep", lambda *a, **k: (go.wait(60), sleep(*a, **k))[1])
    with open_door(slept, limits=Limits(workers=1)) as door:
        sleeping = [
            threading.Thread(target=lambda: door.post("/v1/sleep", {"scope": "acme/ana"}))
            for _ in range(4)
        ]
        for one in sleeping:
            one.start()
        for _ in range(3):
            assert door.post("/v1/recall", {"query": "Ana", "scope": "acme/ana"}).status_code == 200
        go.set()
        for one in sleeping:
            one.join()


# -- Idempotency-Key -------------------------------------------------------------------------


def test_a_retry_of_a_write_with_its_key_is_answered_and_not_done_again(slept: Memory) -> None:
    key = {"idempotency-key": "k1"}
    with open_door(slept) as door:
        first = door.post("/v1/runs/1/undo", headers=key)
        again = door.post("/v1/runs/1/undo", headers=key)
        assert first.status_code == again.status_code == 200
        assert first.content == again.content
        assert again.headers["idempotency-replayed"] == "true"
        assert door.post("/v1/runs/1/undo", headers={"idempotency-key": "k2"}).status_code == 409
        rows = {"rows": [{"text": "a"}], "scope": "acme/ana"}
        assert door.post("/v1/episodes/batch", rows, headers=key).json()["stored"] == 1
        assert door.post("/v1/episodes/batch", rows, headers=key).json()["stored"] == 1
        rows["rows"] = [{"text": "b"}]
        assert door.post("/v1/episodes/batch", rows, headers=key).status_code == 409
        for wrong in ("", "x" * 256, "a\x7fb"):
            assert (
                door.post(
                    "/v1/episodes/batch", rows, headers={"idempotency-key": wrong}
                ).status_code
                == 422
            )


def test_kept_answers_do_not_outlive_an_erasure(slept: Memory) -> None:
    """They may tell of what was erased. What was done is still not done again."""
    rows = {"rows": [{"text": "The gate's code is plugh."}], "scope": "acme/ana"}
    key = {"idempotency-key": "k1"}
    with open_door(slept) as door:
        assert door.post("/v1/episodes/batch", rows, headers=key).json()["stored"] == 1
        newest = next(iter(slept.episodes(scope="acme/ana", newest_first=True)))
        erasing = {"ids": [newest.id], "scope": "acme/ana"}
        receipt = door.post("/v1/erase", erasing, headers=key)
        assert receipt.status_code == 200
        again = door.post("/v1/episodes/batch", rows, headers=key)
        assert (again.status_code, "erased since" in again.json()["detail"]) == (409, True)
        assert door.post("/v1/erase", erasing, headers=key).content == receipt.content
        replay = door.app.state.works.replay
        assert replay._bytes == len(receipt.content)


def test_the_key_of_a_remembered_episode_outlives_the_server(slept: Memory) -> None:
    key, said = {"idempotency-key": "k1"}, {"text": "Tea at four.", "scope": "acme/ana"}
    ids = set()
    for _ in range(2):
        with open_door(slept) as door:
            ids |= {door.post("/v1/episodes", said, headers=key).json()["id"] for _ in range(2)}
            other = door.post("/v1/episodes", {**said, "text": "Coffee."}, headers=key)
            assert other.status_code == 409
            both = door.post("/v1/episodes", {**said, "idempotency_key": "k9"}, headers=key)
            assert both.status_code == 409
    assert len(ids) == 1


def test_two_at_once_with_one_key_are_done_once() -> None:
    async def main() -> None:
        replay, done = Replay(Limits()), []

        async def do() -> bytes:
            await asyncio.sleep(0.01)
            done.append(1)
            return b"said"

        said = await asyncio.gather(*(replay.once("me", "sleep", "k", b"x", do) for _ in range(5)))
        assert len(done) == 1
        assert [answer for answer, _ in said] == [b"said"] * 5
        assert sum(again for _, again in said) == 4
        assert not (await replay.once("you", "sleep", "k", b"y", do))[1]
        with pytest.raises(Refusal):
            await replay.once("me", "sleep", "k", b"y", do)

    asyncio.run(main())


def test_what_failed_is_tried_again_and_what_is_kept_is_bounded() -> None:
    async def main() -> None:
        now = [0.0]
        limits = Limits(kept_answers_max=3, kept_answers_bytes_max=10, kept_answers_s=60)
        replay = Replay(limits, now_s=lambda: now[0])

        async def fails() -> bytes:
            raise OSError

        async def works() -> bytes:
            return b"1234"

        with pytest.raises(OSError):
            await replay.once("me", "x", "k", b"", fails)
        for number in range(10):
            await replay.once("me", "x", str(number), b"", works)
            assert replay._bytes <= 10
            assert len(replay._kept) <= 3
        assert (await replay.once("me", "x", "9", b"", works))[1]
        now[0] = 61
        assert not (await replay.once("me", "x", "9", b"", works))[1]

    asyncio.run(main())
