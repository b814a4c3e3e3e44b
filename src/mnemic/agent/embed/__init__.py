"""Embedders: text → unit vectors. Nothing heavy is imported until a model is used.

    build.py      where the weights come from, and the folder they are built into
    graph.py      weights → an 8-bit ONNX model;  protobuf.py writes its bytes
    wordpiece.py  text → word pieces
    minilm.py     the encoder on onnxruntime
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from mnemic.agent.protocols import Embedder
from mnemic.errors import EmbedderMissing


def default_embedder() -> Embedder:
    """all-MiniLM-L6-v2 as installed on this machine.

    Raises:
        EmbedderMissing: it is not installed; `mnemic model install` does it.
    """
    from mnemic.agent.embed import build

    return build.load()


def install_default(progress: Callable[[int, int], None] | None = None) -> Path:
    """Installs the default model if it is not there yet; its folder."""
    from mnemic.agent.embed import build

    return build.install(progress=progress)


def load_embedder(name: str) -> Embedder:
    """An embedder by the name of its space, or by a folder with model.safetensors and vocab.txt.

    Raises:
        EmbedderMissing: no such model is installed and there is no such folder.
    """
    from mnemic.agent.embed import build

    if name in (build.NAME, build.SPACE):
        return build.load()
    folder = Path(name)
    weights = folder / "model.safetensors"
    if weights.exists():
        fingerprint = sha256(weights.read_bytes()).hexdigest()[:12]
        space = f"{folder.name}/{build.REVISION}-{fingerprint}"
        if not (build.model_folder(space) / "manifest.json").exists():
            build.build_into(build.model_folder(space), folder, space=space, hashes=None)
        return build.load(space)
    if (build.model_folder(name) / "manifest.json").exists():
        return build.load(name)
    raise EmbedderMissing(
        f"there is no model {name!r}: give {build.NAME!r} or a folder with model.safetensors and "
        "vocab.txt"
    )
