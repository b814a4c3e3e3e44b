"""How sure a recall is: that memory holds an answer, and that each hit bears on the query.

    known      = p(memory heard of this) · p(it is so of the one asked about, given that it did)
    relevance  = p(this hit is evidence for the answer), of each hit

All three are logistic in a few signs. The second factor is for what similarity cannot see: that the
best evidence belongs to someone else. Who tells of himself covers the question's words, says more,
and neither asks nor says "you"; who hears of it asks and says "you". So what the person named by the
query said is set against what the others said.

Source:
    Logistic calibration (Platt, 1999). The signs are ours; `mnemic bench calibration` fits their
    weights on development data and keeps its account in results/calibration.jsonl.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.channels.lexical import LexicalChannel
from mnemic.agent.protocols import Store
from mnemic.agent.recall.fuse import PARTS, Weights, best_first
from mnemic.agent.view import View

if TYPE_CHECKING:
    from mnemic.agent.recall import Found

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

HITS = 30
"""How many of the best are looked at, however few are wanted."""

TERMS_MAX = 40
"""How many of the query's terms are looked at, the rarest first."""

COVERING = 3
"""How many of a side's best covering hits count for what that side has said of it."""

CROWD = 10
CHARS_MAX = 1_000
"""How much of a text is read for whether it asks and whom it addresses."""

TOPIC: Mapping[str, int] = {"nearness": 1, "covered": 1, "unheard": -1}
TOPIC_BY_WORDS: Mapping[str, int] = {"covered": 1, "unheard": -1}
WHOSE: Mapping[str, int] = {
    "unheard": -1, "named": 0, "more_covered": 1, "more_asking": -1, "more_you": -1, "longer": 1,
}  # fmt: skip
HIT: Mapping[str, int] = {
    "strength": 1, "behind": -1, "rank": -1, "crowd": -1, "in_window": 1, "covered": 1, "named": 0,
    "known": 1,
}  # fmt: skip
"""The signs of each factor, and which way they may speak: for (1), against (−1) or either (0).

nearness      cosine of the best hit
covered       share of the query's terms, by rarity, that the best hit (or this hit) holds
unheard       1 where nothing in the scope holds one of the query's terms
named         1 where the query names someone who speaks in the scope, and others do too
more_…        how much more the one named covers, asks, and says "you", than the others
longer        logarithm of how much longer the best that the one named said is than the others' best
strength      the hit's sum as a share of all the weight that could have spoken for it
behind        how much less that is than the best hit's
rank          logarithm of the rank
crowd         how near the tenth comes to the best: its strength as a share of the best's
in_window     1 where the query's window prefers and the hit lies in it
known         log odds of `known`
"""

