"""Rules' claims and a model's as one list: what both say stands once, in the rules' form."""

from __future__ import annotations

from collections.abc import Sequence

from mnemic.agent.facts.claims import Claim
from mnemic.agent.llm.quotes import words_of
from mnemic.agent.sleep.extract.keys import object_key
from mnemic.agent.sleep.replay import OPPOSITES, subject_key

CLAIMS_MAX = 16
"""How many claims of a model an episode can have."""

CLOSE_CHARS_MAX = 4_000
"""The text of rules' claims that a model's are compared with; more is not a plain statement."""


def merged(ruled: Sequence[Claim], told: Sequence[Claim]) -> list[Claim]:
    """The rules' claims, and those of the model that say something else, in the order of the words.

    Of two claims of one subject and relation with equal objects, or from the same words with one
    object inside the other, the first stands: so the model can neither deny nor bend what a rule read.
    """
    kept = list(ruled)
    added = 0
    for claim in told:
        if added == CLAIMS_MAX:
            break
        if not any(_same(claim, other) for other in kept):
            kept.append(claim)
            added += 1
    return sorted(kept, key=lambda claim: (claim.start, claim.end))


def _same(one: Claim, other: Claim) -> bool:
    if subject_key(one.subject) != subject_key(other.subject):
        return False
    if _group(one.relation) != _group(other.relation):
        return False
    if object_key(one.relation, one.object) == object_key(other.relation, other.object):
        return True
    apart = one.end <= other.start or other.end <= one.start
    if apart or len(one.object) + len(other.object) > CLOSE_CHARS_MAX:
        return False
    words, others = set(words_of(one.object)), set(words_of(other.object))
    return words <= others or others <= words


def _group(relation: str) -> str:
    return OPPOSITES.get(relation, relation)
