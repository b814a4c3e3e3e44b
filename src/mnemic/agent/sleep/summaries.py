"""Sentences that stand for many: extractive, so that every word of a summary was said.

Source:
    Centroid summarisation (Radev et al., 2004) with maximal marginal relevance (Carbonell & Goldstein,
    1998). Differs: a sentence's worth is the idf-weighted share of the session's terms it holds, with
    idf taken over the session's own sentences; questions and greetings carry little of it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mnemic.agent.records import Episode
from mnemic.agent.terms import query_terms

MAKER = "centroid/1"
SENTENCES_MAX = 6
CHARS_MAX = 900
EPISODE_CHARS_MAX = 4_000
"""How much of a long text is read."""

SESSION_SENTENCES_MAX = 1_500
REDUNDANCY = 0.7
"""How much a sentence loses by what is said already."""

_SENTENCE = re.compile(r"[^\s.!?\n][^.!?\n]{0,600}(?:[.!?](?!\s)[^.!?\n]{0,200}){0,3}[.!?]?")


@dataclass(frozen=True, slots=True)
class Summary:
    """A title of the most telling terms, the sentences as text, and where each was said.

    `sentences` holds (index of the episode, start, stop) in the order they were said.
    """

    title: str
    text: str
    sentences: Sequence[tuple[int, int, int]]
    maker: str = MAKER


def summarise(episodes: Sequence[Episode], *, sentences_max: int = SENTENCES_MAX) -> Summary | None:
    """The sentences that hold most of what a session's sentences share; None where none says anything.

    Args:
        episodes: in the order they were said.
        sentences_max: how many sentences at most.
    """
    places: list[tuple[int, int, int]] = []
    bags: list[dict[str, int]] = []
    for index, episode in enumerate(episodes):
        for match in _SENTENCE.finditer(episode.text[:EPISODE_CHARS_MAX]):
            terms = query_terms(match[0])
            if len(terms) < 3:
                continue
            places.append((index, match.start(), match.end()))
            bags.append(Counter(terms))
            if len(places) >= SESSION_SENTENCES_MAX:
                break
    if not places:
        return None
    documents = Counter(term for bag in bags for term in bag)
    # A term of one sentence is a detail, one of all sentences says nothing: the middle is the topic.
    weight = {
        term: (1 + math.log(count)) * math.log(1 + len(bags) / count)
        for term, count in documents.items()
    }
    worth = [
        sum(weight[term] for term in bag) / (8 + len(bag))
        * (0.6 if _asks(episodes[index].text[start:stop]) else 1.0)
        for bag, (index, start, stop) in zip(bags, places, strict=True)
    ]  # fmt: skip
    chosen = _pick(bags, worth, weight, places, sentences_max)
    said = " ".join(
        f"{episodes[i].speaker}: {_flat(episodes[i].text[a:b])}"
        if episodes[i].speaker
        else _flat(episodes[i].text[a:b])
        for i, a, b in (places[place] for place in chosen)
    )
    return Summary(_title(episodes, documents, weight), said, [places[place] for place in chosen])


def _pick(
    bags: Sequence[dict[str, int]],
    worth: Sequence[float],
    weight: dict[str, float],
    places: Sequence[tuple[int, int, int]],
    sentences_max: int,
) -> list[int]:
    taken: list[int] = []
    said: set[str] = set()
    left = CHARS_MAX
    open_ = sorted(range(len(bags)), key=lambda one: (-worth[one], one))[:60]
    whole = {one: max(sum(weight[term] for term in bags[one]), 1e-9) for one in open_}
    told = dict.fromkeys(open_, 0.0)
    while open_ and len(taken) < sentences_max:
        best = max(
            open_, key=lambda one: (worth[one] * (1 - REDUNDANCY * told[one] / whole[one]), -one)
        )
        open_.remove(best)
        length = places[best][2] - places[best][1]
        if length > left and taken:
            continue
        taken.append(best)
        fresh = [term for term in bags[best] if term not in said]
        said.update(fresh)
        for one in open_:
            told[one] += sum(weight[term] for term in fresh if term in bags[one])
        left -= length
    return sorted(taken, key=lambda one: places[one])


def _title(episodes: Sequence[Episode], documents: Counter[str], weight: dict[str, float]) -> str:
    """The four most telling terms, as they were written first."""
    best = sorted(documents, key=lambda term: (-weight[term] * math.sqrt(documents[term]), term))[
        :4
    ]
    shown: dict[str, str] = {}
    seen: set[str] = set()
    for episode in episodes:
        if len(shown) == len(best):
            break
        for word in re.findall(r"\w[\w'’-]*", episode.text[:EPISODE_CHARS_MAX]):
            if word in seen:
                continue
            seen.add(word)
            for term in query_terms(word):
                if term in best and term not in shown:
                    shown[term] = word
    return ", ".join(shown.get(term, term) for term in best)


def _asks(sentence: str) -> bool:
    return sentence.rstrip().endswith("?")


def _flat(sentence: str) -> str:
    return " ".join(sentence.split())
