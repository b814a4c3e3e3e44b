"""Which pieces of a text get a vector."""

from __future__ import annotations

from mnemic.agent.embed import default_embedder
from mnemic.agent.write.deepen import CHARS_MAX, PIECES_MAX, keyed_text, pieces_of
from mnemic.testing.fakes import HashEmbedder

TOKENS_MAX = 254  # 256 with [CLS] and [SEP]


def test_every_piece_of_unspaced_text_fits_the_model() -> None:
    """Chinese has a token a character: pieces are cut by tokens, so that none is read half."""
    model = default_embedder()
    text = "猫在东京的港口看着船。" * 500
    pieces = pieces_of(text, model)
    assert len(pieces) == PIECES_MAX
    assert max(model.count_tokens(piece) for piece in pieces) <= TOKENS_MAX
    assert text.startswith("".join(pieces))  # nothing between the pieces is left out


def test_a_short_text_of_many_tokens_is_cut() -> None:
    """A syllable of Korean is up to three tokens: 240 characters do not fit the model."""
    model = default_embedder()
    text = ("저는 어제 서울에서 친구를 만났습니다 그리고 함께 저녁을 먹었습니다 " * 9)[:240]
    assert model.count_tokens(text) > TOKENS_MAX
    assert max(model.count_tokens(piece) for piece in pieces_of(text, model)) <= TOKENS_MAX


def test_english_pieces_fill_the_model() -> None:
    """A long English text is cut where the model's window ends, not much before."""
    model = default_embedder()
    pieces = pieces_of("The harbour was quiet that evening and the boats lay still. " * 200, model)
    counts = [model.count_tokens(piece) for piece in pieces]
    assert max(counts) <= TOKENS_MAX
    assert min(counts[:-1]) > 0.9 * TOKENS_MAX


def test_a_short_text_is_one_piece() -> None:
    assert pieces_of("A boat.", default_embedder()) == ["A boat."]


def test_an_embedder_without_tokens_is_given_a_thousand_characters() -> None:
    pieces = pieces_of("word " * 3_000, HashEmbedder())
    assert max(map(len, pieces)) <= 1_000
    assert " ".join(pieces) == ("word " * 3_000).strip()


def test_an_endless_text_is_cut_in_good_time() -> None:
    """Only what can have a vector is looked at."""
    pieces = pieces_of("x" * 1_000_000, default_embedder())
    assert 1 <= len(pieces) <= PIECES_MAX
    assert sum(map(len, pieces)) <= CHARS_MAX


def test_names_are_part_of_the_key_and_roles_are_not() -> None:
    assert keyed_text("I moved.", "Ana") == "Ana: I moved."
    assert keyed_text("I moved.", "User") == "I moved."
    assert keyed_text("I moved.", None) == "I moved."
