"""Text to tokens and back, in one piece and as a stream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from mnemic.errors import InvalidInput, NotAModel
from mnemic.nn.text import ByteTokenizer, load_tokenizer, make_tokenizer

TEXT = "Wer, if I cried, hears me: Ωμέγα, 記憶, 🧠🧠, naïve\tcafé.\r\n\n  Twice twice twice."


def every() -> list[Any]:
    pytest.importorskip("tokenizers")
    return [ByteTokenizer(), make_tokenizer("bpe:300", [TEXT, TEXT]), spaced()]


def spaced() -> Any:
    """One that puts a space before a text and takes it away again: pieces depend on what is before."""
    import tokenizers

    from mnemic.nn.text import HuggingFaceTokenizer

    pieces = ["</s>", *(f"<0x{n:02X}>" for n in range(256)), *"▁abcdefghijklmnopqrstuvwxyz", "▁t"]
    known = {piece: n for n, piece in enumerate(pieces)}
    model = tokenizers.models.BPE(vocab=known, merges=[("▁", "t")], byte_fallback=True)
    made = tokenizers.Tokenizer(model)
    made.add_special_tokens(["</s>"])
    made.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    made.decoder = tokenizers.decoders.Sequence(
        [
            tokenizers.decoders.ByteFallback(),
            tokenizers.decoders.Metaspace(),
            tokenizers.decoders.Fuse(),
        ]
    )
    return HuggingFaceTokenizer(made)


@pytest.mark.parametrize("number", range(3))
def test_text_comes_back_also_token_by_token(number: int) -> None:
    tokenizer, text = every()[number], TEXT if number < 2 else "Twice upon Ω 🧠 time"
    line = tokenizer.encode(text)
    assert max(line) < tokenizer.vocabulary
    assert tokenizer.decode(line) == text
    stream = tokenizer.stream()
    pieces = [stream.feed(token) for token in line]
    assert "".join(pieces) + stream.end() == text
    assert not any("\ufffd" in piece for piece in pieces)


@pytest.mark.parametrize("number", range(2))
def test_what_is_no_text_is_shown_as_such(number: int) -> None:
    tokenizer = every()[number]
    line = tokenizer.encode("🦉")[:-1]
    stream = tokenizer.stream()
    assert "".join(map(stream.feed, line)) == ""
    assert stream.end() == "\ufffd"
    stream = tokenizer.stream()
    shown = "".join(map(stream.feed, [*line, *tokenizer.encode("ab")])) + stream.end()
    assert shown == "\ufffdab"


def test_the_end_of_a_text_is_a_token_and_says_nothing() -> None:
    for tokenizer in every():
        assert tokenizer.decode([tokenizer.end_of_text]) == ""
    assert make_tokenizer("bpe:300", [TEXT]).encode("<|endoftext|> no") != [0]


def test_a_folder_keeps_its_tokenizer(tmp_path: Path) -> None:
    names = set()
    for number, tokenizer in enumerate(every()):
        folder = tmp_path / str(number)
        folder.mkdir()
        tokenizer.save(folder)
        loaded = load_tokenizer(folder)
        assert loaded.encode(TEXT) == tokenizer.encode(TEXT)
        assert loaded.fingerprint == tokenizer.fingerprint
        assert loaded.end_of_text == tokenizer.end_of_text
        names.add(loaded.fingerprint)
    assert len(names) == 3
    assert make_tokenizer(str(folder)).fingerprint == loaded.fingerprint


def test_transformers_reads_it_too(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    made = make_tokenizer("bpe:300", [TEXT])
    made.save(tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert theirs(TEXT)["input_ids"] == made.encode(TEXT)
    assert theirs.padding_side == "left"
    assert theirs.pad_token_id == made.end_of_text


def test_learning_twice_gives_the_same() -> None:
    names = {make_tokenizer("bpe:290", [TEXT]).fingerprint for _ in range(3)}
    assert len(names) == 1


def test_what_is_no_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no tokenizer 'byte'; give 'bytes'"):
        make_tokenizer("byte")
    with pytest.raises(InvalidInput, match="a vocabulary of 100 has no room"):
        make_tokenizer("bpe:100", [TEXT])
    with pytest.raises(NotAModel, match="holds no tokenizer"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(NotAModel, match=r"is no tokenizer\.json"):
        load_tokenizer(tmp_path)


def test_a_text_that_names_a_special_token_ends_nothing() -> None:
    pytest.importorskip("tokenizers")
    made = make_tokenizer("bpe:300", ["hello world, hello there. " * 9])
    text = "before <|endoftext|> after"
    assert made.end_of_text not in made.encode(text)
    assert made.decode(made.encode(text)) == text
