"""A second look: the rare terms of the first best hits find what shares their subject.

A question names one end of a chain; the first hits name the next. What they have in common, and the
question lacks, leads to evidence that no word of the question is in.

Source:
    Relevance-based language models (Lavrenko & Croft, SIGIR 2001), as RM3 (Abdul-Jaleel et al., TREC
    2004). Differs: terms are weighted by the hits' scores times idf, ranked by BM25, and a hit gains
    nothing from its own terms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.channels.lexical import LexicalChannel
from mnemic.agent.protocols import Store
from mnemic.agent.terms import query_terms
from mnemic.agent.view import View

HITS = 4
TERMS = 10
CHARS_MAX = 2_000
"""How much of a hit is read for its terms."""

SHARE_MAX = 0.1
"""A term that more of the scope's episodes hold than this says nothing of a subject."""

POSTINGS_MAX = 5_000
LOOKUPS_MAX = 3_000
"""How many counts are asked for, terms times scopes."""


def look(
    store: Store,
    lexical: LexicalChannel,
    scope_ids: Sequence[int],
    view: View,
    rows: NDArray[np.int64],
    scores: NDArray[np.float32],
    asked: Sequence[str],
) -> NDArray[np.float32]:
    """How much each row has of the terms that mark the best hits; 0 for those hits themselves.

    Args:
        store: where the hits' texts are.
        lexical: finds their terms again.
        scope_ids: the scopes of `view`.
        view: the scope's rows.
        rows: of the best hits, best first.
        scores: their scores.
        asked: the query's own terms, which count already.
    """
    hits = store.episodes(scope_ids, view.seq[rows].tolist())
    weight: dict[str, float] = defaultdict(float)
    for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
        hit = hits.get(int(view.seq[row]))
        if hit is None:
            continue
        trust = float(np.exp(score - scores[0]))
        for term in query_terms(hit.text[:CHARS_MAX]):
            weight[term] += trust
    for term in asked:
        weight.pop(term, None)
    terms = list(weight)
    if len(terms) * len(scope_ids) > LOOKUPS_MAX:  # long words that many hits share go first
        terms.sort(key=lambda term: (-weight[term], -len(term)))
        terms = terms[: LOOKUPS_MAX // len(scope_ids)]
        weight = {term: weight[term] for term in terms}
    count = len(view)
    for term, documents in zip(terms, lexical.counts(scope_ids, view, terms), strict=True):
        if 1 < documents < SHARE_MAX * count:
            weight[term] *= np.log1p((count - documents + 0.5) / (documents + 0.5))
        else:
            del weight[term]
    marks = dict(sorted(weight.items(), key=lambda pair: -pair[1])[:TERMS])
    found = lexical.weighted(scope_ids, view, marks, POSTINGS_MAX)
    found[rows] = 0
    return found
