"""Generated sentences and questions for the scale benchmark; our own word lists."""

from __future__ import annotations

import random


def _words(text: str, mark: str | None = None) -> tuple[str, ...]:
    return tuple(text.split(mark))


NAMES = _words(
    "Ada Bela Carmen Dario Elif Farid Greta Hugo Ines Jonas Kaya Lena Milo Nadia Oscar Petra Quinn "
    "Rosa Sami Tara Uwe Vera Wim Xenia Yara Zeno"
)
VERBS = _words(
    "visited repaired painted moved sold bought described measured planned cancelled finished "
    "started lost found borrowed returned cleaned compared tested photographed recorded designed"
)
THINGS = _words(
    "kitchen bicycle garden report invoice guitar laptop window database fence camera engine "
    "recipe letter ticket printer boat carpet lamp ladder server kettle violin telescope notebook "
    "sensor blanket drawer parcel bridge chimney compass hammock orchard pavement quilt"
)
PLACES = _words(
    "Lisbon Oslo Turin Ghent Porto Bergen Krakow Malmo Zagreb Bilbao Aarhus Basel Cork Dresden "
    "Florence Graz Haifa Izmir Jena Kyoto Leeds Mombasa Nantes Odense Perth Quito Riga Seville"
)
REASONS = _words(
    "before the meeting|because of the rain|after the long weekend|with help from the neighbours|"
    "although nobody had asked|in spite of the noise|as the doctor had advised|for the anniversary|"
    "while the shop was closed|since the lease ends soon",
    "|",
)
SYLLABLES = _words(
    "ba be bo da de do fa fe ka ke ko la le lo ma me mo na ne no ra re ro sa se so ta te to"
)
RARE = tuple(a + b + c for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES)
"""Names of projects, brands and people that an archive is full of: 24,389 rare words."""


def _zipf(rng: random.Random, words: tuple[str, ...]) -> str:
    """A word by a law in which the first are the most common."""
    return words[min(int(len(words) ** rng.random()) - 1, len(words) - 1)]


def sentence(rng: random.Random) -> str:
    """About twenty words."""
    return (
        f"{rng.choice(NAMES)} {rng.choice(VERBS)} the {_zipf(rng, RARE)} {rng.choice(THINGS)} in "
        f"{rng.choice(PLACES)} {rng.choice(REASONS)}, and {rng.choice(NAMES)} {rng.choice(VERBS)} "
        f"a {rng.choice(THINGS)} called {_zipf(rng, RARE)} for {rng.randrange(2, 900)} coins"
    )


def question(rng: random.Random) -> str:
    """A question that some sentence may answer; one in ten names a month."""
    asked = (
        f"Who {rng.choice(VERBS)} the {_zipf(rng, RARE)} {rng.choice(THINGS)} in "
        f"{rng.choice(PLACES)}?"
    )
    if rng.random() < 0.1:
        month = rng.choice(("March", "June", "September"))
        return f"What did they say in {month} {rng.choice((2023, 2024, 2025))} about it: {asked}"
    return asked
