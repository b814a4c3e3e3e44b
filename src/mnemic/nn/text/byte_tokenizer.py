"""The 256 bytes, and one token between texts."""

from __future__ import annotations

import codecs
import json
from collections.abc import Sequence
from pathlib import Path

from mnemic.nn.files import write_whole

BYTES_FILE = "bytes_tokenizer.json"
END_OF_TEXT = 256


class ByteStream:
    """UTF-8 in pieces."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, token: int) -> str:
        """The characters that this byte completes; tokens beyond the bytes say nothing."""
        return self._decoder.decode(bytes([token])) if token < END_OF_TEXT else ""

    def end(self) -> str:
        """U+FFFD if a character was left unfinished."""
        return self._decoder.decode(b"", final=True)


class ByteTokenizer:
    """Each byte of the text's UTF-8 is a token; nothing is unknown, nothing is learned."""

    vocabulary = 257
    end_of_text = END_OF_TEXT
    fingerprint = "bytes"

    def encode(self, text: str) -> list[int]:
        """The bytes."""
        return list(text.encode())

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of the bytes, with U+FFFD for what is no UTF-8."""
        return bytes(t for t in tokens if t < END_OF_TEXT).decode(errors="replace")

    def stream(self) -> ByteStream:
        """A new stream."""
        return ByteStream()

    def save(self, folder: Path) -> None:
        """Writes a file that says that tokens are bytes."""
        described = {"kind": "bytes", "end_of_text": END_OF_TEXT}
        write_whole(folder / BYTES_FILE, (json.dumps(described) + "\n").encode())
