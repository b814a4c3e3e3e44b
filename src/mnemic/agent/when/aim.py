"""What a question asks of order and number: the first time, the latest, how often, when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mnemic.agent.when.grammar import TEXT_CHARS_MAX

AimKind = Literal["", "first", "last", "count", "before_event", "after_event", "at", "when"]


@dataclass(frozen=True, slots=True)
class Aim:
    """What a question asks of order and number, and by which words.

    `kind` is "" for a plain question; "first" and "last" ask for the earliest and latest of several;
    "count" for how many; "before_event" and "after_event" for what stood next to something; "at"
    for one moment; "when" for a time as the answer. `saying` tells whether it is asked when a thing
    was said rather than when it happened; `own` whether the asker asks of themselves.
    """

    kind: AimKind = ""
    phrase: str = ""
    saying: bool = False
    own: bool = False


_I = re.IGNORECASE
# A word of time or of saying beside "first" and "last": "my first job" asks for no order of memories,
# "first mention" does.
_TIMES = (
    r"(?:time|occasion|mention|message|conversation|session|chat|talk|visit|trip|meeting|call|"
    r"appearance|occurrence|instance|entry|episode|note|update|report)s?"
)
_VERBS = (
    r"(?:say|said|tell|told|mention(?:ed)?|ask(?:ed)?|talk(?:ed)?|discuss(?:ed)?|speak|spoke|write|"
    r"wrote|bring|brought|meet|met|see|saw|hear|heard|visit(?:ed)?|go|went|try|tried|use[d]?|do|did|"
    r"eat|ate|buy|bought|start(?:ed)?|begin|began|notice[d]?|happen(?:ed)?|report(?:ed)?|move[d]?|"
    r"call(?:ed)?|hear)"
)
_SAYING = re.compile(
    r"\b(?:said|say|tell|told|mention(?:ed)?|ask(?:ed)?|talk(?:ed)?|discuss(?:ed)?|spoke|speak|wrote|"
    r"write|message|conversation|chat|gesagt|sagte|erwähnt|erzählt|gesprochen|dit|parlé|mentionné|"
    r"dijo|dije|habló|mencionó|disse|falou|mencionou|detto|parlato|menzionato|gezegd|zei|verteld|"
    r"genoemd|noemden?)\b",
    _I,
)
_OWN = re.compile(
    r"\b(?:I|we|my|our|ich|wir|je|j['’]ai|nous|yo|nosotros|hemos|eu|nós|io|noi|ho|abbiamo|ik|wij)\b"
)
_WORDS: Sequence[tuple[AimKind, Sequence[str]]] = (
    ("count", (
        r"\bhow\s+many\s+(?:times|occasions)\b", r"\bhow\s+often\b", r"\bnumber\s+of\s+times\b",
        r"\bwie\s+oft\b", r"\bwie\s?viele\s+male\b", r"\bcombien\s+de\s+fois\b",
        r"\bcu[aá]ntas\s+veces\b", r"\bquantas\s+vezes\b", r"\bquante\s+volte\b",
        r"\bhoe\s+vaak\b", r"\bhoeveel\s+keer\b",
    )),
    ("last", (
        rf"\b(?:the|my|our|your|his|her|their)\s+(?:very\s+)?last\s+{_TIMES}\b",
        r"\bmost\s+recent(?:ly)?\b", r"\blatest\b", rf"\blast\s+{_VERBS}\b",
        r"\bzum\s+letzten\s+mal\b", r"\bdas\s+letzte\s+mal\b", r"\bzuletzt\b",
        r"\b(?:la\s+)?derni[eè]re\s+fois\b", r"\ben\s+dernier\b",
        r"\b[uú]ltima\s+(?:vez|volta)\b", r"\b(?:de\s+)?laatste\s+keer\b", r"\bvoor\s+het\s+laatst\b",
    )),
    ("first", (
        rf"\b(?:the|my|our|your|his|her|their)\s+(?:very\s+)?first\s+{_TIMES}\b",
        r"\bfirst\s+ever\b", r"\bearliest\b", rf"\bfirst\s+{_VERBS}\b", r"\bfor\s+the\s+first\s+time\b",
        r"\bzum\s+ersten\s+mal\b", r"\bdas\s+erste\s+mal\b", r"\bzuerst\b",
        r"\bpremi[eè]re\s+fois\b", r"\ben\s+premier\b", r"\bprimera\s+vez\b",
        r"\bprimeira\s+vez\b", r"\bprima\s+volta\b", r"\b(?:de\s+)?eerste\s+keer\b",
        r"\bvoor\s+het\s+eerst\b",
    )),
    ("before_event", (
        r"\b(?:right|just|immediately|shortly|directly)\s+before\b", r"\bkurz\s+(?:be)?vor\b",
        r"\bjuste\s+avant\b", r"\bjusto\s+antes\b", r"\blogo\s+antes\b", r"\bsubito\s+prima\b",
        r"\bvlak\s+voor\b",
    )),
    ("after_event", (
        r"\b(?:right|just|immediately|shortly|directly|soon)\s+after\b", r"\bkurz\s+nach(?:dem)?\b",
        r"\bjuste\s+apr[eè]s\b", r"\bjusto\s+despu[eé]s\b", r"\blogo\s+(?:depois|ap[oó]s)\b",
        r"\bsubito\s+dopo\b", r"\bvlak\s+na\b",
    )),
    ("when", (
        r"^\W*when\s+(?:did|do|does|was|were|is|are|will|have|has|had|am)\b",
        r"\b(?:on\s+)?(?:what|which)\s+(?:date|day|month|year|week)\s+(?:did|was|were|is|are|do|does|had|has|have|of\b)",
        r"\b(?:at\s+)?what\s+time\s+(?:did|was|were|is|do|does)\b", r"\bsince\s+when\b",
        r"^\W*wann\b", r"^\W*quand\b", r"^\W*cu[aá]ndo\b", r"^\W*quando\b", r"^\W*wanneer\b",
    )),
    ("at", (
        r"\bat\s+the\s+(?:moment|time|point)\s+(?:when|that|of)\b", r"\bat\s+that\s+(?:moment|time)\b",
    )),
)  # fmt: skip
_KINDS = tuple((kind, re.compile("|".join(parts), _I)) for kind, parts in _WORDS)
# "at last", "last but not least", "the latest version": no order of memories is asked for.
_OTHERWISE = re.compile(
    r"\b(?:at\s+(?:the\s+)?(?:last|latest|earliest)\b|latest\s+(?:version|release|model|trends?|technology)|"
    r"last\s+but)",
    _I,
)


def parse_aim(query: str) -> Aim:
    """What a question asks of order and number; its first 2,000 characters are looked at.

    Of several, a count comes before the first and last, and those before a "when": "when did I
    first swim" asks for the first.
    """
    text = query[:TEXT_CHARS_MAX]
    saying = _SAYING.search(text) is not None
    for kind, pattern in _KINDS:
        for match in pattern.finditer(text):
            other = _OTHERWISE.search(text, max(0, match.start() - 8), match.end() + 16)
            if match[0].lower() in ("latest", "earliest") and not saying:
                continue  # "her latest book" is a book, "the latest she said" an order
            if other is None or other.end() <= match.start() or other.start() >= match.end():
                return Aim(
                    kind,
                    match[0].strip(),
                    saying=saying,
                    own=_OWN.search(text) is not None,
                )
    return Aim()
