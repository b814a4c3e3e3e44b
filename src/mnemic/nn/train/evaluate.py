"""How well a model predicts a text, with the whole of it in memory or only a part."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from mnemic.errors import InvalidInput
from mnemic.nn.models import CausalModel

PIECE = 512
"""Tokens that are read at once where the state is carried over a whole text."""

LOGITS_AT_ONCE = 2**22
"""Numbers in double precision that are held at once: a large vocabulary is read in small pieces."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a text was predicted, all of it but the first token.

    Args:
        context: tokens after which the state was cleared; None: never.
        tokens: that were predicted.
        text_bytes: of their text.
        nats: negative log likelihood of all of them.
        seconds: that it took.
    """

    context: int | None
    tokens: int
    text_bytes: int
    nats: float
    seconds: float

    @property
    def bits_per_byte(self) -> float:
        """What a byte of the text costs; comparable between tokenizers."""
        return self.nats / math.log(2) / self.text_bytes

    @property
    def perplexity(self) -> float:
        """Per token: from how many equally likely tokens it would be as hard to choose."""
        return math.exp(min(self.nats / self.tokens, 700.0))

    @property
    def tokens_per_s(self) -> float:
        """Tokens read a second."""
        return self.tokens / self.seconds


def evaluate(
    model: CausalModel,
    line: Tensor,
    text_bytes: int,
    context: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Reads the text and adds up what it costs.

    Every token but the first is predicted, whatever the context: with the state cleared every T
    tokens, the first of a window sees one token and the last T.

    Args:
        model: that predicts.
        line: [N] tokens, in order.
        text_bytes: of the text of line[1:].
        context: T; None: the state is carried over the whole text.
        progress: is told of tokens done and in all.

    Raises:
        InvalidInput: fewer than two tokens, or a context below 1.
    """
    if len(line) < 2 or text_bytes < 1:
        raise InvalidInput(f"a text of {len(line)} tokens has nothing to predict; give more")
    if context is not None and context < 1:
        raise InvalidInput(f"context is {context!r}; it must be 1 or more")
    began, nats, done = time.perf_counter(), 0.0, 0
    total = len(line) - 1
    state: Any = None
    for tokens in _pieces(line, context, model.config.vocabulary):
        with torch.no_grad():
            read = model(tokens[:, :-1], state)
        state = read.state if context is None else None
        wide = read.logits.flatten(0, 1).double()
        nats += float(cross_entropy(wide, tokens[:, 1:].flatten(), reduction="sum"))
        done += tokens[:, 1:].numel()
        if progress is not None:
            progress(done, total)
    return Evaluation(context, total, text_bytes, nats, time.perf_counter() - began)


def _pieces(line: Tensor, context: int | None, vocabulary: int) -> list[Tensor]:
    """[B, T + 1] each: what is read at once, and what it predicts."""
    room = max(1, LOGITS_AT_ONCE // vocabulary)
    length = min(PIECE, room) if context is None else context
    side_by_side = 1 if context is None else max(1, room // length)
    whole = (len(line) - 1) // length
    pieces = []
    for first in range(0, whole, side_by_side):
        rows = range(first, min(first + side_by_side, whole))
        pieces.append(torch.stack([line[r * length : (r + 1) * length + 1] for r in rows]))
    if (rest := line[whole * length :]).shape[0] > 1:
        pieces.append(rest.unsqueeze(0))
    return pieces
