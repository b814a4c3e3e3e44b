"""Witnesses for and against → how sure, and what that is called.

A fact starts from Beta(1, 1/4), about how often an extracted claim is right. Each independent witness
adds its certainty to α and the rest to β; a witness against adds to β. The same person repeating
something is one witness. No amount of evidence lifts a fact above the trust of its best source.

Source:
    The Beta reputation system (Jøsang & Ismail, 2002). Differs: a witness counts once, with its best
    statement, and sources have ceilings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mnemic.agent.facts.fact import Status

PRIOR_FOR, PRIOR_AGAINST = 1.0, 0.25
VERIFIED_MIN = 0.9
"""Trust and confidence that a fact needs to be verified by witnesses alone."""

CONFIRMED = 0.99
"""The trust of a person's explicit word about a fact; nothing said in a text reaches it."""


@dataclass(frozen=True, slots=True)
class Word:
    """What one witness has to say: for (`certainty` near 1) or against a fact, with what trust."""

    witness: str
    certainty: float
    trust: float
    against: bool = False


@dataclass(frozen=True, slots=True)
class Belief:
    """How sure a fact is: the Beta parameters, their mean under the ceiling, and its name."""

    supports: float
    contradicts: float
    confidence: float
    status: Status
    witnesses: int


def believe(words: Iterable[Word], *, confirmed: bool = False) -> Belief:
    """The belief that these words make, whatever their order.

    Args:
        words: everything said for and against the fact; a witness that repeats itself counts once.
        confirmed: whether a person explicitly confirmed the fact.
    """
    best: dict[tuple[str, bool], Word] = {}
    for word in words:
        key = (word.witness, word.against)
        if key not in best or (word.certainty, word.trust) > (
            best[key].certainty,
            best[key].trust,
        ):
            best[key] = word
    alpha, beta = PRIOR_FOR, PRIOR_AGAINST
    # A sum whose order is fixed, so that the same words give the same bits.
    for _, word in sorted(best.items()):
        if word.against:
            beta += word.certainty * word.trust
        else:
            alpha += word.certainty
            beta += 1 - word.certainty
    supporting = [word for word in best.values() if not word.against]
    contested = any(word.against for word in best.values())
    ceiling = CONFIRMED if confirmed else max((word.trust for word in supporting), default=0.0)
    confidence = min(CONFIRMED if confirmed else alpha / (alpha + beta), ceiling)
    hedged = all(word.certainty < 1 for word in supporting)
    status: Status = "unverified"
    trusted = sum(word.trust >= VERIFIED_MIN and word.certainty == 1 for word in supporting)
    if confirmed or (trusted >= 2 and not contested and confidence >= VERIFIED_MIN):
        status = "verified"
    elif hedged or contested:
        status = "experimental"
    return Belief(alpha, beta, confidence, status, len(supporting))
