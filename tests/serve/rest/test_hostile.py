"""What a hostile review found: each of these once went wrong."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mnemic import Memory
from mnemic.serve.keys import Keys
from mnemic.serve.rest import Limits
from mnemic.serve.rest.pool import Overloaded, Pool, TooLong
from mnemic.serve.rest.replay import Replay

from .conftest import Door, open_door


def _bearer(token: str, **more: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", **more}


def test_keys_of_one_name_share_no_kept_answers(slept: Memory, keys: Keys) -> None:
    """Names need not differ, so an answer is kept for the key and not for its name."""
    _, ours = keys.create(may="write", reach=["acme/*"], name="app")
    _, theirs = keys.create(may="write", reach=["other/*"], name="app")
    rows = {"scope": "acme/ana", "rows": [{"text": "The code is 4711."}]}
    with open_door(slept, keys) as door:
        first = door.post(
            "/v1/episodes/batch", rows, headers=_bearer(ours, **{"idempotency-key": "k"})
        )
        other = door.post(
            "/v1/episodes/batch", rows, headers=_bearer(theirs, **{"idempotency-key": "k"})
        )
    assert first.status_code == 200
    assert (other.status_code, other.json()["title"]) == (404, "not found")


def test_no_more_exports_run_than_may(slept: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when they come at once: each would hold a page of episodes and a thread."""
    go, begun, real = threading.Event(), [], Memory.episodes

    def held(self: Memory, **asked: object) -> object:
        begun.append(1)
        go.wait(10)
        return real(self, **asked)  # type: ignore[arg-type]

    monkeypatch.setattr(Memory, "episodes", held)
    with (
        open_door(slept, limits=Limits(exports_max=1, workers=4)) as door,
        ThreadPoolExecutor(3) as clients,
    ):
        asked = [clients.submit(door.get, "/v1/export?scope=acme/ana") for _ in range(3)]
        ends = time.monotonic() + 5
        while sum(one.done() for one in asked) < 2 and time.monotonic() < ends:
            time.sleep(0.01)
        count = len(begun)
        go.set()
        found = sorted(one.result().status_code for one in asked)
        assert door.get("/v1/export?scope=nobody").status_code == 404
        assert door.get("/v1/export?scope=acme/ana").status_code == 200
    assert (count, found) == (1, [200, 429, 429])


def test_a_pool_in_which_nobody_may_wait_refuses() -> None:
    async def main() -> None:
        pool, go = Pool("t", threads=1, waiting_max=0), threading.Event()
        first = asyncio.create_task(pool.run(lambda: go.wait(5), lane="a", deadline_s=5))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await pool.run(lambda: 1, lane="b", deadline_s=1)
        go.set()
        assert await first
        assert await pool.close(1)

    asyncio.run(main())


def test_an_admin_of_one_tenant_does_not_see_the_figures_of_all(slept: Memory, keys: Keys) -> None:
    _, tenant = keys.create(may="read,admin", reach=["acme/*"])
    _, whole = keys.create(may="admin", reach=["*"])
    with open_door(slept, keys) as door:
        refused = door.get("/metrics", headers=_bearer(tenant))
        assert refused.status_code == 403
        assert "--scope '*'" in refused.json()["detail"]
        assert "mnemic_episodes" in door.get("/metrics", headers=_bearer(whole)).text
