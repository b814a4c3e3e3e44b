"""Facts and hits → text within a budget of tokens: dated, cited, and marked as data.

The text is one block between two lines that carry a name drawn anew for each context, so that nothing
remembered can end it. What was remembered is shown with nothing hidden in it, and no line of it begins
where ours begin. `mnemic.agent.recalled` says what an entry looks like.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from mnemic.agent.recall.visible import indented, one_line, visible
from mnemic.agent.recalled import ADVICE, NOTE, WARNING, closing, entry, opening
from mnemic.agent.records import Citation, Context, Hit, Recall
from mnemic.agent.trust import UNTRUSTED_BELOW, is_untrusted, lower
from mnemic.errors import InvalidQuery

if TYPE_CHECKING:
    from mnemic.agent.facts.answers import FactHit
    from mnemic.agent.facts.fact import Fact

_BLOCK = re.compile(r"[0-9a-z]{4,16}")

FACTS_MAX, FACTS_SHARE, FACT_CHARS_MAX = 5, 3, 300
UNSURE = "web"

CHARS_A_TOKEN_MAX = 50
"""A text longer than that for each token left is not even tried."""


def count_tokens(text: str) -> int:
    """An upper estimate of a text's tokens, for any common tokenizer.

    ASCII counts a token for every 3.2 characters, everything else one a character.
    """
    plain = sum(1 for char in text if char < "\x80") if not text.isascii() else len(text)
    return int(plain / 3.2) + (len(text) - plain) + 1


def pack(
    recall: Recall, budget_tokens: int, *, block: str | None = None, advise: bool = False
) -> Context:
    """The facts that bear on the question, then the best hits that fit, oldest first, each numbered.

    Facts say what holds now, so that no sentence of long ago is taken for it; they take a third of the
    budget at most. A hit that does not fit is left out whole; smaller ones behind it may still fit. Text that
    repeats what is already in is left out. Where nothing fits, the text is empty.

    Args:
        recall: the hits.
        budget_tokens: how many tokens at most, those of the frame included.
        block: the block's name, 4 to 16 lower-case letters and digits; None draws one.
        advise: whether it says what to make of it, for a model that did not ask for it.

    Raises:
        InvalidQuery: the budget is not positive, or the name is none.
    """
    if not isinstance(budget_tokens, int) or budget_tokens <= 0:
        raise InvalidQuery(f"budget_tokens is {budget_tokens!r}; pass a whole number above 0")
    name = secrets.token_hex(3) if block is None else block
    if not isinstance(name, str) or not _BLOCK.fullmatch(name):
        raise InvalidQuery(f"block is {name!r:.40}; pass 4 to 16 lower-case letters and digits")
    first, last = opening(name), closing(name)
    advice = [ADVICE] if advise else []
    left = budget_tokens - sum(map(count_tokens, (first, f"{NOTE} {WARNING}", *advice, last)))
    known = _known(recall, left // FACTS_SHARE)
    chosen = _chosen(recall, left - sum(map(count_tokens, known)))
    if not chosen and not known:
        return Context("", 0, [], recall, name)
    begin = len(known) + 1
    entries = [_entry(number, hit) for number, hit in enumerate(chosen, begin)]
    classes = [hit.episode.trust for hit in chosen]
    if any(_is_unsure(hit.fact) for hit in recall.facts[: len(known)]):
        classes.append(UNSURE)
    note = f"{NOTE} {WARNING}" if any(map(is_untrusted, classes)) else NOTE
    lines = [first, note, *advice, *known, *entries, last]
    return Context(
        text="\n".join(lines),
        tokens=sum(count_tokens(line) for line in lines),
        citations=[Citation(number, hit.episode) for number, hit in enumerate(chosen, begin)],
        recall=recall,
        block=name,
        trust=lower(*classes),
        facts=recall.facts[: len(known)],
    )


def _known(recall: Recall, left: int) -> list[str]:
    """The facts that bear on the question, as entries, as many as fit."""
    entries: list[str] = []
    for number, hit in enumerate(recall.facts[:FACTS_MAX], 1):
        line = _fact(number, hit)
        left -= count_tokens(line)
        if left < 0:
            break
        entries.append(line)
    return entries


def _fact(number: int, hit: FactHit) -> str:
    fact = hit.fact
    since = "" if fact.valid_from is None else f" since {fact.valid_from:%Y-%m-%d}"
    until = "" if fact.valid_to is None else f" until {fact.valid_to:%Y-%m-%d}"
    said = one_line(fact.statement)[:FACT_CHARS_MAX]
    if hit.replaced is not None:
        said += f" Before: {one_line(hit.replaced.statement)[:FACT_CHARS_MAX]}"
    trust = UNSURE if _is_unsure(fact) else "user"
    return entry(number, fact.id, f"fact{since}{until}", trust, said)


def _is_unsure(fact: Fact) -> bool:
    """Whether a fact is no surer than untrusted sources alone could make it."""
    return fact.confidence < UNTRUSTED_BELOW


def _chosen(recall: Recall, left: int) -> list[Hit]:
    """The best hits that fit into so many tokens, oldest first."""
    chosen: list[Hit] = []
    seen: set[str] = set()
    for hit in recall.hits:
        text = hit.episode.text.strip()
        if text in seen or len(text) > CHARS_A_TOKEN_MAX * left:
            continue
        tokens = count_tokens(_entry(len(recall.hits) + FACTS_MAX, hit))
        if tokens > left:
            continue
        seen.add(text)
        chosen.append(hit)
        left -= tokens
    return sorted(chosen, key=lambda hit: (hit.episode.said_at, hit.episode.position or 0))


def _entry(number: int, hit: Hit) -> str:
    episode = hit.episode
    when = episode.said_at.strftime("%Y-%m-%d %H:%M") if episode.said_at_known else "undated"
    who = f"{one_line(episode.speaker)}: " if episode.speaker else ""
    said = f"{who}{indented(visible(episode.text.strip()))}"
    return entry(number, episode.id, when, episode.trust, said)
