"""The default embedder: all-MiniLM-L6-v2 in 8 bits on onnxruntime, without torch."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.embed.wordpiece import WordPiece
from mnemic.errors import EmbedderMismatch

BATCH_PIECES_MAX = 4_096
"""How many word pieces, padding included, go through the model at once."""


class Encoder:
    """A sentence encoder in a folder that holds `model.onnx` and `vocab.txt`.

    The model is loaded at the first text. Threads may share an encoder.
    """

    def __init__(self, folder: Path, *, space: str, dimension: int) -> None:
        self.space = space
        self.dimension = dimension
        self._folder = folder
        self._guard = threading.Lock()
        self._session: Any = None
        self._pieces: WordPiece | None = None

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension); of long texts the first 256 word pieces."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        if not len(texts):
            return vectors
        session, pieces = self._loaded()
        encoded = [pieces.encode(text) for text in texts]
        # Texts of like length go together, so that little of a batch is padding.
        order = sorted(range(len(texts)), key=lambda which: len(encoded[which]))
        start = 0
        while start < len(order):
            end = start + 1
            while end < len(order) and (end + 1 - start) * len(encoded[order[end]]) <= BATCH_PIECES_MAX:
                end += 1
            some = order[start:end]
            time = len(encoded[some[-1]])
            ids = np.zeros((len(some), time), dtype=np.int64)
            mask = np.zeros((len(some), time), dtype=np.int64)
            for row, which in enumerate(some):
                ids[row, : len(encoded[which])] = encoded[which]
                mask[row, : len(encoded[which])] = 1
            vectors[some] = session.run(["vectors"], {"ids": ids, "mask": mask})[0]
            start = end
        return vectors

    def _loaded(self) -> tuple[Any, WordPiece]:
        with self._guard:
            if self._session is None or self._pieces is None:
                import onnxruntime

                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = min(4, os.cpu_count() or 1)
                options.log_severity_level = 3
                try:
                    self._session = onnxruntime.InferenceSession(
                        str(self._folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
                    )
                except Exception as error:  # noqa: BLE001  onnxruntime's errors share no base of their own
                    raise EmbedderMismatch(
                        f"{str(self._folder / 'model.onnx')!r} cannot be loaded: {error}; remove the "
                        "folder and run `mnemic model install`"
                    ) from error
                self._pieces = WordPiece(self._folder / "vocab.txt")
            return self._session, self._pieces
