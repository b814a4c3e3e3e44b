"""The World tokenizer is the official one, and back and forth nothing is lost."""

# ruff: noqa: E402
from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
rwkv = pytest.importorskip("rwkv")

from hypothesis import given, settings
from hypothesis import strategies as st
from rwkv.rwkv_tokenizer import TRIE_TOKENIZER

from mnemic.errors import InvalidText, NotAVocabulary
from mnemic.nn.text import WorldTokenizer, load_tokenizer

VOCABULARY = Path(rwkv.__file__).parent / "rwkv_vocab_v20230424.txt"

TEXTS = [
    "",
    "The Eiffel tower is in the city of Paris.",
    "  def f(x: int) -> str:\n\t\treturn f'{x!r:>10}'  # done\r\n\r\n" * 3,
    "在一个令人震惊的发现中，科学家发现了一群生活在西藏的龙。「完美」",
    "日本語のテキスト、한국어 텍스트, Ελληνικά, עברית, العربية, हिन्दी, ไทย",
    "👩‍👩‍👧‍👦 🏳️‍🌈 😀😀😀 e\u0301 \u200b\ufeff\x00\x7f",
    "3.14159265358979 1,000,000 0xDEADBEEF " + " " * 200 + "-" * 200 + "\n" * 50,
    "<|endoftext|>\n\nUser: hi\n\nAssistant:",
]


@pytest.fixture(scope="module")
def mine() -> WorldTokenizer:
    return WorldTokenizer(VOCABULARY)


@pytest.fixture(scope="module")
def theirs() -> Any:
    return TRIE_TOKENIZER(str(VOCABULARY))


def test_every_token_is_the_official_one(mine: WorldTokenizer, theirs: Any) -> None:
    assert mine.vocabulary == 65530
    for number, value in theirs.idx2token.items():
        assert mine.decode_bytes([number]) == value
        assert mine.encode_bytes(value) == [number]


def streamed(tokenizer: WorldTokenizer, tokens: list[int]) -> list[str]:
    stream = tokenizer.stream()
    pieces = [stream.feed(token) for token in tokens] + [stream.end()]
    return [piece for piece in pieces if piece]


def test_it_is_saved_and_loaded_beside_a_model(mine: WorldTokenizer, tmp_path: Path) -> None:
    mine.save(tmp_path)
    again = load_tokenizer(tmp_path)
    assert again.fingerprint == mine.fingerprint
    assert again.encode(TEXTS[0]) == mine.encode(TEXTS[0])
    assert mine.decode([33, 0]) == mine.decode([33])


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_texts_become_the_official_tokens(mine: WorldTokenizer, theirs: Any, text: str) -> None:
    tokens = mine.encode(text)
    assert tokens == theirs.encode(text)
    assert mine.decode(tokens) == text
    assert "".join(streamed(mine, tokens)) == text


def test_any_bytes_become_the_official_tokens(mine: WorldTokenizer, theirs: Any) -> None:
    """Noise, and tokens of all lengths side by side, cut anywhere."""
    dice = random.Random(0)
    values = list(theirs.idx2token.values())
    for _ in range(200):
        noise = dice.randbytes(dice.randrange(100))
        line = b"".join(dice.choices(values, k=dice.randrange(30)))
        data = noise + line[dice.randrange(5) :] + "\n".join(TEXTS).encode()[: dice.randrange(900)]
        tokens = mine.encode_bytes(data)
        assert tokens == theirs.encodeBytes(data)
        assert mine.decode_bytes(tokens) == data


@settings(max_examples=200, deadline=None)
@given(st.text() | st.lists(st.sampled_from(TEXTS)).map("".join))
def test_text_comes_back(mine: WorldTokenizer, text: str) -> None:
    assert mine.decode(mine.encode(text)) == text


