"""Texts as two lines of tokens: one to learn from, and its tail, which is held out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import torch
from torch import Tensor

from mnemic.errors import InvalidInput, InvalidText
from mnemic.nn.text import Tokenizer


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Tokens in the order of the texts.

    Args:
        train: [N] int64, to learn from.
        held_out: [M] int64, the tail.
        train_bytes: of the text of `train`, in UTF-8.
        held_out_bytes: of the text of `held_out`.
        fingerprint: of both and of the tokenizer.
    """

    train: Tensor
    held_out: Tensor
    train_bytes: int
    held_out_bytes: int
    fingerprint: str


def read_texts(paths: Sequence[str | Path]) -> list[str]:
    """The texts of files.

    Raises:
        InvalidInput: no files, a file that is not there, or one without text.
        InvalidText: a file that is not UTF-8.
    """
    if not paths:
        raise InvalidInput("there is no text to read; give one file at least")
    texts = []
    for path in map(Path, paths):
        if not path.is_file():
            raise InvalidInput(f"there is no text file at {str(path)!r}")
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError as wrong:
            raise InvalidText(
                f"{str(path)!r} is not UTF-8 at byte {wrong.start}; convert it first"
            ) from wrong
        if not text:
            raise InvalidInput(f"{str(path)!r} is empty")
        texts.append(text)
    return texts


def read_corpus(
    texts: Sequence[str],
    tokenizer: Tokenizer | Callable[[Iterable[str]], Tokenizer],
    held_out: float = 0.05,
) -> tuple[Corpus, Tokenizer]:
    """The texts as tokens, the end of a text between them, and the tokenizer.

    Args:
        texts: in order.
        tokenizer: as it is, or what makes one from the texts to learn from: a vocabulary is
            learned without the held-out tail.
        held_out: share of the characters, at the end, that is not learned from.

    Raises:
        InvalidInput: a share that leaves nothing to learn from or nothing to evaluate on.
    """
    if not 0 < held_out < 1:
        raise InvalidInput(f"held_out is {held_out!r}; it is a share, between 0 and 1")
    front, tail = _split(texts, held_out)
    made = tokenizer(front) if callable(tokenizer) else tokenizer
    train, rest = tokens_of(front, made), tokens_of(tail, made)
    for name, line in (("to learn from", train), ("held out", rest)):
        if len(line) < 2:
            raise InvalidInput(f"the text {name} has {len(line)} tokens; give more text")
    total = blake2b(made.fingerprint.encode(), digest_size=16)
    for line in (train, rest):
        total.update(line.numpy().tobytes())
        total.update(b"|")
    sizes = [sum(len(text.encode()) for text in part) for part in (front, tail)]
    return Corpus(train, rest, sizes[0], sizes[1], total.hexdigest()), made


def _split(texts: Sequence[str], held_out: float) -> tuple[list[str], list[str]]:
    """The texts in two parts; one of them may be cut."""
    left = round(sum(map(len, texts)) * (1 - held_out))
    front, tail = [], []
    for text in texts:
        if head := text[: max(0, left)]:
            front.append(head)
        if rest := text[max(0, left) :]:
            tail.append(rest)
        left -= len(text)
    return front, tail


def tokens_of(texts: Sequence[str], tokenizer: Tokenizer) -> Tensor:
    """[N]: the texts in one line, with the end of a text between them."""
    line: list[int] = []
    for n, text in enumerate(texts):
        if n and tokenizer.end_of_text is not None:
            line.append(tokenizer.end_of_text)
        line += tokenizer.encode(text)
    return torch.tensor(line, dtype=torch.int64)
