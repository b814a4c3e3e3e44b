"""How familiar questions are to some scopes, from the gists alone: no vector of the store is read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.gist.state import GIST_VERSION, Gist, project
from mnemic.agent.knowledge import GistRow
from mnemic.agent.protocols import Store

HEARD_MIN = 0.7
"""From this familiarity on memory has probably heard of what is asked; see `mnemic bench gist`."""


def familiarity(
    store: Store,
    scope_ids: Sequence[int],
    queries_NK: NDArray[np.float32],  # noqa: N803
) -> NDArray[np.float64] | None:
    """How familiar each query is to these scopes taken together, (n,), 0 to 1.

    It tells strange topics from known ones, not whether the answer is there. Sleep writes the gists:
    what was said since is not in them.

    Args:
        store: an open store.
        scope_ids: the scopes asked.
        queries_NK: unit vectors of the store's active embedding space.

    Returns:
        None where no sleep has read these scopes in this space.
    """
    space = store.vectors.active()
    if space is None:
        return None
    rows = store.derived.rows(GistRow, scope_ids, space=f"{space.name}/{GIST_VERSION}")
    if not rows:
        return None
    whole = Gist.together([Gist.from_bytes(row.state) for row in rows])
    return whole.familiarity(project(queries_NK))
