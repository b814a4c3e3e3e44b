"""Just enough of the protocol buffers wire format to write an ONNX model.

Source:
    The ONNX schema, onnx/onnx.proto; field numbers are its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FLOAT, UINT8, INT8, INT64 = 1, 2, 3, 7
_TYPES = {"float32": FLOAT, "uint8": UINT8, "int8": INT8, "int64": INT64}


def varint(value: int) -> bytes:
    """A number, seven bits a byte, negative ones as 64-bit two's complement."""
    value &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    """A field that holds a whole number."""
    return varint(field << 3) + varint(value)


def block(field: int, value: bytes | str) -> bytes:
    """A field that holds bytes, text or a message."""
    content = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(content)) + content


def tensor(name: str, array: NDArray[np.generic]) -> bytes:
    """TensorProto."""
    dims = b"".join(number(1, size) for size in array.shape)
    raw = np.ascontiguousarray(array).tobytes()
    return dims + number(2, _TYPES[str(array.dtype)]) + block(8, name) + block(9, raw)


def attribute(name: str, value: float | int | str | Sequence[int]) -> bytes:
    """AttributeProto."""
    if isinstance(value, float):
        return block(1, name) + varint(2 << 3 | 5) + np.float32(value).tobytes() + number(20, 1)
    if isinstance(value, int):
        return block(1, name) + number(3, value) + number(20, 2)
    if isinstance(value, str):
        return block(1, name) + block(4, value) + number(20, 3)
    return block(1, name) + b"".join(number(8, item) for item in value) + number(20, 7)


def node(
    kind: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    domain: str = "",
    **attributes: float | int | str | Sequence[int],
) -> bytes:
    """NodeProto."""
    return (
        b"".join(block(1, name) for name in inputs)
        + b"".join(block(2, name) for name in outputs)
        + block(3, outputs[0])
        + block(4, kind)
        + b"".join(block(5, attribute(name, value)) for name, value in attributes.items())
        + (block(7, domain) if domain else b"")
    )


def value(name: str, kind: int, shape: Sequence[int | str]) -> bytes:
    """ValueInfoProto of a tensor; sizes by name are free."""
    dims = b"".join(
        block(1, number(1, size) if isinstance(size, int) else block(2, size)) for size in shape
    )
    return block(1, name) + block(2, block(1, number(1, kind) + block(2, dims)))


def model(
    nodes: Sequence[bytes],
    tensors: Sequence[bytes],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
) -> bytes:
    """ModelProto with one graph, operator set 17 and Microsoft's contributed operators."""
    graph = (
        b"".join(block(1, item) for item in nodes)
        + block(2, "mnemic")
        + b"".join(block(5, item) for item in tensors)
        + b"".join(block(11, item) for item in inputs)
        + b"".join(block(12, item) for item in outputs)
    )
    opsets = b"".join(
        block(8, block(1, domain) + number(2, version))
        for domain, version in (("", 17), ("com.microsoft", 1))
    )
    return number(1, 9) + block(2, "mnemic") + opsets + block(7, graph)
