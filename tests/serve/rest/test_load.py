"""The clients of `mnemic bench serve` count what they see, and a loaded server treats them alike."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from mnemic import Memory
from mnemic.bench.load import Plan, run
from mnemic.bench.serving import _figures

from .conftest import listening


def _plan(url: str, **more: object) -> Plan:
    place = urlsplit(url)
    return Plan(str(place.hostname), place.port or 0, "acme/ana", **more)  # type: ignore[arg-type]


def test_many_mixed_clients_are_answered_alike_and_nothing_is_lost(slept: Memory) -> None:
    """32 clients, one in six requests a write: no error but honest 429s, nobody starves."""
    with listening(slept) as url:
        told = asyncio.run(run(_plan(url, clients=32, seconds=3.0, write_every=6)))
        found = _figures(told)
    assert found["statuses"].keys() <= {"200", "429"}
    answered = sum(found["statuses"].values())
    # With a handful of answers each, on a machine that is busy otherwise, a share says nothing.
    assert found["slowest_to_median"] >= 0.5 or answered < 10 * 32
    kept = sum(1 for one in slept.episodes(scope="acme/ana") if one.source == "bench")
    assert kept == sum(len(one.write_ms) for one in told) > 0


def test_a_paced_load_counts_from_when_a_request_was_due(slept: Memory) -> None:
    with listening(slept) as url:
        told = asyncio.run(run(_plan(url, clients=4, seconds=2.0, rate_per_s=20)))
    found = _figures(told)
    assert 10 <= sum(found["statuses"].values()) <= 48
    assert found["recall_ms"]["p50"] <= found["recall_ms"]["p95"]


def test_a_server_that_is_not_there_is_counted_as_broken() -> None:
    told = asyncio.run(run(_plan("http://127.0.0.1:9", clients=1, seconds=0.05)))
    assert set(told[0].statuses) == {"broken"}
