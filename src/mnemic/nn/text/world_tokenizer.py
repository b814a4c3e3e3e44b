"""The World tokenizer: of all tokens that fit, the longest; over bytes, so that nothing is unknown."""

from __future__ import annotations

import ast
import codecs
from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import Path

from mnemic.errors import InvalidText, NotAVocabulary
from mnemic.nn.files import write_whole

WORLD_FILE = "rwkv_vocab.txt"
END_OF_TEXT = 0

HEAD = 4
"""Bytes by which longer tokens are looked up: long enough that few begin alike."""


class WorldStream:
    """UTF-8 in pieces.

    Args:
        bytes_of: the bytes of a token.
    """

    def __init__(self, bytes_of: Callable[[int], bytes]) -> None:
        self._bytes_of = bytes_of
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, token: int) -> str:
        """The characters that this token completes."""
        return self._decoder.decode(self._bytes_of(token))

    def end(self) -> str:
        """U+FFFD if a character was left unfinished."""
        return self._decoder.decode(b"", final=True)


class WorldTokenizer:
    """Text to tokens and back, by a vocabulary file such as `rwkv_vocab_v20230424.txt`.

    A line is a number, a Python literal of text or bytes, and its length in bytes. Token 0 ends a
    text; it has no bytes and stands in no file.

    Args:
        path: of the file.

    Raises:
        FileNotFoundError: there is no such file.
        NotAVocabulary: names the line that cannot be read, or a byte for which there is no token.

    Source:
        RWKV World tokenizer (Peng Bo, 2023): greedy longest match over a trie of bytes.
        Differs: two dictionaries instead of the trie, with the same tokens.
    """

    end_of_text = END_OF_TEXT

    def __init__(self, path: str | Path) -> None:
        self._bytes = _read(Path(path))
        self._ids = {token: number for number, token in self._bytes.items()}
        lengths: dict[bytes, set[int]] = {}
        for token in self._ids:
            if len(token) > HEAD:
                lengths.setdefault(token[:HEAD], set()).add(len(token))
        # By their first bytes, the lengths of longer tokens, longest first.
        self._longer = {head: tuple(sorted(some, reverse=True)) for head, some in lengths.items()}

    @property
    def vocabulary(self) -> int:
        """One more than the largest token."""
        return max(self._bytes) + 1

    def encode(self, text: str) -> list[int]:
        """The tokens of a text.

        Raises:
            InvalidText: a lone surrogate, which has no bytes.
        """
        try:
            return self.encode_bytes(text.encode())
        except UnicodeEncodeError as wrong:
            raise InvalidText(
                f"the text has the lone surrogate {text[wrong.start]!r} at {wrong.start}; "
                "decode it from its bytes first"
            ) from wrong

    def encode_bytes(self, data: bytes) -> list[int]:
        """The tokens of any bytes; `decode_bytes` gives them back."""
        ids, longer, tokens, start = self._ids, self._longer, [], 0
        while start < len(data):
            head = data[start : start + HEAD]
            for length in longer.get(head, ()):
                piece = data[start : start + length]
                if piece in ids:
                    break
            else:
                # Ends at one byte at the latest: every byte is a token.
                piece = head
                while piece not in ids:
                    piece = piece[:-1]
            tokens.append(ids[piece])
            start += len(piece)
        return tokens

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """The bytes of tokens; the end of a text has none.

        Raises:
            InvalidText: names a token that is in no vocabulary.
        """
        return b"".join(map(self._one, tokens))

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of tokens; bytes that are no UTF-8 become U+FFFD."""
        return self.decode_bytes(tokens).decode(errors="replace")

    def stream(self) -> WorldStream:
        """A new stream; its texts, joined, are `decode`'s."""
        return WorldStream(self._one)

    @property
    def fingerprint(self) -> str:
        """A hash of the vocabulary."""
        return f"world:{blake2b(self._lines(), digest_size=16).hexdigest()}"

    def save(self, folder: Path) -> None:
        """Writes the vocabulary as a file of the same form."""
        write_whole(folder / WORLD_FILE, self._lines())

    def _lines(self) -> bytes:
        some = sorted(self._bytes.items())
        return "".join(f"{n} {token!r} {len(token)}\n" for n, token in some).encode()

    def _one(self, token: int) -> bytes:
        if token == END_OF_TEXT:
            return b""
        found = self._bytes.get(int(token))
        if found is None:
            raise InvalidText(f"token {token!r} has no text in this vocabulary")
        return found


def _read(path: Path) -> dict[int, bytes]:
    """The tokens by number."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no vocabulary at {str(path)!r}")
    tokens: dict[int, bytes] = {}
    seen: dict[bytes, int] = {}
    try:
        # Split by hand: a token may hold what Python takes for the end of a line.
        lines = path.read_bytes().decode().split("\n")
    except UnicodeDecodeError as wrong:
        raise NotAVocabulary(f"{str(path)!r} is not UTF-8: {wrong}") from wrong
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            token, value = _parse(line)
            if token in tokens:
                raise ValueError(f"token {token} is there twice")
            if value in seen:
                raise ValueError(f"{value!r} is token {seen[value]} too")
        except ValueError as wrong:
            raise NotAVocabulary(
                f"{str(path)!r}, line {number}: {wrong}; line: {line[:80]!r}"
            ) from wrong
        tokens[token], seen[value] = value, token
    lacking = [byte for byte in range(256) if bytes([byte]) not in seen]
    if lacking:
        raise NotAVocabulary(
            f"{str(path)!r} has no token for the byte {lacking[0]:#04x} and {len(lacking) - 1} "
            "more; some texts could not be encoded. Is the file whole?"
        )
    return tokens


def _parse(line: str) -> tuple[int, bytes]:
    """The number and the bytes that a line says.

    Raises:
        ValueError: says what is wrong with the line.
    """
    first, last = line.find(" "), line.rstrip().rfind(" ")
    number, literal, length = line[:first], line[first:last].strip(), line[last:].strip()
    if first < 0 or last <= first or not number.isdecimal() or not length.isdecimal():
        raise ValueError("a line is a number, a literal and its length")
    if int(number) == 0:
        raise ValueError("token 0 ends a text, and cannot be one")
    # Texts and bytes only: nothing that could nest, or be long to evaluate.
    if literal[:1] not in "'\"" and literal[:2] not in ("b'", 'b"'):
        raise ValueError("its literal is neither text nor bytes")
    try:
        value = ast.literal_eval(literal)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as wrong:
        raise ValueError(f"its literal cannot be read ({wrong})") from wrong
    if not isinstance(value, str | bytes):
        raise ValueError("its literal is neither text nor bytes")
    token = value.encode() if isinstance(value, str) else value
    if len(token) != int(length):
        raise ValueError(f"its token has {len(token)} bytes, not {int(length)}")
    if not token:
        raise ValueError("its token is empty")
    return int(number), token