@settings(max_examples=200, deadline=None)
@given(st.binary(), st.binary())
def test_bytes_come_back_and_streams_say_what_decode_says(
    mine: WorldTokenizer, a: bytes, b: bytes
) -> None:
    assert mine.decode_bytes(mine.encode_bytes(a + b)) == a + b
    tokens = mine.encode_bytes(a) + mine.encode_bytes(b)
    assert (
        "".join(streamed(mine, tokens)) == mine.decode(tokens) == (a + b).decode(errors="replace")
    )


def test_a_stream_holds_half_a_character_back(mine: WorldTokenizer) -> None:
    halves = [mine.encode_bytes(bytes([byte]))[0] for byte in "a龍b".encode()]
    assert streamed(mine, halves) == ["a", "龍", "b"]
    assert streamed(mine, halves[:3]) == ["a", "\ufffd"]
    assert mine.decode(halves[:3]) == "a\ufffd"
    assert streamed(mine, [*halves[:2], halves[4]]) == ["a", "\ufffdb"]
    assert streamed(mine, []) == []


@pytest.mark.parametrize("token", [-1, 65530, 70000])
def test_unknown_tokens_are_named(mine: WorldTokenizer, token: int) -> None:
    for decode in (mine.decode, mine.decode_bytes, lambda t: streamed(mine, t)):
        with pytest.raises(InvalidText, match=f"token {token} has no text"):
            decode([33, token])


def test_a_lone_surrogate_is_named(mine: WorldTokenizer) -> None:
    with pytest.raises(InvalidText, match=r"lone surrogate '\\ud800' at 1"):
        mine.encode("a\ud800")


BYTES = "".join(f"{byte + 1} {bytes([byte])!r} 1\n" for byte in range(256))


def test_a_vocabulary_of_ones_own(tmp_path: Path) -> None:
    """In any order of lines, with tokens that overlap."""
    path = tmp_path / "v.txt"
    path.write_text("300 'abcdef' 6\n301 'abcd' 4\n302 'ab' 2\n303 'é' 2\n\n" + BYTES)
    own = WorldTokenizer(path)
    assert own.encode("abcdefabcdeabcab") == [300, 301, 102, 302, 100, 302]
    assert own.encode("é") == [303]
    assert own.vocabulary == 304


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("300 'abc' 4", "its token has 3 bytes, not 4"),
        ("300 'é' 1", "its token has 2 bytes, not 1"),
        ("300 'abc'", "a line is a number, a literal and its length"),
        ("abc", "a line is a number, a literal and its length"),
        ("x 'abc' 3", "a line is a number"),
        ("-3 'abc' 3", "a line is a number"),
        ("300 'abc' three", "a line is a number"),
        ("300 abc 3", "neither text nor bytes"),
        ("300 __import__('os') 3", "neither text nor bytes"),
        ("300 ('abc') 3", "neither text nor bytes"),
        ("300 'abc'+__import__('os').name 3", "cannot be read"),
        ("300 'abc',3 3", "neither text nor bytes"),
        ("300 'abc 3", "cannot be read"),
        (r"300 '\ud800' 3", "cannot be read|lone surrogate|surrogates not allowed"),
        ("300 '' 0", "its token is empty"),
        ("0 'abc' 3", "token 0 ends a text"),
        ("1 'abc' 3", "token 1 is there twice"),
        ("300 'a' 1", r"b'a' is token 98 too"),
    ],
)
def test_lines_that_cannot_be_read_are_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "v.txt"
    path.write_text(BYTES + line + "\n")
    with pytest.raises(NotAVocabulary, match=message) as caught:
        WorldTokenizer(path)
    assert "line 257" in str(caught.value)
    assert repr(line) in str(caught.value)


def test_files_that_are_no_vocabulary_are_named(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    with pytest.raises(FileNotFoundError, match="no vocabulary at"):
        WorldTokenizer(path)
    for data, message in (
        (b"", "no token for the byte 0x00 and 255 more"),
        (BYTES[:-30].encode(), r"line 25\d|no token for the byte 0xf"),
        (b"\xff\xfe", "is not UTF-8"),
    ):
        path.write_bytes(data)
        with pytest.raises(NotAVocabulary, match=message):
            WorldTokenizer(path)
