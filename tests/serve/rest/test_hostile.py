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