_END = re.compile(r"[.!?。！？]+")
_YOU = re.compile(r"\b(?:you|your|yours|yourself)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """A logistic: a probability from the weighed sum of signs."""

    weight: Mapping[str, float]
    constant: float

    def odds(self, signs: Mapping[str, float] | Mapping[str, Floats]) -> Floats:
        """Log odds; of one recall, or of each hit where the signs are arrays."""
        return np.asarray(
            self.constant + sum(weight * signs[name] for name, weight in self.weight.items()),
            dtype=np.float64,
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted lines; `topic_by_words` stands in for `topic` where meaning could not be asked."""

    topic: Line
    topic_by_words: Line
    whose: Line
    relevance: Line


@cache
def fitted() -> Calibration:
    """The calibration that ships with this version, from calibration.json beside this file."""
    table = json.loads(files(__package__).joinpath("calibration.json").read_text("utf-8"))
    return Calibration(
        **{
            name: Line(table[name]["weight"], table[name]["constant"])
            for name in Calibration.__dataclass_fields__
        }
    )


@dataclass(frozen=True, slots=True)
class Signs:
    """What tells how sure to be: of the recall, and of each hit; `near` says if meaning was asked.

    `recall` is empty where nothing came back.
    """

    recall: Mapping[str, float]
    hits: Mapping[str, Floats]
    near: bool


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure a recall is: probabilities, of an answer in memory and of each hit."""

    known: float
    relevance: Floats


def judge(signs: Signs, by: Calibration | None = None) -> Confidence:
    """Probabilities from signs; where nothing came back, nothing is known.

    A hit that came back alone is the answer exactly if memory holds one: the lines weigh a hit against
    those beside it, and would make little of it for want of any (LOG.md).

    Args:
        signs: of a recall and its hits.
        by: the lines to weigh them with; None takes those that ship.
    """
    by = by or fitted()
    if not signs.recall:
        return Confidence(0.0, np.empty(0))
    topic = by.topic if signs.near else by.topic_by_words
    known = float(
        _probability(topic.odds(signs.recall)) * _probability(by.whose.odds(signs.recall))
    )
    if len(signs.hits["rank"]) == 1:
        return Confidence(known, np.array([known]))
    hits = {**signs.hits, "known": np.full(len(signs.hits["rank"]), log_odds(known))}
    return Confidence(known, np.asarray(_probability(by.relevance.odds(hits))))


def log_odds(probability: float) -> float:
    """ln(p / (1 − p)), kept within ±7."""
    inside = min(max(probability, 1e-3), 1 - 1e-3)
    return float(np.log(inside / (1 - inside)))


def _probability(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -50, 50))))


def read(
    store: Store,
    lexical: LexicalChannel,
    weights: Weights,
    found: Found,
    best: Rows,
    terms: Sequence[str],
) -> Signs:
    """The signs of a recall, in well under a millisecond where nothing is read from the disk.

    Args:
        store: where the texts are.
        lexical: knows which rows hold a term.
        weights: of the fusion.
        found: what the search found.
        best: places in `found.fused` of the hits, best first.
        terms: of the query.
    """
    score = np.where(found.wanted, found.fused.score, -np.inf)
    top = best if len(best) >= HITS else best_first(score.astype(np.float32), HITS)
    top = top[score[top] > -np.inf]
    if not len(top):
        return Signs({}, {}, found.meaning is not None)
    view, rows = found.view, found.fused.rows[top]
    asked = _asked(view, found.fused.rows, terms)
    named, others = _sides(view, found.fused.rows, asked, np.isfinite(score))
    about = [term for term in terms if not any(term in view.speakers[who] for who in asked)]
    words = _words(lexical, found, about or terms, rows)
    strength = score[top] / _most(found, weights, named=bool(named.any()))
    near = found.meaning is not None and len(found.meaning.cosines) > 0
    recall = {
        **dict.fromkeys(WHOSE, 0.0),
        "nearness": float(found.meaning.cosines.max()) if near and found.meaning else 0.0,
        "covered": float(words.covered[0]),
        "unheard": words.unheard,
    }
    if named.any() and others.any():
        recall |= {"named": 1.0, **_compare(store, found, score, named, others, top, words.covered)}
    hits = {
        "strength": strength,
        "behind": strength[0] - strength,
        "rank": np.log1p(np.arange(len(top))),
        "crowd": np.full(len(top), _crowd(strength)),
        "in_window": _in_window(found)[top],
        "covered": words.covered,
        "named": np.full(len(top), recall["named"]),
    }
    return Signs(recall, {name: sign[: len(best)] for name, sign in hits.items()}, near)


@dataclass(frozen=True, slots=True)
class _Words:
    """Of each row, the share of the query's terms that it holds; 1 if the scope lacks one."""

    covered: Floats
    unheard: float


def _words(lexical: LexicalChannel, found: Found, terms: Sequence[str], rows: Rows) -> _Words:
    count = len(found.view)
    documents = np.array(lexical.counts(found.scope_ids, found.view, terms), dtype=np.float64)
    rarity = np.log1p((count - documents + 0.5) / (documents + 0.5))
    common = set(found.words.terms_left) if found.words is not None else set()
    covered = np.zeros(len(rows))
    rarest = [terms[place] for place in np.argsort(-rarity, kind="stable")[:TERMS_MAX]]
    read = [
        term for term in reversed(rarest) if term not in common
    ]  # rare ones are kept the longest
    holds = lexical.holding(found.scope_ids, found.view, read, rows)
    for term, weight in zip(terms, rarity.tolist(), strict=True):
        if term in holds:
            covered += weight * holds[term]
    return _Words(covered / max(float(rarity.sum()), 1e-9), float((documents == 0).any()))


def _asked(view: View, rows: Rows, terms: Sequence[str]) -> Sequence[int]:
    """Who of those who said these rows is named by the query; numbers in `view.speakers`."""
    speaker = view.speaker[rows]
    heard = np.bincount(speaker[speaker >= 0], minlength=len(view.speakers)) > 0
    return [int(who) for who in np.flatnonzero(heard & view.named_in(terms))]


def _sides(
    view: View, rows: Rows, asked: Sequence[int], wanted: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows were said by those asked about, and which by someone else; none if nobody is."""
    speaker = view.speaker[rows]
    mark = np.zeros(len(view.speakers) + 1, dtype=bool)  # the last is for -1, nobody
    mark[list(asked)] = True
    named = mark[speaker] & wanted
    return named, (speaker >= 0) & wanted & ~mark[speaker] & bool(asked)


def _most(found: Found, weights: Weights, *, named: bool) -> float:
    """All the weight that could have spoken for a row."""
    if found.speaks is None:
        return max(float(found.fused.score.max(initial=0)), 1e-9)
    weight = weights.at(found.view.talk)
    present = [name for name in PARTS if name in found.speaks.parts]
    return max(sum(weight[name] for name in present if named or name != "speaker"), 1e-9)


def _crowd(strength: Floats) -> float:
    """From 0, where the tenth (or last) is nothing beside the best, to 1, where it is as strong."""
    last = strength[min(CROWD, len(strength)) - 1]
    return float(np.clip(last / max(float(strength[0]), 1e-9), 0, 1))


def _in_window(found: Found) -> Floats:
    """Of each candidate row, 1 where it lies in a window that prefers."""
    if found.speaks is None or "window" not in found.speaks.parts:
        return np.zeros(len(found.fused.rows))
    return found.speaks.parts["window"].astype(np.float64)


def _compare(
    store: Store,
    found: Found,
    score: Floats,
    named: NDArray[np.bool_],
    others: NDArray[np.bool_],
    top: Rows,
    covered: Floats,
) -> dict[str, float]:
    """What the one named said of it against what the others said."""
    blind = score - found.fused.parts.get("speaker", 0)  # that one is named must not decide
    places = [int(np.argmax(np.where(side, blind, -np.inf))) for side in (named, others)]
    rows = found.fused.rows[places]
    texts = store.episodes(found.scope_ids, found.view.seq[rows].tolist())
    mine, theirs = (
        texts[seq].text[:CHARS_MAX] if seq in texts else "" for seq in found.view.seq[rows].tolist()
    )
    length = found.view.terms[rows]
    return {
        "more_covered": _most_covering(covered[named[top]]) - _most_covering(covered[others[top]]),
        "more_asking": _asking(mine) - _asking(theirs),
        "more_you": float(bool(_YOU.search(mine))) - float(bool(_YOU.search(theirs))),
        "longer": float(np.log((1 + length[0]) / (1 + length[1]))),
    }


def _most_covering(covered: Floats) -> float:
    return float(np.sort(covered)[::-1][:COVERING].sum()) / COVERING


def _asking(text: str) -> float:
    """The share of a text's sentences that ask."""
    ends = _END.findall(text)
    return sum("?" in end or "？" in end for end in ends) / max(len(ends), 1)
