"""Text as bytes: windows to train on, and bits per byte on a tail that nobody was trained on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from mnemic.errors import InvalidInput, InvalidTensor
from mnemic.nn.models import LanguageModel

TAIL_SHARE, TAIL_MAX = 0.1, 32_768
"""What is held out: a tenth, and no more than this many bytes."""


@dataclass(frozen=True, eq=False)
class Text:
    """Windows at random places of a text; every byte asks for the next.

    Args:
        data: [N] uint8.
        length: T.
        vocabulary: 256 bytes.
        whole: whether a window counts only if every byte is foreseen.

    Raises:
        InvalidTensor: a text not longer than T.
    """

    data: Tensor
    length: int
    vocabulary: int = 256
    whole: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.length < len(self.data):
            raise InvalidTensor(
                f"length is {self.length!r}; it must be at least 1 and less than the text's "
                f"{len(self.data)} bytes"
            )

    @property
    def tokens(self) -> int:
        """T."""
        return self.length

    @property
    def name(self) -> str:
        """Such as text@256."""
        return f"text@{self.length}"

    def sample(self, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Bytes and the bytes that follow them, both [batch, T] int64."""
        starts = torch.randint(len(self.data) - self.length, (batch, 1), generator=generator)
        windows = self.data[starts + torch.arange(self.length + 1)].long()
        return windows[:, :-1], windows[:, 1:]


def read_text(paths: Sequence[Path]) -> tuple[Tensor, Tensor]:
    """Bytes to train on and the tail held out, both uint8.

    Raises:
        InvalidInput: no path, a file that cannot be read, or too little text.
    """
    if not paths:
        raise InvalidInput("no text was given; name at least one file")
    parts = []
    for path in paths:
        try:
            parts.append(path.read_bytes())
        except OSError as wrong:
            raise InvalidInput(f"{str(path)!r} cannot be read: {wrong.strerror}") from wrong
    raw = b"\n".join(parts)
    if len(raw) < 100:
        raise InvalidInput(f"the text has {len(raw)} bytes; give at least 100, better 100,000")
    data = torch.frombuffer(bytearray(raw), dtype=torch.uint8)
    tail = min(TAIL_MAX, round(TAIL_SHARE * len(data)))
    return data[:-tail], data[-tail:]


def bits_per_byte(
    model: LanguageModel, tail: Tensor, context: int, pieces: int | None, batch: int = 16
) -> float:
    """Mean over the bytes of the tail, each foreseen from those before it in its stretch.

    Args:
        model: to ask.
        tail: [N] uint8.
        context: bytes read at once.
        pieces: contexts of a stretch; the state is carried from one to the next and begins fresh at
            the next stretch. None: the tail is one stretch.
        batch: stretches at once.
    """
    lost = counted = 0.0
    with torch.no_grad():
        for rows in _stretches(tail.long(), None if pieces is None else pieces * context, batch):
            state = None
            for start in range(0, rows.shape[1] - 1, context):
                piece = rows[:, start : start + context + 1]
                logits, state = model(piece[:, :-1], state)
                answers = piece[:, 1:].flatten()
                lost += float(cross_entropy(logits.flatten(0, 1), answers, reduction="sum"))
                counted += answers.numel()
    return lost / counted / math.log(2)


def _stretches(tail: Tensor, length: int | None, batch: int) -> Iterator[Tensor]:
    """[rows, length + 1] with one byte shared between neighbours; what is left over last."""
    if length is None or len(tail) - 1 <= length:
        yield tail.unsqueeze(0)
        return
    windows = tail.unfold(0, length + 1, length)
    yield from torch.split(windows, batch)
    used = len(windows) * length
    if len(tail) - used > 1:
        yield tail[used:].unsqueeze(0)
