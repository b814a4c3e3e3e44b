"""Tokens one by one: read the prompt, draw, read what was drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mnemic.errors import InvalidInput
from mnemic.nn.models.carried import CausalModel

PIECE = 512
"""Tokens of a prompt that are read at once: bounds the memory that their logits take."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a token is drawn from logits.

    Args:
        temperature: logits are divided by it; 0: the most likely token.
        top_p: only the most likely tokens that have this much probability together.

    Source:
        The Curious Case of Neural Text Degeneration (Holtzman et al., 2020), section 3.1 (top-p),
        arXiv:1904.09751.
    """

    temperature: float = 1.0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise InvalidInput(f"temperature is {self.temperature!r}; it must be 0 or more")
        if not 0 < self.top_p <= 1:
            raise InvalidInput(f"top_p is {self.top_p!r}; it must be above 0 and at most 1")

    def draw(self, logits: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Tokens [B] from logits [B, vocabulary]."""
        if self.temperature == 0:
            return logits.argmax(-1)
        # The highest is 0, so that no temperature makes an infinity of it.
        below = logits.double() - logits.double().amax(-1, keepdim=True)
        probability = (below / self.temperature).softmax(-1)
        ranked, order = probability.sort(dim=-1, descending=True, stable=True)
        # A token stays if what is before it does not yet have top_p: the first one always does.
        ranked = ranked.masked_fill(ranked.cumsum(-1) - ranked >= self.top_p, 0.0)
        rank = torch.multinomial(ranked, 1, generator=generator)
        return order.gather(-1, rank).squeeze(-1)


class Drawn(NamedTuple):
    """A token, and the state that has read it."""

    token: int
    state: Any


def read_prompt(model: CausalModel, tokens: Sequence[int], state: Any = None) -> tuple[Tensor, Any]:
    """Logits [1, vocabulary] of the next token, and the state after the prompt.

    Raises:
        InvalidInput: a prompt without tokens.
    """
    if not tokens:
        raise InvalidInput("the prompt has no tokens; give some text")
    line, logits = torch.tensor([list(tokens)]), torch.empty(0)
    with torch.no_grad():
        for start in range(0, line.shape[1], PIECE):
            read = model(line[:, start : start + PIECE], state)
            logits, state = read.logits[:, -1], read.state
    return logits, state


def generate(
    model: CausalModel,
    logits: Tensor,
    state: Any,
    *,
    tokens: int,
    sampling: Sampling | None = None,
    generator: torch.Generator | None = None,
) -> Iterator[Drawn]:
    """Draws tokens and reads each before it is given out.

    So a state that came with a token can go on at any time, also in another process.

    Args:
        model: that reads.
        logits: [1, vocabulary] of the first token.
        state: after the prompt.
        tokens: how many.
        sampling: how they are drawn; None: as the model says.
        generator: of chance.
    """
    sampling = sampling or Sampling()
    for _ in range(tokens):
        drawn = sampling.draw(logits, generator)
        with torch.no_grad():
            read = model.step(drawn, state)
            logits, state = read.logits, read.state
        yield Drawn(int(drawn), state)
