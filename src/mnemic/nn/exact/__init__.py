"""The bounded exact cache: score, select, read.

    score    what each pair is worth: the size of its write (score.py)
    select   the W best of all completed blocks, causally (select.py)
    read     softmax over the selected, the current block and a null sink (read.py)

Three forms give the same outputs: `dense` (the definition, quadratic), `gather` (training), and
`online` (decoding). `ExactCache` holds what is learned; `ExactMemory` joins it to a rule.

`PooledCache` is another cache: slots shared by all heads, ranked by a learned importance.
"""

from __future__ import annotations

from mnemic.nn.exact.cache import CacheOutput, ExactCache
from mnemic.nn.exact.entries import CacheState, Entries
from mnemic.nn.exact.memory import ExactMemory, MemoryOutput, MemoryState
from mnemic.nn.exact.pooled import PooledCache, PooledState
from mnemic.nn.exact.score import SCORES

__all__ = [
    "SCORES",
    "CacheOutput",
    "CacheState",
    "Entries",
    "ExactCache",
    "ExactMemory",
    "MemoryOutput",
    "MemoryState",
    "PooledCache",
    "PooledState",
]
