"""Order in time: the earliest or latest of what strongly bears on a question that asks for it.

The rule: of the first STRONG_MAX rows by score, those bear *strongly* on the question

- whose score lies at least STRONG of the way from the floor, the score of the row at FLOOR_RANK, to
  the best (a score is a sum of parts of which some say little; the rows further down show how much),
- whose own text has at least COVERED of the question's words that the best covered row has, and
- that were said by somebody the question names, where it asks when another said something.

These come first, in the order of time; all others keep their places behind them. A question that
asks for no order is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.terms import query_terms, terms_of
from mnemic.agent.when.aim import Aim
from mnemic.agent.when.events import EventWindow
from mnemic.vocabulary import Span

STRONG = 0.25
COVERED = 0.75
FLOOR_RANK = 50
STRONG_MAX = 30


def in_order(
    score: NDArray[np.float32],
    said_us: NDArray[np.int64],
    happened_us: NDArray[np.int64],
    aim: Aim,
    *,
    covered: NDArray[np.float32] | None = None,
    by_named: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """The places of the rows, best first, with what the aim asks for ahead.

    Args:
        score: (N,) relevance of each row, best first.
        said_us: (N,) when each was said, in microseconds.
        happened_us: (N,) when what it tells of began, in microseconds.
        aim: what the question asks of order; where it asks for a saying, `said_us` is what counts,
            else `happened_us`; the other one breaks ties.
        covered: (N,) how much of the question each row's own text has, see `coverage`.
        by_named: (N,) which rows were said by somebody whom the question names.

    Returns:
        A permutation of 0 to N - 1; the identity for an aim that asks for no order.
    """
    places = np.arange(len(score), dtype=np.int64)
    if aim.kind not in ("first", "last") or len(score) < 2:
        return places
    strongly = strong_rows(score, covered)
    if by_named is not None and aim.saying and not aim.own and (strongly & by_named).any():
        strongly &= by_named
    strong = places[strongly]
    sign = 1 if aim.kind == "first" else -1
    major, minor = (said_us, happened_us) if aim.saying else (happened_us, said_us)
    by_time = np.lexsort((strong, sign * minor[strong], sign * major[strong]))
    return np.concatenate((strong[by_time], places[~strongly]))


def strong_rows(
    score: NDArray[np.float32], covered: NDArray[np.float32] | None = None
) -> NDArray[np.bool_]:
    """Which rows, given best first, bear strongly on the question by score and by words."""
    mask = np.zeros(len(score), dtype=bool)
    finite = score[np.isfinite(score)]
    if not len(finite):
        return mask
    best = float(finite[0])
    floor = min(float(finite[FLOOR_RANK - 1]), best) if len(finite) >= FLOOR_RANK else 0.0
    mask[:STRONG_MAX] = score[:STRONG_MAX] >= floor + STRONG * (best - floor)
    if covered is not None and mask.any():
        mask &= covered >= COVERED * covered[mask].max()
    return mask


def coverage(query: str, texts: Sequence[str], aim: Aim) -> NDArray[np.float32]:
    """How many of a question's words each text has, of those that one of the texts has at all.

    Args:
        query: the question; the words of its aim ("first mentioned") do not count.
        texts: the texts of the rows.
        aim: what the question asks.
    """
    asked = set(query_terms(query)) - set(query_terms(aim.phrase))
    had = [asked.intersection(terms_of(text)) for text in texts]
    most = set().union(*had)
    return np.array([len(words) / max(len(most), 1) for words in had], dtype=np.float32)


def tells_time(
    happened_from_us: NDArray[np.int64], happened_to_us: NDArray[np.int64], aim: Aim
) -> NDArray[np.float32]:
    """1 for rows that tell of a time, where the question asks when; else 0.

    What is said to have happened "yesterday" spans a day; an episode that names no time happened
    at the one moment when it was said.

    Args:
        happened_from_us, happened_to_us: (N,) when each happened, in microseconds.
        aim: what the question asks.
    """
    told = (happened_to_us - happened_from_us) > 1
    return (told & (aim.kind == "when")).astype(np.float32)


def is_meant(asked: EventWindow, text: str, happened: Span) -> bool:
    """Whether an episode is surely the event that a question names, and dates it well enough.

    It has every word of the event's. One that names no time of its own happened at or before the
    moment when it was said: that dates "the week after", but no open "before" and "after".

    Args:
        asked: the window beside the event.
        text: the episode's.
        happened: when the episode happened.
    """
    dated = happened.end - happened.start > timedelta(microseconds=1)
    if not (dated or asked.unit):
        return False
    return set(query_terms(asked.words)) <= set(terms_of(text))
