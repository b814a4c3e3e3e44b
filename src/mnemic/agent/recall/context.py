"""Hits → text within a budget of tokens: dated, cited, and marked as data.

The text is one block between two lines that carry a name drawn anew for each context, so that nothing
remembered can end it. What was remembered is shown with nothing hidden in it, and no line of it begins
where ours begin. `mnemic.agent.recalled` says what an entry looks like.
"""

from __future__ import annotations

import re
import secrets

from mnemic.agent.recall.visible import indented, one_line, visible
from mnemic.agent.recalled import NOTE, WARNING, closing, entry, opening
from mnemic.agent.records import Citation, Context, Hit, Recall
from mnemic.agent.trust import lower
from mnemic.errors import InvalidQuery

_BLOCK = re.compile(r"[0-9a-z]{4,16}")

CHARS_A_TOKEN_MAX = 50
"""A text longer than that for each token left is not even tried."""


def count_tokens(text: str) -> int:
    """An upper estimate of a text's tokens, for any common tokenizer.

    ASCII counts a token for every 3.2 characters, everything else one a character.
    """
    plain = sum(1 for char in text if char < "\x80") if not text.isascii() else len(text)
    return int(plain / 3.2) + (len(text) - plain) + 1


def pack(recall: Recall, budget_tokens: int, *, block: str | None = None) -> Context:
    """The best hits that fit the budget, oldest first, each with its date, speaker and number.

    A hit that does not fit is left out whole; smaller ones behind it may still fit. Text that
    repeats what is already in is left out. Where nothing fits, the text is empty.

    Args:
        recall: the hits.
        budget_tokens: how many tokens at most, those of the frame included.
        block: the block's name, 4 to 16 lower-case letters and digits; None draws one.

    Raises:
        InvalidQuery: the budget is not positive, or the name is none.
    """
    if not isinstance(budget_tokens, int) or budget_tokens <= 0:
        raise InvalidQuery(f"budget_tokens is {budget_tokens!r}; pass a whole number above 0")
    name = secrets.token_hex(3) if block is None else block
    if not isinstance(name, str) or not _BLOCK.fullmatch(name):
        raise InvalidQuery(f"block is {name!r:.40}; pass 4 to 16 lower-case letters and digits")
    warned = any(hit.episode.untrusted for hit in recall.hits)
    frame = [opening(name), f"{NOTE} {WARNING}" if warned else NOTE, closing(name)]
    chosen = _chosen(recall, budget_tokens - sum(count_tokens(line) for line in frame))
    if not chosen:
        return Context("", 0, [], recall, name)
    if not any(hit.episode.untrusted for hit in chosen):
        frame[1] = NOTE
    entries = [_entry(number, hit) for number, hit in enumerate(chosen, 1)]
    lines = [*frame[:2], *entries, frame[2]]
    return Context(
        text="\n".join(lines),
        tokens=sum(count_tokens(line) for line in lines),
        citations=[Citation(number, hit.episode) for number, hit in enumerate(chosen, 1)],
        recall=recall,
        block=name,
        trust=lower(*(hit.episode.trust for hit in chosen)),
    )


def _chosen(recall: Recall, left: int) -> list[Hit]:
    """The best hits that fit into so many tokens, oldest first."""
    chosen: list[Hit] = []
    seen: set[str] = set()
    for hit in recall.hits:
        text = hit.episode.text.strip()
        if text in seen or len(text) > CHARS_A_TOKEN_MAX * left:
            continue
        tokens = count_tokens(_entry(len(recall.hits), hit))
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
