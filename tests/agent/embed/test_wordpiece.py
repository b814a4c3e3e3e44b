"""What the tokenizer claims: the pieces of BERT's own, whatever the text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnemic.agent.embed.minilm import MiniLM
from mnemic.agent.embed.wordpiece import WordPiece, _words
from mnemic.errors import EmbedderMismatch, InvalidInput


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World!", ["hello", ",", "world", "!"]),
        ("Zoë café NAÏVE", ["zoe", "cafe", "naive"]),
        ("e\u0301tude", ["etude"]),
        ("明天去Berlin", ["明", "天", "去", "berlin"]),
        ("ひらがな", ["ひらかな"]),
        ("zero\u200bwidth\ufeff", ["zerowidth"]),
        ("a\x00b\x07c\ufffdd", ["abcd"]),
        ("vertical\x0btab", ["verticaltab"]),
        ("tab\tline\nno\u00a0break\u3000wide", ["tab", "line", "no", "break", "wide"]),
        ("👍🏽 ok", ["👍🏽", "ok"]),
        ("ﬁne", ["ﬁne"]),
        ("ΟΔΟΣ", ["οδοσ"]),
        ("don't—stop…", ["don", "'", "t", "—", "stop", "…"]),
        ("a\ud800b", ["ab"]),
        ("x\u0378y", ["x\u0378y"]),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert _words(text) == words


# From the tokenizers library, version 0.23.3, with the model's own tokenizer.json.
@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", [101, 102]),
        ("Hello, World!", [101, 7592, 1010, 2088, 999, 102]),
        (
            "Zo\xeb's caf\xe9 in \u0141\xf3d\u017a",
            [101, 11199, 1005, 1055, 7668, 1999, 17814, 102],
        ),
        ("\u660e\u5929\u53bbBerlin", [101, 1865, 1811, 100, 4068, 102]),
        ("\U0001f44d\U0001f3fd ok \U0001f600", [101, 100, 7929, 100, 102]),
        ("zero\u200bwidth", [101, 5717, 9148, 11927, 2232, 102]),
        (
            "\u039f\u0394\u039f\u03a3 \u1f08\u03b8\u1fc6\u03bd\u03b1\u03b9",
            [101, 1169, 29722, 29730, 29733, 1155, 29725, 24824, 16177, 14608, 18199, 102],
        ),
        ("\u3053\u3093\u306b\u3061\u306f", [101, 1655, 30217, 30194, 30188, 30198, 102]),
        (
            "\ud55c\uad6d\uc5b4",
            [101, 1469, 30006, 30021, 29991, 30014, 30020, 29999, 30008, 102],
        ),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", [101, 1339, 29877, 29863, 29861, 29878, 102]),
        ("\u0645\u0631\u062d\u0628\u0627", [101, 1295, 17149, 29820, 29816, 25573, 102]),
        ("\ufb01ne \ufb02ag", [101, 1984, 2638, 1985, 8490, 102]),
        ("unaffable embeddings", [101, 14477, 20961, 3468, 7861, 8270, 4667, 2015, 102]),
        (
            "2026-11-20T12:00",
            [101, 16798, 2575, 1011, 2340, 1011, 2322, 2102, 12521, 1024, 4002, 102],
        ),
        ("a\x00b\x0bc", [101, 5925, 102]),
    ],
)
def test_ids_are_those_of_the_reference_tokenizer(model: MiniLM, text: str, ids: list[int]) -> None:
    assert model._word_pieces().encode(text) == ids


def test_a_word_of_over_100_chars_is_unknown(model: MiniLM) -> None:
    pieces = model._word_pieces()
    assert pieces.encode("x" * 101) == [101, 100, 102]
    assert 100 not in pieces.encode("x" * 100)


def test_at_most_256_pieces_with_both_ends(model: MiniLM) -> None:
    ids = model._word_pieces().encode("word " * 1000)
    assert len(ids) == 256
    assert (ids[0], ids[-1]) == (101, 102)


def test_special_names_in_a_text_are_plain_text(model: MiniLM) -> None:
    assert 102 not in model._word_pieces().encode("[SEP] [CLS]")[1:-1]


def test_a_file_that_is_no_vocabulary_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(EmbedderMismatch, match=r"UNK"):
        WordPiece(tmp_path / "vocab.txt")


def test_a_short_text_is_one_chunk(model: MiniLM) -> None:
    assert model.chunks("  a short text ") == ["  a short text "]
    assert model.chunks("") == [""]


def test_chunks_are_substrings_that_fit_and_overlap(model: MiniLM) -> None:
    words = [f"word{number}" for number in range(600)]
    text = " \n".join(words)
    chunks = model.chunks(text, tokens_max=100, overlap=20)
    assert all(chunk in text and model.count_tokens(chunk) <= 100 for chunk in chunks)
    starts = [words.index(chunk.split()[0]) for chunk in chunks]
    ends = [words.index(chunk.split()[-1]) for chunk in chunks]
    assert starts[0] == 0
    assert ends[-1] == 599
    for start, end in zip(starts[1:], ends, strict=False):
        shared = text[text.index(words[start]) : text.index(words[end]) + len(words[end])]
        assert 0 < model.count_tokens(shared) <= 20


def test_a_page_without_white_space_is_cut_where_it_is_full(model: MiniLM) -> None:
    text = "明天我们去柏林看音乐会" * 100
    chunks = model.chunks(text, tokens_max=254, overlap=0)
    assert "".join(chunks) == text
    assert all(model.count_tokens(chunk) <= 254 for chunk in chunks)


@given(
    st.text(st.sampled_from("ab .,\n\t\x0bé明\u0301한😀-"), max_size=200),
    st.integers(4, 30),
    st.integers(0, 3),
)
def test_chunks_of_any_text_leave_nothing_out(
    model: MiniLM, text: str, tokens_max: int, overlap: int
) -> None:
    chunks = model.chunks(text, tokens_max=tokens_max, overlap=overlap)
    assert all(chunk in text and model.count_tokens(chunk) <= tokens_max for chunk in chunks)
    apart = model.chunks(text, tokens_max=tokens_max, overlap=0)
    gone = str.maketrans("", "", " \n\t")
    assert "".join(apart).translate(gone) == text.translate(gone)


@given(st.text(max_size=50))
def test_any_text_can_be_encoded(model: MiniLM, text: str) -> None:
    pieces = model._word_pieces()
    assert len(pieces.encode(text)) == min(256, pieces.count(text) + 2)


def test_an_overlap_as_long_as_a_chunk_is_refused(model: MiniLM) -> None:
    with pytest.raises(InvalidInput, match="overlap"):
        model.chunks("a b c", tokens_max=10, overlap=10)
