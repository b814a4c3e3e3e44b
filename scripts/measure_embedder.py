"""Speed and agreement of the embedder's forms: python scripts/measure_embedder.py

Prints sentences per second in batches and milliseconds per query, wall and CPU time, medians of
rounds taken in turns; and the cosines with the float32 form.
"""

from __future__ import annotations

import os
import random
import statistics
import time

import numpy as np

from mnemic.agent.embed import install_default, load_embedder
from mnemic.agent.embed.minilm import MiniLM

WORDS = [
    "the",
    "a",
    "quick",
    "old",
    "Anna",
    "moved",
    "to",
    "Berlin",
    "in",
    "March",
    "because",
    "her",
    "sister",
    "works",
    "there",
    "and",
    "they",
    "meet",
    "every",
    "Tuesday",
    "for",
    "coffee",
    "budget",
    "report",
    "was",
    "signed",
    "by",
    "director",
    "after",
    "long",
    "meeting",
    "about",
    "train",
    "tickets",
    "music",
    "lesson",
    "piano",
    "teacher",
    "who",
    "likes",
    "walking",
    "with",
    "dog",
    "near",
    "river",
    "when",
    "it",
    "rains",
]
ROUNDS = 7


def main() -> None:
    """Measures and prints."""
    install_default()
    draw = random.Random(0)
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(14, 30))) + "." for _ in range(512)]
    forms = {name: load_embedder(f"all-MiniLM-L6-v2/{name}") for name in ("w8", "fp32")}
    law = forms["fp32"].embed(texts)
    assert isinstance(forms["w8"], MiniLM)
    counts = [forms["w8"].count_tokens(text) + 2 for text in texts]
    load = os.getloadavg()[0]
    print(f"{len(texts)} texts, {np.mean(counts):.1f} pieces on average, load {load:.1f}")
    taken: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in forms}
    for _ in range(ROUNDS):
        for name, model in forms.items():
            wall, cpu = time.perf_counter(), time.process_time()
            model.embed(texts)
            batch = (time.perf_counter() - wall, time.process_time() - cpu)
            queries = []
            cpu = time.process_time()
            for text in texts[:60]:
                wall = time.perf_counter()
                model.embed([text])
                queries.append(time.perf_counter() - wall)
            one = (statistics.median(queries), (time.process_time() - cpu) / len(queries))
            taken[name].append((*batch, *one))
    for name, rows in taken.items():
        cosines = (forms[name].embed(texts) * law).sum(axis=1)
        wall, cpu, query, query_cpu = np.median(rows, axis=0)
        best = min(row[0] for row in rows), min(row[2] for row in rows)
        print(
            f"{name:5} {len(texts) / wall:6.0f} sentences/s ({len(texts) / best[0]:.0f} best, "
            f"{len(texts) / cpu:.0f} per CPU-s), query {query * 1e3:.2f} ms "
            f"({best[1] * 1e3:.2f} best, {query_cpu * 1e3:.2f} CPU), "
            f"cosine mean {cosines.mean():.5f} min {cosines.min():.5f}"
        )


if __name__ == "__main__":
    main()
