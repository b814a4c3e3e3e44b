"""The words of needles and haystacks, and their numbers as tokens; lists and grammar of our own.

One word, digit or mark is one token. Needles are found by an adjective and a noun that no sentence
of the haystack uses.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import cycle


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ADJECTIVES = _words(
    "amber brave calm damp eager faint gentle hollow icy jolly keen lofty mellow narrow odd plain "
    "quiet rusty silent tidy upper vivid wooden young"
)
NOUNS = _words(
    "anchor basket candle drum easel fiddle goblet helmet inkwell jug kite lantern mitten needle "
    "oar pillow quiver ribbon saddle teapot umbrella vase wagon zither"
)
NOISE = tuple(
    _words(text)
    for text in (
        "the road is long .",
        "the hill is far .",
        "the rain is cold .",
        "on we walk .",
        "then home we turn .",
    )
)
"""Said again and again, in this order: the haystack of S1."""

ARTICLES = _words("a this that every some")
QUALITIES = _words("old small bright heavy famous broken empty green patient clever")
BEINGS = _words("farmer teacher sailor painter doctor child neighbour baker judge singer")
DEEDS = _words("found carried painted forgot sold mended watched counted borrowed hid")
OBJECTS = _words("boat bridge garden letter mirror coin ladder map clock bread")
PLACES = _words("market harbour valley library station tower island kitchen meadow square")
LINKS = _words("near behind beyond inside above")
ENDINGS = _words("yesterday slowly again together alone")

DIGITS = _words("0 1 2 3 4 5 6 7 8 9")
HEX = (*DIGITS, *_words("a~ b~ c~ d~ e~ f~"))
"""Hexadecimal digits; those beyond 9 are no words of a sentence."""

FRAME = _words("the special number code of is : . ? what and -")

VOCABULARY = tuple(
    dict.fromkeys(
        (
            *FRAME, *(word for sentence in NOISE for word in sentence), *ADJECTIVES, *NOUNS,
            *ARTICLES, *QUALITIES, *BEINGS, *DEEDS, *OBJECTS, *PLACES, *LINKS, *ENDINGS, *HEX,
        )
    )
)  # fmt: skip
"""All tokens, by number."""

TOKEN = {word: number for number, word in enumerate(VOCABULARY)}


def number(rng: random.Random) -> list[str]:
    """Seven digits, the first of them not 0."""
    return [rng.choice(DIGITS[1:]), *(rng.choice(DIGITS) for _ in range(6))]


def code(rng: random.Random) -> list[str]:
    """A random UUID: 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12, with hyphens."""
    digits = [rng.choice(HEX) for _ in range(32)]
    for place in (20, 16, 12, 8):
        digits.insert(place, "-")
    return digits


def needle(kind: str, key: Sequence[str], value: Sequence[str]) -> list[str]:
    """The sentence that tells a value; `kind` is number or code."""
    return [*asked(kind, key), *value, "."]


def question(kind: str, key: Sequence[str]) -> list[str]:
    """The question, and the answer as far as its colon."""
    return ["what", *asked(kind, key)[:-1], "?", *asked(kind, key)]


def asked(kind: str, key: Sequence[str]) -> list[str]:
    """What stands in front of a value, in the needle as in the answer."""
    return ["the", "special", kind, "of", *key, "is", ":"]


def repeated() -> Iterator[list[str]]:
    """The same few sentences, over and over."""
    return (list(sentence) for sentence in cycle(NOISE))


def varied(rng: random.Random) -> Iterator[list[str]]:
    """Sentences of a small grammar: who did what to what, and perhaps where and how."""
    while True:
        words = [*_thing(rng, BEINGS), rng.choice(DEEDS), *_thing(rng, OBJECTS)]
        if rng.random() < 0.6:
            words += [rng.choice(LINKS), "the", rng.choice(PLACES)]
        if rng.random() < 0.3:
            words.append(rng.choice(ENDINGS))
        if rng.random() < 0.2:
            words += ["and", rng.choice(DEEDS), *_thing(rng, OBJECTS)]
        yield [*words, "."]


def _thing(rng: random.Random, names: Sequence[str]) -> list[str]:
    quality = [rng.choice(QUALITIES)] if rng.random() < 0.5 else []
    return [rng.choice(("the", *ARTICLES)), *quality, rng.choice(names)]
