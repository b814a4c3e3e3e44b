"""Weights of a BERT encoder → an ONNX model that gives unit sentence vectors.

Mean pooling over the mask and L2 norm are part of the model. Weights of matrices are kept in 8 bits
per block of 32 (MatMulNBits), the table of words in 8 bits per row.

Source:
    Sentence-BERT (Reimers & Gurevych, 2019, arXiv:1908.10084), mean pooling.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnemic.agent.embed import protobuf as pb
from mnemic.errors import EmbedderMismatch

BLOCK = 32
MICROSOFT = "com.microsoft"
HEADER_BYTES_MAX = 10_000_000

Floats = NDArray[np.float32]
Weights = Mapping[str, Floats]


def read_safetensors(path: Path) -> dict[str, Floats]:
    """The float32 and float16 tensors of a safetensors file, as float32.

    Raises:
        EmbedderMismatch: the file is not well formed.
    """
    content = path.read_bytes()
    try:
        (size,) = struct.unpack_from("<Q", content)
        if size > min(HEADER_BYTES_MAX, len(content) - 8):
            raise EmbedderMismatch(f"{str(path)!r} claims a header of {size} bytes")
        header = json.loads(content[8 : 8 + size])
        tensors = {}
        for name, entry in header.items():
            kind = {"F32": "<f4", "F16": "<f2"}.get(entry.get("dtype", ""))
            if name == "__metadata__" or kind is None:
                continue
            (start, end), shape = entry["data_offsets"], entry["shape"]
            if not 0 <= start <= end <= len(content) - 8 - size:
                raise EmbedderMismatch(f"{str(path)!r}: tensor {name!r} lies outside the file")
            if end - start != math.prod(shape) * np.dtype(kind).itemsize:
                raise EmbedderMismatch(f"{str(path)!r}: tensor {name!r} is not of shape {shape}")
            raw = np.frombuffer(content, kind, math.prod(shape), 8 + size + start).reshape(shape)
            tensors[name.removeprefix("bert.")] = raw.astype(np.float32)
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EmbedderMismatch(f"{str(path)!r} is not a safetensors file: {error}") from error
    return tensors


def build(weights: Weights, *, heads: int, eight_bit: bool = True) -> bytes:
    """The bytes of the ONNX model.

    Inputs `ids` and `mask` are (batch, time) int64; the output `vectors` is (batch, width) float32.

    Args:
        weights: a BERT encoder's tensors by their usual names.
        heads: how many attention heads there are.
        eight_bit: False keeps everything in float32.
    """
    return _Graph(weights, heads, eight_bit).bytes()


def layers_of(weights: Weights) -> int:
    """How many layers these weights have."""
    return 1 + max(
        (int(name.split(".")[2]) for name in weights if name.startswith("encoder.layer.")),
        default=-1,
    )


class _Graph:
    def __init__(self, weights: Weights, heads: int, eight_bit: bool) -> None:
        self._weights, self._heads, self._eight_bit = weights, heads, eight_bit
        self._nodes: list[bytes] = []
        self._tensors: list[bytes] = []

    def bytes(self) -> bytes:
        width = self._weights["embeddings.word_embeddings.weight"].shape[1]
        x = self._embeddings(width)
        bias = self._attention_bias()
        for layer in range(layers_of(self._weights)):
            x = self._layer(layer, x, bias, width)
        self._pool(x)
        return pb.model(
            self._nodes,
            self._tensors,
            [pb.value(name, pb.INT64, ("batch", "time")) for name in ("ids", "mask")],
            [pb.value("vectors", pb.FLOAT, ("batch", width))],
        )

    def _op(
        self,
        kind: str,
        inputs: list[str],
        out: str,
        domain: str = "",
        **attributes: float | int | str,
    ) -> str:
        self._nodes.append(pb.node(kind, inputs, [out], domain, **attributes))
        return out

    def _put(self, name: str, array: NDArray[np.generic]) -> str:
        self._tensors.append(pb.tensor(name, array))
        return name

    def _weight(self, name: str) -> str:
        return self._put(name, self._weights[name])

    def _embeddings(self, width: int) -> str:
        table = self._weights["embeddings.word_embeddings.weight"]
        if self._eight_bit:
            scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12) / 127
            self._put("words", np.rint(table / scale).astype(np.int8))
            self._put("word_scale", scale.astype(np.float32))
            rows = self._op("Gather", ["words", "ids"], "word_rows")
            rows = self._op("Cast", [rows], "word_floats", to=pb.FLOAT)
            scales = self._op("Gather", ["word_scale", "ids"], "word_scales")
            words = self._op("Mul", [rows, scales], "word_vectors")
        else:
            words = self._op("Gather", [self._put("words", table), "ids"], "word_vectors")
        places = self._weights["embeddings.position_embeddings.weight"]
        kind = self._weights["embeddings.token_type_embeddings.weight"][0]
        self._put("places", (places + kind).astype(np.float32))
        self._put("zero", np.array([0], dtype=np.int64))
        self._put("one", np.array([1], dtype=np.int64))
        self._op("Shape", ["ids"], "shape")
        self._put("one_0", np.array(1, dtype=np.int64))
        self._op("Gather", ["shape", "one"], "time")
        here = self._op("Slice", ["places", "zero", "time", "zero"], "place_rows")
        both = self._op("Add", [words, here], "embedded")
        return self._norm(both, "embeddings.LayerNorm", "embedded_normal")

    def _norm(self, x: str, name: str, out: str) -> str:
        scale, bias = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        return self._op("LayerNormalization", [x, scale, bias], out, axis=-1, epsilon=1e-12)

    def _attention_bias(self) -> str:
        self._op("Cast", ["mask"], "mask_floats", to=pb.FLOAT)
        self._put("one_float", np.array(1, dtype=np.float32))
        self._put("far", np.array(-1e4, dtype=np.float32))
        self._op("Sub", ["one_float", "mask_floats"], "masked")
        self._op("Mul", ["masked", "far"], "masked_far")
        self._put("axes_12", np.array([1, 2], dtype=np.int64))
        self._op("Unsqueeze", ["masked_far", "axes_12"], "row_bias")
        self._put("batch_index", np.array([0], dtype=np.int64))
        self._op("Gather", ["shape", "batch_index"], "batch")
        self._op("Concat", ["batch", "one", "time", "time"], "bias_shape", axis=0)
        return self._op("Expand", ["row_bias", "bias_shape"], "attention_bias")

    def _linear(self, x: str, weight: Floats, bias: Floats, out: str) -> str:
        """The node x · Wᵀ + b, W of shape (outputs, inputs)."""
        self._put(f"{out}.b", bias)
        if not self._eight_bit:
            self._put(f"{out}.w", np.ascontiguousarray(weight.T))
            self._op("MatMul", [x, f"{out}.w"], f"{out}.product")
            return self._op("Add", [f"{out}.product", f"{out}.b"], out)
        rows, columns = weight.shape
        blocks = weight.reshape(rows, columns // BLOCK, BLOCK)
        scale = np.maximum(np.abs(blocks).max(axis=2), 1e-12) / 127
        quantised = np.rint(blocks / scale[:, :, None]) + 128
        self._put(f"{out}.w", np.clip(quantised, 0, 255).astype(np.uint8))
        self._put(f"{out}.s", scale.astype(np.float32).reshape(-1))
        self._op(
            "MatMulNBits", [x, f"{out}.w", f"{out}.s"], f"{out}.product", MICROSOFT,
            K=columns, N=rows, bits=8, block_size=BLOCK, accuracy_level=4,
        )  # fmt: skip
        return self._op("Add", [f"{out}.product", f"{out}.b"], out)

    def _layer(self, layer: int, x: str, bias: str, width: int) -> str:
        at = f"encoder.layer.{layer}"
        w = self._weights
        parts = [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
        joined = self._linear(
            x,
            np.concatenate([w[f"{part}.weight"] for part in parts]),
            np.concatenate([w[f"{part}.bias"] for part in parts]),
            f"L{layer}.qkv",
        )
        names = [f"L{layer}.{part}" for part in "qkv"]
        if layer == 0:
            self._put("thirds", np.array([width] * 3, dtype=np.int64))
        self._nodes.append(pb.node("Split", [joined, "thirds"], names, axis=-1))
        read = self._op(
            "MultiHeadAttention", [*names, "", "", bias], f"L{layer}.read", MICROSOFT,
            num_heads=self._heads,
        )  # fmt: skip
        mixed = self._linear(
            read, w[f"{at}.attention.output.dense.weight"], w[f"{at}.attention.output.dense.bias"],
            f"L{layer}.mixed",
        )  # fmt: skip
        x = self._norm(
            self._op("Add", [mixed, x], f"L{layer}.sum1"), f"{at}.attention.output.LayerNorm",
            f"L{layer}.normal1",
        )  # fmt: skip
        wide = self._linear(
            x, w[f"{at}.intermediate.dense.weight"], w[f"{at}.intermediate.dense.bias"],
            f"L{layer}.wide",
        )  # fmt: skip
        bent = self._op("Gelu", [wide], f"L{layer}.bent", MICROSOFT)
        narrow = self._linear(
            bent, w[f"{at}.output.dense.weight"], w[f"{at}.output.dense.bias"], f"L{layer}.narrow"
        )
        return self._norm(
            self._op("Add", [narrow, x], f"L{layer}.sum2"), f"{at}.output.LayerNorm",
            f"L{layer}.normal2",
        )  # fmt: skip

    def _pool(self, x: str) -> None:
        self._put("axis_2", np.array([2], dtype=np.int64))
        weights = self._op("Unsqueeze", ["mask_floats", "axis_2"], "pool_weights")
        weighted = self._op("Mul", [x, weights], "pool_weighted")
        total = self._op("ReduceSum", [weighted, "one"], "pool_sum", keepdims=0)
        self._op("LpNormalization", [total], "vectors", axis=-1, p=2)
