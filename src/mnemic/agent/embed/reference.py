"""The encoder in plain numpy, one text at a time: the law that the ONNX model is tested by.

Source:
    BERT (Devlin et al., 2018, arXiv:1810.04805), post-norm; mean pooling and L2 norm as in
    Sentence-BERT (Reimers & Gurevych, 2019, arXiv:1908.10084).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.embed.graph import layers_of

Floats = NDArray[np.float32]

_erf = np.vectorize(math.erf)


def encode(weights: Mapping[str, Floats], ids: Sequence[int], *, heads: int) -> Floats:
    """The unit vector of one text, shape (width,).

    Args:
        weights: a BERT encoder's tensors by their usual names.
        ids: word pieces, [CLS] and [SEP] included.
        heads: how many attention heads there are.
    """
    x = (
        weights["embeddings.word_embeddings.weight"][list(ids)]
        + weights["embeddings.position_embeddings.weight"][: len(ids)]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    x = _norm(x, weights, "embeddings.LayerNorm")
    for layer in range(layers_of(weights)):
        at = f"encoder.layer.{layer}"
        q, k, v = (
            _linear(x, weights, f"{at}.attention.self.{part}").reshape(len(ids), heads, -1)
            for part in ("query", "key", "value")
        )
        logits = np.einsum("thd,shd->hts", q, k) / math.sqrt(q.shape[-1])
        share = np.exp(logits - logits.max(axis=-1, keepdims=True))
        share /= share.sum(axis=-1, keepdims=True)
        read = np.einsum("hts,shd->thd", share, v).reshape(len(ids), -1)
        x = _norm(
            x + _linear(read, weights, f"{at}.attention.output.dense"), weights,
            f"{at}.attention.output.LayerNorm",
        )  # fmt: skip
        wide = _linear(x, weights, f"{at}.intermediate.dense")
        bent = 0.5 * wide * (1 + _erf(wide / math.sqrt(2)))
        x = _norm(
            x + _linear(bent, weights, f"{at}.output.dense"), weights, f"{at}.output.LayerNorm"
        )
    mean = x.mean(axis=0)
    out: Floats = (mean / np.linalg.norm(mean)).astype(np.float32)
    return out


def _linear(x: Floats, weights: Mapping[str, Floats], name: str) -> Floats:
    out: Floats = (x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]).astype(np.float32)
    return out


def _norm(x: Floats, weights: Mapping[str, Floats], name: str) -> Floats:
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
    out: Floats = (scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]).astype(np.float32)
    return out
