"""The default embedder: all-MiniLM-L6-v2 in 8 bits on onnxruntime, without torch."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.embed.wordpiece import PIECES_MAX, WordPiece
from mnemic.errors import EmbedderMismatch
from mnemic.machine import cores

BATCH_PIECES_MAX = 4_096
"""How many word pieces, padding included, go through the model at once."""

THREADS_MAX = 4

SMALL_PIECES_MAX = 128
"""Up to so many word pieces one thread reads them: waking others takes longer than they save, and
threads that stay awake for the next question take four times the processor (LOG.md)."""

ASKED_MAX, ASKED_CHARS_MAX = 1_024, 1_000
"""How many single texts keep their vectors, and how long such a text may be: 3 MB in all."""


class MiniLM:
    """A sentence encoder in a folder that holds `model.onnx` and `vocab.txt`.

    The model is loaded at the first text. Threads may share an encoder.

    Args:
        folder: a built model; see build.py.
        space: the name of its embedding space.
        dimension: how many floats a vector has.
        threads: how many threads a call of many texts computes with; None takes $OMP_NUM_THREADS, or
            the cores at hand, 4 at most. Who makes many calls at once is best served by 1.
    """

    def __init__(
        self, folder: Path, *, space: str, dimension: int, threads: int | None = None
    ) -> None:
        self.space = space
        self.dimension = dimension
        self._folder = folder
        self._threads = threads or _threads()
        self._guard = threading.Lock()
        self._loading = threading.Lock()  # its own: a question need not wait while a model is read
        self._sessions: dict[int, Any] = {}  # by threads
        self._asked: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._forgotten = 0
        self._tokens: WordPiece | None = None

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension); of long texts the first 256 word pieces."""
        if len(texts) == 1 and len(texts[0]) <= ASKED_CHARS_MAX:
            return self._embed_asked(texts[0])
        return self._embed(texts)

    def _embed_asked(self, text: str) -> NDArray[np.float32]:
        """One short text, most likely a question: those asked lately are not read again."""
        with self._guard:
            known = self._asked.get(text)
            if known is not None:
                self._asked.move_to_end(text)
                return known.copy()
            forgotten = self._forgotten
        vectors = self._embed([text])
        with self._guard:
            if forgotten != self._forgotten:  # meanwhile all was to be forgotten, this text too
                return vectors
            self._asked[text] = vectors.copy()
            while len(self._asked) > ASKED_MAX:
                self._asked.popitem(last=False)
        return vectors

    def forget(self) -> None:
        """Lets go of the single texts it keeps, also of those it is reading now, and of all words."""
        with self._guard:
            self._asked.clear()
            self._forgotten += 1
            if self._tokens is not None:
                self._tokens.forget()

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        if not len(texts):
            return vectors
        pieces = self._word_pieces()
        encoded = [pieces.encode(text) for text in texts]
        # Texts of like length go together, so that little of a batch is padding.
        order = sorted(range(len(texts)), key=lambda which: len(encoded[which]))
        start = 0
        while start < len(order):
            end = start + 1
            while end < len(order):
                if (end + 1 - start) * len(encoded[order[end]]) > BATCH_PIECES_MAX:
                    break
                end += 1
            some = order[start:end]
            time = len(encoded[some[-1]])
            ids = np.zeros((len(some), time), dtype=np.int64)
            mask = np.zeros((len(some), time), dtype=np.int64)
            for row, which in enumerate(some):
                ids[row, : len(encoded[which])] = encoded[which]
                mask[row, : len(encoded[which])] = 1
            threads = 1 if ids.size <= SMALL_PIECES_MAX else self._threads
            vectors[some] = self._model(threads).run(["vectors"], {"ids": ids, "mask": mask})[0]
            start = end
        return vectors

    def count_tokens(self, text: str) -> int:
        """How many word pieces a text has, [CLS] and [SEP] not counted."""
        return self._word_pieces().count(text)

    def chunks(self, text: str, tokens_max: int = PIECES_MAX - 2, overlap: int = 32) -> list[str]:
        """Substrings of a text that the model can read whole; a short text as it is.

        Args:
            text: any text.
            tokens_max: word pieces a chunk may have.
            overlap: how many pieces at most a chunk shares with the one before.

        Raises:
            InvalidInput: the overlap is not smaller than the chunk.
        """
        return self._word_pieces().chunks(text, tokens_max, overlap)

    def _word_pieces(self) -> WordPiece:
        with self._guard:
            if self._tokens is None:
                self._tokens = WordPiece(self._folder / "vocab.txt")
            return self._tokens

    def _model(self, threads: int) -> Any:
        if (known := self._sessions.get(threads)) is not None:
            return known
        with self._loading:
            if threads not in self._sessions:
                import onnxruntime

                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = threads
                options.log_severity_level = 3
                path = self._folder / "model.onnx"
                try:
                    self._sessions[threads] = onnxruntime.InferenceSession(
                        str(path), options, providers=["CPUExecutionProvider"]
                    )
                except Exception as error:  # its errors share no base of their own
                    raise EmbedderMismatch(
                        f"{str(path)!r} cannot be loaded: {error}; remove the folder and run "
                        "`mnemic model install`"
                    ) from error
            return self._sessions[threads]


def _threads() -> int:
    named = os.environ.get("OMP_NUM_THREADS", "")
    return int(named) if named.isdigit() and int(named) else min(THREADS_MAX, cores())
