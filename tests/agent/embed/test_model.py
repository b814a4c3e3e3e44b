"""What the encoder claims: the vectors of the plain-numpy law, for any batch, from any thread."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from mnemic.agent.embed import graph, reference
from mnemic.agent.embed.minilm import MiniLM

SENTENCES = [
    "Anna moved to Berlin in March because her sister works there.",
    "We meet every Tuesday at nine in the small room by the stairs, coffee included.",
    "The budget report was signed on 14 May by the director, after a long meeting.",
    "Ich spiele seit drei Jahren Klavier und übe jeden Abend.",
    "明天我们去柏林看音乐会，你想一起来吗？",
    "the train is late",
    "My doctor said that I should stop drinking coffee in the evening, so I switched to tea. " * 12,
]


def test_agrees_with_the_law(model: MiniLM, weights: dict[str, NDArray[np.float32]]) -> None:
    pieces = model._word_pieces()
    law = np.stack([reference.encode(weights, pieces.encode(t), heads=12) for t in SENTENCES])
    agreement = (model.embed(SENTENCES) * law).sum(axis=1)
    assert agreement.min() >= 0.999
    assert agreement.mean() >= 0.9993


def test_agrees_on_texts_without_words(
    model: MiniLM, weights: dict[str, NDArray[np.float32]]
) -> None:
    texts = ["", ".", "\u200b", "😀", "x" * 300]
    pieces = model._word_pieces()
    law = np.stack([reference.encode(weights, pieces.encode(t), heads=12) for t in texts])
    assert (model.embed(texts) * law).sum(axis=1).min() >= 0.997


def test_a_question_asked_again_has_its_vector_whoever_changed_the_copy_before(
    model: MiniLM,
) -> None:
    first = model.embed(["Who moved to Berlin?"])
    kept = first.copy()
    first[:] = 0
    again = model.embed(["Who moved to Berlin?"])
    np.testing.assert_array_equal(again, kept)
    again[:] = 0
    np.testing.assert_array_equal(model.embed(["Who moved to Berlin?"]), kept)


def test_float32_graph_is_the_law(weights: dict[str, NDArray[np.float32]], model: MiniLM) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(graph.build(weights, heads=12, eight_bit=False))
    for text in SENTENCES:
        ids = model._word_pieces().encode(text)
        feed = np.array([ids], dtype=np.int64)
        (vectors,) = session.run(["vectors"], {"ids": feed, "mask": np.ones_like(feed)})
        np.testing.assert_allclose(vectors[0], reference.encode(weights, ids, heads=12), atol=2e-6)


def test_unit_rows_of_float32_in_the_order_given(model: MiniLM) -> None:
    vectors = model.embed(SENTENCES)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(SENTENCES), model.dimension) == (len(SENTENCES), 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alone = np.concatenate([model.embed([text]) for text in SENTENCES])
    assert (alone * vectors).sum(axis=1).min() > 0.9999


def test_many_texts_go_in_batches(model: MiniLM) -> None:
    texts = [f"{text} {number}" for number in range(60) for text in SENTENCES]
    vectors = model.embed(texts)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert float(vectors[417] @ model.embed([texts[417]])[0]) > 0.9999


def test_no_texts_give_no_rows(model: MiniLM) -> None:
    assert model.embed([]).shape == (0, 384)


def test_the_same_texts_give_the_same_bytes(model: MiniLM) -> None:
    assert model.embed(SENTENCES).tobytes() == model.embed(SENTENCES).tobytes()


def test_of_a_long_text_the_first_256_pieces_count(model: MiniLM) -> None:
    start = "the cat sat on the mat and " * 60
    np.testing.assert_array_equal(
        model.embed([start + "one end"]), model.embed([start + "another end altogether"])
    )


def test_threads_share_an_encoder(model: MiniLM) -> None:
    fresh = MiniLM(model._folder, space=model.space, dimension=model.dimension)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: fresh.embed(SENTENCES[:3]), range(12)))
    assert all(np.array_equal(vectors, found[0]) for vectors in found)


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_nothing_that_matters(model: MiniLM, threads: int) -> None:
    other = MiniLM(model._folder, space=model.space, dimension=model.dimension, threads=threads)
    assert (other.embed(SENTENCES) * model.embed(SENTENCES)).sum(axis=1).min() > 0.9999


def test_meaning_is_near(model: MiniLM) -> None:
    asked, near, far = model.embed(
        ["Where does she live now?", "Anna moved to Berlin.", "The pump needs new oil."]
    )
    assert asked @ near > asked @ far + 0.1


def test_importing_loads_no_engine() -> None:
    code = (
        "import sys, mnemic.agent.embed as e, mnemic.agent.embed.build; "
        "sys.exit('onnxruntime' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
