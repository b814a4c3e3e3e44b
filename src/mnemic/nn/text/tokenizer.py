"""What every tokenizer is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class TextStream(Protocol):
    """Tokens in one by one, text out as soon as it is whole characters."""

    def feed(self, token: int) -> str:
        """The text that this token completes; often a token more is needed, then it is empty."""

    def end(self) -> str:
        """What is left, with U+FFFD for characters that were never completed."""


class Tokenizer(Protocol):
    """Text to tokens and back."""

    @property
    def vocabulary(self) -> int:
        """How many tokens there are."""

    @property
    def end_of_text(self) -> int | None:
        """The token between texts, or None if there is none."""

    @property
    def fingerprint(self) -> str:
        """A short name; tokenizers that tell texts apart differently have different ones."""

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, without any around it."""

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens, with U+FFFD for what is no text; end_of_text says nothing."""

    def stream(self) -> TextStream:
        """A new stream, at the start of a text."""

    def save(self, folder: Path) -> None:
        """Writes what `load_tokenizer` reads."""
