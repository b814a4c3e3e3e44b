"""Latency, rates and sizes at N episodes in one scope, on generated text.

Embedding a million texts would take an hour and measure the model, not the store. So a sample of
texts is embedded for real (that gives `deep_keys_per_s`), and the other vectors are made around
those, normalise(e_i + a·(e_j − e_k) + noise) with a in [0.2, 0.7], and go in through the same path
as real ones. `deep_keys_per_s` is the rate with the model, `deep_keys_without_model_per_s` that of
the path with the made vectors.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.embed import default_embedder
from mnemic.agent.memory import Memory
from mnemic.agent.protocols import Embedder
from mnemic.bench import words
from mnemic.bench.measure import percentiles
from mnemic.errors import InvalidInput

SCOPE = "bench/scale"
SEED = 11
REAL_TEXTS = 3_000
QUERIES = 200
WRITES = 200
NOISES = 4_096
FILL_TEXTS = 1_000
START = datetime(2023, 1, 1, tzinfo=UTC)

Progress = Callable[[str, int, int], None]
Floats = NDArray[np.float32]


class AroundReal:
    """An embedder that makes vectors around a sample of real ones, by the hash of the text."""

    def __init__(self, real: Embedder, sample: Sequence[str]) -> None:
        self.space, self.dimension = real.space, real.dimension
        began = time.perf_counter()
        self._base = real.embed(sample)
        self.real_per_s = len(sample) / (time.perf_counter() - began)
        rng = np.random.default_rng(SEED)
        self._noise = rng.normal(0, 0.02, (NOISES, self.dimension)).astype(np.float32)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Unit vectors around the sample's; the same text has the same vector."""
        draws = np.frombuffer(
            b"".join(blake2b(text.encode(), digest_size=20).digest() for text in texts), dtype="<u4"
        ).reshape(len(texts), 5)
        i, j, k = (draws[:, column] % len(self._base) for column in range(3))
        share = (0.2 + 0.5 * draws[:, 3:4] / 2**32).astype(np.float32)
        made = self._base[i] + share * (self._base[j] - self._base[k])
        made += self._noise[draws[:, 4] % NOISES]
        return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


def rows(n: int, seed: int = SEED) -> Iterator[dict[str, Any]]:
    """Generated episodes: 20 turns a session, three years, words by a Zipf-like law."""
    rng = random.Random(seed)  # noqa: S311
    for number in range(n):
        session, place = divmod(number, 20)
        yield {
            "text": words.sentence(rng),
            "scope": SCOPE,
            "speaker": words.NAMES[rng.randrange(len(words.NAMES))],
            "session": f"s{session}",
            "position": place,
            "said_at": START + timedelta(minutes=number * 1_576_800 / max(n, 1)),
            "source": "bench",
            "ref": str(number),
        }


def fill(path: Path, n: int, real: Embedder, progress: Progress | None = None) -> None:
    """A store of n generated episodes with their deep keys, as others open it afterwards."""
    sample = [row["text"] for row in rows(min(FILL_TEXTS, n), seed=SEED + 1)]
    around = AroundReal(real, sample)
    with Memory(path, embedder=around, background=False) as memory:
        memory.remember_many(
            rows(n),
            progress=None if progress is None else lambda done: progress("writing", done, n),
        )
        memory.ready(None if progress is None else lambda d, of: progress("deep keys", d, of))


def run_scale(
    n: int, *, embedder: Embedder | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """The result object: rates, latencies with and without embedding the query, sizes.

    Args:
        n: how many episodes, 100 at least.
        embedder: None takes the default one.
        progress: called with what is being done, how much is done, and of how much.

    Raises:
        InvalidInput: n is below 100.
        EmbedderMissing: the default model is not installed.
    """
    if n < 100:
        raise InvalidInput(f"n is {n!r}; measure 100 episodes at least")
    real = embedder or default_embedder()
    sample = [row["text"] for row in rows(min(REAL_TEXTS, n), seed=SEED + 1)]
    real.embed(sample[:10])
    around = AroundReal(real, sample)
    with tempfile.TemporaryDirectory(prefix="mnemic-scale-") as folder:
        path = Path(folder) / "scale.mnemic"
        with Memory(path, embedder=around, background=False) as memory:
            result = _write(memory, n, progress)
            result["deep_keys_per_s"] = round(around.real_per_s)
            began = time.perf_counter()
            if progress is None:
                memory.ready()
            else:
                memory.ready(lambda done, of: progress("deep keys", done, of))
            rate = (n + WRITES) / (time.perf_counter() - began)
            result["deep_keys_without_model_per_s"] = round(rate)
        result["bytes_per_memory"] = round(_bytes(path) / (n + WRITES))
        before = time.perf_counter()
        with Memory(path, embedder=real, background=False) as memory:
            result["open_s"] = round(time.perf_counter() - before, 3)
            _recalls(memory, real, result, progress)
            result["rss_mb"] = _rss_mb()
            result["ann_recall@10"] = _agreement(memory, real)
    return {"task": "scale", "n": n, **result, "embedder": real.space, "seed": SEED}


def _write(memory: Memory, n: int, progress: Progress | None) -> dict[str, Any]:
    began = time.perf_counter()
    memory.remember_many(
        rows(n), progress=None if progress is None else lambda done: progress("writing", done, n)
    )
    ingest = n / (time.perf_counter() - began)
    times = []
    for number in range(WRITES):
        began = time.perf_counter()
        memory.remember(f"single write {number}", scope=f"{SCOPE}/single", said_at=START)
        times.append(1e3 * (time.perf_counter() - began))
    return {"ingest_per_s": round(ingest), "write_ms": percentiles(times, (50, 95), digits=2)}


def _recalls(
    memory: Memory, real: Embedder, result: dict[str, Any], progress: Progress | None
) -> None:
    rng = random.Random(SEED + 2)  # noqa: S311
    queries = [words.question(rng) for _ in range(QUERIES)]
    now = START + timedelta(days=1_096)
    began = time.perf_counter()
    memory.recall(queries[0], scope=SCOPE, now=now)
    result["first_recall_s"] = round(time.perf_counter() - began, 3)
    for query in queries[:20]:
        memory.recall(query, scope=SCOPE, now=now)
    whole, without = [], []
    for done, query in enumerate(queries):
        if progress:
            progress("recalls", done, len(queries))
        began = time.perf_counter()
        memory.recall(query, scope=SCOPE, now=now)
        whole.append(1e3 * (time.perf_counter() - began))
        vector = real.embed([query])[0]
        began = time.perf_counter()
        memory.recall(query, scope=SCOPE, now=now, vector=vector)
        without.append(1e3 * (time.perf_counter() - began))
    result["recall_ms"] = percentiles(without, (50, 95), digits=2)
    result["recall_with_embedding_ms"] = percentiles(whole, (50, 95), digits=2)


def _agreement(memory: Memory, real: Embedder) -> float:
    """How much of the exact top 10 by cosine the dense channel brings back, over 50 queries."""
    rng = random.Random(SEED + 3)  # noqa: S311
    ids, vectors = memory.vectors(SCOPE)
    shares = []
    for _ in range(50):
        query = words.question(rng)
        exact = np.argsort(-(vectors @ real.embed([query])[0]))[:10]
        hits = memory.recall(query, scope=SCOPE, k=10, window=None, channels=("dense",)).hits
        shares.append(len({ids[i] for i in exact} & {hit.episode.id for hit in hits}) / 10)
    return round(float(np.mean(shares)), 4)


def _bytes(path: Path) -> int:
    """The size of the store with what lies beside it (log, shared memory)."""
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))


def _rss_mb() -> float | None:
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024)
