"""Threads that make terms at the same time make the same ones."""

from __future__ import annotations

import random
import sys
from concurrent.futures import ThreadPoolExecutor

from mnemic.agent import terms


def test_threads_do_not_disturb_each_others_stems() -> None:
    """The stemmer keeps its word in itself: one for all threads mixed up words, or fell over."""
    dice = random.Random(0)
    ends = ("ing", "ation", "ies", "ness", "fully", "ed", "s", "izer", "")
    words = ["".join(dice.choices("abcdeilmnorstu", k=6)) + dice.choice(ends) for _ in range(4_000)]
    bare = terms._stem.__wrapped__
    alone = [bare(word) for word in words]
    switch_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            runs = list(pool.map(lambda _: [bare(word) for word in words], range(4)))
    finally:
        sys.setswitchinterval(switch_s)
    assert all(run == alone for run in runs)
