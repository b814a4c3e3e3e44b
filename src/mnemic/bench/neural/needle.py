"""Needles in a haystack, in the form of RULER's, with one token a word or digit.

    sentence … [the special number of brave kite is : 4 0 7 1 9 9 2 .] … sentence
    what the special number of brave kite is ? the special number of brave kite is : 4 0 7 1 9 9 2

Every needle stands between two sentences at a random depth. The label of a token is the next token
of the answer; an answer counts as a whole.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import torch
from torch import Tensor

from mnemic.bench.neural import needle_words as words
from mnemic.bench.neural.task import IGNORED
from mnemic.errors import InvalidTensor

HAYSTACKS = ("repeated", "varied")
VALUES = ("number", "code")
KEYS = len(words.ADJECTIVES) * len(words.NOUNS)


@dataclass(frozen=True, slots=True)
class Needle:
    """One kind of haystack.

    Args:
        length: T, question and answer included.
        haystack: repeated (a few sentences over and over) or varied (a small grammar).
        value: number (7 digits) or code (a UUID, 36 tokens).
        needles: how many, each with a key of its own.
        queries: how many of them are asked, one behind the other.
        whole: whether a sequence counts only if all of it is right; else every digit does.

    Raises:
        InvalidTensor: no such haystack or value; more needles than keys, or than fit into T.

    Source:
        RULER (Hsieh et al., 2024), section 3 and appendix B, arXiv:2404.06654. Differs: words and
        grammar are ours, one token a word, no introduction, the haystack is cut to T exactly.
    """

    length: int
    haystack: str = "varied"
    value: str = "number"
    needles: int = 1
    queries: int = 1
    whole: bool = True

    def __post_init__(self) -> None:
        for name, given, known in (
            ("haystack", self.haystack, HAYSTACKS),
            ("value", self.value, VALUES),
        ):
            if given not in known:
                raise InvalidTensor(f"{name} is {given!r}; it is one of: {', '.join(known)}")
        if not 1 <= self.queries <= self.needles <= KEYS:
            raise InvalidTensor(
                f"needles is {self.needles!r}, queries {self.queries!r}; at least 1 is asked, no "
                f"more than there are, and there are {KEYS} keys"
            )
        if self.room < 0:
            raise InvalidTensor(
                f"{self.needles} needles and {self.queries} questions need "
                f"{self.length - self.room} tokens; length is {self.length!r}"
            )

    @property
    def vocabulary(self) -> int:
        """How many words, digits and marks there are."""
        return len(words.VOCABULARY)

    @property
    def tokens(self) -> int:
        """T."""
        return self.length

    @property
    def room(self) -> int:
        """Tokens left for the haystack."""
        value, key = (7 if self.value == "number" else 36), ("", "")
        told = len(words.needle(self.value, key, ())) + value
        asked = len(words.question(self.value, key)) + value + 1
        return self.length - self.needles * told - self.queries * asked + 1

    @property
    def name(self) -> str:
        """S1, S2, S3 as in RULER, MK4 with 4 needles, MQ2of4 with 2 of them asked; then @T.

        Where every digit counts, "digits" behind it.
        """
        single = {
            ("repeated", "number"): "S1",
            ("varied", "number"): "S2",
            ("varied", "code"): "S3",
        }
        kind = single.get((self.haystack, self.value), f"{self.haystack} {self.value}")
        if self.needles > 1:
            many = f"MK{self.needles}" if self.queries == 1 else f"MQ{self.queries}of{self.needles}"
            kind = many if kind == "S2" else f"{many} {kind}"
        return f"{kind}@{self.length}{'' if self.whole else ' digits'}"

    def sample(self, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Sequences and labels, both [batch, T] int64."""
        tokens = torch.empty(batch, self.length, dtype=torch.int64)
        labels = torch.full_like(tokens, IGNORED)
        for row in range(batch):
            seed = int(torch.randint(2**62, (1,), generator=generator))
            text, answers = self._text(random.Random(seed))  # noqa: S311  reproducible, no secret
            numbers = [words.TOKEN[word] for word in text]
            tokens[row] = torch.tensor(numbers)
            for start, stop in answers:
                labels[row, start - 1 : stop - 1] = torch.tensor(numbers[start:stop])
        return tokens, labels

    def _text(self, rng: random.Random) -> tuple[list[str], list[tuple[int, int]]]:
        """The words, and where answers begin and end."""
        make = words.number if self.value == "number" else words.code
        keys = [
            (words.ADJECTIVES[n // len(words.NOUNS)], words.NOUNS[n % len(words.NOUNS)])
            for n in rng.sample(range(KEYS), self.needles)
        ]
        told = [(key, make(rng)) for key in keys]
        hay = self._hay(rng)
        depths = sorted(rng.randint(0, len(hay)) for _ in told)
        for depth, (key, value) in reversed(list(zip(depths, told, strict=True))):
            hay.insert(depth, words.needle(self.value, key, value))
        text = [word for sentence in hay for word in sentence]
        answers = []
        for key, value in rng.sample(told, self.queries):
            text += words.question(self.value, key)
            answers.append((len(text), len(text) + len(value)))
            text += [*value, "."]
        return text[:-1], answers

    def _hay(self, rng: random.Random) -> list[list[str]]:
        """Sentences of `room` words in all, the first one without its beginning."""
        source = words.repeated() if self.haystack == "repeated" else words.varied(rng)
        hay: list[list[str]] = []
        short = self.room
        while short > 0:
            hay.append(next(source))
            short -= len(hay[-1])
        if short < 0:
            hay.insert(0, hay.pop()[-short:])
        return hay
