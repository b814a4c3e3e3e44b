"""Decodes with one layer in a process of its own, and says what that took: one JSON line a mark.

`python -m mnemic.bench.neural.decode_probe NAME LIMIT_S MARK …`
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import torch

from mnemic.bench.neural.layer_cost import WIDTH, make_layer

STRETCH = 250
"""Steps between looks at the clock."""


STATUS = Path("/proc/self/status")


def peak_bytes() -> int:
    """The most memory this process ever held.

    What `getrusage` says on Linux begins with the parent's memory at the fork; the status does not.
    """
    if STATUS.exists():
        held = (line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        for line in held:
            return 1024 * int(line.split()[1])
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


def probe(name: str, limit_s: float, marks: list[int]) -> None:
    """Decodes to each mark in turn; stops where the time is over, and says so by silence.

    Each line: tokens, state_bytes, cache_bytes, rss_bytes (peak, less the peak before the first
    token), ms of CPU a step in the last stretch, and
    seconds in all.
    """
    layer = make_layer(name)
    random = torch.Generator().manual_seed(3)
    began, done, latest = time.perf_counter(), 0, 0.0
    with torch.no_grad():
        layer.step(torch.zeros(1, WIDTH), layer.init_state(1))
        state, before = layer.init_state(1), peak_bytes()
        for mark in marks:
            while done < mark:
                stretch = min(STRETCH, mark - done)
                tokens = torch.randn(stretch, 1, WIDTH, generator=random)
                start = time.process_time()
                for token in tokens:
                    state = layer.step(token, state).state
                latest, done = (time.process_time() - start) / stretch, done + stretch
                if time.perf_counter() - began > limit_s:
                    return
            line = {
                "tokens": done,
                "state_bytes": state.state_bytes,
                "cache_bytes": state.cache_bytes,
                "rss_bytes": peak_bytes() - before,
                "ms": round(1000 * latest, 4),
                "seconds": round(time.perf_counter() - began, 1),
            }
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    torch.set_num_threads(1)
    probe(sys.argv[1], float(sys.argv[2]), [int(mark) for mark in sys.argv[3:]])
