"""Hits → text within a budget of tokens, dated and cited."""

from __future__ import annotations

from mnemic.agent.records import Citation, Context, Hit, Recall
from mnemic.errors import InvalidQuery


def count_tokens(text: str) -> int:
    """An upper estimate of a text's tokens, for any common tokenizer.

    ASCII counts a token for every 3.2 characters, everything else one a character.
    """
    plain = sum(1 for char in text if char < "\x80") if not text.isascii() else len(text)
    return int(plain / 3.2) + (len(text) - plain) + 1


def pack(recall: Recall, budget_tokens: int) -> Context:
    """The best hits that fit the budget, oldest first, each with its date, speaker and number.

    A hit that does not fit is left out whole; smaller ones behind it may still fit. Text that
    repeats what is already in is left out.

    Raises:
        InvalidQuery: the budget is not positive.
    """
    if not isinstance(budget_tokens, int) or budget_tokens <= 0:
        raise InvalidQuery(f"budget_tokens is {budget_tokens!r}; pass a whole number above 0")
    chosen: list[Hit] = []
    seen: set[str] = set()
    left = budget_tokens
    for hit in recall.hits:
        text = hit.episode.text.strip()
        tokens = count_tokens(_line(len(recall.hits), hit))
        if text in seen or tokens > left:
            continue
        seen.add(text)
        chosen.append(hit)
        left -= tokens
    chosen.sort(key=lambda hit: (hit.episode.said_at, hit.episode.position or 0))
    lines = [_line(number, hit) for number, hit in enumerate(chosen, 1)]
    return Context(
        text="\n".join(lines),
        tokens=sum(count_tokens(line) for line in lines),
        citations=[Citation(number, hit.episode) for number, hit in enumerate(chosen, 1)],
        recall=recall,
    )


def _line(number: int, hit: Hit) -> str:
    episode = hit.episode
    day = episode.said_at.strftime("%Y-%m-%d %H:%M") if episode.said_at_known else "undated"
    who = f" {episode.speaker}:" if episode.speaker else ""
    return f"[{number}] ({day}){who} {episode.text.strip()}"
